"""Arguments and options that say what to read: the data, and the columns of a table.

The options of an estimator's settings come from their declarations: see `seqwise.cli.options`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from seqwise.errors import SettingError
from seqwise.estimators.settings import PAIRS, SEQUENCES, SERIES, TEXTS

Data = Annotated[
    str,
    typer.Argument(
        help="CSV, Parquet or .ts: one row a timestep, or a sequence a line; pairs of texts: also .tsv.", metavar="DATA"
    ),
]
Run = Annotated[str, typer.Argument(help="A folder that `seqwise train --out` wrote.", metavar="RUN")]
TrustEdited = Annotated[
    bool, typer.Option("--trust-edited", help="Read a run that you edited on purpose: its checksums need not hold.")
]
Task = Annotated[
    str | None,
    typer.Option(help="forecast, classify, regress, tag or translate; left out: inferred from the data and options."),
]
Out = Annotated[Path, typer.Option(help="Folder to write the run to; an earlier run there is replaced.")]
Resume = Annotated[
    bool | None,
    typer.Option(
        "--resume/--no-resume",
        help="Go on with a training into this folder that was stopped; or start anew, without it.",
    ),
]
Time = Annotated[
    str | None,
    typer.Option(help="The time column; several with commas: year,month,day. Left out: rows are in order."),
]
Features = Annotated[str | None, typer.Option(help="Input columns with commas, or 'all'.")]
Target = Annotated[
    str | None,
    typer.Option(
        help="The column to forecast; several with commas. To translate: that of the translations.",
        rich_help_panel=SERIES,
    ),
]
Series = Annotated[
    str | None,
    typer.Option(
        help="Of a long table of many series: the column that names each row's. One model learns from all.",
        rich_help_panel=SERIES,
    ),
]
Future = Annotated[
    str | None,
    typer.Option(
        help="Input columns that are known in advance, with commas; seqwise predict takes their rows to come.",
        rich_help_panel=SERIES,
    ),
]
Static = Annotated[
    str | None,
    typer.Option(help="Of many series: columns that hold one value for each series.", rich_help_panel=SERIES),
]
Group = Annotated[
    str | None,
    typer.Option(help="Of a long table: the column that names each row's sequence.", rich_help_panel=SEQUENCES),
]
Label = Annotated[
    str | None,
    typer.Option(
        help="The column of each sequence's label or number, several with commas; to tag: of each row's label.",
        rich_help_panel=SEQUENCES,
    ),
]
Text = Annotated[
    str | None,
    typer.Option(help="The column of texts, one a row; with --group, of tokens, one a row.", rich_help_panel=TEXTS),
]
Source = Annotated[
    str | None,
    typer.Option(
        help="The column of the texts to translate; in a file without a header line its number, from 0. --target names "
        "that of the translations. Left out: the first two.",
        rich_help_panel=PAIRS,
    ),
]
COLUMNS = {
    "task": Task, "time": Time, "features": Features, "target": Target, "series": Series,
    "future": Future, "static": Static,
    "group": Group, "label": Label, "text": Text,
    "source": Source,
}  # fmt: skip


def names(value: str | None) -> Any:
    """Split a list with commas; one name stays a text, None stays None."""
    if value is None:
        return None
    split = [name.strip() for name in value.split(",") if name.strip()]
    if not split:  # a variable of the shell's that is not set
        raise SettingError(f"{value!r} names no column. Name one, or leave the option out.")
    return split[0] if len(split) == 1 else split
