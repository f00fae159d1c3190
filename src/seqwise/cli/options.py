"""Arguments and options that several commands share.

An option that is left out is None, so that a task's estimator decides its default, and options that do not belong to
the task can be refused. Which options belong to which task, `seqwise.cli.tasks` says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

SERIES, SEQUENCES, TEXTS, PAIRS = "A series to forecast", "Sequences", "Texts", "Texts to translate"
MODEL, TRAINING = "The model", "The training"

Data = Annotated[
    str,
    typer.Argument(
        help="CSV, Parquet or .ts: one row a timestep, or a sequence a line; pairs of texts: also .tsv.", metavar="DATA"
    ),
]
Run = Annotated[str, typer.Argument(help="A folder that `seqwise train --out` wrote.", metavar="RUN")]
Task = Annotated[
    str | None,
    typer.Option(help="forecast, classify, regress, tag or translate; left out: told by the other options."),
]
Out = Annotated[Path, typer.Option(help="Folder to write the run to; an earlier run there is replaced.")]
Time = Annotated[
    str | None,
    typer.Option(help="The time column; several with commas: year,month,day. Left out: rows are in order."),
]
Features = Annotated[str | None, typer.Option(help="Input columns with commas, or 'all' numeric ones.")]

Target = Annotated[
    str | None,
    typer.Option(
        help="The column to forecast; several with commas. To translate: that of the translations.",
        rich_help_panel=SERIES,
    ),
]
Window = Annotated[int | None, typer.Option(help="Rows that the model reads. [24]", rich_help_panel=SERIES)]
Horizon = Annotated[int | None, typer.Option(help="Rows that it forecasts. [1]", rich_help_panel=SERIES)]
Gaps = Annotated[
    str | None,
    typer.Option(help="Missing rows and values: interpolate, mask or error. [interpolate]", rich_help_panel=SERIES),
]
ReturnSequences = Annotated[
    bool | None, typer.Option("--return-sequences", help="Learn a forecast at every timestep.", rich_help_panel=SERIES)
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
ClassWeight = Annotated[
    str | None,
    typer.Option(help="balanced: rare classes weigh as much as frequent ones.", rich_help_panel=SEQUENCES),
]
LabelSmoothing = Annotated[
    float | None,
    typer.Option(help="Share of a label's (a token's) certainty spread over all.", rich_help_panel=SEQUENCES),
]
Pooling = Annotated[
    str | None,
    typer.Option(help="What the LSTM passes on: last, mean, max, or some joined: last+max.", rich_help_panel=SEQUENCES),
]

Text = Annotated[
    str | None,
    typer.Option(help="The column of texts, one a row; with --group, of tokens, one a row.", rich_help_panel=TEXTS),
]
Tokens = Annotated[
    str | None,
    typer.Option(help="words or bpe (sub-words). [words; to translate: bpe]", rich_help_panel=TEXTS),
]
Vocabulary = Annotated[
    int | None,
    typer.Option(help="Tokens at most. [20000; to translate, of each language: 4000]", rich_help_panel=TEXTS),
]
MinCount = Annotated[
    int | None, typer.Option(help="How often a token must occur in training. [2]", rich_help_panel=TEXTS)
]
Embedding = Annotated[
    int | None, typer.Option(help="Width of a token's vector. [64; to translate: 256]", rich_help_panel=TEXTS)
]
Vectors = Annotated[
    str | None, typer.Option(help="A file of pretrained vectors: GloVe, word2vec, fastText.", rich_help_panel=TEXTS)
]
Frozen = Annotated[
    bool | None, typer.Option("--frozen", help="Keep the pretrained vectors as they are.", rich_help_panel=TEXTS)
]

Source = Annotated[
    str | None,
    typer.Option(
        help="The column of the texts to translate; in a file without a header line its number, from 0. --target names "
        "that of the translations. Left out: the first two.",
        rich_help_panel=PAIRS,
    ),
]
MaxLength = Annotated[
    int | None,
    typer.Option(help="Tokens of a side at most; longer pairs are not trained on. [200]", rich_help_panel=PAIRS),
]
Attention = Annotated[str | None, typer.Option(help="dot, additive or none. [dot]", rich_help_panel=PAIRS)]
Beam = Annotated[
    int | None, typer.Option(help="Translations followed at once; 1 is greedy. [5]", rich_help_panel=PAIRS)
]
LengthPenalty = Annotated[
    float | None, typer.Option(help="More favours longer translations. [0.5]", rich_help_panel=PAIRS)
]

Units = Annotated[
    str | None, typer.Option(help="Width of each LSTM layer, with commas: 128,64. [64]", rich_help_panel=MODEL)
]
Both = Annotated[bool | None, typer.Option(help="Read in both directions.", rich_help_panel=MODEL)]
Dropout = Annotated[
    float | None, typer.Option(help="Share of each layer's values dropped in training.", rich_help_panel=MODEL)
]
Scaler = Annotated[str | None, typer.Option(help="standard, minmax, robust or none. [standard]", rich_help_panel=MODEL)]

Validation = Annotated[
    float | None,
    typer.Option(help="Held back to find the best epoch: a share, or a number of samples.", rich_help_panel=TRAINING),
]
Test = Annotated[
    float | None,
    typer.Option(help="Held back to score the model, of a series its end: a share, or a number.",
                 rich_help_panel=TRAINING),
]  # fmt: skip
Loss = Annotated[str | None, typer.Option(help="Any of Keras's losses, by name. [mse]", rich_help_panel=TRAINING)]
Optimizer = Annotated[
    str | None, typer.Option(help="Any of Keras's optimizers, by name. [adam]", rich_help_panel=TRAINING)
]
LearningRate = Annotated[float | None, typer.Option(help="The optimizer's learning rate.", rich_help_panel=TRAINING)]
Epochs = Annotated[int | None, typer.Option(help="The most epochs.", rich_help_panel=TRAINING)]
Patience = Annotated[
    int | None, typer.Option(help="Epochs without improvement that end the training.", rich_help_panel=TRAINING)
]
BatchSize = Annotated[
    int | None, typer.Option(help="Samples in a training step; left out: by their number.", rich_help_panel=TRAINING)
]
Seed = Annotated[int | None, typer.Option(help="The same seed gives the same weights. [0]", rich_help_panel=TRAINING)]


def names(value: str | None) -> Any:
    """Split a list with commas; one name stays a text, None stays None."""
    if value is None:
        return None
    found = [name.strip() for name in value.split(",") if name.strip()]
    return found[0] if len(found) == 1 else found


def widths(value: str) -> tuple[int, ...]:
    """Read the widths of LSTM layers: ``"128,64"``."""
    from seqwise.errors import SettingError

    try:
        return tuple(int(width) for width in value.split(","))
    except ValueError:
        raise SettingError(f"--units {value}: expected whole numbers with commas, for example 128,64.") from None
