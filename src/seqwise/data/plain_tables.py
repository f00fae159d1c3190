"""Tables without a table library: arrays, lists of rows, and text files, read with NumPy and Python alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from seqwise.data.columns import NULL_WORDS, ColumnTable, columns_of_array, is_missing
from seqwise.data.dates import check_clock, check_years, dates_from_parts, dates_from_text, refuse_times, whole_times
from seqwise.data.files import check_header, existing_file, records, separated_text
from seqwise.data.sequences import object_array
from seqwise.data.time_index import MICROSECOND
from seqwise.data.time_zones import time_zone, zone_name, zone_of, zone_of_texts
from seqwise.errors import DataError

# what `read_plain_table` takes
PlainSource: TypeAlias = "PlainTable | str | Path | np.ndarray | Iterable[Any]"

TEXT_FILES = (".csv", ".tsv", ".txt")
WHOLE, BOOLEAN = re.compile(r"-?\d+"), re.compile("true|false", re.IGNORECASE)
CLOCK = r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?([Zz]|[+-]\d{2}(?::?\d{2})?)?)?"
YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + CLOCK)
DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})" + CLOCK)
BLOCK = 200_000  # cells of a file that are words at once
MOST_NAMES = 10_000  # of a column, that are looked up
LONGEST = 20  # digits and sign of a number that 64 bits hold
Cells: TypeAlias = "np.ndarray | list[Any]"


class PlainTable(ColumnTable):
    """A table as arrays and lists.

    Args:
        content: the columns by name, of equal length: an array of numbers, or a list of whatever the cells hold.
        kind: ``"numpy"`` or ``"rows"``. label, first_line: see `ColumnTable`.
    """

    index = None

    def __init__(self, content: dict[str, Cells], kind: str, label: str, first_line: int | None = None) -> None:
        self.content, self.kind, self.label, self.first_line = content, kind, label, first_line

    @property
    def columns(self) -> list[str]:
        return list(self.content)

    def __len__(self) -> int:
        return len(next(iter(self.content.values())))

    def cells(self, name: str) -> list[Any]:
        self.check_column(name)
        return [None if is_missing(cell) else cell for cell in self.content[name]]

    def numeric_columns(self) -> list[str]:
        return [name for name, cells in self.content.items() if isinstance(cells, np.ndarray) or _all_numbers(cells)]

    def labels(self, name: str) -> np.ndarray:
        cells = self.cells(name)
        missing = next((row for row, cell in enumerate(cells) if cell is None), None)
        if missing is not None:
            raise self.empty_label(name, missing)
        return np.array(cells)

    def grouped(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        cells = self.cells(name)
        empty = [row for row, cell in enumerate(cells) if cell is None]
        if empty:
            raise self.empty_group(name, empty)
        groups: dict[Any, list[int]] = {}
        for row, cell in enumerate(cells):
            groups.setdefault(cell, []).append(row)
        rows = np.array([row for group in groups.values() for row in group], dtype=np.int64)
        return rows, np.array([len(group) for group in groups.values()], dtype=np.int64), object_array(list(groups))

    def times(self, names: str | list[str], *, fractions: bool = False) -> np.ndarray:
        if isinstance(names, list):
            if len(names) > 1:
                return dates_from_parts(self, names)
            names = names[0]
        name, cells = names, self.cells(names)
        refuse_times(self, name, np.array([cell is None for cell in cells]), "is empty")
        if isinstance(self.content[name], np.ndarray) or _all_numbers(cells):
            return whole_times(self, name, np.asarray(cells), fractions=fractions)
        if all(isinstance(cell, (date, np.datetime64)) for cell in cells):
            times = np.array([_as_datetime64(cell) for cell in cells])
            check_years(self, name, times)
            check_clock(self, name, times)
            return times
        words = [str(cell).strip() for cell in cells]
        return dates_from_text(self, name, words, partial(_parse, words))

    def time_zone(self, names: str | list[str]) -> str | None:
        if isinstance(names, list) and len(names) > 1:
            return None
        name = names if isinstance(names, str) else names[0]
        cells = self.cells(name)
        if isinstance(self.content[name], np.ndarray) or _all_numbers(cells):
            return None
        if all(isinstance(cell, (date, np.datetime64)) for cell in cells):
            return zone_of(self, name, [_zone_of_cell(cell) for cell in cells])
        return zone_of_texts(self, name, [str(cell).strip() for cell in cells], lambda: self.times(name))

    def _values(self, name: str) -> np.ndarray:
        cells = self.content[name]
        if isinstance(cells, np.ndarray):
            return cells.astype(np.float64)
        values, words, bad = np.full(len(cells), np.nan), self.cells(name), []
        for row, cell in enumerate(words):
            if isinstance(cell, (date, np.datetime64)):
                raise self.dates_for_numbers(name)
            word = cell.strip() if isinstance(cell, str) else cell
            if word is None or word in NULL_WORDS:
                continue
            words[row] = word
            number = _number(word)
            if number is None:
                bad.append(row)
            else:
                values[row] = number
        if bad:
            raise self.text_for_numbers(name, words, bad)
        return values


def read_plain_table(source: PlainSource, *, text: str | None = None) -> PlainTable:
    """Read a table with NumPy alone.

    Args:
        source: an array, shape (rows,) or (rows, columns), whose columns are called ``"0"``, ``"1"``, …; a list of
            rows, each a mapping from column to cell (None, or left out, where a value is missing); or the path of a
            ``.csv``, ``.tsv`` or ``.txt`` file.
        text: in a file, a column to read as it is written, so that "NA", "-" and "007" stay text.

    Raises:
        DataError: it is none of these, is empty, or cannot be read.
    """
    if isinstance(source, PlainTable):
        return source
    if isinstance(source, (str, Path)):
        return _read_file(Path(source), text)
    if isinstance(source, np.ndarray):
        return PlainTable(dict(columns_of_array(source)), "numpy", "the array")
    if isinstance(source, (list, tuple)):
        rows: Sequence[Any] = source
        if rows and isinstance(rows[0], Mapping):
            return _from_rows(rows)
        try:
            array = np.asarray(rows)
        except ValueError:
            raise DataError("The list's rows differ in length; a table needs the same columns in each row.") from None
        return PlainTable(dict(columns_of_array(array)), "numpy", "the array")
    raise DataError(
        f"Without polars, a table cannot be read from {type(source).__name__}. Expected an array of shape (rows, "
        "columns), a list of rows (pandas: table.to_dict('records'), polars: table.to_dicts()), or the path of a CSV "
        "file."
    )


def _from_rows(rows: Sequence[Any]) -> PlainTable:
    for i, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise DataError(f"Row {i} is {type(row).__name__}; expected a mapping from column to cell, as row 0 is.")
    names = dict.fromkeys(name for row in rows for name in row)
    return PlainTable({str(name): [row.get(name) for row in rows] for name in names}, "rows", "the list of rows")


def _read_file(path: Path, plain: str | None) -> PlainTable:
    path = existing_file(path, "CSV")
    if path.suffix.lower() not in TEXT_FILES:
        raise DataError(
            f"{path.name}: without polars, Seqwise reads .csv, .tsv and .txt files, and got "
            f"{repr(path.suffix) if path.suffix else 'none of them'}."
        )
    text, separator = separated_text(path.read_bytes(), path.name)
    text = text.rstrip("\r\n")
    if not text:
        raise DataError(f"{path.name} is empty (0 bytes). Export it again, with a header line and one row a timestep.")
    names = next(records(text, separator, path.name))
    check_header(names, path.name)
    columns = [_Column(typed=name != plain) for name in names]
    height = 0
    for words in _blocks(text, separator, path.name):
        height += len(words[0])
        for column, part in zip(columns, words, strict=True):
            column.add(part)
    if not height:
        raise DataError(f"{path.name} has a header ({', '.join(names[:6])}) but no rows.")
    mixed = [j for j, column in enumerate(columns) if column.mixed]
    for words in _blocks(text, separator, path.name) if mixed else ():
        for j in mixed:
            columns[j].words += words[j]
    first_line = 2 if '"' not in text or text.count("\n") == height else None
    del text
    content = {name: column.cells() for name, column in zip(names, columns, strict=True)}
    return PlainTable(content, "rows", path.name, first_line)


def _blocks(text: str, separator: str, name: str) -> Iterator[list[list[str]]]:
    """Return the words of each column, for a number of rows at a time; a short row ends in empty cells."""
    rows = records(text, separator, name)
    width = len(next(rows))
    while block := list(islice(rows, max(BLOCK // max(width, 1), 1))):
        yield [[row[j] if j < len(row) else "" for row in block] for j in range(width)]


class _Column:
    """A text file's column, read part by part: a word takes ten times the room of its number.

    Args:
        typed: whether words become what `_typed` makes of the whole column; else they stay as they are.

    Attributes:
        mixed: the parts are of several kinds, so that `words` must be collected.
    """

    def __init__(self, typed: bool) -> None:
        self.typed = typed
        self.kind: type[Any] = type(None)  # of the cells; None's where all are missing
        self.mixed = False
        self.words: list[str] = []
        self._parts: list[Cells] = []
        self._seen: dict[str, str] = {}

    def add(self, words: list[str]) -> None:
        if self.mixed:
            return
        cells = _typed(words) if self.typed else words
        kind = type(next((cell for cell in cells if cell is not None), None))
        kind = float if isinstance(cells, np.ndarray) else kind
        if kind is not type(None):
            self.mixed = self.kind not in (kind, type(None))
            self.kind = kind
        if kind is str:  # names are repeated, and each would be an object of its own
            cells = [word if len(self._seen) >= MOST_NAMES else self._seen.setdefault(word, word) for word in cells]
        self._parts = [] if self.mixed else [*self._parts, cells]

    def cells(self) -> Cells:
        if self.mixed:
            return _typed(self.words)
        if self.kind is float:
            return np.concatenate(
                [np.array(part, np.float64) if isinstance(part, list) else part for part in self._parts]
            )
        return list(chain.from_iterable(self._parts))


def _typed(words: list[str]) -> Cells:
    """Return a text file's column as an array where all of its words are numbers, else as text; None where empty."""
    cells = [None if word in NULL_WORDS else word for word in words]
    filled = [word for word in cells if word is not None]
    if filled and all(map(BOOLEAN.fullmatch, filled)):
        return [None if word is None else word.lower() == "true" for word in cells]
    whole = bool(filled) and all(map(WHOLE.fullmatch, filled))
    if whole and any(len(word) > LONGEST or abs(int(word)) >= 2**63 for word in filled):
        return cells  # names: as numbers they would lose the last digits, by which they differ
    if whole and len(filled) == len(cells):
        return np.array([int(word) for word in filled])
    # white space around a number makes the column text, as it does for polars
    numbers = [np.nan if word is None else None if word != word.strip() else _number(word) for word in cells]
    if filled and all(number is not None for number in numbers):
        return np.array(numbers, dtype=np.float64)
    return cells


