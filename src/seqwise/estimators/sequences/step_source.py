"""What a tagger is given, read into one form: sequences or lists of tokens, with a tag for each step."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from seqwise.data import Sequences, make_sequences
from seqwise.data.files import existing_file
from seqwise.data.long_tables import make_tagged
from seqwise.data.texts import Texts, holds_texts, make_tokens
from seqwise.errors import DataError, SettingError
from seqwise.estimators.sequences.source import Source, check_no_columns, holds_rows, plain_names


class StepSource(Source):
    """The names that a tagger's training data were read with; `text` is a long table's column of tokens."""

    def read(self, X: Any, *, labelled: bool = True) -> Sequences | Texts:
        if holds_rows(X):
            if self.group is None:
                raise SettingError(
                    "A table was given, but the model was trained on a list: pass one, of arrays (timesteps, features) "
                    "or of lists of tokens."
                )
            return make_tagged(
                X,
                group=self.group,
                time=self.time,
                features=self.features,
                label=self.label if labelled else None,
                text=self.text,
            )
        if self.texts:
            if isinstance(X, (str, Path)):
                name = existing_file(Path(X), "CSV or Parquet").name
                columns = "" if self.group is None else f" with the columns {self.group!r} and {self.text!r}"
                raise DataError(f"The model was trained on tokens, and {name} holds none: name a table{columns}.")
            return make_tokens(X)
        if isinstance(X, Texts) or holds_tokens(X) or holds_texts(X):
            raise DataError("The model was trained on sequences of numbers, but these are tokens.")
        return make_sequences(X)


def read_step_source(
    X: Any,
    *,
    group: str | None = None,
    time: Any = None,
    features: Any = None,
    label: Any = None,
    text: str | None = None,
) -> tuple[StepSource, Sequences | Texts]:
    """Read the training's sequences or lists of tokens, and keep how.

    Raises:
        DataError, SettingError: see `make_sequences` and `make_tagged`.
    """
    path = str(X) if isinstance(X, (str, Path)) else None
    if not holds_rows(X):
        check_no_columns(type(X).__name__, group=group, time=time, features=features, label=label, text=text)
        if holds_texts(X):
            raise DataError(
                "A Tagger takes lists of tokens, and these are whole texts: [text.split() for text in texts]."
            )
        source = StepSource(texts=isinstance(X, Texts) or holds_tokens(X), path=path)
        return source, source.read(X)
    if group is None:
        raise SettingError("A table was given: name the column that says which sequence a row belongs to, group='…'.")
    if text is not None and features is not None:
        raise SettingError(f"text={text!r} reads tokens, features={features!r} numbers. Leave one out.")
    if label is not None and not isinstance(label, str):
        raise SettingError(f"label={label!r}: a Tagger learns one tag for each step. Name one column.")
    raw = make_tagged(X, group=group, time=time, features=features, label=label, text=text)
    chosen = list(raw.columns) if isinstance(raw, Sequences) else None
    return StepSource(group, plain_names(time, "time"), chosen, label, text, isinstance(raw, Texts), path), raw


def holds_tokens(X: Any) -> bool:
    """Tell whether data are lists of tokens (or a column of them): the first that is not empty begins with text."""
    if isinstance(X, (str, bytes)) or hasattr(X, "columns") or not hasattr(X, "__len__"):
        return False
    if isinstance(X, np.ndarray) and cast(np.ndarray, X).dtype.kind not in "OUS":
        return False
    lists = (item for item in X if hasattr(item, "__len__") and not isinstance(item, (str, bytes)) and len(item))
    first = next(lists, None)
    return first is not None and isinstance(next(iter(first)), (str, bytes))
