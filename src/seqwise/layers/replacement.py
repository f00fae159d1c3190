"""Replacing the LSTM layers and convolutions of a Keras model by faster ones, and back by Keras's for export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from seqwise.backend import import_keras
from seqwise.layers.bidirectional import Bidirectional
from seqwise.layers.convolution import Conv1D
from seqwise.layers.lstm import LSTM, why_not

if TYPE_CHECKING:
    import keras
else:
    keras = import_keras()

Layer = TypeVar("Layer", bound=keras.layers.Layer)

FUSED = {keras.layers.LSTM: LSTM, keras.layers.Bidirectional: Bidirectional, keras.layers.Conv1D: Conv1D}
STOCK = {fused: stock for stock, fused in FUSED.items()}


def accelerate_layers(model: keras.layers.Layer, *, verbose: bool) -> None:
    """Do what `seqwise.accelerate` says to a Keras model."""
    left_to_keras = []
    for layer in replaceable_layers(model):
        if type(layer) in FUSED:
            layer.__class__ = FUSED[type(layer)]
        reason = _why_left(layer)
        if reason:
            left_to_keras.append(f"{layer.name}: {reason}")
    _forget_compiled_steps(model)
    if verbose and left_to_keras:
        print("seqwise.accelerate left to Keras:\n  " + "\n  ".join(left_to_keras))


@contextmanager
def stock_layers(model: Layer) -> Iterator[Layer]:
    """Turn the replaced layers of a model into Keras's own inside the block: what is saved then needs no Seqwise."""
    changed = [layer for layer in replaceable_layers(model) if type(layer) in STOCK]
    for layer in changed:
        layer.__class__ = STOCK[type(layer)]
    try:
        yield model
    finally:
        for layer in changed:
            layer.__class__ = FUSED[type(layer)]


def replaceable_layers(model: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Return every recurrent layer and convolution over time in a model, including wrapped and nested ones."""
    kinds = (keras.layers.RNN, keras.layers.Bidirectional)
    convolutions = (keras.layers.Conv1D, Conv1D)  # not their subclasses, which may have a `call` of their own
    return [layer for layer in model._flatten_layers() if isinstance(layer, kinds) or type(layer) in convolutions]


def _why_left(layer: keras.layers.Layer) -> str:
    if isinstance(layer, LSTM):
        return why_not(layer)
    if isinstance(layer, keras.layers.LSTM):
        return f"{type(layer).__name__} is a subclass of LSTM and may have its own loop"
    if isinstance(layer, (keras.layers.Bidirectional, Conv1D)):
        return ""  # its layers are listed themselves
    return f"the kernel is an LSTM; this is {type(layer).__name__}"


def _forget_compiled_steps(model: keras.layers.Layer) -> None:
    # these were traced with the old loop, which XLA may have compiled; it cannot call the kernel
    for name in ("train_function", "test_function", "predict_function"):
        if hasattr(model, name):
            setattr(model, name, None)
    if getattr(getattr(model, "_compile_config", None), "config", {}).get("jit_compile") == "auto":
        setattr(model, "_jit_compile", None)  # noqa: B010 (Keras asks the layers again)
    if keras.backend.backend() == "torch" and getattr(model, "_jit_compile", False) is None:
        # Keras gives `predict` of a model that is not compiled to torch.compile, which takes longer than it saves;
        # a compiled model it runs eagerly
        setattr(model, "jit_compile", False)  # noqa: B010
