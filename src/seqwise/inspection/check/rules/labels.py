"""Labels, the last activation and the loss: three things that must agree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context, Output
from seqwise.inspection.check.layer_code import compile_code, layer_code, with_activation
from seqwise.inspection.check.losses import compare_shapes
from seqwise.inspection.check.measures import class_numbers, names_a_class, one_hot
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import ends, last_sized, pairs
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Shape
from seqwise.inspection.layer_kinds import is_recurrent

PROBABILITIES = ("sigmoid", "softmax", "hard_sigmoid", "sparsemax")


def _compiled(context: Context, loss: str, *, from_logits: bool = False) -> str:
    """Write the line that compiles the model with another loss."""
    code = repr(loss)
    if from_logits:
        code = f"keras.losses.{''.join(word.capitalize() for word in loss.split('_'))}(from_logits=True)"
    return compile_code(context.model, code, context.names.of(context.model, "model"))


@rule("SW310", "text-as-target")
def text(context: Context) -> Iterator[Fault]:
    """The target contains text, or is not an array of numbers.

    Error. Fires on strings, whose labels become their places among the sorted classes, and on lists and objects.
    """
    for output in context.outputs:
        target = output.target
        if target is None:
            continue
        y = target.name
        if target.kind == "text":
            what, fix = "contains text", f"classes, {y} = np.unique({y}, return_inverse=True)"
        elif target.kind == "ragged":
            what = f"holds sequences of {min(target.lengths)} to {max(target.lengths)} timesteps"
            fix = f'{y} = keras.utils.pad_sequences({y}, padding="post", dtype="float32")'
        elif target.kind == "list" and context.has_model:
            what, fix = "is a list, which Keras takes for a list of targets", f"{y} = np.array({y})"
        elif target.kind == "objects" and context.has_model:
            what, fix = "holds Python objects", f'{y} = np.asarray({y}).astype("float32")'
        else:
            continue
        yield Fault(
            severity="error",
            where="y",
            what=f"{y} {what}; the loss computes with an array of numbers.",
            expected="an array of numbers",
            got=f"{target.kind}, shape {tuple(target.shape)}",
            fix=fix,
        )


@rule("SW311", "one-hot-with-sparse-loss")
def one_hot_with_sparse(context: Context) -> Iterator[Fault]:
    """One-hot labels with the loss for integer labels.

    Error. Fires where the loss is sparse_categorical_crossentropy and the target has a 0 or 1 for each class.
    """
    for output, target, shape in pairs(context):
        loss = output.loss
        if loss is None or loss.name != "sparse_categorical_crossentropy":
            continue
        if target.shape[-1] != shape[-1] or not one_hot(target, shape):
            continue
        yield Fault(
            severity="error",
            where="compile",
            what=f"{target.name} is one-hot, a 0 or 1 for each of {target.shape[-1]:,} classes; "
            "sparse_categorical_crossentropy expects the number of the class.",
            expected="loss='categorical_crossentropy', or labels.argmax(-1)",
            got=name_axes(target.shape, "classes"),
            fix=_compiled(context, "categorical_crossentropy", from_logits=loss.from_logits),
        )


@rule("SW312", "whole-labels-with-one-hot-loss")
def integers_with_categorical(context: Context) -> Iterator[Fault]:
    """Integer labels with the loss for one-hot labels (or with a loss for quantities).

    Error. Fires where the output has two classes or more, the target one whole number for each thing that is
    classified, and the loss is categorical_crossentropy, binary_crossentropy or a regression loss after a softmax.
    """
    for output, target, computed in pairs(context):
        loss, shape = output.loss, _shape_for(target, computed, context)
        if loss is None or shape[-1] is None or shape[-1] < 2 or not class_numbers(target, shape):
            continue
        end = ends(output)
        quantities = loss.regression and end is not None and end[1] == "softmax" and names_a_class(target, shape)
        if loss.name not in ("categorical_crossentropy", "binary_crossentropy") and not quantities:
            continue
        yield Fault(
            severity="warning" if compare_shapes(target.shape, shape, loss) == "broadcast" else "error",
            where="compile",
            what=f"{target.name} holds integer labels, one for each {'timestep' if len(shape) == 3 else 'sample'}; "
            f"{loss.short} compares each of the output's {shape[-1]:,} classes with a number of its own.",
            expected=f"loss='sparse_categorical_crossentropy', or keras.utils.to_categorical({target.name})",
            got=name_axes(target.shape, "targets"),
            fix=_compiled(context, "sparse_categorical_crossentropy", from_logits=loss.from_logits),
        )


def _shape_for(target: Array, shape: Shape, context: Context) -> Shape:
    """Return the output's shape once it has a time axis where the target has: other rules say how."""
    if context.has("return-sequences-at-the-end") and len(shape) == 3:
        return (shape[0], shape[-1])
    if context.has("return-sequences-needed") and len(shape) == 2:
        return (shape[0], target.shape[1], shape[-1])
    return shape


