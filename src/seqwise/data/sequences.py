"""Sequences of unequal lengths, concatenated in a single array; messages name the sequence that is faulty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from seqwise.errors import DataError

NUMBERS = "fiub"
# several sequences, each an array or nested lists; or one array for all of them
SequenceSource: TypeAlias = "Sequences | np.ndarray | Iterable[Any]"


@dataclass(frozen=True)
class Sequences:
    """Several sequences of the same features and of any lengths.

    Attributes:
        values: shape (steps, features): all steps of the first sequence, then all of the second, and so on.
        lengths: int64, shape (samples,): timesteps of each sequence, at least 1.
        columns: the features' names.
        labels: shape (samples,), where the source holds one label for each sequence; else None.
        names: the name of each sequence in the source, shape (samples,); None where they are only counted.
        label: the source's name in messages.
    """

    values: np.ndarray
    lengths: np.ndarray
    columns: list[str]
    labels: np.ndarray | None = None
    names: np.ndarray | None = None
    label: str = "the list"

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def starts(self) -> np.ndarray:
        """The row of `values` where each sequence begins, int64, shape (samples,)."""
        return np.cumsum(self.lengths) - self.lengths

    def __getitem__(self, index: int) -> np.ndarray:
        """Return one sequence as a view, shape (timesteps, features)."""
        index = range(len(self))[index]
        start = int(self.lengths[:index].sum())
        return self.values[start : start + int(self.lengths[index])]

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(np.split(self.values, np.cumsum(self.lengths)[:-1]))

    def take(self, chosen: np.ndarray) -> Sequences:
        """Return some of the sequences, in the order of `chosen` (positions, int, shape (samples,))."""
        lengths = self.lengths[chosen]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        rows = np.repeat(self.starts[chosen], lengths) + within
        labels, names = (None if array is None else array[chosen] for array in (self.labels, self.names))
        return replace(self, values=self.values[rows], lengths=lengths, labels=labels, names=names)

    def where(self, index: int) -> str:
        """Name a sequence as the user knows it."""
        return f"sequence {index}" if self.names is None else f"sequence {str(self.names[index])!r}"


def cut_sequences(sequences: Sequences, most: int) -> Sequences:
    """Return the first `most` steps of each sequence."""
    lengths = np.minimum(sequences.lengths, most)
    if (lengths == sequences.lengths).all():
        return sequences
    starts = np.cumsum(sequences.lengths) - sequences.lengths
    steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return replace(sequences, values=sequences.values[np.repeat(starts, lengths) + steps], lengths=lengths)


def join_sequences(sequences: object, label: str = "the list") -> Sequences:
    """Concatenate sequences, after checking each.

    Args:
        sequences: a list (or tuple, iterator, array of objects) of sequences, each of shape (timesteps, features), or
            (timesteps,) for one feature, as an array or nested lists; or one array, shape (samples, timesteps,
            features). The dtype is kept; where the sequences' dtypes differ, the result has NumPy's common one. The
            features have the names of the columns where the sequences are tables.

    Raises:
        DataError: the list is empty; a sequence is empty, not numeric or has other features than the first; a value is
            NaN or infinite. The message names the sequence, the step and the feature.
    """
    if isinstance(sequences, np.ndarray):
        sequences = _list_of(sequences)
    elif isinstance(sequences, (str, bytes, Set)) or not isinstance(sequences, Iterable):
        raise DataError(
            f"Expected a list of arrays of shape (timesteps, features), got {type(sequences).__name__}: "
            f"{str(sequences)[:40]!r}."
        )
    items = list(sequences)
    arrays = [_as_array(item, i) for i, item in enumerate(items)]
    if not arrays:
        raise DataError(
            "The list of sequences is empty. Pass at least one array of shape (timesteps, features), for example "
            "[np.zeros((10, 3))]."
        )
    axes = [array.ndim for array in arrays]
    if min(axes) != max(axes):
        first = next(i for i, n in enumerate(axes) if n != axes[0])
        raise DataError(
            f"Sequence {first} has shape {arrays[first].shape}, but sequence 0 has {arrays[0].shape}. Each needs both "
            "axes, (timesteps, features); one feature is a column: sequence[:, None]."
        )
    if axes[0] == 1:
        arrays = [array[:, None] for array in arrays]
    counts = [array.shape[1] for array in arrays]
    features = counts[0]
    if min(counts) != max(counts):
        first = next(i for i, n in enumerate(counts) if n != features)
        hint = ""
        if arrays[first].shape[0] == features:
            hint = f" If its axes are swapped, transpose it: sequences[{first}].T."
        raise DataError(
            f"Sequence {first} has {counts[first]} features (shape {arrays[first].shape}), but sequence 0 has "
            f"{features} (shape {arrays[0].shape}). All sequences need the same features; only their lengths may "
            f"differ.{hint}"
        )
    lengths = np.array([len(array) for array in arrays], dtype=np.int64)
    joined = Sequences(np.concatenate(arrays), lengths, _common_names(items) or _numbered(features), label=label)
    check_finite(joined)
    return joined


def in_columns(sequences: Sequences, columns: list[str]) -> Sequences:
    """Return sequences with the features that a model was trained on, in their order; as they are where either's
    features are only counted.

    Raises:
        DataError: there are more or fewer features, or they have other names.
    """
    if sequences.columns == columns or any(names == _numbered(len(names)) for names in (sequences.columns, columns)):
        if len(sequences.columns) != len(columns):
            raise DataError(
                f"The sequences have {len(sequences.columns)} feature(s), but the model was trained on {len(columns)}"
                + (f": {', '.join(columns)}." if columns[0] != "0" else ".")
            )
        return sequences
    if sorted(sequences.columns) != sorted(columns):
        features, expected = (", ".join(map(repr, names[:12])) for names in (sequences.columns, columns))
        raise DataError(f"The sequences have the features {features}, but the model was trained on {expected}.")
    order = [sequences.columns.index(name) for name in columns]
    return replace(sequences, values=sequences.values[:, order], columns=list(columns))


def _numbered(features: int) -> list[str]:
    return [str(j) for j in range(features)]


def _common_names(items: Sequence[Any]) -> list[str] | None:
    """Return the columns of sequences that are tables; None where they are not, or have no names of their own.

    Raises:
        DataError: two of them have other columns, or in another order.
    """
    named = [(i, names) for i, names in enumerate(map(_names, items)) if names is not None]
    if not named:
        return None
    first, columns = named[0]
    for i, names in named:
        if names != columns:
            raise DataError(
                f"Sequence {i} has the columns {', '.join(map(repr, names[:12]))}, but sequence {first} has "
                f"{', '.join(map(repr, columns[:12]))}. Give all the same, in one order: table[{columns[:12]!r}]."
            )
    return columns if len(set(columns)) == len(columns) else None


def _names(item: Any) -> list[str] | None:
    names = getattr(item, "columns", None)
    if names is None or not all(isinstance(name, (str, int, np.integer)) for name in names):
        return None
    return [str(name) for name in names]


def check_finite(sequences: Sequences) -> None:
    """Raise `DataError` for the first NaN or infinite value: names the sequence, the step and the feature."""
    values = sequences.values
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return
    row, feature = np.argwhere(~np.isfinite(values))[0]
    index, step = place_of_row(row, sequences.lengths)
    count = int((~np.isfinite(values)).sum())
    what = "NaN" if np.isnan(values[row, feature]) else "infinite"
    name = sequences.columns[feature]
    where = f"feature {feature}" if name == str(feature) else f"feature {name!r}"
    named = sequences.where(index)
    raise DataError(
        f"{named[0].upper()}{named[1:]} is {what} at step {step}, {where} ({count:,} such value(s) in all). Fill it, "
        "for example with the step before, or leave the step out."
    )


def place_of_row(row: int, lengths: np.ndarray) -> tuple[int, int]:
    """Return which of the concatenated sequences a row belongs to, and its step in it."""
    index = int(np.searchsorted(np.cumsum(lengths), row, side="right"))
    return index, int(row - lengths[:index].sum())


def split_by_lengths(flat: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Undo a concatenation: return an array of objects, shape (samples,), each an array of its length."""
    return object_array(np.split(flat, np.cumsum(lengths)[:-1]))


