"""`seqwise.explain`: the story of the shapes, from the data through each layer to the output."""

from __future__ import annotations

from typing import Any

from seqwise.axes import FEATURES, HORIZON, SAMPLES, TARGETS, TIMESTEPS
from seqwise.errors import ShapeError
from seqwise.shapes.explanation.data import (
    Held,
    hold,
    is_forecaster,
    listed,
    meanings_of,
    tell_data,
)
from seqwise.shapes.explanation.explanation import Explanation, Series, Tensor
from seqwise.shapes.explanation.kinds import Value, kind_of
from seqwise.shapes.explanation.kinds.call import names_for
from seqwise.shapes.explanation.steps import Steps, input_value, named, tell_reach
from seqwise.shapes.explanation.text import shape_words
from seqwise.shapes.explanation.walk import (
    count_parameters,
    graph_inputs,
    graph_of,
    guess_input,
    input_names,
    is_layer,
    walk_graph,
    walk_layers,
)
from seqwise.shapes.explanation.watch import arguments_of, walk_watched

BLOCK = {SAMPLES: "examples; each is treated by itself", TIMESTEPS: "the steps of one example, oldest first"}


def explain(model_or_data: Any, x: Any = None) -> Explanation:
    """Tell the story of the shapes: what the axes are, what each layer makes of them and why, and at what cost.

    Nothing is trained, and nothing is changed: neither the model, which need not be built, nor the data.

    Args:
        model_or_data: a Keras model of any kind (Sequential, functional, nested, subclassed; built or not), a layer, a
            list of layers, a trained estimator of Seqwise; or data: an array, a table, a list of sequences, a tensor,
            `seqwise.data.Windows`.
        x: the model's input, in any of these forms; it fills in sizes that the model leaves open, and names the
            features. For several inputs a list, or a dict by name.

    Returns:
        an `Explanation`: ``print`` it, ``.plot("shapes.png")`` it, or take it apart: ``.steps``, ``.to_dict()``.

    Raises:
        ShapeError: nothing is known of the shapes (a model that is not built, and no data), or `x` holds no numbers.

    Example:
        >>> import numpy as np
        >>> story = explain(np.zeros((85, 24, 3)))
        >>> story.inputs[0].axes
        (('samples', 85), ('timesteps', 24), ('features', 3))
    """
    if is_forecaster(model_or_data):
        return _explain_forecaster(model_or_data, x)
    if is_layer(getattr(model_or_data, "model_", None)):
        return _explain_model(model_or_data.model_, x)
    if is_layer(model_or_data) or _are_layers(model_or_data):
        return _explain_model(model_or_data, x)
    if x is not None:
        hint = " The model comes first: seqwise.explain(model, x)." if is_layer(x) else " Pass the model first."
        raise ShapeError(f"explain was given two things, but {type(model_or_data).__name__} is no model.{hint}")
    return tell_data(model_or_data)


def _are_layers(thing: Any) -> bool:
    return isinstance(thing, (list, tuple)) and bool(thing) and all(is_layer(part) or _is_input(part) for part in thing)


def _is_input(part: Any) -> bool:
    return type(part).__name__ == "KerasTensor"


def _explain_model(model: Any, x: Any) -> Explanation:
    graph = graph_of(model) if is_layer(model) else None
    names = [tensor.name for tensor in graph.inputs] if graph is not None else []
    held = hold(x, max(len(names), 1) if graph is not None else _count(x), names) if x is not None else []
    notes: list[str] = []
    if graph is not None:
        steps = Steps(graph_inputs(graph, [(one.shape, one.dtype) for one in held]))
        notes += _misfits(steps.inputs, held)
        outputs = walk_graph(graph, steps.inputs, steps)
    elif is_layer(model) and type(model).__name__ not in ("Sequential",) and hasattr(model, "fit"):
        given = arguments_of(model, [(one.shape, one.dtype) for one in held], [one.name for one in held])
        steps, outputs = walk_watched(model, given)
    else:
        layers = _layers(model)
        steps = Steps([_first_value(layers, held)])
        outputs = walk_layers([layer for layer in layers if not _is_input(layer)], steps.inputs[0], steps)
    if any(step.fails for step in steps.found):
        notes.append(
            "The story ends where the shapes do not fit: seqwise.check(layers, x) names the fault and the fix."
        )
    total = count_parameters(model) if is_layer(model) and _is_built(model) else _sum(steps)
    frozen = sum(step.parameters or 0 for step in steps.found if not step.trained) if total is not None else 0
    trainable = _trainable(model) if is_layer(model) and _is_built(model) else (total or 0) - frozen
    return Explanation(
        _title(model, steps), tuple(_input(value, held, i) for i, value in enumerate(steps.inputs)),
        tuple(_output(steps, value, outputs) for value in outputs), tuple(steps.found), total,
        None if total is None else trainable, tuple(notes), _series(steps.inputs, held),
    )  # fmt: skip


