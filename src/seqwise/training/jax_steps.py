"""Many training steps inside one compiled JAX call, with Keras's own model, optimiser, loss and metrics.

Keras calls its compiled step once a batch from Python, which at small sizes costs more than the step. Here the
scaled data stay on the device; a call takes the numbers of the samples, gathers each batch and runs a chunk of steps.
Batches of several lengths are the branches of one program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from seqwise.backend import Array
from seqwise.training.batches import Batches
from seqwise.training.keras_steps import Logs

# full optimisation doubles XLA's compile time of these loops and gains nothing measurable in their speed
COMPILER_OPTIONS = {"xla_backend_optimization_level": 1}
STEPS_PER_CALL = 256  # a chunk is short enough for the progress bar and Ctrl-C, long enough to hide the call


class JaxSteps:
    """Compiled training and validation for one model on the samples of one set of batches.

    Args:
        model: a compiled Keras model whose optimiser is built.
        batch_size: samples of every batch; short batches are filled up.
    """

    def __init__(self, model: Any, batches: Batches[Any], batch_size: int) -> None:
        self.model, self.batch_size, self._batches = model, batch_size, batches
        self._sizes = batches.sizes(batch_size)
        self._arrays = jax.tree.map(jnp.asarray, batches.arrays)
        self._metrics = _compiled_metrics(model, batches)
        self._measured = [v for metric in self._metrics for v in metric.variables]
        # the state is not donated: Ctrl-C in the call would leave the model without any
        self._train = jax.jit(self._train_chunk, compiler_options=COMPILER_OPTIONS)
        self._validate = jax.jit(self._validate_chunk, compiler_options=COMPILER_OPTIONS)

    def train(self, indices: np.ndarray) -> Iterator[tuple[int, Logs]]:
        """Run one epoch over `indices` in their order; yields (batches done, mean loss and metrics so far)."""
        model = self.model
        model.reset_metrics()
        variables = (
            model.trainable_variables, model.non_trainable_variables, model.optimizer.variables, self._measured
        )  # fmt: skip
        state = tuple([v.value for v in group] for group in variables)
        total, count, done = 0.0, 0, 0
        for chunk, steps in self._chunks(indices):
            state, losses = self._train(state, self._arrays, chunk, steps)
            for group, values in zip(variables, state, strict=True):
                _assign(group, values)
            losses, real = np.asarray(losses, np.float64)[:steps], chunk[1][:steps]
            total, count, done = total + float((losses * real).sum()), count + int(real.sum()), done + steps
            yield done, {"loss": total / count} | self._metric_results()

    def validate(self, indices: np.ndarray) -> Logs:
        """Return the mean loss and metrics over `indices`, without dropout."""
        self.model.reset_metrics()
        total, count = 0.0, 0
        trained = [[v.value for v in g] for g in (self.model.trainable_variables, self.model.non_trainable_variables)]
        measured = [v.value for v in self._measured]
        for chunk, steps in self._chunks(indices):
            measured, losses = self._validate((*trained, measured), self._arrays, chunk, steps)
            losses, real = np.asarray(losses, np.float64)[:steps], chunk[1][:steps]
            total, count = total + float((losses * real).sum()), count + int(real.sum())
        _assign(self._measured, measured)
        return {"loss": total / count} | self._metric_results()

    def _metric_results(self) -> Logs:
        return {metric.name: float(metric.result()) for metric in self._metrics}

    def _chunks(self, indices: np.ndarray) -> Iterator[tuple[tuple[np.ndarray, ...], int]]:
        # equal chunks keep to one compiled shape; the steps past the last batch are never run
        cut = self._batches.cut(indices, self.batch_size)
        batches = len(cut.real)
        per_call = min(STEPS_PER_CALL, batches)
        for start in range(0, batches, per_call):
            rows, real, buckets = (
                np.resize(part[start : start + per_call], (per_call, *part.shape[1:])) for part in cut
            )
            yield (rows, real.astype(np.float32), buckets), min(per_call, batches - start)

    def _by_bucket(self, run: Callable[..., Any], bucket: jax.Array, *arguments: Any) -> Any:
        """Call ``run(b, *arguments)`` for the bucket that the batch is in."""
        if len(self._sizes) == 1:
            return run(0, *arguments)
        return jax.lax.switch(bucket, [partial(run, b) for b in range(len(self._sizes))], *arguments)

    def _loss(
        self,
        trainable: Any,
        other: Any,
        measured: Any,
        data: Any,
        bucket: int,
        row: jax.Array,
        real: jax.Array,
        training: bool,
    ) -> tuple[jax.Array, tuple[jax.Array, Any, Any]]:
        row = row[: self._sizes[bucket]]
        inputs, targets, weights = self._batches.select(data, row, bucket)
        outputs, other = self.model.stateless_call(trainable, other, inputs, training=training)
        share = (jnp.arange(len(row)) < real).astype(outputs.dtype)
        share = share.reshape((-1,) + (1,) * (outputs.ndim - 2))
        weights = share * jnp.ones(outputs.shape[:-1], outputs.dtype) if weights is None else share * weights
        loss = self.model.compute_loss(y=targets, y_pred=outputs, sample_weight=weights, training=training)
        if getattr(self.model.loss, "reduction", "mean") in ("mean", "sum_over_batch_size"):
            loss = loss * len(row) / real  # Keras divides by the batch's size, which counts the repeats
        return loss, (loss, other, self._measure(measured, targets, outputs, weights))

    def _measure(self, measured: Any, targets: Array, outputs: Array, weights: Array) -> Any:
        # the weights tell the metrics, too, which targets are missing and which samples are repeats; each step is one
        # sample to them, for Keras takes a mean over the steps first, in which padding counts
        if weights.ndim > 1:
            axes = weights.ndim
            targets, outputs, weights = (
                array.reshape((-1, *array.shape[axes:])) for array in (targets, outputs, weights)
            )
        with keras.StatelessScope(zip(self._measured, measured, strict=True)) as scope:
            for metric in self._metrics:
                metric.update_state(targets, outputs, sample_weight=weights)
        return [scope.get_current_value(v) for v in self._measured]

    def _train_chunk(self, state: Any, data: Any, chunk: Any, steps: int) -> Any:
        rows, real, buckets = chunk

        def gradients(b: int, trainable: Any, other: Any, measured: Any, row: jax.Array, real: jax.Array) -> Any:
            return jax.grad(self._loss, has_aux=True)(trainable, other, measured, data, b, row, real, True)

        def step(i: jax.Array, carry: Any) -> Any:
            (trainable, other, optimizer, measured), losses = carry
            slopes, (loss, other, measured) = self._by_bucket(
                gradients, buckets[i], trainable, other, measured, rows[i], real[i]
            )
            trainable, optimizer = self.model.optimizer.stateless_apply(optimizer, slopes, trainable)
            return (trainable, other, optimizer, measured), losses.at[i].set(loss)

        return jax.lax.fori_loop(0, steps, step, (state, jnp.zeros(len(rows))))

    def _validate_chunk(self, state: Any, data: Any, chunk: Any, steps: int) -> Any:
        (trainable, other, measured), (rows, real, buckets) = state, chunk

        def evaluate(b: int, measured: Any, row: jax.Array, real: jax.Array) -> Any:
            loss, (_, _, measured) = self._loss(trainable, other, measured, data, b, row, real, False)
            return measured, loss

        def step(i: jax.Array, carry: Any) -> Any:
            measured, losses = carry
            measured, loss = self._by_bucket(evaluate, buckets[i], measured, rows[i], real[i])
            return measured, losses.at[i].set(loss)

        return jax.lax.fori_loop(0, steps, step, (measured, jnp.zeros(len(rows))))


def _compiled_metrics(model: Any, batches: Batches[Any]) -> list[Any]:
    """The metrics that `model.compile` was given, built: Keras makes their variables at the first batch."""
    together = [metric for metric in model.metrics if hasattr(metric, "metrics")]
    if not together:
        return []
    _, targets, _ = batches.select(batches.arrays, batches.indices[:1])
    shape = [targets.shape[axis] if size is None else size for axis, size in enumerate(model.output_shape)]
    model.compute_metrics(None, np.asarray(targets), np.zeros(shape, np.float32), None)
    model.reset_metrics()
    return [metric for each in together for metric in each.metrics]


def _assign(variables: list[Any], values: list[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
