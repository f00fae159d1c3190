"""What all tables have in common, whatever holds them: named columns, rows that a message can point at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from seqwise.errors import DataError, SettingError, nearest

# a column, several, or none; NumPy's columns have numbers
Columns: TypeAlias = str | int | Iterable[str | int] | None

LONGEST_WORD = 16  # characters, up to which NumPy's text, of 4 bytes each, takes less room than Python's
ROWS = 100_000  # of a column, that are Python's texts at once
NULL_WORDS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-"]


class Words(Protocol):
    """A column of texts: a list, or a Series of polars, which takes less memory."""

    def __getitem__(self, row: int, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def __len__(self) -> int: ...


class ColumnTable(ABC):
    """A table with named columns, the kind of object it came from and what messages call it.

    Attributes:
        kind: ``"polars"``, ``"pandas"``, ``"pyarrow"``, ``"numpy"`` or ``"rows"``; forecasts are returned in the same
            kind.
        label: the file's name, or the kind, for messages.
        first_line: number of the first row's line in the text file; None where there is no file.
        index: name of the column that was a pandas DatetimeIndex, if there was one.
    """

    kind: str
    label: str
    first_line: int | None
    index: str | None

    @property
    @abstractmethod
    def columns(self) -> list[str]:
        """The columns' names."""

    @abstractmethod
    def __len__(self) -> int:
        """Rows."""

    @abstractmethod
    def numeric_columns(self) -> list[str]:
        """Return the names of the columns of numbers."""

    @abstractmethod
    def cells(self, name: str) -> list[Any]:
        """Return the cells of a column, None where one is missing; raise `DataError` where there is no such column."""

    @abstractmethod
    def labels(self, name: str) -> np.ndarray:
        """Return a column of labels as it is, shape (rows,).

        Raises:
            DataError: a label is missing; names the row.
        """

    @abstractmethod
    def grouped(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows of each group of a column, in the order in which the groups first appear.

        Returns:
            the rows, one group after another, int64, shape (rows,); how many each group has, int64, shape (groups,);
            and the groups' names, shape (groups,).

        Raises:
            DataError: the group of a row is empty; names the row.
        """

    def together(self, name: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Return what `grouped` does without the rows where the rows of each group lie together already; else None.

        Of a large table it takes little memory.

        Raises:
            DataError: the group of a row is empty; names the row.
        """
        return None

    @abstractmethod
    def times(self, names: str | list[str], *, fractions: bool = False) -> np.ndarray:
        """Return a time column, shape (rows,): datetime64[us] in UTC, or int64 for a numbered series.

        Args:
            names: a column of dates, of text in a common format, or of whole numbers; or several columns that
                together make a date (year, month, day and so on, in this order).
            fractions: accept fractional numbers, too, and return float64: they sort rows, but count no steps.

        Raises:
            DataError: a value is missing or not a date; names the row and the value.
        """

    @abstractmethod
    def time_zone(self, names: str | list[str]) -> str | None:
        """Return the zone of a time column, as `seqwise.data.time_zones.zone_name` writes it; None where it has none.

        Args:
            names: as for `times`, which has read them without an error.

        Raises:
            DataError: two rows have different zones, or the zone is not known; names the rows.
        """

    @abstractmethod
    def _values(self, name: str) -> np.ndarray:
        """Return a column as float64, missing values as NaN; see `numbers`."""

    def where(self, row: int) -> str:
        """Name a row (0-based) as the user sees it: the file's line, or the table's row."""
        return f"row {row}" if self.first_line is None else f"line {row + self.first_line}"

    def check_column(self, name: str) -> None:
        """Raise `DataError`, with the nearest name, unless there is a column `name`."""
        if name not in self.columns:
            raise DataError(f"{self.label} has no column {name!r}.{nearest(name, self.columns)}")

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as float64, shape (rows,), missing values as NaN.

        Raises:
            DataError: the column holds text that is not a number, dates, or infinity; names the first one.
        """
        self.check_column(name)
        values = self._values(name)
        infinite = np.flatnonzero(np.isinf(values))
        if infinite.size:
            raise DataError(
                f"{self.label}: column {name!r} is infinite on {self.where(infinite[0])} "
                f"({infinite.size} value(s)). Replace infinity by an empty cell (missing) or a number."
            )
        return values

    def shared_numbers(self, name: str) -> np.ndarray:
        """Return what `numbers` does, not to be written to: where the table cannot change it may be its own memory."""
        return self.numbers(name)

    def texts(self, name: str, expected: str = "texts") -> list[str]:
        """Return a column of text, one item a row; an empty cell is an empty text.

        Args:
            expected: what the column should hold, for the message.

        Raises:
            DataError: a cell holds something else; names the first row.
        """
        values = ["" if is_missing(value) else value for value in self.cells(name)]
        for row, value in enumerate(values):
            if not isinstance(value, str):
                raise DataError(
                    f"{self.label}: column {name!r} holds {type(value).__name__}, {value!r}, on {self.where(row)}; "
                    f"expected {expected}."
                )
        return values

    def own_numbers(self, name: str) -> np.ndarray:
        """Return a column in its own dtype where it holds whole numbers without gaps, else as `numbers` does."""
        return self.numbers(name)

    def empty_label(self, name: str, row: int) -> DataError:
        """The error of a label that is missing on a row."""
        return DataError(f"{self.label}: the label {name!r} is empty on {self.where(row)}.")

    def empty_group(self, name: str, rows: Sequence[int]) -> DataError:
        """The error of a column that names the sequences and is empty on some rows."""
        return DataError(
            f"{self.label}: {name!r}, which names the sequence, is empty on {self.where(int(rows[0]))} "
            f"({len(rows):,} row(s)). Name the sequence, or leave the row out."
        )

    def dates_for_numbers(self, name: str) -> DataError:
        """The error of a column of dates where numbers are needed."""
        return DataError(
            f"{self.label}: column {name!r} holds dates, but a target or feature must be numeric. "
            f"Pass it as time={name!r}, or leave it out."
        )

    def text_for_numbers(self, name: str, words: Words, bad: Words) -> DataError:
        """The error of a column of which the rows `bad` hold text that is not a number."""
        row = int(bad[0])
        share = f"{len(bad):,} of {len(words):,} values"
        fix = (
            f"Correct {'it' if len(bad) == 1 else 'them'} or leave the cell empty (missing)."
            if len(bad) < len(words) / 2
            else f"Leave {name!r} out of features, or encode it as numbers "
            f"(pandas: pd.get_dummies(df, columns=[{name!r}]))."
        )
        return DataError(
            f"{self.label}: column {name!r} must be numeric but holds text: {words[row]!r} on "
            f"{self.where(row)} ({share}). {fix}"
        )


def columns_of_array(array: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns of an array, called ``"0"``, ``"1"``, ….

    Args:
        array: shape (rows,) or (rows, columns).

    Raises:
        DataError: it has other axes, no rows, or holds no numbers.
    """
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise DataError(
            f"Expected an array of shape (rows, columns), got {array.shape}. A series is one row a timestep: "
            "Seqwise cuts the (samples, timesteps, features) windows itself. If the windows are already cut, "
            "join them: array.reshape(-1, features)."
        )
    if array.shape[0] == 0:
        raise DataError(f"The array has no rows: its shape is {array.shape}.")
    if array.dtype.kind not in "fiub":
        raise DataError(f"The array holds {array.dtype}, expected numbers: array.astype(float).")
    if array.dtype.kind == "b":  # as those of sequences are, truths are numbers
        array = array.astype(np.float64)
    if isinstance(array, np.ma.MaskedArray):  # what is masked is missing
        array = np.ma.filled(array.astype(np.float64), np.nan)
    return {str(i): array[:, i] for i in range(array.shape[1])}


def stack_labels(columns: list[np.ndarray]) -> np.ndarray | None:
    """Stack columns of labels: shape (rows,) for one, (rows, columns) for several; None if there are no columns."""
    if len({column.dtype.kind for column in columns}) > 1:  # NumPy would make text of numbers beside text
        columns = [column.astype(object) for column in columns]
    return np.stack(columns, axis=1) if len(columns) > 1 else columns[0] if columns else None


def array_of_words(words: list[str]) -> np.ndarray:
    """Return words as an array, shape (words,), in the way that takes less room: as NumPy's own text, or as objects."""
    if max(map(len, words), default=0) > LONGEST_WORD or any(word.endswith("\0") for word in words):  # NumPy drops it
        array = np.empty(len(words), dtype=object)
        array[:] = words
        return array
    return np.array(words, dtype=str)


def is_missing(value: Any) -> bool:
    """Tell whether an item of a column is a missing value: None, NaN, what a NumPy mask hides, or pandas' own."""
    try:
        return value is None or value is np.ma.masked or bool(value != value)
    except (TypeError, ValueError):  # pandas.NA has no truth value; an array has several
        return not hasattr(value, "__len__")


def is_number(word: str) -> bool:
    """Tell whether Python reads a word as a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def refuse_masked(values: Any, what: str, where: Callable[[int], str]) -> None:
    """Raise `DataError` where a NumPy mask hides a value, which would be read all the same.

    Args:
        what: the values are, one for each sequence: ``"label"``. where: names a sequence by its number.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        hidden = np.argwhere(np.ma.getmaskarray(values))
        raise DataError(
            f"The {what} of {where(int(hidden[0][0]))} is masked ({len(hidden):,} such value(s) in all). Fill it in, "
            "or leave the sequence out."
        )


def as_column_names(value: Columns, what: str) -> list[str]:
    """Return column names as a list of text.

    Args:
        what: the argument that they came by, for the message.

    Raises:
        SettingError: a name occurs twice.
    """
    if value is None:
        return []
    items = [value] if isinstance(value, (str, int, np.integer)) else list(value)
    names = [str(item) for item in items]
    repeated = sorted(name for name in names if names.count(name) > 1)
    if repeated:
        raise SettingError(f"{what} names {repeated[0]!r} twice; name each column once.")
    return names
