"""Models that Keras refuses to build: a setting of another layer, a layer called on a layer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from seqwise.inspection.check.construction import Construction
from seqwise.inspection.check.fixes import at_layer, change_layer
from seqwise.inspection.check.layer_code import class_code, layer_code
from seqwise.inspection.check.names import Names
from seqwise.inspection.check.registry import Context, Fault, Faults, Fix, rule
from seqwise.inspection.check.selectors import describe
from seqwise.inspection.data import root_module
from seqwise.inspection.graph import is_sequence
from seqwise.inspection.layer_kinds import RECURRENT, is_a, is_recurrent, recurrent


def failed(context: Context) -> list[Construction]:
    return [context.construction] if context.construction is not None else []


@rule("SW201", "mask-zero-on-recurrent-layer", "error", failed)
def mask_zero(context: Context, construction: Construction) -> Faults:
    """`mask_zero` is a setting of Embedding, not of a recurrent layer."""
    unmade, settings = construction.layer_class, construction.settings
    if unmade is None or "mask_zero" not in settings:
        return
    if {cls.__name__ for cls in unmade.__mro__}.isdisjoint({*RECURRENT, "Bidirectional", "Dense", "Masking"}):
        return
    kind = unmade.__name__
    yield Fault(
        what=f"{kind} has no mask_zero: it reads numbers, and an earlier layer makes the mask. For token ids that "
        "layer is Embedding(…, mask_zero=True); for numbers padded with 0 it is Masking(mask_value=0.0).",
        expected=f"a mask made before the {kind}",
        got=f"{kind}(…, mask_zero={settings['mask_zero']!r})",
        fix=Fix(f"layer {kind}", f"keras.layers.Masking(mask_value=0.0),\n{class_code(unmade, settings)}"),
    )


@rule("SW202", "layer-called-on-a-layer", "error", failed)
def called_on_a_layer(context: Context, construction: Construction) -> Faults:
    """A layer is called on a layer, often itself, instead of on a tensor."""
    called, argument = construction.called, construction.argument
    if called is None or not is_a(argument, "Layer"):
        return
    names = Names(construction.variables)
    name, argument_name = names.of(called, called.name), names.of(argument, argument.name)
    tensor = _unused_input(names) or f"{name}_inputs"
    yield Fault(
        what=f"The layer {name!r} is called on {'itself' if called is argument else f'the layer {argument_name!r}'}. A "
        "layer is called on a tensor: an Input, or the output of an earlier layer.",
        expected=f"{name}({tensor})",
        got=f"{name}({argument_name})",
        fix=at_layer(called, f"{name}({tensor})", "call of"),
    )


JOINS = ("Concatenate", "Add", "Multiply", "Average", "Subtract", "Maximum", "Minimum")


@rule("SW203", "layers-do-not-join", "error", failed)
def do_not_join(context: Context, construction: Construction) -> Faults:
    """A sequence is joined with what has no timesteps."""
    called, tensors = construction.called, construction.argument
    if not is_a(called, *JOINS) or not is_sequence(tensors) or {len(tensor.shape) for tensor in tensors} != {2, 3}:
        return
    sequence = next(tensor for tensor in tensors if len(tensor.shape) == 3)
    steps, names = sequence.shape[1], Names(construction.variables)
    repeat = f"keras.layers.RepeatVector({steps})"
    parts = [(names.of(tensor, ""), len(tensor.shape) == 2) for tensor in tensors]
    known = steps is not None and all(name for name, _ in parts)
    code = ", ".join(f"{repeat}({name})" if alone else name for name, alone in parts)
    advice = repeat if steps else "keras.layers.RepeatVector(timesteps)"
    yield Fault(
        what=f"{type(called).__name__} joins tensors of as many axes; one of these has timesteps and another has none. "
        f"Repeat the latter for each timestep: {advice}. Or join it with the last state of a recurrent layer, which "
        "has no timesteps either.",
        expected=f"three axes in each, {steps or 'as many'} timesteps",
        got=", ".join(str(tuple(tensor.shape)) for tensor in tensors),
        fix=at_layer(called, f"{layer_code(called)}([{code}])" if known else "", "call of"),
    )


def state_returned(context: Context) -> Iterator[tuple[Any, str]]:
    """Select the recurrent layer whose output and states the model could not go on with, and how it tried."""
    construction, calls = context.construction, context.calls
    tensors = construction.argument if construction is not None else None
    if construction is not None and is_sequence(tensors) and len(tensors) > 1:
        makers = {id(maker): maker for tensor in tensors if (maker := _maker(tensor)) is not None}
        maker = next(iter(makers.values()), None)
        if maker is not None and len(makers) == 1 and is_recurrent(maker) and maker.return_state:
            yield maker, f"{describe(construction.called)} reads one tensor, and gets all {len(tensors)}"
    elif construction is not None and "to unpack" in str(construction.error):
        layer = _unpacked_layer(construction)
        if layer is not None:
            yield layer, str(construction.error)
    elif calls and is_recurrent(calls[-1].layer) and "to unpack" in context.graph.failure:
        yield calls[-1].layer, context.graph.failure
    in_a_row = context.model is None or is_a(context.model, "Sequential")
    for call, following in pairwise(calls):
        all_at_once = following.problem and len(following.inputs) > 1
        known = root_module(following.layer) in ("keras", "seqwise")
        passed_on = known and all(value.call is call for value in following.inputs)
        if is_recurrent(call.layer) and recurrent(call.layer).return_state and passed_on and (in_a_row or all_at_once):
            yield call.layer, f"{describe(following)} reads one tensor, and gets all {len(call.outputs)}"


def _maker(tensor: Any) -> Any:
    history = getattr(tensor, "_keras_history", None)
    return history.operation if history is not None else None


def _unpacked_layer(construction: Construction) -> Any:
    """The recurrent layer that was called last, on a tensor that the user's function knows."""
    known = [value for value in construction.variables.values() if _maker(value) is not None]
    nodes = [node for value in known for node in _maker(value)._outbound_nodes]
    unknown = [node for node in nodes if not any(output is value for output in node.output_tensors for value in known)]
    return next((node.operation for node in reversed(unknown) if is_recurrent(node.operation)), None)


@rule("SW204", "states-not-taken-apart", "error", state_returned, once=True)
def states_not_taken_apart(context: Context, layer: Any, failure: str) -> Faults:
    """What a recurrent layer with ``return_state=True`` returns is not taken apart as it is put together."""
    inner = recurrent(layer)
    states = ["h", "c"] if is_a(inner, "LSTM") else ["h"]
    if is_a(layer, "Bidirectional"):
        states = [f"{direction}_{state}" for direction in ("forward", "backward") for state in states]
    parts = ", ".join(["output", *states]) if inner.return_state else "its output alone"
    without = "unpack" not in failure
    yield Fault(
        what=f"{describe(layer)} with return_state={inner.return_state} returns {parts}. "
        + ("Leave return_state out, or give the next layer the first of them." if without else "Take all of them."),
        expected=parts,
        got=failure,
        fix=change_layer(layer, return_state=False) if without else at_layer(layer, ""),
    )


def _unused_input(names: Names) -> str | None:
    """Return the name of an Input that no layer reads yet, else of the latest tensor."""
    tensors = [(name, value) for name, value in names.variables.items() if hasattr(value, "_keras_history")]
    for name, tensor in tensors:
        operation = tensor._keras_history.operation
        if is_a(operation, "InputLayer") and not operation._outbound_nodes:
            return name
    return tensors[-1][0] if tensors else None
