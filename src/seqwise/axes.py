"""The names of the axes, and shapes written with them."""

from __future__ import annotations

from collections.abc import Sequence

SAMPLES, TIMESTEPS, FEATURES = "samples", "timesteps", "features"
HORIZON, TARGETS = "horizon", "targets"
PICTURE = ("height", "width", "channels")


def format_shape(**sizes: int | str | None) -> str:
    """Write a shape with the names of its axes; a size may be a range in words.

    >>> format_shape(samples=85, timesteps=24, features=1)
    '(samples=85, timesteps=24, features=1)'
    """
    words = {name: "any" if n is None else n if isinstance(n, str) else f"{n:,}" for name, n in sizes.items()}
    return "(" + ", ".join(f"{name}={size}" for name, size in words.items()) + ")"


def name_axes(shape: Sequence[int | None], last: str = FEATURES) -> str:
    """Write the shape of an input or output with the names of its axes.

    >>> name_axes((8, 10, 3))
    '(samples=8, timesteps=10, features=3)'
    """
    usual = {1: [SAMPLES], 2: [SAMPLES, last], 3: [SAMPLES, TIMESTEPS, last], 5: [SAMPLES, TIMESTEPS, *PICTURE]}
    names = usual.get(len(shape))
    if names is None:
        names = [SAMPLES, TIMESTEPS, last, *(f"axis {axis}" for axis in range(3, len(shape)))][: len(shape)]
    sizes: dict[str, int | str | None] = dict(zip(names, shape, strict=True))
    return format_shape(**sizes)
