"""What every report is made of: one HTML file that needs nothing else, with its pictures inside."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqwise.evaluation import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def render(template: str, page: dict[str, Any]) -> str:
    """Return a page as HTML.

    Args:
        template: a file of this folder that extends ``page.html.j2``.
        page: what the template names.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(template).render(page)


def training_part(
    history: dict[str, list[float]], best_epoch: int, seconds: float, unit: str, axis: str = "loss (scaled units)"
) -> dict[str, Any]:
    """Return what a page tells of the training: ``training``, a sentence, and ``learning``, a picture or None.

    Args:
        history: ``"loss"`` and maybe ``"val_loss"``, one value an epoch.
        best_epoch: the epoch, counted from 1, whose weights were kept.
        seconds: that it took.
        unit: what the loss is measured in, a sentence.
        axis: the same, for the picture.
    """
    epochs = max((len(values) for values in history.values()), default=0)
    if not epochs:
        return {
            "training": f"The training ended after {seconds:.1f} seconds, before its first epoch was finished.",
            "learning": None,
        }
    watched = "validation" if history.get("val_loss") else "training"
    said = (
        f"{count(epochs, 'epoch')} in {seconds:.1f} seconds. The weights of epoch {best_epoch}, where the {watched} "
        f"loss was smallest, were kept. {unit}"
    )
    alt = f"Line chart of the loss over the epochs; the weights of epoch {best_epoch} were kept."
    return {"training": said, "learning": picture(figures.learning_curve(history, best_epoch, axis), alt)}


def settings_part(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the settings as names and texts."""
    return [(name, value if isinstance(value, str) else repr(value)) for name, value in settings.items()]


def percent(share: float) -> str:
    """Write a share in percent, without the sign."""
    percent = 100 * share
    return f"{percent:,.0f}" if 1 <= percent < 99 or percent >= 100 else f"{percent:.1f}"


def cell(value: float, text: str) -> dict[str, Any]:
    """Return a table's cell: the value as a machine reads it, and its text."""
    return {"value": repr(float(value)), "text": text}


def count(number: int, thing: str) -> str:
    """Write a number of things."""
    return f"{number:,} {thing}{'s' if number != 1 else ''}"


def picture(figure: Figure, alt: str, caption: str = "") -> dict[str, Any]:
    """Return a picture as the page's macro takes it; `alt` says in words what is on it."""
    width, height = (figure.get_size_inches() * figure.dpi).round().astype(int).tolist()
    source = "data:image/png;base64," + base64.b64encode(figures.png(figure)).decode("ascii")
    return {"source": source, "alt": alt, "caption": caption, "width": width, "height": height}