@rule("SW313", "label-out-of-range")
def out_of_range(context: Context) -> Iterator[Fault]:
    """A label lies outside the range of the classes.

    Error: PyTorch stops, JAX and TensorFlow may train on it silently. Fires where a label is negative or not below the
    number of classes. Warning with binary_crossentropy: fires where whole labels of two kinds are not 0 and 1.
    """
    for output, target, shape in pairs(context):
        loss = output.loss
        if loss is None or not target.whole or not target.numbers.size or shape[-1] is None:
            continue
        lowest, highest = target.numbers.min(), target.numbers.max()
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            continue
        if loss.name == "binary_crossentropy":
            yield from _not_0_and_1(target, shape, float(lowest), float(highest))
        elif loss.name == "sparse_categorical_crossentropy" and shape[-1] > 1:
            yield from _not_a_class(output, target, int(lowest), int(highest), shape[-1])


def _not_0_and_1(target: Array, shape: Shape, lowest: float, highest: float) -> Iterator[Fault]:
    if (lowest >= 0 and highest <= 1) or len(target.shape) > len(shape) or len(np.unique(target.part)) > 2:
        return
    labels = f"{lowest:g} and {highest:g}"
    yield Fault(
        severity="warning",
        where="y",
        what=f"binary_crossentropy compares with 0 and 1; {target.name} holds {labels}. The loss then has no lower "
        "bound, and training only makes it fall.",
        expected="labels 0 and 1",
        got=labels,
        fix=f'{target.name} = ({target.name} > {lowest:g}).astype("float32")',
    )


def _not_a_class(output: Output, target: Array, lowest: int, highest: int, classes: int) -> Iterator[Fault]:
    if lowest >= 0 and highest < classes:
        return
    sized, y = last_sized(output), target.name
    if highest - lowest < classes:
        where, fix = "y", f"{y} = {y} {'-' if lowest > 0 else '+'} {abs(lowest)}"
    elif sized is not None:
        where, fix = f"layer {sized.name!r}", layer_code(sized.layer, units=highest - min(lowest, 0) + 1)
    else:
        where, fix = "y", f"{y} = np.unique({y}, return_inverse=True)[1]"
    yield Fault(
        severity="error",
        where=where,
        what=f"The labels in {y} range from {lowest} to {highest}; an output of {classes:,} classes knows 0 to "
        f"{classes - 1:,}. Some backends stop here, others treat such a label as no class at all.",
        expected=f"labels from 0 to {classes - 1:,}",
        got=f"labels from {lowest} to {highest}",
        fix=fix,
    )


@rule("SW314", "softmax-over-one")
def softmax_over_one(context: Context) -> Iterator[Fault]:
    """Softmax over a single unit always returns 1.

    Warning. Fires where the last layer has one unit and a softmax.
    """
    for output in context.outputs:
        end = ends(output)
        if end is None or output.shape is None or output.shape[-1] != 1 or end[1] != "softmax":
            continue
        activation = "linear" if output.loss is not None and output.loss.regression else "sigmoid"
        yield Fault(
            severity="warning",
            where=f"layer {end[0].name!r}",
            what="Softmax shares out 1 among the units; with one unit it returns 1 for every input, and the model "
            "learns nothing.",
            expected=f"activation={activation!r} for one unit",
            got="Dense(1, activation='softmax')",
            fix=with_activation(end[0].layer, activation),
        )


@rule("SW315", "one-unit-with-class-loss", unless=("softmax-over-one",))
def one_unit(context: Context) -> Iterator[Fault]:
    """A loss over several classes with a single output unit.

    Warning: with one class the loss is 0 or constant (PyTorch stops). Fires where the output has one unit and the loss
    is categorical_crossentropy or sparse_categorical_crossentropy.
    """
    for output, target, shape in pairs(context):
        loss = output.loss
        if loss is None or shape[-1] != 1:
            continue
        if loss.name not in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
            continue
        highest = target.part.max() if target.whole and target.part.size else 1
        classes = int(highest) + 1 if np.isfinite(highest) else 2
        sized = last_sized(output)
        if classes <= 2 or sized is None:
            where, fix = "compile", _compiled(context, "binary_crossentropy", from_logits=loss.from_logits)
        else:
            where, fix = f"layer {sized.name!r}", layer_code(sized.layer, units=classes, activation="softmax")
        yield Fault(
            severity="warning",
            where=where,
            what=f"{loss.short} compares classes, and the output has one unit: there is nothing to choose from.",
            expected="loss='binary_crossentropy'" if classes <= 2 else f"a unit for each of {classes} classes",
            got="1 unit",
            fix=fix,
        )


