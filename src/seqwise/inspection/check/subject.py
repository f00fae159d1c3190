"""From what a user hands to `check` to the context that the rules look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from seqwise.errors import NotFittedError, SettingError
from seqwise.inspection.check.construction import failed_construction
from seqwise.inspection.check.context import Context, Output
from seqwise.inspection.check.data_sources import open_sources
from seqwise.inspection.check.losses import spread_losses
from seqwise.inspection.check.names import Names
from seqwise.inspection.check.order import fitting_order, is_exchanged
from seqwise.inspection.check.torch_subject import read_module
from seqwise.inspection.data import read_arrays
from seqwise.inspection.graph import Call, is_sequence
from seqwise.inspection.layer_kinds import NEEDS_TIME, PASSES_ON, is_a, needed_rank
from seqwise.inspection.model_inputs import Input, first_need, inputs_of, trace_inputs
from seqwise.inspection.restore import left_as_found
from seqwise.inspection.torch_trace import is_torch_module


def read_subject(
    model: Any,
    x: Any,
    y: Any,
    *,
    validation: Any = None,
    loss: Any = None,
    names: Names | None = None,
    fit: dict[str, Any] | None = None,
    **known: Any,
) -> Context:
    """Read the model and the data into a `Context`; any of them may be None.

    Args:
        fit: for an estimator, further arguments of its `fit`.

    Raises:
        SettingError: there are such arguments, and the model is not an estimator.
    """
    names = names or Names()
    context = Context(names=names, passed_model=model is not None, **known)
    if hasattr(model, "training_data"):
        model, x, y, validation, loss = _read_estimator(context, model, x, y, fit or {}, loss)
    elif fit:
        raise SettingError(
            f"check takes no argument {next(iter(fit))!r}. Further arguments are those of an estimator's fit, and "
            f"{type(model).__name__} is not one."
        )
    elif callable(model) and not hasattr(model, "get_config") and not is_torch_module(model):
        model = _build(model, context)
    elif is_a(model, "Layer") and not is_a(model, "Model"):
        model = [model]
    x, y, validation = open_sources(context, x, y, validation)
    if is_torch_module(model):
        read_module(context, model, x, y, loss)
        _read_validation(context, validation)
        return context
    context.model = None if isinstance(model, (list, tuple)) else model
    _trace(context, model, inputs_of(model, x, names.of(x, "x")))
    order = fitting_order(context.inputs)
    if order is not None:  # one fault is not to hide the others: the rules look at the arrays as they fit
        passed = [entry.data for entry in context.inputs if entry.data is not None]
        context.exchanged = tuple(passed[index].name for index in order)
        for entry, index, place in zip(context.inputs, order, passed, strict=True):
            entry.data, entry.needs, entry.embedded = replace(passed[index], name=place.name), None, None
        _trace(context, model, context.inputs)
    _read_outputs(context, model, y, loss)
    _read_validation(context, validation)
    return context


def _read_estimator(
    context: Context, estimator: Any, x: Any, y: Any, fit: dict[str, Any], loss: Any
) -> tuple[Any, Any, Any, Any, Any]:
    """Return (model, x, y, validation, loss) as the estimator's `fit` trains on them."""
    name = type(estimator).__name__
    passed = [part for part in (x, y) if part is not None]
    try:
        data = estimator.training_data(*passed, **fit)
    except NotFittedError:
        context.unexamined.append(f"the {name}: it is not trained yet. Pass what its fit takes.")
        context.passed_model = False
        return None, None, None, None, loss
    if data is None:
        context.unexamined.append("the training data, which a run does not keep. Pass what its fit takes.")
        return estimator.model_, None, None, None, loss
    context.data_from = dict.fromkeys(("x", "validation"), f"the {name}")
    context.scaler = getattr(estimator, "scaler_", None) if not passed else None
    parts: Any = getattr(data.summary, "parts", None)
    context.training_rows = getattr(parts[0], "rows", None) if is_sequence(parts) and parts else None
    looked_at = len(next(iter(data.x.values())))
    if looked_at < data.samples:
        context.looked_at = f"{looked_at:,} of {data.samples:,} training samples"
    model = getattr(estimator, "model_", data.model)
    return model, data.x, data.y, data.validation, data.loss if loss is None else loss


