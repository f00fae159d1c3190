"""The `.ts` text format of the UEA and UCR archives: one labelled sequence on each line.

After a header of ``@name value`` lines and ``@data``, a line holds the dimensions of one sequence, separated by colons,
the values of each separated by commas, and the label last (as described by aeon and sktime).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seqwise.data.files import decoded, existing_file
from seqwise.data.sequences import Sequences
from seqwise.errors import DataError, as_path

FLAGS = {"true": True, "false": False}


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
    lines = decoded(path.read_bytes(), path.name).splitlines()
    header, first = _read_header(lines, path.name)
    arrays, labels = [], []
    for number, line in enumerate(lines[first:], first + 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        where = f"{path.name}, line {number}"
        parts = [part.strip() for part in line.split(":")]
        if header.labelled:
            labels.append(_read_label(parts.pop(), header, where))
        if header.dimensions is None:
            header.dimensions = len(parts)
        if len(parts) != header.dimensions:
            raise DataError(
                f"{where} has {len(parts)} dimension(s), expected {header.dimensions}: one for each feature, separated "
                "by colons" + (", and the label last." if header.labelled else ".")
            )
        arrays.append(_read_case(parts, where))
    if not arrays:
        raise DataError(f"{path.name} has no sequence after @data.")
    lengths = np.array([len(array) for array in arrays], dtype=np.int64)
    return Sequences(
        np.concatenate(arrays),
        lengths,
        [str(j) for j in range(arrays[0].shape[1])],
        np.array(labels) if header.labelled else None,
        None,
        path.name,
    )


def _read_header(lines: list[str], name: str) -> tuple[_Header, int]:
    """Return the header and the index of the first line after ``@data``."""
    header = _Header()
    for i, line in enumerate(lines):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        key, values = words[0].lower(), words[1:]
        if key == "@data":
            return header, i + 1
        if not key.startswith("@"):
            raise DataError(
                f"{name}, line {i + 1}: expected a header line such as '@dimensions 12', or '@data', got "
                f"{line.strip()[:40]!r}. Is this a .ts file?"
            )
        if key in ("@classlabel", "@targetlabel", "@timestamps"):
            flag = FLAGS.get(values[0].lower()) if values else None
            if flag is None:
                raise DataError(f"{name}, line {i + 1}: {words[0]} must be followed by true or false.")
            if key == "@timestamps" and flag:
                raise DataError(
                    f"{name}, line {i + 1}: time stamps inside a .ts file are not read. Write the sequences as a long "
                    "table: one row a timestep, a column that names the sequence, and one for the time."
                )
            if key == "@classlabel" and flag:
                header.labelled, header.classes = True, values[1:]
            elif key == "@targetlabel" and flag:
                header.labelled = header.regression = True
        elif key in ("@dimension", "@dimensions"):
            if not values or not values[0].isdigit() or int(values[0]) < 1:
                raise DataError(f"{name}, line {i + 1}: {words[0]} must be followed by a number of features.")
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


def _read_case(parts: list[str], where: str) -> np.ndarray:
    """Return one sequence, shape (timesteps, features)."""
    columns = []
    for dimension, part in enumerate(parts):
        words = part.split(",") if part else []
        try:
            column = np.array(words, dtype=np.float64)
        except ValueError:
            column = np.array([], dtype=np.float64)
        if column.size != len(words) or not np.isfinite(column).all():
            raise _bad_value(words, dimension, where)
        columns.append(column)
    lengths = [len(column) for column in columns]
    if min(lengths) != max(lengths):
        other = next(j for j, length in enumerate(lengths) if length != lengths[0])
        raise DataError(
            f"{where}: dimension {other} has {lengths[other]} steps, but dimension 0 has {lengths[0]}. The features of "
            "one sequence have the same steps."
        )
    if lengths[0] == 0:
        raise DataError(f"{where}: the sequence is empty. Leave the line out.")
    return np.stack(columns, axis=1)


def _bad_value(words: list[str], dimension: int, where: str) -> DataError:
    for step, word in enumerate(words):
        try:
            fine = np.isfinite(float(word))
        except ValueError:
            fine = False
        if not fine:
            missing = word.strip() in ("?", "") or word.strip().lower() == "nan"
            what = f"is missing ({word.strip()!r})" if missing else f"is {word.strip()[:40]!r}, not a number"
            return DataError(
                f"{where}: dimension {dimension} {what} at step {step}. Fill it, or leave the sequence out."
            )
    raise AssertionError("Python reads a value that NumPy cannot")
