"""The rules: each looks at one context and tells the faults that it knows.

A rule is a function from a `Context` to `Fault`s, entered with `@rule`. Rules run in the order in which they are
entered; a later one may ask `context.has(name)` whether an earlier one already explains what it sees.
"""

from __future__ import annotations

# isort: off
# the order in which they run
from seqwise.inspection.check.rules import construction, inputs, axes, sizes, values, tokens, layers, graph, masks  # noqa: F401
from seqwise.inspection.check.rules import targets, labels, scales, foresight, leakage  # noqa: F401
from seqwise.inspection.check.registry import RULES, Fault, Rule, rule
# isort: on

__all__ = ["RULES", "Fault", "Rule", "rule"]
