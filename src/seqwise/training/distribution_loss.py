"""Losses of a network that gives a distribution for each number: its likelihood, or that of its quantiles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from seqwise.backend import import_keras

if TYPE_CHECKING:
    import keras
else:
    keras = import_keras()
ops: Any = keras.ops

SMALLEST = 1e-3  # scale, in the scaled units of the targets; dispersion of counts
BEND = 0.1  # counts: how wide the bend is, at 0, between no counts and as many as the network says


@keras.saving.register_keras_serializable("seqwise")
class DistributionLoss(keras.losses.Loss):
    """The negative log-likelihood of a distribution, or the pinball loss of quantiles.

    Call: numbers (samples, …, targets), parameters (samples, …, targets · parameters) → (samples, …).

    Args:
        kind: ``"gaussian"``: mean, and scale before softplus; ``"student-t"``: also the degrees of freedom above 2,
            before softplus; ``"quantile"``: the median, then the steps from one quantile to the next, before softplus:
            first those above it, from the middle outwards, then those below. So quantiles never cross;
            ``"negative-binomial"``: the mean count μ, scaled as the targets are and bent up at 0, and the dispersion α
            before softplus; the variance is μ + α μ² (Salinas et al. 2020, "DeepAR").
        shares: of ``"quantile"``: those above the median, ascending; those below mirror them.
        scaling: of counts: offset and scale of each target, a count is ``scaled · scale + offset``; empty where the
            targets are not scaled.
    """

    def __init__(
        self,
        kind: str,
        shares: Any = (),
        scaling: Any = (),
        *,
        reduction: Any = "sum_over_batch_size",
        name: str = "distribution",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.kind, self.shares, self.scaling = kind, tuple(shares), tuple(map(tuple, scaling))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        targets = y_true.shape[-1]
        parameters = ops.reshape(y_pred, (-1, *y_pred.shape[1:-1], targets, y_pred.shape[-1] // targets))
        first = parameters[..., 0]
        if self.kind == "quantile":
            steps = ops.softplus(parameters[..., 1:])
            count = len(self.shares)
            loss = _pinball(y_true, first, 0.5)
            for sign, side, shares in (
                (1, steps[..., :count], self.shares),
                (-1, steps[..., count:], [1 - share for share in self.shares]),
            ):
                quantiles = first[..., None] + sign * ops.cumsum(side, axis=-1)
                loss = loss + sum(_pinball(y_true, quantiles[..., i], share) for i, share in enumerate(shares))
            return ops.mean(loss, axis=-1) / (2 * count + 1)
        if self.kind == "negative-binomial":
            return ops.mean(self._of_counts(y_true, first, parameters[..., 1]), axis=-1)
        scale = SMALLEST + ops.softplus(parameters[..., 1])
        distance = (y_true - first) / scale
        if self.kind == "gaussian":
            loss = 0.5 * ops.square(distance) + ops.log(scale) + 0.5 * math.log(2 * math.pi)
        else:
            freedom = 2 + ops.softplus(parameters[..., 2])
            loss = (
                _log_gamma(freedom / 2) - _log_gamma((freedom + 1) / 2) + 0.5 * ops.log(math.pi * freedom)
                + ops.log(scale) + (freedom + 1) / 2 * ops.log1p(ops.square(distance) / freedom)
            )  # fmt: skip
        return ops.mean(loss, axis=-1)

    def _of_counts(self, y_true: Any, mean: Any, dispersion: Any) -> Any:
        """Return the negative log-likelihood of counts, of the arguments' shape."""
        count = y_true
        if self.scaling:
            offset, scale = (ops.convert_to_tensor(numbers, dtype=mean.dtype) for numbers in self.scaling)
            mean, count = mean * scale + offset, y_true * scale + offset
        count = ops.maximum(ops.round(count), 0)
        mean = 0.5 * (mean + ops.sqrt(ops.square(mean) + BEND**2))
        shape = 1 / (SMALLEST + ops.softplus(dispersion))
        return (
            _log_gamma(shape) + _log_gamma(count + 1) - _log_gamma(count + shape)
            + shape * ops.log1p(mean / shape) + count * (ops.log(mean + shape) - ops.log(mean))
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"kind": self.kind, "shares": list(self.shares), "scaling": list(self.scaling)}


def _pinball(truth: Any, quantile: Any, share: float) -> Any:
    error = truth - quantile
    return ops.maximum(share * error, (share - 1) * error)


def _log_gamma(x: Any) -> Any:
    """Stirling's series from x + 3 on (Abramowitz & Stegun 6.1.41): to seven digits for x of 1 or more."""
    above = x + 3
    series = (above - 0.5) * ops.log(above) - above + 0.5 * math.log(2 * math.pi) + 1 / (12 * above)
    return series - 1 / (360 * above**3) - ops.log(x * (x + 1) * (x + 2))
