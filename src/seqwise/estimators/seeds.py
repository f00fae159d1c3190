"""Seeds for the layers of a network: those that are passed on, and those that Keras draws itself."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import numpy as np


def seed_stream(seed: int) -> Iterator[int]:
    """Return a seed below 2³², as JAX takes them, for each layer that draws numbers.

    Two models of different seeds share none of them, up to a seed of 4 million.
    """
    return ((int(seed) * 1000 + i) % 2**32 for i in range(1000))


@contextmanager
def seeded_draws(seed: int) -> Generator[None]:
    """Draw from `seed` what Keras, Python and NumPy draw without a seed of their own, and then go on as before.

    Keras takes the seed of a layer or an initializer that was given none from Python's `random`.
    """
    states = random.getstate(), np.random.get_state()
    random.seed(int(seed))
    np.random.seed(int(seed) % 2**32)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
