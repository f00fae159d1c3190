"""Forecasting a series on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqwise.cli.columns import names
from seqwise.cli.inputs import training_file

if TYPE_CHECKING:
    from seqwise.estimators.forecasting.forecaster import Forecaster
    from seqwise.evaluation import ForecastComparison

COLUMNS = ("target", "time", "features", "future", "static", "series")


def columns(options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `fit` that name columns."""
    from seqwise.errors import SettingError

    if "target" not in options and "series" not in options:
        raise SettingError(
            "--target is missing: name the column to forecast. To classify sequences, or to find a number for each, "
            "name the column that tells them apart: --group COL --label COL. Pairs of texts are learned with --task "
            "translate."
        )
    return {name: names(options.get(name)) for name in COLUMNS}


def run_columns(forecaster: Forecaster) -> dict[str, Any]:
    """Return the arguments of `fit` that name the columns a run was trained on."""
    panel = forecaster.panel_
    known = forecaster.series_ if panel is None else panel
    columns = {"time": known.time, "features": known.covariates.past or None, "future": known.covariates.future or None}
    if panel is None:
        return columns | {"target": forecaster.series_.target_names}
    return columns | {"target": panel.target, "series": panel.series, "static": panel.covariates.static or None}


def counted(comparison: ForecastComparison) -> str:
    """Return what was compared, in words."""
    return f"{len(comparison):,} window(s)"


def evaluate(forecaster: Forecaster, data: str | None, folds: int | None = None) -> Any:
    source = data if data is not None else training_file(forecaster)
    return forecaster.evaluate(source) if folds is None else forecaster.backtest(source, folds, verbose=None)


def predict(
    forecaster: Forecaster,
    data: str | None,
    out: Path | None,
    plot: Path | None = None,
    level: str | None = None,
    future: str | None = None,
    horizon: int | None = None,
    future_frame: Path | None = None,
) -> str:
    from seqwise.artifact import replaced_file
    from seqwise.errors import SettingError, quoted
    from seqwise.estimators.forecasting.report import write_forecast

    needed = run_columns(forecaster)["future"] or []
    if future_frame is not None:
        if not needed:
            raise SettingError("The model reads no column that is known in advance: leave --future-frame out.")
        with replaced_file(future_frame) as file:
            write_forecast(file, forecaster.future_table(data, horizon)[0])
        return f"wrote {future_frame}: fill in {quoted(needed)}, and forecast with --future {future_frame}"
    if future is None and needed:
        raise SettingError(
            f"The forecast needs the future rows of {quoted(needed)}: --future FILE. --future-frame FILE.csv writes "
            "the rows to fill in."
        )
    levels = _levels(level)
    table, _ = forecaster.forecast_table(data, levels, future, horizon=horizon)
    lines = []
    if out is None and plot is None:
        import polars as pl

        from seqwise.data.tables import to_kind

        with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
            lines.append(str(to_kind(table, "polars")))
    if out is not None:
        with replaced_file(out) as file:
            write_forecast(file, table)
        lines.append(f"wrote {out}")
    if plot is not None:
        from seqwise.evaluation.figures import png

        picture = png(forecaster.plot(data, future_df=future, level=levels))
        with replaced_file(plot) as file:
            file.write_bytes(picture)
        lines.append(f"wrote {plot}")
    return "\n".join(lines)


def _levels(level: str | None) -> list[float] | None:
    from seqwise.errors import SettingError

    try:
        return None if level is None else [float(number) for number in level.split(",")]
    except ValueError:
        raise SettingError(f"--level {level}: expected percents with commas, for example 80,95.") from None
