"""What a sequence estimator is given, read into one form; and how to read the next data as the training's were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, KeysView, ValuesView
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from seqwise.data import Sequences, make_sequences, read_table, read_texts
from seqwise.data.columns import as_column_names
from seqwise.data.files import existing_file
from seqwise.data.tables import is_table
from seqwise.data.texts import Texts, holds_texts, make_texts
from seqwise.errors import DataError, SettingError

Raw = Sequences | Texts  # as they came


@dataclass(frozen=True)
class Source:
    """The names that the training data were read with.

    Attributes:
        group, time, features, label: columns of a long table; None where the data were none.
        text: the column of texts of a table of one text a row. texts: the data were texts.
        path: of a file; None for data in memory.
    """

    group: Any = None
    time: Any = None
    features: Any = None
    label: Any = None
    text: Any = None
    texts: bool = False
    path: str | None = None

    def read(self, X: Any, *, labelled: bool = True) -> Raw:
        """Read sequences or texts; from a table by these names. A .txt file without the column of texts holds one
        text per line.

        Args:
            labelled: read the label column, too; else it may be absent, or empty.

        Raises:
            DataError: these are numbers, and the training's were texts; or the reverse.
        """
        if self.texts:
            return self._read_texts(X, labelled)
        if holds_texts(X):
            raise DataError("The model was trained on sequences of numbers, but these are texts.")
        if not holds_rows(X):
            return make_sequences(X)
        if self.group is None and isinstance(X, (str, Path)):
            name = existing_file(Path(X), ".ts").name
            raise SettingError(
                f"{name} is a table, and the model was not trained on one: name a .ts file, or in Python pass "
                "seqwise.data.make_sequences(table, group='…')."
            )
        if self.group is None:
            raise SettingError(
                "A table was given: name the column that says which sequence a row belongs to, group='…'. Where the "
                "model was trained on something else: seqwise.data.make_sequences(table, group='…')."
            )
        return make_sequences(
            X, group=self.group, time=self.time, features=self.features, label=self.label if labelled else None
        )

    def _read_texts(self, X: Any, labelled: bool) -> Texts:
        if isinstance(X, (str, Path)) and Path(X).suffix.lower() == ".txt" and not _has_column(X, self.text):
            return make_texts(read_texts(X, encoding=None))
        if holds_texts(X) or (isinstance(X, str) and self.text is None) or _is_empty_list(X):
            return make_texts(X)
        if not holds_rows(X) and isinstance(X, (str, Path)):
            name = existing_file(Path(X), "text").name
            column = "" if self.text is None else f", or a table with the column {self.text!r}"
            raise DataError(f"The model was trained on texts, and {name} holds none: name a .txt file{column}.")
        if not holds_rows(X):
            raise DataError(f"The model was trained on texts, but these are {type(X).__name__}. Pass a list of texts.")
        if self.text is None:
            raise SettingError(
                "The model was trained on a list of texts. Pass one; from a table its column: list(table['…'])."
            )
        return make_texts(X, text=self.text, label=self.label if labelled else None)

    def to_dict(self) -> dict[str, Any]:
        return self.__dict__


def read_source(
    X: Any,
    *,
    group: str | None = None,
    time: Any = None,
    features: Any = None,
    label: Any = None,
    text: str | None = None,
) -> tuple[Source, Raw]:
    """Read the training's sequences or texts, and keep how.

    Raises:
        DataError, SettingError: see `make_sequences` and `make_texts`.
    """
    path = str(X) if isinstance(X, (str, Path)) else None
    if not holds_rows(X) and path is None:
        check_no_columns(type(X).__name__, group=group, time=time, features=features, label=label, text=text)
    if text is not None:
        for name, column in (("group", group), ("time", time), ("features", features)):
            if column is not None:
                raise SettingError(
                    f"text={text!r} reads one text from each row; {name}={column!r} is of tables whose rows are "
                    "timesteps. Leave one out."
                )
        return Source(label=plain_names(label, "label"), text=text, texts=True, path=path), make_texts(
            X, text=text, label=label
        )
    if holds_texts(X):
        return Source(texts=True), make_texts(X)
    if group is None and path is not None and Path(path).suffix.lower() == ".txt":
        check_no_columns("a file of one text a line", time=time, features=features, label=label)
        return Source(texts=True, path=path), make_texts(read_texts(path, encoding=None))
    if group is None and holds_rows(X):
        table = read_table(X)
        raise SettingError(
            f"{table.label} has the columns {table.columns}. Where each row is a text, name the column of texts: "
            "text='…'. Where each row is a timestep, name the column that says of which sequence: group='…'."
        )
    raw = make_sequences(X, group=group, time=time, features=features, label=label)
    # the columns that "all numeric" stood for: the next table may hold more of them
    chosen = list(raw.columns) if group is not None else None
    return Source(group, plain_names(time, "time"), chosen, plain_names(label, "label"), path=path), raw


def _has_column(path: str | Path, name: str | None) -> bool:
    """Tell whether the first line of a text file names a column `name`."""
    if name is None or not Path(path).is_file():
        return False
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        header = file.readline().rstrip("\r\n")
    return name in [field.strip('"') for field in header.split(max(",;\t|", key=header.count))]


def plain_names(value: Any, what: str) -> str | list[str] | None:
    """Return a column's name, or several, as text that JSON can hold: they may have come as an array or an index."""
    names = as_column_names(value, what)
    return names[0] if isinstance(value, (str, int, np.integer)) else names or None


def _is_empty_list(X: Any) -> bool:
    return isinstance(X, list) and not X


def listed(X: Any) -> Any:
    """Return what an iterator (or a dict's view) gives as a list, and anything else as it is; a set has no order."""
    if isinstance(X, (set, frozenset)):
        raise DataError("A set has no order, so its items belong to nothing. Pass a list.")
    return list(cast(Iterable[Any], X)) if isinstance(X, (Iterator, KeysView, ValuesView)) else X


def check_no_columns(kind: str, **columns: Any) -> None:
    """Raise `SettingError` where a column is named, but the data, described by `kind`, are not a table."""
    for name, column in columns.items():
        if column is not None:
            raise SettingError(
                f"{name}={column!r} names a column of a table, but the sequences came as {kind}. Leave it "
                "out" + (", and pass the labels as y." if name == "label" else ", or pass the table.")
            )


def check_lengths(count: int, raw: Raw, what: str) -> None:
    """Raise `DataError` where there are not as many labels as sequences."""
    if count != len(raw):
        raise DataError(f"There are {len(raw):,} sequences, but {count:,} {what}: one is needed for each sequence.")


def sequence_names(raw: Raw) -> np.ndarray:
    """What a table of predictions calls each sequence: its name, or its number where it has none."""
    return np.arange(len(raw)) if raw.names is None else raw.names


def holds_rows(X: Any) -> bool:
    """Tell whether data are a table, or a path to one."""
    if isinstance(X, (str, Path)):
        return Path(X).suffix.lower() != ".ts"
    return not isinstance(X, (list, tuple, Sequences)) and is_table(X)
