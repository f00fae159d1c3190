"""Pairs of texts, as a translator learns from them: from two lists, a table or a file; and their parts."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.data.files import existing_file
from seqwise.data.tables import read_table
from seqwise.data.text_files import PARQUET, TABBED, read_texts
from seqwise.data.texts import as_texts, make_texts
from seqwise.errors import DataError, SettingError

PLAIN = (*TABBED, ".txt")  # files without a header line
Column = str | int | None


@dataclass(frozen=True)
class TextPairs:
    """Texts and their translations; a source may occur several times, with other translations.

    Attributes:
        sources, targets: shape (pairs,), none of them empty.
        notes: what was left out, one sentence each.
        label: what to call where they came from.
        columns: those of the sources and of the targets, by name, or by position where there is no header line; None
            where there was no table.
    """

    sources: list[str]
    targets: list[str]
    notes: list[str] = field(default_factory=list)
    label: str = "the lists"
    columns: tuple[Column, Column] = (None, None)

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, chosen: np.ndarray) -> TextPairs:
        """Return some of the pairs (positions, int)."""
        sources, targets = ([side[i] for i in chosen] for side in (self.sources, self.targets))
        return TextPairs(sources, targets, label=self.label, columns=self.columns)

    def grouped(self) -> tuple[list[str], list[list[str]]]:
        """Return each distinct source once, in their order, and all of its translations."""
        found: dict[str, list[str]] = {}
        for source, target in zip(self.sources, self.targets, strict=True):
            found.setdefault(source, []).append(target)
        return list(found), list(found.values())


def read_pairs(sources: Any, targets: Any = None, *, source: Column = None, target: Column = None) -> TextPairs:
    """Read pairs of texts. A pair of which a side is empty (blank, missing in a table) is left out, and noted.

    Args:
        sources: a list of texts, with `targets`; or a table of pairs: a path (tab-separated .tsv or .txt without a
            header line; CSV; Parquet) or a pandas, polars or pyarrow table.
        targets: their translations, in the same order.
        source, target: of a table: the columns' names, or in a file without a header line their positions from 0.
            Left out: the two columns of a table that has no more; the first two of a .tsv or .txt file.

    Raises:
        DataError: the lists' lengths differ, something is no text, no pair is left, or the file is missing, empty or
            not UTF-8; names the position, or file and line.
        SettingError: the columns are not clear.

    Example:
        >>> read_pairs(["Go.", "Run!", "Go."], ["Va !", "Cours !", "Allez !"]).grouped()
        (['Go.', 'Run!'], [['Va !', 'Allez !'], ['Cours !']])
    """
    label, columns = "the lists", (None, None)
    if targets is None:
        sources, targets, label, columns = _from_table(sources, source, target)
    elif source is not None or target is not None:
        raise SettingError("source= and target= name columns of a table, but lists were passed. Leave them out.")
    read = []
    for side, texts in (("source", sources), ("target", targets)):
        try:
            read.append(as_texts(texts))
        except DataError as error:
            raise DataError(f"The {side} texts: {error}") from None
    if len(read[0]) != len(read[1]):
        raise DataError(
            f"There are {len(read[0]):,} source texts but {len(read[1]):,} target texts. Each source needs its target "
            "beside it; a source with several translations is repeated."
        )
    kept = [i for i, pair in enumerate(zip(*read, strict=True)) if all(text.strip() for text in pair)]
    notes = []
    if len(kept) < len(read[0]):
        first = next(i for i in range(len(read[0])) if i >= len(kept) or kept[i] != i)
        notes.append(
            f"{len(read[0]) - len(kept):,} of {len(read[0]):,} pairs have an empty side, first pair {first}: left out."
        )
    if not kept:
        raise DataError(f"No pair of {label} has two texts. Pass at least one source with its target.")
    return TextPairs([read[0][i] for i in kept], [read[1][i] for i in kept], notes, label, columns)


def split_pairs(sources: list[str], *, validation: float, test: float, seed: int) -> dict[str, np.ndarray]:
    """Return the pairs of each part (positions, ascending): ``"train"``, ``"validation"``, ``"test"``.

    Shares are of the distinct sources: all translations of a text are in one part, and so are texts that differ in
    case, white space or the composition of their characters alone, which are the same to a model. A share that rounds
    to none takes one where two are left to train on.
    """
    distinct, group = np.unique(np.array([_bare(text) for text in sources], dtype=object), return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(distinct))
    held, watched = round(test * len(distinct)), round(validation * len(distinct))
    held += test > 0 and not held and len(distinct) - watched > 2
    watched += held + (validation > 0 and not watched and len(distinct) - held > 2)
    part = np.empty(len(distinct), np.int8)
    part[order[:held]], part[order[held:watched]], part[order[watched:]] = 2, 1, 0
    found = {name: np.flatnonzero(part[group] == i) for i, name in enumerate(("train", "validation", "test"))}
    if not len(found["train"]):
        raise DataError(
            f"The {len(distinct):,} distinct source text(s) leave none to train on beside validation={validation} and "
            f"test={test}. Bring more pairs, or hold back less: validation=0, test=0."
        )
    return found


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).lower().split())


def _from_table(table: Any, source: Any, target: Any) -> tuple[Any, Any, str, tuple[Column, Column]]:
    if isinstance(table, (list, tuple)):
        raise SettingError("There are no target texts. Pass two lists, fit(sources, targets), or a table of pairs.")
    if (source is None) != (target is None):
        raise SettingError(f"source={source!r} and target={target!r}: name both columns, or neither.")
    if isinstance(table, (str, Path)):
        path = existing_file(Path(table).expanduser(), "text")
        suffix = path.suffix.lower()
        if source is None and suffix in PLAIN:
            source, target = 0, 1
        if source is None and suffix in (*PARQUET, ".csv"):
            source, target = _two_columns(read_table(path).columns, path.name)
        if source is not None:
            sources, targets = (read_texts(path, column=column, encoding=None) for column in (source, target))
            return sources, targets, path.name, (source, target)
        raise SettingError(f"{path.name}: name the columns of the pairs, source='…', target='…'.")
    read = read_table(table)
    if source is None:
        source, target = _two_columns(read.columns, read.label)
    sources, targets = (make_texts(read, text=column).values.tolist() for column in (source, target))
    return sources, targets, read.label, (source, target)


def _two_columns(columns: list[str], label: str) -> tuple[str, str]:
    if len(columns) != 2:
        raise SettingError(
            f"{label} has {len(columns)} columns: {columns}. Name those of the pairs: source='…', target='…'."
        )
    return columns[0], columns[1]
