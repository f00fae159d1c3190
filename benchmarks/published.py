"""Errors on data with published figures, beside those figures and the naive forecasts: ETTh1, M4 weekly, Beijing PM2.5.

Settings were chosen on validation months of ETTh1, at horizon 96, and on the last 39 weeks before the test weeks of M4:
`published.py m4-before` scores a choice there, from three origins.
The loss of ETTh1 was chosen so, too, after its test months had once been scored with `--loss mse`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

import seqwise as sw
from seqwise.estimators.forecasting.interval_scores import QUANTILE_LEVELS, interval_scores

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
MONTH = 30 * 24  # hours
PUBLISHED = {  # MSE at each horizon: SegRNN, iTransformer, DLinear (from the repository of SegRNN)
    96: (0.368, 0.386, 0.386), 192: (0.408, 0.441, 0.437), 336: (0.444, 0.487, 0.481), 720: (0.446, 0.503, 0.519),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=["etth1", "ot", "m4", "pm25"], help="etth1, ot, m4, m4-before, pm25")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--horizons", default="96,192,336,720")
    parser.add_argument("--loss", default="mae", help="of ETTh1")
    parser.add_argument("--epochs", type=int, help="of m4-before")
    arguments = parser.parse_args()
    console = Console(width=160)
    horizons = [int(h) for h in arguments.horizons.split(",")]
    for name in arguments.data:
        if name == "m4":
            console.print(m4_weekly(arguments.seeds))
        elif name == "m4-before":
            console.print(m4_before(arguments.seeds, arguments.epochs))
        elif name == "pm25":
            console.print(pollution(arguments.seeds))
        else:
            console.print(etth1(arguments.seeds, horizons, "OT" if name == "ot" else None, arguments.loss))


def etth1(seeds: int, horizons: list[int], target: str | None, loss: str) -> Table:
    """Train on 12 months, find the best epoch on 4, score every window of the next 4, standardised by the first 12."""
    frame = pl.read_csv(SHARED / "ETTh1.csv").head(20 * MONTH)
    targets = frame.columns[1:] if target is None else [target]
    values = frame[targets].to_numpy()
    values = (values - values[: 12 * MONTH].mean(0)) / values[: 12 * MONTH].std(0)
    what = "7 variables" if target is None else target
    table = Table(
        title=f"ETTh1, {what}, look-back 96, trained by {loss}: MSE and MAE of the test months, {seeds} seed(s)"
    )
    columns = ["horizon", "Seqwise MSE", "MAE", "last value", "last day", "80 % / 95 % hold", "epochs", "s"]
    for column in columns[:5] + (["SegRNN", "iTransformer", "DLinear"] if target is None else []) + columns[5:]:
        table.add_column(column)
    for horizon in horizons:
        origins = np.arange(16 * MONTH, 20 * MONTH - horizon + 1)
        truth = values[origins[:, None] + np.arange(horizon)]
        found, seconds, held, epochs = [], [], [], []
        for seed in range(seeds):
            forecaster = sw.Forecaster(
                96, horizon, recipe="segments", units=(128,), loss=loss, log=False, season=24, validation=4 * MONTH,
                test=4 * MONTH, refit=False, seed=seed,
            )  # fmt: skip
            started = time.perf_counter()
            forecaster.fit(frame, time="date", target=targets, verbose=False)
            seconds.append(time.perf_counter() - started)
            scaler = forecaster.scaler_
            forecast = scaler.transform(forecaster.forecast_at(origins)[0])
            found.append((float(((forecast - truth) ** 2).mean()), float(np.abs(forecast - truth).mean())))
            some = np.linspace(0, len(origins) - 1, 200).astype(int)
            bounds = forecaster.forecast_at(origins[some], QUANTILE_LEVELS)[1:]
            bounds = [scaler.transform(bound) for bound in bounds]
            held.append(interval_scores(truth[some], forecast[some], bounds)["coverage"])
            training = forecaster.training_
            epochs.append(f"{training.best_epoch}/{len(training.history['loss'])}")
        last = values[origins - 1][:, None]
        day = values[origins[:, None] - 24 + np.arange(horizon) % 24]
        row = [str(horizon), spread([mse for mse, _ in found]), spread([mae for _, mae in found])]
        row += [f"{((last - truth) ** 2).mean():.3f}", f"{((day - truth) ** 2).mean():.3f}"]
        row += [f"{figure:.3f}" for figure in PUBLISHED[horizon]] if target is None else []
        row += [" / ".join(f"{np.mean([h[level] for h in held]):.1f}" for level in ("80", "95"))]
        table.add_row(*row, ", ".join(epochs), f"{statistics.mean(seconds):.0f}")
    return table


def m4_weekly(seeds: int) -> Table:
    """One model of all 359 series forecasts the 13 weeks of the test file from the end of the training file."""
    test = pl.read_csv(SHARED / "M4-weekly-test.csv", infer_schema_length=0)
    truth = np.array([[float(cell) for cell in row[1:14]] for row in test.rows()])
    table = Table(title=f"M4 weekly, 359 series, horizon 13: sMAPE, {seeds} seed(s)")
    for column in ("Seqwise", "last value", "ES-RNN", "M4's plain RNN", "80 % / 95 % hold", "s"):
        table.add_column(column)
    found, naive, held, seconds = score_m4(m4_training_weeks(), truth, seeds)
    table.add_row(found, naive, "7.817", "15.220", held, seconds)
    return table


def m4_before(seeds: int, epochs: int | None) -> Table:
    """The same for the last 13, the 13 before them and the 13 before those of the training file."""
    settings: dict[str, Any] = {} if epochs is None else {"epochs": epochs}
    table = Table(title=f"M4 weekly, earlier weeks: sMAPE, {seeds} seed(s)")
    for column in ("last weeks left out", "Seqwise", "last value", "80 % / 95 % hold", "s"):
        table.add_column(column)
    weeks = m4_training_weeks()
    for left_out in (13, 26, 39):
        long = {name: values for name, values in weeks.items() if len(values) - left_out >= 65}
        past = {name: values[:-left_out] for name, values in long.items()}
        truth = np.array([values[-left_out:][:13] for values in long.values()])
        table.add_row(str(left_out), *score_m4(past, truth, seeds, **settings))
    return table


def m4_training_weeks() -> dict[str, np.ndarray]:
    train = pl.read_csv(SHARED / "M4-weekly-train.csv", infer_schema_length=0)
    return {row[0]: np.array([float(cell) for cell in row[1:] if cell]) for row in train.rows()}


def score_m4(data: dict[str, np.ndarray], truth: np.ndarray, seeds: int, **settings: Any) -> list[str]:
    """Return the sMAPE of Seqwise and of the last value, the share of the truth that intervals hold, and seconds."""
    found, seconds, held = [], [], []
    for seed in range(seeds):
        forecaster = sw.Forecaster(52, 13, loss="mae", validation=13, test=0, seed=seed, **settings)
        started = time.perf_counter()
        forecaster.fit(data, verbose=False)
        seconds.append(time.perf_counter() - started)
        table = forecaster.predict(level=QUANTILE_LEVELS)
        columns = [table[name].to_numpy().reshape(truth.shape) for name in table.columns[2:]]
        found.append(smape(truth, columns[0]))
        held.append(interval_scores(truth, columns[0], columns[1:])["coverage"])
    naive = np.array([[values[-1]] for values in data.values()])
    shares = " / ".join(f"{np.mean([h[level] for h in held]):.1f}" for level in ("80", "95"))
    return [spread(found), f"{smape(truth, naive + 0 * truth):.3f}", shares, f"{statistics.mean(seconds):.0f}"]


def pollution(seeds: int) -> Table:
    """Train on 2010, its last tenth for the best epoch, and score every window of 2011 to 2014, default settings."""
    past = ["DEWP", "TEMP", "PRES", "cbwd", "Iws", "Is", "Ir"]
    table = Table(title=f"Beijing PM2.5 with weather, year 1 for training, RMSE and MAE of four years, {seeds} seed(s)")
    for column in ("horizon", "Seqwise RMSE", "MAE", "last value RMSE", "MAE", "last day RMSE", "s"):
        table.add_column(column)
    for horizon in (1, 24):
        found, seconds, scores = [], [], {}
        for seed in range(seeds):
            forecaster = sw.Forecaster(
                48, horizon, calendar=["hour"], season=24, validation=876, test=4 * 8760 + 24, seed=seed
            )
            started = time.perf_counter()
            forecaster.fit(
                SHARED / "pollution.csv",
                time=["year", "month", "day", "hour"],
                target="pm2.5",
                past=past,
                verbose=False,
            )
            seconds.append(time.perf_counter() - started)
            scores = forecaster.evaluate().scores
            found.append(scores["model"])
        row = [str(horizon), *(spread([one[name] for one in found]) for name in ("rmse", "mae"))]
        row += [f"{scores['naive'][name]:.3f}" for name in ("rmse", "mae")] + [
            f"{scores['seasonal_naive']['rmse']:.3f}"
        ]
        table.add_row(*row, f"{statistics.mean(seconds):.0f}")
    return table


def smape(truth: np.ndarray, forecast: np.ndarray) -> float:
    """Return M4's sMAPE in percent."""
    return float(200 * np.mean(np.abs(truth - forecast) / (np.abs(truth) + np.abs(forecast))))


def spread(values: list[float]) -> str:
    """Write a mean and, of several, their standard deviation."""
    text = f"{statistics.mean(values):.3f}"
    return text if len(values) == 1 else f"{text} ± {statistics.stdev(values):.3f}"


if __name__ == "__main__":
    main()
