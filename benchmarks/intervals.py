"""How much of the truth intervals hold 720 steps ahead: where errors keep their size, and where they do not.

Linear forecasts take the place of the network: intervals know nothing but errors. Stationary series are drawn anew;
ETTh1 is split at three places, the last of which is that of the published figures. The last columns are what intervals
would hold that did not follow the level of recent errors; how they follow it was chosen on all lines but the last.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from seqwise.estimators.forecasting.interval_scores import QUANTILE_LEVELS, interval_scores
from seqwise.estimators.forecasting.intervals import HALF_LIFE, Intervals

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
MONTH = 30 * 24  # hours
WINDOW, HORIZON, STEP, RIDGE = 96, 720, 11, 50.0


def main() -> None:
    table = Table(title=f"Shares of the truth in intervals of 80 and 95 %, {HORIZON} steps ahead, linear forecasts")
    columns = ["series", "training, validation, test", "|error|, test / validation", "80 / 95 %", "CRPS"]
    for column in [*columns, "without the level", "CRPS"]:
        table.add_column(column)
    for seed in range(4):
        table.add_row(f"stationary, seed {seed}", "months 1-12, 13-16, 17-20", *held(stationary(seed), 12, 16, 20))
    source = SHARED / "ETTh1.csv"
    if source.exists():
        frame = pl.read_csv(source)
        values = frame[frame.columns[1:]].to_numpy()
        for train, validation, test in ((6, 10, 14), (8, 12, 16), (12, 16, 20)):
            months = f"months 1-{train}, {train + 1}-{validation}, {validation + 1}-{test}"
            table.add_row("ETTh1", months, *held(values, train, validation, test))
    Console(width=140).print(table)


class WithoutLevel(Intervals):
    """Intervals for which only the window and the quantiles tell how large errors are."""

    def level(self, rows: np.ndarray) -> np.ndarray:
        return np.ones(len(rows))


def stationary(seed: int) -> np.ndarray:
    """Return seven series of a day's cycle and noise with a memory of some 30 hours, shape (rows, 7)."""
    noise = np.random.default_rng(seed).normal(size=(20 * MONTH, 7))
    for row in range(1, len(noise)):
        noise[row] = 0.97 * noise[row - 1] + 0.25 * noise[row]
    return np.sin(2 * np.pi * np.arange(len(noise)) / 24)[:, None] + noise


def held(values: np.ndarray, train: int, validation: int, test: int) -> list[str]:
    """Return how errors grow from validation to test; the shares of the test values within 80 and 95 %, and the CRPS,
    with and without the level of recent errors.

    Args:
        values: shape (rows, series). train, validation, test: the months at which these parts end.
    """
    train, validation, test = (months * MONTH for months in (train, validation, test))
    values = ((values - values[:train].mean(0)) / values[:train].std(0))[:test]
    past, ahead = (part.transpose(0, 2, 1).reshape(-1, part.shape[1]) for part in changes(values, WINDOW, train, 3))
    weights = np.linalg.solve(past.T @ past + RIDGE * np.eye(WINDOW), past.T @ ahead)

    def forecasts(first: int, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return truth, forecast and window, relative to the window's last value, and the rows, from the end on."""
        window, truth = changes(values, first, end, STEP)
        rows = np.arange(first, end - HORIZON + 1, STEP) - test
        return truth, np.einsum("swt,wh->sht", window, weights), window, rows

    half_life = max(HALF_LIFE * WINDOW, HORIZON)
    one, two = forecasts(train, validation), forecasts(validation, test)
    found: list[str] = []
    for kind in (Intervals, WithoutLevel):
        intervals = kind.fit(*one[:3], None, one[3], validation - test, half_life).add(*two[:3], None, two[3])
        bounds = intervals.bounds(two[1], two[2], QUANTILE_LEVELS, two[3])
        scores = interval_scores(two[0], two[1], bounds)
        found += [" / ".join(f"{share:.1f}" for share in scores["coverage"].values()), f"{scores['crps']:.3f}"]
    before, after = (np.abs(truth - forecast).mean() for truth, forecast, *_ in (one, two))
    return [f"{after / before:.2f}", *found]


def changes(values: np.ndarray, first: int, end: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Return windows, (samples, window, series), and what follows, (samples, horizon, series), less the last value."""
    origins = np.arange(max(first, WINDOW), end - HORIZON + 1, step)[:, None]
    last = values[origins - 1]
    return values[origins + np.arange(-WINDOW, 0)] - last, values[origins + np.arange(HORIZON)] - last


if __name__ == "__main__":
    main()
