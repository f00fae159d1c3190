"""The LSTM of Keras 3 in plain NumPy: the specification that every fast version is compared with."""

import numpy as np

from seqwise.ops.arguments import Inputs
from seqwise.ops.options import Options

_ACTIVATIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "hard_sigmoid": lambda z: np.clip(z + 3, 0, 6) / 6,
    "relu": lambda z: np.maximum(z, 0),
    "linear": lambda z: z,
}


def lstm(inputs: Inputs, options: Options = Options()) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all outputs (B, T, H) and the final states h and c (B, H), in float64.

    Example:
        >>> y, h, c = lstm(Inputs(np.ones((2, 3, 1)), np.ones((1, 8)), np.zeros((2, 8))))
        >>> y.shape, bool((y[:, -1] == h).all())
        ((2, 3, 2), True)
    """
    x, W, U = (np.asarray(array, "float64") for array in inputs[:3])
    b, h, c, mask, input_dropout, recurrent_dropout = (
        None if array is None else np.asarray(array, "float64") for array in inputs[3:]
    )
    B, T, F, H = inputs.sizes
    act, gate_act = (
        _ACTIVATIONS[options.activation],
        _ACTIVATIONS[options.recurrent_activation],
    )
    h = np.zeros((B, H)) if h is None else h
    c = np.zeros((B, H)) if c is None else c
    b = np.zeros(4 * H) if b is None else b
    used = np.ones((B, T), bool) if mask is None else mask.astype(bool)
    # One factor per gate: (4, B, F) and (4, B, H).
    x_factor = np.broadcast_to(1.0 if input_dropout is None else input_dropout, (4, B, F))
    h_factor = np.broadcast_to(1.0 if recurrent_dropout is None else recurrent_dropout, (4, B, H))

    y, outputs = np.zeros((B, H)), np.zeros((B, T, H))
    for step in range(T):
        t = T - 1 - step if options.go_backwards else step
        z = [
            (x[:, t] * x_factor[g]) @ W[:, g * H : (g + 1) * H]
            + (h * h_factor[g]) @ U[:, g * H : (g + 1) * H]
            + b[g * H : (g + 1) * H]
            for g in range(4)
        ]
        i, f, o = gate_act(z[0]), gate_act(z[1]), gate_act(z[3])
        c_new = f * c + i * act(z[2])
        h_new = o * act(c_new)
        repeated = {"previous_state": h, "previous_output": y, "zero": 0.0}[options.masked_output]
        m = used[:, t, None]
        y, h, c = np.where(m, h_new, repeated), np.where(m, h_new, h), np.where(m, c_new, c)
        outputs[:, step] = y
    return outputs, h, c