def _build(build: Any, context: Context) -> Any:
    try:
        with left_as_found():
            return build()
    except Exception as error:
        context.construction = failed_construction(error)
        context.names.variables.update(context.construction.variables)
        return context.construction.layers


def _trace(context: Context, model: Any, inputs: list[Input]) -> None:
    """Trace the model with the shapes of the data."""
    context.inputs, need = inputs, first_need(model)
    unmade = context.construction.layer_class if context.construction is not None else None
    if need is None and unmade is not None and not NEEDS_TIME.isdisjoint(c.__name__ for c in unmade.__mro__):
        need = context.inputs[0].needs = 3  # the layer that could not be made would have read it
    if model is not None:
        context.graph = trace_inputs(model, inputs, need)
    _read_needs(context)


def _read_needs(context: Context) -> None:
    """Find, for each input, the first layer that has an opinion on its axes."""
    for index, entry in enumerate(context.inputs):
        call = next((call for call in context.calls if _reads(call, index, context)), None)
        if call is not None and is_a(call.layer, "Embedding"):
            entry.needs, entry.embedded = 2, call.layer
        elif call is not None:
            flat = entry.data is not None and len(entry.data.shape) < 3 and is_a(call.layer, "TimeDistributed")
            entry.needs = needed_rank(call.layer) or (3 if flat else None)


def _reads(call: Call, index: int, context: Context) -> bool:
    """Tell whether a call reads an input, directly or through layers that leave the shape as it is."""
    if is_a(call.layer, *PASSES_ON):
        return False
    if not context.graph.inputs:
        return not call.inputs or call.source is None
    for value in call.inputs:
        while value.call is not None and is_a(value.call.layer, *PASSES_ON) and value.call.inputs:
            value = value.call.first
        if value in context.graph.inputs[index : index + 1]:
            return True
    return False


def _read_outputs(context: Context, model: Any, y: Any, loss: Any) -> None:
    values = context.graph.outputs
    called = list(getattr(model, "output_names", None) or [f"output_{index}" for index in range(len(values))])
    targets = read_arrays(y, called, context.names.of(y, "y"))
    count = max(len(values), len(targets), 1)
    called += [f"output_{index}" for index in range(len(called), count)]
    compiled = getattr(model, "loss", None) if getattr(model, "compiled", False) else None
    losses = spread_losses(compiled if loss is None else loss, called)
    context.outputs = [Output(name) for name in called[:count]]
    for output, value in zip(context.outputs, values, strict=False):
        output.shape, output.call = value.shape, value.call
    for output, target in zip(context.outputs, targets, strict=False):
        output.target = target
    for output, known in zip(context.outputs, losses, strict=False):
        output.loss = known
    if targets and targets[0].shape:
        for entry in context.inputs:
            entry.labelled = targets[0].samples


def _read_validation(context: Context, validation: Any) -> None:
    if validation is None:
        return
    x, y = validation, None
    if is_sequence(validation) and len(validation) in (2, 3):
        x, y = validation[0], validation[1]
    names = context.names
    inputs, outputs = ([part.name for part in parts] for parts in (context.inputs, context.outputs))
    data = [entry.data for entry in context.inputs if entry.data is not None]
    targets = [output.target for output in context.outputs if output.target is not None]
    if data and targets and is_exchanged(data, targets, read_arrays(x, outputs, ""), read_arrays(y, inputs, "")):
        context.validation_exchanged = names.of(validation, ""), names.of(x, ""), names.of(y, "")
        x, y = y, x
    arrays = read_arrays(x, inputs, names.of(x, "x_val"))
    if context.exchanged and len(arrays) == len(data):
        places = [array.name for array in data]
        arrays = [arrays[places.index(name)] for name in context.exchanged]
    for entry, array in zip(context.inputs, arrays, strict=False):
        entry.validation = array
    for output, array in zip(context.outputs, read_arrays(y, outputs, names.of(y, "y_val")), strict=False):
        output.validation = array
