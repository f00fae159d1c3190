"""Forecasting a series on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqwise.cli import options

COLUMNS = ("target", "time", "features")
OPTIONS = {
    *COLUMNS, "window", "horizon", "units", "bidirectional", "dropout", "return_sequences", "scaler", "gaps",
    "validation", "test", "loss", "optimizer", "learning_rate", "epochs", "patience", "batch_size", "seed",
}  # fmt: skip


def make(given: dict[str, Any]) -> Any:
    from seqwise.estimators.forecasting.forecaster import Forecaster

    settings = {name: value for name, value in given.items() if name not in COLUMNS}
    if "units" in settings:
        settings["units"] = options.widths(settings["units"])
    return Forecaster(**settings)


def fit(forecaster: Any, data: str, given: dict[str, Any]) -> None:
    forecaster.fit(data, **_columns(given))


def shape(forecaster: Any, data: str, given: dict[str, Any]) -> tuple[str, list[str]]:
    story, notes = forecaster.shapes(data, **_columns(given))
    return str(story), notes


def notes(forecaster: Any) -> list[str]:
    return forecaster.series_.warnings


def told(forecaster: Any) -> str:
    from seqwise.evaluation.report import headline

    evaluation = forecaster.evaluation_
    if evaluation is None:
        return ""
    return f"test part, {len(evaluation.origins):,} window(s):\n{evaluation}\n\n{headline(evaluation)[1]}"


def evaluate(forecaster: Any, data: str | None, folds: int | None) -> Any:
    from seqwise.errors import DataError

    source = data if data is not None else forecaster.data_
    if source is None:
        raise DataError("This run was trained on a table in memory. Name a file: --data FILE.csv.")
    if data is None and not Path(source).exists():
        raise DataError(f"The training file {source!r} is no longer there. Name it: --data FILE.csv.")
    return forecaster.evaluate(source) if folds is None else forecaster.backtest(source, folds, verbose=None)


def predict(forecaster: Any, data: str | None, out: Path | None, plot: Path | None) -> str:
    from seqwise.estimators.forecasting.run import write_forecast

    series = forecaster.series_ if data is None else forecaster.read_again(data)
    times, values = forecaster.forecast(series)
    columns = forecaster.forecast_columns(series, times, values)
    said = []
    if out is None and plot is None:
        import polars as pl

        with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
            said.append(str(pl.DataFrame(columns)))
    if out is not None:
        write_forecast(out, columns)
        said.append(f"wrote {out}")
    if plot is not None:
        from seqwise.evaluation.figures import png
        from seqwise.evaluation.plots import future_plot

        plot.write_bytes(png(future_plot(series, values, times, 0)))
        said.append(f"wrote {plot}")
    return "\n".join(said)


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    from seqwise.errors import SettingError

    if "target" not in given:
        raise SettingError(
            "--target is missing: name the column to forecast. To classify sequences, or to find a number for each, "
            "name the column that tells them apart: --group COL --label COL. Pairs of texts are learned with --task "
            "translate."
        )
    return {name: options.names(given.get(name)) for name in COLUMNS}
