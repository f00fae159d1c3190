"""Training and validation data that come apart, as one: the parts are then numbers of the same sequences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from seqwise.data import Sequences
from seqwise.data.tables import is_table
from seqwise.errors import DataError, SettingError
from seqwise.estimators.sequences.source import Raw


def as_pair(validation_data: Any) -> tuple[Any, Any]:
    """Return validation data as sequences and their targets, None where they hold these themselves.

    Raises:
        SettingError: a tuple of another size.
    """
    if not isinstance(validation_data, tuple):
        return validation_data, None
    pair = cast(tuple[Any, ...], validation_data)
    if len(pair) != 2:
        raise SettingError(f"validation_data has {len(pair)} entries; expected sequences and their labels, (X, y).")
    return pair[0], pair[1]


def join_raw(first: Raw, second: Raw) -> Raw:
    """Return two sets of sequences, or of texts, as one.

    Raises:
        DataError: their features differ.
    """
    names = None
    if first.names is not None and second.names is not None:
        names = np.concatenate([first.names, second.names])
    if not (isinstance(first, Sequences) and isinstance(second, Sequences)):
        return replace(first, values=np.concatenate([first.values, second.values]), names=names, labels=None)
    if first.columns != second.columns:
        raise DataError(
            f"The validation data have the features {', '.join(second.columns)}; the training data have "
            f"{', '.join(first.columns)}. Both need the same, in one order."
        )
    values, lengths = np.concatenate([first.values, second.values]), np.concatenate([first.lengths, second.lengths])
    return replace(first, values=values, lengths=lengths, names=names, labels=None)


def join_targets(first: Any, second: Any) -> Any:
    """Return the targets of two sets as one: arrays as an array, anything else as a list.

    Raises:
        DataError: they have unequal numbers of columns.
    """
    if not (_is_array(first) and _is_array(second)):
        return [*first, *second]
    shapes = np.shape(first), np.shape(second)
    if shapes[0][1:] != shapes[1][1:]:
        raise DataError(f"The validation targets have shape {shapes[1]}; the training targets have {shapes[0]}.")
    return np.concatenate([np.asarray(first), np.asarray(second)])


def _is_array(targets: Any) -> bool:
    return isinstance(targets, np.ndarray) or hasattr(targets, "iloc") or is_table(targets)
