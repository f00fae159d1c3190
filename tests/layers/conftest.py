"""What the tests of the layers share: comparing two layers that must be the same in every number."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import pytest

from seqwise.ops import ops_of


@pytest.fixture
def kernel_calls(monkeypatch):
    """A dict that counts, by function, the calls of the kernel in this test."""
    counts = {"lstm": 0, "bidirectional_lstm": 0}

    def counted(name, function):
        def call(*args, **kwargs):
            counts[name] += 1
            return function(*args, **kwargs)

        return call

    ops = ops_of(keras.backend.backend())
    for name in counts:
        monkeypatch.setattr(ops, name, counted(name, getattr(ops, name)))
    return counts
