"""Putting the fused kernel under a model that already exists, and stock layers back where it is to leave Seqwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from seqwise.layers.bidirectional import Bidirectional
from seqwise.layers.lstm import LSTM, keras, why_not

FUSED = {keras.layers.LSTM: LSTM, keras.layers.Bidirectional: Bidirectional}
STOCK = {fused: stock for stock, fused in FUSED.items()}


def accelerate(model: Any, *, verbose: bool = True) -> Any:
    """Let every LSTM and Bidirectional(LSTM) of a Keras model run on the fused kernel, in place.

    The layers stay the same objects with the same weights, names and compilation; only their inner loop changes.
    Nested models and subclassed models are searched, too.

    Args:
        model: a built Keras model (or layer).
        verbose: print what was left to Keras, and why.

    Returns:
        the same model.

    Example:
        >>> model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(4), keras.layers.Dense(1)])
        >>> type(accelerate(model).layers[0]).__module__
        'seqwise.layers.lstm'
    """
    left = []
    for layer in recurrent_layers(model):
        if type(layer) in FUSED:
            layer.__class__ = FUSED[type(layer)]
        reason = _why_left(layer)
        if reason:
            left.append(f"{layer.name}: {reason}")
    _forget_compiled_steps(model)
    if verbose and left:
        print("seqwise.accelerate left to Keras:\n  " + "\n  ".join(left))
    return model


@contextmanager
def stock_layers(model: Any) -> Iterator[Any]:
    """Make the fused layers of a model Keras's own for a while, so that what is saved loads without Seqwise."""
    changed = [layer for layer in recurrent_layers(model) if type(layer) in STOCK]
    for layer in changed:
        layer.__class__ = STOCK[type(layer)]
    try:
        yield model
    finally:
        for layer in changed:
            layer.__class__ = FUSED[type(layer)]


def recurrent_layers(model: Any) -> list[Any]:
    """Return every recurrent layer in a model, wrapped and nested ones included."""
    kinds = (keras.layers.RNN, keras.layers.Bidirectional)
    return [layer for layer in model._flatten_layers() if isinstance(layer, kinds)]


def _why_left(layer: Any) -> str:
    if isinstance(layer, LSTM):
        return why_not(layer)
    if isinstance(layer, keras.layers.LSTM):
        return f"{type(layer).__name__} is a subclass of LSTM and may have a loop of its own"
    if isinstance(layer, keras.layers.Bidirectional):
        return ""  # its layers speak for themselves
    return f"the kernel is an LSTM; this is {type(layer).__name__}"


def _forget_compiled_steps(model: Any) -> None:
    # they were traced with the old loop
    for name in ("train_function", "test_function", "predict_function"):
        if hasattr(model, name):
            setattr(model, name, None)
