"""Class labels: what kind they are, their order, and the numbers that a network learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqwise.errors import DataError


@dataclass(frozen=True)
class Classes:
    """The classes of a training, in their order.

    Attributes:
        values: each class once, sorted, shape (classes,).
        form: how the labels come and go: ``"single"``, one of the classes for each sequence; ``"indicator"``, a 0/1
            matrix (samples, classes), as scikit-learn's for multi-label problems; ``"sets"``, a list of sets (or lists)
            of labels.
    """

    values: np.ndarray
    form: str = "single"

    def __len__(self) -> int:
        return len(self.values)

    @property
    def multilabel(self) -> bool:
        """A sequence may have several labels, or none."""
        return self.form != "single"

    def encode(self, labels: Any) -> np.ndarray:
        """Return the number of each label's class, int64, shape (samples,), -1 for a label that is none of them.

        Of several labels a sequence: bool, shape (samples, classes); labels that are none of the classes leave no
        trace.
        """
        if self.form == "indicator":
            return np.asarray(labels).astype(bool)
        place = {value: i for i, value in enumerate(self.values.tolist())}
        if self.form == "single":
            return np.array([place.get(label, -1) for label in np.asarray(labels).tolist()], dtype=np.int64)
        found = np.zeros((len(labels), len(self)), dtype=bool)
        for i, several in enumerate(labels):
            found[i, [place[label] for label in map(_plain, several) if label in place]] = True
        return found

    def decode(self, codes: np.ndarray) -> Any:
        """Undo `encode`: labels of the same form and dtype as those given to `read_classes`."""
        if self.form == "single":
            return self.values[codes]
        if self.form == "indicator":
            return codes.astype(np.int64)
        return [tuple(self.values[row].tolist()) for row in codes.astype(bool)]

    def unknown_in(self, labels: Sequence[Any]) -> tuple[Any, ...]:
        """Return those of `labels` that are none of the classes, each once, in the order of their first place.

        Raises:
            DataError: none of them is a class.
        """
        known = set(self.values.tolist())
        unknown = tuple(dict.fromkeys(label for label in labels if label not in known))
        if unknown and not known.intersection(labels):
            found, wanted = (", ".join(map(repr, some[:5])) for some in (unknown, self.values.tolist()))
            raise DataError(
                f"None of the labels given is a class of the model: they are {found}, and its classes {wanted}. Are "
                "they coded otherwise than in the training?"
            )
        return unknown

    def unlearned(self, counts: np.ndarray) -> list[str]:
        """Return a note on the classes that the training part has none of.

        Args:
            counts: how often it has each, shape (classes,).
        """
        absent = self.values[counts == 0].tolist()
        listed = ", ".join(map(repr, absent[:5])) + (", …" if len(absent) > 5 else "")
        note = f"No training sequence has the label(s) {listed}: nothing can be learned of them."
        return [note] if absent else []

    def to_dict(self) -> dict[str, Any]:
        return {"values": self.values.tolist(), "dtype": self.values.dtype.str, "form": self.form}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Classes:
        return cls(np.array(saved["values"], dtype=np.dtype(saved["dtype"])), str(saved["form"]))


def read_labels(y: Any, where: Callable[[int], str]) -> tuple[Any, str]:
    """Tell of which form labels are, and check them.

    A list of lists (or tuples, sets, arrays) holds the label set of each sequence, unless it is a rectangle of nothing
    but 0 and 1 with two columns or more: that is an indicator, as it is to scikit-learn.

    Args:
        y: one label for each sequence (text, whole numbers, bool), shape (samples,); or several, as a 0/1 matrix
            (samples, classes) or as a list, or a column, of label sets.
        where: names a sequence by its number, for the messages.

    Returns:
        the labels, as an array or as a list of lists, and their form.

    Raises:
        DataError: a label is missing, or the labels are no classes; names the sequence.
    """
    items = _items(y)
    if items is not None and any(_is_set(item) for item in items):
        return _read_sets(items, where)
    # NumPy would make text of a list that mixes text with anything else
    mixed = items is not None and any(isinstance(item, str) or _is_no_value(item) for item in items)
    try:
        array = _array_of(items) if mixed and items is not None else np.asarray(y)
    except ValueError:  # arrays of several axes and of unequal lengths
        raise DataError(
            "The labels are arrays of unequal shapes; expected one label, or one list of labels, for each sequence."
        ) from None
    if array.ndim == 2 and array.dtype == object:  # a table's columns of several dtypes
        array = np.array(array.tolist())
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        return _read_indicator(array), "indicator"
    if array.ndim != 1:
        raise DataError(
            f"The labels have shape {array.shape}; expected one for each sequence, (samples,), or for several labels a "
            "sequence a 0/1 matrix, (samples, classes)."
        )
    return _plain_array(array, where), "single"


def find_classes(labels: Any, form: str, names: Sequence[str] | None = None) -> Classes:
    """Return the classes that occur in labels of `read_labels`, sorted.

    Args:
        names: of an indicator's columns, which then stand for their numbers.

    Raises:
        DataError: every label set is empty.
    """
    if form == "indicator":
        return Classes(np.arange(labels.shape[1]) if names is None else np.array(names), form)
    if form == "sets" and not any(labels):
        raise DataError("No sequence has a label: every label set is empty.")
    flat = labels if form == "single" else _plain_array(_array_of([item for row in labels for item in row]), str)
    return Classes(np.unique(flat), form)


def is_missing(item: Any) -> bool:
    """Tell whether an item of a column stands for nothing: None, NaN, or what pandas has for them."""
    try:
        return item is None or bool(item != item)
    except (TypeError, ValueError):  # pandas.NA has no truth; an array has many
        return not hasattr(item, "__len__")


def _is_no_value(item: Any) -> bool:
    return not isinstance(item, float) and is_missing(item)  # NaN is a number to NumPy


def _items(y: Any) -> list[Any] | None:
    """Return what a list holds, or a column of objects; None for an array of numbers or text, and for a matrix."""
    if isinstance(y, (list, tuple)):
        return list(y)
    if hasattr(y, "to_pylist") and not hasattr(y, "columns"):  # a column of pyarrow's, no table
        return y.to_pylist()
    if len(getattr(y, "shape", ())) != 1:
        return None
    if hasattr(y, "to_list"):  # pandas, polars: lists in their own column come as lists
        return y.to_list()
    return y.tolist() if y.dtype == object else None


def _is_set(item: Any) -> bool:
    return isinstance(item, (list, tuple, set, frozenset)) or len(getattr(item, "shape", ())) == 1


def _read_sets(y: Sequence[Any], where: Callable[[int], str]) -> tuple[Any, str]:
    for i, item in enumerate(y):
        if not _is_set(item):
            raise DataError(
                f"The labels of {where(i)} are {item!r}; expected a list of labels, as for the others; [] for none."
            )
    rows = [list(item) for item in y]
    widths = {len(row) for row in rows}
    ordered = not any(isinstance(item, (set, frozenset)) for item in y)
    if ordered and len(widths) == 1 and widths.pop() > 1 and all(v in (0, 1) for row in rows for v in row):
        return _read_indicator(np.array(rows)), "indicator"
    for i, row in enumerate(rows):
        if row:
            _plain_array(_array_of(row), lambda _, i=i: where(i))
    _plain_array(_array_of([item for row in rows for item in row]), lambda _: "one of the label sets")
    return [[_plain(item) for item in row] for row in rows], "sets"


def _read_indicator(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise DataError(
            f"The labels have shape {array.shape}, but hold other values than 0 and 1. Pass one label for each "
            "sequence, shape (samples,); or, for several labels a sequence, a matrix of 0 and 1, (samples, classes). "
            "For targets that are quantities use a Regressor."
        )
    return array.astype(np.int64)


def _array_of(items: list[Any]) -> np.ndarray:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _plain_array(array: np.ndarray, where: Callable[[int], str]) -> np.ndarray:
    """Return labels with a dtype of their own: text, whole numbers or bool."""
    if array.dtype == object:
        for i, item in enumerate(array):
            if is_missing(item):
                raise DataError(f"The label of {where(i)} is missing ({item}). Name it, or leave the sequence out.")
        kinds = {_kind(item): i for i, item in reversed(list(enumerate(array)))}
        if len(kinds) > 1:
            one, other = sorted(kinds.values())[:2]
            raise DataError(
                f"The labels mix kinds: {array[one]!r} of {where(one)} and {array[other]!r} of {where(other)}. Make "
                "them all text: [str(label) for label in y]."
            )
        if "" in kinds:
            raise DataError(
                f"The label of {where(kinds[''])} is {array[kinds['']]!r}, a {type(array[kinds['']]).__name__}; "
                "expected text, a whole number, or True and False."
            )
        array = np.array(array.tolist())
    if array.dtype.kind == "f":
        bad = np.flatnonzero(~np.isfinite(array))
        if bad.size:
            raise DataError(f"The label of {where(int(bad[0]))} is missing (NaN). Name it, or leave the sequence out.")
        fraction = np.flatnonzero(array != np.round(array))
        if fraction.size:
            i = int(fraction[0])
            raise DataError(
                f"The label of {where(i)} is {array[i]:g}, a fraction: these are quantities, not classes. Use a "
                "Regressor."
            )
    if array.dtype.kind not in "biufUS":
        raise DataError(f"Labels of dtype {array.dtype} cannot be used; expected text, whole numbers, or bool.")
    return array.astype(str) if array.dtype.kind == "S" else array


def _kind(item: Any) -> str:
    if isinstance(item, str):
        return "text"
    if isinstance(item, (bool, np.bool_)):
        return "bool"
    return "number" if isinstance(item, (int, float, np.number)) else ""


def _plain(item: Any) -> Any:
    return item.item() if isinstance(item, np.generic) else item
