"""What "auto" stands for in a Forecaster's settings: it differs from recipe to recipe."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.estimators.shared_settings import SharedSettings

# steps: training steps that epochs="auto" aims at, with at least and at most so many epochs. Chosen on validation
# rows of ETTh1 and on the validation weeks of M4; see docs/forecasting.md.
RECIPES: dict[str, dict[str, Any]] = {
    "skip": {"dropout": 0.0, "learning_rate": 0.005, "steps": 1500, "epochs": (10, 300), "batch_size": (16, 128)},
    "segments": {"dropout": 0.5, "learning_rate": 0.001, "steps": 2000, "epochs": (4, 100), "batch_size": (32, 256)},
    "attention": {"dropout": 0.0, "learning_rate": 0.003, "steps": 1500, "epochs": (10, 300), "batch_size": (16, 128)},
}
FEW_EPOCHS = 8  # with fewer the learning rate is so much higher, and a second training goes on from the first
MANY = 1000  # training windows, from which on there is enough to learn from


def resolved(settings: SharedSettings, name: str, recipe: str) -> Any:
    """Return a setting, or what ``"auto"`` stands for."""
    value = getattr(settings, name)
    return RECIPES[recipe][name] if isinstance(value, str) and value == "auto" else value


def auto_batch(recipe: str, samples: int) -> int:
    """Return a power of two that gives an epoch about 100 steps or more: small data need many small steps."""
    return int(np.clip(2 ** np.floor(np.log2(max(samples, 1) / 100)), *RECIPES[recipe]["batch_size"]))


def auto_epochs(recipe: str, steps: int) -> int:
    """Return the most epochs of `steps` training steps each."""
    return int(np.clip(-(-RECIPES[recipe]["steps"] // steps), *RECIPES[recipe]["epochs"]))


def auto_rate(recipe: str, epochs: int) -> float:
    """Return the learning rate that a training of so many epochs begins with: higher where few go over many windows."""
    return RECIPES[recipe]["learning_rate"] * max(FEW_EPOCHS / epochs, 1)


def auto_patience(epochs: int) -> int:
    """Return the epochs without improvement that end a training of at most `epochs`."""
    return max(epochs // 5, 3)
