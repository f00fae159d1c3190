"""Classifying sequences on the command line."""

from __future__ import annotations

from typing import Any

from seqwise.cli.tasks import sequences
from seqwise.cli.tasks.sequences import evaluate, fit, notes, predict, shape, told, write_report

__all__ = ["OPTIONS", "evaluate", "fit", "make", "notes", "predict", "shape", "told", "write_report"]
OPTIONS = {*sequences.OPTIONS, "class_weight", "label_smoothing"}


def make(given: dict[str, Any]) -> Any:
    from seqwise.estimators.sequences.classifier import Classifier

    return Classifier(**sequences.settings(given))
