"""The report on a translator: one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqwise.evaluation.page import cell, render, settings_part, training_part
from seqwise.evaluation.translation import METRICS, TITLES, TranslationEvaluation
from seqwise.training import Training

TEMPLATE = "translations.html.j2"
EXAMPLES = 20
UNKNOWN = "How good this model is was not measured: nothing was held back. Train with test=0.1 to find out."


def write_translation_report(path: str | Path, **content: Any) -> None:
    """Write `render_translation_report` of the same arguments to `path`, as UTF-8."""
    Path(path).write_text(render_translation_report(**content), encoding="utf-8", errors="replace")


def render_translation_report(
    *,
    title: str,
    data: str,
    story: str,
    notes: list[str],
    settings: dict[str, Any],
    evaluation: TranslationEvaluation | None,
    training: Training,
) -> str:
    """Return the report as HTML.

    Args:
        data: where the pairs are from and how many there are, in words.
        story: the shapes in words, preformatted text.
        notes: what was found in the data, one sentence each.
        settings: name → value, as the user gave them.
        evaluation: None where nothing was held back.
    """
    judged, sentence = ("unknown", UNKNOWN) if evaluation is None else evaluation.verdict()
    unit = "The loss is the cross-entropy of a token, with smoothed labels."
    page: dict[str, Any] = {
        "title": title,
        "verdict": judged,
        "headline": sentence,
        "remarks": [] if evaluation is None else [_measured(evaluation)],
        "data": data,
        "notes": notes,
        "story": story,
        "rows": [],
        "settings": settings_part(settings),
    } | training_part(training.history, training.best_epoch, training.seconds, unit, "loss (cross-entropy)")
    if evaluation is not None:
        page |= _comparison(evaluation)
    return render(TEMPLATE, page)


def _measured(evaluation: TranslationEvaluation) -> str:
    references = sum(map(len, evaluation.references))
    return (
        f"Measured on {evaluation.part}: {len(evaluation):,} distinct text(s), none of them in training, with "
        f"{references:,} reference(s)."
        if evaluation.part == "the test part"
        else f"Measured on {evaluation.part}: {len(evaluation):,} distinct text(s) with {references:,} reference(s)."
    )


def _comparison(evaluation: TranslationEvaluation) -> dict[str, Any]:
    best = {metric: max(scores[metric] for scores in evaluation.scores.values()) for metric in METRICS}
    rows = [
        {
            "name": name,
            "cells": [
                cell(scores[m], f"{scores[m]:.1%}" if m == "exact" else f"{scores[m]:.2f}")
                | {"best": scores[m] == best[m]}
                for m in METRICS
            ],
        }
        for name, scores in evaluation.scores.items()
    ]
    every = max(len(evaluation) // EXAMPLES, 1)
    chosen, translations = range(0, len(evaluation), every), next(iter(evaluation.translations.values()))
    examples = [
        {"source": evaluation.sources[i], "translation": translations[i], "references": evaluation.references[i]}
        for i in chosen[:EXAMPLES]
    ]
    titles = [TITLES[metric] for metric in METRICS]
    return {
        "titles": titles, "rows": rows, "signature": evaluation.signature, "every": every, "examples": examples
    }  # fmt: skip
