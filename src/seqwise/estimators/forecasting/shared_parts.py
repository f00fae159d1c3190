"""What the inputs and targets of one series and of many share."""

from __future__ import annotations

from typing import Any

from seqwise.backend import import_keras
from seqwise.estimators.forecasting.distributions import distribution_of
from seqwise.estimators.parts import Input, InputDescription, Target, Tensor
from seqwise.estimators.settings import check_loss


class ForecastInput(Input):
    """Scaled windows, with a mask of the steps that may be seen where `masked`.

    Attributes:
        columns: names of the features, the targets' first.
        known: how many of the last features are known for the `horizon` rows to come.
    """

    columns: list[str]
    horizon = known = 0

    def __init__(self, window: int, masked: bool) -> None:
        self.window, self.masked = window, masked

    def describe(self) -> InputDescription:
        """Describe the window, and what stands beside it."""
        window = Tensor("window", {"timesteps": self.window, "features": len(self.columns)})
        visible = [Tensor("visible", {"timesteps": self.window}, "bool")] if self.masked else []
        future = [Tensor("future", {"horizon": self.horizon, "covariates": self.known})] if self.known else []
        return InputDescription((window, *visible, *future), tuple(self.columns))


class ForecastTarget(Target):
    """The `horizon` rows after a window, scaled as the input is, with a loss of the user's choice.

    Args:
        scaling: offset and scale of each target, of which a distribution of counts knows.

    Attributes:
        distribution: what is forecast in place of a number; None for a number.
    """

    loss_in_words = "measured in the scaled units that the model sees"

    def __init__(self, names: list[str], horizon: int, loss: Any, scaling: tuple[tuple[float, ...], ...]) -> None:
        self.names, self.horizon, self._loss = names, horizon, loss
        self.distribution = distribution_of(loss, scaling)

    @property
    def outputs(self) -> int:
        """Numbers for each step of each target."""
        return 1 if self.distribution is None else self.distribution.parameters

    def loss(self) -> Any:
        """Return the loss that was chosen; raise `SettingError` for a name that Keras does not know."""
        return check_loss(import_keras(), self._loss) if self.distribution is None else self.distribution.loss()

    def finished_loss(self) -> Any:
        return self._loss if self.distribution is None else self.distribution.loss()
