"""The rules. A rule is a function from a `Context` to `Fault`s, registered with `@rule`.

Rules run in the order in which they are registered; a later one names in `unless=` the earlier ones that already
explain what it would see. A rule file holds only its rules: what several of them ask is in `selectors` (of the context)
and `measures` (of the data).
"""

from __future__ import annotations

# isort: off
# the order in which they run
from seqwise.inspection.check.rules import construction, inputs, axes, sizes, values, tokens, layers, graph, masks  # noqa: F401
from seqwise.inspection.check.rules import torch_modules  # noqa: F401
from seqwise.inspection.check.rules import targets, labels, scales, foresight, leakage  # noqa: F401
from seqwise.inspection.check.rules import torch_losses  # noqa: F401
from seqwise.inspection.check.registry import RULES, Fault, Rule, rule
# isort: on

__all__ = ["RULES", "Fault", "Rule", "rule"]
