"""The samples of a batch, gathered inside a compiled JAX program from data that stay on the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from seqwise.data import Sequences, Windows
from seqwise.training.pair_batches import PairBatches
from seqwise.training.sequence_batches import BucketedBatches, SequenceBatches, model_inputs
from seqwise.training.step_batches import StepBatches
from seqwise.training.window_batches import WindowBatches

# (data, samples' numbers, bucket) → (model inputs, targets, sample weights or None)
Gather = Callable[[Any, jax.Array, int], tuple[Any, jax.Array, jax.Array | None]]


def gatherer(batches: WindowBatches | BucketedBatches) -> tuple[Any, Gather]:
    """Return what lies on the device, and the function that takes a batch from it, as `batches.gather` does."""
    if isinstance(batches, WindowBatches):
        return _from_windows(batches)
    if isinstance(batches, PairBatches):
        return _from_pairs(batches)
    if isinstance(batches, StepBatches):
        return _from_steps(batches)
    assert isinstance(batches, SequenceBatches)
    return _from_sequences(batches)


def _from_windows(batches: WindowBatches) -> tuple[Any, Gather]:
    windows = batches.windows
    data = (_on_device(windows.values), _on_device(batches.visible), _on_device(batches.weights))
    # the layout alone: a program must not hold the values
    layout = Windows(
        np.empty((0, 1), np.float32), windows.window, windows.horizon, windows.targets, every_step=windows.every_step
    )

    def gather(data: Any, origins: jax.Array, bucket: int) -> tuple[Any, jax.Array, jax.Array | None]:
        series, visible, weights = data
        back = origins[:, None] + jnp.arange(-layout.window, 0)
        ahead: Any = layout.target_rows(cast(np.ndarray, origins))
        inputs = series[back] if visible is None else [series[back], visible[back]]
        return inputs, series[ahead, : layout.targets], None if weights is None else weights[ahead]

    return data, gather


def _from_sequences(batches: SequenceBatches) -> tuple[Any, Gather]:
    timesteps = [int(n) for n in batches.lengths]
    data = (_laid_out(batches.sequences), _on_device(batches.targets), _on_device(batches.weights))

    def gather(data: Any, samples: jax.Array, bucket: int) -> tuple[Any, jax.Array, jax.Array | None]:
        sequences, targets, weights = data
        inputs = model_inputs(*_padded(sequences, samples, timesteps[bucket]))
        return inputs, targets[samples], None if weights is None else weights[samples]

    return data, gather


def _from_steps(batches: StepBatches) -> tuple[Any, Gather]:
    timesteps = [int(n) for n in batches.lengths]
    data = (_laid_out(batches.sequences), _laid_out(batches.targets), _on_device(batches.weights))

    def gather(data: Any, samples: jax.Array, bucket: int) -> tuple[Any, jax.Array, jax.Array]:
        sequences, answers, weights = data
        values, mask = _padded(sequences, samples, timesteps[bucket])
        targets, _ = _padded(answers, samples, timesteps[bucket])
        each = mask.astype(np.float32) if weights is None else mask * weights[samples, None]
        return model_inputs(values, mask), targets[..., 0], each

    return data, gather


def _from_pairs(batches: PairBatches) -> tuple[Any, Gather]:
    sides = batches.sides
    data = (_laid_out(batches.sources), _laid_out(batches.targets))

    def gather(data: Any, samples: jax.Array, bucket: int) -> tuple[Any, jax.Array, jax.Array]:
        sources, targets = data
        source_steps, target_steps = sides[bucket]
        source, _ = _padded(sources, samples, source_steps)
        target, mask = _padded(targets, samples, target_steps + 1)
        taught = jnp.where(mask[:, 1:], target[:, :-1, 0], 0)  # all but the last token
        return [source[..., 0], taught], target[:, 1:, 0], mask[:, 1:].astype(np.float32)

    return data, gather


def _laid_out(sequences: Sequences) -> tuple[jax.Array, ...]:
    starts, lengths = sequences.starts.astype(np.int32), sequences.lengths.astype(np.int32)
    return jnp.asarray(sequences.values), jnp.asarray(starts), jnp.asarray(lengths)


def _padded(sequences: tuple[jax.Array, ...], samples: jax.Array, timesteps: int) -> tuple[jax.Array, jax.Array]:
    """Return values (samples, timesteps, features), zero where padded, and their mask (samples, timesteps)."""
    values, starts, lengths = sequences
    steps = jnp.arange(timesteps)
    mask = steps < lengths[samples][:, None]
    rows = jnp.where(mask, starts[samples][:, None] + steps, 0)
    return jnp.where(mask[..., None], values[rows], 0), mask


def _on_device(array: np.ndarray | None) -> jax.Array | None:
    return None if array is None else jnp.asarray(array)
