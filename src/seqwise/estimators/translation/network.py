"""The translation network: an encoder and a decoder of stock Keras layers, and the two models that translate step by
step with the same weights."""

from __future__ import annotations

from typing import Any, NamedTuple

from seqwise.backend import import_keras
from seqwise.estimators.seeds import seed_stream

ATTENTION = (None, "dot", "additive")
NAMED = {"source", "target_embedding", "decoder_1", "logits"}  # layers


class InferenceModels(NamedTuple):
    """What translates; both share their layers, and so their weights, with the model that was trained.

    Attributes:
        encoder: source (samples, timesteps) → [states …, and with attention keys and values, both (samples,
            timesteps, width)]. The states are h and c of each decoder layer, (samples, units).
        step: [token (samples, 1), states …, and with attention keys, values, and mask (samples, timesteps) bool, True
            at the source's tokens] → [logits (samples, 1, vocabulary), new states …].
    """

    encoder: Any
    step: Any


def build_translator(
    *,
    source_tokens: int,
    target_tokens: int,
    embedding: int = 256,
    units: tuple[int, ...] = (256,),
    bidirectional: bool = True,
    attention: str | None = "dot",
    dropout: float = 0.0,
    seed: int = 0,
) -> Any:
    """Build the model that is trained: [source, decoder input] → logits (samples, target
    timesteps, `target_tokens`).

    Both inputs are token ids (samples, timesteps), 0 where padded; the decoder input is the target up to
    the step before (teacher forcing).
    Each decoder layer starts from the final state of the encoder's layer beside it (Sutskever et al. 2014); a
    bidirectional encoder's two states are brought to one by a dense layer (Bahdanau et al. 2015). Attention stands
    after these decoder layers (Luong et al. 2015): their output and the context make one vector. One more LSTM reads
    these vectors and adds to them, so that the decoder knows what it has looked at before, as with input feeding, while
    all steps still run in one call in training.

    Args:
        embedding: width of both embeddings.
        units: width of each stacked layer, in the encoder and in the decoder; with attention the decoder has one layer
            more, of the last width.
        bidirectional: the encoder reads the source in both directions, with `units` for each.
        attention: ``"dot"`` (Luong's "general" score), ``"additive"`` (Bahdanau's) or None.
        dropout: share of the embeddings and of each layer's outputs that is dropped in training.
        seed: seeds every initial weight and dropout mask.
    """
    keras = import_keras()
    layers = keras.layers
    seeds = seed_stream(seed)

    def glorot() -> Any:
        return keras.initializers.GlorotUniform(seed=next(seeds))

    def embed(tokens: Any, count: int, name: str) -> Any:
        # Keras's own start, 0.05 at most, leaves the LSTM next to nothing to tell words apart by
        start = keras.initializers.RandomNormal(stddev=1.0, seed=next(seeds))
        return layers.Embedding(count, embedding, start, mask_zero=True, name=f"{name}_embedding")(tokens)

    def dropped(hidden: Any, name: str) -> Any:
        return layers.Dropout(dropout, seed=next(seeds), name=f"{name}_dropout")(hidden)

    def lstm(width: int, name: str, backwards: bool = False) -> Any:
        return layers.LSTM(
            width,
            return_sequences=True,
            return_state=True,
            go_backwards=backwards,
            kernel_initializer=glorot(),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            name=name + ("_backwards" if backwards else ""),
        )

    def bridged(final: list[Any], width: int, i: int) -> list[Any]:
        """Return h and c that a decoder layer starts from, given an encoder layer's final ones (of both directions)."""
        start: list[Any] = []
        for k, (state, squash) in enumerate((("h", "tanh"), ("c", None))):
            ends = final[k]
            if bidirectional:
                ends = layers.Concatenate(name=f"both_{i}_{state}")([final[k], final[k + 2]])
            bridge = layers.Dense(width, squash, kernel_initializer=glorot(), name=f"bridge_{i}_{state}")
            start.append(bridge(ends))
        return start

    source = layers.Input((None,), dtype="int32", name="source")
    hidden = dropped(embed(source, source_tokens, "source"), "source")
    states: list[Any] = []
    final: list[Any] = []
    for i, width in enumerate(units, 1):
        layer = lstm(width, f"encoder_{i}")
        if bidirectional:
            layer = layers.Bidirectional(
                layer, backward_layer=lstm(width, f"encoder_{i}", backwards=True), name=f"encoder_{i}_both"
            )
        hidden, *final = layer(hidden)
        hidden = dropped(hidden, f"encoder_{i}")
        states.append(bridged(final, width, i) if bidirectional else final)
    if attention is not None:
        states.append(bridged(final, units[-1], len(units) + 1))

    decoder_input = layers.Input((None,), dtype="int32", name="decoder_input")
    output = dropped(embed(decoder_input, target_tokens, "target"), "target")
    for i, width in enumerate(units, 1):
        output, *_ = lstm(width, f"decoder_{i}")(output, initial_state=states[i - 1])
        output = dropped(output, f"decoder_{i}")
    if attention is not None:
        width = units[-1]
        keys = layers.Dense(width, use_bias=False, kernel_initializer=glorot(), name="keys")(hidden)
        query, scored = output, layers.Attention(name="attention")
        if attention == "additive":
            query = layers.Dense(width, use_bias=False, kernel_initializer=glorot(), name="query")(output)
            scored = layers.AdditiveAttention(name="attention")
        context = scored([query, hidden, keys])
        joined = layers.Concatenate(name="context_and_output")([context, output])
        output = layers.Dense(width, activation="tanh", kernel_initializer=glorot(), name="attended")(joined)
        output = dropped(output, "attended")
        state, *_ = lstm(width, f"decoder_{len(units) + 1}")(output, initial_state=states[-1])
        output = layers.Add(name="with_history")([output, dropped(state, f"decoder_{len(units) + 1}")])
    logits = layers.Dense(target_tokens, kernel_initializer=glorot(), name="logits")(output)
    return keras.Model([source, decoder_input], logits, name="translator")


