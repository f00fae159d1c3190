"""Where the rules are entered, with the findings that each may tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqwise.shapes.findings import Finding

if TYPE_CHECKING:
    from seqwise.shapes.context import Context

Check = Callable[["Context"], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One rule: its stable code and name, its one-line meaning, and the function that looks."""

    code: str
    name: str
    title: str
    look: Check


RULES: dict[str, Rule] = {}


def rule(code: str, name: str) -> Callable[[Check], Check]:
    """Enter a function as the rule that tells the finding `code`, `name`; its docstring's first line is the title."""

    def enter(look: Check) -> Check:
        assert code not in RULES and name not in {known.name for known in RULES.values()}, (code, name)
        title = (look.__doc__ or "").strip().splitlines()[0].rstrip(".")
        RULES[code] = Rule(code, name, title, look)
        return look

    return enter
