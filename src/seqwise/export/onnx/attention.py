"""Attention by products and softmax, with the masks of queries and values."""

from __future__ import annotations

from seqwise.export.onnx.call import Call

HIDDEN = 1e9  # what Keras takes off the score of a hidden value


def attention(call: Call) -> list[str]:
    """Attention ("dot" or "concat" scores) and AdditiveAttention: inputs are query, value and, if it differs, key."""
    graph, config = call.graph, call.config
    query, value, *rest = call.inputs
    key = rest[0] if rest else value
    additive = call.layer["class"] == "AdditiveAttention"
    weights = iter(call.weights)
    if additive or config.get("score_mode") == "concat":
        joined = graph.add("Add", graph.expand_dims(query, 2), graph.expand_dims(key, 1))
        if not additive and config.get("use_scale"):
            joined = graph.add("Mul", joined, graph.constant(next(weights)))
        joined = graph.add("Tanh", joined)
        if additive and config["use_scale"]:
            joined = graph.add("Mul", joined, graph.constant(next(weights)))
        scores = graph.sum(joined, -1)
        if not additive:
            scores = graph.add("Mul", scores, graph.constant(next(weights)))
    else:
        scores = graph.add("MatMul", query, graph.transpose(key, [0, 2, 1]), name=call.name)
        if config.get("use_scale"):
            scores = graph.add("Mul", scores, graph.constant(next(weights)))
    seen = [mask for mask in (_value_mask(call), _causal(call, query, key)) if mask is not None]
    if seen:
        mask = seen[0] if len(seen) == 1 else graph.add("And", *seen)
        scores = graph.add("Where", mask, scores, graph.add("Sub", scores, graph.constant(HIDDEN)))
    shares = graph.add("Softmax", scores, axis=-1)
    context = graph.add("MatMul", shares, value)
    if call.mask is not None:
        context = graph.add("Where", graph.expand_dims(call.mask, 2), context, graph.constant(0.0))
    return [context, shares] if call.arguments.get("return_attention_scores") else [context]


def _value_mask(call: Call) -> str | None:
    mask = call.masks[1] if len(call.masks) > 1 else None
    return None if mask is None else call.graph.expand_dims(mask, 1)


def _causal(call: Call, query: str, key: str) -> str | None:
    if not call.arguments.get("use_causal_mask"):
        return None
    graph = call.graph
    rows, columns = (
        graph.add("Range", graph.whole(0), graph.scalar_size(side, 1), graph.whole(1)) for side in (query, key)
    )
    return graph.add("GreaterOrEqual", graph.expand_dims(rows, 1), graph.expand_dims(columns, 0))
