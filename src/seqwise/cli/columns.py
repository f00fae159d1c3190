"""Arguments and options that say what to read: the data, the columns of a table, and more texts.

The options of an estimator's settings come from their declarations: see `seqwise.cli.options`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from seqwise.cli.tasks import TASKS
from seqwise.errors import SettingError
from seqwise.estimators.settings import PAIRS, SEQUENCES, SERIES, TEXTS

Data = Annotated[
    str,
    typer.Argument(
        help="CSV, Parquet or .ts: a row per timestep, or a sequence per line; pairs of texts: also .tsv.",
        metavar="DATA",
    ),
]
Run = Annotated[str, typer.Argument(help="A folder that `seqwise train --out` wrote.", metavar="RUN")]
TrustEdited = Annotated[
    bool, typer.Option("--trust-edited", help="Read a run that you edited on purpose: checksums are not compared.")
]
Task = Annotated[
    str | None,
    typer.Option(help=f"{', '.join([*TASKS][:-1])} or {[*TASKS][-1]}. Default: inferred from the data and options."),
]
Out = Annotated[Path, typer.Option(help="Folder to write the run to; an earlier run there is replaced.")]
Resume = Annotated[
    bool | None,
    typer.Option(
        "--resume/--no-resume",
        help="Continue a stopped training in this folder; or start again without it.",
    ),
]
Time = Annotated[
    str | None,
    typer.Option(help="The time column, or several separated by commas: year,month,day. Default: rows are in order."),
]
Features = Annotated[str | None, typer.Option(help="Input columns, separated by commas, or 'all'.")]
Target = Annotated[
    str | None,
    typer.Option(
        help="The column to forecast, or several separated by commas. To translate: the column of the translations.",
        rich_help_panel=SERIES,
    ),
]
Series = Annotated[
    str | None,
    typer.Option(
        help="The column that names each row's series, in a long table of many. One model learns from all.",
        rich_help_panel=SERIES,
    ),
]
Future = Annotated[
    str | None,
    typer.Option(
        help="Input columns that are known in advance, separated by commas; seqwise predict takes their future rows.",
        rich_help_panel=SERIES,
    ),
]
Static = Annotated[
    str | None,
    typer.Option(help="Columns that hold one value for each of many series.", rich_help_panel=SERIES),
]
Group = Annotated[
    str | None,
    typer.Option(help="The column that names each row's sequence, in a long table.", rich_help_panel=SEQUENCES),
]
Label = Annotated[
    str | None,
    typer.Option(
        help="The column of each sequence's label or number, or several, with commas; to tag: of each row's label.",
        rich_help_panel=SEQUENCES,
    ),
]
Text = Annotated[
    str | None,
    typer.Option(help="The column of texts, one per row; with --group, of tokens, one per row.", rich_help_panel=TEXTS),
]
Pretrain = Annotated[
    str | None,
    typer.Option(
        help="More texts, without labels, from which the words are learned first: a text a line, or a table with the "
        "same columns.",
        metavar="FILE",
        rich_help_panel=TEXTS,
    ),
]
Source = Annotated[
    str | None,
    typer.Option(
        help="The column of the texts to translate; in a file without a header line its number, from 0. --target names "
        "the column of the translations. Default: the first two columns.",
        rich_help_panel=PAIRS,
    ),
]
COLUMNS = {
    "task": Task, "time": Time, "features": Features, "target": Target, "series": Series,
    "future": Future, "static": Static,
    "group": Group, "label": Label, "text": Text, "pretrain": Pretrain,
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
