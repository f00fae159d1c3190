"""Which recipe ``"auto"`` stands for: those that suit the data are tried, and the validation part decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqwise.estimators.forecasting.recipes import RECIPES
from seqwise.training import Training

SHARE = 3  # a recipe is tried for a third of its steps, with a learning rate that falls to 0 within them
MARGIN = 0.05  # by which a recipe's loss must be smaller than that of the one that is taken without trials
FEWEST_EPOCHS = 8  # of a whole training: a third of fewer tells nothing
MOST_WINDOWS = 20_000  # in training; of more, a short trial says little of a whole training, and takes long


def trial_epochs(recipe: str, epochs: int, steps: int) -> int:
    """Return the epochs of a trial.

    Args:
        epochs: of the whole training. steps: of each of them.
    """
    few = -(-RECIPES[recipe]["steps"] // (SHARE * steps))  # of a small set: the steps of a trial elsewhere
    return min(max(-(-epochs // SHARE), few), epochs)


def best_recipe(losses: Mapping[str, float]) -> str:
    """Return the recipe of the smallest loss; the one that was tried first, where none is clearly better."""
    first, best = next(iter(losses)), min(losses, key=losses.__getitem__)
    return best if losses[best] < (1 - MARGIN) * losses[first] else first


def choose_recipe(data: Any, try_one: Callable[[Any, int], Training]) -> Choice | None:
    """Train each candidate for a short time; None where the user stopped one.

    Args:
        data: a `SeriesData` or `PanelData` with candidates and a validation part.
        try_one: trains on the data of a trial, which has a number from 1.
    """
    if len(data.batches("train")) > MOST_WINDOWS:
        return Choice(data.recipe, {})
    losses: dict[str, float] = {}
    seconds = 0.0
    for number, recipe in enumerate(data.candidates, 1):
        training = try_one(data.with_recipe(recipe, trial=True), number)
        if training.interrupted:
            return None
        losses[recipe] = min(training.history["val_loss"])
        seconds += training.seconds
    return Choice(best_recipe(losses), losses, seconds)


@dataclass(frozen=True)
class Choice:
    """The recipe that was taken, and why.

    Attributes:
        losses: the smallest validation loss of each recipe, in the order in which they were tried; empty where there
            are too many windows for that.
        seconds: of all trials.
    """

    recipe: str
    losses: Mapping[str, float]
    seconds: float = 0.0

    def __str__(self) -> str:
        if not self.losses:
            return (
                f"recipe='auto' took {self.recipe} for the kind of these data: with more than {MOST_WINDOWS:,} windows "
                "other recipes are not tried. `seqwise compare` ranks them."
            )
        others = ", ".join(f"{name} {loss:.4g}" for name, loss in self.losses.items() if name != self.recipe)
        if min(self.losses.values()) < self.losses[self.recipe]:
            others += f"; less than {MARGIN * 100:.0f} % apart decides nothing"
        return (
            f"recipe='auto' took {self.recipe}: in a short training its validation loss was "
            f"{self.losses[self.recipe]:.4g} ({others})."
        )
