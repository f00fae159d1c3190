"""`seqwise evaluate`: how good a run is, beside the baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from seqwise.cli import options


def command(
    run: options.Run,
    data: Annotated[str | None, typer.Option(help="A table to score on; left out: the training file.")] = None,
    folds: Annotated[
        int | None, typer.Option(help="Train and score afresh on this many rolling origins (a backtest).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a run beside the last value, the last season and exponential smoothing, on the same windows.

    Without --folds: the test part of the training file, or in other data all windows from the start of the test
    part on. For example:

        seqwise evaluate runs/airline

        seqwise evaluate runs/airline --data newer.csv

        seqwise evaluate runs/airline --folds 5
    """
    from seqwise.errors import DataError
    from seqwise.models.run_folder import load

    forecaster = load(run)
    source = data if data is not None else forecaster.data_
    if source is None:
        raise DataError("This run was trained on a table in memory. Name a file: --data FILE.csv.")
    if data is None and not Path(source).exists():
        raise DataError(f"The training file {source!r} is no longer there. Name it: --data FILE.csv.")
    result = forecaster.evaluate(source) if folds is None else forecaster.backtest(source, folds, verbose=None)
    if as_json:
        import json

        print(json.dumps(result.to_dict(), indent=1))
    else:
        Console(soft_wrap=True, highlight=False, markup=False).print(str(result))


command.__name__ = "evaluate"
