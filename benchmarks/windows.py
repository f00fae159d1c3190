"""Time and memory of building windows: over one series of 10 million rows × 5 features, and over a million series."""

from __future__ import annotations

import argparse
import resource
import statistics
import time
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

import seqwise as sw
from seqwise.data import Windows, split_by_time
from seqwise.estimators.forecasting.preparation import prepare
from seqwise.estimators.forecasting.reading import ColumnRoles

ROWS, FEATURES, WINDOW, HORIZON, RUNS = 10_000_000, 5, 100, 10, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["one", "many"], help="one, many")
    parser.add_argument("--series", type=int, default=1_000_000)
    arguments = parser.parse_args()
    for what in arguments.what:
        Console().print(one_series() if what == "one" else many_series(arguments.series))


def many_series(count: int, rows: int = 100) -> Table:
    """From a long table to windows that can be trained on: read, checked, split, scaled, cut."""
    frame = pl.DataFrame(
        {
            "unique_id": np.repeat(np.arange(count), rows),
            "ds": np.tile(np.datetime64("2024-01-01", "us") + np.arange(rows).astype("m8[D]"), count),
            "y": np.random.default_rng(0).standard_normal(count * rows),
        }
    )
    own = frame.estimated_size() / 1e6
    before = peak_megabytes()
    started = time.perf_counter()
    data = prepare(sw.Forecaster(24, 6), frame, ColumnRoles())
    batches = [data.batches(part) for part in ("train", "validation", "refit")]
    windows = sum(len(part.indices) for part in batches)
    seconds = time.perf_counter() - started
    more = peak_megabytes(reset=False) - before
    table = Table(title=f"{count:,} series × {rows} rows in a long table of {own:,.0f} MB, window 24")
    for column in ("", "s", "peak beside the table, MB", "memory ÷ table, incl. the table"):
        table.add_column(column)
    table.add_row(f"{windows:,} windows", f"{seconds:.1f}", f"{more:,.0f}", f"{(own + more) / own:.2f}")
    return table


def peak_megabytes(*, reset: bool = True) -> float:
    """Return the most memory that the process has had; on Linux since the last reset."""
    if reset and (peaks := Path("/proc/self/clear_refs")).exists():
        peaks.write_text("5", encoding="ascii")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one_series() -> Table:
    values = np.random.default_rng(0).standard_normal((ROWS, FEATURES), dtype=np.float32)
    usable = np.random.default_rng(1).random(ROWS) > 0.001  # some rows follow a gap
    table = Table(title=f"{ROWS:,} rows × {FEATURES} features ({values.nbytes / 1e6:.0f} MB), window {WINDOW}")
    for column in ("", "median s", "min – max s", "memory ÷ series, incl. the series"):
        table.add_column(column)
    for name, mask in (("windows, no gaps", None), ("windows, some rows after gaps", usable)):
        seconds, peak, count = [], 0, 0
        for _ in range(RUNS):
            tracemalloc.start()
            started = time.perf_counter()
            split = split_by_time(ROWS, window=WINDOW, horizon=HORIZON)
            parts = [Windows(values, WINDOW, HORIZON, 1, *split.bounds(p), usable=mask) for p in ("train", "test")]
            count = sum(len(part) for part in parts)
            seconds.append(time.perf_counter() - started)
            peak = max(peak, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        table.add_row(
            f"{name} ({count:,})",
            f"{statistics.median(seconds):.4f}",
            f"{min(seconds):.4f} – {max(seconds):.4f}",
            f"{(values.nbytes + peak) / values.nbytes:.3f}",
        )
    copied = (ROWS - WINDOW - HORIZON + 1) * WINDOW / ROWS
    table.add_row("every window copied (computed)", "", "", f"{copied:.1f}")
    train = Windows(values, WINDOW, HORIZON)
    order = np.random.default_rng(2).integers(0, len(train), (200, 64))
    started = time.perf_counter()
    for index in order:
        train.batch(index)
    table.add_row(f"gather a batch of {order.shape[1]}", f"{(time.perf_counter() - started) / len(order):.6f}", "", "")
    return table


if __name__ == "__main__":
    main()
