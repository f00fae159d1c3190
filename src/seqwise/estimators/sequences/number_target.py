"""Quantities on their way into a network and out of it: scaled by the training set, and back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from seqwise.backend import import_keras
from seqwise.data import Scaler
from seqwise.errors import DataError
from seqwise.estimators.parts import TargetDescription, Tensor
from seqwise.estimators.sequences.data import SequenceTarget
from seqwise.estimators.sequences.source import Raw
from seqwise.estimators.settings import check_loss


class NumberTarget(SequenceTarget):
    """The targets of a regression: their names, and the scaling that the network learns them in.

    Attributes:
        names: of the targets. scaler: fitted on the training set's.
        flat: they came, and go, as shape (samples,) and not (samples, 1).
    """

    kind = "numbers"
    loss_in_words = "of the scaled targets"

    def __init__(self, names: list[str], flat: bool, scaler: Scaler | None = None, loss: Any = "mse") -> None:
        self.names, self.flat, self._loss = names, flat, loss
        self.scaler = Scaler("standard") if scaler is None else scaler

    @classmethod
    def read(
        cls, y: Any, raw: Raw, names: list[str] | None = None, loss: Any = "mse"
    ) -> tuple[NumberTarget, np.ndarray, list[str]]:
        """Return the target, its values, float64, shape (samples, targets), and notes.

        Raises:
            DataError: a value is missing or no number, or all are alike; names the sequence.
        """
        values, flat = read_numbers(y, raw)
        if names is None:
            names = ["target"] if values.shape[1] == 1 else [f"target {j}" for j in range(values.shape[1])]
        for j, name in enumerate(names):
            if (values[:, j] == values[0, j]).all():
                raise DataError(
                    f"All {len(values):,} sequences have the same {name}, {values[0, j]:g}: there is nothing to learn."
                )
        return cls(names, flat, loss=loss), values, []

    @property
    def title(self) -> str:
        return f"{', '.join(self.names)} of the sequences"

    @property
    def outputs(self) -> int:
        return len(self.names)

    def summarise(self, values: np.ndarray) -> tuple[str, dict[str, int]]:
        least, most = values.min(axis=0), values.max(axis=0)
        words = [f"{name} ({a:.6g} to {b:.6g})" for name, a, b in zip(self.names, least, most, strict=True)]
        return ", ".join(words), {}

    def fit(self, values: np.ndarray) -> list[str]:
        """Learn the scaling from the training set's targets, shape (samples, targets). There is nothing to note."""
        self.scaler.fit(values, self.names, constants=True)
        return []

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Return the targets as the network learns them: mean 0, standard deviation 1, float32."""
        return self.scaler.transform(values)

    def describe(self) -> TargetDescription:
        return TargetDescription(Tensor("targets", {"targets": self.outputs}), tuple(self.names))

    def loss(self) -> Any:
        """Return the loss that was chosen; raise `SettingError` for a name that Keras does not know."""
        return check_loss(import_keras(), self._loss)

    def finished_loss(self) -> Any:
        return self._loss

    def finish(self, outputs: np.ndarray) -> np.ndarray:
        """Return the targets in their own units, float64, shape (samples, targets)."""
        return self.scaler.inverse(outputs, len(self.names))

    def finished_model(self, network: Any) -> Any:
        """Return the model that is kept; its outputs are scaled."""
        return import_keras().Model(network.input, network.output, name="regressor")

    def save(self) -> dict[str, Any]:
        return {"kind": self.kind, "names": self.names, "flat": self.flat, "scaler": self.scaler.to_dict()}

    @classmethod
    def load(cls, saved: dict[str, Any], inputs: Any) -> NumberTarget:
        return cls(list(saved["names"]), bool(saved["flat"]), Scaler.from_dict(saved["scaler"]))


def read_numbers(y: Any, raw: Raw) -> tuple[np.ndarray, bool]:
    """Return the targets of sequences, float64, shape (samples, targets), and whether they came as (samples,).

    Raises:
        DataError: a value is missing or no number; names the sequence.
    """
    try:
        targets = np.asarray(y)
    except ValueError:
        raise DataError("The sequences have unequal numbers of targets; expected as many for each.") from None
    if targets.ndim not in (1, 2) or targets.size == 0:
        raise DataError(
            f"The targets have shape {targets.shape}; expected one for each sequence, (samples,), or several, "
            "(samples, targets)."
        )
    numbers = targets if targets.dtype.kind in "fiub" else _as_numbers(targets, raw)
    values = numbers.astype(np.float64).reshape(len(targets), -1)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        i, j = bad[0].tolist()
        which = f", target {j}," if values.shape[1] > 1 else ""
        raise DataError(
            f"The target of {raw.where(i)}{which} is {values[i, j]} ({len(bad):,} such value(s) in all). Leave the "
            "sequence out."
        )
    return values, targets.ndim == 1


def _as_numbers(targets: np.ndarray, raw: Raw) -> np.ndarray:
    if targets.dtype.kind == "c":
        raise DataError("The targets are complex numbers; expected real ones, for example y.real.")
    if targets.dtype.kind in "mM" or any(isinstance(value, (date, timedelta)) for value in targets.ravel()):
        raise DataError(
            "The targets are times; expected numbers, for example the days since the first one: "
            "(y - y.min()) / np.timedelta64(1, 'D')."
        )
    words = targets.dtype.kind in "US" or any(isinstance(value, (str, bytes)) for value in targets.ravel())
    try:
        if not words:
            return targets.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    for i, item in enumerate(targets.reshape(len(targets), -1)):
        for value in item:
            try:
                float(value)
                if isinstance(value, (str, bytes)):
                    raise DataError(
                        f"The target of {raw.where(i)} is the text {str(value)!r}. Make them numbers: "
                        "[float(value) for value in y]. For labels use a Classifier."
                    )
            except DataError:
                raise
            except OverflowError:
                raise DataError(f"The target of {raw.where(i)} is too large for a number of 64 bits.") from None
            except (TypeError, ValueError):
                raise DataError(
                    f"The target of {raw.where(i)} is {str(value)!r}, no number. For labels use a Classifier."
                ) from None
    raise AssertionError("what NumPy cannot read as numbers holds an item that Python cannot")
