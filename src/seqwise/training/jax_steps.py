"""Many training steps inside one compiled JAX call, with Keras's own model, optimizer, loss and metrics.

Keras calls its compiled step once a batch from Python, which at small sizes costs more than the step. Here the
scaled data stay on the device; a call takes the indices of the samples, gathers each batch and runs a chunk of steps.
Batches of several lengths are the branches of one program.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import keras
import numpy as np

from seqwise.backend import Array
from seqwise.training.batches import Batches, Cut
from seqwise.training.keras_steps import Logs

# full optimization doubles XLA's compile time of these loops and gains nothing measurable in their speed
LEVEL = "xla_backend_optimization_level"
COMPILER_OPTIONS = {} if LEVEL in os.environ.get("XLA_FLAGS", "") else {LEVEL: 1}
STEPS_PER_CALL = 256  # a chunk is short enough for the progress bar and Ctrl-C, long enough to hide the call
MOST_PADDED = 2**20  # rows; of larger data a copy costs more than a compilation

Values: TypeAlias = list[jax.Array]  # of Keras variables, in their order


class State(NamedTuple):
    """What a training step changes: the values of the model's and the optimizer's variables and of the metrics."""

    trainable: Values
    other: Values
    optimizer: Values
    metrics: Values


class JaxSteps:
    """Compiled training and validation of one model on one set of samples.

    Args:
        model: a compiled Keras model whose optimizer is built.
        batches: the samples; `train` and `validate` may use other splits of them.
        batch_size: samples of every batch; short batches are filled up.
    """

    def __init__(self, model: keras.Model, batches: Batches[Any], batch_size: int) -> None:
        self.model, self.batch_size, self._batches = model, batch_size, batches
        self._sizes = batches.sizes(batch_size)
        self._per_call: dict[str, int] = {}  # steps of a compiled call: of the first samples it was used for
        self._arrays = jax.tree.map(_staged, batches.arrays)
        self._metrics = _compiled_metrics(model, batches)
        self._metric_variables = [variable for metric in self._metrics for variable in metric.variables]
        # the state is not donated: Ctrl-C in the call would leave the model without any
        self._train = jax.jit(self._train_chunk, compiler_options=COMPILER_OPTIONS)
        self._validate = jax.jit(self._validate_chunk, compiler_options=COMPILER_OPTIONS)

    def train(self, indices: np.ndarray) -> Iterator[tuple[int, Logs]]:
        """Run one epoch over `indices` in their order; yields (batches done, mean loss and metrics so far)."""
        model = self.model
        model.reset_metrics()
        variables = (
            model.trainable_variables, model.non_trainable_variables, model.optimizer.variables, self._metric_variables
        )  # fmt: skip
        for state, done, loss in self._run("train", self._train, State(*map(_values, variables)), indices):
            for group, values in zip(variables, state, strict=True):
                _assign(group, values)
            yield done, {"loss": loss} | self._metric_results()

    def validate(self, indices: np.ndarray) -> Logs:
        """Return the mean loss and metrics over `indices`, without dropout."""
        model = self.model
        model.reset_metrics()

        def measure(state: State, *arguments: Any) -> tuple[State, jax.Array]:
            metrics, losses = self._validate(state, *arguments)
            return state._replace(metrics=metrics), losses

        variables = (model.trainable_variables, model.non_trainable_variables, [], self._metric_variables)
        *_, (state, _, loss) = self._run("validate", measure, State(*map(_values, variables)), indices)
        _assign(self._metric_variables, state.metrics)
        return {"loss": loss} | self._metric_results()

    def _run(
        self, name: str, call: Callable[..., tuple[State, jax.Array]], state: State, indices: np.ndarray
    ) -> Iterator[tuple[State, int, float]]:
        """Call with the chunks of `indices`; yields the state, the batches done and their mean loss."""
        total, count, done = 0.0, 0, 0
        for chunk, steps in self._chunks(name, indices):
            state, losses = call(state, self._arrays, chunk, steps)
            real = np.asarray(chunk.real)[:steps]
            total += float((np.asarray(losses, np.float64)[:steps] * real).sum())
            count, done = count + int(real.sum()), done + steps
            yield state, done, total / count

    def _metric_results(self) -> Logs:
        return {metric.name: float(metric.result()) for metric in self._metrics}

    def _chunks(self, name: str, indices: np.ndarray) -> Iterator[tuple[Cut, int]]:
        # equal chunks keep to one compiled shape; the steps past the last batch are never run
        cut = self._batches.cut(indices, self.batch_size)
        batches = len(cut.real)
        per_call = self._per_call.setdefault(name, min(STEPS_PER_CALL, 2 ** (batches - 1).bit_length()))
        for start in range(0, batches, per_call):
            rows, real, buckets = (
                np.resize(array[start : start + per_call], (per_call, *array.shape[1:])) for array in cut
            )
            yield Cut(rows, real.astype(np.float32), buckets), min(per_call, batches - start)

    def _by_bucket(self, run: Callable[..., Any], bucket: jax.Array, *arguments: Any) -> Any:
        """Call ``run(b, *arguments)`` for the bucket that the batch is in."""
        if len(self._sizes) == 1:
            return run(0, *arguments)
        return jax.lax.switch(bucket, [partial(run, b) for b in range(len(self._sizes))], *arguments)

    def _loss(
        self,
        trainable: Values,
        other: Values,
        metrics: Values,
        arrays: Any,
        bucket: int,
        row: jax.Array,
        real: jax.Array,
        training: bool,
    ) -> tuple[jax.Array, tuple[jax.Array, Values, Values]]:
        """Return the loss of a batch; and the loss again, the new `other` and the new `metrics`, for `jax.grad`."""
        row = row[: self._sizes[bucket]]
        inputs, targets, weights = self._batches.select(arrays, row, bucket)
        called: Any = self.model.stateless_call(trainable, other, inputs, training=training)
        outputs, other = called
        share = (jnp.arange(len(row)) < real).astype(outputs.dtype)
        share = share.reshape((-1,) + (1,) * (outputs.ndim - 2))
        weights = share * jnp.ones(outputs.shape[:-1], outputs.dtype) if weights is None else share * weights
        loss: Any = self.model.compute_loss(y=targets, y_pred=outputs, sample_weight=weights, training=training)
        if getattr(self.model.loss, "reduction", "mean") in ("mean", "sum_over_batch_size"):
            loss = loss * len(row) / real  # Keras divides by the batch's size, which counts the repeats
        return loss, (loss, other, self._measure(metrics, targets, outputs, weights))

    def _measure(self, metrics: Values, targets: Array, outputs: Array, weights: Array) -> Values:
        # the weights exclude missing targets and repeated samples from the metrics, too; each step counts as a sample,
        # for Keras takes a mean over the steps first, in which padding counts
        if weights.ndim > 1:
            axes = weights.ndim
            targets, outputs, weights = (
                array.reshape((-1, *array.shape[axes:])) for array in (targets, outputs, weights)
            )
        with keras.StatelessScope(zip(self._metric_variables, metrics, strict=True)) as scope:
            for metric in self._metrics:
                metric.update_state(targets, outputs, sample_weight=weights)
        values: list[Any] = [scope.get_current_value(variable) for variable in self._metric_variables]
        return values

    def _train_chunk(self, state: State, arrays: Any, chunk: Cut, steps: int) -> tuple[State, jax.Array]:
        rows, real, buckets = chunk

        def gradients(
            b: int, trainable: Values, other: Values, metrics: Values, row: jax.Array, real: jax.Array
        ) -> tuple[Values, tuple[jax.Array, Values, Values]]:
            return jax.grad(self._loss, has_aux=True)(trainable, other, metrics, arrays, b, row, real, True)

        def step(i: jax.Array, carry: tuple[State, jax.Array]) -> tuple[State, jax.Array]:
            state, losses = carry
            slopes, (loss, other, metrics) = self._by_bucket(
                gradients, buckets[i], state.trainable, state.other, state.metrics, rows[i], real[i]
            )
            trainable, optimizer = self.model.optimizer.stateless_apply(state.optimizer, slopes, state.trainable)
            return State(trainable, other, optimizer, metrics), losses.at[i].set(loss)

        return jax.lax.fori_loop(0, steps, step, (state, jnp.zeros(len(rows))))

    def _validate_chunk(self, state: State, arrays: Any, chunk: Cut, steps: int) -> tuple[Values, jax.Array]:
        rows, real, buckets = chunk

        def evaluate(b: int, metrics: Values, row: jax.Array, real: jax.Array) -> tuple[Values, jax.Array]:
            loss, (_, _, metrics) = self._loss(state.trainable, state.other, metrics, arrays, b, row, real, False)
            return metrics, loss

        def step(i: jax.Array, carry: tuple[Values, jax.Array]) -> tuple[Values, jax.Array]:
            metrics, losses = carry
            metrics, loss = self._by_bucket(evaluate, buckets[i], metrics, rows[i], real[i])
            return metrics, losses.at[i].set(loss)

        return jax.lax.fori_loop(0, steps, step, (state.metrics, jnp.zeros(len(rows))))


def _staged(array: np.ndarray) -> jax.Array:
    """Return data on the device, filled up to one of eight sizes an octave.

    A compiled program knows the sizes of its data: those of other folds, seeds or a few new rows share it then, and
    need no compilation of their own.
    """
    rows = len(array)
    if rows > MOST_PADDED:
        return jnp.asarray(array)
    size = 2 ** max(rows.bit_length() - 4, 0)
    return jnp.asarray(np.pad(array, [(0, -rows % size)] + [(0, 0)] * (array.ndim - 1)))


def _compiled_metrics(model: keras.Model, batches: Batches[Any]) -> list[keras.metrics.Metric]:
    """Return the metrics of `model.compile`, built: Keras creates their variables in the first batch."""
    compiled = [metric for metric in model.metrics if hasattr(metric, "metrics")]
    if not compiled:
        return []
    _, targets, _ = batches.select(batches.arrays, batches.indices[:1])
    shape = [targets.shape[axis] if size is None else size for axis, size in enumerate(model.output_shape)]
    model.compute_metrics(None, np.asarray(targets), np.zeros(shape, np.float32), None)
    model.reset_metrics()
    return [metric for group in compiled for metric in group.metrics]


def _values(variables: list[keras.Variable]) -> Values:
    return [variable.value for variable in variables]


def _assign(variables: list[keras.Variable], values: Values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
