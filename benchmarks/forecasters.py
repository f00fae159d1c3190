"""Error and training time of `Forecaster` beside NeuralForecast's LSTM and Darts' BlockRNNModel, all on the CPU.

python benchmarks/forecasters.py [SET …] [--programs …] [--seeds 1]      needs pip install 'seqwise[peers]'

The same series and the same test windows for every program, each in a process of its own; the time is that of `fit`
alone, without imports. Peers run with their defaults (Darts has none for the look-back and gets ours), and again with
our look-back and the width of our LSTM; Darts' series are standardised by its own Scaler, as its guide does it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
WIDTH = 64  # of Seqwise's default LSTM
PROGRAMS = {
    "seqwise": "Seqwise",
    "neuralforecast": "NeuralForecast LSTM",
    "neuralforecast-same": "  with our look-back and width",
    "darts": "Darts BlockRNNModel",
    "darts-same": "  with our width",
}
OTHER_EPOCHS = {
    "seqwise-once": "Seqwise, one epoch",
    "darts-once": "Darts BlockRNNModel, one epoch",
    "darts-long": "Darts BlockRNNModel, 1,000 epochs",
}
DARTS_EPOCHS = {"once": 1, "long": 1000}  # its default is 100


@dataclass
class Task:
    """Series to train on, and windows to test.

    Attributes:
        frequency: as pandas writes it.
        train: the values of each series.
        histories: all that is known at the start of each test window.
        truth: shape (windows, horizon).
    """

    window: int
    horizon: int
    frequency: str
    train: list[np.ndarray]
    histories: list[np.ndarray]
    truth: np.ndarray

    @classmethod
    def of_series(cls, values: np.ndarray, window: int, horizon: int, frequency: str, first: int, every: int) -> Task:
        """Train on the values before `first`; test windows start there, and then after each `every` values."""
        origins = range(first, len(values) - horizon + 1, every)
        truth = np.stack([values[at : at + horizon] for at in origins])
        return cls(window, horizon, frequency, [values[:first]], [values[:at] for at in origins], truth)


def read_column(file: str, column: int) -> np.ndarray:
    lines = (SHARED / file).read_text().splitlines()[1:]
    return np.array([float(line.split(",")[column].strip('"')) for line in lines if line])


def m4_weekly() -> Task:
    rows = [(SHARED / f"M4-weekly-{part}.csv").read_text().splitlines()[1:] for part in ("train", "test")]
    cells = [[[cell.strip('"') for cell in row.split(",")[1:]] for row in part] for part in rows]
    train, test = ([np.array([float(cell) for cell in row if cell]) for row in part] for part in cells)
    return Task(52, 13, "W", train, train, np.stack(test))


TASKS: dict[str, tuple[str, Callable[[], Task]]] = {
    "airline": (
        "airline passengers, 144 months, the last 36 to test, horizon 12",
        lambda: Task.of_series(read_column("airline-passengers.csv", 1), 24, 12, "MS", 108, 1),
    ),
    "temperature": (
        "daily temperatures, ten years, the last two to test, horizon 7",
        lambda: Task.of_series(read_column("daily-min-temperatures.csv", 1), 28, 7, "D", 2920, 7),
    ),
    "ot": (
        "ETTh1's OT, 16 months, 4 to test, horizon 24",
        lambda: Task.of_series(read_column("ETTh1.csv", 7)[: 20 * 720], 96, 24, "h", 16 * 720, 24),
    ),
    "m4": ("M4 weekly, 359 series, one model of all, horizon 13", m4_weekly),
}


def run_seqwise(task: Task, seed: int, epochs: int | str) -> tuple[np.ndarray, float]:
    import seqwise as sw
    from seqwise.backend import import_keras

    import_keras()  # with JAX; the peers' PyTorch is imported with them
    forecaster = sw.Forecaster(task.window, task.horizon, seed=seed, test=0, epochs=epochs)
    panel = {f"{i:04d}": values for i, values in enumerate(task.train)}
    started = time.perf_counter()
    forecaster.fit(panel if len(panel) > 1 else task.train[0], verbose=False)
    seconds = time.perf_counter() - started
    if len(panel) > 1:
        return np.stack([np.ravel(forecast) for forecast in forecaster.predict().values()]), seconds
    return np.stack([np.ravel(forecaster.predict(history)) for history in task.histories]), seconds


def run_neuralforecast(task: Task, seed: int, width: int | None) -> tuple[np.ndarray, float]:
    import pandas as pd
    from neuralforecast import NeuralForecast  # pyright: ignore[reportMissingImports]
    from neuralforecast.models import LSTM  # pyright: ignore[reportMissingImports]

    def table(series: list[np.ndarray]) -> Any:
        dates = pd.date_range("2000-01-01", periods=max(map(len, series)), freq=task.frequency)
        parts = [pd.DataFrame({"unique_id": f"{i:04d}", "ds": dates[: len(y)], "y": y}) for i, y in enumerate(series)]
        return pd.concat(parts, ignore_index=True)

    settings: dict[str, Any] = {} if width is None else {
        "input_size": task.window, "encoder_n_layers": 1, "encoder_hidden_size": width
    }  # fmt: skip
    quiet = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False, "accelerator": "cpu"}
    model = NeuralForecast([LSTM(task.horizon, random_seed=seed + 1, **settings, **quiet)], freq=task.frequency)
    started = time.perf_counter()
    model.fit(table(task.train))
    seconds = time.perf_counter() - started
    forecasts = model.predict(table([history[-10 * task.window :] for history in task.histories]))
    return forecasts["LSTM"].to_numpy().reshape(task.truth.shape), seconds


def run_darts(task: Task, seed: int, width: int | None, epochs: int) -> tuple[np.ndarray, float]:
    import pandas as pd
    from darts import TimeSeries  # pyright: ignore[reportMissingImports]
    from darts.dataprocessing.transformers import Scaler  # pyright: ignore[reportMissingImports]
    from darts.models import BlockRNNModel  # pyright: ignore[reportMissingImports]
    from sklearn.preprocessing import StandardScaler

    dates = pd.date_range("2000-01-01", periods=max(map(len, task.histories)), freq=task.frequency)

    def series(values: np.ndarray) -> Any:
        return TimeSeries.from_times_and_values(dates[: len(values)], values.astype(np.float32))

    settings = {} if width is None else {"hidden_dim": width}
    quiet = {"enable_progress_bar": False, "logger": False, "accelerator": "cpu"}
    model = BlockRNNModel(
        task.window, task.horizon, model="LSTM", random_state=seed, n_epochs=epochs, pl_trainer_kwargs=quiet, **settings
    )
    train = [series(values) for values in task.train]
    scaler = Scaler(StandardScaler())
    started = time.perf_counter()
    model.fit(scaler.fit_transform(train))
    seconds = time.perf_counter() - started
    histories = [series(history) for history in task.histories]
    if len(train) == 1:  # one scaler for the windows of one series
        known = [scaler.transform(history) for history in histories]
        forecasts = [scaler.inverse_transform(forecast) for forecast in model.predict(task.horizon, known)]
    else:
        forecasts = scaler.inverse_transform(model.predict(task.horizon, scaler.transform(histories)))
    return np.stack([forecast.values()[:, 0] for forecast in forecasts]), seconds


def run(name: str, program: str, seed: int) -> None:
    """Train one program, and print its errors and seconds as JSON."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    task = TASKS[name][1]()
    peer, _, variant = program.partition("-")
    width = WIDTH if variant == "same" else None
    if peer == "seqwise":
        forecasts, seconds = run_seqwise(task, seed, 1 if variant == "once" else "auto")
    elif peer == "darts":
        forecasts, seconds = run_darts(task, seed, width, DARTS_EPOCHS.get(variant, 100))
    else:
        forecasts, seconds = run_neuralforecast(task, seed, width)
    error = np.abs(forecasts - task.truth)
    scores = {
        "mae": float(error.mean()),
        "rmse": float((error**2).mean() ** 0.5),
        "smape": float(200 * (error / (np.abs(forecasts) + np.abs(task.truth))).mean()),
        "seconds": seconds,
    }
    print(json.dumps(scores))


