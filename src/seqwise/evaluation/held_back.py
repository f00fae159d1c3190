"""What is said of the part that a model is scored on."""

from __future__ import annotations

VALIDATION = "the validation part"
CHOSEN = "This part also chose the epoch, so on new sequences expect a little less."


def held_back_remarks(part: str) -> list[str]:
    """Return what has to be known of scores on a part."""
    return [CHOSEN] if part == VALIDATION else []
