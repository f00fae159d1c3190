"""Labels, the last activation and the loss: three things that must agree."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from seqwise.axes import name_axes
from seqwise.inspection.check.fixes import activate, at_layer, change_layer, change_y, recompile
from seqwise.inspection.check.losses import Loss, compare_shapes
from seqwise.inspection.check.measures import class_numbers, names_a_class, one_hot
from seqwise.inspection.check.registry import Array, Context, Fault, Faults, Fix, Output, Shape, rule
from seqwise.inspection.check.selectors import activated, compared, ends, last_sized, targets
from seqwise.inspection.layer_kinds import is_recurrent

PROBABILITIES = ("sigmoid", "softmax", "hard_sigmoid", "sparsemax")
BINARY, ONE_HOT, SPARSE = "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"


@rule("SW310", "text-as-target", "error", targets)
def text(context: Context, output: Output, target: Array) -> Faults:
    """The target contains text, or is not an array of numbers."""
    y = target.name
    if target.kind == "text":
        what, fix = "contains text", Fix("y", f"classes, {y} = np.unique({y}, return_inverse=True)")
    elif target.kind == "ragged":
        what = f"holds sequences of {min(target.lengths)} to {max(target.lengths)} timesteps"
        fix = change_y(target, f'keras.utils.pad_sequences({y}, padding="post", dtype="float32")')
    elif target.kind == "list" and context.has_model:
        what, fix = "is a list, which Keras takes for a list of targets", change_y(target, f"np.array({y})")
    elif target.kind == "objects" and context.has_model:
        what, fix = "holds Python objects", change_y(target, f'np.asarray({y}).astype("float32")')
    else:
        return
    yield Fault(
        what=f"{y} {what}; the loss computes with an array of numbers.",
        expected="an array of numbers",
        got=f"{target.kind}, shape {tuple(target.shape)}",
        fix=fix,
    )


@rule("SW311", "one-hot-with-sparse-loss", "error", partial(compared, losses=[SPARSE]))
def one_hot_with_sparse(context: Context, output: Output, target: Array, shape: Shape, loss: Loss) -> Faults:
    """One-hot labels with the loss for integer labels."""
    if target.shape[-1] != shape[-1] or not one_hot(target, shape):
        return
    yield Fault(
        what=f"{target.name} is one-hot, a 0 or 1 for each of {target.shape[-1]:,} classes; "
        "sparse_categorical_crossentropy expects the number of the class.",
        expected="loss='categorical_crossentropy', or labels.argmax(-1)",
        got=name_axes(target.shape, "classes"),
        fix=recompile(context, ONE_HOT, from_logits=loss.from_logits),
    )


@rule("SW312", "whole-labels-with-one-hot-loss", "error", compared)
def whole_labels(context: Context, output: Output, target: Array, computed: Shape, loss: Loss) -> Faults:
    """Integer labels with the loss for one-hot labels (or with a loss for quantities)."""
    shape, end = _shape_for(target, computed, context), ends(output)
    if shape[-1] is None or shape[-1] < 2 or not class_numbers(target, shape):
        return
    quantities = loss.regression and end is not None and end[1] == "softmax" and names_a_class(target, shape)
    if loss.name not in (ONE_HOT, BINARY) and not quantities:
        return
    yield Fault(
        severity="warning" if compare_shapes(target.shape, shape, loss) == "broadcast" else "error",
        what=f"{target.name} holds integer labels, one for each {'timestep' if len(shape) == 3 else 'sample'}; "
        f"{loss.short} compares each of the output's {shape[-1]:,} classes with a number of its own.",
        expected=f"loss='sparse_categorical_crossentropy', or keras.utils.to_categorical({target.name})",
        got=name_axes(target.shape, "targets"),
        fix=recompile(context, SPARSE, from_logits=loss.from_logits),
    )


def _shape_for(target: Array, shape: Shape, context: Context) -> Shape:
    """Return the output's shape once it has a time axis where the target has: other rules say how."""
    if context.has("return-sequences-at-the-end") and len(shape) == 3:
        return (shape[0], shape[-1])
    if context.has("return-sequences-needed") and len(shape) == 2:
        return (shape[0], target.shape[1], shape[-1])
    return shape


