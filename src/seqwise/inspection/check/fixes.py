"""Writing fixes: what is to change, and the lines of code that change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seqwise.inspection.check.context import Context, Input
from seqwise.inspection.check.finding import Fix
from seqwise.inspection.check.layer_code import compile_code, layer_code
from seqwise.inspection.data import Array
from seqwise.inspection.layer_kinds import is_a

WINDOWS = "np.lib.stride_tricks.sliding_window_view"


def at_layer(layer: Any, code: str, place: str = "") -> Fix:
    """Put code in the place of a layer, or ``"before"`` or ``"after"`` it, or in that of the ``"call of"`` it."""
    return Fix(f"{place} layer {layer.name!r}".strip(), code)


def change_layer(layer: Any, **settings: Any) -> Fix:
    return at_layer(layer, layer_code(layer, **settings))


def activate(layer: Any, activation: str) -> Fix:
    if is_a(layer, "Activation", "Softmax", "ReLU"):
        return at_layer(layer, f"keras.layers.Activation({activation!r})")
    return change_layer(layer, activation=activation)


def forwards_only(layer: Any) -> Fix:
    """Put the forward direction alone, as wide as both, in the place of a Bidirectional layer."""
    forward = layer.forward_layer
    return at_layer(layer, layer_code(forward, units=forward.units * (2 if layer.merge_mode == "concat" else 1)))


def call_layer(context: Context, layer: Any, names: Sequence[str], more: str = "", wider: str = "") -> Fix:
    """Call a layer on the first of these tensors, from the others as its states; no code where one has no name.

    `wider` is the code of another layer that is called in its place.
    """
    states = f", initial_state=[{', '.join(names[1:])}]" if names[1:] else ""
    called = wider or context.names.of(layer, "") or layer_code(layer)
    return at_layer(layer, f"{called}({names[0]}{states}{more})" if names and all(names) else "", "call of")


def recompile(context: Context, loss: str, **settings: bool | int) -> Fix:
    """Compile the model with another loss, given by its name; with these settings where they are not False."""
    code = repr(loss)
    if chosen := ", ".join(f"{name}={value!r}" for name, value in settings.items() if value is not False):
        code = f"keras.losses.{''.join(word.capitalize() for word in loss.split('_'))}({chosen})"
    return Fix("compile", compile_code(context.model, code, context.names.of(context.model, "model")))


def change_x(data: Array, code: str) -> Fix:
    return Fix("x", f"{data.name} = {code}")


def change_y(target: Array, code: str) -> Fix:
    return Fix("y", f"{target.name} = {code}")


def as_array(data: Array) -> str:
    """Write the data as an array: a table or list is converted."""
    return data.name if data.kind == "array" else f"np.asarray({data.name})"


def cut(index: str, *arrays: Array | None) -> list[str]:
    """Write the lines that keep this part of each array."""
    return [f"{array.name} = {array.name}[{index}]" for array in arrays if array is not None]


def beside(data: Array, partner: Array | None) -> Array | None:
    """Return the partner where it has as many samples, so that it must be cut in the same way."""
    return partner if partner is not None and partner.samples == data.samples else None


def standardise(data: Array) -> Fix:
    """Scale each feature, the last axis, to mean 0 and deviation 1."""
    axes = tuple(range(len(data.shape) - 1))
    return Fix(
        "x",
        f"mean, std = {data.name}.mean(axis={axes}), {data.name}.std(axis={axes})\n"
        f'{data.name} = (({data.name} - mean) / std).astype("float32")',
    )


def finite_rows_code(data: Array, partner: Array | None) -> str:
    """Write the lines that keep the samples without NaN and infinity, here and in an array of as many samples."""
    axes = tuple(range(1, len(data.shape)))
    rows = f".all(axis={axes if len(axes) > 1 else 1})" if axes else ""
    return "\n".join([f"keep = np.isfinite({data.name}){rows}", *cut("keep", data, beside(data, partner))])


def window_length(entry: Input, data: Array) -> int:
    """Return the declared timesteps, else 10, or a quarter of the rows where those are few."""
    return (entry.declared[1] if entry.declared else None) or max(min(10, data.samples // 4), 1)


def cut_windows(context: Context, data: Array, steps: int, moved: str) -> str:
    """Write the lines that cut windows of `steps` rows, and keep the targets of their last rows.

    `moved` is how the timesteps come to stand second: code with the windows, which have them last, as ``{}``.
    """
    windows = moved.format(f"{WINDOWS}({as_array(data)}, {steps}, axis=0)")
    return "\n".join([f"{data.name} = {windows}", *cut(f"{steps - 1}:", beside(data, context.target))])
