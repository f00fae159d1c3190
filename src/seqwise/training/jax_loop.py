"""Many training steps inside one compiled JAX call, with Keras's own model, optimiser and loss.

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
import numpy as np

from seqwise.training.batches import Batches
from seqwise.training.gathering import gatherer
from seqwise.training.sequence_batches import SequenceBatches

# full optimisation doubles XLA's compile time of these loops and gains nothing measurable in their speed
COMPILER_OPTIONS = {"xla_backend_optimization_level": 1}
STEPS_PER_CALL = 256  # a chunk is short enough for the progress bar and Ctrl-C, long enough to hide the call


class JaxSteps:
    """Compiled training and validation for one model on the samples of one set of batches.

    Args:
        model: a compiled Keras model whose optimiser is built.
        batch_size: samples of every batch; short batches are filled up.
    """

    def __init__(self, model: Any, batches: Batches | SequenceBatches, batch_size: int) -> None:
        self.model, self.batch_size, self._batches = model, batch_size, batches
        self._sizes = batches.sizes(batch_size)
        self._data, self._gather = gatherer(batches)
        # the state is not donated: Ctrl-C in the call would leave the model without any
        self._train = jax.jit(self._train_chunk, compiler_options=COMPILER_OPTIONS)
        self._validate = jax.jit(self._validate_chunk, compiler_options=COMPILER_OPTIONS)

    def train(self, origins: np.ndarray) -> Iterator[tuple[int, float]]:
        """Run one epoch over `origins` in the order given; yields (batches done, mean loss so far)."""
        model = self.model
        state = (
            [v.value for v in model.trainable_variables],
            [v.value for v in model.non_trainable_variables],
            [v.value for v in model.optimizer.variables],
        )
        total, count, done = 0.0, 0, 0
        for chunk, steps in self._chunks(origins):
            state, losses = self._train(state, self._data, chunk, steps)
            for variables, values in zip(
                (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables),
                state,
                strict=True,
            ):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)
            losses, real = np.asarray(losses, np.float64)[:steps], chunk[1][:steps]
            total, count, done = total + float((losses * real).sum()), count + int(real.sum()), done + steps
            yield done, total / count

    def validate(self, origins: np.ndarray) -> float:
        """Return the mean loss over `origins`, without dropout."""
        total, count = 0.0, 0
        state = (
            [v.value for v in self.model.trainable_variables],
            [v.value for v in self.model.non_trainable_variables],
        )
        for chunk, steps in self._chunks(origins):
            losses = np.asarray(self._validate(state, self._data, chunk, steps), np.float64)[:steps]
            real = chunk[1][:steps]
            total, count = total + float((losses * real).sum()), count + int(real.sum())
        return total / count

    def _chunks(self, origins: np.ndarray) -> Iterator[tuple[tuple[np.ndarray, ...], int]]:
        # equal chunks keep to one compiled shape; the steps past the last batch are never run
        cut = self._batches.cut(origins, self.batch_size)
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
        self, trainable: Any, other: Any, data: Any, bucket: int, row: jax.Array, real: jax.Array, training: bool
    ) -> tuple[jax.Array, tuple[jax.Array, Any]]:
        row = row[: self._sizes[bucket]]
        inputs, targets, weights = self._gather(data, row, bucket)
        outputs, other = self.model.stateless_call(trainable, other, inputs, training=training)
        share = (jnp.arange(len(row)) < real).astype(outputs.dtype)
        share = share.reshape((-1,) + (1,) * (outputs.ndim - 2))
        weights = share * jnp.ones(outputs.shape[:-1], outputs.dtype) if weights is None else share * weights
        loss = self.model.compute_loss(y=targets, y_pred=outputs, sample_weight=weights, training=training)
        if getattr(self.model.loss, "reduction", "mean") in ("mean", "sum_over_batch_size"):
            loss = loss * len(row) / real  # Keras divides by the batch's size, which counts the repeats
        return loss, (loss, other)

    def _train_chunk(self, state: Any, data: Any, chunk: Any, steps: int) -> Any:
        rows, real, buckets = chunk

        def gradients(b: int, trainable: Any, other: Any, row: jax.Array, real: jax.Array) -> Any:
            return jax.grad(self._loss, has_aux=True)(trainable, other, data, b, row, real, True)

        def step(i: jax.Array, carry: Any) -> Any:
            (trainable, other, optimizer), losses = carry
            slopes, (loss, other) = self._by_bucket(gradients, buckets[i], trainable, other, rows[i], real[i])
            trainable, optimizer = self.model.optimizer.stateless_apply(optimizer, slopes, trainable)
            return (trainable, other, optimizer), losses.at[i].set(loss)

        return jax.lax.fori_loop(0, steps, step, (state, jnp.zeros(len(rows))))

    def _validate_chunk(self, state: Any, data: Any, chunk: Any, steps: int) -> jax.Array:
        (trainable, other), (rows, real, buckets) = state, chunk

        def loss(b: int, row: jax.Array, real: jax.Array) -> jax.Array:
            return self._loss(trainable, other, data, b, row, real, False)[0]

        def step(i: jax.Array, losses: jax.Array) -> jax.Array:
            return losses.at[i].set(self._by_bucket(loss, buckets[i], rows[i], real[i]))

        return jax.lax.fori_loop(0, steps, step, jnp.zeros(len(rows)))
