"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Data = Annotated[str, typer.Argument(help="A CSV or Parquet file, one row a timestep.", metavar="DATA")]
Run = Annotated[str, typer.Argument(help="A folder that `seqwise train --out` wrote.", metavar="RUN")]
Time = Annotated[
    str | None,
    typer.Option(help="The time column; several with commas: year,month,day. Left out: rows are evenly spaced."),
]
Target = Annotated[str, typer.Option(help="The column to forecast; several with commas.")]
Features = Annotated[
    str | None, typer.Option(help="Further input columns with commas, or 'all'. The target's own past is always read.")
]
Window = Annotated[int, typer.Option(help="Rows that the model reads.")]
Horizon = Annotated[int, typer.Option(help="Rows that it forecasts.")]
Validation = Annotated[float, typer.Option(help="Held back to find the best epoch: a share, or a number of rows.")]
Test = Annotated[float, typer.Option(help="The latest rows, held back to score the model: a share, or a number.")]
Gaps = Annotated[str, typer.Option(help="Missing rows and values: interpolate, mask or error.")]


def names(value: str | None) -> Any:
    """Split a list with commas; one name stays a text, None stays None."""
    if value is None:
        return None
    found = [name.strip() for name in value.split(",") if name.strip()]
    return found[0] if len(found) == 1 else found
