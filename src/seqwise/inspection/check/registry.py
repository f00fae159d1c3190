"""The registry of rules: each has a stable code and name, and yields the faults that it recognises.

A rule's file takes from here what every rule is written with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass, field
from itertools import islice
from typing import Any

from seqwise.inspection.check.context import Context, Input, Output
from seqwise.inspection.check.data_sources import in_words
from seqwise.inspection.check.finding import Finding, Fix, Severity
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Call, Shape

__all__ = ["RULES", "Array", "Call", "Context", "Fault", "Fix", "Input", "Output", "Rule", "Severity", "Shape", "rule"]


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


@dataclass
class Rule:
    """One rule; it decorates the function that yields its faults.

    Attributes:
        code, name: of its findings, both stable.
        severity: of its findings, where a fault does not say otherwise.
        each: selects what it looks at; where it is None, the rule looks at the context alone.
        unless: names, or beginnings of codes, of findings that already explain what the rule would see.
        once: only the first fault is reported.
        look: the function, of the context and one thing (or several) that `each` selects; its docstring is the page.
    """

    code: str
    name: str
    severity: Severity
    each: Selector | None = None
    _: KW_ONLY
    unless: tuple[str, ...] = ()
    once: bool = False
    look: Look = field(init=False)

    def __call__(self, look: Look) -> Look:
        assert self.code not in RULES and self.name not in {known.name for known in RULES.values()}, self
        self.look = look
        RULES[self.code] = self
        return look

    @property
    def title(self) -> str:
        """The meaning in one line."""
        return (self.look.__doc__ or "").strip().splitlines()[0].rstrip(".")

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
rule = Rule