def run_afresh(name: str, program: str, seed: int) -> dict[str, float]:
    """Run a program in a new process."""
    command = [sys.executable, __file__, "--run", name, program, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"})
    if done.returncode:
        raise SystemExit(f"{program}, {name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(name: str, programs: list[str], seeds: int) -> Table:
    table = Table(title=f"{TASKS[name][0]}, {seeds} seed(s)", title_justify="left")
    for column in ("", "MAE", "RMSE", "sMAPE", "s", "s ÷ ours"):
        table.add_column(column)
    ours = None
    for program in programs:
        runs = [run_afresh(name, program, seed) for seed in range(seeds)]
        mean = {key: statistics.mean(run[key] for run in runs) for key in runs[0]}
        if program == "seqwise":
            ours = mean["seconds"]
        cells = [f"{mean['mae']:.3f}", f"{mean['rmse']:.3f}", f"{mean['smape']:.2f}", f"{mean['seconds']:.1f}"]
        table.add_row(
            (PROGRAMS | OTHER_EPOCHS)[program], *cells, "" if ours is None else f"{mean['seconds'] / ours:.1f}"
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(TASKS), help=", ".join(TASKS))
    parser.add_argument(
        "--programs", default=",".join(PROGRAMS), help=f"separated by commas; also {', '.join(OTHER_EPOCHS)}"
    )
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run(arguments.run[0], arguments.run[1], int(arguments.run[2]))
        return
    programs: list[str] = []
    for program in arguments.programs.split(","):
        package = program.partition("-")[0]
        if importlib.util.find_spec(package):
            programs.append(program)
        else:
            print(f"left out: {program}, for {package} is not installed: pip install 'seqwise[peers]'")
    for name in arguments.sets if programs else ():
        Console(width=120).print(compare(name, programs, arguments.seeds))


if __name__ == "__main__":
    main()
