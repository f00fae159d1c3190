"""Columns beside the targets: of the past alone, known in advance, fixed for a series, or made of the calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seqwise.data.calendar import calendar_columns
from seqwise.data.columns import ColumnTable, is_number
from seqwise.errors import DataError, SettingError

MOST_CATEGORIES = 50


@dataclass(frozen=True)
class Covariates:
    """What is read beside the targets. The words are those of Darts.

    A column of words, a category, becomes a column of 0 and 1 for each of them, called ``wind=NW``.

    Attributes:
        past: columns of which only the past is known.
        future: columns that are known in advance.
        static: with many series, columns that hold one value for each series.
        calendar: what is made of the time; see `seqwise.data.calendar`.
        categories: the words of each column of words.
    """

    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    calendar: tuple[str, ...] = ()
    categories: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the table."""
        return self.past + self.static + self.future

    @property
    def columns(self) -> list[str]:
        """The columns that they become, those that are known in advance last."""
        return [*self.expanded(self.sources), *calendar_columns(self.calendar)]

    @property
    def known(self) -> int:
        """How many of the last columns are known in advance."""
        return len(self.columns) - len(self.expanded(self.past))

    @property
    def unscaled(self) -> list[str]:
        """The columns of 0 and 1, and of the calendar: they are read as they are."""
        words = [name for name in self.sources if name in self.categories]
        return [*self.expanded(words), *calendar_columns(self.calendar)]

    def expanded(self, names: Sequence[str]) -> list[str]:
        """Return the columns that columns of the table become."""
        return [
            column
            for name in names
            for column in ([f"{name}={word}" for word in self.categories[name]] if name in self.categories else [name])
        ]

    def learned(self, table: ColumnTable) -> Covariates:
        """Return them with the words of those columns that hold words.

        Raises:
            DataError: a column is absent, or holds more than 50 different words.
        """
        categories = {name: words for name in self.sources if (words := words_of(table, name)) is not None}
        for name, words in categories.items():
            if len(words) > MOST_CATEGORIES:
                raise DataError(
                    f"{table.label}: column {name!r} holds {len(words):,} different words; a category has at most "
                    f"{MOST_CATEGORIES}. Leave it out, or group its words."
                )
        return replace(self, categories=categories)

    def values(self, table: ColumnTable, names: Sequence[str], warnings: list[str]) -> np.ndarray:
        """Return what columns of a table become, float64, shape (rows, columns); NaN where a cell is empty.

        Words that were not there when they were learned become 0 in every column; a warning says so.
        """
        parts = [np.empty((len(table), 0))]
        for name in names:
            if name not in self.categories:
                parts.append(table.numbers(name)[:, None])
                continue
            words = self.categories[name]
            place = {word: j for j, word in enumerate(words)}
            cells = _words(table, name)
            coded = np.zeros((len(cells), len(words)))
            known = np.array([-1 if cell is None else place.get(cell, -2) for cell in cells])
            coded[known == -1] = np.nan
            coded[np.flatnonzero(known >= 0), known[known >= 0]] = 1.0
            new = np.flatnonzero(known == -2)
            if new.size:
                row = int(new[0])
                warnings.append(
                    f"{name!r} holds {cells[row]!r} on {table.where(row)}, which was not there in training: "
                    f"{new.size:,} row(s) are read as none of {', '.join(words)}."
                )
            parts.append(coded)
        return np.hstack(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return them as JSON holds them."""
        return {
            "past": list(self.past), "future": list(self.future), "static": list(self.static),
            "calendar": list(self.calendar), "categories": dict(self.categories),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any] | None, columns: Sequence[str] = ()) -> Covariates:
        """Undo `to_dict`; a run of an earlier version has None, and `columns` of the past alone."""
        if saved is None:
            return cls(past=tuple(columns))
        parts = {name: tuple(saved[name]) for name in ("past", "future", "static", "calendar")}
        return cls(**parts, categories=dict(saved["categories"]))

    def check(self, targets: Sequence[str], others: Sequence[str]) -> None:
        """Raise `SettingError` where a column is named twice.

        Args:
            others: the columns of time and series.
        """
        names = [*self.sources, *others]
        for name in names:
            if names.count(name) > 1 or name in targets:
                raise SettingError(
                    f"{name!r} is named twice: target, time, series, past, future and static are different columns."
                )


def words_of(table: ColumnTable, name: str) -> list[str] | None:
    """Return the different words of a column, sorted; None of a column of numbers, in which a word is a mistake."""
    table.check_column(name)
    if name in table.numeric_columns():
        return None
    cells = _words(table, name)
    there = [cell for cell in cells if cell is not None]
    if not there or sum(map(is_number, there)) > len(there) / 2:
        return None
    return sorted(set(there))


def _words(table: ColumnTable, name: str) -> list[str | None]:
    cells = [cell.strip() if isinstance(cell, str) else cell for cell in table.cells(name)]
    if all(cell is None or isinstance(cell, (str, bool)) for cell in cells):
        return [None if cell in (None, "") else str(cell) for cell in cells]
    table.numbers(name)  # raises for dates
    return [None if cell is None else str(cell) for cell in cells]
