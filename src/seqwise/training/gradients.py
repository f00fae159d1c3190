"""How much a trained model's output changes with its inputs: gradients on every backend, and their integral."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from seqwise.backend import PREDICTING_LOCK, check_process, import_keras

if TYPE_CHECKING:
    import keras

Quantity = Callable[[Any], Any]  # the model's outputs (samples, outputs) → one number each, (samples,), in keras.ops


def integrated_gradients(
    model: keras.Model, moving: Sequence[np.ndarray], fixed: Sequence[np.ndarray], quantity: Quantity, steps: int = 64
) -> list[np.ndarray]:
    """Return what each value of one sample adds to a quantity (Sundararajan et al. 2017).

    The integral of the gradients on the straight way from zeros to the sample, by the midpoint rule; times the sample.
    The sum over all values is the quantity for the sample, less that for zeros, up to the rule's error.

    Args:
        model: a Keras model; it takes the inputs of `moving`, then those of `fixed`.
        moving: the sample's inputs that are explained, each of shape (1, …). fixed: those that stay as they are.
        quantity: what is explained.
        steps: points on the way.

    Returns:
        for each of `moving` its shape, float64.
    """
    check_process()
    shares = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    path = [shares.reshape(-1, *(1,) * (array.ndim - 1)) * array for array in moving]
    repeated = [np.repeat(array, steps, axis=0) for array in fixed]
    backend = import_keras().backend.backend()
    gradients = {"jax": _on_jax, "tensorflow": _on_tensorflow, "torch": _on_torch}[backend]
    with PREDICTING_LOCK:
        slopes = gradients(model, path, repeated, quantity)
    return [
        array[0].astype(np.float64) * np.asarray(slope, np.float64).mean(axis=0)
        for array, slope in zip(moving, slopes, strict=True)
    ]


def _on_jax(model: Any, moving: list[np.ndarray], fixed: list[np.ndarray], quantity: Quantity) -> list[Any]:
    import jax

    trainable = [variable.value for variable in model.trainable_variables]
    other = [variable.value for variable in model.non_trainable_variables]

    def total(moving: list[Any]) -> Any:
        outputs, _ = model.stateless_call(trainable, other, [*moving, *fixed], training=False)
        return quantity(outputs).sum()

    return list(jax.jit(jax.grad(total))(moving))


def _on_tensorflow(
    model: keras.Model, moving: list[np.ndarray], fixed: list[np.ndarray], quantity: Quantity
) -> list[Any]:
    import tensorflow

    tf = cast(Any, tensorflow)
    tensors = [tf.convert_to_tensor(array) for array in moving]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        total = tf.reduce_sum(quantity(model([*tensors, *map(tf.convert_to_tensor, fixed)], training=False)))
    return [slope.numpy() for slope in tape.gradient(total, tensors)]


def _on_torch(model: keras.Model, moving: list[np.ndarray], fixed: list[np.ndarray], quantity: Quantity) -> list[Any]:
    import torch

    leaves = [torch.tensor(array, requires_grad=True) for array in moving]
    total = quantity(model([*leaves, *map(torch.as_tensor, fixed)], training=False)).sum()
    slopes = cast(Any, torch.autograd).grad(total, leaves)
    return [slope.detach().cpu().numpy() for slope in slopes]
