"""The user's own names for the data and the model, read from the frame that asks, so that a fix can use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Names:
    """Finds what an object is called among the variables of a caller."""

    def __init__(self, variables: Mapping[str, Any] | None = None) -> None:
        self.variables = dict(variables or {})

    def of(self, value: Any, default: str) -> str:
        """Return the name of the variable that holds this very object, else `default`."""
        if value is None:
            return default
        names = [name for name, other in self.variables.items() if other is value and not name.startswith("_")]
        return default if not names or default in names else names[0]

    def with_shape(self, shape: tuple[int, ...]) -> str | None:
        """Return the name of an array of this shape; None where there is none."""
        for name, value in self.variables.items():
            if getattr(value, "shape", None) == shape and not name.startswith("_"):
                return name
        return None