@rule("SW316", "loss-does-not-fit-activation", unless=("SW311", "SW312", "SW314", "SW315"))
def mismatch(context: Context) -> Iterator[Fault]:
    """The loss does not fit the last activation: it expects probabilities and gets logits, or the reverse.

    Warning. Fires on crossentropies: after a last layer without sigmoid or softmax unless ``from_logits=True``; after
    one with ``from_logits=True``; categorical ones after a sigmoid; binary_crossentropy after a softmax over three
    classes or more (over two it is the same as the right one) with one-hot labels.
    """
    for output in context.outputs:
        loss, end = output.loss, ends(output)
        if loss is None or end is None or not loss.crossentropy or output.shape is None or output.shape[-1] is None:
            continue
        (call, activation), units = end, output.shape[-1]
        binary = loss.name == "binary_crossentropy"
        right = "sigmoid" if binary else "softmax"
        target = output.target if output.target is not None and output.target.values is not None else None
        labels_are_one_hot = target is not None and one_hot(target, output.shape)
        where, got = "compile", f"{activation} with {loss.short}"
        if loss.from_logits:
            if activation not in ("sigmoid", "softmax"):
                continue
            what = (
                f"from_logits=True applies {right} to the output, and the last layer has applied {activation} already."
            )
            expected, got = "from_logits=False", f"{activation}, then from_logits=True"
            fix = _compiled(context, loss.name)
        elif binary and activation == "softmax" and units > 2 and (labels_are_one_hot or output.target is None):
            what = "binary_crossentropy takes each class as a question of its own, but softmax chooses one of them."
            expected = "loss='categorical_crossentropy'"
            fix = _compiled(context, "categorical_crossentropy")
        elif not binary and activation == "sigmoid":
            if target is not None and not labels_are_one_hot and loss.name == "categorical_crossentropy":
                what = "The labels may have several classes at once, which categorical_crossentropy cannot compare."
                expected = "loss='binary_crossentropy'"
                fix = _compiled(context, "binary_crossentropy")
            else:
                what = f"{loss.short} expects one probability for each class that add up to 1; sigmoid's do not."
                expected, got = "activation='softmax'", "activation='sigmoid'"
                where, fix = f"layer {call.name!r}", with_activation(call.layer, "softmax")
        elif activation not in PROBABILITIES:
            what = f"{loss.short} expects probabilities; the last layer's {activation} returns any number, which the "
            what += "loss clips to 0 or 1."
            got = f"activation={activation!r}"
            if is_recurrent(call.layer):
                expected = f"activation={right!r}"
                where, fix = f"after layer {call.name!r}", f"keras.layers.Dense({units}, activation={right!r})"
            else:
                expected = f"activation={right!r}, or from_logits=True"
                where, fix = f"layer {call.name!r}", with_activation(call.layer, right)
        else:
            continue
        yield Fault(severity="warning", where=where, what=what, expected=expected, got=got, fix=fix)


@rule("SW317", "classes-differ", unless=("SW302", "SW303", "SW311", "SW312", "SW313", "SW315"))
def classes_differ(context: Context) -> Iterator[Fault]:
    """The output and the one-hot labels have different numbers of classes.

    Error. Fires where the loss is a crossentropy, and labels and output have as many axes but other last ones.
    """
    for output, target, shape in pairs(context):
        loss, sized = output.loss, last_sized(output)
        if loss is None or not loss.crossentropy or loss.name == "sparse_categorical_crossentropy" or sized is None:
            continue
        if compare_shapes(target.shape, shape, loss) != "fails" or len(target.shape) != len(shape):
            continue
        if target.shape[1:-1] != shape[1:-1] and None not in shape[1:-1]:
            continue
        where, expected = f"layer {sized.name!r}", f"{target.shape[-1]:,} units"
        fix = layer_code(sized.layer, units=target.shape[-1])
        if shape[-1] == 1 and target.shape[-1] == 2 and one_hot(target, shape):
            where, expected = "y", "one label of 0 or 1 for one unit"
            fix = f"{target.name} = {target.name}[..., 1:]"
        yield Fault(
            severity="error",
            where=where,
            what=f"{target.name} has {target.shape[-1]:,} classes, the output {shape[-1]:,} unit(s).",
            expected=expected,
            got=name_axes(shape, "units"),
            fix=fix,
        )
