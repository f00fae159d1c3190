"""Layers that read the timesteps one after another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from seqwise.axes import SAMPLES, TIMESTEPS
from seqwise.inspection.effects.effect import UNITS, number, the
from seqwise.inspection.graph import AxisNames, Call, Effect, Shape, Value
from seqwise.inspection.receptive_field import ReceptiveField, union

GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
STATES = {"LSTM": "h and c", "GRU": "h", "SimpleRNN": "h"}


def recurrent(call: Call) -> Effect:
    """LSTM, GRU, SimpleRNN, RNN: the last state, or the state after every timestep."""
    layer = call.layer
    order = ", the last first (go_backwards=True)," if layer.go_backwards else ""
    why = f"Reads {_steps(call)} one after another{order} and {_returns(layer, call.shapes[0][-1])}"
    return _finish(call, why, parameters(call.kind, layer, call.first.shape[-1]))


def bidirectional(call: Call) -> Effect:
    """Bidirectional: one layer reads forwards, its twin backwards, and their outputs are merged."""
    layer = call.layer
    inner = layer.forward_layer
    width = getattr(inner, "units", None)
    how = {
        "concat": f"side by side ({number(width, 'units')} forwards, as many backwards)",
        "sum": "added", "mul": "multiplied", "ave": "averaged", None: "as two tensors",
    }.get(layer.merge_mode, f"merged by {layer.merge_mode!r}")  # fmt: skip
    why = (
        f"One {type(inner).__name__} reads {_steps(call)} forwards, a second one backwards; their outputs are returned "
        f"{how}. {_time_axis(inner)}"
    )
    formulas = [
        (2 * count, f"2 directions × {words}") for count, words in parameters(_kind(inner), inner, call.first.shape[-1])
    ]
    return _finish(call, why, formulas)


def conv_lstm(call: Call) -> Effect:
    """ConvLSTM1D, 2D, 3D: an LSTM whose states are pictures."""
    layer = call.layer
    space = {1: ("width",), 2: ("height", "width"), 3: ("depth", "height", "width")}[layer.cell.rank]
    why = f"Reads {_steps(call)} one after another; each is a picture, and the state is one, too. {_time_axis(layer)}"
    effect = _finish(call, why, [])
    step = (SAMPLES, *space, "filters")
    whole = (SAMPLES, TIMESTEPS, *space, "filters")
    return replace(effect, axes=[whole if len(shape) == len(whole) else step for shape in call.shapes])


def parameters(kind: str, layer: Any, features: int | None) -> list[tuple[int, str]]:
    """How the weights of a recurrent layer add up (Hochreiter & Schmidhuber 1997; Cho et al. 2014)."""
    gates, units = GATES.get(kind), getattr(layer, "units", None)
    if gates is None or units is None or features is None:
        return []
    biases = 0
    if layer.use_bias:
        biases = 2 if kind == "GRU" and getattr(layer, "reset_after", False) else 1
    terms = [number(features, "features"), number(units, "units")]
    if biases:
        terms.append("1 bias" if biases == 1 else f"{biases} biases")
    factors = [f"{gates} gates"] if gates > 1 else []
    factors += [number(units, "units"), f"({' + '.join(terms)})"]
    return [(gates * units * (features + units + biases), " × ".join(factors))]


def _finish(call: Call, why: str, formulas: list[tuple[int, str]]) -> Effect:
    sequence = call.first
    inner = getattr(call.layer, "forward_layer", call.layer)
    both = inner is not call.layer
    notes = [why]
    states = [value for value in call.inputs[1:] if value.rank >= 2]
    if states:
        origins = dict.fromkeys(value.made_by for value in states)
        notes.append(f"It starts from the state of {' and '.join(origins)} instead of zeros.")
    if getattr(inner, "stateful", False):
        notes.append("It keeps its state from one batch to the next (stateful=True): sample i goes on where sample i "
                     "of the batch before ended.")  # fmt: skip
    if getattr(inner, "return_state", False):
        shape = f"(samples, units={call.shapes[-1][-1]})"
        kind = STATES.get(_kind(inner), "of the cell")
        which = f"its state {kind}, {shape}{' each' if ' and ' in kind else ''}"
        if both:
            which = f"the states {kind} of both directions, each {shape}"
        notes.append(f"It also returns {which} (return_state=True).")
    if sequence.rank == 3 and sequence.axes[1] != TIMESTEPS:
        notes.append(f"Mind that it reads the axis {sequence.axes[1]} as its steps.")
    from_states = union(state.field for state in states)
    fields: list[ReceptiveField] = []
    for shape in call.shapes:
        length = sequence.size(TIMESTEPS)
        if sequence.axes[1] != TIMESTEPS or len(shape) < sequence.rank or both:
            field = sequence.field.everything(length)
        else:
            field = sequence.field.reversed(length) if inner.go_backwards else sequence.field.so_far()
        fields.append(union([field, from_states]))
    return Effect([_axes(sequence, shape) for shape in call.shapes], fields, " ".join(notes), formulas)


def _axes(sequence: Value, shape: Shape) -> AxisNames:
    if len(shape) == 3:
        return (SAMPLES, sequence.axes[1], UNITS)
    return (SAMPLES, UNITS) if len(shape) == 2 else (SAMPLES,) * len(shape)


def _returns(layer: Any, units: int | None) -> str:
    numbers = number(units, "numbers")
    if layer.return_sequences:
        reversed_ = " The steps come out in reverse order." if layer.go_backwards else ""
        return (
            f"returns its state after every one of them, {numbers} each: the time axis stays "
            f"(return_sequences=True).{reversed_}"
        )
    return (
        f"returns its last state only, {numbers} for each sample: the time axis ends here. "
        "return_sequences=True would keep it."
    )


def _time_axis(layer: Any) -> str:
    if layer.return_sequences:
        return "The time axis stays (return_sequences=True)."
    return "Only the last state of each is returned: the time axis ends here. return_sequences=True would keep it."


def _steps(call: Call) -> str:
    return the(call.first.shape[1], call.first.axes[1])


def _kind(layer: Any) -> str:
    return next((base.__name__ for base in type(layer).__mro__ if base.__name__ in GATES), type(layer).__name__)


KINDS = {
    "LSTM": recurrent, "GRU": recurrent, "SimpleRNN": recurrent, "RNN": recurrent, "Bidirectional": bidirectional,
    "ConvLSTM1D": conv_lstm, "ConvLSTM2D": conv_lstm, "ConvLSTM3D": conv_lstm, "ConvLSTM": conv_lstm,
}  # fmt: skip
