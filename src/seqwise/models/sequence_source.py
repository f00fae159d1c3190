"""What a sequence estimator is given, read into one form; and how to read the next data as the training's were."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.data import Sequences, make_sequences, read_table
from seqwise.data.grouping import is_table
from seqwise.errors import DataError, SettingError


@dataclass(frozen=True)
class Source:
    """The names that the training data were read with.

    Attributes:
        group, time, features, label: columns of a long table; None where the data were none.
        path: of a file; None for data in memory.
    """

    group: Any = None
    time: Any = None
    features: Any = None
    label: Any = None
    path: str | None = None

    def read(self, X: Any, *, labelled: bool = True) -> Sequences:
        """Read sequences; of a table by these names.

        Args:
            labelled: read the label column, too, where the table has it.
        """
        if not _holds_rows(X):
            return make_sequences(X)
        if self.group is None:
            raise SettingError(
                "A table was given: name the column that says which sequence a row belongs to, group='…'. Where the "
                "model was trained on something else: seqwise.data.make_sequences(table, group='…')."
            )
        table = read_table(X)
        label = self.label
        if not labelled and label is not None:
            wanted = [label] if isinstance(label, str) else list(label)
            label = label if set(wanted) <= set(table.columns) else None
        features = self.features
        return make_sequences(table, group=self.group, time=self.time, features=features, label=label)

    def to_dict(self) -> dict[str, Any]:
        return self.__dict__


def read_source(
    X: Any,
    *,
    group: str | None = None,
    time: Any = None,
    features: Any = None,
    label: Any = None,
) -> tuple[Source, Sequences]:
    """Read the training's sequences, and keep how.

    Raises:
        DataError, SettingError: see `make_sequences`.
    """
    path = str(X) if isinstance(X, (str, Path)) else None
    if not _holds_rows(X) and path is None:
        for name, given in (("group", group), ("time", time), ("features", features), ("label", label)):
            if given is not None:
                raise SettingError(
                    f"{name}={given!r} names a column of a table, but the sequences came as {type(X).__name__}. Leave "
                    "it out" + (", and pass the labels as y." if name == "label" else ", or pass the table.")
                )
    raw = make_sequences(X, group=group, time=time, features=features, label=label)
    # the columns that "all numeric" stood for: the next table may hold more of them
    chosen = list(raw.columns) if group is not None else None
    return Source(group, time, chosen, label, path), raw


def check_lengths(count: int, raw: Any, what: str) -> None:
    """Raise `DataError` where there are not as many labels as sequences."""
    if count != len(raw):
        raise DataError(f"There are {len(raw):,} sequences, but {count:,} {what}: one is needed for each sequence.")


def sequence_names(raw: Any) -> np.ndarray:
    """What a table of predictions calls each sequence: its name, or its number where it has none."""
    return np.arange(len(raw)) if raw.names is None else raw.names


def _holds_rows(X: Any) -> bool:
    if isinstance(X, (str, Path)):
        return Path(X).suffix.lower() != ".ts"
    return not isinstance(X, (list, tuple, Sequences)) and is_table(X)
