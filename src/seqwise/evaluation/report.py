"""The report of a training: one HTML file that needs nothing else, with its pictures inside."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seqwise.evaluation import figures
from seqwise.evaluation.comparison import UNMEASURED, Comparison, Verdict
from seqwise.training import Training

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATE = "report.html.j2"


class Cell(NamedTuple):
    """A table's cell: its text, and the value as a machine reads it (empty for text alone)."""

    text: str
    value: str = ""
    best: bool = False


class Row(NamedTuple):
    """A row of a table."""

    name: str
    cells: Sequence[Cell]
    model: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture of a page; `alt` says in words what is on it."""

    source: str
    alt: str
    width: int
    height: int
    caption: str = ""
    title: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        id: by which links find it. head, rows: of its table, with `kind` as its class; empty for none.
        text: below the table. caption: of the table.
    """

    id: str
    title: str
    head: Sequence[str] = ()
    rows: Sequence[Row] = ()
    kind: str = "scores"
    caption: str = ""
    text: str = ""
    pictures: Sequence[Picture] = field(default_factory=list)


def write_report(path: str | Path, **content: Any) -> None:
    """Write `render_report` of the same arguments to `path`, as UTF-8."""
    Path(path).write_text(render_report(**content), encoding="utf-8", errors="replace")


def render_report(
    *,
    title: str,
    data: str,
    summary: str,
    notes: Sequence[str],
    settings: dict[str, Any],
    comparison: Comparison | None,
    training: Training,
    loss: str,
    legend: str = "",
    remarks: Sequence[str] = (),
    sections: Sequence[Section] = (),
    after: Sequence[Section] = (),
) -> str:
    """Return the report as HTML.

    Args:
        data: the source and size of the data, in words.
        summary: the shapes, preformatted text.
        notes: the faults of the data and other warnings, one sentence each.
        settings: name → value, as the user passed them.
        comparison: the model and its baselines; None if nothing was held out.
        loss: the name of the loss: ``"cross-entropy"``.
        legend: what the columns of the comparison mean. remarks: on the comparison, one sentence each.
        sections: further sections on the comparison. after: sections that follow the training.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    verdict = Verdict("unknown", UNMEASURED) if comparison is None else comparison.verdict()
    compared = [] if comparison is None else [_comparison(comparison, legend)]
    page = {
        "title": title,
        "verdict": verdict,
        "remarks": [*remarks, *([] if comparison is None else comparison.remarks())],
        "data": data,
        "notes": notes,
        "summary": summary,
        "sections": [*compared, *sections] if compared else [],
        "training": _training(training, loss),
        "after": after,
        "settings": [(name, value if isinstance(value, str) else repr(value)) for name, value in settings.items()],
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(TEMPLATE).render(page)


def _comparison(comparison: Comparison, legend: str) -> Section:
    best = comparison.best_scores()
    rows = [
        Row(
            comparison.names[key],
            [number(v[m.name], m.text(v[m.name]), best=v[m.name] == best[m.name]) for m in comparison.columns],
            key == comparison.model,
        )
        for key, v in comparison.scores.items()
    ]
    first = comparison.deciding
    values = {comparison.names[key]: scores[first.name] for key, scores in comparison.scores.items()}
    better = "smaller" if first.smaller else "larger"
    figure = figures.bars(
        values, comparison.names[comparison.model], f"{first.title} ({better} is better)", smaller=first.smaller
    )
    alt = f"Bar chart of the {first.title}: " + ", ".join(f"{k} {figures.readable(v)}" for k, v in values.items()) + "."
    head = ["by", *(metric.title for metric in comparison.columns)]
    return Section("comparison", "Comparison", head, rows, text=legend, pictures=[picture(figure, alt)])


def _training(training: Training, loss: str) -> Section:
    history = training.history
    epochs = max((len(values) for values in history.values()), default=0)
    if not epochs:
        text = f"The training ended after {training.seconds:.1f} seconds, before its first epoch was finished."
        return Section("training", "Training", text=text)
    watched = "training loss was smallest"
    if training.watched == "val_accuracy":
        watched = "accuracy in validation was largest"
    elif history.get("val_loss") and training.watched == "val_loss":
        watched = "validation loss was smallest"
    kept = f"The weights of epoch {training.best_epoch}, where the {watched}, were kept."
    if training.refit_epochs:
        kept = (
            f"The {watched} in epoch {training.best_epoch}; a second training of "
            f"{count(training.refit_epochs, 'epoch')} learned the training and the validation data together."
        )
    text = f"{count(epochs, 'epoch')} in {training.seconds:.1f} seconds. {kept} The loss is {loss}."
    alt = f"Line chart of the loss over the epochs, smallest in epoch {training.best_epoch}."
    curve = figures.learning_curve(history, training.best_epoch, f"loss ({loss})")
    return Section("training", "Training", text=text, pictures=[picture(curve, alt)])


def number(value: float, text: str, *, best: bool = False) -> Cell:
    """Return the cell of a number."""
    return Cell(text, repr(float(value)), best)


def count(number: int, thing: str) -> str:
    """Write a number of things."""
    return f"{number:,} {thing}{'s' if number != 1 else ''}"


def picture(figure: Figure, alt: str, caption: str = "", title: str = "") -> Picture:
    """Return a figure as the page holds it."""
    width, height = (figure.get_size_inches() * figure.dpi).round().astype(int).tolist()
    source = "data:image/png;base64," + base64.b64encode(figures.png(figure)).decode("ascii")
    return Picture(source, alt, width, height, caption, title)
