"""Time and memory of building windows over a long series: 10 million rows × 5 features, window 100."""

from __future__ import annotations

import statistics
import time
import tracemalloc

import numpy as np
from rich.console import Console
from rich.table import Table

from seqwise.data import Windows, split_by_time

ROWS, FEATURES, WINDOW, HORIZON, RUNS = 10_000_000, 5, 100, 10, 5


def main() -> None:
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
    Console().print(table)


if __name__ == "__main__":
    main()
