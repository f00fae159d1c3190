"""The network that reads whole sequences: stock Keras layers from padded steps and their mask to one output each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from seqwise.backend import import_keras
from seqwise.estimators.seeds import seed_stream
from seqwise.estimators.sequences.convolutions import find_patterns

POOLINGS = ("last", "mean", "max")
HIDDEN = 1e9  # what is taken off the states at padding, so that no maximum is theirs


def build_sequence_network(
    *,
    features: int,
    outputs: int,
    units: Sequence[int],
    bidirectional: bool = False,
    pooling: Sequence[str] = ("last",),
    dropout: float = 0.0,
    filters: Sequence[int] = (),
    seed: int = 0,
) -> Any:
    """Build the model; every layer is Keras's own, so it loads wherever Keras does.

    Inputs: values (samples, timesteps, features), and mask, bool (samples, timesteps), True at a step of the sequence.
    Output: (samples, outputs), without an activation.

    Args:
        units, bidirectional, pooling, dropout: see `read_steps`.
        filters: of three convolutions that read the steps beside the LSTM (LSTM-FCN, Karim et al. 2018); () for none.
        seed: seeds every initial weight and dropout mask.
    """
    keras = import_keras()
    layers = keras.layers
    seeds = seed_stream(seed)
    values = layers.Input((None, features), name="values")
    mask = layers.Input((None,), dtype="bool", name="mask")
    pooled = read_steps(
        values, mask, units=units, bidirectional=bidirectional, pooling=pooling, dropout=dropout, seeds=seeds
    )
    if filters:
        patterns = find_patterns(values, mask, filters=filters, gated=features > 1, seeds=seeds)
        pooled = layers.Concatenate(name="states_and_patterns")([pooled, patterns])
    return keras.Model([values, mask], head(pooled, outputs, seeds), name="sequence_reader")


def head(pooled: Any, outputs: int, seeds: Iterator[int]) -> Any:
    """The last layer, (samples, n) → (samples, outputs), without an activation."""
    keras = import_keras()
    start = keras.initializers.GlorotUniform(seed=next(seeds))
    return keras.layers.Dense(outputs, kernel_initializer=start, name="head")(pooled)


def read_steps(
    steps: Any,
    mask: Any,
    *,
    units: Sequence[int],
    bidirectional: bool,
    pooling: Sequence[str],
    dropout: float,
    seeds: Iterator[int],
) -> Any:
    """Read steps with stacked LSTMs, and bring the states of the last one to one vector a sequence.

    Args:
        steps: (samples, timesteps, features).
        mask: bool, (samples, timesteps), True at a step of the sequence, False at padding.
        units: width of each stacked LSTM layer.
        pooling: what the vector holds, one after another: the ``"last"`` state, the ``"mean"`` and the ``"max"`` of the
            states at all steps of the sequence. None of them for the states themselves.
        dropout: share of each LSTM layer's outputs that is dropped in training; between two layers, the same at
            every step of a sequence.

    Returns:
        (samples, len(pooling) × units), twice that with `bidirectional`; without `pooling` (samples, timesteps, units).
    """
    layers = import_keras().layers
    for i, width in enumerate(units[:-1]):
        steps = _lstm(width, f"lstm_{i + 1}", bidirectional, seeds, return_sequences=True)(steps, mask=mask)
        if dropout:  # outside the LSTMs, whose two directions then run together
            steps = layers.SpatialDropout1D(dropout, seed=next(seeds), name=f"dropout_{i + 1}")(steps)
    every, last = tuple(pooling) != ("last",), "last" in pooling
    lstm = _lstm(
        units[-1], f"lstm_{len(units)}", bidirectional, seeds, return_sequences=every, return_state=every and last
    )
    result = lstm(steps, mask=mask)
    if not pooling:
        return layers.SpatialDropout1D(dropout, seed=next(seeds), name="dropout")(result) if dropout else result
    if every:
        states, *ends = result if last else [result]
        result = _concatenated([_pool(how, states, mask, ends) for how in pooling], "pooled")
    return layers.Dropout(dropout, seed=next(seeds), name="dropout")(result) if dropout else result


def _lstm(width: int, name: str, bidirectional: bool, seeds: Iterator[int], **kind: bool) -> Any:
    keras = import_keras()

    def one(backwards: bool) -> Any:
        return keras.layers.LSTM(
            width,
            go_backwards=backwards,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            name=name + ("_backwards" if backwards else ""),
            **kind,
        )

    if not bidirectional:
        return one(False)
    # a copy of the one would start with the same weights as the other
    return keras.layers.Bidirectional(one(False), backward_layer=one(True), name=f"both_{name}")


def _pool(how: str, states: Any, mask: Any, ends: list[Any]) -> Any:
    layers = import_keras().layers
    if how == "last":
        return _concatenated(ends[::2], "last")  # of each direction h, then c
    if how == "mean":
        return layers.GlobalAveragePooling1D(name="mean")(states, mask=mask)
    # Keras's maximum knows no mask: 0 is added at a step, a large negative number at padding
    column = layers.Reshape((-1, 1), name="mask_column")(mask)
    below = layers.Rescaling(HIDDEN, -HIDDEN, name="below_at_padding")(column)
    return layers.GlobalMaxPooling1D(name="max")(layers.Add(name="without_padding")([states, below]))


def _concatenated(parts: list[Any], name: str) -> Any:
    return import_keras().layers.Concatenate(name=name)(parts) if len(parts) > 1 else parts[0]
