"""From what a user hands over to the context that the rules look at."""

from __future__ import annotations

from typing import Any

from seqwise.shapes.arrays import Array, read_arrays
from seqwise.shapes.construction import read_failure
from seqwise.shapes.context import Context, Input, Output
from seqwise.shapes.layer_kinds import NEEDS_TIME, PASSES_ON, is_a, needed_rank
from seqwise.shapes.losses import compiled_losses, spread_losses
from seqwise.shapes.names import Names
from seqwise.shapes.walk import Shape, Step, inner_layers, walk_functional, walk_layers


def gather(
    model: Any,
    x: Any,
    y: Any,
    *,
    validation: Any = None,
    loss: Any = None,
    names: Names | None = None,
    **known: Any,
) -> Context:
    """Read the model and the data into a `Context`; any of them may be None."""
    names = names or Names()
    context = Context(names=names, **known)
    if hasattr(model, "plan_") and hasattr(model, "model_"):
        from seqwise.shapes.fitted import read_forecaster

        context.forecaster = model
        x, y, validation, model = read_forecaster(model)
    elif callable(model) and not hasattr(model, "get_config"):
        model = _build(model, context)
    elif is_a(model, "Layer") and not is_a(model, "Model"):
        model = [model]
    if not isinstance(model, (list, tuple)):
        context.model = model
    _read_inputs(context, model, x, names)
    _walk(context, model)
    _read_needs(context)
    _read_outputs(context, model, y, loss, names)
    _read_validation(context, validation, names)
    return context


def _build(build: Any, context: Context) -> Any:
    from seqwise.shapes.trace import unnoticed

    try:
        with unnoticed():
            return build()
    except Exception as error:
        context.construction, layers = read_failure(error)
        return layers


def _read_inputs(context: Context, model: Any, x: Any, names: Names) -> None:
    context.inputs = declared_inputs(model)
    called = names.of(x, "x")
    arrays = read_arrays(x, [one.name for one in context.inputs], called)
    if not context.inputs:
        context.inputs = [Input(f"input_{index}") for index in range(max(len(arrays), 1))]
    for one, array in zip(context.inputs, arrays, strict=False):
        one.data = array


def declared_inputs(model: Any) -> list[Input]:
    """Return the inputs that a model declares; an empty list where it declares none yet."""
    if isinstance(model, (list, tuple)):
        first = next((layer for layer in model if is_a(layer, "InputLayer")), None)
        if first is None and model and getattr(model[0], "_keras_history", None) is not None:
            first = model[0]._keras_history.operation  # keras.Input gives a tensor
        shape = getattr(first, "batch_shape", None) or getattr(model[0] if model else None, "_input_shape_arg", None)
        if shape is None:
            return []
        shape = tuple(shape) if first is not None else (None, *shape)
        return [Input("input", shape, layer=first)]
    tensors = getattr(model, "_inputs", None) or (getattr(model, "inputs", None) if _has_graph(model) else None)
    if not tensors:
        return []
    found = []
    for tensor in tensors:
        history = getattr(tensor, "_keras_history", None)
        layer = history.operation if history is not None else None
        shape = layer.batch_shape if layer is not None and is_a(layer, "InputLayer") else tensor.shape
        found.append(Input(getattr(layer, "name", "input"), tuple(shape), layer=layer))
    return found


def _has_graph(model: Any) -> bool:
    if is_a(model, "Sequential"):
        return bool(model.built and getattr(model, "_functional", None) is not None)
    return is_a(model, "Functional")


def _walk(context: Context, model: Any) -> None:
    need = _first_need(model)
    made = context.construction
    unmade = {cls.__name__ for cls in made.layer_class.__mro__} if made is not None and made.layer_class else set()
    if need is None and not NEEDS_TIME.isdisjoint(unmade):
        need = context.inputs[0].needs = 3  # the layer that could not be made would have read it
    shapes = [_assumed(one, need) for one in context.inputs]
    layers = inner_layers(model)
    context.sequential = layers is not None
    if model is None:
        return
    if layers is not None:
        context.walk = walk_layers([layer for layer in layers if hasattr(layer, "compute_output_shape")], shapes[0])
    elif is_a(model, "Functional"):
        context.walk = walk_functional(model, shapes)
    elif is_a(model, "Model"):
        from seqwise.shapes.trace import walk_subclassed

        context.walk = walk_subclassed(model, shapes)


