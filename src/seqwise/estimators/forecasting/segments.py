"""A recipe: an LSTM that reads segments of the window instead of rows, and forecasts every step at once."""

from __future__ import annotations

from typing import Any

from seqwise.backend import import_keras
from seqwise.estimators.seeds import seed_stream

SEGMENTS = 4  # of a window: few steps carry a gradient far back
CODE = 16  # width of what tells the segments to come apart


def build_segment_network(
    *,
    window: int,
    features: int,
    horizon: int,
    units: tuple[int, ...],
    dropout: float,
    masked: bool,
    seed: int,
    known: int = 0,
    outputs: int = 1,
) -> Any:
    """Build the network of one target; every layer is Keras's own.

    Input: (samples, window, features), the target's past first; with `masked` also (samples, window) bool, True where a
    step was observed; with `known` features known in advance also their rows to come, (samples, horizon, known), which
    the decoder reads. Output: (samples, horizon, outputs).

    The window is taken relative to its last value and cut into segments; each is projected to the width of the LSTM,
    which reads one after another. A gated layer, the same for every segment to come, reads the last state beside a code
    of that segment, and gives all of its steps at once. Segments and parallel decoding are those of SegRNN (Lin et al.
    2023, "Segment Recurrent Neural Network for Long-Term Time Series Forecasting"), whose decoder is a step of the
    recurrent cell. The last value is added again at the end: its normalisation of a window, and the level's part of
    RevIN's (Kim et al. 2022, "Reversible Instance Normalization for Accurate Time-Series Forecasting").

    Args:
        units: width of each stacked LSTM layer; the projection has the first one's.
        dropout: share of the decoder's outputs that is dropped in training.
        outputs: numbers for each step: one, or those of a distribution, of which the first is a value.
    """
    keras = import_keras()
    layers, seeds = keras.layers, seed_stream(seed)
    inputs = layers.Input((window, features), name="window")
    visible = layers.Input((window,), dtype="bool", name="visible") if masked else None
    future = layers.Input((horizon, known), name="future") if known else None
    rows = max(window // SEGMENTS, 1)
    skipped = window % rows  # the oldest rows

    past, others = _split(layers, inputs, features, window)
    last = layers.Cropping1D((window - 1, 0), name="last_value")(past)  # (samples, 1, 1)
    steps_read = [layers.Subtract(name="centred")([past, last]), *others]
    if visible is not None:
        flags = layers.Reshape((window, 1), name="flags")(layers.Rescaling(1.0, name="seen")(visible))
        steps_read = [layers.Multiply(name="seen_values")([steps_read[0], flags]), *others, flags]
    steps: Any = layers.Concatenate(name="steps")(steps_read) if len(steps_read) > 1 else steps_read[0]
    if skipped:
        steps = layers.Cropping1D((skipped, 0), name="whole_segments")(steps)
    segments = layers.Reshape(((window - skipped) // rows, rows * steps.shape[-1]), name="segments")(steps)

    def dense(width: int, name: str, activation: str | None = None) -> Any:
        start = keras.initializers.GlorotUniform(seed=next(seeds))
        return layers.Dense(width, activation, kernel_initializer=start, name=name)

    hidden = dense(units[0], "projection", "relu")(segments)
    for i, width in enumerate(units):
        hidden = layers.LSTM(
            width,
            return_sequences=i < len(units) - 1,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            seed=next(seeds),
            name=f"lstm_{i + 1}",
        )(hidden)
    # each segment to come: the last state, and a short code of its own made of that state
    ahead = -(-horizon // rows)
    codes = layers.Reshape((ahead, CODE), name="codes")(dense(ahead * CODE, "code")(hidden))
    about = [layers.RepeatVector(ahead, name="state")(hidden), codes]
    if future is not None:
        whole = future
        if ahead * rows > horizon:
            whole = layers.ZeroPadding1D((0, ahead * rows - horizon), name="future_padded")(future)
        cut = layers.Reshape((ahead, rows * known), name="future_segments")(whole)
        about.append(dense(units[0], "future_projection", "relu")(cut))
    state = layers.Concatenate(name="state_and_code")(about)
    gated = [dense(units[-1], "gate", "sigmoid")(state), dense(units[-1], "candidate", "tanh")(state)]
    decoded = layers.Multiply(name="decoded")(gated)
    if dropout:
        decoded = layers.Dropout(dropout, seed=next(seeds), name="dropout")(decoded)
    change = layers.Reshape((ahead * rows, outputs), name="change")(dense(rows * outputs, "head")(decoded))
    if ahead * rows > horizon:
        change = layers.Cropping1D((0, ahead * rows - horizon), name="horizon")(change)
    if outputs > 1:
        none = layers.Rescaling(0.0, name="no_value")(last)
        last = layers.Concatenate(axis=2, name="last_and_none")([last] + [none] * (outputs - 1))
    forecast = layers.Add(name="forecast")([change, last])
    network_inputs = [tensor for tensor in (inputs, visible, future) if tensor is not None]
    return keras.Model(network_inputs if len(network_inputs) > 1 else inputs, forecast, name="segments")


def _split(layers: Any, inputs: Any, features: int, window: int) -> tuple[Any, list[Any]]:
    """Return the target's past, (samples, window, 1), and the other features, a list of none or one."""
    if features == 1:
        return inputs, []
    turned = layers.Permute((2, 1), name="features_first")(inputs)
    past = layers.Reshape((window, 1), name="past")(layers.Cropping1D((0, features - 1), name="target")(turned))
    return past, [layers.Permute((2, 1), name="others")(layers.Cropping1D((1, 0), name="not_target")(turned))]