def _explain_forecaster(forecaster: Any, x: Any) -> Explanation:
    if not hasattr(forecaster, "model_"):
        return _explain_recipe(forecaster, x)
    series, window = forecaster.series_, forecaster.window
    story = _explain_model(forecaster.model_, None)
    plan = forecaster.plan_
    samples = len(plan.windows("train")) if plan is not None else None
    columns, targets = tuple(series.columns), tuple(series.target_names)
    first, *others = story.inputs
    first = Tensor(
        first.name, ((SAMPLES, samples), *first.axes[1:]),
        {
            SAMPLES: "windows of the training part" if samples is not None else "windows",
            TIMESTEPS: f"{window:,} rows in a row, {series.time_index.frequency} apart, oldest first",
            FEATURES: listed(columns) + f" (scaled; the past of {listed(targets)} comes first)",
        },
        columns,
    )  # fmt: skip
    axes = ((SAMPLES, samples), *((TIMESTEPS, window),) * bool(forecaster.return_sequences),
            (HORIZON, forecaster.horizon), (TARGETS, len(targets)))  # fmt: skip
    after = "each timestep" if forecaster.return_sequences else "the window"
    output = Tensor(
        "forecast", axes, {HORIZON: f"the {forecaster.horizon:,} rows after {after}", TARGETS: listed(targets)},
        targets, story.outputs[0].reach,
    )  # fmt: skip
    drawn = series.values[-400:, 0]
    return Explanation(
        f"Forecaster: {window:,} rows to {forecaster.horizon:,} of {listed(targets)}; "
        f"{story.parameters or 0:,} parameters",
        (first, *others), (output,), story.steps, story.parameters, story.trainable, story.notes,
        Series(drawn, window, forecaster.horizon, columns[0]),
    )  # fmt: skip


def _explain_recipe(forecaster: Any, x: Any) -> Explanation:
    window, horizon = forecaster.window, forecaster.horizon
    held = hold(x)[0] if x is not None else None
    columns = held.columns if held is not None else ()
    tensor = Tensor(
        "x", ((SAMPLES, None), (TIMESTEPS, window), (FEATURES, None)),
        {SAMPLES: "windows, cut from the table", TIMESTEPS: f"{window:,} rows in a row, oldest first",
         FEATURES: "the targets' own past, and the columns named as features"},
        columns,
    )  # fmt: skip
    output = Tensor("forecast", ((SAMPLES, None), (HORIZON, horizon), (TARGETS, None)),
                    {HORIZON: f"the {horizon:,} rows after the window"})  # fmt: skip
    return Explanation(
        f"Forecaster, not trained yet: {window:,} rows to {horizon:,}", (tensor,), (output,),
        notes=("Its layers are built by fit. forecaster.shapes(table, target=…) tells the sizes before that.",),
        series=Series(held.series.values if held is not None and held.series else None, window, horizon),
    )  # fmt: skip


def _layers(model: Any) -> list[Any]:
    if isinstance(model, (list, tuple)):
        return list(model)
    return list(model.layers) if hasattr(model, "layers") and hasattr(model, "fit") else [model]


