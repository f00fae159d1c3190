"""The network that reads token ids: an embedding that hides padding, then the LSTMs of every sequence model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from seqwise.backend import import_keras
from seqwise.data.spelling import PARTS
from seqwise.estimators.seeds import seed_stream
from seqwise.estimators.sequences.convolutions import find_neighbours, find_phrases
from seqwise.estimators.sequences.network import head, read_steps

SPELLING = 16  # width of the vector of a part of a spelling
START, START_OF_STEPS = 0.05, 0.25  # most of a new vector's numbers; where each step counts, few say which word it is


def build_text_network(
    *,
    tokens: int,
    outputs: int,
    embedding: int,
    units: Sequence[int],
    bidirectional: bool = True,
    pooling: Sequence[str] = ("max",),
    dropout: float = 0.0,
    table: np.ndarray | None = None,
    frozen: bool = False,
    filters: int = 0,
    spellings: int = 0,
    seed: int = 0,
) -> Any:
    """Build the model; every layer is Keras's own, so it loads wherever Keras does.

    Input: token ids, int32 (samples, timesteps), 0 where there is padding; with `spellings` also the ids of the parts
    of each token's spelling, int32 (samples, timesteps, parts). Output: (samples, outputs), or without `pooling`
    (samples, timesteps, outputs), without an activation.

    Args:
        tokens: how many there are in the vocabulary, padding included.
        embedding, table, frozen: see `embed`.
        units, bidirectional, pooling, dropout: see `read_steps`.
        filters: of convolutions that read the words beside the LSTM (see `find_phrases`, without `pooling`
            `find_neighbours`); 0 for none.
        spellings: how many parts of spellings there are in their vocabulary; 0 for none.
        seed: seeds every initial weight and dropout mask.
    """
    keras = import_keras()
    seeds = seed_stream(seed)
    ids = keras.layers.Input((None,), dtype="int32", name="tokens")
    inputs = [ids]
    start = START if pooling else START_OF_STEPS
    steps, mask = embed(ids, tokens, embedding, start, table=table, frozen=frozen, dropout=dropout, seeds=seeds)
    if spellings:
        parts = keras.layers.Input((None, PARTS), dtype="int32", name="spelling")
        inputs.append(parts)
        spelled = spell(parts, spellings, start, dropout=dropout, seeds=seeds)
        steps = keras.layers.Concatenate(name="word_and_spelling")([steps, spelled])
    states = read_steps(
        steps, mask, units=units, bidirectional=bidirectional, pooling=pooling, dropout=dropout, seeds=seeds
    )
    if filters:
        find, found = (find_phrases, "phrases") if pooling else (find_neighbours, "neighbours")
        beside = find(steps, mask, filters=filters, dropout=dropout, seeds=seeds)
        states = keras.layers.Concatenate(name=f"states_and_{found}")([states, beside])
    return keras.Model(inputs if spellings else ids, head(states, outputs, seeds), name="text_reader")


def spell(parts: Any, count: int, start: float, *, dropout: float, seeds: Iterator[int]) -> Any:
    """Turn the parts of each token's spelling into one vector, those of the parts side by side.

    Args:
        parts: ids, int32, (samples, timesteps, parts). count: how many there are. start: see `embed`.
        dropout: as in `embed`.

    Returns:
        (samples, timesteps, parts × 16).
    """
    keras = import_keras()
    drawn = keras.initializers.RandomUniform(-start, start, seed=next(seeds))
    vectors = keras.layers.Embedding(count, SPELLING, embeddings_initializer=drawn, name="spelling_embedding")(parts)
    spelled = keras.layers.Reshape((-1, PARTS * SPELLING), name="spelled")(vectors)
    if dropout:
        spelled = keras.layers.SpatialDropout1D(dropout, seed=next(seeds), name="dropout_spelling")(spelled)
    return spelled


def embed(
    ids: Any,
    tokens: int,
    width: int,
    start: float,
    *,
    table: np.ndarray | None,
    frozen: bool,
    dropout: float,
    seeds: Iterator[int],
) -> tuple[Any, Any]:
    """Turn token ids into vectors; padding, id 0, is masked.

    Args:
        ids: int32, (samples, timesteps).
        width: of the vectors, where they are learned from nothing. start: their numbers' size at first, at most.
        table: pretrained vectors, float32, shape (tokens, dims), to start from; their dims then stand for `width`.
        frozen: the vectors stay as they are.
        dropout: share of the vectors' dimensions that is dropped in training, the same at every step of a text.

    Returns:
        vectors (samples, timesteps, width), and the mask, bool (samples, timesteps).
    """
    keras = import_keras()
    layers = keras.layers
    drawn = keras.initializers.RandomUniform(-start, start, seed=next(seeds))
    layer = layers.Embedding(
        tokens,
        width if table is None else table.shape[1],
        mask_zero=True,
        embeddings_initializer=drawn,
        trainable=not frozen,
        name="embedding",
    )
    steps = layer(ids)
    if table is not None:
        layer.set_weights([table])
    if dropout:
        steps = layers.SpatialDropout1D(dropout, seed=next(seeds), name="dropout_embedding")(steps)
    return steps, layer.compute_mask(ids)
