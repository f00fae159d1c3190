"""Sequences from whatever holds them: lists, arrays, `.ts` files and long tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seqwise.data.long_tables import sequences_from_table
from seqwise.data.sequences import Sequences, join_sequences
from seqwise.data.tables import Table, is_table, read_table
from seqwise.data.ts_files import read_ts
from seqwise.errors import SettingError


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
    return sequences_from_table(table, group, time, features, label)
