"""Writing a layer, or the line that compiles a model, as the code that makes it."""

from __future__ import annotations

import inspect
import re
from contextlib import suppress
from typing import Any

import numpy as np

from seqwise.inspection.graph import is_dict, is_sequence
from seqwise.inspection.layer_kinds import is_a

UNWRITTEN = ("kwargs", "dtype", "trainable", "autocast", "seed", "data_format", "build_config")


def layer_code(layer: Any, **changes: Any) -> str:
    """Return the expression that makes a layer like this one, only what differs from the defaults, with `changes`.

    >>> layer_code(keras.layers.LSTM(50), return_sequences=True)  # doctest: +SKIP
    'keras.layers.LSTM(50, return_sequences=True)'
    """
    if is_a(layer, "InputLayer"):
        batch, *declared = layer.batch_shape
        shape = tuple(changes.get("shape", declared))
        dtype = "" if str(layer.dtype) == "float32" else f", dtype={str(layer.dtype)!r}"
        return f"keras.Input(batch_shape={(batch, *shape)}{dtype})" if batch else f"keras.Input({shape}{dtype})"
    if is_a(layer, "Bidirectional", "TimeDistributed"):
        inner = layer.forward_layer if is_a(layer, "Bidirectional") else layer.layer
        changes = {"layer": Code(layer_code(inner, **changes))}
    return _call(layer, changes)


def mask_value(masking: Any) -> float:
    return float(np.asarray(masking.mask_value))


def class_code(kind: type, settings: dict[str, Any]) -> str:
    """Return the expression that makes a layer of this class with these settings, without those that are defaults."""
    return f"keras.layers.{kind.__name__}({', '.join(_arguments(kind, dict(settings)))})"


class Code(str):
    """Text that is code already, so it is not quoted."""


def _call(layer: Any, changes: dict[str, Any]) -> str:
    config = dict(changes)
    with suppress(Exception):  # a layer of the user's that cannot tell its settings
        config = {**layer.get_config(), **changes}
    parts, shape = _arguments(type(layer), config), getattr(layer, "_input_shape_arg", None)
    if shape is not None and "input_shape" not in changes:
        parts.append(f"input_shape={tuple(shape)}")
    parts += [f"{name}={_text(value)}" for name, value in changes.items() if name in config]
    if not _automatic(layer):
        parts.append(f"name={layer.name!r}")
    module = type(layer).__module__
    home = {"keras": "keras.layers", "seqwise": "sw.layers"}.get(module.partition(".")[0], module)
    return f"{home}.{type(layer).__name__}({', '.join(parts)})"


def _arguments(kind: Any, config: dict[str, Any]) -> list[str]:
    """Write the settings that are not defaults, and take those that the constructor knows out of `config`."""
    parts, positional = list[str](), True
    for name, parameter in inspect.signature(kind.__init__).parameters.items():
        if name in ("self", *UNWRITTEN):
            continue
        if name not in config or name in ("name", "backward_layer") or _same(config[name], parameter.default):
            config.pop(name, None)
            positional = False
            continue
        required, value = parameter.default is inspect.Parameter.empty, _text(config.pop(name))
        parts.append(value if positional and (required or not parts) else f"{name}={value}")
        positional = positional and required
    return parts


def _automatic(layer: Any) -> bool:
    """Tell whether Keras made up the layer's name."""
    snake = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", snake).lower()
    return re.fullmatch(rf"((forward|backward)_)?{snake}(_\d+)?", layer.name) is not None


# what Keras makes of a default that it writes down in another way
ALIASES = {"uniform": "randomuniform", "normal": "randomnormal"}


def _same(value: Any, default: Any) -> bool:
    if default is None and value == "linear":
        return True
    if is_dict(value) and isinstance(default, str):
        kind = _key(str(value.get("class_name", "")))
        if kind == ALIASES.get(default):
            return {"minval": -0.05, "maxval": 0.05, "mean": 0.0, "stddev": 0.05}.items() >= _settings(value).items()
        return kind == _key(default) and not _settings(value)
    if is_sequence(value) and is_sequence(default):
        return list(value) == list(default)
    if isinstance(default, int) and not isinstance(default, bool) and is_sequence(value):
        return list(value) == [default] * len(value)
    return (type(value) is type(default) and value == default) or value is default


def _key(name: str) -> str:
    return name.replace("_", "").lower()


def _settings(value: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = value.get("config") or {}
    return {k: v for k, v in config.items() if v is not None and (k, v) != ("gain", 1.0)}


def _text(value: Any) -> str:
    if isinstance(value, Code):
        return str(value)
    if is_dict(value) and "class_name" in value:
        config = value.get("config")
        if not is_dict(config):
            return repr(config if isinstance(config, str) else value["class_name"])
        module = str(value.get("module") or "keras")
        settings = {k: v for k, v in config.items() if v is not None and k not in ("dtype", "trainable", "name")}
        return f"{module}.{value['class_name']}({', '.join(f'{k}={_text(v)}' for k, v in settings.items())})"
    if is_sequence(value) and all(isinstance(item, int) for item in value):
        return repr(tuple(value))
    return repr(value)


def compile_code(model: Any, loss: str, called: str = "model") -> str:
    """Return the line that compiles a model as it was compiled, with another loss (code, quoted where a name)."""
    parts = [_optimizer(model, called), f"loss={loss}"]
    config: dict[str, Any] = {}
    with suppress(Exception):  # objects that cannot be written down
        config = (model.get_compile_config() if model.compiled else None) or {}
    metrics = config.get("metrics")
    if is_sequence(metrics) and metrics and all(isinstance(metric, str) for metric in metrics):
        parts.append(f"metrics={list(metrics)}")
    return f"{called}.compile({', '.join(parts)})"


def _optimizer(model: Any, called: str) -> str:
    optimizer = getattr(model, "optimizer", None) if getattr(model, "compiled", False) else None
    if optimizer is None:
        return "optimizer='adam'"
    name = next((c.__name__ for c in type(optimizer).__mro__ if not c.__module__.count("backend")), "Adam")
    rate = getattr(optimizer, "_learning_rate", None)
    try:
        rate = float(f"{float(rate.value if hasattr(rate, 'value') else rate):.6g}")  # type: ignore[union-attr,arg-type]
        default = inspect.signature(type(optimizer).__init__).parameters["learning_rate"].default
    except (TypeError, KeyError, ValueError):
        return f"optimizer={called}.optimizer"
    if rate == default:
        return f"optimizer={name.lower()!r}"
    return f"optimizer=keras.optimizers.{name}(learning_rate={rate})"
