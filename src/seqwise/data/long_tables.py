"""Long tables, one row for each timestep: the rows of each sequence, and their features and labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from seqwise.data.columns import Columns, ColumnTable, as_column_names, stack_labels
from seqwise.data.sequences import Sequences, object_array, place_of_row, split_by_lengths
from seqwise.data.texts import Texts
from seqwise.errors import DataError, SettingError

if TYPE_CHECKING:
    from seqwise.data.tables import TableSource


def sequences_from_table(table: ColumnTable, group: str, time: Columns, features: Columns, label: Columns) -> Sequences:
    """Read the sequences of a long table, with one label for each; see `make_sequences`."""
    targets = as_column_names(label, "label")
    rows = group_rows(table, group, time)
    columns, values = read_features(table, features, rows, targets)
    labels = stack_labels([_sequence_labels(table, name, rows) for name in targets])
    return Sequences(values, rows.lengths, columns, labels, rows.names, table.label)


def make_tagged(
    data: TableSource,
    *,
    group: str,
    time: Columns = None,
    features: Columns = None,
    label: str | None = None,
    text: str | None = None,
) -> Sequences | Texts:
    """Read a long table that has a label for each step.

    Args:
        data: a path (CSV, Parquet), a pandas, polars or pyarrow table.
        group, time, features: see `seqwise.data.make_sequences`.
        label: the column of labels; None for no labels.
        text: the column of tokens; it replaces the features.

    Returns:
        the sequences, or the lists of tokens. Their ``labels`` hold an array, shape (timesteps,), for each.

    Raises:
        DataError: the table is faulty, or a label or a token is missing; names the line.
    """
    from seqwise.data.tables import read_table  # imports polars

    return tagged_from_table(
        read_table(data, text=text), group=group, time=time, features=features, label=label, text=text
    )


def tagged_from_table(
    table: ColumnTable,
    *,
    group: str,
    time: Columns = None,
    features: Columns = None,
    label: str | None = None,
    text: str | None = None,
) -> Sequences | Texts:
    """Do what `make_tagged` does, with a table that is read already."""
    if label is not None and label == text:
        raise SettingError(f"{text!r} is the column of tokens and of labels; name another one: label='…'.")
    rows = group_rows(table, group, time)
    labels = None if label is None else split_by_lengths(table.labels(label)[rows.order], rows.lengths)
    if text is None:
        columns, values = read_features(table, features, rows, as_column_names(label, "label"))
        return Sequences(values, rows.lengths, columns, labels, rows.names, table.label)
    tokens = split_by_lengths(_tokens(table, text, rows), rows.lengths)
    return Texts(object_array([array.tolist() for array in tokens]), labels, rows.names, table.label)


@dataclass(frozen=True)
class Rows:
    """The rows of each sequence in a long table.

    Attributes:
        columns: the names of the group and time columns.
        order: the first sequence's rows, in their order, then the second's, and so on; int64, shape (steps,).
        lengths: rows of each sequence, int64, shape (samples,).
        names: the sequences' names, shape (samples,).
    """

    columns: list[str]
    order: np.ndarray
    lengths: np.ndarray
    names: np.ndarray


def group_rows(table: ColumnTable, group: str, time: Columns) -> Rows:
    """Find the rows of each sequence of a long table, sorted by time.

    Args: see `make_sequences`.

    Raises:
        DataError: the group of a row is empty, or two rows of a sequence have the same time.
    """
    order, lengths, names = table.grouped(group)
    times = as_column_names(table.index if time is None else time, "time")
    rows = Rows([group, *times], order, lengths, names)
    return _sorted_by_time(table, times, rows) if times else rows


def read_features(
    table: ColumnTable, features: Columns, rows: Rows, targets: list[str]
) -> tuple[list[str], np.ndarray]:
    """Return the names of the feature columns, and their values, shape (steps, features), in the order of `rows`.

    Args:
        features: their names; None or ``"all"`` for every numeric column that has no other role.
        targets: columns of labels.

    Raises:
        DataError: there is no feature column, or a value is missing.
        SettingError: a feature has another role, too.
    """
    others = {*rows.columns, *targets}
    if features is None or (isinstance(features, str) and features == "all"):
        columns = [name for name in table.numeric_columns() if name not in others]
        if not columns:
            raise DataError(
                f"{table.label} has no numeric column besides {sorted(others)}: there is nothing to learn from."
            )
    else:
        columns = as_column_names(features, "features")
        for name in columns:
            if name in others:
                raise SettingError(f"{name!r} is a feature and names the sequence, time or label too; choose one.")
    values = np.stack([table.own_numbers(name) for name in columns], axis=1)[rows.order]
    _check_missing(table, columns, values, rows)
    return columns, values


def _sorted_by_time(table: ColumnTable, time: list[str], rows: Rows) -> Rows:
    order = rows.order
    times = table.times(time, fractions=True)[order]
    sequence = np.repeat(np.arange(len(rows.lengths)), rows.lengths)
    sort = np.lexsort((times, sequence))
    order, times, sequence = order[sort], times[sort], sequence[sort]
    repeats = np.flatnonzero((times[1:] == times[:-1]) & (sequence[1:] == sequence[:-1]))
    if repeats.size:
        i = int(repeats[0])
        raise DataError(
            f"{table.label}: sequence {str(rows.names[sequence[i]])!r} has two rows at {times[i]}: "
            f"{table.where(int(order[i]))} and {table.where(int(order[i + 1]))}. Keep one of them."
        )
    return replace(rows, order=order)


def _check_missing(table: ColumnTable, columns: list[str], values: np.ndarray, rows: Rows) -> None:
    if values.dtype.kind != "f" or not np.isnan(values).any():
        return
    i, feature = (int(n) for n in np.argwhere(np.isnan(values))[0])
    index, step = place_of_row(i, rows.lengths)
    raise DataError(
        f"{table.label}: {columns[feature]!r} is missing on {table.where(int(rows.order[i]))}, step {step} of sequence "
        f"{str(rows.names[index])!r} ({int(np.isnan(values).sum()):,} missing value(s) in all). Fill it, or leave the "
        "row out."
    )


def _sequence_labels(table: ColumnTable, label: str, rows: Rows) -> np.ndarray:
    labels = table.labels(label)[rows.order]
    firsts = np.cumsum(rows.lengths) - rows.lengths
    differs = np.flatnonzero(labels != np.repeat(labels[firsts], rows.lengths))
    if differs.size:
        i = int(differs[0])
        index, _ = place_of_row(i, rows.lengths)
        first = int(firsts[index])
        raise DataError(
            f"{table.label}: sequence {str(rows.names[index])!r} has two labels: {str(labels[first])!r} on "
            f"{table.where(int(rows.order[first]))} and {str(labels[i])!r} on {table.where(int(rows.order[i]))}. A "
            "sequence has one label, the same in all of its rows; to learn one for each row, use a Tagger."
        )
    return labels[firsts]


def _tokens(table: ColumnTable, text: str, rows: Rows) -> np.ndarray:
    tokens = table.texts(text, "tokens of text. For numbers name features instead")
    for row, token in enumerate(tokens):
        if not token.strip():
            raise DataError(
                f"{table.label}: the token {text!r} is empty on {table.where(row)}. Fill it, or leave the row out."
            )
    return object_array(tokens)[rows.order]
