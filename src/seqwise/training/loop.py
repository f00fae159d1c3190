"""The fit loop: Keras's model, optimiser, loss and callbacks; compiled chunks of steps on JAX."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.backend import import_keras
from seqwise.data import Sequences
from seqwise.data.padding import pad_joined
from seqwise.errors import SettingError
from seqwise.inspection.errors import explain_errors
from seqwise.training.progress import progress_callback
from seqwise.training.sequence_batches import BucketedBatches, model_inputs
from seqwise.training.window_batches import WindowBatches

PREDICT_BATCH = 256
PREDICT_STEPS = 2**17  # of a batch of sequences, padding included


@dataclass
class Training:
    """What a training run did.

    Attributes:
        history: ``{"loss": [...], "val_loss": [...]}`` and the compiled metrics likewise, one value an epoch.
        seconds: wall time, compilation included.
        best_epoch: the epoch (from 1) whose weights were kept; 0 where the first one did not end.
        interrupted: Ctrl-C ended it.
        diverged: a loss that was no longer finite ended it, in the epoch after those of the history.
    """

    history: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    best_epoch: int = 0
    interrupted: bool = False
    diverged: bool = False

    def notes(self) -> list[str]:
        """What went otherwise than it was asked for, one sentence each."""
        if not self.diverged:
            return []
        return [
            f"The loss was no longer finite in epoch {len(self.history['loss']) + 1}: the training ended there, and "
            f"the weights of epoch {self.best_epoch} were kept. A lower learning_rate helps."
        ]


def auto_batch_size(samples: int) -> int:
    """Return a power of two from 16 to 128 that gives an epoch about 100 steps or more.

    Small data need many small steps: 73 windows in batches of 32 make three updates an epoch.
    """
    return int(2 ** np.clip(np.floor(np.log2(max(samples, 1) / 100)), 4, 7))


@explain_errors()
def fit(
    model: Any,
    train: WindowBatches | BucketedBatches,
    validation: WindowBatches | BucketedBatches | None,
    *,
    epochs: int,
    batch_size: int,
    patience: int | None,
    seed: int,
    callbacks: Sequence[Any] = (),
    verbose: bool | None = None,
) -> Training:
    """Train a compiled Keras model on windows or sequences, keeping the weights of the best epoch.

    Ctrl-C ends the training, keeps the best weights so far and is noted in the result; so does a loss that is no longer
    finite.

    Args:
        model: a compiled Keras model. Its metrics weigh samples as its loss does: missing targets do not count.
        train: shuffled anew each epoch by `seed`; every window or sequence once an epoch. Sequences of unequal
            lengths come in batches of like lengths.
        validation: watched for the best epoch and for stopping early; None watches the training loss.
        patience: epochs without improvement before it stops; None trains all epochs.
        verbose: a live progress bar; None shows it where standard error is a terminal or a notebook.

    Raises:
        ShapeError: the model, the windows and the loss do not fit; the backend's own error is chained.
        SettingError: the loss is not finite in the first epoch.
    """
    keras = import_keras()
    started = time.perf_counter()
    watched = "val_loss" if validation is not None else "loss"
    keeper = _best_weights(keras, watched, patience if patience is not None else epochs)
    bar = progress_callback(epochs, batches=len(train.cut(train.origins, batch_size).real), verbose=verbose)
    everyone = keras.callbacks.CallbackList(
        [keeper, *([bar] if bar else []), *callbacks], add_history=True, model=model, epochs=epochs
    )
    history = next(c for c in everyone.callbacks if isinstance(c, keras.callbacks.History))
    model.stop_training = False
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    run_epoch, validate = _steps(keras, model, train, validation, batch_size)
    rng = np.random.default_rng(seed)
    result = Training()
    everyone.on_train_begin()
    try:
        for epoch in range(epochs):
            everyone.on_epoch_begin(epoch)
            logs: dict[str, float] = {}
            for done, logs in run_epoch(rng.permutation(train.origins)):
                everyone.on_train_batch_end(done - 1, logs)
            if validation is not None:
                logs |= {f"val_{name}": value for name, value in validate(validation.origins).items()}
            if not all(np.isfinite(logs[name]) for name in ("loss", "val_loss") if name in logs):
                if epoch == 0:
                    raise SettingError(
                        f"The loss is not finite in the first epoch ({logs['loss']:g}): nothing was learned. Lower the "
                        "learning_rate, and look for values far from the others."
                    )
                result.diverged = True
                break
            everyone.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    except KeyboardInterrupt:
        result.interrupted = True
    finally:
        everyone.on_train_end()
    result.history = {name: [float(v) for v in values] for name, values in history.history.items()}
    result.best_epoch = int(keeper.best_epoch) + 1 if keeper.best_weights is not None else 0
    result.seconds = time.perf_counter() - started
    return result


def _best_weights(keras: Any, watched: str, patience: int) -> Any:
    class BestWeights(keras.callbacks.EarlyStopping):
        """Keras's early stopping, which restores the best weights however the training ended."""

        def on_train_end(self, logs: Any = None) -> None:
            if self.best_weights is not None:
                self.model.set_weights(self.best_weights)
            super().on_train_end(logs)

    return BestWeights(monitor=watched, mode="min", patience=patience, restore_best_weights=True)


