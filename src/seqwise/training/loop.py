"""The fit loop: Keras's model, optimizer, loss and callbacks; compiled chunks of steps on JAX."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.backend import import_keras
from seqwise.errors import SettingError, explaining
from seqwise.interrupts import interrupted, interrupts
from seqwise.training.batches import Batches
from seqwise.training.checkpoints import Arrays, Checkpoints, Progress
from seqwise.training.keras_steps import KerasSteps
from seqwise.training.progress import progress_callback

if TYPE_CHECKING:
    import keras

    from seqwise.training.jax_steps import JaxSteps

LEAST_DIFFERENCE = 1e-8  # of accuracies: as much as losses of 0 and 1 may differ in a choice by accuracy
STOPPING = ("best", "best_epoch", "wait")  # what Keras's early stopping keeps beside the best weights


@dataclass
class Training:
    """What a training run did.

    Attributes:
        history: ``{"loss": [...], "val_loss": [...]}`` and the compiled metrics likewise, one value an epoch.
        seconds: wall time, compilation included.
        best_epoch: the epoch (from 1) whose weights were kept; 0 if no epoch was completed.
        refit_epochs: epochs of the second training, on all samples, whose weights were kept instead; 0 for none.
        watched: what was best in that epoch: ``"val_loss"``, ``"loss"`` or ``"val_accuracy"``.
        interrupted: stopped by Ctrl-C.
        diverged: stopped because the loss was no longer finite, in the epoch after those in the history.
    """

    history: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    best_epoch: int = 0
    refit_epochs: int = 0
    watched: str = "val_loss"
    interrupted: bool = False
    diverged: bool = False

    def warnings(self) -> list[str]:
        """Return a sentence for whatever went wrong in training."""
        if not self.diverged:
            return []
        return [
            f"The loss was no longer finite in epoch {len(self.history['loss']) + 1}: training stopped there, and the "
            f"weights of epoch {self.best_epoch} were kept. A lower learning_rate helps."
        ]


def auto_batch_size(samples: int, steps: int = 100) -> int:
    """Return a power of two from 16 to 128 that gives an epoch about so many `steps` or more.

    Small data need many small steps: 73 windows in batches of 32 make three updates an epoch.
    """
    return int(2 ** np.clip(np.floor(np.log2(max(samples, 1) / steps)), 4, 7))


@explaining()
@interrupts()
def fit(
    model: keras.Model,
    train: Batches[Any],
    validation: Batches[Any] | None,
    *,
    epochs: int,
    batch_size: int,
    patience: int | None,
    seed: int,
    watched: str | None = None,
    refit: Batches[Any] | None = None,
    warm: bool = False,
    on_best: Callable[[], None] | None = None,
    checkpoints: Checkpoints | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: bool | None = None,
    title: str = "training",
) -> Training:
    """Train a compiled Keras model on windows or sequences, keeping the weights of the best epoch.

    Ctrl-C and SIGTERM stop training and keep the best weights so far, the second one at once; so does a loss that is no
    longer finite. The result says so.

    Args:
        model: a compiled Keras model. Its metrics weigh samples as its loss does: missing targets do not count.
        train: reshuffled by `seed` in each epoch, which uses every window or sequence once. Sequences of unequal
            lengths are batched by similar length.
        validation: another split of the same samples, to choose the best epoch and to stop early; None uses the
            training loss.
        patience: epochs without improvement before training stops; None trains all epochs.
        watched: what is smallest in the best epoch: ``"loss"``, of the training; or largest: ``"val_accuracy"``, of the
            validation, and of epochs alike in it the one with the smallest loss there. None takes the validation's loss
            if there is one.
        refit: the training's and the validation's samples together, of the same arrays. Once the best epoch is known,
            the model starts anew and learns from all of them, for as many steps. None keeps the best epoch's weights.
        warm: it does not start anew but goes on from the best weights, for one epoch in which the learning rate falls
            along its cosine once more (a warm restart, Loshchilov & Hutter 2017): for trainings of few, long epochs.
        on_best: called when the best epoch's weights are in place, before the model starts anew.
        checkpoints: where the training goes on from, if there is one, and what is written now and then. The result is
            that of a training that was never stopped, bit by bit; `callbacks` alone start anew.
        verbose: a live progress bar; None shows it where standard error is a terminal or a notebook. title: of the bar.

    Raises:
        ShapeError: the model, the windows and the loss do not fit; the backend's own error is chained.
        SettingError: the loss is not finite in the first epoch.
    """
    keras = import_keras()
    started = time.perf_counter()
    monitor = watched or ("val_loss" if validation is not None else "loss")
    best_weights = _best_weights(keras, monitor, patience if patience is not None else epochs)
    bar = progress_callback(epochs, batches=train.batches_per_epoch(batch_size), verbose=verbose, title=title)
    everyone = keras.callbacks.CallbackList(
        [best_weights, *([bar] if bar else []), *callbacks], add_history=True, model=model, epochs=epochs
    )
    history = next(c for c in everyone.callbacks if isinstance(c, keras.callbacks.History))
    model.stop_training = False
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    steps = _steps(model, train, batch_size)
    rng = np.random.default_rng(seed)
    start = _state(model) if refit is not None else []
    saved = checkpoints.read() if checkpoints is not None else None
    progress, arrays = saved if saved is not None else (Progress(), {})
    if saved is not None:
        _assign(model, arrays)
    everyone.on_train_begin()
    if saved is not None:
        _restore(best_weights, history, progress, arrays)
        model.stop_training = progress.stopped
        rng.bit_generator.state = progress.shuffling
    before = progress.seconds
    result = Training(diverged=progress.diverged, watched=monitor)

    def keep(*, finished: bool = False, refitted: int | None = None) -> None:
        """Write a checkpoint, if one is due or the training is finished."""
        if checkpoints is None or not (finished or checkpoints.due()):
            return
        checkpoints.write(
            Progress(
                history=history.history,
                shuffling=dict(rng.bit_generator.state),
                stopping={name: getattr(best_weights, name) for name in STOPPING},
                stopped=model.stop_training,
                diverged=result.diverged,
                refitted=refitted,
                finished=finished,
                seconds=before + time.perf_counter() - started,
            ),
            _arrays(model, best_weights.best_weights),
        )

    first_done = progress.stopped or progress.refitted is not None or progress.finished
    try:
        for epoch in range(len(history.history.get("loss", [])), 0 if first_done else epochs):
            everyone.on_epoch_begin(epoch)
            logs: dict[str, float] = {}
            for done, logs in steps.train(rng.permutation(train.indices)):
                everyone.on_train_batch_end(done - 1, logs)
                if interrupted():
                    raise KeyboardInterrupt
            if validation is not None:
                logs |= {f"val_{name}": value for name, value in steps.validate(validation.indices).items()}
            if not all(np.isfinite(logs[name]) for name in ("loss", "val_loss") if name in logs):
                if epoch == 0:
                    raise SettingError(
                        f"The loss is not finite in the first epoch ({logs['loss']:g}): nothing was learned. Lower the "
                        "learning_rate, and check the data for outliers."
                    )
                result.diverged = True
                break
            everyone.on_epoch_end(epoch, logs)
            keep()
            if model.stop_training:
                break
    except KeyboardInterrupt:
        result.interrupted = True
    finally:
        everyone.on_train_end()
    result.interrupted |= interrupted()  # in the last moments
    result.history = {name: [float(v) for v in values] for name, values in history.history.items()}
    result.best_epoch = int(best_weights.best_epoch) + 1 if best_weights.best_weights is not None else 0
    if on_best is not None and result.best_epoch:
        on_best()
    if progress.finished:
        result.refit_epochs = progress.refitted or 0
        _assign(model, arrays)
    elif refit is not None and result.best_epoch and not result.interrupted:
        an_epoch = refit.batches_per_epoch(batch_size)
        count = 1 if warm else -(-result.best_epoch * train.batches_per_epoch(batch_size) // an_epoch)
        if _fall_within(model, count * an_epoch):
            steps = _steps(model, train, batch_size)  # the rate's fall is compiled into the steps
        best = model.get_weights()
        for variable, value in start[-len(model.optimizer.variables) if warm else 0 :]:
            variable.assign(value)
        if progress.refitted is not None:
            _assign(model, arrays)
        refitting = range(progress.refitted or 0, count)
        result.refit_epochs, result.interrupted = _fit_again(
            model, steps, refit.indices, refitting, best, rng, lambda done: keep(refitted=done)
        )
    if result.best_epoch and not result.interrupted:
        keep(finished=True, refitted=result.refit_epochs)
    result.seconds = before + time.perf_counter() - started
    return result


def _arrays(model: keras.Model, best: list[np.ndarray] | None) -> Arrays:
    """Return what a checkpoint holds of a model: its variables, its optimizer's, and the best weights so far."""
    to_numpy = import_keras().ops.convert_to_numpy
    groups: dict[str, Any] = {"model": model.variables, "optimizer": model.optimizer.variables}
    arrays = {
        f"{name}.{i}": np.asarray(to_numpy(variable.value))
        for name, variables in groups.items()
        for i, variable in enumerate(variables)
    }
    return arrays | {f"best.{i}": weights for i, weights in enumerate(best or [])}


