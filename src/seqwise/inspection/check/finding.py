"""A finding: one fault of a model or its data, with the line of code that fixes it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning", "hint"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "hint")


@dataclass(frozen=True)
class Fix:
    """The line(s) of code that fix a fault, and what they change: `where`, see `Finding`."""

    where: str
    code: str = ""


@dataclass(frozen=True)
class Finding:
    """One fault, described with the names and sizes of the axes.

    Attributes:
        code: stable, for example ``"SW101"``: 1xx input, 2xx model, 3xx target and loss, 4xx leakage.
        name: stable, for example ``"features-axis-missing"``.
        severity: ``"error"`` will fail, ``"warning"`` will train and be wrong, ``"hint"`` is worth a look.
        where: what `fix` changes: ``"x"``, ``"y"``, ``"validation"``, ``"compile"``; ``"layer 'lstm'"`` (the layer's
            line is replaced), ``"layers 'a', 'b'"`` (those of several layers, a line of `fix` each), ``"before layer
            'lstm'"``, ``"after layer 'lstm'"`` (a layer is inserted), ``"call of layer 'lstm'"`` (the call on its
            tensors is replaced); ``"loss"``; ``"expression 'output[-1]'"`` of a PyTorch module's ``forward``, or
            ``"forward"``.
        what: what is wrong, and what comes of it.
        expected, got: with the names and sizes of the axes.
        fix: the line(s) of code, with the user's own sizes.
    """

    code: str
    name: str
    severity: Severity
    where: str
    what: str
    expected: str
    got: str
    fix: str

    @property
    def place(self) -> str:
        """What is to be done with `fix`, in words."""
        if self.where.startswith(("before", "after")):
            return f"goes {self.where}"
        return f"changes {'the ' if self.where.startswith('call') else ''}{self.where}"

    @property
    def shapes(self) -> dict[str, str]:
        """What was expected and what came, as far as the finding says."""
        return {label: words for label, words in (("expected", self.expected), ("got", self.got)) if words}

    def __str__(self) -> str:
        lines = [f"{self.severity} {self.code} {self.name}", f"  {self.what}"]
        lines += [f"  {label:<8}  {words}" for label, words in self.shapes.items()]
        if self.fix:
            fix = "\n".join([self.fix, f"({self.place})"]).replace("\n", f"\n{'':12}")
            lines.append(f"  fix       {fix}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, str]:
        return asdict(self)
