"""A layer as its user would write it, with the arguments that matter for the shapes."""

from __future__ import annotations

from typing import Any

from seqwise.inspection.graph import is_sequence

# the arguments that are written without their name
POSITIONAL = {
    "LSTM": ["units"], "GRU": ["units"], "SimpleRNN": ["units"], "Dense": ["units"], "Conv1D": ["filters", "kernel"],
    "SeparableConv1D": ["filters", "kernel"], "DepthwiseConv1D": ["kernel"], "Conv1DTranspose": ["filters", "kernel"],
    "Embedding": ["input_dim", "output_dim"], "Dropout": ["rate"], "SpatialDropout1D": ["rate"], "RepeatVector": ["n"],
    "Reshape": ["target_shape"], "Permute": ["dims"], "MaxPooling1D": ["pool"], "AveragePooling1D": ["pool"],
    "Cropping1D": ["cropping"], "ZeroPadding1D": ["padding"], "UpSampling1D": ["size"], "Masking": ["mask_value"],
    "MultiHeadAttention": ["num_heads", "key_dim"], "ConvLSTM1D": ["filters", "kernel"],
    "ConvLSTM2D": ["filters", "kernel"], "Conv2D": ["filters", "kernel"], "MaxPooling2D": ["pool"],
}  # fmt: skip
FLAGS = {
    "return_sequences": False, "return_state": False, "go_backwards": False, "stateful": False, "mask_zero": False,
    "use_bias": True, "merge_mode": "concat", "keepdims": False,
}  # fmt: skip


def label(operation: Any, kind: str) -> str:
    """
    >>> label(keras.layers.LSTM(50, return_sequences=True), "LSTM")
    'LSTM(50, return_sequences=True)'
    """
    name = type(operation).__name__ or kind
    inner = getattr(operation, "forward_layer", None) or getattr(operation, "layer", None)
    parts = [label(inner, type(inner).__name__)] if inner is not None else []
    for setting in POSITIONAL.get(kind, []):
        value = {"kernel": "kernel_size", "pool": "pool_size"}.get(setting, setting)
        parts.append(_short(getattr(operation, value, None)))
    if kind in ("Dense", "Activation", "Conv1D"):
        activation = getattr(getattr(operation, "activation", None), "__name__", "linear")
        if kind == "Activation":
            parts.append(repr(activation))
        elif activation != "linear":
            parts.append(f'activation="{activation}"')
    for flag, usual in FLAGS.items():
        value = getattr(operation, flag, usual)
        if value != usual and not (inner is not None and flag in ("return_sequences", "return_state", "stateful")):
            parts.append(f'{flag}="{value}"' if isinstance(value, str) else f"{flag}={value}")
    if kind in ("Conv1D", "SeparableConv1D"):
        if operation.padding != "valid":
            parts.append(f'padding="{operation.padding}"')
        parts += [f"{flag}={_short(value)}" for flag, value in (("strides", operation.strides),
                  ("dilation_rate", operation.dilation_rate)) if tuple(value) != (1,)]  # fmt: skip
    return f"{name}({', '.join(parts)})"


def _short(value: Any) -> str:
    if is_sequence(value):
        value = value[0] if len(value) == 1 else tuple(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
