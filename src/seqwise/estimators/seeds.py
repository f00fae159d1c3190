"""Seeds for the layers of a network."""

from __future__ import annotations

from collections.abc import Iterator


def seed_stream(seed: int) -> Iterator[int]:
    """Return a seed below 2³², as JAX takes them, for each layer that draws numbers.

    Two models of different seeds share none of them, up to a seed of 4 million.
    """
    return ((int(seed) * 1000 + i) % 2**32 for i in range(1000))
