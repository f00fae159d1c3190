"""Where the rules are entered, with the findings that each may tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqwise.inspection.check.finding import Finding, Severity

if TYPE_CHECKING:
    from seqwise.inspection.check.context import Context


@dataclass(frozen=True)
class Fault:
    """What a rule saw: a finding without the code and name, which are the rule's."""

    severity: Severity
    where: str
    what: str
    expected: str
    got: str
    fix: str


Look = Callable[["Context"], Iterator[Fault]]


@dataclass(frozen=True)
class Rule:
    """One rule: its stable code and name, its one-line meaning, and the function that looks."""

    code: str
    name: str
    title: str
    look: Look

    def findings(self, context: Context) -> list[Finding]:
        return [Finding(self.code, self.name, **vars(fault)) for fault in self.look(context)]


RULES: dict[str, Rule] = {}


def rule(code: str, name: str) -> Callable[[Look], Look]:
    """Enter a function as the rule that tells the finding `code`, `name`; its docstring's first line is the title."""

    def enter(look: Look) -> Look:
        assert code not in RULES and name not in {known.name for known in RULES.values()}, (code, name)
        title = (look.__doc__ or "").strip().splitlines()[0].rstrip(".")
        RULES[code] = Rule(code, name, title, look)
        return look

    return enter
