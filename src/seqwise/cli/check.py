"""`seqwise check`: what is wrong with a saved Keras model and its data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from seqwise.cli import columns


def command(
    model: Annotated[str, typer.Argument(help="A saved Keras model (.keras), or a run folder.", metavar="MODEL")],
    data: Annotated[
        str | None,
        typer.Option(help="What it reads: .npz with x (and y, x_val, y_val), .npy with x, or a CSV or Parquet table."),
    ] = None,
    target: Annotated[str | None, typer.Option(help="For a table: the column(s) to forecast.")] = None,
    time: columns.Time = None,
    features: columns.Features = None,
    window: Annotated[int, typer.Option(help="For a table: rows that the model reads.")] = 24,
    horizon: Annotated[int, typer.Option(help="For a table: rows that it forecasts.")] = 1,
    loss: Annotated[str | None, typer.Option(help="The loss, where the model was saved without one: mse, …")] = None,
    streaming: Annotated[bool, typer.Option(help="The model is to run one timestep at a time.")] = False,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="How to print the report.")] = "text",
) -> None:
    """Say what will fail and what will train and be wrong. Exit code 1 where there are errors.

    Nothing is trained, and neither the model nor the data is changed. For example:

        seqwise check runs/model.keras

        seqwise check model.keras --data windows.npz --loss mse

        seqwise check model.keras --data sales.csv --time date --target units --window 28 --horizon 7

        seqwise check model.keras --data windows.npz --format json
    """
    from seqwise.cli.inputs import read_keras_model
    from seqwise.inspection.check.check import check

    x, y, validation = None, None, None
    if data is not None:
        arrays = _read_arrays(Path(data))
        if arrays is None:
            arrays = _cut_windows(data, target, time, features, window, horizon)
        x, y = arrays.get("x"), arrays.get("y")
        if "x_val" in arrays:
            validation = (arrays["x_val"], arrays.get("y_val"))
    report = check(read_keras_model(model, compiled=True), x, y, validation=validation, loss=loss, streaming=streaming)
    if form == "json":
        print(json.dumps(report.to_dict(), indent=2, ensure_ascii=False))
    else:
        Console(highlight=False).print(report)
    if report.errors:
        raise typer.Exit(1)


def _read_arrays(path: Path) -> dict[str, Any] | None:
    """Return the arrays of a .npy or .npz file by name; None for any other file."""
    import numpy as np

    from seqwise.errors import DataError

    if path.suffix not in (".npy", ".npz") or not path.exists():
        return None
    try:
        held = np.load(path, allow_pickle=False)
        arrays = {"x": held} if isinstance(held, np.ndarray) else {name: held[name] for name in held.files}
    except (ValueError, OSError, EOFError) as error:
        raise DataError(
            f"{path.name} cannot be read: {error}. Save arrays of numbers: np.savez({path.stem!r}, x=x, y=y)."
        ) from None
    if "x" not in arrays:
        raise DataError(
            f"{path.name} holds {', '.join(map(repr, arrays)) or 'nothing'}, but no 'x'. Save it by "
            f"np.savez({path.stem!r}, x=x, y=y)."
        )
    return arrays


def _cut_windows(data: str, target: Any, time: Any, features: Any, window: int, horizon: int) -> dict[str, Any]:
    """Cut a table into windows as `seqwise train` does, unscaled columns scaled by the training rows."""
    import numpy as np

    from seqwise.data import Scaler, Windows, make_series, read_table, split_by_time
    from seqwise.errors import SettingError

    table = read_table(data)
    if target is None:
        raise SettingError(
            f"--target is missing. Name the column to forecast: one of {', '.join(table.numeric_columns())}."
        )
    series = make_series(
        table, target=columns.names(target), time=columns.names(time), features=columns.names(features)
    )
    split = split_by_time(len(series), window=window, horizon=horizon, label=series.label)
    scaled = Scaler().fit(series.values[: split.train], series.columns).transform(series.values)
    parts = {}
    for names, part in ((("x", "y"), "train"), (("x_val", "y_val"), "validation")):
        windows = Windows(scaled, window, horizon, series.targets, *split.bounds(part))
        x, y = windows.batch(np.arange(min(len(windows), 10_000)))
        parts |= {names[0]: x, names[1]: y[:, 0] if horizon == 1 else y}
    return parts


command.__name__ = "check"
