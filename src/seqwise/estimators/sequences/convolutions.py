"""The branches beside the LSTM that look for short patterns: convolutions over steps, and over words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from seqwise.backend import import_keras

TAPS = (8, 5, 3)  # steps that each convolution sees
MOMENTUM = 0.9  # of the moving statistics: small data make few training steps
SQUEEZE = 8  # filters for each unit of a gate
PHRASES = (2, 3, 4)  # words that a convolution sees
AROUND = 3  # words: each one and those beside it


def find_patterns(steps: Any, mask: Any, *, filters: Sequence[int], gated: bool, seeds: Iterator[int]) -> Any:
    """Read steps with three convolutions, each normalised over the batch, and take the mean over the steps: a fully
    convolutional network (Wang et al. 2017).

    Padding is zero before each convolution and counts in no mean.

    Args:
        steps: (samples, timesteps, features).
        mask: bool, (samples, timesteps), True at a step of the sequence, False at padding.
        filters: of each convolution.
        gated: weigh the filters of the first two by a look at their means: squeeze and excite (Hu et al. 2018), which
            helps with several features (Karim et al. 2019).

    Returns:
        (samples, filters[-1]).
    """
    keras = import_keras()
    layers = keras.layers
    real = layers.Rescaling(1.0, name="real_steps")(layers.Reshape((-1, 1), name="real_column")(mask))
    for i, (width, taps) in enumerate(zip(filters, TAPS, strict=True), start=1):
        start = keras.initializers.HeUniform(seed=next(seeds))
        convolution = layers.Conv1D(
            width, taps, padding="same", use_bias=False, kernel_initializer=start, name=f"convolution_{i}"
        )
        steps = layers.BatchNormalization(momentum=MOMENTUM, name=f"normalised_{i}")(convolution(steps), mask=mask)
        steps = layers.Activation("relu", name=f"patterns_{i}")(steps)
        if gated and i < len(filters):
            steps = _gated(steps, mask, width, f"gate_{i}", seeds)
        if i < len(filters):
            steps = layers.Multiply(name=f"without_padding_{i}")([steps, real])
    return layers.GlobalAveragePooling1D(name="mean_patterns")(steps, mask=mask)


def _gated(steps: Any, mask: Any, width: int, name: str, seeds: Iterator[int]) -> Any:
    keras = import_keras()
    layers = keras.layers
    gate = layers.GlobalAveragePooling1D(name=f"{name}_mean")(steps, mask=mask)
    for size, activation, part in ((max(width // SQUEEZE, 1), "relu", "squeeze"), (width, "sigmoid", "excite")):
        start = keras.initializers.GlorotUniform(seed=next(seeds))
        gate = layers.Dense(size, activation, kernel_initializer=start, name=f"{name}_{part}")(gate)
    return layers.Multiply(name=name)([steps, layers.Reshape((1, width), name=f"{name}_column")(gate)])


def find_phrases(words: Any, mask: Any, *, filters: int, dropout: float, seeds: Iterator[int]) -> Any:
    """Look for phrases of two, three and four words, and take the maximum over a text (Kim 2014).

    Args:
        words: vectors, (samples, timesteps, width). mask: bool, (samples, timesteps).
        filters: of each length. dropout: share of the maxima that is dropped in training.

    Returns:
        (samples, 3 × filters).
    """
    keras = import_keras()
    layers = keras.layers
    words, real = _without_padding(words, mask)
    best: list[Any] = []
    for taps in PHRASES:
        start = keras.initializers.GlorotUniform(seed=next(seeds))
        convolution = layers.Conv1D(
            filters, taps, padding="same", activation="relu", kernel_initializer=start, name=f"phrases_{taps}"
        )
        # what is at least 0 everywhere and 0 at padding has its maximum at a word
        phrases = layers.Multiply(name=f"phrases_{taps}_without_padding")([convolution(words), real])
        best.append(layers.GlobalMaxPooling1D(name=f"best_phrases_{taps}")(phrases))
    joined = layers.Concatenate(name="phrases")(best)
    return layers.Dropout(dropout, seed=next(seeds), name="dropout_phrases")(joined) if dropout else joined


def find_neighbours(words: Any, mask: Any, *, filters: int, dropout: float, seeds: Iterator[int]) -> Any:
    """Look at each word and the two beside it, with a convolution.

    Args:
        words: vectors, (samples, timesteps, width). mask: bool, (samples, timesteps); padding is zero.
        filters: of the convolution. dropout: share of them that is dropped in training, the same at every step.

    Returns:
        (samples, timesteps, filters).
    """
    keras = import_keras()
    layers = keras.layers
    words, _ = _without_padding(words, mask)
    start = keras.initializers.GlorotUniform(seed=next(seeds))
    convolution = layers.Conv1D(
        filters, AROUND, padding="same", activation="relu", kernel_initializer=start, name="neighbours"
    )
    near = convolution(words)
    return layers.SpatialDropout1D(dropout, seed=next(seeds), name="dropout_neighbours")(near) if dropout else near


def _without_padding(words: Any, mask: Any) -> tuple[Any, Any]:
    """Return the words with zeros at padding, and which steps are words: 1 or 0, (samples, timesteps, 1)."""
    layers = import_keras().layers
    real = layers.Rescaling(1.0, name="real_words")(layers.Reshape((-1, 1), name="real_column")(mask))
    return layers.Multiply(name="words_without_padding")([words, real]), real
