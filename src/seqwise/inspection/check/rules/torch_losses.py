"""PyTorch's losses: outputs and targets that they cannot compare, or compare otherwise than was meant."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from seqwise.inspection.check.losses import BATCH
from seqwise.inspection.check.padding import find_padding
from seqwise.inspection.check.registry import Call, Context, Fault, Faults, Fix, rule
from seqwise.inspection.check.torch_selectors import (
    CLASS_LOSSES,
    PASSES_ON,
    LossCall,
    change_expression,
    change_module,
    change_output,
    change_target,
    losses,
    made_by_module,
    module_code,
    name_of,
    operand,
    replace_module,
    sizes,
)

FLAT = {"argmax", "round", "floor", "ceil", "sign", "detach"}  # have no gradient
MISREAD = ("SW505", "SW516", "SW517")  # what a recurrent module reads along another axis gives other shapes
class_losses = partial(losses, of=CLASS_LOSSES)
FAULTY = {  # what must not come last before a loss, and why
    "CrossEntropyLoss": ({"softmax", "sigmoid"}, "applies softmax itself, and the module has applied {0} already"),
    "NLLLoss": (
        {"softmax", "linear", "sigmoid"},
        "expects log-probabilities, as log_softmax returns them; {0} comes last",
    ),
    "BCELoss": ({"linear", "tanh"}, "expects probabilities between 0 and 1; {0} comes last"),
    "BCEWithLogitsLoss": ({"sigmoid", "softmax"}, "applies sigmoid itself, and the module has applied {0} already"),
}
BETTER = {  # losses that expect what comes last
    ("NLLLoss", "linear"): "CrossEntropyLoss",
    ("BCELoss", "linear"): "BCEWithLogitsLoss",
    ("BCEWithLogitsLoss", "sigmoid"): "BCELoss",
}


def _shape(shape: tuple[int, ...]) -> str:
    words = ", ".join("samples" if size == BATCH else str(size) for size in shape)
    return f"({words},)" if len(shape) == 1 else f"({words})"


def compared(context: Context, broadcast: bool) -> Iterator[LossCall]:
    """Yield the losses that compare number by number, where the shapes differ and broadcast, or do not."""
    for loss in losses(context):
        pairs = zip(loss.shape[::-1], loss.wanted[::-1], strict=False)
        stretches = all(a == b or 1 in (a, b) for a, b in pairs) and not loss.kind.startswith("BCE")
        if loss.kind not in CLASS_LOSSES and loss.shape != loss.wanted and stretches == broadcast:
            yield loss


def _shapes_differ(context: Context, loss: LossCall, consequence: str = "") -> Fault:
    shape, wanted = loss.shape, loss.wanted
    what, fix = f"torch.nn.{loss.kind} compares number by number.", Fix("y")
    if _samples_second(loss):
        what += SECOND
        fix = change_output(context, loss, "[-1]")
    elif [n for n in shape if n > 1] == [n for n in wanted if n > 1]:
        longer = shape == (*wanted, 1)
        change = "[..., None]" if longer else "[..., 0]" if (*shape, 1) == wanted else f".reshape{(-1, *shape[1:])}"
        fix = change_target(loss, change)
    elif len(shape) == 3 and shape[0] == wanted[:1][0] and wanted[1:] in (shape[2:], (1,), ()):
        what += " The output has a time axis, and the target has none: keep the last timestep of the output."
        fix = change_output(context, loss, "[:, -1]" if len(wanted) > 1 else "[:, -1, 0]")
    elif shape[:-1] == wanted[:-1]:
        what += f" The output has {shape[-1]} numbers, and the target has {wanted[-1]}."
        fix = _with_outputs(loss, wanted[-1])
    expected = f"a target of the output's shape, {_shape(shape)}"
    return Fault(what=what + consequence, expected=expected, got=f"{loss.y} {_shape(wanted)}", fix=fix)


SECOND = " The samples are on the output's second axis, behind layers (h_n) or timesteps: [-1] takes the last of these."


def _samples_second(loss: LossCall) -> bool:
    """Tell whether the output has an axis of layers or timesteps before the samples, and the target has none."""
    rest = loss.shape[1:-1] if loss.kind in CLASS_LOSSES else loss.shape[1:]
    return len(loss.shape) == 3 and BATCH in loss.shape[1:2] and loss.wanted == rest


def _with_outputs(loss: LossCall, count: int) -> Fix:
    """Make the Linear module that comes last return so many numbers."""
    made = made_by_module(loss.output)
    return change_module(made, out_features=count) if made is not None and made.kind == "Linear" else Fix("y")


@rule("SW510", "torch-target-shape", "error", partial(compared, broadcast=False), unless=MISREAD)
def target_shape(context: Context, loss: LossCall) -> Faults:
    """The target has another shape than the output, and the loss cannot compare them."""
    yield _shapes_differ(context, loss)


@rule("SW514", "torch-loss-broadcasts", "warning", partial(compared, broadcast=True), unless=MISREAD)
def broadcasts(context: Context, loss: LossCall) -> Faults:
    """The target has another shape than the output, and the loss stretches the one along the other."""
    consequence = "PyTorch stretches the one along the other, and every output is compared with other samples' targets."
    yield _shapes_differ(context, loss, f" {consequence}")


@rule("SW511", "torch-classes-not-second", "error", class_losses)
def classes_not_second(context: Context, loss: LossCall) -> Faults:
    """The classes are on the last axis of the output; the losses over classes want them on the second."""
    if len(loss.shape) > 2 and loss.wanted == loss.shape[:-1] and loss.shape[1] != loss.shape[-1]:
        what = f"torch.nn.{loss.kind} wants the classes on the second axis; here they are on the last."
        yield _labels(loss, what, change_output(context, loss, ".movedim(-1, 1)"))


def _labels(loss: LossCall, what: str, fix: Fix) -> Fault:
    expected = "output (samples, classes), labels (samples,); or (samples, classes, timesteps), (samples, timesteps)"
    got = f"output {_shape(loss.shape)}, {loss.y} {_shape(loss.wanted)} torch.{loss.target.dtype}"
    return Fault(what=what, expected=expected, got=got, fix=fix)


@rule("SW512", "torch-labels-do-not-fit", "error", class_losses, unless=("SW511",))
def labels(context: Context, loss: LossCall) -> Faults:
    """Labels that are neither class numbers nor shares of the classes."""
    whole = "float" not in loss.target.dtype
    if _samples_second(loss):
        what = f"torch.nn.{loss.kind} reads (samples, classes).{SECOND}"
        yield _labels(loss, what, change_output(context, loss, "[-1]"))
        return
    if whole and len(loss.shape) == 2 and len(loss.wanted) > 1 and _flat(loss):
        what = "The output has all timesteps of all samples on one axis; flatten the labels, too: y.reshape(-1)."
        module = _loss_code(context, loss)
        yield _labels(loss, what, Fix("loss", module and f"lambda output, y: {module}(output, y.reshape(-1))"))
        return
    if len(loss.shape) == 2 and loss.wanted == (loss.shape[0], 1):
        what, change = "The labels have an axis of size 1 too many.", "[:, 0]" if whole else "[:, 0].long()"
    elif not whole and loss.wanted == (loss.shape[0], *loss.shape[2:]):
        what, change = "Class labels are whole numbers, torch.int64.", ".long()"
    elif whole and loss.wanted == loss.shape and loss.kind == "CrossEntropyLoss":
        what = "Labels of the output's shape are read as shares of each class, and those are floats."
        change = ".float()"
    else:
        return
    if whole or loss.data is None or loss.data.whole:
        yield _labels(loss, what, change_target(loss, change))


def _flat(loss: LossCall) -> bool:
    """Tell whether the output has as many rows as the labels have numbers, as PyTorch says it."""
    rows = re.search(r"input batch_size \((\d+)\) to match target batch_size \((\d+)\)", loss.call.problem)
    return rows is not None and int(rows[1]) == int(rows[2]) * math.prod(loss.wanted[1:])


@rule("SW513", "torch-label-out-of-range", "error", class_losses, unless=("SW511", "SW512"))
def label_out_of_range(context: Context, loss: LossCall) -> Faults:
    """A class number is negative, or not below the number of classes."""
    values = loss.data.values if loss.data is not None else None
    if values is None or len(loss.wanted) != len(loss.shape) - 1 or "float" in loss.target.dtype:
        return
    classes = loss.shape[min(1, len(loss.shape) - 1)]
    counted = values[values != getattr(loss.call.layer, "ignore_index", -100)]
    low, high = (int(counted.min()), int(counted.max())) if counted.size else (0, 0)
    if low >= 0 and high < classes:
        return
    what = f"The output has {classes} classes, 0 to {classes - 1}, and the labels go from {low} to {high}."
    if high - low < classes:
        yield _labels(loss, what, change_target(loss, f" - {low}" if low > 0 else f" + {-low}"))
    else:
        yield _labels(loss, what, _with_outputs(loss, high - min(low, 0) + 1))


@rule("SW515", "torch-loss-does-not-fit-activation", "warning", partial(losses, of=FAULTY), unless=("SW510", "SW511"))
def activation(context: Context, loss: LossCall) -> Faults:
    """The loss expects logits and gets probabilities, or the reverse."""
    made, (wrong, why) = made_by_module(loss.output), FAULTY[loss.kind]
    if made is None or made.kind.lower() not in wrong:
        return
    last = made.kind.lower()
    yield Fault(
        severity="error" if loss.kind == "BCELoss" else "warning",
        what=f"torch.nn.{loss.kind} {why.format(last)}.",
        got=f"{last}, then torch.nn.{loss.kind}",
        fix=_fitting(context, loss, made, last),
    )


def _loss_code(context: Context, loss: LossCall, kind: str = "", **settings: Any) -> str:
    """The expression that makes a loss like this one; empty where it stands in a function of the user's own."""
    own, module = context.outputs[0].loss, loss.call.layer
    weights = [getattr(module, name, None) for name in ("weight", "pos_weight")]
    if (own is not None and own.name == "custom") or not hasattr(module, "reduction") or weights != [None, None]:
        return ""
    return module_code(module, kind, **settings)


