"""Scores of translations, BLEU and chrF against all references, beside a look-up of the most similar training text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.errors import SettingError
from seqwise.evaluation.comparison import Comparison, Metric

SIMILAR = "most similar"
COLUMNS = (
    Metric("bleu", "BLEU", spec=".2f"), Metric("chrf", "chrF", spec=".2f"), Metric("exact", "exact", spec=".1%")
)  # fmt: skip
LEVEL = 0.5  # a difference in BLEU below half a point does not count


@dataclass(frozen=True)
class TranslationComparison(Comparison):
    """Translations of texts with known references, scored for each way to translate them.

    Attributes:
        sources: the texts, shape (samples,).
        references: all references of each text.
        translations: ``{"beam 5": [...], "greedy": [...], …}``, the chosen way first.
        part: where the texts come from: ``"the test set"``, a file.
        scores: ``{"beam 5": {"bleu": …, "chrf": …, "exact": …}, …}``: BLEU and chrF of the corpus, from 0 to 100; the
            share of translations that equal a reference, whatever the kind of space (French sets narrow ones before
            punctuation).
        signature: sacrebleu's description of how BLEU was computed.
    """

    columns = COLUMNS
    rival = "the translations of the most similar training texts"
    advice = "looking them up is better"

    sources: list[str]
    references: list[list[str]]
    translations: dict[str, list[str]]
    part: str = "the test set"
    scores: dict[str, dict[str, float]] = field(init=False)
    names: dict[str, str] = field(init=False)  # the ways to translate are called by their keys
    signature: str = field(init=False)

    def __post_init__(self) -> None:
        scores = {name: score_translations(texts, self.references) for name, texts in self.translations.items()}
        object.__setattr__(self, "scores", scores)  # derived: the dataclass is frozen for everybody else
        object.__setattr__(self, "names", {name: name for name in self.translations})
        object.__setattr__(self, "signature", _signature(self.references))

    def __len__(self) -> int:
        return len(self.sources)

    def best_baseline(self) -> str | None:
        """Return the key of the look-up of the most similar training texts; None if they were not scored."""
        return SIMILAR if SIMILAR in self.scores else None

    def _outcome(self, best: str) -> str:
        mine, other = self.metrics["bleu"], self.scores[best]["bleu"]
        if abs(mine - other) < LEVEL:
            return "level"
        return "win" if mine > other else "loss"

    def _figures(self, best: str, outcome: str) -> str:
        mine, other = self.metrics["bleu"], self.scores[best]["bleu"]
        return f"on {self.part} its BLEU is {mine:.1f}, against {other:.1f}."

    def _unknown(self) -> str:
        bleu = self.metrics["bleu"]
        return f"On {self.part} the model's BLEU is {bleu:.1f}; there is no baseline to compare it with."

    def texts(self) -> list[dict[str, Any]]:
        """Return each text with its references and its translations, as JSON."""
        return [
            {"source": source, "references": known} | {name: texts[i] for name, texts in self.translations.items()}
            for i, (source, known) in enumerate(zip(self.sources, self.references, strict=True))
        ]

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {
            "translated": self.model,
            "texts": len(self),
            "references": sum(map(len, self.references)),
            "signature": self.signature,
        }


def score_translations(translations: list[str], references: list[list[str]]) -> dict[str, float]:
    """Return BLEU (Papineni et al. 2002), chrF (Popović 2015), both by sacrebleu with its defaults, and the share of
    translations that equal a reference.

    Args:
        translations: one per text.
        references: at least one for each text; their number may differ.
    """
    metrics = sacrebleu_metrics()
    streams = _streams(references)
    exact = [_spaced(text) in map(_spaced, known) for text, known in zip(translations, references, strict=True)]
    return {
        "bleu": float(metrics.BLEU().corpus_score(translations, streams).score),
        "chrf": float(metrics.CHRF().corpus_score(translations, streams).score),
        "exact": float(np.mean(exact)),
    }


def _spaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _streams(references: list[list[str]]) -> list[list[str | None]]:
    """sacrebleu's form: the first reference of every text, then the second, …, None where there is none."""
    most = max(map(len, references))
    return [[known[i] if i < len(known) else None for known in references] for i in range(most)]


def _signature(references: list[list[str]]) -> str:
    bleu = sacrebleu_metrics().BLEU()
    bleu.corpus_score([""] * len(references), _streams(references))
    return str(bleu.get_signature())


def sacrebleu_metrics() -> Any:
    """Return the module of BLEU and chrF.

    Raises:
        SettingError: sacrebleu is not installed.
    """
    try:
        import sacrebleu.metrics
    except ImportError:
        raise SettingError(
            "BLEU and chrF need the sacrebleu library, which is not installed: pip install 'seqwise[text]'"
        ) from None
    return sacrebleu.metrics
