"""PyTorch's losses: outputs and targets that they cannot compare, or compare otherwise than was meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.losses import BATCH
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.torch_selectors import (
    CLASS_LOSSES,
    LossCall,
    changed_output,
    changed_target,
    expression,
    layer,
    losses,
    made_by_module,
    module_code,
    name_of,
    operand,
    sizes,
)

FAULTY = {  # what must not come last before a loss, and why
    "CrossEntropyLoss": ({"softmax", "sigmoid"}, "applies softmax itself, and the module has applied {0} already"),
    "NLLLoss": (
        {"softmax", "linear", "sigmoid"},
        "expects log-probabilities, as log_softmax returns them; {0} comes last",
    ),
    "BCELoss": ({"linear", "tanh"}, "expects probabilities between 0 and 1; {0} comes last"),
    "BCEWithLogitsLoss": ({"sigmoid", "softmax"}, "applies sigmoid itself, and the module has applied {0} already"),
}


def _shape(shape: tuple[int, ...]) -> str:
    return (
        "(" + ", ".join("samples" if size == BATCH else str(size) for size in shape) + ("," * (len(shape) == 1)) + ")"
    )


def _compared(loss: LossCall) -> Literal["same", "broadcast", "fails"]:
    """What an elementwise loss makes of output and target; the binary crossentropies broadcast nothing."""
    if loss.shape == loss.wanted:
        return "same"
    pairs = zip(loss.shape[::-1], loss.wanted[::-1], strict=False)
    fits = all(a == b or 1 in (a, b) for a, b in pairs)
    return "broadcast" if fits and not loss.kind.startswith("BCE") else "fails"


def _shapes_differ(context: Context, verdict: str) -> Iterator[Fault]:
    for loss in losses(context):
        if loss.kind in CLASS_LOSSES or _compared(loss) != verdict:
            continue
        shape, wanted, made = loss.shape, loss.wanted, made_by_module(loss.output)
        what, where, fix = f"torch.nn.{loss.kind} compares number by number.", "y", ""
        if [n for n in shape if n > 1] == [n for n in wanted if n > 1]:
            longer = shape == (*wanted, 1)
            change = "[..., None]" if longer else "[..., 0]" if (*shape, 1) == wanted else f".reshape{(-1, *shape[1:])}"
            where, fix = changed_target(loss, change)
        elif len(shape) == 3 and shape[0] == wanted[:1][0] and wanted[1:] in (shape[2:], (1,), ()):
            what += " The output has a time axis, and the target has none: keep the last timestep of the output."
            where, fix = changed_output(context, loss, "[:, -1]" if len(wanted) > 1 else "[:, -1, 0]")
        elif shape[:-1] == wanted[:-1]:
            what += f" The output has {shape[-1]} numbers, and the target has {wanted[-1]}."
            if made is not None and made.kind == "Linear":
                where, fix = layer(made), module_code(made.layer, out_features=wanted[-1])
        if verdict == "broadcast":
            what += (
                " PyTorch stretches the one along the other, and every output is compared with other samples' targets."
            )
        yield Fault(
            severity="error" if verdict == "fails" else "warning", where=where, what=what, fix=fix,
            expected=f"a target of the output's shape, {_shape(shape)}", got=f"{loss.y} {_shape(wanted)}",
        )  # fmt: skip


@rule("SW510", "torch-target-shape", unless=("SW505", "SW516", "SW517"))
def target_shape(context: Context) -> Iterator[Fault]:
    """The target has another shape than the output, and the loss cannot compare them.

    Error. Fires on the losses that compare number by number: `MSELoss`, `L1Loss`, `SmoothL1Loss`, `HuberLoss`,
    `PoissonNLLLoss`, `BCELoss`, `BCEWithLogitsLoss`, as modules and as functions.
    """
    yield from _shapes_differ(context, "fails")


@rule("SW514", "torch-loss-broadcasts", unless=("SW505", "SW516", "SW517"))
def broadcasts(context: Context) -> Iterator[Fault]:
    """The target has another shape than the output, and the loss stretches the one along the other.

    Warning: it trains, towards the mean of the targets. Fires on the losses that compare number by number where the
    shapes differ and broadcast: (samples, 1) beside (samples,), or (samples, timesteps, 1) beside (samples, 1).
    """
    yield from _shapes_differ(context, "broadcast")


@rule("SW511", "torch-classes-not-second")
def classes_not_second(context: Context) -> Iterator[Fault]:
    """The classes are on the last axis of the output; the losses over classes want them on the second.

    Error. Fires where the target has the output's shape without its last axis, and the output more than two axes.
    """
    for loss in losses(context, *CLASS_LOSSES):
        if len(loss.shape) > 2 and loss.wanted == loss.shape[:-1] and loss.shape[1] != loss.shape[-1]:
            what = f"torch.nn.{loss.kind} wants the classes on the second axis; here they are on the last."
            where, fix = changed_output(context, loss, ".movedim(-1, 1)")
            yield _labels(loss, what, where, fix)


def _labels(loss: LossCall, what: str, where: str, fix: str) -> Fault:
    expected = "output (samples, classes), labels (samples,); or (samples, classes, timesteps), (samples, timesteps)"
    got = f"output {_shape(loss.shape)}, {loss.y} {_shape(loss.wanted)} torch.{loss.target.dtype}"
    return Fault(severity="error", where=where, what=what, expected=expected, got=got, fix=fix)


@rule("SW512", "torch-labels-do-not-fit", unless=("SW511",))
def labels(context: Context) -> Iterator[Fault]:
    """Labels that are neither class numbers nor shares of the classes.

    Error. Fires on `CrossEntropyLoss` and `NLLLoss` where class numbers have an axis of size 1 too many or a floating
    dtype, and where labels in the output's shape, which are read as shares of the classes, are whole numbers.
    """
    for loss in losses(context, *CLASS_LOSSES):
        whole = "float" not in loss.target.dtype
        if len(loss.shape) == 2 and loss.wanted == (loss.shape[0], 1):
            what, change = "The labels have an axis of size 1 too many.", "[:, 0]" if whole else "[:, 0].long()"
        elif not whole and loss.wanted == (loss.shape[0], *loss.shape[2:]):
            what, change = "Class labels are whole numbers, torch.int64.", ".long()"
        elif whole and loss.wanted == loss.shape and loss.kind == "CrossEntropyLoss":
            what, change = (
                "Labels of the output's shape are read as shares of each class, and those are floats.",
                ".float()",
            )
        else:
            continue
        if whole or loss.data is None or loss.data.whole:
            yield _labels(loss, what, *changed_target(loss, change))


@rule("SW513", "torch-label-out-of-range", unless=("SW511", "SW512"))
def label_out_of_range(context: Context) -> Iterator[Fault]:
    """A class number is negative, or not below the number of classes.

    Error. Fires on a single one, ``ignore_index`` aside.
    """
    for loss in losses(context, *CLASS_LOSSES):
        if (
            loss.data is None
            or loss.data.values is None
            or len(loss.wanted) != len(loss.shape) - 1
            or "float" in loss.target.dtype
        ):
            continue
        classes, made = loss.shape[min(1, len(loss.shape) - 1)], made_by_module(loss.output)
        labels = loss.data.values[loss.data.values != getattr(loss.call.layer, "ignore_index", -100)]
        low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, 0)
        if low >= 0 and high < classes:
            continue
        if high - low < classes:
            where, fix = changed_target(loss, f" - {low}" if low > 0 else f" + {-low}")
        elif made is not None and made.kind == "Linear":
            where, fix = layer(made), module_code(made.layer, out_features=high - min(low, 0) + 1)
        else:
            where, fix = "y", ""
        what = f"The output has {classes} classes, 0 to {classes - 1}, and the labels go from {low} to {high}."
        yield _labels(loss, what, where, fix)


@rule("SW515", "torch-loss-does-not-fit-activation", unless=("SW510", "SW511"))
def activation(context: Context) -> Iterator[Fault]:
    """The loss expects logits and gets probabilities, or the reverse.

    Warning; error with `BCELoss`, which stops at numbers beyond 0 and 1. Fires on `CrossEntropyLoss` after softmax or
    sigmoid, on `NLLLoss` after a Linear, softmax or sigmoid, on `BCELoss` after a Linear or tanh, and on
    `BCEWithLogitsLoss` after sigmoid or softmax; modules and functions alike, whatever reshapes or selects in between.
    """
    for loss in losses(context, *FAULTY):
        made = made_by_module(loss.output)
        last = made.kind.lower() if made is not None else ""
        wrong, why = FAULTY[loss.kind]
        if made is None or last not in wrong:
            continue
        own, where, fix = hasattr(made.layer, "named_modules"), "loss", ""
        better = {("NLLLoss", "linear"): "CrossEntropyLoss", ("BCELoss", "linear"): "BCEWithLogitsLoss",
                  ("BCEWithLogitsLoss", "sigmoid"): "BCELoss"}.get((loss.kind, last))  # fmt: skip
        own_loss = context.outputs[0].loss is None or context.outputs[0].loss.name != "custom"
        weights = [getattr(loss.call.layer, name, None) for name in ("weight", "pos_weight")]
        if better is not None and own_loss and hasattr(loss.call.layer, "weight") and weights == [None, None]:
            fix = module_code(loss.call.layer, better)
        elif loss.kind == "NLLLoss" and last == "softmax":
            where, fix = (layer(made), f"torch.nn.LogSoftmax(dim={made.layer.dim})") if own else expression(
                made.node, made.node.code.replace("softmax(", "log_softmax(", 1))  # fmt: skip
        elif loss.kind == "CrossEntropyLoss":
            where, fix = (layer(made), "torch.nn.Identity()") if own else expression(made.node, operand(made))
        severity = "error" if loss.kind == "BCELoss" else "warning"
        yield Fault(severity=severity, where=where, what=f"torch.nn.{loss.kind} {why.format(last)}.", expected="",
                    got=f"{last}, then torch.nn.{loss.kind}", fix=fix)  # fmt: skip


@rule("SW521", "torch-module-refuses", unless=("SW505", "SW516", "SW517"))
def refuses(context: Context) -> Iterator[Fault]:
    """A module, a function or a loss stops on the data.

    Error. Fires where it raises while the module runs on a few samples, and no other error explains that.
    """
    call = next((call for call in context.torch_calls if call.problem), None)
    if context.model is None or call is None or any(finding.severity == "error" for finding in context.findings):
        return
    place = f"{call.node.code}, line {call.node.line}," if call.node.code else call.name
    got = ", ".join(f"{name_of(context, call, value)} {sizes(context, value)}" for value in call.inputs[:2])
    what = f"{place} stops. PyTorch: {call.problem.splitlines()[0]}"
    yield Fault(severity="error", where="forward", what=what, got=got)