def _fitting(context: Context, loss: LossCall, made: Call, last: str) -> Fix:
    """Take the loss that expects what comes last, or let what comes last return what the loss expects."""
    better, module = BETTER.get((loss.kind, last)), hasattr(made.layer, "named_modules")
    if better is not None and (code := _loss_code(context, loss, better)):
        return Fix("loss", code)
    if loss.kind == "NLLLoss" and last == "softmax":
        if module:
            return replace_module(made, f"torch.nn.LogSoftmax(dim={made.layer.dim})")
        return change_expression(made.node, made.node.code.replace("softmax(", "log_softmax(", 1))
    if loss.kind == "CrossEntropyLoss":
        return replace_module(made, "torch.nn.Identity()") if module else change_expression(made.node, operand(made))
    return Fix("loss")


@rule("SW529", "torch-loss-counts-padding", "warning", class_losses, unless=("SW511", "SW512", "SW513"))
def counts_padding(context: Context, loss: LossCall) -> Faults:
    """The loss counts the labels of padded timesteps."""
    data, target, module, settings = context.data, loss.data, loss.call.layer, loss.call.kwargs
    own_way = getattr(module, "reduction", settings.get("reduction")) == "none"
    if own_way or getattr(module, "weight", settings.get("weight")) is not None:
        return
    padding = find_padding(data) if data is not None and len(data.shape) == 2 else None
    if padding is None or data is None or target is None or data.shape != target.shape or target.values is None:
        return
    padded = np.asarray(data.part == padding.value)
    fillings = np.unique(target.part[padded])
    ignored = getattr(module, "ignore_index", settings.get("ignore_index", -100))
    if len(fillings) != 1 or fillings[0] == ignored or (target.part[~padded] == fillings[0]).any():
        return
    filling = int(fillings[0])
    yield Fault(
        what=f"{padded.mean():.0%} of the timesteps are padding, with the label {filling}, and torch.nn.{loss.kind} "
        f"counts them like all others. ignore_index={filling} leaves them out.",
        expected=f"ignore_index={filling}",
        got=f"a loss over all {loss.y} {_shape(loss.wanted)}",
        fix=Fix("loss", _loss_code(context, loss, ignore_index=filling)),
    )


