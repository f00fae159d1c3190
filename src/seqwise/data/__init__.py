"""From raw data to batches: tables, clocks, series, splits, scaling and windows."""

from seqwise.data.clock import Clock
from seqwise.data.scaling import Scaler
from seqwise.data.seasons import seasonal_period
from seqwise.data.series import TimeSeries, make_series
from seqwise.data.splits import Split, split_by_time, usable_origins
from seqwise.data.tables import Table, read_table, to_kind
from seqwise.data.windows import Windows

__all__ = [
    "Clock", "Scaler", "Split", "Table", "TimeSeries", "Windows", "make_series", "read_table",
    "seasonal_period", "split_by_time", "to_kind", "usable_origins",
]  # fmt: skip
