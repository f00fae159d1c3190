"""The report on a classifier or a regressor: one HTML file that needs nothing else."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from seqwise.evaluation import sequence_plots as plots
from seqwise.evaluation.classification import Classification
from seqwise.evaluation.figures import readable
from seqwise.evaluation.page import cell, percent, picture, render, settings_part, training_part
from seqwise.evaluation.regression import Regression
from seqwise.evaluation.verdict import verdict
from seqwise.training import Training

TEMPLATE = "sequences.html.j2"
MOST_ROWS = 60  # classes in a table
MOST_TARGETS = 6  # that get pictures
LARGE = 0.6  # a class with a larger share makes accuracy easy


def write_sequence_report(path: str | Path, **content: Any) -> None:
    """Write `render_sequence_report` of the same arguments to `path`, as UTF-8."""
    Path(path).write_text(render_sequence_report(**content), encoding="utf-8", errors="replace")


def render_sequence_report(
    *,
    title: str,
    data: str,
    story: str,
    loss: str,
    notes: list[str],
    settings: dict[str, Any],
    evaluation: Classification | Regression | None,
    training: Training,
) -> str:
    """Return the report as HTML.

    Args:
        data: where the sequences are from and how many there are, in words.
        story: the shapes in words, preformatted text.
        loss: what the loss is: ``"cross-entropy"``.
        notes: what was found in the data, one sentence each.
        settings: name → value, as the user gave them.
        evaluation: None where nothing was held back.
    """
    judged, sentence = verdict(evaluation)
    page: dict[str, Any] = {
        "title": title,
        "verdict": judged,
        "headline": sentence,
        "remarks": _remarks(evaluation),
        "data": data,
        "notes": notes,
        "story": story,
        "comparison": None,
        "settings": settings_part(settings),
    } | training_part(training.history, training.best_epoch, training.seconds, f"The loss is {loss}.", f"loss ({loss})")
    if evaluation is not None:
        page["comparison"] = _comparison(evaluation)
        page["parts"] = _classes(evaluation) if isinstance(evaluation, Classification) else _numbers(evaluation)
    return render(TEMPLATE, page)


def _remarks(evaluation: Classification | Regression | None) -> list[str]:
    if evaluation is None:
        return []
    found = [
        f"Measured on {evaluation.part}, {len(evaluation):,} {_counted(evaluation)}(s), the same for each.",
        *evaluation.remarks(),
    ]
    if isinstance(evaluation, Classification) and not evaluation.multilabel:
        share = evaluation.confusion().sum(axis=1) / max(len(evaluation), 1)
        most = int(share.argmax())
        if share[most] > LARGE:
            found.append(
                f"{percent(float(share[most]))} % of the {evaluation.counted}s are "
                f"{evaluation.classes.tolist()[most]!r}: whoever always says so is right as often. Balanced accuracy, "
                "the mean over the classes of how many were found, tells more here."
            )
    return found


def _comparison(evaluation: Classification | Regression) -> dict[str, Any]:
    kind = plots.type_of(evaluation)
    scores = evaluation.scores
    best = {}
    for metric in kind.METRICS:
        known = [s[metric] for s in scores.values() if math.isfinite(s[metric])]
        best[metric] = (min if metric in kind.SMALLER else max)(known, default=math.nan)
    rows = [
        {
            "name": evaluation.names[name],
            "model": name == "model",
            "cells": [cell(v, _text(evaluation, v)) | {"best": v == best[m]} for m, v in values.items()],
        }
        for name, values in scores.items()
    ]
    first, title = kind.METRICS[0], kind.TITLES[kind.METRICS[0]]
    better = "smaller" if first in kind.SMALLER else "larger"
    said = ", ".join(f"{evaluation.names[name]} {readable(values[first])}" for name, values in scores.items())
    return {
        "titles": [kind.TITLES[m] for m in kind.METRICS],
        "rows": rows,
        "classes": isinstance(evaluation, Classification),
        "counted": _counted(evaluation),
        "several": isinstance(evaluation, Classification) and evaluation.multilabel,
        "picture": picture(plots.bars(evaluation, first, f"{title} ({better} is better)"), f"Bar chart: {said}."),
    }


def _counted(evaluation: Classification | Regression) -> str:
    return evaluation.counted if isinstance(evaluation, Classification) else "sequence"


def _text(evaluation: Classification | Regression, value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{value:.4f}" if isinstance(evaluation, Classification) else readable(value)


def _classes(evaluation: Classification) -> list[dict[str, Any]]:
    """Return the page's further parts: title, a table or a picture, and what it says."""
    rows = [
        {
            "name": str(row["class"]),
            "cells": [cell(row[k], _text(evaluation, row[k])) for k in ("precision", "recall", "f1")]
            + [cell(row[f"{evaluation.counted}s"], f"{row[f'{evaluation.counted}s']:,}")],
        }
        for row in evaluation.by_class()[:MOST_ROWS]
    ]
    table = {
        "id": "classes",
        "title": "Label by label" if evaluation.multilabel else "Class by class",
        "head": ["label" if evaluation.multilabel else "class", "precision", "recall", "F1", f"{evaluation.counted}s"],
        "rows": rows,
        "text": "Precision: of those that the model called so, the share that were. Recall: of those that were, the "
        "share that the model called so. F1 is their harmonic mean."
        + (f" The first {MOST_ROWS} of {len(evaluation.classes)}." if len(evaluation.classes) > MOST_ROWS else ""),
        "pictures": [],
    }
    found = [table]
    if not evaluation.multilabel:
        cut = len(evaluation.classes) > plots.MOST_CLASSES
        alt = (
            f"Matrix of how many {evaluation.counted}s of each class were taken for each class; the table above has "
            "the figures."
        )
        found.append(
            _drawn(
                "confusion", "Confusion", [picture(plots.confusion(evaluation), alt)],
                "Each row is a class, each column what the model said: off the diagonal are the mistakes."
                + (f" The first {plots.MOST_CLASSES} classes." if cut else ""),
            )
        )  # fmt: skip
    error = float(evaluation.calibration()["error"])
    alt = "Line chart of the share that was right over the probability that the model gave."
    found.append(
        _drawn(
            "calibration", "Calibration", [picture(plots.calibration(evaluation), alt)],
            "Are the probabilities to be trusted? On the dotted line a probability of 80 % is right 80 times of 100; "
            f"below it the model is too sure. The mean distance from the line is {error:.3f} (the expected calibration "
            "error).",
        )
    )  # fmt: skip
    return found


