"""Pairs of texts for translation, from two lists, a table or a file; and how to split them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from seqwise.data.columns import is_number
from seqwise.data.files import existing_file
from seqwise.data.tables import TableSource, read_table
from seqwise.data.text_files import PARQUET, TABBED, read_texts
from seqwise.data.texts import as_texts, make_texts
from seqwise.errors import DataError, SettingError

PLAIN = (*TABBED, ".txt")  # files without a header line
Column: TypeAlias = str | int | None


@dataclass(frozen=True)
class TextPairs:
    """Texts and their translations; a source may occur several times, with other translations.

    Attributes:
        sources, targets: the texts, never empty; as many targets as sources.
        warnings: what was left out, one sentence each.
        label: the source's name in messages.
        columns: the columns of sources and targets, by name, or by position where there is no header line; None
            without a table.
    """

    sources: list[str]
    targets: list[str]
    warnings: list[str] = field(default_factory=list)
    label: str = "the lists"
    columns: tuple[Column, Column] = (None, None)

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, chosen: np.ndarray) -> TextPairs:
        """Return some of the pairs, in the order of `chosen` (positions, int, shape (pairs,))."""
        sources, targets = ([side[i] for i in chosen] for side in (self.sources, self.targets))
        return TextPairs(sources, targets, label=self.label, columns=self.columns)

    def followed_by(self, other: TextPairs) -> TextPairs:
        """Return these pairs and then the other ones."""
        return replace(
            self,
            sources=[*self.sources, *other.sources],
            targets=[*self.targets, *other.targets],
            warnings=[*self.warnings, *(f"Validation data: {text}" for text in other.warnings)],
        )

    def grouped(self) -> tuple[list[str], list[list[str]]]:
        """Return each distinct source once, in their order, and all of its translations."""
        translations: dict[str, list[str]] = {}
        for source, target in zip(self.sources, self.targets, strict=True):
            translations.setdefault(source, []).append(target)
        return list(translations), list(translations.values())


def read_pairs(
    sources: TableSource, targets: Iterable[Any] | None = None, *, source: Column = None, target: Column = None
) -> TextPairs:
    """Read pairs of texts. Pairs with an empty side (blank, missing in a table) are left out, with a warning.

    Args:
        sources: a list of texts, with `targets`; or a table of pairs: a path (tab-separated .tsv or .txt without a
            header line; CSV; Parquet) or a pandas, polars or pyarrow table.
        targets: their translations, in the same order.
        source, target: a table's columns by name, or in a file without a header line by position from 0. By default
            the columns of a table that has exactly two, and the first two of a .tsv or .txt file.

    Raises:
        DataError: the lists' lengths differ, an item is not a text, no pair is left, or the file is missing, empty or
            not UTF-8; names the position, or file and line.
        SettingError: the columns are ambiguous.

    Example:
        >>> read_pairs(["Go.", "Run!", "Go."], ["Va !", "Cours !", "Allez !"]).grouped()
        (['Go.', 'Run!'], [['Va !', 'Allez !'], ['Cours !']])
    """
    label, columns = "the lists", (None, None)
    if targets is None:
        sources, targets, label, columns = _from_table(sources, source, target)
    elif source is not None or target is not None:
        raise SettingError("source= and target= name columns of a table, but lists were passed. Leave them out.")
    left, right = _as_side(sources, "source"), _as_side(targets, "target")
    if len(left) != len(right):
        raise DataError(
            f"There are {len(left):,} source texts but {len(right):,} target texts. Each source needs its target; "
            "repeat a source for each of its translations."
        )
    complete = [i for i, pair in enumerate(zip(left, right, strict=True)) if all(text.strip() for text in pair)]
    warnings = []
    if len(complete) < len(left):
        first = min(set(range(len(left))).difference(complete))
        warnings.append(
            f"{len(left) - len(complete):,} of {len(left):,} pairs have an empty side, first pair {first}: left out."
        )
    if not complete:
        raise DataError(f"No pair of {label} has two texts. Pass at least one source with its target.")
    if all(is_number(left[i]) and is_number(right[i]) for i in complete):
        warnings.append(
            f"Each pair of {label} is of two numbers, and they are learned as texts. Were other columns meant? A "
            "Forecaster, Regressor or Classifier learns numbers."
        )
    return TextPairs([left[i] for i in complete], [right[i] for i in complete], warnings, label, columns)


def _as_side(texts: object, side: str) -> list[str]:
    try:
        return as_texts(texts)
    except DataError as error:
        raise DataError(f"The {side} texts: {error}") from None


def split_pairs(sources: list[str], *, validation: float, test: float, seed: int) -> dict[str, np.ndarray]:
    """Return the pairs of each part (positions, ascending): ``"train"``, ``"validation"``, ``"test"``.

    The shares count distinct sources: all translations of a text fall in one part, and so do texts that differ only in
    case, white space or the composition of their characters, which are equal to a model. A share that rounds to 0
    takes one source if at least two remain for training.
    """
    distinct, group = np.unique(np.array([_bare(text) for text in sources], dtype=object), return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(distinct))
    tests, validations = round(test * len(distinct)), round(validation * len(distinct))
    tests += test > 0 and not tests and len(distinct) - validations > 2
    validations += validation > 0 and not validations and len(distinct) - tests > 2
    part = np.zeros(len(distinct), np.int8)
    part[order[:tests]], part[order[tests : tests + validations]] = 2, 1
    split = {name: np.flatnonzero(part[group] == i) for i, name in enumerate(("train", "validation", "test"))}
    if not len(split["train"]):
        raise DataError(
            f"The {len(distinct):,} distinct source text(s) leave none to train on besides validation={validation} and "
            f"test={test}. Bring more pairs, or hold back less: validation=0, test=0."
        )
    return split


def _bare(text: str) -> str:
    """Return a text without what `split_pairs` ignores."""
    return "".join(unicodedata.normalize("NFC", text).lower().split())


def _from_table(
    table: TableSource, source: Column, target: Column
) -> tuple[list[str], list[str], str, tuple[Column, Column]]:
    if isinstance(table, (list, tuple)):
        raise SettingError("There are no target texts. Pass two lists, fit(sources, targets), or a table of pairs.")
    if (source is None) != (target is None):
        raise SettingError(f"source={source!r} and target={target!r}: name both columns, or neither.")
    if source is not None and source == target:
        raise SettingError(f"source={source!r} is the target, too: name the column of the translations, target='…'.")
    if isinstance(table, (str, Path)):
        path = existing_file(Path(table), "text")
        suffix = path.suffix.lower()
        if source is None and suffix in PLAIN:
            source, target = 0, 1
        if source is None and suffix in (*PARQUET, ".csv"):
            source, target = _two_columns(read_table(path).columns, path.name)
        if source is not None:
            sources, targets = (read_texts(path, column=column, encoding=None) for column in (source, target))
            return sources, targets, path.name, (source, target)
        raise SettingError(f"{path.name}: name the columns of the pairs, source='…', target='…'.")
    pairs = read_table(table)
    if source is None:
        source, target = _two_columns(pairs.columns, pairs.label)
    sources, targets = (make_texts(pairs, text=str(column)).values.tolist() for column in (source, target))
    return sources, targets, pairs.label, (source, target)


def _two_columns(columns: list[str], label: str) -> tuple[str, str]:
    if len(columns) != 2:
        raise SettingError(
            f"{label} has {len(columns)} columns: {columns}. Name those of the pairs: source='…', target='…'."
        )
    return columns[0], columns[1]
