"""Which recipe ``"auto"`` stands for: those that suit the data are tried, and the validation part decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from seqwise.estimators.forecasting.recipes import RECIPES
from seqwise.training import WindowBatches

SHARE = 3  # a recipe is tried for a third of its steps, with a learning rate that falls to 0 within them
FEWEST_EPOCHS = 8  # of a whole training: a third of fewer tells nothing
MOST_WINDOWS = 20_000  # that a recipe is tried on


def trial_epochs(recipe: str, epochs: int, steps: int) -> int:
    """Return the epochs of a trial.

    Args:
        epochs: of the whole training. steps: of each of them.
    """
    few = -(-RECIPES[recipe]["steps"] // (SHARE * steps))  # of a small set: the steps of a trial elsewhere
    return min(max(-(-epochs // SHARE), few), epochs)


def thinned(batches: WindowBatches) -> WindowBatches:
    """Return the windows of a trial, drawn evenly."""
    step = -(-len(batches) // MOST_WINDOWS)
    if step <= 1:
        return batches
    return replace(batches, windows=replace(batches.windows, chosen=batches.indices[::step]))


@dataclass(frozen=True)
class Choice:
    """What the trials said.

    Attributes:
        losses: the smallest validation loss of each recipe, in the order in which they were tried.
        seconds: of all trials.
    """

    losses: Mapping[str, float]
    seconds: float

    @property
    def recipe(self) -> str:
        """The recipe of the smallest loss; the first of equals."""
        return min(self.losses, key=self.losses.__getitem__)

    def __str__(self) -> str:
        ranked = sorted(self.losses, key=self.losses.__getitem__)
        others = ", ".join(f"{recipe} {self.losses[recipe]:.4g}" for recipe in ranked[1:])
        return (
            f"recipe='auto' took {ranked[0]}: in a short training its validation loss was {self.losses[ranked[0]]:.4g} "
            f"({others})."
        )
