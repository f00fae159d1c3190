"""Settings of Keras 3 layers as TensorFlow.js reads them: Keras 2's names, its own defaults, nothing that it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from seqwise.errors import ExportError

# by Keras's name, TensorFlow.js's
ACTIVATIONS = {
    "elu": "elu", "gelu": "gelu", "linear": "linear", "log_softmax": "log_softmax", "mish": "mish", "relu": "relu",
    "relu6": "relu6", "selu": "selu", "sigmoid": "sigmoid", "silu": "swish", "softmax": "softmax",
    "softplus": "softplus", "softsign": "softsign", "swish": "swish", "tanh": "tanh",
}  # fmt: skip
HARD_SIGMOID = "hard_sigmoid"  # Keras 3's is x / 6 + 0.5 between 0 and 1, TensorFlow.js's 0.2 x + 0.5
INITIALIZERS = {
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Ones",
    "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Zeros",
}  # fmt: skip
TFJS_INITIALIZERS = {"LecunNormal": "LeCunNormal", "LecunUniform": "LeCunUniform"}
CONSTRAINTS = {"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"}


class Kind(NamedTuple):
    """A layer that Keras and TensorFlow.js share.

    Attributes:
        settings: names that both have.
        weights: names of its arrays in Keras's order; before one that a setting turns off that: ``"use_bias:bias"``.
        only: settings that must have one of these values.
        renamed: settings by TensorFlow.js's name.
    """

    settings: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    only: Mapping[str, tuple[Any, ...]] = MappingProxyType({})
    renamed: Mapping[str, str] = MappingProxyType({})


KERNEL = (
    "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
    "kernel_constraint", "bias_constraint",
)  # fmt: skip
RNN = (
    *KERNEL, "units", "recurrent_initializer", "recurrent_regularizer", "recurrent_constraint", "dropout",
    "recurrent_dropout", "return_sequences", "return_state", "go_backwards", "stateful",
)  # fmt: skip
RNN_WEIGHTS = ("kernel", "recurrent_kernel", "use_bias:bias")
LAST = {"data_format": ("channels_last", None)}
POOL = ("pool_size", "strides", "padding", "data_format")
NORM = ("epsilon", "center", "scale", "beta_initializer", "gamma_initializer", "beta_regularizer", "gamma_regularizer")

KINDS = {
    "Activation": Kind(("activation",)),
    "Add": Kind(),
    "AlphaDropout": Kind(("rate",)),
    "Average": Kind(),
    "AveragePooling1D": Kind(POOL, only=LAST),
    "BatchNormalization": Kind(
        (*NORM, "axis", "momentum", "moving_mean_initializer", "moving_variance_initializer", "beta_constraint",
         "gamma_constraint"),
        ("scale:gamma", "center:beta", "moving_mean", "moving_variance"),
    ),
    "Concatenate": Kind(("axis",)),
    "Conv1D": Kind(
        (*KERNEL, "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate"),
        ("kernel", "use_bias:bias"),
        only=LAST | {"groups": (1,)},
    ),
    "Dense": Kind((*KERNEL, "units"), ("kernel", "use_bias:bias")),
    "Dot": Kind(("axes", "normalize")),
    "Dropout": Kind(("rate", "noise_shape", "seed")),
    "ELU": Kind(("alpha",), only={"alpha": (1.0, 1)}),
    "Embedding": Kind(
        ("input_dim", "output_dim", "embeddings_initializer", "embeddings_regularizer", "embeddings_constraint",
         "mask_zero"),
        ("embeddings",),
    ),
    "Flatten": Kind(("data_format",)),
    "GRU": Kind(
        (*RNN, "recurrent_activation"), RNN_WEIGHTS, only={"reset_after": (False,), "zero_output_for_mask": (False,)}
    ),
    "GaussianDropout": Kind(("rate",)),
    "GaussianNoise": Kind(("stddev",)),
    "GlobalAveragePooling1D": Kind(only=LAST),
    "GlobalMaxPooling1D": Kind(only=LAST),
    "LSTM": Kind((*RNN, "recurrent_activation", "unit_forget_bias"), RNN_WEIGHTS),
    "LayerNormalization": Kind((*NORM, "axis"), ("scale:gamma", "center:beta"), only={"rms_scaling": (False,)}),
    "LeakyReLU": Kind(renamed={"negative_slope": "alpha"}),
    "Masking": Kind(("mask_value",)),
    "MaxPooling1D": Kind(POOL, only=LAST),
    "Maximum": Kind(),
    "Minimum": Kind(),
    "Multiply": Kind(),
    "PReLU": Kind(("alpha_initializer", "alpha_regularizer", "alpha_constraint", "shared_axes"), ("alpha",)),
    "Permute": Kind(("dims",)),
    "ReLU": Kind(("max_value",), only={"negative_slope": (0, 0.0, None), "threshold": (0, 0.0, None)}),
    "RepeatVector": Kind(("n",)),
    "Reshape": Kind(("target_shape",)),
    "SimpleRNN": Kind(RNN, RNN_WEIGHTS, only={"zero_output_for_mask": (False,)}),
    "SpatialDropout1D": Kind(("rate", "seed")),
}  # fmt: skip


def tfjs_config(kind: str, name: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return a layer's settings for TensorFlow.js.

    Args:
        kind: Keras's class, a key of `KINDS`.
        name: of the layer, for messages.
        config: as Keras's layer has it.

    Raises:
        ExportError: a setting has a value that TensorFlow.js does not know.
    """
    known = KINDS[kind]
    for setting, values in known.only.items():
        if setting in config and config[setting] not in values:
            raise ExportError(
                f"Layer {name!r}: TensorFlow.js has no {kind} with {setting}={config[setting]!r}. Build it with "
                f"{setting}={values[0]!r}, or export to ONNX."
            )
    result = {setting: _value(name, setting, config.get(setting)) for setting in known.settings if setting in config}
    result |= {new: config[old] for old, new in known.renamed.items()}
    return {"trainable": bool(config.get("trainable", True)), "dtype": "float32"} | result


