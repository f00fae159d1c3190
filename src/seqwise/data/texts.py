"""Texts and their labels, one for each sample; the counterpart of `Sequences`, which hold numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from seqwise.data.columns import Columns, ColumnTable, as_column_names, is_missing, stack_labels
from seqwise.data.sequences import object_array
from seqwise.errors import DataError, SettingError

if TYPE_CHECKING:
    from seqwise.data.tables import TableSource

SURROGATE = re.compile("[\ud800-\udfff]")
TextSource: TypeAlias = "Texts | Iterable[Any] | TableSource"


@dataclass(frozen=True)
class Texts:
    """Several texts.

    Attributes:
        values: array of `str`, or of lists of tokens; dtype object, shape (samples,).
        labels: shape (samples,), where the source holds one label for each text; else None.
        names: the name of each text in the source, shape (samples,); None where they are only counted.
        label: the source's name in messages.
    """

    values: np.ndarray
    labels: np.ndarray | None = None
    names: np.ndarray | None = None
    label: str = "the list"

    def __len__(self) -> int:
        return len(self.values)

    def take(self, chosen: np.ndarray) -> Texts:
        """Return some of the texts, in the order of `chosen` (positions, int, shape (samples,))."""
        labels, names = (None if array is None else array[chosen] for array in (self.labels, self.names))
        return replace(self, values=self.values[chosen], labels=labels, names=names)

    def where(self, index: int) -> str:
        """Name a text as the user knows it."""
        return f"text {index}" if self.names is None else f"text {str(self.names[index])!r}"


def holds_texts(data: Any) -> bool:
    """Tell whether data are a list, array or column of texts, or of bytes: `as_texts` has a message for those."""
    if isinstance(data, Texts):
        return True
    if isinstance(data, np.ndarray):
        return data.ndim == 1 and (data.dtype.kind in "UTS" or (data.dtype == object and _first_is_text(data)))
    if isinstance(data, (str, bytes)) or hasattr(data, "columns") or not hasattr(data, "__getitem__"):
        return False
    return hasattr(data, "__len__") and _first_is_text(data)


def _first_is_text(data: Any) -> bool:
    first = next((item for item in data if not is_missing(item)), None)
    return isinstance(first, (str, bytes))


def make_texts(data: TextSource, *, text: str | None = None, label: Columns = None) -> Texts:
    """Read texts from a list, or from the column of a table of one text a row.

    Args:
        data: a list, array or column of texts; a `Texts`, which is returned unchanged; or with `text` a table (path,
            pandas, polars, pyarrow). An empty cell is an empty text.
        text: a table's column of texts.
        label: a table's column (or columns) of labels.

    Raises:
        DataError: an item of the list or the column is not a text; names the position.
    """
    if isinstance(data, Texts):
        return data
    if text is None:
        return Texts(object_array(as_texts(data)))
    from seqwise.data.tables import read_table  # imports polars

    return texts_from_table(read_table(data, text=text), text, label)


def texts_from_table(table: ColumnTable, text: str, label: Columns) -> Texts:
    """Do what `make_texts` does, with a table that is read already."""
    names = as_column_names(label, "label")
    if text in names:
        raise SettingError(f"{text!r} is the column of texts and of labels; name another one: label='…'.")
    labels = stack_labels([table.labels(name) for name in names])
    return Texts(object_array(table.texts(text)), labels, label=table.label)


def make_tokens(data: Texts | Iterable[Any]) -> Texts:
    """Read lists of tokens, one list a sample, as `Texts` whose values are lists."""
    return Texts(object_array(as_texts(data, tokens=True)))


def as_texts(texts: object, *, tokens: bool = False) -> list[Any]:
    """Return texts as a list of `str` (with `tokens`, of lists of `str`).

    Args:
        texts: a list, array or column of texts.

    Raises:
        DataError: this is a single text or an empty list, or an item is not a text; names the position.
    """
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
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
    items = list(texts)
    if not items:
        raise DataError("The list of texts is empty. Pass at least one.")
    for i, item in enumerate(items):
        if tokens:
            items[i] = _as_tokens(item, i)
        elif not isinstance(item, str):
            raise DataError(_not_a_text(item, f"Text {i}"))
        else:
            _check_unicode(item, f"Text {i}")
    return items


def _as_tokens(tokens: Any, index: int) -> list[str]:
    if isinstance(tokens, (str, bytes)) or not hasattr(tokens, "__iter__"):
        raise DataError(
            f"Text {index} is {type(tokens).__name__}, {str(tokens)[:40]!r}; expected its list of tokens, for example "
            "['a', 'cat', '.']."
        )
    items = list(tokens)
    if not items:
        raise DataError(f"Text {index} has no token. Leave it out, with its labels.")
    for j, token in enumerate(items):
        if not isinstance(token, str) or not token.strip():
            where = f"Text {index}, token {j}"
            raise DataError(
                f"{where} is empty. Leave it out, with its label."
                if isinstance(token, str)
                else _not_a_text(token, where)
            )
        _check_unicode(token, f"Text {index}, token {j}")
    return items


def _check_unicode(text: str, where: str) -> None:
    """Raise `DataError` for half of a pair of characters, as Python makes of a file's bytes that are not UTF-8."""
    if not text.isascii() and SURROGATE.search(text) is not None:
        raise DataError(
            f"{where} is no Unicode text: {text[:40]!a}. Read the file that it comes from in its encoding, without "
            "errors='surrogateescape'."
        )


def _not_a_text(item: object, where: str) -> str:
    if isinstance(item, (list, tuple, np.ndarray)):
        return f"{where} is a list, expected a str. For lists of tokens set kind='tokens'."
    if is_missing(item):
        return f"{where} is missing ({item}). Write '' for an empty text, or leave it out, with its label."
    if isinstance(item, bytes):
        return f"{where} is bytes, not text: {item[:40]!r}. Decode it: text.decode('utf-8')."
    return f"{where} is {type(item).__name__}, {str(item)[:40]!r}; expected a str. Convert it: str(…)."
