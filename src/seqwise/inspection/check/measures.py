"""What several rules measure in the data."""

from __future__ import annotations

import numpy as np

from seqwise.inspection.data import FULL_SCAN, Array
from seqwise.inspection.graph import Shape

LARGEST = float(np.finfo(np.float32).max)  # Keras and PyTorch compute in float32


def column_scales(data: Array) -> np.ndarray:
    """Return the root mean square of each column (last axis), float64."""
    part = data.part.reshape(-1, data.shape[-1])[:20_000].astype(np.float64)
    known = ~np.isnan(part)
    return np.sqrt((np.where(known, part, 0) ** 2).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def sample_keys(values: np.ndarray) -> np.ndarray:
    """Return a key of bytes for each sample; equal samples have equal keys."""
    flat = np.ascontiguousarray(values).reshape(len(values), -1)
    return flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()


def not_finite(values: np.ndarray) -> np.ndarray | None:
    """Return the indices (count, axes) of NaN, infinity and what float32 takes for it; None where there is none.

    Up to `FULL_SCAN` values are all looked at, of more an even share.
    """
    if values.dtype.kind not in "fc" or not values.size:
        return None
    step = -(-values.size // FULL_SCAN)
    part = values[::step] if step > 1 else values
    wide = part.dtype == np.float64
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(part.sum(dtype=np.float64 if part.dtype == np.float16 else None)) and not (
            wide and max(part.max(), -part.min()) > LARGEST
        ):
            return None
        indices = np.argwhere(~(abs(part) <= LARGEST) if wide else ~np.isfinite(part))
    if not len(indices):  # the sum alone was too large
        return None
    indices[:, 0] *= step
    return indices


def place(index: np.ndarray, data: Array) -> str:
    """Write an index with the names of its axes, and the column's name where it is known."""
    if data.columns and len(index) == 2:
        return f"row {int(index[0])}, column {data.columns[int(index[1])]!r}"
    names = ("sample", "timestep", "feature", "axis 3", "axis 4")
    return ", ".join(f"{name} {int(i)}" for name, i in zip(names, index, strict=False))


def slides(data: Array) -> bool:
    """Tell whether the samples are windows that slide over one series: each is the one before, a step later."""
    if data.values is None or len(data.shape) < 2 or data.shape[1] < 2 or data.samples < 3:
        return False
    head = data.head[:200]
    same = (head[1:, :-1] == head[:-1, 1:]).reshape(len(head) - 1, -1).all(axis=1)
    return bool(same.mean() > 0.8)


def rows_unrelated(data: Array) -> bool:
    """Tell whether neighbouring rows of a table have hardly anything in common (correlation under 0.3 in size)."""
    if data.values is None or len(data.shape) != 2 or data.samples < 20:
        return False
    rows = data.head.astype(np.float64)
    rows = (rows - rows.mean(axis=0)) / np.where(rows.std(axis=0) == 0, 1, rows.std(axis=0))
    return bool(np.abs((rows[1:] * rows[:-1]).mean()) < 0.3)


def looks_like_tokens(data: Array) -> bool:
    """Tell whether whole numbers are more likely ids of words than quantities; see tokens-without-embedding's page."""
    if data.values is None or len(data.shape) not in (2, 3):
        return False
    if (len(data.shape) == 3 and data.shape[2] != 1) or data.shape[1] < 2 or not data.whole:
        return False
    part = data.part.reshape(len(data.part), -1)[:500]
    if part.min() < 0 or part.max() < 20 or len(np.unique(part)) < 20:
        return False
    now, before = part[:, 1:].astype(np.float64).ravel(), part[:, :-1].astype(np.float64).ravel()
    both = (now != 0) & (before != 0)  # padding left out
    now, before = now[both], before[both]
    if len(now) < 20 or now.std() == 0 or before.std() == 0:
        return False
    return bool(abs(np.corrcoef(now, before)[0, 1]) < 0.3)


def one_hot(target: Array, shape: Shape) -> bool:
    """Tell whether a target holds 1 for the right class and 0 for the others; `shape` is the output's."""
    if len(target.shape) != len(shape) or target.shape[-1] < 2:
        return False
    part = target.part
    if part.dtype.kind == "b":
        part = part.astype(np.int8)
    return bool(((part == 0) | (part == 1)).all() and (part.sum(axis=-1) == 1).mean() > 0.99)


def class_numbers(target: Array, shape: Shape) -> bool:
    """Tell whether a target holds one whole number of 0 or more for each thing that the output classifies."""
    one_each = len(target.shape) == len(shape) - 1 or (len(target.shape) == len(shape) and target.shape[-1] == 1)
    return one_each and target.whole and bool(target.part.size) and bool(target.part.min() >= 0)


def names_a_class(target: Array, shape: Shape) -> bool:
    """Tell whether each of these class numbers is one of the output's two or more classes."""
    if shape[-1] is None or shape[-1] < 2 or not class_numbers(target, shape):
        return False
    return bool(target.part.max() < shape[-1])
