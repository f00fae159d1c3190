"""Texts with their labels, one a sample, as `Sequences` are for numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqwise.data.series import names_of
from seqwise.data.tables import read_table
from seqwise.data.text import as_texts
from seqwise.errors import DataError


@dataclass(frozen=True)
class Texts:
    """Several texts.

    Attributes:
        values: of `str` (of taggers, of lists of them), an array of objects, shape (samples,).
        labels: shape (samples,), where the source holds one label for each text; else None.
        names: what the source calls each of them, shape (samples,); None where they are only counted.
        label: what to call the source in messages.
    """

    values: np.ndarray
    labels: np.ndarray | None = None
    names: np.ndarray | None = None
    label: str = "the list"

    def __len__(self) -> int:
        return len(self.values)

    def take(self, chosen: np.ndarray) -> Texts:
        """Return some of the texts, in the order of `chosen` (positions, int, shape (samples,))."""
        labels, names = (None if each is None else each[chosen] for each in (self.labels, self.names))
        return replace(self, values=self.values[chosen], labels=labels, names=names)

    def where(self, index: int) -> str:
        """Name a text as the user knows it."""
        return f"text {index}" if self.names is None else f"text {str(self.names[index])!r}"


def holds_texts(data: Any) -> bool:
    """Tell whether data are a list, array or column of texts (or of bytes, which are told as what they are)."""
    if isinstance(data, Texts):
        return True
    if isinstance(data, np.ndarray):
        return data.ndim == 1 and (data.dtype.kind in "UTS" or (data.dtype == object and _first_is_text(data)))
    if isinstance(data, (str, bytes)) or hasattr(data, "columns") or not hasattr(data, "__getitem__"):
        return False
    return hasattr(data, "__len__") and _first_is_text(data)


def _first_is_text(data: Any) -> bool:
    # the first that is there: a present one is then told as a present text
    present = (item for item in data if not (item is None or (isinstance(item, float) and item != item)))
    return isinstance(next(present, None), (str, bytes))


def make_texts(data: Any, *, text: str | None = None, label: Any = None) -> Texts:
    """Read texts from a list, or from the column of a table of one text a row.

    Args:
        data: a list, array or column of texts; a `Texts`, which is returned as it is; or with `text` a table (path,
            pandas, polars, pyarrow). An empty cell is an empty text.
        text: of a table: the column of texts.
        label: of a table: the column (or columns) of labels.

    Raises:
        DataError: something in the list or the column is no text; names the position.
    """
    if isinstance(data, Texts):
        return data
    if text is None:
        return Texts(_objects(as_texts(data)))
    table = read_table(data, text=text)
    values = ["" if value is None or value != value else value for value in table.column(text).to_list()]
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise DataError(
                f"{table.label}: column {text!r} holds {type(value).__name__}, {value!r}, on {table.where(row)}; "
                "expected texts."
            )
    targets = names_of(label, "label")
    labels = np.stack([table.labels(name) for name in targets], axis=1) if targets else None
    return Texts(
        _objects(values), labels[:, 0] if labels is not None and len(targets) == 1 else labels, label=table.label
    )


def make_tokens(data: Any) -> Texts:
    """Read lists of tokens, one list a sample, as `Texts` whose values are lists."""
    return Texts(_objects(as_texts(data, tokens=True)))


def _objects(values: list[Any]) -> np.ndarray:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
