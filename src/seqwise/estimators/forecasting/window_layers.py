"""Parts of networks that recipes share: a window relative to its last value, and a linear map of the targets' past."""

from __future__ import annotations

from typing import Any


def centred(layers: Any, inputs: Any, past: Any, cropping: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Take a window relative to one value of each target.

    Args:
        inputs: (samples, window, features), the targets' past first; `past`: the targets' alone.
        cropping: the steps before and after that value: ``(window - 1, 0)`` for the last.

    Returns:
        the targets' past and all features with that past, both relative to the value; and the value, (samples, 1,
        targets).
    """
    targets, features = past.shape[-1], inputs.shape[-1]
    anchor = layers.Cropping1D(cropping, name="anchor")(past)
    past = layers.Subtract(name="centred")([past, anchor])
    if features == targets:
        return past, past, anchor
    others = channels(layers, inputs, targets, features, features)
    return past, layers.Concatenate(name="centred_inputs")([past, others]), anchor


def channels(layers: Any, tensor: Any, first: int, last: int, total: int, name: str = "") -> Any:
    """Take features ``first … last - 1`` with stock layers: Cropping1D crops the middle axis only."""
    if (first, last) == (0, total):
        return tensor
    label = name or ("targets" if first == 0 else "others")
    turned = layers.Permute((2, 1), name=f"{label}_turned")(tensor)
    cropped = layers.Cropping1D((first, total - last), name=f"{label}_chosen")(turned)
    return layers.Permute((2, 1), name=f"{label}_past")(cropped)


def first_of_each(layers: Any, tensor: Any, outputs: int, name: str) -> Any:
    """(samples, steps, targets) → (samples, steps, targets · outputs): the first of each target's, the others 0."""
    if outputs == 1:
        return tensor
    steps, targets = tensor.shape[1:]
    single = layers.Reshape((steps, targets, 1), name=f"{name}_single")(tensor)
    none = layers.Rescaling(0.0, name=f"{name}_none")(single)
    whole = layers.Concatenate(axis=3, name=f"{name}_and_none")([single] + [none] * (outputs - 1))
    return layers.Reshape((steps, targets * outputs), name=f"{name}_of_each")(whole)


def linear_map(layers: Any, past: Any, horizon: int) -> Any:
    """Map each target's past, (samples, window, targets), to (samples, horizon, targets): all targets by one matrix.

    It is the autoregressive part of LSTNet (Lai et al. 2018). The matrix starts at zero.
    """
    turned = layers.Permute((2, 1), name="time_last")(past)  # (samples, targets, window)
    linear = layers.Dense(horizon, kernel_initializer="zeros", use_bias=False, name="linear_skip")(turned)
    return layers.Permute((2, 1), name="from_past")(linear)
