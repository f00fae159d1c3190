"""`seqwise predict`: the rows to come."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from seqwise.cli import options


def command(
    run: options.Run,
    data: Annotated[
        str | None, typer.Option(help="Forecast what follows this table; left out: what follows the training data.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the forecast to this CSV file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the forecast to this PNG file.")] = None,
) -> None:
    """Forecast the rows that follow the data.

    For example:

        seqwise predict runs/airline

        seqwise predict runs/airline --data newer.csv --out forecast.csv --plot forecast.png
    """
    from seqwise.models.forecaster_run import write_forecast
    from seqwise.models.run_folder import load

    for path in (out, plot):
        _check_writable(path)
    forecaster = load(run)
    series = forecaster.series_ if data is None else forecaster.read_again(data)
    times, values = forecaster.forecast(series)
    columns = forecaster.forecast_columns(series, times, values)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    if out is None and plot is None:
        import polars as pl

        with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
            console.print(str(pl.DataFrame(columns)))
    if out is not None:
        write_forecast(out, columns)
        console.print(f"wrote {out}")
    if plot is not None:
        from seqwise.evaluation.plots import future_plot, png

        plot.write_bytes(png(future_plot(series, values, times, 0)))
        console.print(f"wrote {plot}")


def _check_writable(path: Path | None) -> None:
    from seqwise.errors import SettingError

    if path is not None and not path.absolute().parent.is_dir():
        raise SettingError(f"There is no folder {str(path.absolute().parent)!r} to write {path.name} to.")


command.__name__ = "predict"
