"""Sequences of numbers on their way into a network: read, checked against the training's, scaled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.data import Scaler, Sequences
from seqwise.data.sequences import in_columns
from seqwise.errors import DataError
from seqwise.estimators.parts import Input, InputDescription, Tensor

LEAST_SPREAD = 1e-3  # between the quartiles of a scaled feature, below which its values are as good as one
MOST_LOOKED_AT = 100_000  # steps, of which the quartiles are taken


class NumberInput(Input):
    """What a sequence estimator knows of its inputs, where they are numbers.

    Args:
        scaling: kind of the scaler, or a mapping from a column to it.

    Attributes:
        columns: names of the features. scaler: fitted on the steps of the training set.
    """

    kind = "numbers"
    tokens = None

    def __init__(self, scaling: str | Mapping[str, str] = "standard") -> None:
        self.scaling = scaling

    @property
    def features(self) -> int:
        """Features of a step."""
        return len(self.columns)

    def fit(self, raw: Sequences, train: np.ndarray) -> list[str]:
        """Learn the scaling from the steps of the training set (never from padding). Returns notes, one sentence each.

        Args:
            train: numbers of its sequences.
        """
        self.columns = list(raw.columns)
        steps = raw.take(train).values
        steps = steps.astype(np.uint8) if steps.dtype == bool else steps  # NumPy subtracts no truths
        self.scaler = Scaler(dict(self.scaling) if isinstance(self.scaling, Mapping) else self.scaling)
        self.scaler.fit(steps, self.columns, constants=True)
        constant = np.flatnonzero((steps == steps[0]).all(axis=0))
        named = ", ".join(f"{self.columns[j]!r}" for j in constant[:5].tolist()) + (", …" if len(constant) > 5 else "")
        if len(constant) == len(self.columns):
            raise DataError(
                "No feature ever changes in the training set: there is nothing to learn from. Is it the right column?"
            )
        notes = [f"The same value at every step of the training set, so of no use: feature(s) {named}."]
        return (notes if constant.size else []) + self._hiding(steps)

    def _hiding(self, steps: np.ndarray) -> list[str]:
        """Return a note for each feature of which a few values are so great that scaling makes all others alike."""
        low, high = np.quantile(steps[:: -(-len(steps) // MOST_LOOKED_AT)], [0.25, 0.75], axis=0)
        spread, width = high - low, np.ptp(steps, axis=0)
        hidden = (spread > 0) & (spread < LEAST_SPREAD * self.scaler.scale_) & (spread < LEAST_SPREAD * width)
        notes: list[str] = []
        for j in np.flatnonzero(hidden).tolist():
            column = steps[:, j]
            value = column[np.abs(column - np.median(column)).argmax()]
            notes.append(
                f"Feature {self.columns[j]!r} has a value of {value:g}, so far from the others that scaled they are "
                "all nearly the same: the network cannot tell them apart. Fix the value, or choose scaler='robust'."
            )
        return notes

    def prepare(self, raw: Sequences) -> Sequences:
        """Return the sequences as the network takes them: scaled, float32.

        Raises:
            DataError: they have other features than the training's.
        """
        raw = in_columns(raw, self.columns)
        return replace(raw, values=self.scaler.transform(raw.values))

    def describe(self) -> InputDescription:
        """Describe the values and the mask beside them."""
        values = Tensor("values", {"timesteps": None, "features": self.features})
        return InputDescription((values, Tensor("mask", {"timesteps": None}, "bool")), tuple(self.columns))

    def save(self, folder: Path) -> dict[str, Any]:
        return {"kind": self.kind, "columns": self.columns, "scaler": self.scaler.to_dict()}

    @classmethod
    def load(cls, folder: Path, saved: dict[str, Any]) -> NumberInput:
        loaded = cls()
        loaded.columns, loaded.scaler = list(saved["columns"]), Scaler.from_dict(saved["scaler"])
        return loaded
