"""From raw data to batches: tables, time indexes, series, splits, scaling and windows."""

from seqwise.data.padding import Padded, pad
from seqwise.data.scaling import Scaler
from seqwise.data.seasonality import seasonal_period
from seqwise.data.sequence_input import make_sequences
from seqwise.data.sequences import Sequences
from seqwise.data.series import TimeSeries, make_series
from seqwise.data.tables import Table, read_table, to_kind
from seqwise.data.text_files import read_texts
from seqwise.data.text_pairs import TextPairs, read_pairs
from seqwise.data.time_index import TimeIndex
from seqwise.data.time_split import Split, split_by_time, usable_origins
from seqwise.data.tokenizer import Tokenizer
from seqwise.data.ts_files import read_ts
from seqwise.data.vectors import Vectors, read_vectors
from seqwise.data.windows import Windows

__all__ = [
    "Padded",
    "Scaler",
    "Sequences",
    "Split",
    "Table",
    "TextPairs",
    "TimeIndex",
    "TimeSeries",
    "Tokenizer",
    "Vectors",
    "Windows",
    "make_sequences",
    "make_series",
    "pad",
    "read_pairs",
    "read_table",
    "read_texts",
    "read_ts",
    "read_vectors",
    "seasonal_period",
    "split_by_time",
    "to_kind",
    "usable_origins",
]  # fmt: skip
