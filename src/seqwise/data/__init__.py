"""From raw data to batches: tables, time indexes, series, splits, scaling and windows.

A name's module is imported when the name is first used: what reads tables imports polars, the rest NumPy alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqwise.data.padding import Padded, pad
    from seqwise.data.scaling import Scaler
    from seqwise.data.seasonality import seasonal_period
    from seqwise.data.sequence_input import make_sequences
    from seqwise.data.sequences import Sequences
    from seqwise.data.series import TimeSeries
    from seqwise.data.series_input import make_series
    from seqwise.data.tables import Table, read_table, to_kind
    from seqwise.data.text_files import read_texts
    from seqwise.data.text_pairs import TextPairs, read_pairs
    from seqwise.data.time_index import TimeIndex
    from seqwise.data.time_split import Split, split_by_time, usable_origins
    from seqwise.data.tokenizer import Tokenizer
    from seqwise.data.ts_files import read_ts
    from seqwise.data.vectors import Vectors, read_vectors
    from seqwise.data.windows import Windows

_HOMES = {
    "Padded": "padding",
    "Scaler": "scaling",
    "Sequences": "sequences",
    "Split": "time_split",
    "Table": "tables",
    "TextPairs": "text_pairs",
    "TimeIndex": "time_index",
    "TimeSeries": "series",
    "Tokenizer": "tokenizer",
    "Vectors": "vectors",
    "Windows": "windows",
    "make_sequences": "sequence_input",
    "make_series": "series_input",
    "pad": "padding",
    "read_pairs": "text_pairs",
    "read_table": "tables",
    "read_texts": "text_files",
    "read_ts": "ts_files",
    "read_vectors": "vectors",
    "seasonal_period": "seasonality",
    "split_by_time": "time_split",
    "to_kind": "tables",
    "usable_origins": "time_split",
}
__all__ = [
    "Padded", "Scaler", "Sequences", "Split", "Table", "TextPairs", "TimeIndex", "TimeSeries", "Tokenizer", "Vectors",
    "Windows", "make_sequences", "make_series", "pad", "read_pairs", "read_table", "read_texts", "read_ts",
    "read_vectors", "seasonal_period", "split_by_time", "to_kind", "usable_origins",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqwise.data' has no attribute {name!r}")
    return getattr(import_module(f"seqwise.data.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
