"""Sequences from whatever holds them: lists, arrays, and long tables of one row a timestep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from seqwise.data.clock import read_times
from seqwise.data.sequences import Sequences, join_sequences
from seqwise.data.series import names_of
from seqwise.data.tables import Table, read_table
from seqwise.data.ts_files import read_ts
from seqwise.errors import DataError, SettingError


def make_sequences(
    data: Any, *, group: str | None = None, time: Any = None, features: Any = None, label: Any = None
) -> Sequences:
    """Read sequences from a list, an array, or a long table.

    In a long table each row is a timestep and the `group` column names its sequence. The sequences come in the
    order in which their names first appear; rows of different sequences may be mixed.

    Args:
        data: a list of arrays, each (timesteps, features) or (timesteps,); an array (samples, timesteps, features);
            a `Sequences`, which is returned as it is; a path (.ts, CSV, Parquet), a pandas, polars or pyarrow table.
        group: of a table: the column that names each row's sequence.
        time: of a table: the column (or columns) by which a sequence's rows are sorted; None keeps their order.
        features: of a table: the feature columns; None or ``"all"`` for every numeric column that is none of the
            others.
        label: of a table: a column (or columns) that holds one label for each sequence, the same in all of its rows.

    Raises:
        DataError: the sequences, the table or the file are faulty; the message names the sequence or line.
    """
    if isinstance(data, Sequences):
        return data
    if isinstance(data, (list, tuple, np.ndarray)) or not (isinstance(data, (str, Path, Table)) or is_table(data)):
        if group is not None:
            raise SettingError(
                f"group={group!r} names a column of a table, but the sequences came as {type(data).__name__}. Leave it "
                "out, or pass the table."
            )
        return join_sequences(data)
    if isinstance(data, (str, Path)) and Path(data).suffix.lower() == ".ts":
        for name, given in (("group", group), ("time", time), ("features", features), ("label", label)):
            if given is not None:
                raise SettingError(
                    f"{name}={given!r} names a column of a table, but a .ts file has none. Leave it out."
                )
        return read_ts(data)
    table = read_table(data)
    if group is None:
        raise SettingError(
            f"{table.label} is a table: name the column that says which sequence a row belongs to, group='…', one of "
            f"{table.columns}."
        )
    return _from_table(table, group, time, features, label)


def is_table(data: Any) -> bool:
    """Tell whether `data` is a table in memory, of any library that narwhals knows."""
    import narwhals as nw

    return isinstance(nw.from_native(data, pass_through=True, allow_series=False), (nw.DataFrame, nw.LazyFrame))


def _from_table(table: Table, group: str, time: Any, features: Any, label: Any) -> Sequences:
    targets = names_of(label, "label")
    rows = group_rows(table, group, time)
    columns, values = read_features(table, features, rows, targets)
    labels = None
    if targets:
        labels = np.stack([_labels(table, name, rows) for name in targets], axis=1)
        labels = labels[:, 0] if len(targets) == 1 else labels
    return Sequences(values, rows.lengths, columns, labels, rows.names, table.label)


@dataclass(frozen=True)
class Rows:
    """Which rows of a long table are which sequence's.

    Attributes:
        columns: those that told it: the group's, the time's.
        order: rows of the first sequence, in its order, then of the second, and so on; int64, shape (steps,).
        lengths: rows of each sequence, int64, shape (samples,).
        names: of the sequences, shape (samples,).
    """

    columns: list[str]
    order: np.ndarray
    lengths: np.ndarray
    names: np.ndarray

    def place(self, i: int) -> tuple[int, int]:
        """Return the number of the sequence that `order` has at `i`, and its step there."""
        index = int(np.searchsorted(np.cumsum(self.lengths), i, side="right"))
        return index, int(i - self.lengths[:index].sum())


def group_rows(table: Table, group: str, time: Any) -> Rows:
    """Find the rows of each sequence of a long table, sorted by time.

    Args: as of `make_sequences`.

    Raises:
        DataError: a row names no sequence, or two rows of a sequence have the same time.
    """
    column = table.column(group).to_polars().alias("name")
    empty = column.is_null().arg_true()
    if len(empty):
        raise DataError(
            f"{table.label}: {group!r}, which names the sequence, is empty on {table.where(int(empty[0]))} "
            f"({len(empty):,} row(s)). Name the sequence, or leave the row out."
        )
    found = pl.DataFrame([column]).with_row_index("row").group_by("name", maintain_order=True).agg("row")
    times = names_of(table.index if time is None else time, "time")
    lengths, names = found["row"].list.len().to_numpy().astype(np.int64), found["name"].to_numpy()
    rows = Rows([group, *times], found["row"].explode().to_numpy().astype(np.int64), lengths, names)
    return _sorted_by_time(table, times, rows) if times else rows


def read_features(table: Table, features: Any, rows: Rows, targets: list[str]) -> tuple[list[str], np.ndarray]:
    """Return the names of the feature columns, and their values, shape (steps, features), as `rows` lays them.

    Args:
        features: their names; None or ``"all"`` for every numeric column that is none of the others.
        targets: columns of labels.

    Raises:
        DataError, SettingError: there is none, one is no feature, or a value is missing.
    """
    others = {*rows.columns, *targets}
    if features is None or (isinstance(features, str) and features == "all"):
        columns = [name for name in table.numeric_columns() if name not in others]
        if not columns:
            raise DataError(
                f"{table.label} has no numeric column beside {sorted(others)}: there is nothing to learn from."
            )
    else:
        columns = names_of(features, "features")
        for name in columns:
            if name in others:
                raise SettingError(f"{name!r} is a feature and names the sequence, time or label too; choose one.")
    values = np.stack([_numbers(table, name) for name in columns], axis=1)[rows.order]
    _check_missing(table, columns, values, rows)
    return columns, values


def _sorted_by_time(table: Table, time: list[str], rows: Rows) -> Rows:
    order = rows.order
    times = read_times(table, time, fractions=True)[order]
    which = np.repeat(np.arange(len(rows.lengths)), rows.lengths)
    sort = np.lexsort((times, which))
    order, times, which = order[sort], times[sort], which[sort]
    twice = np.flatnonzero((times[1:] == times[:-1]) & (which[1:] == which[:-1]))
    if twice.size:
        i = int(twice[0])
        raise DataError(
            f"{table.label}: sequence {str(rows.names[which[i]])!r} has two rows at {times[i]}: "
            f"{table.where(int(order[i]))} and {table.where(int(order[i + 1]))}. Keep one of them."
        )
    return replace(rows, order=order)


def _numbers(table: Table, name: str) -> np.ndarray:
    """Return a column in its own dtype where it holds whole numbers without gaps, else as float."""
    column = table.column(name)
    if column.dtype.is_numeric() and not column.is_null().any():
        values = column.to_numpy()
        if values.dtype.kind in "iub" or (values.dtype.kind == "f" and np.isfinite(values).all()):
            return values
    return table.numbers(name)


def _check_missing(table: Table, columns: list[str], values: np.ndarray, rows: Rows) -> None:
    if values.dtype.kind != "f" or not np.isnan(values).any():
        return
    i, feature = (int(n) for n in np.argwhere(np.isnan(values))[0])
    index, step = rows.place(i)
    raise DataError(
        f"{table.label}: {columns[feature]!r} is missing on {table.where(int(rows.order[i]))}, step {step} of sequence "
        f"{str(rows.names[index])!r} ({int(np.isnan(values).sum()):,} missing value(s) in all). Fill it, or leave the "
        "row out."
    )


def _labels(table: Table, label: str, rows: Rows) -> np.ndarray:
    found = table.labels(label)[rows.order]
    firsts = np.cumsum(rows.lengths) - rows.lengths
    differs = np.flatnonzero(found != np.repeat(found[firsts], rows.lengths))
    if differs.size:
        i = int(differs[0])
        index, _ = rows.place(i)
        first = int(firsts[index])
        raise DataError(
            f"{table.label}: sequence {str(rows.names[index])!r} has two labels: {str(found[first])!r} on "
            f"{table.where(int(rows.order[first]))} and {str(found[i])!r} on {table.where(int(rows.order[i]))}. A "
            "sequence has one label, the same in all of its rows; to learn one for each row, use a Tagger."
        )
    return found[firsts]