@rule("SW313", "label-out-of-range", "error", partial(compared, losses=[BINARY, SPARSE]))
def out_of_range(context: Context, output: Output, target: Array, shape: Shape, loss: Loss) -> Faults:
    """A label lies outside the range of the classes."""
    if not target.whole or not target.numbers.size or shape[-1] is None:
        return
    y, low, high = target.name, target.numbers.min(), target.numbers.max()
    classes = 2 if loss.name == BINARY else shape[-1]
    if not (np.isfinite(low) and np.isfinite(high)) or classes < 2 or (low >= 0 and high < classes):
        return
    if loss.ignore_class is not None:
        counted = target.numbers[target.numbers != loss.ignore_class]
        low, high = (counted.min(), counted.max()) if counted.size else (0, 0)
        if low >= 0 and high < classes:
            return
    kinds = np.unique(target.part)
    if loss.name == BINARY:
        if shape[-1] == 1 and 2 < len(kinds) <= high + 1 and low >= 0:
            yield Fault(
                what=f"binary_crossentropy compares with 0 and 1, and {y} numbers classes from {low:g} to {high:g}.",
                expected="sparse_categorical_crossentropy, and a unit for each class",
                got=f"{len(kinds)} kinds of labels",
                fix=recompile(context, SPARSE, from_logits=loss.from_logits),
            )
        elif len(target.shape) <= len(shape) and len(kinds) <= 2:
            yield Fault(
                severity="warning",
                what=f"binary_crossentropy compares with 0 and 1; {y} holds {low:g} and {high:g}. The loss then has no "
                "lower bound, and training only makes it fall.",
                expected="labels 0 and 1",
                got=f"{low:g} and {high:g}",
                fix=change_y(target, f'({y} > {low:g}).astype("float32")'),
            )
        return
    low, high, sized = int(low), int(high), last_sized(output)
    if low < 0 and high < classes and list(kinds[kinds < 0]) == [low] and len(shape) == 3:  # tags of padded timesteps
        fix = recompile(context, SPARSE, from_logits=loss.from_logits, ignore_class=low)
    elif high - low < classes:
        fix = change_y(target, f"{y} {'-' if low > 0 else '+'} {abs(low)}")
    elif sized is not None:
        fix = change_layer(sized.layer, units=high - min(low, 0) + 1)
    else:
        fix = change_y(target, f"np.unique({y}, return_inverse=True)[1]")
    yield Fault(
        what=f"The labels in {y} range from {low} to {high}; an output of {classes:,} classes knows 0 to "
        f"{classes - 1:,}. Some backends stop here, others treat such a label as no class at all.",
        expected=f"labels from 0 to {classes - 1:,}",
        got=f"labels from {low} to {high}",
        fix=fix,
    )


@rule("SW314", "softmax-over-one", "warning", activated)
def softmax_over_one(context: Context, output: Output, layer: Any, activation: str) -> Faults:
    """Softmax over a single unit always returns 1."""
    if output.shape is None or output.shape[-1] != 1 or activation != "softmax":
        return
    better = "linear" if output.loss is not None and output.loss.regression else "sigmoid"
    yield Fault(
        what="Softmax shares out 1 among the units; with one unit it returns 1 for every input, and the model learns "
        "nothing.",
        expected=f"activation={better!r} for one unit",
        got="Dense(1, activation='softmax')",
        fix=activate(layer, better),
    )


@rule("SW315", "one-unit-with-class-loss", "warning", partial(compared, losses=[ONE_HOT, SPARSE]), unless=("SW314",))
def one_unit(context: Context, output: Output, target: Array, shape: Shape, loss: Loss) -> Faults:
    """A loss over several classes with a single output unit."""
    if shape[-1] != 1:
        return
    highest = target.part.max() if target.whole and target.part.size else 1
    classes = int(highest) + 1 if np.isfinite(highest) else 2
    sized = last_sized(output)
    if classes <= 2 or sized is None:
        fix = recompile(context, BINARY, from_logits=loss.from_logits)
    else:
        fix = change_layer(sized.layer, units=classes, activation="softmax")
    yield Fault(
        what=f"{loss.short} compares classes, and the output has one unit: there is nothing to choose from.",
        expected="loss='binary_crossentropy'" if classes <= 2 else f"a unit for each of {classes} classes",
        got="1 unit",
        fix=fix,
    )


