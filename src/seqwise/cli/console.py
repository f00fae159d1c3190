"""The terminal that the commands write to. What files say may not command it."""

from __future__ import annotations

from typing import Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment

# names and texts from a file may hold signs that clear the screen, change its title or hide what follows
VISIBLE = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}  # Unicode's pictures: ␛
VISIBLE |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
VISIBLE |= dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)  # they turn what follows around


def terminal(**how: Any) -> Console:
    """Return a console that shows control characters in what it is given as pictures. Its own colors stay.

    Args:
        how: arguments of rich's `Console`.
    """
    console = Console(**how)
    console.push_render_hook(_ShowingControls())
    return console


class _ShowingControls(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Shown(renderable) for renderable in renderables]


class _Shown:
    def __init__(self, renderable: ConsoleRenderable) -> None:
        self.renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self.renderable, options):
            yield Segment(text if control else text.translate(VISIBLE), style, control)