def _assign(model: keras.Model, arrays: Arrays) -> None:
    """Undo `_arrays`, but for the best weights."""
    groups: dict[str, Any] = {"model": model.variables, "optimizer": model.optimizer.variables}
    for name, variables in groups.items():
        for i, variable in enumerate(variables):
            array = arrays.get(f"{name}.{i}")
            if array is None or array.shape != tuple(variable.shape):
                raise SettingError(
                    f"The checkpoint is of another network: {variable.path} has shape {tuple(variable.shape)}, and "
                    f"was {None if array is None else array.shape}. Start anew: --no-resume, or another folder."
                )
            variable.assign(array)


def _restore(
    best_weights: keras.callbacks.EarlyStopping, history: keras.callbacks.History, progress: Progress, arrays: Arrays
) -> None:
    """Put the loop's own callbacks where a checkpoint left them."""
    for name, value in progress.stopping.items():
        setattr(best_weights, name, value)
    count = sum(name.startswith("best.") for name in arrays)
    best_weights.best_weights = [arrays[f"best.{i}"] for i in range(count)] or None
    history.history = {name: list(values) for name, values in progress.history.items()}
    history.epoch = list(range(len(progress.history.get("loss", []))))


def _state(model: keras.Model) -> list[tuple[keras.Variable, np.ndarray]]:
    """Return copies of all that a training changes: the model's variables and the optimizer's."""
    to_numpy = import_keras().ops.convert_to_numpy
    variables = [*model.variables, *model.optimizer.variables]
    return [(variable, np.array(to_numpy(variable.value))) for variable in variables]


