"""Texts with their labels, one a sample, as `Sequences` are for numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqwise.data.tables import as_column_names, read_table
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
    targets = as_column_names(label, "label")
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


def as_texts(texts: Any, *, tokens: bool = False) -> list[Any]:
    """Return texts as a list of `str` (with `tokens`, of lists of `str`).

    Args:
        texts: a list, array or column of texts.

    Raises:
        DataError: it is a single text or empty, or holds something else; names the position.
    """
    if isinstance(texts, (str, bytes)) or not hasattr(texts, "__iter__"):
        raise DataError(
            f"Expected a list of texts, got {type(texts).__name__}: {str(texts)[:40]!r}. For a single text pass a list "
            "of one: [text]."
        )
    if hasattr(texts, "columns") or isinstance(texts, Mapping):  # a list of these would be their names
        names = [str(name) for name in getattr(texts, "columns", texts)]
        raise DataError(
            f"Expected a list of texts, got a {type(texts).__name__} with the columns {names}. Pass one of them: "
            f"list(table[{names[0] if names else '…'!r}])."
        )
    read = list(texts)
    if not read:
        raise DataError("The list of texts is empty. Pass at least one.")
    for i, text in enumerate(read):
        if tokens:
            read[i] = _as_tokens(text, i)
        elif not isinstance(text, str):
            raise DataError(_no_text(text, f"Text {i}"))
    return read


def _as_tokens(tokens: Any, index: int) -> list[str]:
    if isinstance(tokens, (str, bytes)) or not hasattr(tokens, "__iter__"):
        raise DataError(
            f"Text {index} is {type(tokens).__name__}, {str(tokens)[:40]!r}; expected its list of tokens, for example "
            "['a', 'cat', '.']."
        )
    read = list(tokens)
    if not read:
        raise DataError(f"Text {index} has no token. Leave it out, with its labels.")
    for j, token in enumerate(read):
        if not isinstance(token, str) or not token.strip():
            what = f"Text {index}, token {j}"
            raise DataError(
                f"{what} is empty. Leave it out, with its label." if isinstance(token, str) else _no_text(token, what)
            )
    return read


def _no_text(found: Any, where: str) -> str:
    if found is None or (isinstance(found, (float, np.floating)) and found != found):
        return f"{where} is missing ({found}). Put '' where there is none, or leave it out, with its label."
    if isinstance(found, bytes):
        return f"{where} is bytes, not text: {found[:40]!r}. Decode it: text.decode('utf-8')."
    if isinstance(found, (list, tuple, np.ndarray)):
        return f"{where} is a list, expected a str. For lists of tokens set kind='tokens'."
    return f"{where} is {type(found).__name__}, {str(found)[:40]!r}; expected a str. Convert it: str(…)."
