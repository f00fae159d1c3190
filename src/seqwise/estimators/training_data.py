"""What an estimator would train on, as arrays to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqwise.estimators.parts import PreparedData
from seqwise.training.batches import Batches
from seqwise.training.sequence_batches import BucketedBatches

MOST_SAMPLES = 2_000  # of the training set, and of the validation set
MOST_VALUES = 2**26  # of an input of them, padding included
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class TrainingData:
    """What an estimator's `fit` trains on, as the network takes it.

    Attributes:
        model: the Keras model that the estimator keeps: the fitted one, or a freshly built one, untrained. It ends in
            the probabilities of classes and tags.
        x, y: by the names of the model's inputs and outputs, arrays just as a training batch holds them: scaled,
            padded to the longest of them, with the mask where the network reads one; at most 2,000 samples, evenly
            drawn from the training set, in its order.
        validation: (x, y) of the validation set, drawn alike; None where nothing is held back.
        samples, validation_samples: how many there are in all.
        loss: of `model`, as ``model.compile`` takes it.
        summary: the shapes of all tensors; ``str()`` says them in words.
        feature_names: names of an input's last axis, by the input's name, for each input of features.
    """

    model: Any
    x: Arrays
    y: Arrays
    validation: tuple[Arrays, Arrays] | None
    samples: int
    validation_samples: int
    loss: Any
    summary: Any
    feature_names: dict[str, list[str]]


def drawn_data(data: PreparedData, model: Any) -> TrainingData:
    """Return what a model would train on, as arrays."""
    train, validation = data.batches("train"), data.batches("validation")
    return TrainingData(
        model,
        *_drawn_samples(train, model),
        validation=_drawn_samples(validation, model) if len(validation) else None,
        samples=len(train),
        validation_samples=len(validation),
        loss=data.target.finished_loss(),
        summary=data.summary(),
        feature_names=data.input.describe().feature_names,
    )


def _drawn_samples(batches: Batches[Any], model: Any) -> tuple[Arrays, Arrays]:
    """Return evenly drawn samples as one batch: its inputs and its targets, by name."""
    indices = batches.indices
    bucket, values = 0, 1
    if isinstance(batches, BucketedBatches):
        bucket = int(batches.bucket[indices].max())
        values = int(batches.lengths[bucket]) * max(tensor.shape[-1] or 1 for tensor in model.inputs)
    most = max(min(MOST_SAMPLES, MOST_VALUES // values), 1)
    chosen = indices[np.linspace(0, len(indices) - 1, min(len(indices), most)).round().astype(int)]
    batch = batches.select(batches.arrays, chosen, bucket)
    targets = np.asarray(batch.targets)
    if targets.ndim == len(model.outputs[0].shape) + 1:  # several labels, which are trained one by one
        targets = targets[..., 0]
    inputs: list[Any] = batch.inputs if isinstance(batch.inputs, list) else [batch.inputs]
    names = [tensor.name for tensor in model.inputs]
    return dict(zip(names, map(np.asarray, inputs), strict=True)), {model.output_names[0]: targets}
