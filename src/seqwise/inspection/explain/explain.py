"""`seqwise.explain`: what the axes mean, from the data through each layer to the output."""

from __future__ import annotations

import itertools
import math
import sys
from dataclasses import replace
from typing import Any

from seqwise.axes import FEATURES, HORIZON, SAMPLES, TARGETS, TIMESTEPS
from seqwise.errors import ShapeError
from seqwise.inspection.copies import is_built
from seqwise.inspection.data import Array, read_array
from seqwise.inspection.effects.effect import names_for, number
from seqwise.inspection.explain.content import Axes, Series, Step, Tensor
from seqwise.inspection.explain.data import MOST_DRAWN, drawn, explain_data, listed, meanings_of, readable, words_for
from seqwise.inspection.explain.explanation import Explanation
from seqwise.inspection.explain.steps import count_parameters, field_words, named, steps_of
from seqwise.inspection.explain.text import shape_words
from seqwise.inspection.graph import Graph, Value, is_sequence
from seqwise.inspection.layer_kinds import inner_layers, is_a
from seqwise.inspection.model_inputs import inputs_of, trace_inputs

BLOCK = {SAMPLES: "examples; each is treated by itself", TIMESTEPS: "the steps of one example, oldest first"}


def explain(model_or_data: Any, x: Any = None) -> Explanation:
    """Explain the shapes: what the axes are, what each layer makes of them and why, and at what cost.

    Nothing is trained, and nothing is changed: neither the model, which need not be built, nor the data.

    Args:
        model_or_data: a Keras model of any kind (Sequential, functional, nested, subclassed; built or not), a layer, a
            list of layers, an estimator of Seqwise; or data: an array, a table, a list of sequences, a tensor,
            `seqwise.data.Windows`.
        x: the model's input, in any of these forms; it fills in sizes that the model leaves open, and names the
            features. For several inputs a list, or a dict by name.

    Returns:
        an `Explanation`: ``print`` it, ``.plot("shapes.png")`` it, or take it apart: ``.steps``, ``.to_dict()``.

    Raises:
        ShapeError: nothing is known of the shapes (a model that is not built, and no data), or `x` holds no numbers.

    Example:
        >>> import numpy as np
        >>> explanation = explain(np.zeros((85, 24, 3)))
        >>> explanation.inputs[0].axes
        (('samples', 85), ('timesteps', 24), ('features', 3))
    """
    if _is_forecaster(model_or_data):
        return _explain_forecaster(model_or_data, x)
    if _is_layer(getattr(model_or_data, "model_", None)):
        return _explain_model(model_or_data.model_, x)
    if _is_layer(model_or_data) or _are_layers(model_or_data):
        return _explain_model(model_or_data, x)
    if x is not None:
        hint = " The model comes first: seqwise.explain(model, x)." if _is_layer(x) else " Pass the model first."
        if _is_module(model_or_data):
            hint = " It is a PyTorch module, which seqwise.check(module, x, y, loss=…) reads."
        raise ShapeError(
            f"explain was given two things, but {type(model_or_data).__name__} is not a Keras model.{hint}"
        )
    return explain_data(model_or_data)


def _is_layer(thing: Any) -> bool:
    """Tell whether something is a Keras layer or model (False where Keras was never imported)."""
    keras = sys.modules.get("keras")
    return keras is not None and hasattr(keras, "Layer") and isinstance(thing, keras.Layer)


def _is_module(thing: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.nn.Module)


def _are_layers(thing: Any) -> bool:
    if not is_sequence(thing) or not thing:
        return False
    return all(_is_layer(part) or type(part).__name__ == "KerasTensor" for part in thing)


def _is_forecaster(thing: Any) -> bool:
    return all(hasattr(thing, name) for name in ("window", "horizon", "return_sequences", "fit", "forecast_columns"))


def _explain_model(model: Any, x: Any) -> Explanation:
    if _is_layer(model) and not is_a(model, "Model"):
        model = [model]
    inputs = inputs_of(model, x, "x")
    data = [] if x is None else readable([entry.data for entry in inputs], x)
    graph = trace_inputs(model, inputs)
    if not graph.inputs:
        raise ShapeError(_unknown(model))
    steps = steps_of(graph)
    failed = bool(steps) and bool(steps[-1].fails)
    if not steps and graph.failure:
        raise ShapeError(f"The model cannot be followed: {graph.failure}.")
    notes = _misfits(graph.inputs, data)
    if failed or graph.failure:
        notes.append(
            "The explanation ends where the shapes do not fit: seqwise.check(model, x) names the fault and the fix."
        )
    whole = _is_layer(model) and is_built(model)
    counts = [step.parameters for step in steps]
    total = count_parameters(model) if whole else None if None in counts else sum(count or 0 for count in counts)
    frozen = sum(step.parameters or 0 for step in steps if not step.trained) if total is not None else 0
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights) if whole else (total or 0) - frozen
    return Explanation(
        _title(model, steps),
        tuple(_input(value, array) for value, array in itertools.zip_longest(graph.inputs, data[: len(graph.inputs)])),
        () if failed else tuple(_output(graph, value) for value in graph.outputs),
        steps,
        total,
        None if total is None else trainable,
        tuple(notes),
        _series(graph.inputs, data),
    )


def _unknown(model: Any) -> str:
    if inner_layers(model) is None:
        return (
            f"The model {model.name!r} is not built, so the shapes in it are not known. Pass the data as well, "
            "seqwise.explain(model, x), or call it once, model(x[:1])."
        )
    return (
        "The model is not built, and its first layer does not tell what it expects. Pass the data as well, "
        "seqwise.explain(model, x), or begin the model with keras.Input(shape=(timesteps, features))."
    )


