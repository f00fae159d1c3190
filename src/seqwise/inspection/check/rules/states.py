"""What a recurrent layer starts from: states that do not fit, a mask that Keras does not pass on beside them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.padding import find_padding
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import data_read_by, describe
from seqwise.inspection.graph import Call, Value, flatten, values_in
from seqwise.inspection.layer_kinds import is_a, keeps_time, recurrent

STATES = {"LSTM": ["h", "c"], "GRU": ["h"], "SimpleRNN": ["h"]}


@rule("SW224", "states-do-not-fit")
def states(context: Context) -> Iterator[Fault]:
    """The initial state of a recurrent layer has another number of parts, or another width, than its own state.

    Error: Keras builds the model, and fails when it trains. Fires on LSTM (h and c), GRU and SimpleRNN (h) and on
    Bidirectional ones (those of both directions) where `initial_state` holds more or fewer tensors, or tensors of
    another size than the units.
    """
    for call in context.recurrent_calls:
        layer, both = recurrent(call.layer), is_a(call.layer, "Bidirectional")
        parts = next((names for kind, names in STATES.items() if is_a(layer, kind)), None)
        given = _initial_state(call)
        if parts is None or not given:
            continue
        needed = parts * 2 if both else parts
        widths = {state.shape[-1] for state in given}
        width = widths.pop() if len(widths) == 1 and all(state.rank == 2 for state in given) else None
        if len(given) == len(needed) and width in (layer.units, None) and all(state.rank == 2 for state in given):
            continue
        where, fix = f"layer {call.name!r}", ""
        if len(given) == len(needed):
            problem = f"{_tensors(len(given))} of (samples, {layer.units}), and gets {_shapes(given)}"
            advice = " Make it as wide as what it starts from, or map the states to its units with a Dense layer each."
            fix = layer_code(call.layer, units=width) if width is not None else ""
        else:
            problem = f"{_tensors(len(needed))}, [{', '.join(needed)}], and gets {_tensors(len(given))}"
            where, fix, advice = _another_number(context, call, given, parts, width)
        yield Fault(
            severity="error",
            where=where,
            what=f"{describe(call)} starts from {problem}.{advice}",
            expected=", ".join([f"(samples, {layer.units})"] * len(needed)),
            got=_shapes(given),
            fix=fix,
        )


def _initial_state(call: Call) -> list[Value]:
    return values_in(call.kwargs.get("initial_state", call.args[1:2]))


def _tensors(count: int) -> str:
    return "one state" if count == 1 else f"{count} states"


def _shapes(given: list[Value]) -> str:
    return ", ".join(
        f"({', '.join(['samples', *map(str, state.shape[1:])])})".replace("None", "any") for state in given
    )


def _another_number(
    context: Context, call: Call, given: list[Value], parts: list[str], width: int | None
) -> tuple[str, str, str]:
    """Return (where, fix, advice) where the number of states is another one."""
    layer, both = recurrent(call.layer), is_a(call.layer, "Bidirectional")
    names = _names(context, call)
    where = f"call of layer {call.name!r}"
    if both and len(given) == len(parts):
        if names and width == layer.units:
            twice = ", ".join(names[1:] * 2)
            advice = " The states of one direction can start both."
            return where, _call_code(context, call, names[0], f"[{twice}]"), advice
        advice = " A decoder that reads forwards only takes the states as they are."
        return f"layer {call.name!r}", layer_code(layer, units=width) if width is not None else "", advice
    if not both and len(given) == 2 * len(parts) and names and width is not None:
        half = len(parts)
        pairs = (f"keras.layers.Concatenate()([{a}, {b}])" for a, b in zip(names[1:], names[half + 1 :], strict=False))
        code = layer_code(layer, units=2 * width)
        advice = f" Put those of the two directions side by side, and make the layer {2 * width} units wide."
        return where, f"{code}({names[0]}, initial_state=[{', '.join(pairs)}])", advice
    if parts == ["h", "c"] and len(given) == 1:
        advice = " With return_state=True an LSTM returns h and c beside its output; c may also start from zeros."
        fix = f"[{names[1]}, keras.ops.zeros_like({names[1]})]" if names and width == layer.units else ""
        return where, fix and _call_code(context, call, names[0], fix), advice
    return f"layer {call.name!r}", "", ""


def _names(context: Context, call: Call) -> list[str]:
    """The user's names of the sequence and of the states; empty where one has none."""
    if call.node is None:
        return []
    state = call.node.arguments.kwargs.get("initial_state", call.node.arguments.args[1:2])
    names = [context.names.of(tensor, "") for tensor in [call.node.arguments.args[0], *flatten(state)]]
    return names if all(names) else []


def _call_code(context: Context, call: Call, sequence: str, state: str) -> str:
    return f"{context.names.of(call.layer, '') or layer_code(call.layer)}({sequence}, initial_state={state})"


@rule("SW235", "mask-withheld", unless=("states-do-not-fit",))
def withheld(context: Context) -> Iterator[Fault]:
    """A layer that starts from a given state does not get the mask of its sequence: Keras passes it on only without.

    Warning: the layer reads the padding. It does no harm after the end of the sequences where the layer returns every
    timestep, since Keras leaves the padded ones out of the loss. So this fires where the layer returns its last state,
    or another layer reads its states, or it is Bidirectional, and where the padding comes before the sequences; not
    where the data has no padding.
    """
    for call in context.recurrent_calls:
        if not call.mask.withheld:
            continue
        maker = next((origin for origin in call.mask.origins if isinstance(origin, Call)), None)
        data = data_read_by(context, maker) if maker is not None else None
        padding = find_padding(data) if data is not None else None
        before = padding is not None and padding.side == "before"
        read_on = any(state is value for state in call.outputs[1:] for other in context.calls for value in other.inputs)
        ends = not keeps_time(call.layer) or read_on or is_a(call.layer, "Bidirectional")
        if (data is not None and padding is None) or not (before or ends):
            continue
        names = _names(context, call)
        source = context.names.of(maker.node.arguments.args[0], "") if maker is not None and maker.node else ""
        mask = "…" if maker is None else _mask_code(maker, source or ("ids" if is_a(maker.layer, "Embedding") else "x"))
        code = _call_code(context, call, names[0], f"[{', '.join(names[1:])}], mask={mask}") if names and source else ""
        yield Fault(
            severity="warning",
            where=f"call of layer {call.name!r}",
            what=f"{describe(call)} starts from a given state, and then Keras does not pass it the mask of its "
            f"sequence: it reads the padding. Pass the mask yourself: mask={mask}.",
            expected="the mask as an argument of the call",
            got="initial_state without a mask",
            fix=code,
        )


def _mask_code(maker: Call, source: str) -> str:
    if is_a(maker.layer, "Masking"):
        value = float(np.asarray(maker.layer.mask_value))
        return f"keras.ops.any(keras.ops.not_equal({source}, {value!r}), axis=-1)"
    return f"keras.ops.not_equal({source}, 0)" if is_a(maker.layer, "Embedding") else "…"
