"""A pytest plugin that puts Seqwise's layers in the place of Keras's before Keras's own tests are collected.

``pytest -p keras_tests_plugin`` with this folder on the path. At the end it says which classes stood in Keras's
place and how often they called the kernel.
"""

from __future__ import annotations

import keras
import keras.src.layers

from seqwise import layers
from seqwise.ops import ops_of

OPS = ops_of(keras.backend.backend())
CALLS = {"lstm": 0, "bidirectional_lstm": 0}


def _counted(name):
    function = getattr(OPS, name)

    def counted(*args, **kwargs):
        CALLS[name] += 1
        return function(*args, **kwargs)

    return counted


def pytest_configure(config):
    config.addinivalue_line("markers", "requires_trainable_backend: Keras's own mark")
    for name in CALLS:
        setattr(OPS, name, _counted(name))
    # each module keeps its own name for a class; Keras's tests take theirs from `keras.src.layers`
    for place in (keras.layers, keras.src.layers):
        place.LSTM, place.Bidirectional = layers.LSTM, layers.Bidirectional  # type: ignore[misc]


def pytest_terminal_summary(terminalreporter):
    places = (keras.src.layers.LSTM, keras.src.layers.Bidirectional)
    names = ", ".join(f"{place.__module__}.{place.__qualname__}" for place in places)
    terminalreporter.write_line(f"layers in place: {names}")
    terminalreporter.write_line("kernel calls: " + ", ".join(f"{name}={count}" for name, count in CALLS.items()))