def _number(word: Any) -> float | None:
    if isinstance(word, str) and "_" in word:  # Python's own way to write 1_000
        return None
    try:
        return float(word)
    except (TypeError, ValueError):
        return None


def _all_numbers(cells: Sequence[Any]) -> bool:
    """Tell whether cells are numbers, as far as they are not missing; True and False are none."""
    numbers = [isinstance(c, (int, float, np.number)) and not isinstance(c, bool) for c in cells if c is not None]
    return bool(numbers) and all(numbers)


def _zone_of_cell(cell: Any) -> str | None:
    if not isinstance(cell, datetime) or cell.tzinfo is None:
        return None
    return getattr(cell.tzinfo, "key", None) or cell.strftime("%z")


def _as_datetime64(cell: Any) -> np.datetime64:
    if isinstance(cell, datetime) and cell.tzinfo is not None:
        return np.datetime64(cell.replace(tzinfo=None), "us") - np.timedelta64(cell.utcoffset() or timedelta(), "us")
    return np.datetime64(cell, "us")


def _parse(words: list[str], form: str | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Read dates by a format; see `seqwise.data.dates.Parse`."""
    parse = _parser(words[0]) if form is None else partial(_by_format, form)
    if parse is None:
        return None
    times = [parse(word) for word in words]
    bad = np.array([row for row, time in enumerate(times) if time is None], dtype=np.int64)
    return np.array([np.datetime64(0, "us") if time is None else time for time in times], dtype=MICROSECOND), bad


def _parser(first: str) -> Callable[[str], np.datetime64 | None] | None:
    """Return what reads dates that are written as the first of them is; None where its form is unknown."""
    for pattern, year in ((YEAR_FIRST, 0), (DAY_FIRST, 2)):
        parse = partial(_by_pattern, pattern, year)
        if parse(first) is not None:
            return parse
    return None


def _by_pattern(pattern: re.Pattern[str], year: int, word: str) -> np.datetime64 | None:
    match = pattern.fullmatch(word)
    if match is None:
        return None
    *day, hour, minute, second, fraction, zone = match.groups()
    numbers = [int(day[year]), int(day[1]), int(day[2 - year]), *(int(part or 0) for part in (hour, minute, second))]
    try:
        time = datetime(*numbers, int((fraction or "").ljust(6, "0")[:6]))  # type: ignore[arg-type]
        return _as_datetime64(time if zone is None else time.replace(tzinfo=time_zone(zone_name(zone))))
    except ValueError:  # 30 February, +99:00
        return None


def _by_format(form: str, word: str) -> np.datetime64 | None:
    try:
        return np.datetime64(datetime.strptime(word, form), "us")
    except ValueError:
        return None
