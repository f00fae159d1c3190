"""Many training steps inside one compiled JAX call, with Keras's own model, optimiser, loss and metrics.

Keras calls its compiled step once a batch from Python, which at small sizes costs more than the step. Here the
scaled series stays on the device; a call takes window origins, gathers each batch and runs a chunk of steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import jax
import jax.numpy as jnp
import keras
import numpy as np

from seqwise.data import Windows
from seqwise.training.batches import Batches

# full optimisation doubles XLA's compile time of these loops and gains nothing measurable in their speed
COMPILER_OPTIONS = {"xla_backend_optimization_level": 1}
STEPS_PER_CALL = 256  # a chunk is short enough for the progress bar and Ctrl-C, long enough to hide the call


class JaxSteps:
    """Compiled training, validation and prediction for one model on one set of `Batches` layouts.

    Args:
        model: a compiled Keras model whose optimiser is built.
        batch_size: samples of every batch; short batches are filled up.
    """

    def __init__(self, model: Any, batches: Batches, batch_size: int) -> None:
        self.model, self.batch_size = model, batch_size
        windows = batches.windows
        self._series = jnp.asarray(windows.values)
        self._visible = None if batches.visible is None else jnp.asarray(batches.visible)
        self._weights = None if batches.weights is None else jnp.asarray(batches.weights)
        self._layout = Windows(
            np.empty((0, 1), np.float32),
            windows.window,
            windows.horizon,
            windows.targets,
            every_step=windows.every_step,
        )
        self._metrics = _compiled_metrics(model, self._layout)
        self._measured = [v for metric in self._metrics for v in metric.variables]
        # the state is not donated: Ctrl-C in the call would leave the model without any
        self._train = jax.jit(self._train_chunk, compiler_options=COMPILER_OPTIONS)
        self._validate = jax.jit(self._validate_chunk, compiler_options=COMPILER_OPTIONS)

    def train(self, origins: np.ndarray) -> Iterator[tuple[int, float]]:
        """Run one epoch over `origins` in the order given; yields (batches done, mean loss so far).

        The model's compiled metrics go on from where they are.
        """
        model = self.model
        variables = (
            model.trainable_variables, model.non_trainable_variables, model.optimizer.variables, self._measured
        )  # fmt: skip
        state = tuple([v.value for v in group] for group in variables)
        total, count, done = 0.0, 0, 0
        for chunk, real, steps in self._chunks(origins):
            state, losses = self._train(state, self._data, chunk, real, steps)
            for group, values in zip(variables, state, strict=True):
                _assign(group, values)
            losses = np.asarray(losses, np.float64)
            total, count, done = total + float((losses * real).sum()), count + int(real.sum()), done + steps
            yield done, total / count

    def validate(self, origins: np.ndarray) -> float:
        """Return the mean loss over `origins`, without dropout. The metrics go on, as in `train`."""
        total, count = 0.0, 0
        trained = [[v.value for v in g] for g in (self.model.trainable_variables, self.model.non_trainable_variables)]
        measured = [v.value for v in self._measured]
        for chunk, real, steps in self._chunks(origins):
            measured, losses = self._validate((*trained, measured), self._data, chunk, real, steps)
            losses = np.asarray(losses, np.float64)
            total, count = total + float((losses * real).sum()), count + int(real.sum())
        _assign(self._measured, measured)
        return total / count

    def metric_results(self) -> dict[str, float]:
        """Return the compiled metrics over all batches since the model's metrics were reset."""
        return {metric.name: float(metric.result()) for metric in self._metrics}

    @property
    def _data(self) -> tuple[Any, ...]:
        return self._series, self._visible, self._weights

    def _chunks(self, origins: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        # equal chunks keep to one compiled shape; the last batch is filled with repeats, which weigh nothing
        size = self.batch_size
        batches = -(-len(origins) // size)
        per_call = min(STEPS_PER_CALL, batches)
        padded = -(-batches // per_call) * per_call * size
        full = np.resize(origins, padded).astype(np.int32).reshape(-1, per_call, size)
        counts = np.clip(len(origins) - np.arange(padded // size) * size, 0, size).reshape(-1, per_call)
        for chunk, real in zip(full, counts, strict=True):
            yield chunk, real.astype(np.float32), int((real > 0).sum())

    def _gather(self, data: tuple[Any, ...], origins: jax.Array) -> tuple[Any, jax.Array, jax.Array | None]:
        series, visible, weights = data
        back = origins[:, None] + jnp.arange(-self._layout.window, 0)
        ahead: Any = self._layout.target_rows(cast(np.ndarray, origins))
        inputs = series[back] if visible is None else [series[back], visible[back]]
        return inputs, series[ahead, : self._layout.targets], None if weights is None else weights[ahead]

    def _loss(
        self,
        trainable: Any,
        other: Any,
        measured: Any,
        data: tuple[Any, ...],
        origins: jax.Array,
        real: jax.Array,
        training: bool,
    ) -> tuple[jax.Array, tuple[jax.Array, Any, Any]]:
        inputs, targets, weights = self._gather(data, origins)
        outputs, other = self.model.stateless_call(trainable, other, inputs, training=training)
        share = (jnp.arange(len(origins)) < real).astype(outputs.dtype)
        share = share.reshape((-1,) + (1,) * (outputs.ndim - 2))
        weights = share * jnp.ones(outputs.shape[:-1], outputs.dtype) if weights is None else share * weights
        loss = self.model.compute_loss(y=targets, y_pred=outputs, sample_weight=weights, training=training)
        if getattr(self.model.loss, "reduction", "mean") in ("mean", "sum_over_batch_size"):
            loss = loss * len(origins) / real  # Keras divides by the batch's size, which counts the repeats
        return loss, (loss, other, self._measure(measured, targets, outputs, weights))

    def _measure(self, measured: Any, targets: jax.Array, outputs: jax.Array, weights: jax.Array) -> Any:
        # the weights tell the metrics, too, which targets are missing and which samples are repeats
        with keras.StatelessScope(zip(self._measured, measured, strict=True)) as scope:
            for metric in self._metrics:
                metric.update_state(targets, outputs, sample_weight=weights)
        return [scope.get_current_value(v) for v in self._measured]

    def _train_chunk(self, state: Any, data: Any, origins: jax.Array, real: jax.Array, steps: int) -> Any:
        def step(i: jax.Array, carry: Any) -> Any:
            (trainable, other, optimizer, measured), losses = carry
            gradients, (loss, other, measured) = jax.grad(self._loss, has_aux=True)(
                trainable, other, measured, data, origins[i], real[i], True
            )
            trainable, optimizer = self.model.optimizer.stateless_apply(optimizer, gradients, trainable)
            return (trainable, other, optimizer, measured), losses.at[i].set(loss)

        return jax.lax.fori_loop(0, steps, step, (state, jnp.zeros(len(origins))))

    def _validate_chunk(self, state: Any, data: Any, origins: jax.Array, real: jax.Array, steps: int) -> Any:
        def step(i: jax.Array, carry: Any) -> Any:
            measured, losses = carry
            loss, (_, _, measured) = self._loss(trainable, other, measured, data, origins[i], real[i], False)
            return measured, losses.at[i].set(loss)

        trainable, other, measured = state
        return jax.lax.fori_loop(0, steps, step, (measured, jnp.zeros(len(origins))))


def _compiled_metrics(model: Any, layout: Windows) -> list[Any]:
    """The metrics that `model.compile` was given, built: Keras makes their variables at the first batch."""
    together = [metric for metric in model.metrics if hasattr(metric, "metrics")]
    if not together:
        return []
    targets = np.zeros((1, *np.shape(layout.target_rows(np.zeros(1, int)))[1:], layout.targets), np.float32)
    outputs = np.zeros((1, *model.output_shape[1:]), np.float32)
    model.compute_metrics(None, targets, outputs, None)
    model.reset_metrics()
    return [metric for each in together for metric in each.metrics]


def _assign(variables: list[Any], values: list[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
