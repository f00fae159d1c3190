"""What "auto" stands for in the settings of a sequence estimator: it differs for numbers and for texts."""

from __future__ import annotations

from typing import Any

# steps: training steps that epochs="auto" aims at, with at least and at most so many epochs. Chosen on parts of the
# training utterances of Japanese Vowels, and of the film reviews; see docs/sequences.md and docs/text.md.
RECIPES: dict[str, dict[str, Any]] = {
    "numbers": {"pooling": "mean", "dropout": 0.3, "learning_rate": 0.003, "steps": 1700, "epochs": (10, 100)},
    "texts": {"pooling": "max", "dropout": 0.5, "learning_rate": 0.002, "steps": 600, "epochs": (4, 60)},
    "tokens": {"pooling": "", "dropout": 0.3, "learning_rate": 0.003, "steps": 1700, "epochs": (5, 100)},
}


def resolved(settings: Any, name: str, kind: str) -> Any:
    """Return a setting, or what ``"auto"`` stands for.

    Args:
        kind: of the inputs: ``"numbers"``, ``"texts"`` or ``"tokens"``.
    """
    value = getattr(settings, name)
    return RECIPES[kind][name] if isinstance(value, str) and value == "auto" else value