def _first_value(layers: list[Any], held: list[Held]) -> Value:
    first = layers[0]
    if held:
        real = [layer for layer in layers if not _is_input(layer) and type(layer).__name__ != "InputLayer"]
        shape = (None, *held[0].shape[1:])
        readers = [kind_of(real[0])] if real else []
        return input_value("x", shape, input_names(shape, held[0].dtype, readers), held[0].dtype)
    given = tuple(first.shape) if _is_input(first) else getattr(first, "batch_shape", None)
    given = given or ((None, *first._input_shape_arg) if getattr(first, "_input_shape_arg", None) else None)
    if given is not None:
        reader = next((kind_of(part) for part in layers if not _is_input(part) and part is not first), "")
        readers = [reader, kind_of(first)]
        dtype = str(getattr(first, "dtype", "float32")) if _is_input(first) else "float32"
        return input_value("x", tuple(given), input_names(tuple(given), dtype, readers), dtype)
    return guess_input(layers)


def _input(value: Value, held: list[Held], place: int) -> Tensor:
    one = held[place] if place < len(held) else None
    fits = one is not None and len(one.shape) == value.rank
    axes = named(value)
    if one is not None and fits:
        axes = ((axes[0][0], one.shape[0]), *axes[1:])
    meanings = meanings_of(one) if one is not None and fits and value.rank == 3 else {}
    if not meanings:
        meanings = {name: words for name, words in BLOCK.items() if name in value.axes}
        if FEATURES in value.axes:
            size = value.size(FEATURES)
            each = "timestep" if TIMESTEPS in value.axes else "example"
            meanings[FEATURES] = f"the numbers at each {each}" if size is None else (
                f"the {size:,} number{'s' if size != 1 else ''} at each {each}")  # fmt: skip
        elif TIMESTEPS in value.axes and value.dtype != "bool":
            meanings[TIMESTEPS] = "the tokens of one example, in their order"
    columns = one.columns if one is not None else ()
    if columns and len(columns) == value.size(FEATURES):
        meanings[FEATURES] = listed(columns)
    return Tensor(value.made_by, axes, meanings, columns, says=one.says if one is not None else value.dtype)


def _output(steps: Steps, value: Value, outputs: list[Value]) -> Tensor:
    name = value.made_by if [v.made_by for v in outputs].count(value.made_by) == 1 else (
        f"{value.made_by} {[id(v) for v in outputs].index(id(value)) + 1}")  # fmt: skip
    return Tensor(name, named(value), {}, reach=tell_reach(steps.inputs, value))


def _misfits(values: list[Value], held: list[Held]) -> list[str]:
    notes = []
    for value, one in zip(values, held, strict=False):
        shape = one.shape
        fits = len(shape) == value.rank and all(
            a is None or b is None or a == b for a, b in zip(value.shape[1:], shape[1:], strict=True)
        )
        if not fits:
            held_axes = shape_words(tuple(zip(names_for(len(shape)), shape, strict=True)))
            notes.append(
                f"{one.name} {held_axes} does not fit the model's input {value.made_by} {shape_words(named(value))}: "
                f"seqwise.check(model, {one.name}) names the fault and the fix."
            )
    if held and len(held) != len(values):
        notes.append(f"The model has {len(values)} inputs, and {len(held)} came.")
    return notes


def _series(values: list[Value], held: list[Held]) -> Series | None:
    timed = next((value for value in values if TIMESTEPS in value.axes and value.rank >= 2), None)
    if timed is None:
        return None
    window = timed.size(TIMESTEPS) or 0
    drawn = held[0].series if held else None
    return Series(drawn.values if drawn else None, window, drawn.horizon if drawn else 0, drawn.name if drawn else "")


def _title(model: Any, steps: Steps) -> str:
    layers = sum(bool(step.outputs or step.fails) for step in steps.found)
    several = f"{layers} layer{'s' if layers != 1 else ''}"
    if isinstance(model, (list, tuple)):
        return f"A list of {several}"
    return f"{type(model).__name__} {model.name!r}: {several}"


def _count(x: Any) -> int:
    return len(x) if isinstance(x, (list, tuple)) else 1


def _is_built(model: Any) -> bool:
    return all(layer.built for layer in model._flatten_layers())


def _sum(steps: Steps) -> int | None:
    counts = [step.parameters for step in steps.found]
    return None if None in counts else sum(count or 0 for count in counts)


def _trainable(model: Any) -> int:
    total = 0
    for weight in model.trainable_weights:
        size = 1
        for n in weight.shape:
            size *= n
        total += size
    return total