@rule("SW530", "torch-no-gradient", "error", losses)
def no_gradient(context: Context, loss: LossCall) -> Faults:
    """No gradient flows from the loss to the module: the output was rounded, detached or turned to class numbers."""
    value = loss.output
    while value.call is not None and value.call.kind not in FLAT and "float" in value.dtype:
        if value.call.kind not in PASSES_ON or not value.call.inputs:
            return
        value = value.call.first
    if value.call is None:
        return
    yield Fault(
        what=f"{value.call.node.code or value.call.kind} has no gradient, so the module cannot learn from the loss. "
        "Compare what comes before it; class numbers and rounded values are for reading the prediction.",
        expected="an output that the loss can be differentiated by",
        got=value.call.node.code or value.call.kind,
        fix=Fix("forward"),
    )


@rule("SW521", "torch-module-refuses", "error", unless=MISREAD)
def refuses(context: Context) -> Faults:
    """A module, a function or a loss stops on the data."""
    call = next((call for call in context.torch_calls if call.problem), None)
    if context.model is None or call is None or any(finding.severity == "error" for finding in context.findings):
        return
    place = f"{call.node.code}, line {call.node.line}," if call.node.code else call.name
    yield Fault(
        what=f"{place} stops. PyTorch: {call.problem.splitlines()[0]}",
        got=", ".join(f"{name_of(context, call, value)} {sizes(context, value)}" for value in call.inputs[:2]),
        fix=Fix("forward"),
    )
