"""Class labels: their form, their order, and the integers that encode them for a network."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqwise.data.columns import is_missing
from seqwise.data.sequences import object_array
from seqwise.errors import DataError, SettingError, quoted


@dataclass(frozen=True)
class Classes:
    """The classes that a model learns, in their order.

    Attributes:
        values: each class once, sorted, shape (classes,).
        form: the form of the labels: ``"single"``, one of the classes for each sequence; ``"indicator"``, a 0/1
            matrix (samples, classes), as in scikit-learn's multi-label problems; ``"sets"``, a list of sets (or lists)
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
        """Encode labels.

        Returns:
            for one label a sequence, the index of its class, int64, shape (samples,), -1 for an unknown label; for
            several, bool, shape (samples, classes), where unknown labels are left out.
        """
        if self.form == "indicator":
            return np.asarray(labels).astype(bool)
        place = {value: i for i, value in enumerate(self.values.tolist())}
        if self.form == "single":
            return np.array([place.get(label, -1) for label in np.asarray(labels).tolist()], dtype=np.int64)
        encoded = np.zeros((len(labels), len(self)), dtype=bool)
        for i, label_set in enumerate(labels):
            encoded[i, [place[label] for label in map(_plain, label_set) if label in place]] = True
        return encoded

    def decode(self, encoded: np.ndarray) -> np.ndarray | list[tuple[Any, ...]]:
        """Undo `encode`: return labels of the form and dtype that `read_labels` received."""
        if self.form == "single":
            return self.values[encoded]
        if self.form == "indicator":
            return encoded.astype(np.int64)
        return [tuple(self.values[row].tolist()) for row in encoded.astype(bool)]

    def most_probable(self, probabilities: np.ndarray, abstain_below: float | None = None) -> Any:
        """Return what probabilities say, in the form of the labels: the most probable class, shape (samples,), or of
        several labels those of a probability above a half.

        Args:
            probabilities: shape (samples, classes).
            abstain_below: return None where no class is as probable as that; the array then holds objects.

        Raises:
            SettingError: `abstain_below` is not a probability, or there are several labels a sequence.
        """
        if self.multilabel:
            if abstain_below is not None:
                raise SettingError(
                    "abstain_below needs one label a sequence; each of several has a probability of its own: see "
                    "predict_proba."
                )
            return self.decode(probabilities > 0.5)
        labels = self.values[probabilities.argmax(axis=1)]
        if abstain_below is None:
            return labels
        if isinstance(abstain_below, bool) or not 0 <= abstain_below <= 1:
            raise SettingError(f"abstain_below={abstain_below!r}: expected a probability from 0 to 1.")
        sure = labels.astype(object)
        sure[probabilities.max(axis=1) < abstain_below] = None
        return sure

    def unknown_in(self, labels: Sequence[Any]) -> tuple[Any, ...]:
        """Return the labels that are not among the classes, each once, in the order of their first occurrence.

        Raises:
            DataError: no label is among the classes.
        """
        known = set(self.values.tolist())
        unknown = tuple(dict.fromkeys(label for label in labels if label not in known))
        if unknown and not known.intersection(labels):
            raise DataError(
                f"The model knows none of these labels: they are {quoted(unknown)}, and its classes are "
                f"{quoted(self.values.tolist())}. Are they encoded differently than in training?"
            )
        return unknown

    def look_alike(self) -> list[str]:
        """Return a warning that names two classes which differ in nothing that can be seen, if there are any."""
        seen: dict[str, str] = {}
        for value in self.values.tolist() if self.values.dtype.kind == "U" else ():
            bare = "".join(unicodedata.normalize("NFKC", value).split())
            other = seen.setdefault(bare, value)
            if other != value:
                return [
                    f"The labels {other!a} and {value!a} differ only in white space or in how their "
                    "characters are composed: they are two classes. If they are one, write them alike."
                ]
        return []

    def unlearned(self, counts: np.ndarray) -> list[str]:
        """Return a warning that names the classes without a training sample, if there are any.

        Args:
            counts: training samples of each class, shape (classes,).
        """
        absent = self.values[counts == 0].tolist()
        if not absent:
            return []
        return [f"No training sequence has the label(s) {quoted(absent)}: the model cannot learn them."]

    def to_dict(self) -> dict[str, Any]:
        return {"values": self.values.tolist(), "dtype": self.values.dtype.str, "form": self.form}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Classes:
        return cls(np.array(saved["values"], dtype=np.dtype(saved["dtype"])), str(saved["form"]))


