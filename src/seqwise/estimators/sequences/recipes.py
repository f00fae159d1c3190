"""What "auto" stands for in the settings of a sequence estimator: it differs by what the network reads and is."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.baselines.kernel_features import MOST_STEPS as MOST_CONVOLVED
from seqwise.estimators.shared_settings import SharedSettings

LSTM, FCN, KERNELS, PAIRS = "lstm", "lstm-fcn", "lstm-kernels", "lstm-pairs"
NAMES = ("auto", LSTM, FCN, KERNELS, PAIRS)
LEAST_STEPS = 8  # of the usual sequence: as many as the widest convolution sees
LONGEST_CONVOLVED = 10_000  # steps of a sequence: random convolutions take 1.4 kB for each
MOST_STEPS = 5_000_000  # of the training set: with more an epoch of convolutions takes minutes

# steps: training steps that epochs="auto" aims at, with at least and at most so many epochs. steps_an_epoch: for
# batch_size="auto". filters: of the convolutions beside the LSTM. Chosen on parts of training sets: see
# docs/sequences.md and docs/text.md.
RECIPES: dict[str, dict[str, Any]] = {
    "numbers": {"pooling": "mean", "dropout": 0.3, "learning_rate": 0.003, "steps": 1700, "epochs": (10, 100)},
    "patterns": {
        "pooling": "mean", "dropout": 0.3, "learning_rate": 0.003, "steps": 400, "epochs": (4, 200),
        "filters": (64, 128, 64),
    },
    "texts": {"pooling": "max", "dropout": 0.5, "learning_rate": 0.002, "steps": 600, "epochs": (4, 60)},
    "phrases": {
        "pooling": "max", "dropout": 0.5, "learning_rate": 0.002, "steps": 600, "epochs": (4, 60), "filters": 64
    },
    "pairs": {
        "pooling": "max", "dropout": 0.5, "learning_rate": 0.002, "steps": 600, "epochs": (4, 60)
    },
    "tokens": {
        "pooling": "", "dropout": 0.4, "learning_rate": 0.005, "steps": 3400, "epochs": (5, 100), "filters": 128,
        "steps_an_epoch": 200,
    },
}  # fmt: skip
RECIPES["kernels"] = RECIPES["patterns"]  # random convolutions are weighed beside the same network
RECIPES["spelled"] = RECIPES["tokens"]
BESIDE = {  # what reads beside the LSTM: by the input's kind and the recipe
    ("numbers", FCN): "patterns", ("numbers", KERNELS): "kernels", ("texts", FCN): "phrases", ("texts", PAIRS): "pairs"
}  # fmt: skip


def choose_recipe(lengths: np.ndarray, classifies: bool) -> tuple[str, str]:
    """Return the recipe that ``"auto"`` stands for with numbers, and why, in a sentence.

    Args:
        lengths: timesteps of the training set's sequences, int, shape (samples,).
    """
    median, total = int(np.median(lengths)), int(lengths.sum())
    if median < LEAST_STEPS:
        return LSTM, f"The LSTM reads alone (recipe='lstm'): half of the sequences have {median} steps or fewer."
    if total > MOST_STEPS:
        return LSTM, f"The LSTM reads alone (recipe='lstm'): {total:,} training steps are many for convolutions."
    why = f"for short patterns in {median} steps."
    if classifies and total <= MOST_CONVOLVED and lengths.max() <= LONGEST_CONVOLVED:
        return KERNELS, f"Convolutions, trained and random ones, read beside the LSTM (recipe='lstm-kernels'), {why}"
    return FCN, f"Convolutions read beside the LSTM (recipe='lstm-fcn'), {why}"


def resolved(settings: SharedSettings, name: str, kind: str) -> Any:
    """Return a setting, or what ``"auto"`` stands for.

    Args:
        kind: one of `RECIPES`.
    """
    value = getattr(settings, name)
    return RECIPES[kind][name] if isinstance(value, str) and value == "auto" else value