def _explain_forecaster(forecaster: Any, x: Any) -> Explanation:
    if not hasattr(forecaster, "model_"):
        return _explain_recipe(forecaster, x)
    if forecaster.panel_ is not None:
        return _explain_model(forecaster.model_, None)
    series, window, horizon = forecaster.series_, forecaster.window, forecaster.horizon
    network = _explain_model(forecaster.model_, None)
    samples = len(forecaster.plan_.windows("train")) if forecaster.plan_ is not None else None
    columns, targets = tuple(series.columns), tuple(series.target_names)
    first = replace(
        network.inputs[0],
        axes=((SAMPLES, samples), *network.inputs[0].axes[1:]),
        meanings={
            SAMPLES: "windows of the training set" if samples is not None else "windows",
            TIMESTEPS: f"{window:,} rows in a row, {series.time_index.frequency} apart, oldest first",
            FEATURES: listed(columns) + f" (scaled; the past of {listed(targets)} comes first)",
        },
        columns=columns,
        says="",
    )
    each_step = ((TIMESTEPS, window),) if forecaster.return_sequences else ()
    output = Tensor(
        "forecast",
        ((SAMPLES, samples), *each_step, (HORIZON, horizon), (TARGETS, len(targets))),
        {
            HORIZON: f"the {horizon:,} rows after {'each timestep' if each_step else 'the window'}",
            TARGETS: listed(targets),
        },
        targets,
        network.outputs[0].receptive_field,
    )
    parameters = f"{network.parameters or 0:,} parameters"
    return replace(
        network,
        title=f"Forecaster: {window:,} rows to {horizon:,} of {listed(targets)}; {parameters}",
        inputs=(first, *network.inputs[1:]),
        outputs=(output,),
        series=Series(series.values[-MOST_DRAWN:, 0], window, horizon, columns[0]),
    )


def _explain_recipe(forecaster: Any, x: Any) -> Explanation:
    window, horizon = forecaster.window, forecaster.horizon
    table = readable([read_array(x, "x")], x)[0] if x is not None else None
    series = drawn(table) if table is not None else None
    inputs = Tensor(
        "x",
        ((SAMPLES, None), (TIMESTEPS, window), (FEATURES, None)),
        {
            SAMPLES: "windows, cut from the table",
            TIMESTEPS: f"{window:,} rows in a row, oldest first",
            FEATURES: "the targets' own past, and the columns named as features",
        },
        table.columns if table is not None else (),
    )
    outputs = Tensor(
        "forecast",
        ((SAMPLES, None), (HORIZON, horizon), (TARGETS, None)),
        {HORIZON: f"the {horizon:,} rows after the window"},
    )
    return Explanation(
        f"Forecaster, not trained yet: {window:,} rows to {horizon:,}",
        (inputs,),
        (outputs,),
        notes=("Its layers are built by fit. forecaster.shapes(table, target=…) tells the sizes before that.",),
        series=Series(series.values if series is not None else None, window, horizon),
    )


def _input(value: Value, array: Array | None) -> Tensor:
    axes, columns, meanings = named(value), array.columns if array is not None else (), dict[str, str]()
    if array is not None and len(array.sizes) == value.rank:
        axes = ((axes[0][0], array.sizes[0]), *axes[1:])
        meanings = meanings_of(array)
    if not meanings:
        meanings = {name: words for name, words in BLOCK.items() if name in value.axes}
        if FEATURES in value.axes:
            each = "timestep" if TIMESTEPS in value.axes else "example"
            meanings[FEATURES] = f"the {number(value.size(FEATURES), 'numbers')} at each {each}"
        elif TIMESTEPS in value.axes and value.rank == 2 and value.dtype != "bool":
            meanings[TIMESTEPS] = "the tokens of one example, in their order"
    if columns and len(columns) == value.size(FEATURES):
        meanings[FEATURES] = listed(columns)
    says = words_for(array) if array is not None else value.dtype
    return Tensor(value.made_by, axes, meanings, columns, says=says)


def _output(graph: Graph, value: Value) -> Tensor:
    names = [output.made_by for output in graph.outputs]
    name = value.made_by if names.count(value.made_by) == 1 else f"{value.made_by} {graph.outputs.index(value) + 1}"
    return Tensor(name, named(value), receptive_field=field_words(graph.inputs, value))


def _misfits(values: list[Value], arrays: list[Array]) -> list[str]:
    notes: list[str] = []
    for value, array in zip(values, arrays, strict=False):
        shape, expected = array.sizes, value.shape
        if len(shape) != len(expected) or any(
            a != b for a, b in zip(expected[1:], shape[1:], strict=True) if a is not None and b is not None
        ):
            axes: Axes = tuple(zip(names_for(len(shape)), shape, strict=True))
            notes.append(
                f"{array.name} {shape_words(axes)} does not fit the model's input {value.made_by} "
                f"{shape_words(named(value))}: seqwise.check(model, {array.name}) names the fault and the fix."
            )
    if arrays and len(arrays) != len(values):
        notes.append(f"The model has {len(values)} inputs, and {len(arrays)} came.")
    return notes


def _series(values: list[Value], arrays: list[Array]) -> Series | None:
    timed = next((value for value in values if TIMESTEPS in value.axes and value.rank >= 2), None)
    if timed is None:
        return None
    series = drawn(arrays[0]) if arrays else None
    return replace(series or Series(None), window=timed.size(TIMESTEPS) or 0)


def _title(model: Any, steps: tuple[Step, ...]) -> str:
    layers = number(sum(bool(step.outputs or step.fails) for step in steps), "layers")
    return f"A list of {layers}" if is_sequence(model) else f"{type(model).__name__} {model.name!r}: {layers}"