MISFITS = ("SW311", "SW312", "SW314", "SW315")


@rule("SW316", "loss-does-not-fit-activation", "warning", activated, unless=MISFITS)
def mismatch(context: Context, output: Output, layer: Any, activation: str) -> Faults:
    """The loss does not fit the last activation: it expects probabilities and gets logits, or the reverse."""
    loss, units = output.loss, output.shape[-1] if output.shape is not None else None
    if loss is None or not loss.crossentropy or output.shape is None or units is None:
        return
    binary = loss.name == BINARY
    right = "sigmoid" if binary else "softmax"
    target = output.target if output.target is not None and output.target.values is not None else None
    labels_are_one_hot = target is not None and one_hot(target, output.shape)
    got = f"{activation} with {loss.short}"
    if loss.from_logits:
        if activation not in ("sigmoid", "softmax"):
            return
        what = f"from_logits=True applies {right} to the output, and the last layer has applied {activation} already."
        expected, got = "from_logits=False", f"{activation}, then from_logits=True"
        fix = recompile(context, loss.name)
    elif binary and activation == "softmax" and units > 2 and (labels_are_one_hot or output.target is None):
        what = "binary_crossentropy takes each class as a question of its own, but softmax chooses one of them."
        expected, fix = "loss='categorical_crossentropy'", recompile(context, ONE_HOT)
    elif activation == "sigmoid" and loss.name == ONE_HOT and target is not None and not labels_are_one_hot:
        what = "The labels may have several classes at once, which categorical_crossentropy cannot compare."
        expected, fix = "loss='binary_crossentropy'", recompile(context, BINARY)
    elif activation == "sigmoid" and not binary:
        what = f"{loss.short} expects one probability for each class that add up to 1; sigmoid's do not."
        expected, got = "activation='softmax'", "activation='sigmoid'"
        fix = activate(layer, "softmax")
    elif activation not in PROBABILITIES:
        what = f"{loss.short} expects probabilities; the last layer's {activation} returns any number, which the loss "
        what += "clips to 0 or 1."
        expected, got = f"activation={right!r}, or from_logits=True", f"activation={activation!r}"
        fix = activate(layer, right)
        if is_recurrent(layer):
            expected = f"activation={right!r}"
            fix = at_layer(layer, f"keras.layers.Dense({units}, activation={right!r})", "after")
    else:
        return
    yield Fault(what=what, expected=expected, got=got, fix=fix)


OTHER_CLASSES = ("SW302", "SW303", "SW311", "SW312", "SW313", "SW315")


@rule("SW317", "classes-differ", "error", partial(compared, losses=[BINARY, ONE_HOT]), unless=OTHER_CLASSES)
def classes_differ(context: Context, output: Output, target: Array, shape: Shape, loss: Loss) -> Faults:
    """The output and the one-hot labels have different numbers of classes."""
    sized = last_sized(output)
    if sized is None or compare_shapes(target.shape, shape, loss) != "fails" or len(target.shape) != len(shape):
        return
    if target.shape[1:-1] != shape[1:-1] and None not in shape[1:-1]:
        return
    expected, fix = f"{target.shape[-1]:,} units", change_layer(sized.layer, units=target.shape[-1])
    if shape[-1] == 1 and target.shape[-1] == 2 and one_hot(target, shape):
        expected, fix = "one label of 0 or 1 for one unit", change_y(target, f"{target.name}[..., 1:]")
    yield Fault(
        what=f"{target.name} has {target.shape[-1]:,} classes, the output {shape[-1]:,} unit(s).",
        expected=expected,
        got=name_axes(shape, "units"),
        fix=fix,
    )
