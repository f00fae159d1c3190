"""Predictions in batches whose shapes are few, so that each is compiled once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from seqwise.backend import PREDICTING_LOCK, check_process
from seqwise.data import Sequences
from seqwise.training.batches import Inputs
from seqwise.training.sequence_batches import StepArrays, model_inputs
from seqwise.training.window_batches import WindowBatches

if TYPE_CHECKING:
    import keras

PREDICT_BATCH = 256
PREDICT_STEPS = 2**17  # of a batch of sequences, padding included


def predict_windows(model: keras.Model, batches: WindowBatches, origins: np.ndarray) -> np.ndarray:
    """Return the model's outputs for the windows before `origins`, float32, shape (samples, …).

    Every batch has the same size (the last one is filled up), so a window's forecast does not depend on the
    number of windows.
    """
    arrays = batches.arrays
    outputs = [
        _outputs(model, lambda rows: batches.select_inputs(arrays, rows), chosen, PREDICT_BATCH)
        for chosen in _chunks(origins, PREDICT_BATCH)
    ]
    return np.concatenate(outputs)


def predict_sequences(model: keras.Model, sequences: Sequences) -> np.ndarray:
    """Return the model's outputs for each sequence, float32, shape (samples, …), in the sequences' order.

    Batches hold sequences of similar length. Their shapes are few (powers of two), and the other sequences in a batch
    change an output by rounding only.
    """
    chosen, outputs = zip(*_by_length(model, sequences), strict=True)
    return np.concatenate(outputs)[np.argsort(np.concatenate(chosen))]


def predict_steps(model: keras.Model, sequences: Sequences) -> np.ndarray:
    """Return the model's outputs at each step without padding, float32, shape (steps, …), in the order of
    ``sequences.values``."""
    outputs: list[np.ndarray] = [np.empty(0)] * len(sequences)
    for chosen, batch in _by_length(model, sequences):
        for i, steps in zip(chosen, batch, strict=True):
            outputs[i] = steps[: sequences.lengths[i]]
    return np.concatenate(outputs)


def _by_length(model: keras.Model, sequences: Sequences) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the indices of each batch's sequences, and the model's outputs for them."""
    arrays = StepArrays.of(sequences)
    timesteps = 2 ** np.ceil(np.log2(sequences.lengths)).astype(np.int64)
    for length in np.unique(timesteps).tolist():
        size = int(np.clip(PREDICT_STEPS // length, 1, PREDICT_BATCH))
        for chosen in _chunks(np.flatnonzero(timesteps == length), size):
            yield chosen, _outputs(model, lambda rows, n=length: model_inputs(*arrays.padded(rows, n)), chosen, size)


def _chunks(indices: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (indices[start : start + size] for start in range(0, len(indices), size))


def _outputs(model: keras.Model, inputs: Callable[[np.ndarray], Inputs], chosen: np.ndarray, size: int) -> np.ndarray:
    """Return the outputs for `chosen`, from a batch that is filled up to `size`."""
    check_process()
    batch = inputs(np.resize(chosen, size))
    with PREDICTING_LOCK:
        return np.asarray(model.predict_on_batch(batch))[: len(chosen)]