Logs = dict[str, float]


def _steps(
    keras: Any,
    model: Any,
    train: WindowBatches | BucketedBatches,
    validation: WindowBatches | BucketedBatches | None,
    batch_size: int,
) -> tuple[Callable[[np.ndarray], Iterator[tuple[int, Logs]]], Callable[[np.ndarray], Logs]]:
    """Functions of the samples: one that trains an epoch, yielding (batches done, loss and metrics so far), and one
    that returns loss and metrics without training."""
    if keras.backend.backend() == "jax":
        from seqwise.training.jax_steps import JaxSteps

        # validation reads the same data, so one object serves both
        steps = JaxSteps(model, train, batch_size)

        def run_epoch(origins: np.ndarray) -> Iterator[tuple[int, Logs]]:
            model.reset_metrics()
            for done, loss in steps.train(origins):
                yield done, {"loss": loss} | steps.metric_results()

        def validate(origins: np.ndarray) -> Logs:
            model.reset_metrics()
            return {"loss": steps.validate(origins)} | steps.metric_results()

        return run_epoch, validate

    def each_batch(
        call: Callable[..., Any], batches: WindowBatches | BucketedBatches, origins: np.ndarray
    ) -> Iterator[tuple[int, Logs]]:
        # Keras resets its metrics at every such call, so these are means over the batches
        totals, count = {}, 0
        for done, (row, real, bucket) in enumerate(zip(*batches.cut(origins, batch_size), strict=True), 1):
            inputs, targets, weights = batches.gather(row[:real], bucket)
            count += int(real)
            for name, value in call(inputs, targets, sample_weight=weights, return_dict=True).items():
                totals[name] = totals.get(name, 0.0) + float(value) * int(real)
            yield done, {name: total / count for name, total in totals.items()}

    def evaluate(origins: np.ndarray) -> Logs:
        assert validation is not None
        *_, (_, logs) = each_batch(model.test_on_batch, validation, origins)
        return logs

    return lambda origins: each_batch(model.train_on_batch, train, origins), evaluate


def predict(model: Any, batches: WindowBatches, origins: np.ndarray) -> np.ndarray:
    """Return the model's outputs for the windows before `origins`, float32, shape (samples, …).

    Every batch has the same size (the last one is filled up), so a window's forecast does not depend on how
    many others are asked for.
    """
    outputs = []
    for start in range(0, len(origins), PREDICT_BATCH):
        chosen = origins[start : start + PREDICT_BATCH]
        back = np.resize(chosen, PREDICT_BATCH)[:, None] + np.arange(-batches.windows.window, 0)
        inputs: Any = batches.windows.values[back]
        if batches.visible is not None:
            inputs = [inputs, batches.visible[back]]
        outputs.append(np.asarray(model.predict_on_batch(inputs))[: len(chosen)])
    return np.concatenate(outputs)


def predict_sequences(model: Any, sequences: Sequences) -> np.ndarray:
    """Return the model's outputs for each sequence, float32, shape (samples, …), in the sequences' order.

    Batches hold sequences of similar length. Their shapes are few (powers of two), and what stands in a batch beside a
    sequence does not change its output beyond rounding.
    """
    outputs: np.ndarray | None = None
    for chosen, found in _predicted(model, sequences):
        if outputs is None:
            outputs = np.empty((len(sequences), *found.shape[1:]), found.dtype)
        outputs[chosen] = found
    assert outputs is not None, "sequences are never none"
    return outputs


def predict_steps(model: Any, sequences: Sequences) -> np.ndarray:
    """Return the model's outputs at each step, without those at padding: float32, shape (steps, …), laid one sequence
    after another as ``sequences.values``."""
    outputs: np.ndarray | None = None
    starts, lengths = sequences.starts, sequences.lengths
    for chosen, found in _predicted(model, sequences):
        if outputs is None:
            outputs = np.empty((len(sequences.values), *found.shape[2:]), found.dtype)
        for i, steps in zip(chosen, found, strict=True):
            outputs[starts[i] : starts[i] + lengths[i]] = steps[: lengths[i]]
    assert outputs is not None, "sequences are never none"
    return outputs


def _predicted(model: Any, sequences: Sequences) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give the numbers of the sequences of each batch, and the model's outputs for them."""
    tops = 2 ** np.ceil(np.log2(sequences.lengths)).astype(np.int64)
    for top in np.unique(tops):
        size = int(np.clip(PREDICT_STEPS // top, 1, PREDICT_BATCH))
        members = np.flatnonzero(tops == top)
        for start in range(0, len(members), size):
            chosen = members[start : start + size]
            batch = pad_joined(sequences.take(np.resize(chosen, size)), length=int(top))
            yield chosen, np.asarray(model.predict_on_batch(model_inputs(*batch)))[: len(chosen)]
