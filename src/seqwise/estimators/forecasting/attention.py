"""A recipe: an encoder reads the window; a decoder reads what is known of the steps to come, and looks back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seqwise.backend import import_keras
from seqwise.estimators.forecasting.window_layers import centred, channels, first_of_each, linear_map
from seqwise.estimators.memory import lstm_weights
from seqwise.estimators.seeds import seed_stream

CODE = 8  # width of what tells the steps to come apart


def build_attention_network(
    *,
    window: int,
    features: int,
    targets: int,
    horizon: int,
    units: tuple[int, ...],
    dropout: float = 0.0,
    residual: bool = True,
    linear_skip: bool = True,
    masked: bool = False,
    seed: int = 0,
    known: int = 0,
    outputs: int = 1,
) -> Any:
    """Build an encoder and a decoder with attention; every layer is Keras's own.

    Input: (samples, window, features), the targets' past first; with `masked` also (samples, window) bool, True where a
    step was observed; with `known` features known in advance also their rows to come, (samples, horizon, known).
    Output: (samples, horizon, targets · outputs).

    The decoder, one LSTM, starts from the encoder's last state (Sutskever et al. 2014, "Sequence to Sequence Learning
    with Neural Networks"), its cell from a dense layer of it. It reads, for each step to come, what is known of that
    step in advance, as in the Temporal Fusion Transformer (Lim et al. 2021), and a short code of the step, made of the
    encoder's last state: the horizon-specific contexts of MQ-RNN (Wen et al. 2017, "A Multi-Horizon Quantile Recurrent
    Forecaster"). It reads no forecasts, so one call gives all steps, and no error is passed on from step to step. Its
    outputs attend to those of the encoder (Luong et al. 2015, the score "general"): a step to come finds the past steps
    that matter to it, however far back.

    TensorFlow.js hands an initial state on to every LSTM that runs later, and runs an LSTM once for each of its outputs
    that is used. So the decoder has one layer, and the encoder gives its outputs alone: its state is the last of them.

    The window is taken relative to its last value, and a linear map of the targets' past is added, as in the recipe
    skip: the untrained model repeats the last value.

    Args:
        units: width of each stacked layer of the encoder; the decoder has the last one's.
        dropout: share of the decoder's outputs that is dropped in training, after attention.
        residual, linear_skip, outputs: as for `build_network`.
        seed: seeds every initial weight and dropout mask.
    """
    keras = import_keras()
    layers, seeds = keras.layers, seed_stream(seed)
    inputs = layers.Input((window, features), name="window")
    visible = layers.Input((window,), dtype="bool", name="visible") if masked else None
    future = layers.Input((horizon, known), name="future") if known else None
    numbers = targets * outputs

    def dense(width: int, name: str, activation: str | None = None, **settings: Any) -> Any:
        start = keras.initializers.GlorotUniform(seed=next(seeds))
        return layers.Dense(width, activation, kernel_initializer=start, name=name, **settings)

    def lstm(width: int, name: str) -> Any:
        return layers.LSTM(
            width,
            return_sequences=True,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            seed=next(seeds),
            name=name,
        )

    past, hidden, anchor = channels(layers, inputs, 0, targets, features), inputs, None
    if residual:
        past, hidden, anchor = centred(layers, inputs, past, (window - 1, 0))

    for i, width in enumerate(units, 1):
        hidden = lstm(width, f"encoder_{i}")(hidden, mask=visible)
    ends = hidden
    if visible is not None:
        flags = layers.Reshape((window, 1), name="flags")(layers.Rescaling(1.0, name="seen")(visible))
        past = layers.Multiply(name="seen_past")([past, flags])
        # a sum with what has no mask has none either: Cropping1D warns of one
        ends = layers.Add(name="unmasked")([hidden, layers.Rescaling(0.0, name="nothing")(flags)])
    last_step = layers.Cropping1D((window - 1, 0), name="last_step")(ends)  # where hidden, the last that was seen
    state = layers.Reshape((units[-1],), name="state")(last_step)
    code = dense(horizon * CODE, "code")(state)
    steps: Any = layers.Reshape((horizon, CODE), name="codes")(code)
    if future is not None:
        steps = layers.Concatenate(name="code_and_future")([steps, future])
    steps = lstm(units[-1], "decoder")(steps, initial_state=[state, dense(units[-1], "cell")(state)])
    keys = dense(units[-1], "keys", use_bias=False)(hidden)
    mask = None if visible is None else [None, visible]
    context = layers.Attention(name="attention")([steps, hidden, keys], mask=mask)
    both = layers.Concatenate(name="context_and_output")([context, steps])
    attended = dense(units[-1], "attended", "tanh")(both)
    if dropout:
        attended = layers.Dropout(dropout, seed=next(seeds), name="dropout")(attended)
    start: Any = "zeros" if residual else keras.initializers.GlorotUniform(seed=next(seeds))
    parts = [layers.Dense(numbers, kernel_initializer=start, name="head")(attended)]
    if linear_skip:
        parts.append(first_of_each(layers, linear_map(layers, past, horizon), outputs, "past"))
    if anchor is not None:
        parts.append(first_of_each(layers, anchor, outputs, "last"))
    forecast = layers.Add(name="forecast")(parts) if len(parts) > 1 else parts[0]
    network_inputs = [tensor for tensor in (inputs, visible, future) if tensor is not None]
    return keras.Model(network_inputs if len(network_inputs) > 1 else inputs, forecast, name="forecaster")


def decoder_weights(units: Sequence[int], horizon: int, known: int) -> int:
    """Return the weights of the decoder, with its codes and its attention, without the head."""
    width = int(units[-1])
    attention = width * width + (2 * width + 1) * width
    return lstm_weights(CODE + known, [width], False) + (width + 1) * (horizon * CODE + width) + attention
