"""How good translations are: BLEU and chrF against all references, beside the translation of the most similar text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.errors import SettingError

SIMILAR = "most similar"
METRICS = ("bleu", "chrf", "exact")
TITLES = {"bleu": "BLEU", "chrf": "chrF", "exact": "exact"}
LEVEL = 0.5  # a difference in BLEU below half a point is none
CHUNK = 512  # texts that are compared with all training texts at once


@dataclass(frozen=True)
class TranslationEvaluation:
    """Translations of texts whose references are known, one row of scores for each way to translate them.

    Attributes:
        sources: the texts, shape (samples,).
        references: all references of each text.
        translations: ``{"beam 5": [...], "greedy": [...], …}``: by each way, the chosen one first.
        part: what the texts are: ``"the test part"``, a file.
        scores: ``{"beam 5": {"bleu": …, "chrf": …, "exact": …}, …}``: BLEU and chrF from 0 to 100, of the whole
            corpus; exact: the share of translations that are one of the references to the letter; the kind of a space
            does not count (French sets narrow ones before its marks).
        signature: how BLEU was computed, in sacrebleu's words.
    """

    sources: list[str]
    references: list[list[str]]
    translations: dict[str, list[str]]
    part: str = "the test part"
    scores: dict[str, dict[str, float]] = field(init=False)
    signature: str = field(init=False)

    def __post_init__(self) -> None:
        scores = {name: score_translations(texts, self.references) for name, texts in self.translations.items()}
        object.__setattr__(self, "scores", scores)  # derived: the dataclass is frozen for everybody else
        object.__setattr__(self, "signature", _signature(self.references))

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def metrics(self) -> dict[str, float]:
        """The scores of the chosen way."""
        return next(iter(self.scores.values()))

    def verdict(self) -> tuple[str, str]:
        """Say whether the model beats the translations of the most similar training texts, by BLEU.

        Returns:
            ``"win"``, ``"loss"``, ``"level"`` or ``"unknown"``, and the sentence.
        """
        mine, other = self.metrics["bleu"], self.scores.get(SIMILAR, {}).get("bleu")
        if other is None:
            return "unknown", f"On {self.part} the model's BLEU is {mine:.1f}; there are no training texts beside it."
        both = f"on {self.part} its BLEU is {mine:.1f}, theirs {other:.1f}"
        if abs(mine - other) < LEVEL:
            return "level", (
                f"The model is no better and no worse than the translations of the most similar training texts: {both}."
            )
        if mine > other:
            return "win", f"The model beats the translations of the most similar training texts: {both}."
        return "loss", (
            f"The model does not beat the translations of the most similar training texts: {both}. As it stands, "
            "looking them up is better."
        )

    def texts(self) -> list[dict[str, Any]]:
        """Return each text with its references and its translations, as JSON."""
        return [
            {"source": source, "references": known} | {name: texts[i] for name, texts in self.translations.items()}
            for i, (source, known) in enumerate(zip(self.sources, self.references, strict=True))
        ]

    def to_dict(self) -> dict[str, Any]:
        chosen, *others = self.scores
        return {
            "test": self.scores[chosen],
            "baselines": {name: self.scores[name] for name in others},
            "translated": chosen,
            "texts": len(self),
            "references": sum(map(len, self.references)),
            "signature": self.signature,
        }

    def __str__(self) -> str:
        width = max(map(len, self.scores))
        lines = [" " * width + "".join(f"{TITLES[name]:>8}" for name in METRICS)]
        for name, scores in self.scores.items():
            lines.append(f"{name:<{width}}{scores['bleu']:8.2f}{scores['chrf']:8.2f}{scores['exact']:8.1%}")
        return "\n".join(lines)


def score_translations(translations: list[str], references: list[list[str]]) -> dict[str, float]:
    """Return BLEU (Papineni et al. 2002), chrF (Popović 2015), both by sacrebleu with its defaults, and the share of
    translations that equal a reference.

    Args:
        translations: one a text.
        references: of each text all that are known, at least one; their number may differ.
    """
    metrics = sacrebleu_metrics()
    streams = _streams(references)
    right = [_spaced(text) in map(_spaced, known) for text, known in zip(translations, references, strict=True)]
    return {
        "bleu": float(metrics.BLEU().corpus_score(translations, streams).score),
        "chrf": float(metrics.CHRF().corpus_score(translations, streams).score),
        "exact": float(np.mean(right)),
    }


def _spaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def most_similar(texts: list[str], training_sources: list[str], training_targets: list[str]) -> list[str]:
    """Translate each text by the translation of the training text that is most like it: a translation memory.

    Alike is: the cosine of TF-IDF vectors of words and pairs of words (scikit-learn's).
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(token_pattern=r"\w+|[^\w\s]", ngram_range=(1, 2))
    known = vectorizer.fit_transform(training_sources).T.tocsc()
    asked = vectorizer.transform(texts)
    found = []
    for start in range(0, len(texts), CHUNK):
        found += np.asarray((asked[start : start + CHUNK] @ known).argmax(axis=1)).ravel().tolist()
    return [training_targets[i] for i in found]


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
