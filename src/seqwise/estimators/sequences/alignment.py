"""What comes with the sequences, one for each: in their order, with names, and a digest that tells data apart."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from seqwise.data import Sequences
from seqwise.data.columns import as_column_names, refuse_masked
from seqwise.data.tables import is_table
from seqwise.errors import DataError, SettingError
from seqwise.estimators.sequences.source import Raw

CHUNK = 1_000_000  # values that are hashed at once


def in_order(values: Any, raw: Raw, what: str) -> Any:
    """Return a pandas column or table in the order of the sequences, where its index holds their names.

    ``table.groupby("id")["y"].first()`` is sorted by id, and the sequences are not. Anything else, and an index that
    has none of the names, is taken as it stands.

    Args:
        what: is given: ``"labels"``.

    Raises:
        DataError: the index has only some of the names, or others besides; names the first.
    """
    if raw.names is None or not hasattr(values, "iloc") or values.index.nlevels > 1:
        return values
    index = values.index
    known = index.isin(raw.names)
    if not known.any():
        return values
    if index.is_unique:
        places = index.get_indexer(raw.names)
        if known.all() and (places >= 0).all():
            return values.iloc[places]
        if type(index).__name__ == "RangeIndex":  # it only counts, and happens to meet some names
            return values
        absent = np.flatnonzero(places < 0)
        if absent.size:
            fault = f"it has none for {raw.where(int(absent[0]))}"
        else:
            fault = f"it names {str(index[~known][0])!r}, which is not a sequence"
    else:
        fault = f"it names {str(index[index.duplicated()][0])!r} twice"
    raise DataError(
        f"The index of the {what} names sequences, but {fault}: each needs one. Where they stand in the sequences' "
        "order, pass them without the index: .to_numpy()."
    )


def column_names(y: Any, raw: Raw, label: Any) -> list[str] | None:
    """Return what several labels of a sequence are called: the columns of the sequences' table, `label`, or of `y`."""
    if y is raw.labels:
        return as_column_names(label, "label") or None
    if not is_table(y):
        return None
    import narwhals as nw

    names = nw.from_native(y).columns
    return list(names) if all(isinstance(name, str) for name in names) else None


def checked_weights(weights: Any, raw: Raw) -> np.ndarray:
    """Return what each sequence weighs, float32, shape (samples,).

    Raises:
        SettingError: they are not numbers, below 0, all 0, or not one for each sequence.
    """
    refuse_masked(weights, "weight", raw.where)
    numbers = np.asarray(in_order(weights, raw, "weights"))
    if numbers.dtype.kind not in "fiub":
        odd = next(
            (w for w in np.asarray(weights, dtype=object).ravel().tolist() if not isinstance(w, (int, float))), ""
        )
        raise SettingError(
            f"sample_weight holds {odd!r}, no number; expected {len(raw):,} numbers, one for each sequence."
        )
    numbers = numbers.astype(np.float32)
    if numbers.shape != (len(raw),) or not np.isfinite(numbers).all() or (numbers < 0).any() or not numbers.any():
        raise SettingError(
            f"sample_weight has shape {numbers.shape}; expected {len(raw):,} numbers, one for each sequence, none "
            "below zero and not all zero."
        )
    return numbers


def digest(raw: Raw, encoded: np.ndarray) -> str:
    """Return a SHA-256 of sequences or texts, and of their encoded targets; not of dtypes, which a file may change."""
    hashed = hashlib.sha256()
    if isinstance(raw, Sequences):
        _add_numbers(hashed, raw.lengths)
        _add_numbers(hashed, raw.values)
    else:
        for text in raw.values:
            hashed.update(json.dumps(text).encode())
    if encoded.dtype == object:  # one array a sequence
        _add_numbers(hashed, np.array([len(tags) for tags in encoded]))
        encoded = np.concatenate(encoded)
    _add_numbers(hashed, encoded)
    return hashed.hexdigest()


def _add_numbers(hashed: Any, values: np.ndarray) -> None:
    hashed.update(repr(values.shape).encode())
    flat = values.reshape(-1)
    for start in range(0, flat.size, CHUNK):
        hashed.update(flat[start : start + CHUNK].astype("<f8").tobytes())
