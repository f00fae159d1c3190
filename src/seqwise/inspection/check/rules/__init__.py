"""The rules. A rule is a function from a `Context`, and from each thing that its selector yields, to `Fault`s.

Rules run in the order in which they are registered, with `@rule`; a later one names in `unless=` the earlier ones that
already explain what it would see. A rule file holds only its rules: what several of them ask is in `selectors` (of the
context) and `measures` (of the data), and how their fixes are written in `fixes`.
"""

from __future__ import annotations

from importlib import import_module

from seqwise.inspection.check.registry import RULES

ORDER = (
    "construction", "inputs", "pictures", "axes", "values", "tokens", "graph", "masks", "states", "layers",
    "torch_modules", "validation", "targets", "labels", "scales", "foresight", "leakage", "torch_losses",
)  # fmt: skip
for name in ORDER:
    import_module(f"{__name__}.{name}")

__all__ = ["RULES"]