def _numbers(evaluation: Regression) -> list[dict[str, Any]]:
    found = []
    rows = [
        {
            "name": row["target"],
            "cells": [cell(row[k], _text(evaluation, row[k])) for k in ("rmse", "mae", "r2")],
        }
        for row in evaluation.by_target()[:MOST_ROWS]
    ]
    if len(rows) > 1:
        found.append(
            {"id": "targets", "title": "Target by target", "head": ["target", "RMSE", "MAE", "R²"], "rows": rows,
             "text": "", "pictures": []}
        )  # fmt: skip
    drawn = []
    for j, name in enumerate(evaluation.targets[:MOST_TARGETS]):
        drawn.append(picture(plots.scatter(evaluation, j), f"Points: what the model said of {name}, over the truth."))
        drawn.append(picture(plots.errors(evaluation, j), f"Bar chart of the errors of {name}."))
    many = len(evaluation.targets) > MOST_TARGETS
    said = f"The first {MOST_TARGETS} of {len(evaluation.targets)} targets." if many else ""
    found.append(_drawn("errors", "What it said and the truth", drawn, said))
    return found


def _drawn(name: str, title: str, pictures: list[dict[str, Any]], text: str) -> dict[str, Any]:
    return {"id": name, "title": title, "rows": [], "head": [], "pictures": pictures, "text": text}