def inference_models(model: Any) -> InferenceModels | None:
    """Take encoder and decoder step out of a model that `build_translator` made, on the same layers.

    Returns:
        None for any other model.
    """
    keras = import_keras()
    layers, known = keras.layers, {layer.name: layer for layer in model.layers}
    if not set(known) >= NAMED or ("attention" in known) != ("with_history" in known):
        return None
    decoders = [known[f"decoder_{i}"] for i in range(1, len(known)) if f"decoder_{i}" in known]
    # the states are what the decoder starts from in the trained graph itself
    starts = [[*node.input_tensors[1:]] for node in (decoder._inbound_nodes[0] for decoder in decoders)]
    states_before = [state for pair in starts for state in pair]
    memory: list[Any] = []
    if "attention" in known:
        _, values, keys = known["attention"]._inbound_nodes[0].input_tensors
        memory = [keys, values]
    encoder = keras.Model(known["source"].output, [*states_before, *memory], name="encoder")

    token = layers.Input((1,), dtype="int32", name="token")
    states = [
        [layers.Input((decoder.units,), name=f"{name}_{i}") for name in ("h", "c")]
        for i, decoder in enumerate(decoders, 1)
    ]
    inputs = [token, *(state for pair in states for state in pair)]
    output: Any = known["target_embedding"](token)
    after: list[Any] = []
    source: list[Any] = [
        layers.Input((None, part.shape[-1]), name=f"source_{name}")
        for part, name in zip(memory, ("keys", "values"), strict=False)
    ]
    if memory:
        source.append(layers.Input((None,), dtype="bool", name="source_mask"))
    inputs += source
    for decoder, pair in zip(decoders, states, strict=True):
        if source and decoder is decoders[-1]:
            keys, values, mask = source
            query = known["query"](output) if "query" in known else output
            context = known["attention"]([query, values, keys], mask=[None, mask])
            attended = known["attended"](known["context_and_output"]([context, output]))
            state, *new = decoder(attended, initial_state=pair)
            output = known["with_history"]([attended, state])
        else:
            output, *new = decoder(output, initial_state=pair)
        after += new
    return InferenceModels(encoder, keras.Model(inputs, [known["logits"](output), *after], name="decoder_step"))