def _first_need(model: Any) -> int | None:
    """Return the rank that the first layer with an opinion needs: 2 for an Embedding; None where it is unknown."""
    layers = inner_layers(model) if model is not None else None
    for layer in layers or []:
        if is_a(layer, "InputLayer"):
            continue
        if is_a(layer, "Embedding"):
            return 2
        if is_a(layer, "TimeDistributed"):
            return max(3, needed_rank(layer.layer) or 0) if needed_rank(layer.layer) is None else None
        need = needed_rank(layer)
        if need is not None or not is_a(layer, *PASSES_ON, "Dense"):
            return need
    return None


def _assumed(one: Input, need: int | None) -> Shape | None:
    """Return the shape that the walk starts with: as declared, else as held, with the rank mended where it is wrong."""
    held = one.data
    if one.declared is not None:
        shape = one.declared
        if held is not None and len(held.shape) == len(shape):
            filled = (
                size if size is not None else there for size, there in zip(shape[1:], held.shape[1:], strict=True)
            )
            return (None, *filled)
        return (None, *shape[1:])
    if held is None:
        return (None,) * need if need and need > 1 else None
    if held.kind == "ragged":
        inner = held.inner or ((1,) if need == 3 else ())
        return (None, None, *inner)
    if not held.shape:
        return None
    shape = list(held.shape[1:])
    if need is not None:
        while len(shape) > need - 1 and 1 in shape[::-1]:
            del shape[len(shape) - 1 - shape[::-1].index(1)]
        if len(shape) == need - 2:
            shape.append(1)
        if len(shape) != need - 1:
            return (None, *(None,) * (need - 1))
    return (None, *shape)


def _read_needs(context: Context) -> None:
    """Find, for each input, the first layer that has an opinion on its axes."""
    for index, one in enumerate(context.inputs):
        for step in context.steps:
            if not _reads(step, one, index, context):
                continue
            if is_a(step.layer, "Embedding"):
                one.needs, one.embedded = 2, step.layer
            else:
                one.needs = 3 if is_a(step.layer, "TimeDistributed") else needed_rank(step.layer)
            break


def _reads(step: Step, one: Input, index: int, context: Context) -> bool:
    """Tell whether a step reads an input, directly or through layers that leave the shape as it is."""
    if is_a(step.layer, *PASSES_ON):
        return False
    if context.sequential or len(context.inputs) == 1:
        source = step.sources[0] if step.sources else None
        while source is not None and is_a(source.layer, *PASSES_ON):
            source = source.sources[0] if source.sources else None
        return source is None
    node = getattr(one.layer, "_outbound_nodes", [])
    return any(step.layer is follower.operation for follower in node)


def _read_outputs(context: Context, model: Any, y: Any, loss: Any, names: Names) -> None:
    walk = context.walk
    called = output_names(model, len(walk.outputs))
    targets = read_arrays(y, called, names.of(y, "y"))
    count = max(len(walk.outputs), len(targets), 1)
    called = called or [f"output_{index}" for index in range(count)]
    losses = compiled_losses(model, called) if loss is None else spread_losses(loss, called)
    context.outputs = [
        Output(
            called[index] if index < len(called) else f"output_{index}",
            walk.outputs[index] if index < len(walk.outputs) else None,
            walk.ends[index] if index < len(walk.ends) else None,
            targets[index] if index < len(targets) else None,
            None,
            losses[index] if index < len(losses) else None,
        )
        for index in range(count)
    ]
    if targets and targets[0].shape:
        for one in context.inputs:
            one.labelled = targets[0].samples


def output_names(model: Any, count: int) -> list[str]:
    names = getattr(model, "output_names", None)
    return list(names) if names else [f"output_{index}" for index in range(count)]


def _read_validation(context: Context, validation: Any, names: Names) -> None:
    if validation is None:
        return
    x, y = (validation[0], validation[1]) if _is_pair(validation) else (validation, None)
    arrays: list[Array] = read_arrays(x, [one.name for one in context.inputs], names.of(x, "x_val"))
    for one, array in zip(context.inputs, arrays, strict=False):
        one.validation = array
    targets = read_arrays(y, [one.name for one in context.outputs], names.of(y, "y_val"))
    for output, array in zip(context.outputs, targets, strict=False):
        output.validation = array


def _is_pair(validation: Any) -> bool:
    return isinstance(validation, (list, tuple)) and len(validation) in (2, 3)
