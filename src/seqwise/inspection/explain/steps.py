"""From the traced graph to the steps of an explanation: each call with its axes, words and parameters."""

from __future__ import annotations

import sys
from typing import Any

from seqwise.axes import TIMESTEPS, name_axes
from seqwise.inspection import receptive_field
from seqwise.inspection.copies import copy_unbuilt, is_built
from seqwise.inspection.explain.content import Axes, Step
from seqwise.inspection.explain.label import label
from seqwise.inspection.graph import RANK, Call, Graph, Value
from seqwise.inspection.layer_kinds import needed_rank
from seqwise.inspection.restore import left_as_found


def steps_of(graph: Graph) -> tuple[Step, ...]:
    """Explain each call, up to the first through which the shapes do not go."""
    steps: list[Step] = []
    with left_as_found():
        for call in graph.calls:
            steps.append(_step(call, graph))
            if call.problem:
                break
    return tuple(steps)


def _step(call: Call, graph: Graph) -> Step:
    kind = type(call.layer).__name__ if call.opens else call.kind
    takes = tuple(dict.fromkeys(value.made_by for value in call.inputs))
    inputs = tuple(named(value) for value in call.inputs)
    if call.opens:
        count = len(call.layer.layers) if hasattr(call.layer, "layers") else len(call.layer._layers)
        why = f"A model of its own ({count} layer{'s' if count != 1 else ''}); its layers follow, indented."
        return Step(call.name, kind, kind, call.depth, takes, inputs, (), why)
    if call.problem:
        why = "The shapes do not go through this layer."
        return Step(
            call.name, kind, label(call.layer, kind), call.depth, takes, inputs, (), why, None, fails=_failure(call)
        )
    parameters, formula = _parameters(call)
    weights = getattr(call.layer, "weights", [])
    return Step(
        call.name, kind, label(call.layer, kind), call.depth, takes, inputs,
        tuple(named(value) for value in call.outputs), call.effect.why if call.effect else "",
        0 if call.again else parameters, formula, not weights or any(weight.trainable for weight in weights),
        call.mask.roles, mask_words(call), field_words(graph.inputs, call.outputs[0]) if call.outputs else "",
    )  # fmt: skip


def _failure(call: Call) -> str:
    if call.problem != RANK:
        return call.problem
    value, source = call.first, call.source
    if value.rank == 2 and source is not None and "return_sequences=True would keep it" in (
        source.effect.why if source.effect else ""
    ):  # fmt: skip
        text = label(source.layer, source.kind)
        end = "))" if source.kind == "Bidirectional" else ")"
        return (
            f"it needs (samples, timesteps, features), but {source.name} gives (samples, units={value.shape[-1]}): its "
            f"time axis has ended. Keep it: keras.layers.{text.removesuffix(end)}, return_sequences=True{end}"
        )
    return f"it needs {name_axes((None,) * (needed_rank(call.layer) or 3))}, and gets {name_axes(value.shape)}"


def _parameters(call: Call) -> tuple[int | None, str]:
    """The number of a call's parameters and how they add up; the number is None where a size is still open."""
    formulas = call.effect.formulas if call.effect else []
    if call.again:
        return 0, "the same weights as in its first call"
    built = call.built if call.built is not None else call.layer
    if not is_built(built):
        built = _built_copy(call)
    count = count_parameters(built)
    if count is None:
        return formulas[0] if formulas else (None, "")
    for number, words in formulas:
        if number == count and count:
            return count, words
    weights = getattr(built, "weights", [])
    if not count or not weights:
        return count, ""
    shapes = " + ".join(" × ".join(f"{n:,}" for n in weight.shape) or "1" for weight in weights)
    return count, shapes if len(weights) <= 8 else f"{len(weights)} arrays"


def _built_copy(call: Call) -> Any:
    """A copy of a layer, built for the call's input; the layer itself where that fails."""
    keras = sys.modules["keras"]
    value = call.inputs[0] if call.inputs else None
    if value is None or None in value.shape[-1:] * (value.rank > 2):
        return call.layer
    try:
        copy, _ = copy_unbuilt(call.layer)
        with keras.StatelessScope(initialize_variables=False):
            copy(keras.KerasTensor(value.shape, dtype=value.dtype))
    except Exception:  # a layer of the user's own; its parameters are then not known
        return call.layer
    return copy


def count_parameters(layer: Any) -> int | None:
    """Number of parameters; None where the layer is not built."""
    if not hasattr(layer, "count_params"):
        return 0
    try:
        return int(layer.count_params())
    except ValueError:
        return None


def mask_words(call: Call) -> str:
    """What a call does with the mask, in words; empty where there is none."""
    roles, origins = call.mask.roles, " and ".join(sorted(origin.name for origin in call.mask.origins))
    if "makes" in roles:
        if call.kind == "Embedding":
            return "made here: token 0 is padding (mask_zero=True)"
        if call.kind == "Masking":
            return f"made here: timesteps whose features are all {call.setting('mask_value'):g} are padding"
        return "made here"
    words: list[str] = []
    if "uses" in roles:
        does = "skips the timesteps that are padding" if hasattr(call.layer, "return_sequences") else (
            "leaves out what is padding")  # fmt: skip
        words.append(f"{does}, by the mask of {origins},")
    if "carries" in roles:
        words.append("and passes it on" if words else f"passes the mask of {origins} on")
    if "ends" in roles:
        words.append("and ends here")
    if "drops" in roles:
        words.append(f"the mask of {origins} is lost here: the layers after it treat padding as data")
    if call.mask.withheld:
        words[-1] += (
            ", but does not use it: Keras hands the mask over by itself only where no initial_state is given "
            "(give it: mask=…)"
        )
    return " ".join(words)


def named(value: Value) -> Axes:
    """The axes of a tensor, with names that differ (a second axis of the same name gets a stroke)."""
    axes: list[tuple[str, int | None]] = []
    for name, size in value.named:
        while name in dict(axes):
            name += "'"
        axes.append((name, size))
    return tuple(axes)


def field_words(inputs: list[Value], value: Value) -> str:
    """Say how many timesteps of each input `value` can depend on; empty where no input has timesteps."""
    timed = [entry for entry in inputs if TIMESTEPS in entry.axes and entry.dtype != "bool"]
    if not timed:
        return ""
    if not value.field.known:
        return "not followed"
    has_time = TIMESTEPS in value.axes
    steps = value.size(TIMESTEPS)
    words: dict[str, str] = {}
    for entry in timed:
        timesteps = None if has_time and steps is None else entry.size(TIMESTEPS)
        words[entry.made_by] = receptive_field.words(value.field, entry.made_by, timesteps, steps)
    if len(words) == 1:
        return next(iter(words.values()))
    return "; ".join(f"{name}: {text}" for name, text in words.items() if text != "none") or "none"