def read_labels(y: Any, where: Callable[[int], str]) -> tuple[Any, str]:
    """Check labels and determine their form.

    A list of lists (or tuples, sets, arrays) holds the label set of each sequence, unless it is a rectangle of nothing
    but 0 and 1 with two columns or more: that is an indicator, as it is to scikit-learn.

    Args:
        y: one label for each sequence (text, whole numbers, bool), shape (samples,); or several, as a 0/1 matrix
            (samples, classes) or as a list, or a column, of label sets.
        where: names a sequence by its number, for the messages.

    Returns:
        the labels, as an array or as a list of lists, and their form.

    Raises:
        DataError: a label is missing, or the labels are not classes; names the sequence.
    """
    items = _items(y)
    if items is not None and any(_is_set(item) for item in items):
        return _read_sets(items, where)
    # NumPy turns a list that mixes text with other types into text, and True beside 2 into 1
    truths = 0 if items is None else sum(isinstance(item, (bool, np.bool_)) for item in items)
    mixed = items is not None and (
        0 < truths < len(items) or any(isinstance(item, str) or _is_no_value(item) for item in items)
    )
    try:
        array = object_array(items) if mixed and items is not None else np.asarray(y)
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
        names: the names of an indicator's columns; None for their numbers.

    Raises:
        DataError: every label set is empty.
    """
    if form == "indicator":
        return Classes(np.arange(labels.shape[1]) if names is None else np.array(names), form)
    if form == "sets" and not any(labels):
        raise DataError("No sequence has a label: every label set is empty.")
    flat = labels if form == "single" else _plain_array(object_array([item for row in labels for item in row]), str)
    classes = Classes(np.unique(flat), form)
    for name in classes.values.tolist() if classes.values.dtype.kind == "U" else ():
        try:
            name.encode()
        except UnicodeEncodeError:  # half of a pair, as Python makes of a file's bytes that are not UTF-8
            raise DataError(f"The label {name!r} is not valid Unicode, so no file can hold it. Rename it.") from None
    return classes


def _is_no_value(item: Any) -> bool:
    return not isinstance(item, float) and is_missing(item)  # NaN is a number to NumPy


def _items(y: Any) -> list[Any] | None:
    """Return the items of a list or a column of objects; None for an array of numbers or text, and for a matrix."""
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
            _plain_array(object_array(row), lambda _, i=i: where(i))
    _plain_array(object_array([item for row in rows for item in row]), lambda _: "one of the label sets")
    return [[_plain(item) for item in row] for row in rows], "sets"


def _read_indicator(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise DataError(
            f"The labels have shape {array.shape}, but hold other values than 0 and 1. Pass one label for each "
            "sequence, shape (samples,); or, for several labels a sequence, a matrix of 0 and 1, (samples, classes). "
            "For targets that are quantities use a Regressor."
        )
    return array.astype(np.int64)


def _plain_array(array: np.ndarray, where: Callable[[int], str]) -> np.ndarray:
    """Return labels with a dtype of their own: text, whole numbers or bool."""
    if array.dtype == object:
        for i, item in enumerate(array):
            if is_missing(item):
                raise DataError(f"The label of {where(i)} is missing ({item}). Name it, or leave the sequence out.")
        kinds = {_kind(item): i for i, item in reversed(list(enumerate(array)))}
        if len(kinds) > 1:
            i, j = sorted(kinds.values())[:2]
            raise DataError(
                f"The labels mix kinds: {array[i]!r} of {where(i)} and {array[j]!r} of {where(j)}. Make "
                "them all text: [str(label) for label in y]."
            )
        if "" in kinds:
            raise DataError(
                f"The label of {where(kinds[''])} is {array[kinds['']]!r}, a {type(array[kinds['']]).__name__}; "
                "expected text, a whole number, or True and False."
            )
        items = [str.__str__(item) if isinstance(item, str) else item for item in array.tolist()]  # also of an enum
        array = np.array(items)
        if array.dtype.kind == "U" and sum(map(len, items)) != np.char.str_len(array).sum():
            i = next(i for i, item in enumerate(items) if item.endswith("\0"))
            raise DataError(
                f"The label of {where(i)} is {items[i]!r}: NumPy drops a null character at the end. Rename it."
            )
    if array.dtype.kind == "f":
        bad = np.flatnonzero(~np.isfinite(array))
        if bad.size:
            what = "missing (NaN)" if np.isnan(array[bad[0]]) else "infinite"
            raise DataError(f"The label of {where(int(bad[0]))} is {what}. Name it, or leave the sequence out.")
        fraction = np.flatnonzero(array != np.round(array))
        if fraction.size:
            i = int(fraction[0])
            raise DataError(
                f"The label of {where(i)} is {array[i]:g}, a fraction: these are quantities, not classes. Use a "
                "Regressor."
            )
        array = array + 0.0  # -0 is 0
    if array.dtype == object and all(isinstance(item, int) for item in array):
        i = next(i for i, item in enumerate(array) if not -(2**63) <= item < 2**64)
        raise DataError(
            f"The label of {where(i)} is {str(array[i])[:40]}, a number of more than 64 bits. Make the labels text: "
            "[str(label) for label in y]."
        )
    if array.dtype.kind not in "biufUS":
        raise DataError(f"Labels of dtype {array.dtype} cannot be used; expected text, whole numbers, or bool.")
    return _decoded(array, where) if array.dtype.kind == "S" else array


def _decoded(array: np.ndarray, where: Callable[[int], str]) -> np.ndarray:
    try:
        return array.astype(str)
    except UnicodeDecodeError:
        i = next(i for i, item in enumerate(array.tolist()) if not item.isascii())
        raise DataError(
            f"The label of {where(i)} is {array.tolist()[i]!r}, bytes that are not ASCII. Make them text: "
            "[label.decode('utf-8') for label in y]."
        ) from None


def _kind(item: Any) -> str:
    if isinstance(item, str):
        return "text"
    if isinstance(item, (bool, np.bool_)):
        return "bool"
    return "number" if isinstance(item, (int, float, np.number)) else ""


def _plain(item: Any) -> Any:
    if isinstance(item, str):
        return str.__str__(item)  # also of an enum, which NumPy would take for its name
    return item.item() if isinstance(item, np.generic) else item
