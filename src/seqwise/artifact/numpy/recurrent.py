"""Keras's recurrent layers on NumPy arrays: the LSTM on the fused kernel, the others step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqwise.artifact.numpy.activations import Activation, activation
from seqwise.errors import BundleError
from seqwise.ops import Options, supports
from seqwise.ops.numpy import with_weights

Run = Callable[..., Any]
States = list[np.ndarray]
# (x (samples, features), states) → new states, of which the first is the output
Cell = Callable[[np.ndarray, States], States]


def lstm_layer(config: dict[str, Any], kernel: np.ndarray, recurrent: np.ndarray, bias: Any = None) -> Run:
    """Keras's LSTM: x (samples, timesteps, features) → (samples, units), or (samples, timesteps, units)."""
    act, gate = str(config["activation"]), str(config["recurrent_activation"])
    if not supports(activation=act, recurrent_activation=gate, dtype=kernel.dtype):
        return _loop(config, recurrent.shape[0], 2, _lstm_cell(config, kernel, recurrent, bias))
    masked = "zero" if config.get("zero_output_for_mask") else "previous_state"
    if config.get("unroll"):
        masked = "previous_output"
    options = Options(act, gate, go_backwards=bool(config["go_backwards"]), masked_output=masked)
    every, with_states = bool(config["return_sequences"]), bool(config["return_state"])
    lstm = with_weights(kernel, recurrent, bias, return_sequences=every, options=options)

    def run(x: np.ndarray, masks: Any = None, initial_state: Any = None) -> Any:
        y, h, c = lstm(x, initial_state, mask=masks and masks[0])
        return (y, h, c) if with_states else y

    return run


def gru_layer(config: dict[str, Any], kernel: np.ndarray, recurrent: np.ndarray, bias: Any = None) -> Run:
    """Keras's GRU, with the gates in the order z, r, h."""
    act, gate = activation(config), activation(config, "recurrent_activation")
    units, after = recurrent.shape[0], bool(config.get("reset_after", True))
    zeros = np.zeros(3 * units, kernel.dtype)
    of_input, of_state = (zeros, zeros) if bias is None else bias if after else (bias, zeros)

    def cell(x: np.ndarray, states: States) -> States:
        (h,) = states
        z, r, new = np.split(x @ kernel + of_input, 3, axis=1)
        if after:
            z_h, r_h, new_h = np.split(h @ recurrent + of_state, 3, axis=1)
            z, r = gate(z + z_h), gate(r + r_h)
            new = act(new + r * new_h)
        else:
            z_h, r_h = np.split(h @ recurrent[:, : 2 * units], 2, axis=1)
            z, r = gate(z + z_h), gate(r + r_h)
            new = act(new + (r * h) @ recurrent[:, 2 * units :])
        return [z * h + (1 - z) * new]

    return _loop(config, units, 1, cell)


def simple_layer(config: dict[str, Any], kernel: np.ndarray, recurrent: np.ndarray, bias: Any = None) -> Run:
    """Keras's SimpleRNN."""
    act: Activation = activation(config)
    shift = 0 if bias is None else bias
    return _loop(config, recurrent.shape[0], 1, lambda x, states: [act(x @ kernel + states[0] @ recurrent + shift)])


def _lstm_cell(config: dict[str, Any], kernel: np.ndarray, recurrent: np.ndarray, bias: Any) -> Cell:
    act, gate = activation(config), activation(config, "recurrent_activation")
    shift = 0 if bias is None else bias

    def cell(x: np.ndarray, states: States) -> States:
        i, f, new, o = np.split(x @ kernel + states[0] @ recurrent + shift, 4, axis=1)
        c = gate(f) * states[1] + gate(i) * act(new)
        return [gate(o) * act(c), c]

    return cell


def _loop(config: dict[str, Any], units: int, count: int, cell: Cell) -> Run:
    """Run a cell over timesteps as Keras does; at a masked step the states stay, and the output is repeated."""
    every, with_states = bool(config["return_sequences"]), bool(config["return_state"])
    zero = bool(config.get("zero_output_for_mask"))
    backwards = bool(config["go_backwards"])

    def run(x: np.ndarray, masks: Any = None, initial_state: Any = None) -> Any:
        mask = masks and masks[0]
        start = np.zeros((len(x), units), x.dtype)
        states: States = [start] * count if initial_state is None else list(initial_state)
        output, outputs = states[0], [start] * 0
        for t in range(x.shape[1])[:: -1 if backwards else 1]:
            new = cell(x[:, t], states)
            output = new[0]
            if mask is not None:
                used = mask[:, t, None]
                output = np.where(used, new[0], np.zeros((), x.dtype) if zero else states[0])
                new = [np.where(used, after, before) for after, before in zip(new, states, strict=True)]
            states = new
            outputs.append(output)
        y = np.stack(outputs, axis=1) if every else output
        return (y, *states) if with_states else y

    return run


RECURRENT: dict[str, Callable[..., Run]] = {"LSTM": lstm_layer, "GRU": gru_layer, "SimpleRNN": simple_layer}
MERGES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "concat": lambda forward, backward: np.concatenate([forward, backward], axis=-1),
    "sum": lambda forward, backward: forward + backward,
    "ave": lambda forward, backward: (forward + backward) / 2,
    "mul": lambda forward, backward: forward * backward,
}


def bidirectional_layer(config: dict[str, Any], *weights: np.ndarray) -> Run:
    """Keras's Bidirectional: both directions, their outputs merged; then the states of the one and of the other."""
    half = len(weights) // 2
    directions = [
        inner_layer(config[key], part) for key, part in (("layer", weights[:half]), ("backward_layer", weights[half:]))
    ]
    inner: dict[str, Any] = config["layer"]["config"]
    every, with_states = bool(inner["return_sequences"]), bool(inner["return_state"])
    merge = config["merge_mode"]

    def run(x: np.ndarray, masks: Any = None, initial_state: Sequence[np.ndarray] | None = None) -> Any:
        outputs: list[np.ndarray] = []
        states: list[np.ndarray] = []
        for k, direction in enumerate(directions):
            start = None
            if initial_state is not None:
                size = len(initial_state) // 2
                start = initial_state[k * size : (k + 1) * size]
            result = direction(x, masks=masks, initial_state=start)
            y, *after = result if with_states else (result,)
            outputs.append(y[:, ::-1] if every and k == 1 else y)
            states += after
        merged = outputs if merge is None else [MERGES[merge](*outputs)]
        return merged[0] if len(merged) == 1 and not states else (*merged, *states)

    return run


def inner_layer(described: dict[str, Any], weights: Sequence[np.ndarray]) -> Run:
    """Return the recurrent layer that a wrapper's configuration holds.

    Raises:
        BundleError: it is none of Keras's LSTM, GRU and SimpleRNN.
    """
    kind = str(described["class_name"]).rpartition(">")[2]
    if kind not in RECURRENT:
        raise BundleError(
            f"The NumPy backend has no Bidirectional({kind}); it has {', '.join(RECURRENT)}. Load the run with Keras: "
            "sw.load(run)."
        )
    return RECURRENT[kind](described["config"], *weights)
