"""The shapes explained: as text, in a notebook, as a picture, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqwise.inspection.explain.content import Content

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult


@dataclass(frozen=True)
class Explanation(Content):
    """What the axes mean, and what becomes of them: `print` it, `plot` it, or read its attributes (see `Content`)."""

    def __str__(self) -> str:
        from seqwise.inspection.explain.text import plain

        return plain(self)

    def __repr__(self) -> str:
        return f"<Explanation: {self.title}>"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from seqwise.inspection.explain.text import rendered

        yield from rendered(self)

    def _repr_html_(self) -> str:
        from seqwise.inspection.explain.html import html

        return html(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain texts, lists and numbers, ready for JSON."""
        plain = dict(vars(self), notes=list(self.notes))
        del plain["series"]
        return plain | {name: [part.to_dict() for part in plain[name]] for name in ("inputs", "outputs", "steps")}

    def plot(self, path: str | Path) -> Path:
        """Draw the explanation: the block of samples, timesteps and features, the sliding window, the layers beneath.

        Args:
            path: of the picture; its suffix says the format (``.png``, ``.svg``, ``.pdf``).

        Raises:
            SettingError: the folder is not there, or the format is none that matplotlib writes.
        """
        from seqwise.inspection.explain.picture import draw

        return draw(self, Path(path))