def weight_names(kind: str, config: dict[str, Any]) -> list[str]:
    """Return the names of a layer's arrays, in Keras's order."""
    names = (name.rpartition(":") for name in KINDS[kind].weights)
    return [name for switch, _, name in names if not switch or config.get(switch, True)]


def is_hard(config: dict[str, Any], setting: str = "activation") -> bool:
    """Tell whether an activation is Keras's hard sigmoid."""
    return config.get(setting) == HARD_SIGMOID


def _value(name: str, setting: str, value: Any) -> Any:
    if setting in ("activation", "recurrent_activation"):
        return activation(name, value)
    if setting.endswith("_initializer"):
        return _initializer(value)
    if setting.endswith("_regularizer"):
        return _regularizer(name, setting, value)
    if setting.endswith("_constraint"):
        return _constraint(name, setting, value)
    if setting == "seed":
        return value if isinstance(value, int) else None
    return list(value) if isinstance(value, tuple) else value


def activation(name: str, value: Any) -> str:
    """Return TensorFlow.js's name of an activation; `HARD_SIGMOID` stays, for its layer to be rescaled.

    Raises:
        ExportError: TensorFlow.js has no such activation.
    """
    if value is None:
        return "linear"
    if value == HARD_SIGMOID:
        return HARD_SIGMOID
    if not isinstance(value, str) or value not in ACTIVATIONS:
        shown = value if isinstance(value, str) else value.get("class_name", value)
        raise ExportError(
            f"Layer {name!r}: TensorFlow.js has no activation {shown!r}. It has {', '.join(sorted(ACTIVATIONS))}."
        )
    return ACTIVATIONS[value]


def _initializer(value: Any) -> Any:
    # the weights are loaded over it; it counts only in a layer that is made anew from these settings
    if not isinstance(value, dict) or value.get("class_name") not in INITIALIZERS:
        return {"class_name": "Zeros", "config": {}}
    kind = value["class_name"]
    settings = {k: v for k, v in value["config"].items() if isinstance(v, (int, float, str)) and k != "name"}
    return {"class_name": TFJS_INITIALIZERS.get(kind, kind), "config": settings}


def _regularizer(name: str, setting: str, value: Any) -> Any:
    if value is None:
        return None
    kind = value.get("class_name") if isinstance(value, dict) else value
    if kind not in ("L1", "L2", "L1L2"):
        raise ExportError(f"Layer {name!r}: TensorFlow.js has no regularizer {kind!r} ({setting}). It has L1 and L2.")
    strengths = {k: float(value["config"].get(k, 0.0)) for k in ("l1", "l2")}
    return {"class_name": "L1L2", "config": strengths}


def _constraint(name: str, setting: str, value: Any) -> Any:
    if value is None:
        return None
    kind = value.get("class_name") if isinstance(value, dict) else value
    if kind not in CONSTRAINTS:
        raise ExportError(
            f"Layer {name!r}: TensorFlow.js has no constraint {kind!r} ({setting}). It has "
            f"{', '.join(sorted(CONSTRAINTS))}."
        )
    return {"class_name": kind, "config": value["config"]}