def object_array(items: Sequence[Any]) -> np.ndarray:
    """Return an array of objects, shape (items,), even where NumPy would stack the items."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _list_of(array: np.ndarray) -> Iterable[Any]:
    if array.dtype == object and array.ndim == 1:
        return array.tolist()
    if array.dtype == object:
        raise DataError(
            f"An array of objects, shape {array.shape}, hides its contents. Pass the sequences as a list: "
            "list(sequences)."
        )
    if array.ndim == 2:
        raise DataError(
            f"An array of shape {array.shape} has two axes, (samples, timesteps) or (timesteps, features). Say which: "
            "x[..., None] for samples of one feature, [x] for a single sequence."
        )
    if array.ndim != 3:
        raise DataError(
            f"An array of shape {array.shape} has {array.ndim} axes; expected three, (samples, timesteps, features), "
            "or a list of arrays of shape (timesteps, features)."
        )
    return array


def _as_array(item: Any, index: int) -> np.ndarray:
    try:
        array = np.asarray(item)
    except ValueError:
        raise DataError(
            f"Sequence {index} has rows of unequal lengths. Each sequence is one array of shape (timesteps, features)."
        ) from None
    if isinstance(item, np.ma.MaskedArray) and np.ma.is_masked(item):
        raise DataError(
            f"Sequence {index} has {int(np.ma.count_masked(item)):,} masked value(s). Fill them, for example "
            f"sequences[{index}].filled(0), or leave those steps out."
        )
    if array.dtype.kind not in NUMBERS and array.size:
        first = array.flat[0]
        what = "text" if isinstance(first, (str, bytes)) else f"objects ({type(first).__name__})"
        raise DataError(
            f"Sequence {index} holds {what}, first {str(first)[:40]!r}; expected numbers. Convert it: "
            f"np.asarray(sequences[{index}], dtype=float)."
        )
    if array.ndim not in (1, 2):
        raise DataError(
            f"Sequence {index} has shape {array.shape}; expected (timesteps, features), or (timesteps,) for one "
            "feature." + (" For a single sequence pass a list of one: [sequence]." if array.ndim == 0 else "")
        )
    if array.size == 0:
        raise DataError(
            f"Sequence {index} is empty: its shape is {array.shape}. A sequence has at least one step and one feature; "
            "leave it out, with its label."
        )
    return array
