"""The `.ts` text format of the UEA and UCR archives: one labelled sequence on each line.

After a header of ``@name value`` lines and ``@data``, a line holds the dimensions of one sequence, separated by colons,
the values of each separated by commas, and the label last (as described by aeon and sktime).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.data.columns import array_of_words
from seqwise.data.files import decoded, existing_file, lines_of
from seqwise.data.sequences import Sequences
from seqwise.errors import DataError, as_path

FLAGS = {"true": True, "false": False}
CASES = 10_000  # that are arrays of their own at once
CHARACTERS = 200_000  # of a line, that are split at once


@dataclass
class _Header:
    labelled: bool = False
    regression: bool = False
    classes: list[str] = field(default_factory=list)
    dimensions: int | None = None


def read_ts(path: str | Path) -> Sequences:
    """Read a `.ts` file.

    Returns:
        sequences, float64, with features ``"0"``, ``"1"``, …; `labels` holds the classes as text, or the targets as
        float64 where the file has ``@targetLabel true``, or is None.

    Raises:
        DataError: there is no such file, or a line cannot be read; names the line, the dimension and the step.
    """
    path = existing_file(as_path(path, "a .ts file"), ".ts")
    lines = enumerate(lines_of(decoded(path.read_bytes(), path.name)), 1)
    header = _read_header(lines, path.name)
    parts: list[_Part] = []
    while cases := list(islice(_cases(lines, header, path.name), CASES)):
        parts.append(_joined(cases, header))
    if not parts:
        raise DataError(f"{path.name} has no sequence after @data.")
    return Sequences(
        _concatenated([part.values for part in parts]),
        _concatenated([part.lengths for part in parts]),
        [str(j) for j in range(parts[0].values.shape[1])],
        _concatenated([part.labels for part in parts]) if header.labelled else None,
        None,
        path.name,
    )


def _cases(
    lines: Iterable[tuple[int, str]], header: _Header, name: str
) -> Iterator[tuple[np.ndarray, str | float | None]]:
    """Return each line's sequence, shape (timesteps, features), and its label."""
    for number, line in lines:
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        where = f"{name}, line {number}"
        label = None
        dimensions = line.count(":") + 1
        if header.labelled:
            line, _, last = line.rpartition(":")
            label = _read_label(last.strip(), header, where)
            dimensions -= 1
        if header.dimensions is None:
            header.dimensions = max(dimensions, 1)
        if dimensions != header.dimensions:
            raise DataError(
                f"{where} has {dimensions} dimension(s), expected {header.dimensions}: one for each feature, separated "
                "by colons" + (", and the label last." if header.labelled else ".")
            )
        yield _read_case(line, where), label


@dataclass
class _Part:
    """Several sequences: a small array for each would take many times the room of its line."""

    values: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray


def _joined(cases: list[tuple[np.ndarray, Any]], header: _Header) -> _Part:
    labels: list[Any] = [label for _, label in cases]
    return _Part(
        _concatenated([array for array, _ in cases]),
        np.array([len(array) for array, _ in cases], dtype=np.int64),
        np.array(labels, dtype=np.float64) if header.regression or not header.labelled else array_of_words(labels),
    )


def _concatenated(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _read_header(lines: Iterable[tuple[int, str]], name: str) -> _Header:
    """Return the header, from numbered lines, up to ``@data``."""
    header = _Header()
    for number, line in lines:
        words = line.split()
        if not words or line.startswith("#"):
            continue
        key, values = words[0].lower(), words[1:]
        if key == "@data":
            return header
        if not key.startswith("@"):
            raise DataError(
                f"{name}, line {number}: expected a header line such as '@dimensions 12', or '@data', got "
                f"{line.strip()[:40]!r}. Is this a .ts file?"
            )
        if key in ("@classlabel", "@targetlabel", "@timestamps"):
            flag = FLAGS.get(values[0].lower()) if values else None
            if flag is None:
                raise DataError(f"{name}, line {number}: {words[0]} must be followed by true or false.")
            if key == "@timestamps" and flag:
                raise DataError(
                    f"{name}, line {number}: time stamps inside a .ts file are not read. Write the sequences as a long "
                    "table: one row a timestep, a column that names the sequence, and one for the time."
                )
            if key == "@classlabel" and flag:
                header.labelled, header.classes = True, values[1:]
            elif key == "@targetlabel" and flag:
                header.labelled = header.regression = True
        elif key in ("@dimension", "@dimensions"):
            if not values or not values[0].isdigit() or int(values[0]) < 1:
                raise DataError(f"{name}, line {number}: {words[0]} must be followed by a number of features.")
            header.dimensions = int(values[0])
    raise DataError(f"{name} has no @data line: it is not a .ts file, or it was cut off in its header.")


def _read_label(text: str, header: _Header, where: str) -> str | float:
    if header.regression:
        try:
            return float(text)
        except ValueError:
            raise DataError(f"{where}: the target {text[:40]!r} is not a number.") from None
    if header.classes and text not in header.classes:
        listed = ", ".join(header.classes[:12])
        raise DataError(f"{where} ends in {text[:40]!r}, which is not a class in the header: {listed}.")
    return text


def _read_case(line: str, where: str) -> np.ndarray:
    """Return one sequence, shape (timesteps, features)."""
    values = _read_numbers(line.replace(":", ","))
    if values is None:
        for dimension, part in enumerate(_split(line, ":")):
            _check_values(part, dimension, where)
    steps: int | None = None
    for dimension, part in enumerate(_split(line, ":")):
        own = part.count(",") + 1 if part.strip() else 0
        steps = own if steps is None else steps
        if own != steps:
            raise DataError(
                f"{where}: dimension {dimension} has {own} steps, but dimension 0 has {steps}. The features of one "
                "sequence have the same steps."
            )
    if values is None or not steps:
        raise DataError(f"{where}: the sequence is empty. Leave the line out.")
    return values.reshape(-1, steps).T


def _split(text: str, separator: str) -> Iterator[str]:
    """Do what `str.split` does, one part at a time."""
    start = 0
    while (end := text.find(separator, start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def _read_numbers(text: str) -> np.ndarray | None:
    """Return numbers with commas between them, float64, shape (numbers,); None where one is none, or not finite."""
    values = np.empty(text.count(",") + 1)
    first = start = 0
    try:
        while start <= len(text):
            end = text.find(",", start + CHARACTERS)
            end = len(text) if end < 0 else end
            part = np.array(text[start:end].split(","), dtype=np.float64)
            values[first : first + len(part)] = part
            first, start = first + len(part), end + 1
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _check_values(part: str, dimension: int, where: str) -> None:
    """Raise `DataError` for the first value of a dimension that is not a finite number."""
    for step, word in enumerate(_split(part, ",") if part.strip() else ()):
        try:
            fine = np.isfinite(float(word))
        except ValueError:
            fine = False
        if not fine:
            missing = word.strip() in ("?", "") or word.strip().lower() == "nan"
            what = f"is missing ({word.strip()!r})" if missing else f"is {word.strip()[:40]!r}, not a number"
            raise DataError(
                f"{where}: dimension {dimension} {what} at step {step}. Fill it, or leave the sequence out."
            )
