"""A model beside its baselines, on the same samples: scores, one verdict, a table in text and in HTML."""

from __future__ import annotations

import html
import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

from seqwise.evaluation.figures import readable

UNMEASURED = (
    "This model has not been evaluated: nothing was held out. Train with test=0.2, or score it on other data: "
    "seqwise evaluate RUN --data FILE."
)

VALIDATION = "the validation set"
CHOSEN = "This part also chose the epoch, so expect slightly worse scores on new data."


class Metric(NamedTuple):
    """A column of a table of scores.

    Attributes:
        name: of the score. title: of its column. smaller: is better.
        spec: how it is formatted in text; empty for four significant digits.
    """

    name: str
    title: str
    smaller: bool = False
    spec: str = ""

    def text(self, value: float) -> str:
        """Write a score; a dash where it is not defined."""
        if not math.isfinite(value):
            return "–"
        return format(value, self.spec) if self.spec else readable(value)


class Verdict(NamedTuple):
    """Whether a model beats the best baseline.

    Attributes:
        outcome: ``"win"``, ``"loss"``, ``"level"`` or ``"unknown"``. sentence: says so, with the figures.
    """

    outcome: str
    sentence: str


class Comparison(ABC):
    """A model beside its baselines, on the same samples.

    The verdict compares the deciding metric. Two scores are level where they differ by at most `level`, a share of the
    baseline's score.

    Attributes:
        scores: of the model, which comes first, and of each baseline: ``{"model": {"mae": …}, "naive": {…}}``; NaN
            where a score is not defined.
        names: their names in a table. part: where the samples come from: ``"the test set"``, a file.
        columns: the metrics of a table, the most important one first.
    """

    columns: ClassVar[tuple[Metric, ...]]
    level: ClassVar[float] = 0.005
    rival: ClassVar[str] = "the best baseline"
    advice: ClassVar[str]  # what follows from a loss

    scores: dict[str, dict[str, float]]
    names: dict[str, str]
    part: str

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of samples."""

    @property
    def model(self) -> str:
        """The model's key among the scores."""
        return next(iter(self.scores))

    @property
    def deciding(self) -> Metric:
        """The metric that decides whether the model or a baseline is better."""
        return self.columns[0]

    @property
    def metrics(self) -> dict[str, float]:
        """The model's own scores."""
        return self.scores[self.model]

    @property
    def baselines(self) -> dict[str, dict[str, float]]:
        """The scores of each baseline."""
        return {name: values for name, values in self.scores.items() if name != self.model}

    def best_baseline(self) -> str | None:
        """Return the key of the baseline that is best by the deciding metric; None where its score is not defined."""
        metric = self.deciding
        known = {name: s[metric.name] for name, s in self.baselines.items() if math.isfinite(s[metric.name])}
        if not known:
            return None
        return (min if metric.smaller else max)(known, key=lambda name: known[name])

    def verdict(self) -> Verdict:
        """Say whether the model beats the best baseline."""
        best = self.best_baseline()
        if best is None or not math.isfinite(self.metrics[self.deciding.name]):
            return Verdict("unknown", self._unknown())
        outcome = self._outcome(best)
        lead = {
            "win": f"The model beats {self.rival}: ",
            "loss": f"The model does not beat {self.rival}: ",
            "level": f"The model is no better and no worse than {self.rival}: ",
        }[outcome]
        after = f" As it stands, {self.advice}." if outcome == "loss" else ""
        return Verdict(outcome, lead + self._figures(best, outcome) + after)

    def _outcome(self, best: str) -> str:
        """Return ``"win"``, ``"loss"`` or ``"level"`` against a baseline."""
        metric = self.deciding
        score, other = self.metrics[metric.name], self.scores[best][metric.name]
        if abs(score - other) <= self.level * other:
            return "level"
        return "win" if (score < other) == metric.smaller else "loss"

    @abstractmethod
    def _figures(self, best: str, outcome: str) -> str:
        """Return the end of the verdict's sentence: the scores of the model and of a baseline."""

    def _unknown(self) -> str:
        """Say why there is no verdict."""
        return f"The model cannot be judged on {self.part}: its scores are not defined there."

    def remarks(self) -> list[str]:
        """Return what readers of the scores have to know, one sentence each."""
        return [CHOSEN] if self.part == VALIDATION else []

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as JSON: the model's under ``"test"``."""
        scores = plain(self.scores)
        return {"test": scores.pop(self.model), "baselines": scores}

    def best_scores(self) -> dict[str, float]:
        """Return the best score of each column."""
        best = {}
        for metric in self.columns:
            known = [values[metric.name] for values in self.scores.values() if math.isfinite(values[metric.name])]
            best[metric.name] = (min if metric.smaller else max)(known, default=math.nan)
        return best

    def __str__(self) -> str:
        verdict = self.verdict()
        lost = [verdict.sentence] if verdict.outcome == "loss" else []
        return "\n".join([format_scores(self.scores, self.names, self.columns), *lost, *self.remarks()])

    def _repr_html_(self) -> str:
        """Return the table as HTML, for notebooks; the best score of each column is bold."""
        best = self.best_scores()
        head = "".join(f"<th>{html.escape(metric.title)}</th>" for metric in self.columns)
        rows = []
        for key, values in self.scores.items():
            cells = []
            for metric in self.columns:
                text = html.escape(metric.text(values[metric.name]))
                bold = values[metric.name] == best[metric.name]
                cells.append(f"<td><strong>{text}</strong></td>" if bold else f"<td>{text}</td>")
            rows.append(f"<tr><th>{html.escape(self.names[key])}</th>{''.join(cells)}</tr>")
        sentences = "".join(f"<p>{html.escape(text)}</p>" for text in (self.verdict().sentence, *self.remarks()))
        return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{sentences}"


def format_scores(scores: dict[str, dict[str, float]], names: dict[str, str], columns: tuple[Metric, ...]) -> str:
    """Return scores as an aligned table in text."""
    width = max(24, *(len(names[key]) + 2 for key in scores))
    lines = [" " * width + "".join(f"{metric.title:>11}" for metric in columns)]
    for key, values in scores.items():
        lines.append(f"{names[key]:{width}}" + "".join(f"{metric.text(values[metric.name]):>11}" for metric in columns))
    return "\n".join(lines)


def plain(scores: dict[str, dict[str, float]]) -> dict[str, dict[str, float | None]]:
    """Return scores as JSON can hold them: None where one is not defined."""
    return {
        name: {metric: v if math.isfinite(v) else None for metric, v in values.items()}
        for name, values in scores.items()
    }
