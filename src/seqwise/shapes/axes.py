"""The names of the axes, and shapes written with them."""

from __future__ import annotations

SAMPLES, TIMESTEPS, FEATURES = "samples", "timesteps", "features"
HORIZON, TARGETS = "horizon", "targets"


def format_shape(**sizes: int | None) -> str:
    """Write a shape with the names of its axes.

    >>> format_shape(samples=85, timesteps=24, features=1)
    '(samples=85, timesteps=24, features=1)'
    """
    return "(" + ", ".join(f"{name}={'any' if size is None else f'{size:,}'}" for name, size in sizes.items()) + ")"
