"""Padding: sequences of unequal lengths as one batch, together with the mask that hides the padding."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from seqwise.data.sequence_input import make_sequences
from seqwise.data.sequences import Sequences
from seqwise.errors import DataError, SettingError

SIDES = ("right", "left")


class Padded(NamedTuple):
    """A batch and its mask; a layer takes both: ``lstm(batch.values, mask=batch.mask)``.

    Attributes:
        values: shape (samples, timesteps, features).
        mask: bool, shape (samples, timesteps): True at a step of the sequence, False at padding.
    """

    values: np.ndarray
    mask: np.ndarray


def pad(
    sequences: Any,
    *,
    length: int | None = None,
    side: str = "right",
    truncate: str = "right",
    value: float = 0,
    group: str | None = None,
    time: Any = None,
    features: Any = None,
) -> Padded:
    """Bring sequences to one length, and say which steps are padding.

    The batch has the dtype of the sequences (NumPy's common one where theirs differ).

    Args:
        sequences: a list of arrays (or nested lists), each (timesteps, features), or (timesteps,) for one feature;
            an array (samples, timesteps, features); a `Sequences`; or a table (path, pandas, polars, pyarrow) of one
            row a timestep, with `group`.
        length: timesteps of the batch; None for those of the longest sequence.
        side: where the padding stands: ``"right"``, after the sequence, or ``"left"``, before it. (Keras's
            `pad_sequences` calls them ``"post"`` and ``"pre"``, and pads on the left unless told otherwise.)
        truncate: the end at which a sequence longer than `length` is cut: ``"right"`` keeps its first steps,
            ``"left"`` its last.
        value: what the padding holds. The mask hides it; it matters only to what does not read the mask.
        group, time, features: of a table; see `make_sequences`.

    Raises:
        DataError: no sequence, an empty one, other features than the first, text, NaN; the message names it.
        SettingError: an argument is out of range, or `value` does not fit the sequences' dtype.

    Example:
        >>> batch = pad([[1, 2, 3], [4]])
        >>> batch.values[..., 0].tolist(), batch.mask.tolist()
        ([[1, 2, 3], [4, 0, 0]], [[True, True, True], [True, False, False]])
    """
    for name, given in (("side", side), ("truncate", truncate)):
        if given not in SIDES:
            raise SettingError(f"{name}={given!r}: expected 'right' or 'left'.")
    if length is not None and (isinstance(length, bool) or not isinstance(length, (int, np.integer)) or length < 1):
        raise SettingError(f"length={length!r}: expected a number of timesteps, at least 1, or None for the longest.")
    joined = make_sequences(sequences, group=group, time=time, features=features)
    filler = np.asarray(value).astype(joined.values.dtype)
    if filler.ndim or not (filler == value or (value != value and filler.dtype.kind == "f")):
        raise SettingError(
            f"value={value!r} does not fit the sequences' dtype, {joined.values.dtype}: it would become {filler}. "
            "Choose another, or convert the sequences first: [s.astype(float) for s in sequences]."
        )
    return pad_joined(joined, length=length, side=side, truncate=truncate, value=value)


def pad_joined(
    joined: Sequences, *, length: int | None = None, side: str = "right", truncate: str = "right", value: float = 0
) -> Padded:
    """Do what `pad` does, for sequences that were checked before."""
    timesteps = int(joined.lengths.max()) if length is None else int(length)
    kept = np.minimum(joined.lengths, timesteps)
    steps = np.arange(timesteps)
    if side == "right":
        offset = np.zeros_like(kept)
        mask = steps < kept[:, None]
    else:
        offset = timesteps - kept
        mask = steps >= offset[:, None]
    cut = joined.lengths - kept if truncate == "left" else np.zeros_like(kept)
    rows = (joined.starts + cut - offset)[:, None] + steps
    features = joined.values.shape[1]
    try:
        values = np.full((len(joined), timesteps, features), value, dtype=joined.values.dtype)
    except MemoryError:
        longest = int(joined.lengths.argmax())
        raise DataError(
            f"A batch of {len(joined):,} × {timesteps:,} timesteps × {features} features does not fit in memory; the "
            f"longest is {joined.where(longest)}. Cut the longest: length=…, or pad in smaller batches."
        ) from None
    values[mask] = joined.values[rows[mask]]
    return Padded(values, mask)
