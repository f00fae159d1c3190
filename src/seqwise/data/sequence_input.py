"""Sequences from whatever holds them: lists, arrays, `.ts` files and long tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from seqwise.data.columns import Columns
from seqwise.data.long_tables import sequences_from_table
from seqwise.data.sequences import Sequences, SequenceSource, join_sequences
from seqwise.data.tables import Table, TableSource, is_table, read_table
from seqwise.data.ts_files import read_ts
from seqwise.errors import SettingError


def make_sequences(
    data: SequenceSource | TableSource,
    *,
    group: str | None = None,
    time: Columns = None,
    features: Columns = None,
    label: Columns = None,
) -> Sequences:
    """Read sequences from a list, an array, or a long table.

    In a long table each row is a timestep and the `group` column names its sequence. The sequences come in the
    order in which their names first appear; rows of different sequences may be mixed.

    Args:
        data: a list of arrays, each (timesteps, features) or (timesteps,); an array (samples, timesteps, features);
            a `Sequences`, which is returned unchanged; a path (.ts, CSV, Parquet), a pandas, polars or pyarrow table.
        group: a table's column that names each row's sequence.
        time: a table's column (or columns) by which a sequence's rows are sorted; None keeps their order.
        features: a table's feature columns; None or ``"all"`` for every numeric column that has no other role.
        label: a table's column (or columns) that holds one label for each sequence, the same in all of its rows.

    Raises:
        DataError: the sequences, the table or the file are faulty; the message names the sequence or line.
        SettingError: a table without `group`, or columns are named but the data are not a table.
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
        for name, column in (("group", group), ("time", time), ("features", features), ("label", label)):
            if column is not None:
                raise SettingError(
                    f"{name}={column!r} names a column of a table, but a .ts file has none. Leave it out."
                )
        return read_ts(data)
    table = read_table(data)
    if group is None:
        raise SettingError(
            f"{table.label} is a table: name the column that says which sequence a row belongs to, group='…', one of "
            f"{table.columns}."
        )
    return sequences_from_table(table, group, time, features, label)
