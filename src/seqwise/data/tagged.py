"""Sequences with a label for each of their steps, from a long table."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.data.grouping import Rows, group_rows, read_features
from seqwise.data.sequences import Sequences
from seqwise.data.series import names_of
from seqwise.data.tables import Table, read_table
from seqwise.data.texts import Texts
from seqwise.errors import DataError


def make_tagged(
    data: Any, *, group: str, time: Any = None, features: Any = None, label: str | None = None, text: str | None = None
) -> Sequences | Texts:
    """Read a long table of one row a step, and the label of each step.

    Args:
        data: a path (CSV, Parquet), a pandas, polars or pyarrow table.
        group, time, features: as of `seqwise.data.make_sequences`.
        label: the column of labels; None reads none.
        text: the column of tokens, which then stand in place of the features.

    Returns:
        the sequences, or the lists of tokens. Their ``labels`` are of each sequence an array, shape (timesteps,).

    Raises:
        DataError: the table is faulty, or a label or a token is missing; names the line.
    """
    table = read_table(data, text=text)
    rows = group_rows(table, group, time)
    labels = None if label is None else cut(table.labels(label)[rows.order], rows.lengths)
    if text is None:
        columns, values = read_features(table, features, rows, names_of(label, "label"))
        return Sequences(values, rows.lengths, columns, labels, rows.names, table.label)
    tokens = cut(_tokens(table, text, rows), rows.lengths)
    tokens[:] = [each.tolist() for each in tokens]
    return Texts(tokens, labels, rows.names, table.label)


def cut(flat: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return what stands one sequence after another as an array of arrays, shape (samples,)."""
    made = np.empty(len(lengths), dtype=object)
    made[:] = np.split(flat, np.cumsum(lengths)[:-1])
    return made


def _tokens(table: Table, text: str, rows: Rows) -> np.ndarray:
    found = np.array(table.column(text).to_list(), dtype=object)
    for row, token in enumerate(found):
        if token is None or token != token or (isinstance(token, str) and not token.strip()):
            raise DataError(
                f"{table.label}: the token {text!r} is empty on {table.where(row)}. Fill it, or leave the row out."
            )
        if not isinstance(token, str):
            raise DataError(
                f"{table.label}: column {text!r} holds {type(token).__name__}, {token!r}, on {table.where(row)}; "
                "expected tokens of text. For numbers name features instead."
            )
    return found[rows.order]
