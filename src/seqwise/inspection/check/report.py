"""The report of a check: its findings, for a terminal, a notebook and a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from seqwise.errors import ShapeError
from seqwise.inspection.check.finding import SEVERITIES, Finding

if TYPE_CHECKING:
    from rich.console import Group

COLOURS = {"error": "red", "warning": "yellow", "hint": "cyan"}
HTML_COLOURS = {"error": "#c0392b", "warning": "#b9770e", "hint": "#117a8b"}


class Report:
    """The findings of a check, the most severe first.

    Its length is the number of findings, so a report is false where nothing was found.

    Attributes:
        findings: errors, then warnings, then hints.
        subject: what was examined, in words; empty where that is nothing.
        unexamined: what was passed and could not be examined, a sentence each.
    """

    def __init__(self, findings: list[Finding], subject: str = "", unexamined: Sequence[str] = ()) -> None:
        self.findings = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
        self.subject = subject
        self.unexamined = list(unexamined)

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
            if not self.unexamined:
                return "No faults found." if self.subject else "Nothing was examined."
            return "No faults found in what was examined." if self.subject else "Nothing was examined."
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
            "unexamined": self.unexamined,
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
        skipped = [f"not examined: {sentence}" for sentence in self.unexamined]
        return "\n\n".join([*head, *map(str, self.findings), *skipped, self.summary])

    def __repr__(self) -> str:
        return f"<Report: {self.summary}>"

    def __rich__(self) -> Group:
        from rich.console import Group
        from rich.padding import Padding
        from rich.syntax import Syntax
        from rich.table import Table
        from rich.text import Text

        parts: list[Any] = [Text(self.subject, style="dim")] if self.subject else []
        for finding in self.findings:
            colour = COLOURS[finding.severity]
            head = Text.assemble((finding.severity, f"bold {colour}"), f" {finding.code} ", (finding.name, "bold"))
            rows = Table.grid(padding=(0, 2))
            rows.add_column(style="dim")
            rows.add_column()
            for label, words in finding.shapes.items():
                rows.add_row(label, Text(words))
            if finding.fix:
                rows.add_row("fix", Syntax(finding.fix, "python", word_wrap=True, background_color="default"))
                rows.add_row("", Text(f"({finding.place})", style="dim"))
            parts += [Text(), head, Padding(Text(finding.what), (0, 0, 0, 2)), Padding(rows, (0, 0, 0, 2))]
        for sentence in self.unexamined:
            parts += [Text(), Text.assemble(("not examined", "bold yellow"), f"  {sentence}")]
        colour = COLOURS[self.findings[0].severity] if self.findings else "yellow" if self.unexamined else "green"
        return Group(*parts, Text(), Text(self.summary, style=f"bold {colour}"))

    def _repr_html_(self) -> str:
        parts = [f"<p style='color:#777'>{escape(self.subject)}</p>"] if self.subject else []
        for finding in self.findings:
            colour = HTML_COLOURS[finding.severity]
            rows = "".join(
                f"<tr><td style='color:#777;text-align:left;padding-right:1em'>{label}</td>"
                f"<td style='text-align:left'>{escape(words)}</td></tr>"
                for label, words in finding.shapes.items()
            )
            parts.append(
                f"<div style='border-left:4px solid {colour};padding-left:.8em;margin:.8em 0'>"
                f"<b style='color:{colour}'>{finding.severity}</b> {finding.code} <b>{escape(finding.name)}</b><br>"
                f"{escape(finding.what)}<table>{rows}</table>"
                f"<pre style='margin:.3em 0'>{escape(finding.fix)}</pre>"
                f"<span style='color:#777'>({escape(finding.place)})</span></div>"
            )
        parts += [f"<p><b>not examined</b> {escape(sentence)}</p>" for sentence in self.unexamined]
        return "".join([*parts, f"<p><b>{escape(self.summary)}</b></p>"])
