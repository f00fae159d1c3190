"""What a recurrent layer starts from: states that do not fit, a mask that Keras does not pass on beside them."""

from __future__ import annotations

from typing import Any

from seqwise.inspection.check.fixes import at_layer, call_layer
from seqwise.inspection.check.layer_code import layer_code, mask_value
from seqwise.inspection.check.padding import find_padding
from seqwise.inspection.check.registry import Call, Context, Fault, Faults, Fix, rule
from seqwise.inspection.check.selectors import data_read_by, describe, mask_maker, recurrent_calls
from seqwise.inspection.graph import Value, flatten, values_in
from seqwise.inspection.layer_kinds import is_a, is_recurrent, keeps_time, recurrent

STATES = {"LSTM": ["h", "c"], "GRU": ["h"], "SimpleRNN": ["h"]}


@rule("SW224", "states-do-not-fit", "error", recurrent_calls)
def states(context: Context, call: Call) -> Faults:
    """The initial state of a recurrent layer has another number of parts, or another width, than its own state."""
    layer = recurrent(call.layer)
    parts = next((names for kind, names in STATES.items() if is_a(layer, kind)), None)
    states = values_in(call.kwargs.get("initial_state", call.args[1:2]))
    if parts is None or not states:
        return
    needed = parts * 2 if is_a(call.layer, "Bidirectional") else parts
    vectors, widths = all(state.rank == 2 for state in states), {state.shape[-1] for state in states}
    width = widths.pop() if len(widths) == 1 and vectors else None
    if len(states) == len(needed) and width in (layer.units, None) and vectors:
        return
    if len(states) == len(needed):
        problem = f"{_tensors(len(states))} of (samples, {layer.units}), and gets {_shapes(states)}"
        advice = " Make it as wide as what it starts from, or map the states to its units with a Dense layer each."
        fix = _of_width(call, call.layer, width)
    else:
        problem = f"{_tensors(len(needed))}, [{', '.join(needed)}], and gets {_tensors(len(states))}"
        advice, fix = _another_number(context, call, len(states), parts, width)
    yield Fault(
        what=f"{describe(call)} starts from {problem}.{advice}",
        expected=", ".join([f"(samples, {layer.units})"] * len(needed)),
        got=_shapes(states),
        fix=fix,
    )


def _tensors(count: int) -> str:
    return "one state" if count == 1 else f"{count} states"


def _shapes(states: list[Value]) -> str:
    shapes = [", ".join("any" if size is None else str(size) for size in state.shape[1:]) for state in states]
    return ", ".join(f"(samples, {shape})" if shape else "(samples)" for shape in shapes)


def _of_width(call: Call, layer: Any, width: int | None) -> Fix:
    """Put this layer in the place of the called one, as wide as its states; no code where they differ in width."""
    return at_layer(call, layer_code(layer, units=width) if width is not None else "")


def _another_number(context: Context, call: Call, count: int, parts: list[str], width: int | None) -> tuple[str, Fix]:
    """Return (advice, fix) where the number of states is another one."""
    layer, both = recurrent(call.layer), is_a(call.layer, "Bidirectional")
    names = _names(context, call)
    fits = bool(names) and width == layer.units
    if both and count == len(parts) and fits:
        advice = " The states of one direction can start both."
        return advice, call_layer(context, call.layer, [*names, *names[1:]])
    if both and count == len(parts):
        return " A decoder that reads forwards only takes the states as they are.", _of_width(call, layer, width)
    if not both and count == 2 * len(parts) and names and width is not None:
        pairs = zip(names[1:], names[1 + len(parts) :], strict=False)
        joined = [f"keras.layers.Concatenate()([{forward}, {backward}])" for forward, backward in pairs]
        wider = layer_code(layer, units=2 * width)
        advice = f" Put those of the two directions side by side, and make the layer {2 * width} units wide."
        return advice, call_layer(context, call.layer, [names[0], *joined], wider=wider)
    if parts == ["h", "c"] and count == 1:
        advice = " With return_state=True an LSTM returns h and c beside its output; c may also start from zeros."
        zeros = [*names, f"keras.ops.zeros_like({names[1]})"] if fits else []
        return advice, call_layer(context, call.layer, zeros)
    return "", at_layer(call, "")


def _names(context: Context, call: Call) -> list[str]:
    """The user's names of the sequence and of the states; empty where one has none."""
    if call.node is None:
        return []
    state = call.node.arguments.kwargs.get("initial_state", call.node.arguments.args[1:2])
    names = [context.names.of(tensor, "") for tensor in [call.node.arguments.args[0], *flatten(state)]]
    return names if all(names) else []


@rule("SW235", "mask-withheld", "warning", recurrent_calls, unless=("states-do-not-fit",))
def withheld(context: Context, call: Call) -> Faults:
    """A layer that starts from a given state does not get the mask of its sequence: Keras passes it on only without."""
    if not call.mask.withheld:
        return
    maker = mask_maker(call)
    data = data_read_by(context, maker) if maker is not None else None
    padding = find_padding(data) if data is not None else None
    before = padding is not None and padding.side == "before"
    read_on = any(state is value for state in call.outputs[1:] for other in context.calls for value in other.inputs)
    ends = not keeps_time(call.layer) or read_on or is_a(call.layer, "Bidirectional")
    if (data is not None and padding is None) or not (before or ends):
        return
    source = context.names.of(maker.node.arguments.args[0], "") if maker is not None and maker.node else ""
    mask = _mask_code(maker, source)
    names = _names(context, call) if source else []
    yield Fault(
        what=f"{describe(call)} starts from a given state, and then Keras does not pass it the mask of its sequence: "
        f"it reads the padding. Pass the mask yourself: mask={mask}.",
        expected="the mask as an argument of the call",
        got="initial_state without a mask",
        fix=call_layer(context, call.layer, names, f", mask={mask}"),
    )


@rule("SW236", "backward-sequence-not-turned", "warning", lambda context: context.calls)
def not_turned(context: Context, call: Call) -> Faults:
    """Sequences of a forward and of a backward layer are joined, and the backward one begins with the last timestep."""
    makers = [value.call for value in call.inputs if value.call is not None and is_recurrent(value.call.layer)]
    sequences = [maker for maker in makers if not is_a(maker.layer, "Bidirectional") and keeps_time(maker.layer)]
    backward = [maker for maker in sequences if maker.layer.go_backwards]
    if not backward or len(backward) == len(sequences):
        return
    yield Fault(
        what=f"{describe(backward[0])} reads backwards, and its sequence begins with the last timestep; "
        f"{describe(call)} joins it with one that begins with the first. Turn it, or take a Bidirectional layer.",
        expected="both in the order of time",
        got="one from the last timestep to the first",
        fix=at_layer(backward[0], "keras.layers.Lambda(lambda sequence: keras.ops.flip(sequence, axis=1))", "after"),
    )


def _mask_code(maker: Call | None, source: str) -> str:
    if maker is not None and is_a(maker.layer, "Masking"):
        return f"keras.ops.any(keras.ops.not_equal({source or 'x'}, {mask_value(maker.layer)!r}), axis=-1)"
    if maker is not None and is_a(maker.layer, "Embedding"):
        return f"keras.ops.not_equal({source or 'ids'}, 0)"
    return "…"
