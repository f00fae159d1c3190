"""The report of a check: its findings, for a terminal, a notebook and a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from seqwise.errors import ShapeError
from seqwise.shapes.findings import SEVERITIES, Finding

if TYPE_CHECKING:
    pass

COLOURS = {"error": "red", "warning": "yellow", "hint": "cyan"}
HTML_COLOURS = {"error": "#c0392b", "warning": "#b9770e", "hint": "#117a8b"}


class Report:
    """What a check found, the gravest first.

    Its length is the number of findings, so a report is false where nothing was found.

    Attributes:
        findings: errors, then warnings, then hints.
        subject: what was checked, in words.
    """

    def __init__(self, findings: list[Finding], subject: str = "") -> None:
        self.findings = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
        self.subject = subject

    @property
    def errors(self) -> list[Finding]:
        """What will fail."""
        return self._of("error")

    @property
    def warnings(self) -> list[Finding]:
        """What will train and be wrong."""
        return self._of("warning")

    @property
    def hints(self) -> list[Finding]:
        """What is worth a look."""
        return self._of("hint")

    def _of(self, severity: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == severity]

    @property
    def summary(self) -> str:
        """One line: how many of what."""
        if not self.findings:
            return "No faults found."
        counts = [(len(self._of(severity)), severity) for severity in SEVERITIES]
        return ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count) + "."

    def raise_if_errors(self) -> None:
        """Raise `ShapeError` with the text of the errors, if there are any."""
        if self.errors:
            raise ShapeError("\n\n".join(map(str, self.errors)))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain texts, lists and numbers, ready for JSON."""
        return {
            "subject": self.subject,
            "summary": self.summary,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "hints": len(self.hints),
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, index: int) -> Finding:
        return self.findings[index]

    def __str__(self) -> str:
        head = [self.subject] if self.subject else []
        return "\n\n".join([*head, *map(str, self.findings), self.summary])

    def __repr__(self) -> str:
        return f"<Report: {self.summary}>"
