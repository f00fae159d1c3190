"""`seqwise evaluate`: how good a run is, and how good its baselines are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqwise.cli import columns
from seqwise.cli.console import terminal


def command(
    run: columns.Run,
    data: Annotated[str | None, typer.Option(help="A file to score on; left out: the training file.")] = None,
    folds: Annotated[
        int | None,
        typer.Option(help="Forecasts only: train and score a new model at this many rolling origins (a backtest)."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Sequences and texts only: write the report to this HTML file.")
    ] = None,
    source: columns.Source = None,
    trust_edited: columns.TrustEdited = False,
    target: Annotated[
        str | None, typer.Option(help="The column of the translations.", rich_help_panel=columns.PAIRS)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a run and its baselines on the same windows or sequences.

    Without --data, the part of the training file that was held back is scored. The baselines are the last value, the
    last season and exponential smoothing for forecasts; the most frequent class, a linear model and others for classes;
    and the most similar training text for translations. For example:

        seqwise evaluate runs/airline

        seqwise evaluate runs/airline --data newer.csv

        seqwise evaluate runs/airline --folds 5

        seqwise evaluate runs/vowels --data others.ts --report others.html
    """
    from seqwise.artifact import check_file, replaced_file
    from seqwise.cli.tasks import of_forecasts, pair_columns, task_name, task_of
    from seqwise.errors import SettingError
    from seqwise.estimators.runs import load

    if report is not None:
        check_file(report, ".html", sources=[data])
    estimator = load(run, trust_edited=trust_edited)
    if report is not None and task_name(estimator) == "forecast":
        raise SettingError("--report belongs to sequences; a forecast's report is in its run folder, report.html.")
    named = pair_columns(estimator, source=source, target=target)
    instead = "Score it on other data: --data FILE. For sequences: scikit-learn's cross_val_score, in Python."
    folded = of_forecasts(estimator, instead, folds=folds)
    result = task_of(estimator).commands().evaluate(estimator, data, **folded, **named)
    if report is not None:
        with replaced_file(report) as file:
            estimator.write_report(result, file)
    if as_json:
        import json

        print(json.dumps(result.to_dict(), indent=1))
        return
    console = terminal(soft_wrap=True, highlight=False, markup=False)
    console.print(str(result))
    if report is not None:
        console.print(f"\nreport {report}")


command.__name__ = "evaluate"
