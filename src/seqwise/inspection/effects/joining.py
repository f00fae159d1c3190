"""Layers and operations that take several tensors: sums, concatenation, attention."""

from __future__ import annotations

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS
from seqwise.inspection.effects.effect import all_fields, effect, everything, number, the
from seqwise.inspection.graph import Call, Effect, Value
from seqwise.inspection.receptive_field import ReceptiveField, union

SUMS = {
    "Add": "Adds", "Subtract": "Subtracts", "Multiply": "Multiplies", "Average": "Averages",
    "Maximum": "Keeps the larger of", "Minimum": "Keeps the smaller of", "Divide": "Divides", "TrueDivide": "Divides",
}  # fmt: skip
NUMBER_BY_NUMBER = [
    "Negative", "Abs", "Absolute", "Exp", "Log", "Log1p", "Expm1", "Sqrt", "Square", "Tanh", "Sigmoid", "Relu", "Relu6",
    "Cast", "NotEqual", "Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalOr",
    "LogicalNot", "Where", "Clip", "Power", "Sign", "Silu", "Gelu", "Softplus", "Elu", "LeakyRelu", "Swish",
    "StopGradient", "Sin", "Cos", "Isnan", "ZerosLike", "OnesLike",
]  # fmt: skip


def sums(call: Call) -> Effect:
    """Number by number; where a size is 1 it is repeated."""
    shape = call.shapes[0]
    widest = max(call.inputs, key=lambda value: (value.rank, value.shape == shape))
    steps = shape[widest.axes.index(TIMESTEPS)] if TIMESTEPS in widest.axes and len(shape) == widest.rank else None
    field = union(_spread(value, steps) for value in call.inputs)
    origins = " and ".join(dict.fromkeys(value.made_by for value in call.inputs))
    if len(call.inputs) > 1:
        why = f"{SUMS.get(call.kind, 'Combines')} {origins}, number by number"
        alike = len({value.shape[1:] for value in call.inputs}) == 1
        why += ": the shapes are the same." if alike else "; an axis of size 1 is repeated to fit."
    else:
        why = f"{SUMS.get(call.kind, 'Changes')} each number by itself: the shape stays."
    return effect(call, widest.axes if len(widest.axes) == len(shape) else None, field, why)


def _spread(value: Value, steps: int | None) -> ReceptiveField:
    return value.field.at(0, 1) if value.size(TIMESTEPS) == 1 and steps != 1 else value.field


def concatenate(call: Call) -> Effect:
    value = call.first
    axis = getattr(call.layer, "axis", -1)
    axis = axis % value.rank
    name = value.axes[axis]
    sizes = " + ".join("?" if v.shape[axis] is None else f"{v.shape[axis]:,}" for v in call.inputs)
    origins = " and ".join(dict.fromkeys(v.made_by for v in call.inputs))
    why = f"Puts {origins} side by side along {name}: {sizes} = {number(call.shapes[0][axis], name)}."
    field = all_fields(call)
    if name == TIMESTEPS:  # which steps come from where is not followed
        field = everything(call.inputs) if all(v.size(TIMESTEPS) for v in call.inputs) else ReceptiveField.unknown()
    return effect(call, value.axes, field, why)


def dot(call: Call) -> Effect:
    return effect(call, None, everything(call.inputs), "Multiplies the two and sums over the axes they share.")


def attention(call: Call) -> Effect:
    """Attention, AdditiveAttention: called with [query, value] or [query, value, key]."""
    query, value = call.inputs[0], call.inputs[1 % len(call.inputs)]
    causal = bool(call.kwargs.get("use_causal_mask")) and query.made_by == value.made_by
    why = _attends(query, value, causal) + " The scores of a step add up to 1; there is one output for each query."
    weights = [(0, "")] if not call.layer.weights else []
    axes = [(SAMPLES, query.axes[1], value.axes[-1]), (SAMPLES, query.axes[1], "scores")]
    field = _attention_field(query, [value, *call.inputs[2:]], causal)
    return Effect(axes[: len(call.shapes)], [field] * len(call.shapes), why, weights)


def multi_head(call: Call) -> Effect:
    """MultiHeadAttention(query, value, key) (Vaswani et al. 2017)."""
    query, value = call.inputs[0], call.inputs[1 % len(call.inputs)]
    layer = call.layer
    causal = bool(call.kwargs.get("use_causal_mask")) and query.made_by == value.made_by
    heads, width = getattr(layer, "num_heads", getattr(layer, "num_query_heads", 1)), _head_width(layer)
    why = _attends(query, value, causal) + f" {number(heads, 'heads')} do so side by side, each with " \
          f"{number(width, 'numbers')} for a step; the shape of the query comes out."  # fmt: skip
    accounts = []
    if call.kind == "MultiHeadAttention" and None not in (query.shape[-1], value.shape[-1]):
        accounts = _multi_head_parameters(layer, query.shape[-1] or 0, value.shape[-1] or 0, call.shapes[0][-1] or 0)
    axes = [(SAMPLES, query.axes[1], FEATURES), (SAMPLES, "heads", query.axes[1], "scores")]
    field = _attention_field(query, [value, *call.inputs[2:]], causal)
    names = [axes[i] if len(axes[i]) == len(shape) else query.axes for i, shape in enumerate(call.shapes[:2])]
    return Effect(names, [field] * len(call.shapes), why, accounts)


def _multi_head_parameters(layer: object, query: int, value: int, out: int) -> list[tuple[int, str]]:
    heads, width = getattr(layer, "num_heads", 1), _head_width(layer)
    value_width = getattr(layer, "value_dim", None) or width
    bias = 1 if getattr(layer, "use_bias", True) else 0
    inside = heads * width
    total = (query + bias) * inside + (value + bias) * inside + (value + bias) * heads * value_width
    total += heads * value_width * out + bias * out
    plus = " + 1 bias" if bias else ""
    if query == value == out and value_width == width:
        words = f"3 maps in, ({query:,} features{plus}) × {heads} heads × {width}, and 1 map out, " \
                f"({inside:,}{plus}) × {out:,}"  # fmt: skip
    else:
        words = "the maps of query, key and value to the heads, and one map back"
    return [(total, words)]


def _head_width(layer: object) -> int:
    return getattr(layer, "key_dim", None) or getattr(layer, "head_dim", None) or 1


def _attends(query: Value, value: Value, causal: bool) -> str:
    whose = "its own timesteps" if query.made_by == value.made_by else f"the timesteps of {value.made_by}"
    up_to = " up to itself (use_causal_mask=True)" if causal else ""
    steps = the(query.size(TIMESTEPS), "timesteps").removeprefix("the ")
    return f"Each of the {steps} of {query.made_by} looks at all {whose}{up_to} and takes a weighted mean of them."


def _attention_field(query: Value, others: list[Value], causal: bool) -> ReceptiveField:
    if causal:
        return union([query.field, *(other.field.so_far() for other in others)])
    return union([query.field, everything(others)])


KINDS = {
    **dict.fromkeys([*SUMS, *NUMBER_BY_NUMBER], sums), "Concatenate": concatenate, "Dot": dot,
    "Attention": attention, "AdditiveAttention": attention,
    "MultiHeadAttention": multi_head, "GroupedQueryAttention": multi_head, "GroupQueryAttention": multi_head,
}  # fmt: skip
