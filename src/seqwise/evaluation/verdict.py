"""One sentence on a model beside its baselines, and whether the difference is more than chance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from seqwise.evaluation.classification import Classification
from seqwise.evaluation.figures import readable

LEVEL = 0.005  # a difference in RMSE below half a percent is none
CHANCE = 2.0  # standard errors


def verdict(evaluation: Any) -> tuple[str, str]:
    """Say whether the model beats the best baseline: a classifier by its accuracy, a regressor by its RMSE.

    Two accuracies on the same sequences differ where one model is right and the other wrong. They count as level
    within two standard errors of that difference (as in McNemar's test, 1947). Of labels at each step, the difference
    is that of whole sequences.

    Args:
        evaluation: a `Classification` or `Regression`; None where nothing was held back.

    Returns:
        ``"win"``, ``"loss"``, ``"level"`` or ``"unknown"``, and the sentence.
    """
    if evaluation is None:
        return "unknown", (
            "How good this model is was not measured: nothing was held back. Train with test=0.2 to find out, or score "
            "it on other sequences: seqwise evaluate RUN --data FILE."
        )
    return _classes(evaluation) if isinstance(evaluation, Classification) else _numbers(evaluation)


def _classes(evaluation: Classification) -> tuple[str, str]:
    right = {name: _right(evaluation, name) for name in evaluation.probabilities}
    mine = right.pop("model")
    best = max(right, key=lambda name: right[name].mean())
    of = f"the best baseline, “{evaluation.names[best]}”"
    said, other = f"{mine.mean():.1%}", f"{right[best].mean():.1%}"
    what = "of the label sets" if evaluation.multilabel else f"of the {evaluation.counted}s"
    gained = mine.astype(int) - right[best]
    if evaluation.lengths is not None:  # steps of one sequence go together: each sequence is one draw
        gained = np.add.reduceat(gained, np.cumsum(evaluation.lengths) - evaluation.lengths)
    if abs(gained.sum()) <= CHANCE * math.sqrt((gained**2).sum()):
        return "level", (
            f"On {evaluation.part} the model is right for {said} {what}, and {of} for {other}: with "
            f"{len(evaluation):,} {evaluation.counted}(s) the difference may be chance."
        )
    if gained.sum() > 0:
        return "win", (
            f"The model beats the best baseline: on {evaluation.part} it is right for {said} {what}, "
            f"“{evaluation.names[best]}” for {other}."
        )
    return "loss", (
        f"The model does not beat the best baseline: on {evaluation.part} it is right for {said} {what}, "
        f"“{evaluation.names[best]}” for {other}. As it stands, that baseline is the better classifier."
    )


def _right(evaluation: Classification, name: str) -> np.ndarray:
    same = evaluation.predicted(name) == evaluation.truth
    return same.all(axis=1) if evaluation.multilabel else same


def _numbers(evaluation: Any) -> tuple[str, str]:
    errors = {name: scores["rmse"] for name, scores in evaluation.scores.items()}
    mine = errors.pop("model")
    best = min(errors, key=lambda name: errors[name])
    both = f"its RMSE is {readable(mine)}, that of “{evaluation.names[best]}” {readable(errors[best])}"
    if abs(mine - errors[best]) <= LEVEL * errors[best]:
        return "level", (f"The model is no better and no worse than the best baseline: on {evaluation.part} {both}.")
    if mine < errors[best]:
        return "win", f"The model beats the best baseline: on {evaluation.part} {both}."
    return "loss", (
        f"The model does not beat the best baseline: on {evaluation.part} {both}. As it stands, that baseline is the "
        "better model."
    )
