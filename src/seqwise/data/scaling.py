"""Scaling: fitted on the training rows only, stored as plain numbers, undone exactly."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Self, TypedDict

import numpy as np

from seqwise.errors import DataError, SettingError, check_choice, nearest

KINDS = ("standard", "minmax", "robust", "none")


class SavedScaler(TypedDict):
    """A fitted scaler as JSON holds it."""

    kind: str | dict[str, str]
    log: list[str]
    columns: list[str]
    offset: list[float]
    scale: list[float]


class Scaler:
    """Bring each feature to a common scale: ``(log(x) or x - offset) / scale``.

    - ``"standard"``: mean 0, standard deviation 1;
    - ``"minmax"``: 0 to 1;
    - ``"robust"``: median 0, interquartile range 1;
    - ``"none"``: unchanged.

    The definitions (NaN is ignored) are scikit-learn's.

    Args:
        kind: one of these for all features, or a mapping from a feature's name to its kind (``"standard"`` where it
            is absent).
        log: names of the features to take the logarithm of first.

    Attributes:
        columns: the features' names. offset_, scale_: float64, shape (features,).
    """

    def __init__(self, kind: str | Mapping[str, str] = "standard", log: Sequence[str] = ()) -> None:
        self.kind = kind
        self.log = tuple(log)

    def fit(self, values: np.ndarray, columns: Sequence[str], *, constants: bool | Collection[str] = False) -> Self:
        """Learn offset and scale from training rows, shape (rows, features); NaN is ignored.

        Args:
            constants: accept a constant feature, or those of these names; it becomes 0.

        Raises:
            DataError: a feature is constant, or has values ≤ 0 where its logarithm is to be taken.
            SettingError: an unknown kind, or a mapping that names something else than a feature.
        """
        self.columns = list(columns)
        self.n_samples_seen_ = len(values)  # scikit-learn's name
        kinds = self._kinds()
        logged = self._log(values)
        self.offset_, self.scale_ = np.zeros(len(kinds)), np.ones(len(kinds))
        for j, kind in enumerate(kinds):
            column = logged[:, j]
            if not np.isfinite(column).any():
                raise DataError(f"column {self.columns[j]!r} has no value in the training rows; leave it out.")
            low, high = np.nanmin(column), np.nanmax(column)
            if low == high and (constants is True or (constants and self.columns[j] in constants)):
                self.offset_[j] = low
                continue
            if low == high:
                raise DataError(
                    f"column {self.columns[j]!r} is constant in the training rows ({np.nanmin(values[:, j]):g} in all "
                    f"{len(values):,}): a model cannot learn from it. Leave it out of features, or train on "
                    "more rows."
                )
            if kind == "standard":
                with np.errstate(over="ignore"):  # what is too large is refused below
                    self.offset_[j], self.scale_[j] = np.nanmean(column), np.nanstd(column)
            elif kind == "minmax":
                self.offset_[j], self.scale_[j] = low, high - low
            elif kind == "robust":
                lower, median, upper = np.nanpercentile(column, [25, 50, 75])
                # more than half of the values may be equal (rain, sales): then the range is the scale
                self.offset_[j], self.scale_[j] = median, (upper - lower) or (high - low)
            if not (np.isfinite(self.offset_[j]) and 0 < self.scale_[j] < np.inf):
                largest = float(np.nanmax(np.abs(column)))
                raise DataError(
                    f"column {self.columns[j]!r} holds values up to {largest:g}, which cannot be scaled: their spread "
                    "is not a number. Are some mistyped? Correct them, or use other units."
                )
        return self

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Scale values, shape (…, features) → float32, same shape."""
        scaled = self._log(values)
        with np.errstate(over="ignore"):
            scaled -= self.offset_
            scaled /= self.scale_
            small = scaled.astype(np.float32)
        wild = np.isinf(small)
        if wild.any():
            first = tuple(np.argwhere(wild)[0])
            value = np.asarray(values)[first]
            raise DataError(
                f"column {self.columns[int(first[-1])]!r} holds {value:g}, which is too far from the training's "
                "values to be computed with. Is it mistyped? Correct it, or leave it empty."
            )
        return small

    def inverse(self, scaled: np.ndarray, features: int | None = None) -> np.ndarray:
        """Undo `transform` for the first `features` columns (all where None); float64, same shape."""
        columns = slice(features)
        values = scaled.astype(np.float64) * self.scale_[columns] + self.offset_[columns]
        for j, name in enumerate(self.columns[columns]):
            if name in self.log:
                values[..., j] = np.exp(np.minimum(values[..., j], 700))  # no overflow from a wild forecast
        return values

    def to_dict(self) -> SavedScaler:
        kind = self.kind if isinstance(self.kind, str) else dict(self.kind)
        return {
            "kind": kind,
            "log": list(self.log),
            "columns": self.columns,
            "offset": self.offset_.tolist(),
            "scale": self.scale_.tolist(),
        }

    @classmethod
    def from_dict(cls, saved: SavedScaler) -> Self:
        scaler = cls(saved["kind"], saved["log"])
        scaler.columns = list(saved["columns"])
        scaler.offset_, scaler.scale_ = np.array(saved["offset"]), np.array(saved["scale"])
        return scaler

    def _kinds(self) -> list[str]:
        if isinstance(self.kind, Mapping):
            for name in self.kind:
                if name not in self.columns:
                    raise SettingError(f"scaler names {name!r}, which is not a feature.{nearest(name, self.columns)}")
            kinds = [self.kind.get(name, "standard") for name in self.columns]
        else:
            kinds = [self.kind] * len(self.columns)
        for kind in kinds:
            check_choice("scaler", kind, KINDS)
        return kinds

    def _log(self, values: np.ndarray) -> np.ndarray:
        values = np.array(values, dtype=np.float64)
        for j, name in enumerate(self.columns):
            if name in self.log:
                with np.errstate(invalid="ignore"):
                    below = values[..., j] <= 0
                if below.any():
                    raise DataError(
                        f"column {name!r} holds {values[..., j][below][0]:g}, but its logarithm is taken and needs "
                        "values above 0. Train with log=False."
                    )
                values[..., j] = np.log(values[..., j])
        return values


def swings_grow_with_level(values: np.ndarray, block: int) -> bool:
    """Tell whether a logarithm would stabilize the variance of a series, whose swings grow with its level.

    Bartlett (1947): where the standard deviation is proportional to level**b over blocks of rows, the logarithm is the
    variance-stabilizing transformation for b = 1. It is chosen for b > 0.5 if the level at least doubles and both are
    correlated.

    Args:
        values: shape (rows,), NaN where missing.
        block: rows of a block, at least one cycle.
    """
    values = values[~np.isnan(values)]
    blocks = len(values) // max(block, 2)
    if blocks < 4 or values.min() <= 0:
        return False
    blocked = values[len(values) - blocks * max(block, 2) :].reshape(blocks, -1)
    with np.errstate(over="ignore", invalid="ignore"):  # `Scaler.fit` refuses what is too large
        level, swing = blocked.mean(axis=1), blocked.std(axis=1)
    if level.max() < 2 * level.min() or not ((swing > 0) & np.isfinite(swing)).all():
        return False
    x, y = np.log(level), np.log(swing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(np.polyfit(x, y, 1)[0] > 0.5 and np.corrcoef(x, y)[0, 1] > 0.7)