def _fall_within(model: keras.Model, steps: int) -> bool:
    """Let a learning rate that falls along a cosine reach its end within `steps`; returns whether that changes it.

    A training that ends while the rate is high ends at a point of its noise; the best epoch was chosen among many.
    """
    rate: Any = getattr(model.optimizer, "_learning_rate", None)
    falls: type[Any] = import_keras().optimizers.schedules.CosineDecay
    if not isinstance(rate, falls) or steps > 0.8 * rate.decay_steps:
        return False
    rate.decay_steps = steps
    model.train_function = None
    return True


def _fit_again(
    model: keras.Model,
    steps: JaxSteps | KerasSteps,
    indices: np.ndarray,
    epochs: range,
    best: list[np.ndarray],
    rng: np.random.Generator,
    on_epoch: Callable[[int], None],
) -> tuple[int, bool]:
    """Train on all samples.

    Args:
        epochs: those that are left. best: weights that stay where the training comes to nothing.
        on_epoch: called with the epochs done.

    Returns:
        the epochs, 0 where the earlier weights stay, and whether Ctrl-C ended it.
    """
    logs: dict[str, float] = {"loss": 0.0}
    stopped = False
    try:
        for epoch in epochs:
            for _, logs in steps.train(rng.permutation(indices)):  # noqa: B007 (the last one's)
                if interrupted():
                    raise KeyboardInterrupt
            if np.isfinite(logs["loss"]):
                on_epoch(epoch + 1)
    except KeyboardInterrupt:
        stopped = True
    if stopped or not np.isfinite(logs["loss"]):
        model.set_weights(best)
        return 0, stopped
    return epochs.stop, False


def _best_weights(keras: ModuleType, monitor: str, patience: int) -> keras.callbacks.EarlyStopping:
    class BestWeights(keras.callbacks.EarlyStopping):
        """Keras's early stopping, which restores the best weights however the training ended."""

        def on_train_end(self, logs: Any = None) -> None:
            if self.best_weights is not None:
                self.model.set_weights(self.best_weights)
            super().on_train_end(logs)

        def get_monitor_value(self, logs: Any) -> Any:
            if self.monitor != "val_accuracy":
                return super().get_monitor_value(logs)
            return LEAST_DIFFERENCE * logs["val_loss"] - logs["val_accuracy"]

        def _is_improvement(self, monitor_value: Any, reference_value: Any) -> bool:
            return reference_value is None or monitor_value < reference_value  # in float64, unlike Keras

    return BestWeights(monitor=monitor, mode="min", patience=patience, restore_best_weights=True)


def _steps(model: keras.Model, batches: Batches[Any], batch_size: int) -> JaxSteps | KerasSteps:
    if import_keras().backend.backend() == "jax":
        from seqwise.training.jax_steps import JaxSteps

        return JaxSteps(model, batches, batch_size)
    return KerasSteps(model, batches, batch_size)
