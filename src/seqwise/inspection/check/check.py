"""`seqwise.check`: what is wrong with a model, its data and its loss, before anything is trained."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.names import Names
from seqwise.inspection.check.report import Report
from seqwise.inspection.check.rules import RULES
from seqwise.inspection.check.subject import read_subject
from seqwise.inspection.check.torch_selectors import for_torch
from seqwise.inspection.data import Array
from seqwise.inspection.trace import first_line


def check(
    model: Any = None,
    x: Any = None,
    y: Any = None,
    *,
    validation: Any = None,
    loss: Any = None,
    scaler: Any = None,
    groups: Any = None,
    validation_groups: Any = None,
    batch_size: int | None = None,
    streaming: bool = False,
    **fit: Any,
) -> Report:
    """Report what will fail, and what will train and be wrong, without changing the model or the data.

    Every argument is optional; the rules look at what there is.

    Args:
        model: a Keras model of any kind, built or not, compiled or not; a list of layers; a function that builds the
            model (for one that Keras refuses to build: the fault is read from its error); a PyTorch module, whose
            `forward` runs on a few samples; an estimator of Seqwise, fitted or not, whose `x`, `y` and further
            arguments are then those of its `fit`; without them, what it was fitted on is examined.
        x: the input, shape (samples, timesteps, features), or what you have: an array, nested lists, a pandas, polars
            or pyarrow table, a tensor of JAX, TensorFlow or PyTorch; for several inputs a list or a dict by name.
        y: the target, in the same forms.
        validation: ``(x, y)`` of the validation set, for the rules on leakage; or x alone.
        loss: as for `keras.Model.compile`; left out, that of the compiled model. For a PyTorch module what is called
            as ``loss(module(x), y)``: a module, a function, or a lambda that reshapes as your training loop does.
        scaler: the fitted scaler (scikit-learn's or Seqwise's) that made `x`.
        groups, validation_groups: one label for each sample: which series, patient or machine it comes from.
        batch_size: samples in a batch, for stateful layers.
        streaming: the model is to run one timestep at a time.

    Returns:
        a `Report`: print it, or ask it: ``report.errors``, ``report.findings[0].fix``.

    Example:
        >>> import numpy as np
        >>> print(check(None, np.zeros((8, 10, 3)), np.zeros((9, 1))).findings[0].name)
        sample-counts-differ
    """
    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    names = Names({**caller.f_globals, **caller.f_locals} if caller is not None else {})
    context = read_subject(
        model, x, y, validation=validation, loss=loss, names=names, fit=fit, scaler=scaler, groups=groups,
        validation_groups=validation_groups, batch_size=batch_size, streaming=streaming,
    )  # fmt: skip
    return run_rules(context)


def run_rules(context: Context, only: Sequence[str] | None = None) -> Report:
    """Run the rules (all, or those of these codes) on a context that is already there."""
    with np.errstate(all="ignore"):  # data with NaN, infinity or 1e300 are looked at like any other
        for code, rule in RULES.items():
            if only is None or code in only:
                findings = rule.findings(context)
                context.findings += [for_torch(context, finding) for finding in findings] if context.torch else findings
    return Report(context.findings, _subject(context), [*context.unexamined, *_not_reached(context)])


def _not_reached(context: Context) -> list[str]:
    """What was passed and could not be looked at, where no finding says why."""
    sentences: list[str] = []
    if context.passed_model and not any(finding.severity == "error" for finding in context.findings):
        error = context.construction.error if context.construction is not None else None
        if error is not None:
            sentences.append(f"the model, since it cannot be built: {type(error).__name__}: {first_line(error)}")
        elif not context.graph.layers:
            sentences.append(f"the model: {context.graph.failure or 'it has no layers'}")
        elif context.graph.failure and not context.has("SW5"):
            sentences.append(f"what follows {context.graph.layers[-1].name!r} in the model: {context.graph.failure}")
        elif not context.graph.outputs and any(output.target is not None for output in context.outputs):
            sentences.append("whether the targets fit the model, whose output shape is not known without x")
    for array in context.arrays:
        if array.kind == "unknown":
            kind = type(array.original).__name__
            described = f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"
            sentences.append(f"{array.name}: no numbers, texts or tables can be read from {described}")
    return sentences


def _subject(context: Context) -> str:
    model = ""
    if context.torch:
        count = len({id(call.layer) for call in context.torch_calls if hasattr(call.layer, "named_modules")})
        model = f"{type(context.model).__name__}, {count} module{'s' if count != 1 else ''}"
    elif context.calls:
        name = getattr(context.model, "name", None)
        count = f"{len(context.calls)} layer{'s' if len(context.calls) != 1 else ''}"
        model = f"model {name!r}, {count}" if isinstance(name, str) else count
    x = _sizes("x", [entry.data for entry in context.inputs])
    y = _sizes("y", [output.target for output in context.outputs])
    return "; ".join(filter(None, [model, x, y, context.looked_at]))


def _sizes(label: str, arrays: list[Array | None]) -> str:
    sizes = [_size(array) for array in arrays if array is not None and array.kind != "unknown"]
    return f"{label} {', '.join(sizes)}" if sizes else ""


def _size(array: Array) -> str:
    if array.kind == "ragged":
        return f"{len(array.lengths):,} sequences of {min(array.lengths):,} to {max(array.lengths):,} timesteps"
    sizes = array.sizes
    if sizes and None not in sizes and len(getattr(array.original, "shape", ())) == len(sizes):
        sizes = array.original.shape  # as the user has it: a PyTorch module may read time first
    return str(tuple(None if size is None else int(size) for size in sizes))
