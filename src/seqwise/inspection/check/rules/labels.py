"""Labels, the last activation and the loss: three things that must speak of the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context
from seqwise.inspection.check.layer_code import compile_code, layer_code, with_activation
from seqwise.inspection.check.losses import compare_shapes
from seqwise.inspection.check.measures import class_numbers, names_a_class, one_hot
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import ends, last_sized, pairs
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Shape
from seqwise.inspection.layer_kinds import is_recurrent


def compiled(context: Context, loss: str, from_logits: bool = False) -> str:
    name = context.names.of(context.model, "model")
    if not from_logits:
        return compile_code(context.model, repr(loss), name)
    kind = "".join(part.capitalize() for part in loss.split("_"))
    return compile_code(context.model, f"keras.losses.{kind}(from_logits=True)", name)


@rule("SW310", "text-as-target")
def text(context: Context) -> Iterator[Fault]:
    """The target holds text.

    Error. Fires on strings; their numbers are the places of the sorted classes.
    """
    for output in context.outputs:
        target = output.target
        if target is None or target.kind not in ("text", "list", "objects", "ragged"):
            continue
        if target.kind == "text":
            what, fix = "text", f"classes, {target.name} = np.unique({target.name}, return_inverse=True)"
        elif target.kind == "ragged":
            what = f"sequences of {min(target.lengths)} to {max(target.lengths)} timesteps"
            fix = f'{target.name} = keras.utils.pad_sequences({target.name}, padding="post", dtype="float32")'
        elif context.has_model:
            what, fix = "a list, which Keras takes for several targets", f"{target.name} = np.array({target.name})"
            if target.kind == "objects":
                what, fix = "Python objects", f'{target.name} = np.asarray({target.name}).astype("float32")'
        else:
            continue
        yield Fault(
            severity="error",
            where="y",
            what=f"{target.name} holds {what}; the loss computes with an array of numbers.",
            expected="an array of numbers",
            got=f"{target.kind}, shape {tuple(target.shape)}",
            fix=fix,
        )


@rule("SW311", "one-hot-with-sparse-loss")
def one_hot_with_sparse(context: Context) -> Iterator[Fault]:
    """One-hot labels with the loss for whole numbers.

    Error. Fires where the loss is sparse_categorical_crossentropy and the target has a 0 or 1 for each class.
    """
    for output, target, shape in pairs(context):
        if output.loss is None or output.loss.name != "sparse_categorical_crossentropy" or not one_hot(target, shape):
            continue
        if target.shape[-1] != shape[-1]:
            continue
        yield Fault(
            severity="error",
            where="compile",
            what=f"{target.name} is one-hot, a 0 or 1 for each of {target.shape[-1]:,} classes; "
            "sparse_categorical_crossentropy wants the class's number.",
            expected="loss='categorical_crossentropy', or labels.argmax(-1)",
            got=name_axes(target.shape, "classes"),
            fix=compiled(context, "categorical_crossentropy", output.loss.from_logits),
        )


@rule("SW312", "whole-labels-with-one-hot-loss")
def labels_with_categorical(context: Context) -> Iterator[Fault]:
    """Class numbers with the loss for one-hot labels (or with a loss for quantities).

    Error. Fires where the output has two classes or more, the target one whole number for each, and the loss is
    categorical_crossentropy, binary_crossentropy or a regression loss after a softmax.
    """
    for output, target, shape in pairs(context):
        loss = output.loss
        if loss is None or shape[-1] is None or shape[-1] < 2 or not class_numbers(target, shape):
            continue
        end = ends(output)
        quantities = loss.regression and end is not None and end[1] == "softmax" and names_a_class(target, shape)
        if loss.name not in ("categorical_crossentropy", "binary_crossentropy") and not quantities:
            continue
        verdict = compare_shapes(target.shape, shape, loss)
        yield Fault(
            severity="warning" if verdict == "broadcast" else "error",
            where="compile",
            what=f"{target.name} holds class numbers, one for each sample; {loss.short} compares each of the output's "
            f"{shape[-1]:,} classes with a number of its own.",
            expected="loss='sparse_categorical_crossentropy', or keras.utils.to_categorical(y)",
            got=name_axes(target.shape, "targets"),
            fix=compiled(context, "sparse_categorical_crossentropy", loss.from_logits),
        )


@rule("SW313", "label-out-of-range")
def out_of_range(context: Context) -> Iterator[Fault]:
    """A label names a class that the output does not have.

    Error: PyTorch stops, JAX and TensorFlow may train on it without a word. Fires where a label is negative or not
    below the number of classes; for binary_crossentropy, where a label is not from 0 to 1.
    """
    for output, target, shape in pairs(context):
        loss = output.loss
        if loss is None or target.values is None or not target.values.size or shape[-1] is None:
            continue
        low, top = target.values.min(), target.values.max()
        if not (np.isfinite(low) and np.isfinite(top)):
            continue
        if loss.name == "binary_crossentropy" and whole_labels_or_signs(target, shape) and (low < 0 or top > 1):
            if len(np.unique(target.part)) > 2:
                continue
            fix = f'{target.name} = ({target.name} > {float(low):g}).astype("float32")'
            got = f"{low:g} and {top:g}"
            yield Fault(
                severity="warning",
                where="y",
                what=f"binary_crossentropy compares with 0 and 1; {target.name} holds {got}. The loss has no lower "
                "bound then, and training follows it down.",
                expected="labels 0 and 1",
                got=got,
                fix=fix,
            )
            continue
        if loss.name != "sparse_categorical_crossentropy" or not target.whole or shape[-1] < 2:
            continue
        if low >= 0 and top < shape[-1]:
            continue
        call = last_sized(output)
        if top - low < shape[-1]:
            where, fix = (
                "y",
                f"{target.name} = {target.name} - {int(low)}"
                if low > 0
                else f"{target.name} = {target.name} + {int(-low)}",
            )
        elif call is not None:
            where, fix = f"layer {call.name!r}", layer_code(call.layer, units=int(top - min(low, 0)) + 1)
        else:
            where, fix = "y", f"{target.name} = np.unique({target.name}, return_inverse=True)[1]"
        yield Fault(
            severity="error",
            where=where,
            what=f"The labels in {target.name} go from {int(low)} to {int(top)}; an output of {shape[-1]:,} classes "
            f"knows 0 to {shape[-1] - 1:,}. Some backends stop here, others count such a label as no class at all.",
            expected=f"labels from 0 to {shape[-1] - 1:,}",
            got=f"labels from {int(low)} to {int(top)}",
            fix=fix,
        )


def whole_labels_or_signs(target: Array, shape: Shape) -> bool:
    return target.whole and (len(target.shape) <= len(shape))


@rule("SW314", "softmax-over-one")
def softmax_over_one(context: Context) -> Iterator[Fault]:
    """Softmax over a single unit: it is 1, whatever the network says.

    Warning. Fires where the last layer has one unit and a softmax.
    """
    for output in context.outputs:
        end = ends(output)
        if end is None or output.shape is None or output.shape[-1] != 1 or end[1] != "softmax":
            continue
        quantity = output.loss is not None and output.loss.regression
        better = "linear" if quantity else "sigmoid"
        yield Fault(
            severity="warning",
            where=f"layer {end[0].name!r}",
            what="Softmax shares 1 out among the units; with one unit it returns 1 for every input, and nothing is "
            "learnt.",
            expected=f"activation={better!r} for one unit",
            got="Dense(1, activation='softmax')",
            fix=with_activation(end[0].layer, better),
        )


@rule("SW315", "one-unit-with-class-loss", unless=("softmax-over-one",))
def one_unit(context: Context) -> Iterator[Fault]:
    """One output unit with a loss over classes.

    Warning: with one class the loss is 0 or constant (PyTorch stops). Fires where the output has one unit and the loss
    is categorical_crossentropy or sparse_categorical_crossentropy.
    """
    for output, target, shape in pairs(context):
        loss = output.loss
        if loss is None or shape[-1] != 1:
            continue
        if loss.name not in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
            continue
        top = target.part.max() if target.whole and target.part.size else 1
        classes = int(top) + 1 if np.isfinite(top) else 2
        call = last_sized(output)
        if classes <= 2 or call is None:
            where, fix = "compile", compiled(context, "binary_crossentropy", loss.from_logits)
        else:
            where, fix = f"layer {call.name!r}", layer_code(call.layer, units=classes, activation="softmax")
        yield Fault(
            severity="warning",
            where=where,
            what=f"{loss.short} compares classes, and the output has one unit: there is nothing to choose from.",
            expected="loss='binary_crossentropy' for one unit" if classes <= 2 else f"{classes} units, one a class",
            got="1 unit",
            fix=fix,
        )


@rule("SW316", "loss-does-not-fit-activation", unless=("SW311", "SW312", "SW314", "SW315"))
def mismatch(context: Context) -> Iterator[Fault]:
    """The loss expects probabilities and gets none, or expects logits and gets probabilities.

    Warning. Fires on crossentropies: after a last layer without sigmoid or softmax unless ``from_logits=True``; after
    one with ``from_logits=True``; categorical ones after a sigmoid; binary_crossentropy after a softmax over three
    classes or more (over two it is the same as the right one) with one-hot labels.
    """
    for output in context.outputs:
        loss, end = output.loss, ends(output)
        if loss is None or end is None or not loss.crossentropy or output.shape is None or output.shape[-1] is None:
            continue
        call, activation = end
        binary = loss.name == "binary_crossentropy"
        right = "sigmoid" if binary else "softmax"
        target = output.target
        hot = target is not None and target.values is not None and one_hot(target, output.shape)
        if loss.from_logits:
            if activation not in ("sigmoid", "softmax"):
                continue
            what = (
                f"from_logits=True applies {right} to the output, and the last layer has applied {activation} already."
            )
            yield _mismatch("compile", what, "from_logits=False", f"{activation}, then from_logits=True",
                            compiled(context, loss.name))  # fmt: skip
        elif binary and activation == "softmax" and output.shape[-1] > 2 and (hot or target is None):
            what = "binary_crossentropy takes each class for a question of its own, but softmax chooses one of them."
            yield _mismatch("compile", what, "loss='categorical_crossentropy'", "softmax with binary_crossentropy",
                            compiled(context, "categorical_crossentropy"))  # fmt: skip
        elif not binary and activation == "sigmoid":
            if target is not None and target.values is not None and not hot and loss.name == "categorical_crossentropy":
                what = "The labels may have several classes at once, which categorical_crossentropy cannot compare."
                yield _mismatch("compile", what, "loss='binary_crossentropy'", f"sigmoid with {loss.short}",
                                compiled(context, "binary_crossentropy"))  # fmt: skip
                continue
            what = f"{loss.short} expects one probability for each class that add up to 1; sigmoid's do not."
            yield _mismatch(f"layer {call.name!r}", what, "activation='softmax'", "activation='sigmoid'",
                            with_activation(call.layer, "softmax"))  # fmt: skip
        elif activation not in ("sigmoid", "softmax", "hard_sigmoid", "sparsemax"):
            what = (
                f"{loss.short} expects probabilities; the last layer's {activation} gives any number, which the loss "
                "clips to 0 or 1."
            )
            if is_recurrent(call.layer):
                units = output.shape[-1]
                dense = f"keras.layers.Dense({units}, activation={right!r})"
                yield _mismatch(f"after layer {call.name!r}", what, f"activation={right!r}",
                                f"activation={activation!r}", dense)  # fmt: skip
            else:
                yield _mismatch(f"layer {call.name!r}", what, f"activation={right!r}, or from_logits=True",
                                f"activation={activation!r}", with_activation(call.layer, right))  # fmt: skip


def _mismatch(where: str, what: str, expected: str, got: str, fix: str) -> Fault:
    return Fault(severity="warning", where=where, what=what, expected=expected, got=got, fix=fix)


@rule("SW317", "classes-differ", unless=("SW302", "SW303", "SW311", "SW312", "SW313", "SW315"))
def classes_differ(context: Context) -> Iterator[Fault]:
    """The output has another number of classes than the one-hot labels.

    Error. Fires where the loss is a crossentropy, and labels and output have as many axes but other last ones.
    """
    for output, target, shape in pairs(context):
        loss = output.loss
        if loss is None or not loss.crossentropy:
            continue
        if compare_shapes(target.shape, shape, loss) != "fails" or len(target.shape) != len(shape):
            continue
        call = last_sized(output)
        if target.shape[1:-1] != shape[1:-1] and None not in shape[1:-1]:
            continue
        if loss.name == "sparse_categorical_crossentropy" or call is None:
            continue
        two = one_hot(target, shape) and target.shape[-1] == 2 and shape[-1] == 1
        if two:
            where, fix = "y", f"{target.name} = {target.name}[..., 1:]"
        else:
            fix = layer_code(call.layer, units=target.shape[-1])
            where = f"layer {call.name!r}"
        yield Fault(
            severity="error",
            where=where,
            what=f"{target.name} has {target.shape[-1]:,} classes, the output {shape[-1]:,} unit(s).",
            expected=f"{target.shape[-1]:,} units" if not two else "one label of 0 or 1 for one unit",
            got=name_axes(shape, "units"),
            fix=fix,
        )
