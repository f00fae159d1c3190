"""`seqwise predict`: the rows to come, or a class or number for each sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqwise.cli import columns
from seqwise.cli.console import terminal


def command(
    run: columns.Run,
    data: Annotated[
        str | None,
        typer.Option(
            help="Sequences; texts, one a line; or a table, to forecast what follows it (left out: the training data)."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the predictions to this CSV file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the forecast to this PNG file.")] = None,
    level: Annotated[
        str | None,
        typer.Option(help="Forecasts only: intervals of these levels in percent, with commas: 80,95."),
    ] = None,
    future: Annotated[
        str | None, typer.Option(help="Forecasts only: a table with the future rows of the columns known in advance.")
    ] = None,
    future_frame: Annotated[
        Path | None,
        typer.Option(help="Forecasts only: write the rows to fill in for --future to this CSV file, and stop."),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Forecasts only: how many rows; beyond the trained horizon by recursion.")
    ] = None,
    source: columns.Source = None,
    trust_edited: columns.TrustEdited = False,
) -> None:
    """Forecast the next rows, predict the class or number of each sequence (or step), or translate texts.

    For example:

        seqwise predict runs/airline

        seqwise predict runs/airline --level 80,95

        seqwise predict runs/airline --data newer.csv --out forecast.csv --plot forecast.png

        seqwise predict runs/shop --future-frame rows.csv     (then fill it in: --future rows.csv)

        seqwise predict runs/vowels --data others.ts --out labels.csv

        seqwise predict runs/french --data letters.txt --out letters.csv
    """
    from seqwise.artifact import check_file
    from seqwise.cli.tasks import of_forecasts, pair_columns, task_of
    from seqwise.errors import SettingError
    from seqwise.estimators.runs import load

    if plot is not None:
        check_file(plot, ".png", sources=[data, future, out])
    estimator = load(run, trust_edited=trust_edited)
    if out is not None:
        check_file(out, sources=[data, future, estimator.data_])
    named = pair_columns(estimator, source=source)
    if future_frame is not None:
        check_file(future_frame, ".csv", sources=[data, estimator.data_])
        if any(other is not None for other in (out, plot, level, future)):
            raise SettingError(
                "--future-frame writes the rows to fill in and forecasts nothing: leave --out, --plot, --level and "
                "--future out."
            )
    forecasts = {"plot": plot, "level": level, "future": future, "horizon": horizon, "future_frame": future_frame}
    drawn = of_forecasts(estimator, "Write the predictions: --out FILE.csv.", **forecasts)
    text = task_of(estimator).commands().predict(estimator, data, out, **drawn, **named)
    terminal(soft_wrap=True, highlight=False, markup=False).print(text)


command.__name__ = "predict"
