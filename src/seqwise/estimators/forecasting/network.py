"""The forecasting network: stock Keras layers from a scaled window to a scaled forecast."""

from __future__ import annotations

from typing import Any

from seqwise.backend import import_keras
from seqwise.estimators.forecasting.window_layers import centred, channels, first_of_each, linear_map
from seqwise.estimators.seeds import seed_stream


def build_network(
    *,
    window: int,
    features: int,
    targets: int,
    horizon: int,
    units: tuple[int, ...],
    bidirectional: bool = False,
    dropout: float = 0.0,
    return_sequences: bool = False,
    residual: bool = True,
    linear_skip: bool = True,
    masked: bool = False,
    seed: int = 0,
    known: int = 0,
    outputs: int = 1,
) -> Any:
    """Build the model; every layer is Keras's own, so it loads wherever Keras does. `seqwise.export.tfjs` writes it for
    TensorFlow.js.

    Input: (samples, window, features), the targets' past first; with `masked` also (samples, window) bool,
    True where the step may be seen; with `known` features known in advance also their rows to come, (samples, horizon,
    known). Output: (samples, horizon, targets · outputs), or (samples, window, horizon, targets · outputs) with
    `return_sequences`.

    With `residual` the network forecasts the change from the last value of each target, and reads the targets
    relative to it, as in NLinear (Zeng et al. 2023, "Are Transformers effective for time series forecasting?"):
    a level that was never seen in training does no harm. With `linear_skip` a linear map of the targets' window
    is added, the autoregressive part of LSTNet (Lai et al. 2018). What is known in advance of a step is read beside
    the LSTM's last state, by one layer for all steps. All parts start at zero: the untrained model repeats the last
    value.

    Args:
        units: width of each stacked LSTM layer.
        dropout: share of each LSTM layer's inputs that is dropped in training.
        seed: seeds every initial weight and dropout mask.
        outputs: numbers for each step and target: one, or those of a distribution, of which the first is a value.
    """
    keras = import_keras()
    layers = keras.layers
    seeds = seed_stream(seed)
    inputs = layers.Input((window, features), name="window")
    visible = layers.Input((window,), dtype="bool", name="visible") if masked else None
    future = layers.Input((horizon, known), name="future") if known else None
    network_inputs = [tensor for tensor in (inputs, visible, future) if tensor is not None]
    numbers = targets * outputs

    past, lstm_input, anchor = channels(layers, inputs, 0, targets, features), inputs, None
    if residual:
        # with an output for every step the anchor must not lie ahead of any of them
        cropping = (0, window - 1) if return_sequences else (window - 1, 0)
        past, lstm_input, anchor = centred(layers, inputs, past, cropping)

    hidden = lstm_input
    for i, width in enumerate(units):
        directions = [
            layers.LSTM(
                width,
                return_sequences=return_sequences or i < len(units) - 1,
                dropout=dropout,
                go_backwards=backwards,
                kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
                recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
                seed=next(seeds),
                name=f"lstm_{i + 1}" + ("_backwards" if backwards else ""),
            )
            for backwards in ((False, True) if bidirectional else (False,))
        ]
        lstm: Any = directions[0]
        if bidirectional:  # a copy of the one would start with the same weights and masks as the other
            lstm = layers.Bidirectional(lstm, backward_layer=directions[1], name=f"bidirectional_{i + 1}")
        hidden = lstm(hidden, mask=visible) if masked else lstm(hidden)

    start: Any = "zeros" if residual else keras.initializers.GlorotUniform(seed=next(seeds))
    flat = layers.Dense(horizon * numbers, kernel_initializer=start, name="head")(hidden)
    if return_sequences:
        forecast = layers.Reshape((window, horizon, numbers), name="forecast_change" if residual else "forecast")(flat)
        if residual:
            # each step's own value is the last one it knows
            own = first_of_each(layers, channels(layers, inputs, 0, targets, features, "now"), outputs, "now")
            now = layers.Reshape((window, 1, numbers), name="now")(own)
            forecast = layers.Add(name="forecast")([forecast, now])
        return keras.Model(network_inputs if len(network_inputs) > 1 else inputs, forecast, name="forecaster")
    parts = [layers.Reshape((horizon, numbers), name="from_lstm")(flat)]
    if future is not None:
        state = layers.RepeatVector(horizon, name="state")(hidden)
        beside = layers.Concatenate(name="state_and_future")([state, future])
        glorot = keras.initializers.GlorotUniform(seed=next(seeds))
        step = layers.Dense(units[-1], "relu", kernel_initializer=glorot, name="future_hidden")(beside)
        parts.append(layers.Dense(numbers, kernel_initializer="zeros", use_bias=False, name="from_future")(step))
    if linear_skip:
        parts.append(first_of_each(layers, linear_map(layers, past, horizon), outputs, "past"))
    if anchor is not None:
        parts.append(first_of_each(layers, anchor, outputs, "last"))
    forecast = layers.Add(name="forecast")(parts) if len(parts) > 1 else parts[0]
    return keras.Model(network_inputs if len(network_inputs) > 1 else inputs, forecast, name="forecaster")
