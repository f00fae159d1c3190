"""`seqwise compare`: recipes and baselines on the same windows, in one table."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from seqwise.cli.columns import Data
from seqwise.cli.console import terminal
from seqwise.cli.options import with_options
from seqwise.cli.tasks import TASKS

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def command(data: str, as_json: bool = False, **options: Any) -> None:
    """Train each forecasting recipe and rank them with all baselines, on the same windows.

    For one series the baselines are the last value, the last season, exponential smoothing, Theta, a linear regression
    and gradient boosting on lags. The best comes first; p shows which differences may be due to chance. For example:

        seqwise compare airline.csv --time Month --target Passengers --window 24 --horizon 12

        seqwise compare sales.csv --time day --target sold --metric rmse --recipe skip
    """
    chosen = {name: value for name, value in options.items() if value is not None}
    task = TASKS["forecast"]
    forecaster: Any = task.make(chosen)
    recipes = {} if forecaster.recipe == "auto" else {"recipes": (forecaster.recipe,)}
    ranking = forecaster.compare(data, **recipes, **task.commands().columns(chosen))
    console = terminal(soft_wrap=True, highlight=False, markup=False)
    console.print(json.dumps(ranking.to_dict(), indent=1, allow_nan=False) if as_json else str(ranking))


command = with_options(
    command,
    {"data": Data},
    [*TASKS["forecast"].columns, *TASKS["forecast"].settings_options()],
    own={"as_json": (JSON, False)},
)
command.__name__ = "compare"
