"""Forecast errors with the default settings on four series, beside the baselines on the same windows."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import statsmodels.api as sm
from rich.console import Console
from rich.table import Table

import seqwise as sw

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
# name: source, time, target, window, horizon, test rows (None: the default share)
SERIES = {
    "airline passengers": (SHARED / "airline-passengers.csv", "Month", "Passengers", 24, 12, 12),
    "CO2, weekly": (None, None, "co2", 104, 26, None),
    "daily minimum temperature": (SHARED / "daily-min-temperatures.csv", "Date", "Temp", 28, 7, None),
    "ETTh1, oil temperature": (SHARED / "ETTh1.csv", "date", "OT", 96, 24, None),
}
COLD = """
import time
started = time.perf_counter()
import seqwise as sw
sw.Forecaster(window=24, horizon=12, test=12).fit({path!r}, time="Month", target="Passengers", verbose=False)
print(time.perf_counter() - started)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", help="a part of a series' name")
    arguments = parser.parse_args()
    console = Console()
    table = Table(title=f"MAE in the data's own units, default settings, {arguments.seeds} seeds")
    for column in (
        "series",
        "window → horizon",
        "Seqwise: median",
        "min – max",
        "last value",
        "last season",
        "ETS",
        "s",
    ):
        table.add_column(column)
    for name, (source, when, target, window, horizon, test) in SERIES.items():
        if arguments.only and arguments.only.lower() not in name.lower():
            continue
        if source is not None and not source.exists():
            console.print(f"left out: {name}, there is no {source}")
            continue
        data = sm.datasets.co2.load_pandas().data if source is None else source
        errors, seconds, evaluation = [], [], None
        for seed in range(arguments.seeds):
            extra = {} if test is None else {"test": test}
            forecaster = sw.Forecaster(window, horizon, seed=seed, **extra)
            started = time.perf_counter()
            forecaster.fit(data, time=when, target=target)
            seconds.append(time.perf_counter() - started)
            evaluation = forecaster.evaluate()
            errors.append(evaluation.metrics["mae"])
        assert evaluation is not None
        scores = evaluation.baselines
        others = [f"{scores[b]['mae']:.3f}" if b in scores else "–" for b in ("naive", "seasonal_naive", "ets")]
        table.add_row(
            name,
            f"{window} → {horizon}",
            f"{statistics.median(errors):.3f}",
            f"{min(errors):.3f} – {max(errors):.3f}",
            *others,
            f"{statistics.median(seconds):.1f}",
        )
    console.print(table)
    airline = SERIES["airline passengers"][0]
    if airline is not None and airline.exists() and not arguments.only:
        console.print("airline passengers, import and training together in a fresh process:")
        for what, keeps in (("compiled programs on disk", True), ("the first run", False)):
            runs = [time_process(str(airline), keeps) for _ in range(5)]
            console.print(f"{what}: median {statistics.median(runs):.1f} s ({min(runs):.1f} – {max(runs):.1f})")


def time_process(path: str, keeps_programs: bool) -> float:
    """Return the seconds of an import and a training, with the user's compiled programs or with none."""
    with tempfile.TemporaryDirectory() as empty:
        environment = os.environ | ({} if keeps_programs else {"JAX_COMPILATION_CACHE_DIR": empty})
        command = [sys.executable, "-c", COLD.format(path=path)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


if __name__ == "__main__":
    main()
