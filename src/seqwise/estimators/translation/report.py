"""The report on a translator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqwise.evaluation import report
from seqwise.evaluation.report import Cell, Row, Section
from seqwise.evaluation.translation import TranslationComparison
from seqwise.training import Training

EXAMPLES = 20
PARTS = {"train": "training", "validation": "finding the best epoch", "test": "the test"}


def write_translation_report(path: str | Path, **content: Any) -> None:
    """Write the report to `path`, of the arguments of `report_content`."""
    report.write_report(path, **report_content(**content))


def report_content(
    *,
    source: str,
    counts: dict[str, int],
    summary: str,
    notes: list[str],
    settings: dict[str, Any],
    comparison: TranslationComparison | None,
    training: Training,
) -> dict[str, Any]:
    """Return what `seqwise.evaluation.report.render_report` takes.

    Args:
        source: where the pairs are from. counts: how many each part has.
        summary: the shapes in words, preformatted text.
        notes: what was found in the data, one sentence each.
        settings: name → value, as the user gave them.
        comparison: None where nothing was held back.
    """
    parts = [f"{counts[name]:,} for {words}" for name, words in PARTS.items() if counts[name]]
    content = {
        "title": f"Translations of {Path(source).name}",
        "data": f"{sum(counts.values()):,} pairs of {source}: {', '.join(parts)}. No text is in two parts.",
        "summary": summary,
        "notes": notes,
        "settings": settings,
        "comparison": comparison,
        "training": training,
        "loss": "the cross-entropy of a token, with smoothed labels",
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
    unseen = ", none of them in training," if comparison.part == "the test part" else ""
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
