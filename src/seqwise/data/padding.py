"""Padding: sequences of unequal lengths as one batch, together with the mask that hides the padding."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seqwise.data.columns import Columns
from seqwise.data.sequences import Sequences, SequenceSource
from seqwise.errors import DataError, SettingError, check_choice, is_whole_number

if TYPE_CHECKING:
    from seqwise.data.tables import TableSource

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
    sequences: SequenceSource | TableSource,
    *,
    length: int | None = None,
    side: str = "right",
    truncate: str = "right",
    value: float = 0,
    group: str | None = None,
    time: Columns = None,
    features: Columns = None,
) -> Padded:
    """Bring sequences to one length, with a mask that marks the padding.

    The batch has the dtype of the sequences (NumPy's common one where theirs differ).

    Args:
        sequences: a list of arrays (or nested lists), each (timesteps, features), or (timesteps,) for one feature;
            an array (samples, timesteps, features); a `Sequences`; or a long table (path, pandas, polars, pyarrow),
            with `group`.
        length: timesteps of the batch; None for those of the longest sequence.
        side: where to pad: ``"right"``, after the sequence, or ``"left"``, before it. (Keras's
            `pad_sequences` calls them ``"post"`` and ``"pre"``, and pads on the left by default.)
        truncate: the end at which a sequence longer than `length` is cut: ``"right"`` keeps its first steps,
            ``"left"`` its last.
        value: the padding's value. It matters only to code that ignores the mask.
        group, time, features: a table's columns; see `make_sequences`.

    Raises:
        DataError: the sequences cannot be used (empty, text, NaN, different features); the message names the first.
        SettingError: an argument is out of range, or `value` does not fit the sequences' dtype.

    Example:
        >>> batch = pad([[1, 2, 3], [4]])
        >>> batch.values[..., 0].tolist(), batch.mask.tolist()
        ([[1, 2, 3], [4, 0, 0]], [[True, True, True], [True, False, False]])
    """
    check_choice("side", side, SIDES)
    check_choice("truncate", truncate, SIDES)
    if length is not None and not is_whole_number(length, least=1):
        raise SettingError(f"length={length!r}: expected a number of timesteps, at least 1, or None for the longest.")
    from seqwise.data.sequence_input import make_sequences  # imports polars

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
    """Do what `pad` does, without its checks."""
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
