"""The network that reads token ids: an embedding that hides padding, then the LSTMs of every sequence model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from seqwise.backend import import_keras
from seqwise.data.spelling import PARTS
from seqwise.estimators.seeds import seed_stream
from seqwise.estimators.sequences.convolutions import find_phrases
from seqwise.estimators.sequences.network import head, read_steps

SPELLING = 16  # width of the vector of a part of a spelling


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
        filters: of convolutions that read the words beside the LSTM (see `find_phrases`); 0 for none.
        spellings: how many parts of spellings there are in their vocabulary; 0 for none.
        seed: seeds every initial weight and dropout mask.
    """
    keras = import_keras()
    seeds = seed_stream(seed)
    ids = keras.layers.Input((None,), dtype="int32", name="tokens")
    inputs = [ids]
    steps, mask = embed(ids, tokens, embedding, table=table, frozen=frozen, dropout=dropout, seeds=seeds)
    if spellings:
        parts = keras.layers.Input((None, PARTS), dtype="int32", name="spelling")
        inputs.append(parts)
        spelled = spell(parts, spellings, dropout=dropout, seeds=seeds)
        steps = keras.layers.Concatenate(name="word_and_spelling")([steps, spelled])
    pooled = read_steps(
        steps, mask, units=units, bidirectional=bidirectional, pooling=pooling, dropout=dropout, seeds=seeds
    )
    if filters:
        phrases = find_phrases(steps, mask, filters=filters, dropout=dropout, seeds=seeds)
        pooled = keras.layers.Concatenate(name="states_and_phrases")([pooled, phrases])
    return keras.Model(inputs if spellings else ids, head(pooled, outputs, seeds), name="text_reader")


def spell(parts: Any, count: int, *, dropout: float, seeds: Iterator[int]) -> Any:
    """Turn the parts of each token's spelling into one vector, those of the parts side by side.

    Args:
        parts: ids, int32, (samples, timesteps, parts). count: how many there are.
        dropout: as in `embed`.

    Returns:
        (samples, timesteps, parts × 16).
    """
    keras = import_keras()
    start = keras.initializers.RandomUniform(-0.05, 0.05, seed=next(seeds))
    vectors = keras.layers.Embedding(count, SPELLING, embeddings_initializer=start, name="spelling_embedding")(parts)
    spelled = keras.layers.Reshape((-1, PARTS * SPELLING), name="spelled")(vectors)
    if dropout:
        spelled = keras.layers.SpatialDropout1D(dropout, seed=next(seeds), name="dropout_spelling")(spelled)
    return spelled


def embed(
    ids: Any,
    tokens: int,
    width: int,
    *,
    table: np.ndarray | None,
    frozen: bool,
    dropout: float,
    seeds: Iterator[int],
) -> tuple[Any, Any]:
    """Turn token ids into vectors; padding, id 0, is masked.

    Args:
        ids: int32, (samples, timesteps).
        width: of the vectors, where they are learned from nothing.
        table: pretrained vectors, float32, shape (tokens, dims), to start from; their dims then stand for `width`.
        frozen: the vectors stay as they are.
        dropout: share of the vectors' dimensions that is dropped in training, the same at every step of a text.

    Returns:
        vectors (samples, timesteps, width), and the mask, bool (samples, timesteps).
    """
    keras = import_keras()
    layers = keras.layers
    start = keras.initializers.RandomUniform(-0.05, 0.05, seed=next(seeds))
    layer = layers.Embedding(
        tokens,
        width if table is None else table.shape[1],
        mask_zero=True,
        embeddings_initializer=start,
        trainable=not frozen,
        name="embedding",
    )
    steps = layer(ids)
    if table is not None:
        layer.set_weights([table])
    if dropout:
        steps = layers.SpatialDropout1D(dropout, seed=next(seeds), name="dropout_embedding")(steps)
    return steps, layer.compute_mask(ids)
