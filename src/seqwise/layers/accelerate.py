"""Running the LSTMs of an existing model on the fused kernel, whatever library it is written in."""

from __future__ import annotations

import sys
from typing import Any, TypeVar

Model = TypeVar("Model")


def accelerate(model: Model, *, verbose: bool = True) -> Model:
    """Run every LSTM and Bidirectional(LSTM) of a Keras model, or every `torch.nn.LSTM` of a PyTorch module, on the
    fused kernel, in place; and on JAX every Conv1D as a product of matrices.

    The layers stay the same objects with the same weights and names, and a Keras model stays compiled; only the layers'
    inner loop changes. Nested and subclassed models are included.

    Args:
        model: a built Keras model (or layer), on any backend; or a PyTorch module.
        verbose: print which layers were left to the library, and why.

    Returns:
        the same model.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(4), keras.layers.Dense(1)])
        >>> type(accelerate(model).layers[0]).__module__
        'seqwise.layers.lstm'
    """
    known: Any = model
    in_keras = "keras" in sys.modules and isinstance(model, sys.modules["keras"].layers.Layer)
    in_torch = "torch" in sys.modules and isinstance(model, sys.modules["torch"].nn.Module)
    if in_keras or not in_torch:
        from seqwise.layers.replacement import accelerate_layers  # imports Keras

        accelerate_layers(known, verbose=verbose)
    if in_torch:  # on its PyTorch backend a Keras model is a module, too, and may wrap others
        from seqwise.ops.torch import accelerate as accelerate_modules

        accelerate_modules(known, verbose=verbose)
    return model
