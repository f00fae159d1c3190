"""The report on a translator."""

from __future__ import annotations

from typing import Any

from seqwise.estimators.parts import file_name, parts_in_words
from seqwise.evaluation.report import Cell, Row, Section
from seqwise.evaluation.translation import TranslationComparison

EXAMPLES = 20


def report_content(
    path: str | None, counts: dict[str, int], comparison: TranslationComparison | None
) -> dict[str, Any]:
    """Return what `seqwise.evaluation.report.render_report` takes of the pairs and their comparison.

    Args:
        path: of the file that the pairs are from; None for data in memory. counts: how many each part has.
        comparison: None where nothing was held back.
    """
    content = {
        "title": f"Translations of {file_name(path)}",
        "data": f"{parts_in_words('pairs', path, counts)} No text is in two parts.",
    }
    if comparison is None:
        return content
    return content | {
        "legend": _legend(comparison),
        "remarks": [_measured(comparison)],
        "sections": [_examples(comparison)],
    }


def _legend(comparison: TranslationComparison) -> str:
    return (
        "Larger is better in every column; the largest is underlined. BLEU (runs of one to four words that a reference "
        "has, too) and chrF (runs of one to six characters) go from 0 to 100 and are of the whole part, against all "
        "references of each text; exact is the share of translations that are one of the references to the letter. "
        "“Greedy” takes the likeliest token at every step; “most similar” is the translation of the training text that "
        f"is most like the one to translate. BLEU by sacrebleu: {comparison.signature}."
    )


def _measured(comparison: TranslationComparison) -> str:
    references = sum(map(len, comparison.references))
    unseen = ", none of them in training," if comparison.part == "the test set" else ""
    return (
        f"Measured on {comparison.part}: {len(comparison):,} distinct text(s){unseen} with {references:,} reference(s)."
    )


def _examples(comparison: TranslationComparison) -> Section:
    every = max(len(comparison) // EXAMPLES, 1)
    translations = comparison.translations[comparison.model]
    rows = [
        Row(comparison.sources[i], [Cell(translations[i]), Cell(" · ".join(comparison.references[i]))])
        for i in range(0, len(comparison), every)[:EXAMPLES]
    ]
    text = (
        "All texts of the part." if every == 1 else f"One text in {every} of the part, not chosen by its translation."
    )
    return Section("translations", "Translations", ["text", "translation", "references"], rows, "pairs", text=text)
