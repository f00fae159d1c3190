"""The registry of rules: each has a stable code and name, and yields the faults that it recognises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqwise.inspection.check.data_sources import in_words
from seqwise.inspection.check.finding import Finding, Severity

if TYPE_CHECKING:
    from seqwise.inspection.check.context import Context


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What a rule yields: a finding without code and name, which are the rule's. See `Finding` for the fields.

    `fix` stays empty where no code would run as it stands; `what` then says in words what to change.
    """

    severity: Severity
    where: str
    what: str
    expected: str = ""
    got: str = ""
    fix: str = ""


Look = Callable[["Context"], Iterator[Fault]]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        code, name: of its findings, both stable.
        title: its meaning in one line.
        look: the function that yields the faults.
        unless: names, or beginnings of codes, of findings that already explain what the rule would see.
    """

    code: str
    name: str
    title: str
    look: Look
    unless: tuple[str, ...] = ()

    def findings(self, context: Context) -> list[Finding]:
        if context.has(*self.unless):
            return []
        findings = [Finding(self.code, self.name, **vars(fault)) for fault in self.look(context)]
        return [in_words(finding, context) for finding in findings]


RULES: dict[str, Rule] = {}


def rule(code: str, name: str, *, unless: tuple[str, ...] = ()) -> Callable[[Look], Look]:
    """Register a function as the rule `code`, `name`; the first line of its docstring is the title.

    Args:
        unless: the rule is skipped where a finding has one of these names, or a code that begins with one of them.
    """

    def register(look: Look) -> Look:
        assert code not in RULES and name not in {known.name for known in RULES.values()}, (code, name)
        title = (look.__doc__ or "").strip().splitlines()[0].rstrip(".")
        RULES[code] = Rule(code, name, title, look, unless)
        return look

    return register
