"""What a rule asks of a Keras layer, answered from its class and settings alone."""

from __future__ import annotations

from typing import Any

from seqwise.inspection.graph import is_sequence

RECURRENT = {"LSTM", "GRU", "SimpleRNN", "RNN"}
NEEDS_TIME = {  # layers that read (samples, timesteps, features), and only that
    *RECURRENT, "Bidirectional", "Conv1D", "SeparableConv1D", "DepthwiseConv1D", "Conv1DTranspose", "MaxPooling1D",
    "AveragePooling1D", "GlobalMaxPooling1D", "GlobalAveragePooling1D", "UpSampling1D", "ZeroPadding1D", "Cropping1D",
    "SpatialDropout1D",
}  # fmt: skip
PASSES_ON = {  # layers that leave the shape as it is
    "Masking", "Dropout", "GaussianNoise", "GaussianDropout", "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU",
    "LayerNormalization", "BatchNormalization", "Normalization", "Rescaling", "Softmax", "Identity",
    "UnitNormalization", "ActivityRegularization", "RMSNormalization", "GroupNormalization",
}  # fmt: skip

READS_TOKENS = {"Embedding", "TextVectorization", "StringLookup", "IntegerLookup", "CategoryEncoding"}
PICTURE_LAYERS = {  # layers that read (samples, height, width, channels), and only that
    "Conv2D", "SeparableConv2D", "DepthwiseConv2D", "Conv2DTranspose", "MaxPooling2D", "AveragePooling2D",
    "GlobalMaxPooling2D", "GlobalAveragePooling2D", "UpSampling2D", "ZeroPadding2D", "Cropping2D", "SpatialDropout2D",
}  # fmt: skip
READS_PICTURES = {*PICTURE_LAYERS, "Resizing"}
READS_VIDEOS = {  # layers beside ConvLSTM2D that read (samples, timesteps, height, width, channels), and only that
    "Conv3D", "Conv3DTranspose", "MaxPooling3D", "AveragePooling3D", "GlobalMaxPooling3D", "GlobalAveragePooling3D",
    "UpSampling3D", "ZeroPadding3D", "Cropping3D", "SpatialDropout3D",
}  # fmt: skip


def classes(layer: Any) -> set[str]:
    """Return the names of a layer's class and of those that it inherits from."""
    return {cls.__name__ for cls in type(layer).__mro__}


def is_a(layer: Any, *names: str) -> bool:
    return not classes(layer).isdisjoint(names)


def is_recurrent(layer: Any) -> bool:
    """Tell whether a layer carries a state along the timesteps, wrapped in `Bidirectional` or not."""
    if is_a(layer, "Bidirectional"):
        return True
    return is_a(layer, *RECURRENT)


def recurrent(layer: Any) -> Any:
    """Return the recurrent layer itself: the forward one of a `Bidirectional`."""
    return layer.forward_layer if is_a(layer, "Bidirectional") else layer


def keeps_time(layer: Any) -> bool:
    """Tell whether a recurrent layer returns every timestep."""
    return bool(layer.return_sequences)


def needed_rank(layer: Any) -> int | None:
    """Return the number of axes that a layer needs, samples included; None where it takes several."""
    if is_a(layer, "TimeDistributed"):
        inside = needed_rank(layer.layer)
        return None if inside is None else inside + 1
    if is_a(layer, "ConvLSTM"):
        return layer.cell.rank + 3
    if is_a(layer, *READS_VIDEOS):
        return 5
    if is_a(layer, *NEEDS_TIME):
        return 3
    if is_a(layer, "RepeatVector"):
        return 2
    if is_a(layer, *PICTURE_LAYERS):
        return 4
    return None


def inner_layers(model: Any) -> list[Any] | None:
    """Return the layers of a Sequential model (or list) in order; None for any other."""
    if is_sequence(model):
        return list(model)
    return list(model._layers) if is_a(model, "Sequential") else None


def graph_of(model: Any) -> Any:
    """Return the graph of a functional model or of a built Sequential one; None where there is none."""
    graph = getattr(model, "_functional", None) or model
    return graph if hasattr(graph, "_nodes_by_depth") else None


def is_watched(model: Any) -> bool:
    """Tell whether a model has a `call` of the user's own, which takes whatever structure is handed to it."""
    return hasattr(model, "call") and inner_layers(model) is None and graph_of(model) is None


def activation_of(layer: Any) -> str:
    """Return the name of a layer's last activation: ``"linear"`` where it has none."""
    if is_a(layer, "TimeDistributed"):
        return activation_of(layer.layer)
    if is_a(layer, "Softmax"):
        return "softmax"
    if is_a(layer, "ReLU"):
        return "relu"
    if is_recurrent(layer):
        layer = recurrent(layer)
    name = getattr(getattr(layer, "activation", None), "__name__", None)
    return name or "linear"


def units_of(layer: Any) -> int | None:
    layer = layer.layer if is_a(layer, "TimeDistributed") else recurrent(layer) if is_recurrent(layer) else layer
    units = getattr(layer, "units", None)
    return units if isinstance(units, int) else None
