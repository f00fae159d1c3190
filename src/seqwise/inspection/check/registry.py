"""The registry of rules: each has a stable code and name, and yields the faults that it recognises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.data_sources import in_words
from seqwise.inspection.check.finding import Finding, Fix, Severity


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What a rule yields: a finding without code and name, which are the rule's. See `Finding` for the fields.

    Where no code would run as it stands, `fix` has none, and `what` says in words what to change. `severity` is that of
    the rule where it is None.
    """

    what: str
    expected: str = ""
    got: str = ""
    fix: Fix
    severity: Severity | None = None


Look = Callable[..., Iterator[Fault]]
Selector = Callable[[Context], Iterable[Any]]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        code, name: of its findings, both stable.
        severity: of its findings.
        title: its meaning in one line.
        look: the function that yields the faults, of the context and one thing (or several) that `each` selects.
        each: selects what it looks at; where it is None, the rule looks at the context alone.
        unless: names, or beginnings of codes, of findings that already explain what the rule would see.
        once: only the first fault is told.
    """

    code: str
    name: str
    severity: Severity
    title: str
    look: Look
    each: Selector | None
    unless: tuple[str, ...]
    once: bool

    def findings(self, context: Context) -> list[Finding]:
        if context.has(*self.unless):
            return []
        return [in_words(self._finding(fault), context) for fault in islice(self._faults(context), self.once or None)]

    def _faults(self, context: Context) -> Iterator[Fault]:
        for item in [()] if self.each is None else self.each(context):
            yield from self.look(context, *(item if isinstance(item, tuple) else (item,)))

    def _finding(self, fault: Fault) -> Finding:
        severity, fix = fault.severity or self.severity, fault.fix
        return Finding(self.code, self.name, severity, fix.where, fault.what, fault.expected, fault.got, fix.code)


RULES: dict[str, Rule] = {}


def rule(
    code: str,
    name: str,
    severity: Severity,
    each: Selector | None = None,
    *,
    unless: tuple[str, ...] = (),
    once: bool = False,
) -> Callable[[Look], Look]:
    """Register a function as the rule `code`, `name`; the first line of its docstring is the title.

    Args:
        each, unless, once: see `Rule`.
    """

    def register(look: Look) -> Look:
        assert code not in RULES and name not in {known.name for known in RULES.values()}, (code, name)
        title = (look.__doc__ or "").strip().splitlines()[0].rstrip(".")
        RULES[code] = Rule(code, name, severity, title, look, each, unless, once)
        return look

    return register
