"""The rules: each looks at one context and tells the faults that it knows.

A rule is a function from a `Context` to `Finding`s, entered with `@rule`. Rules run in the order in which they are
entered; a later one may ask `context.has(name)` whether an earlier one already explains what it sees.
"""

from __future__ import annotations

from seqwise.shapes.rules.registry import RULES, Rule, rule

__all__ = ["RULES", "Rule", "rule"]
