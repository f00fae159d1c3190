"""`seqwise shape`: what the tensors will be, before anything is trained."""

from __future__ import annotations

from typing import Any

from seqwise.cli.columns import Data
from seqwise.cli.console import terminal
from seqwise.cli.options import with_options

OPTIONS = (
    "task", "time", "features", "target", "series", "window", "horizon", "gaps", "group", "label", "text", "source",
    "validation", "test",
)  # fmt: skip


def command(data: str, **options: Any) -> None:
    """Show what the tensors will be: samples, timesteps, features, and the column behind each.

    Nothing is trained. For example:

        seqwise shape airline.csv --time Month --target Passengers --window 24 --horizon 12

        seqwise shape power.csv --time date --target OT --features all --window 96 --horizon 24

        seqwise shape gestures.csv --group id --time step --label gesture

        seqwise shape sentences.csv --group sentence --text word --label tag

        seqwise shape english-french.tsv --task translate
    """
    from seqwise.cli.tasks import estimator_for

    estimator, fit_keywords = estimator_for(data, options)
    summary, notes = estimator.shapes(data, **fit_keywords)
    console = terminal(soft_wrap=True, highlight=False, markup=False)
    for note in notes:
        console.print(f"note: {note}")
    console.print(str(summary))


command = with_options(command, {"data": Data}, OPTIONS)
command.__name__ = "shape"
