"""The samples of a batch, gathered inside a compiled JAX program from data that stay on the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from seqwise.data import Windows
from seqwise.training.batches import Batches
from seqwise.training.sequence_batches import SequenceBatches

# (data, samples' numbers, bucket) → (model inputs, targets, sample weights or None)
Gather = Callable[[Any, jax.Array, int], tuple[Any, jax.Array, jax.Array | None]]


def gatherer(batches: Batches | SequenceBatches) -> tuple[Any, Gather]:
    """Return what lies on the device, and the function that takes a batch from it, as `batches.gather` does."""
    return _from_windows(batches) if isinstance(batches, Batches) else _from_sequences(batches)


def _from_windows(batches: Batches) -> tuple[Any, Gather]:
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
    sequences, timesteps = batches.sequences, [int(n) for n in batches.lengths]
    data = (
        _on_device(sequences.values),
        _on_device(sequences.starts.astype(np.int32)),
        _on_device(sequences.lengths.astype(np.int32)),
        _on_device(batches.targets),
        _on_device(batches.weights),
    )

    def gather(data: Any, samples: jax.Array, bucket: int) -> tuple[Any, jax.Array, jax.Array | None]:
        values, starts, lengths, targets, weights = data
        steps = jnp.arange(timesteps[bucket])
        mask = steps < lengths[samples][:, None]
        rows = jnp.where(mask, starts[samples][:, None] + steps, 0)
        padded = jnp.where(mask[..., None], values[rows], 0)
        return [padded, mask], targets[samples], None if weights is None else weights[samples]

    return data, gather


def _on_device(array: np.ndarray | None) -> jax.Array | None:
    return None if array is None else jnp.asarray(array)
