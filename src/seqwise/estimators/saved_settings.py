"""Settings of an estimator as JSON and back: Keras objects as their configuration, a function by its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from seqwise.backend import import_keras
from seqwise.errors import BundleError, SettingError

SEVERAL = ("units", "calendar")  # settings that hold several values: tuples, which JSON has as lists
KERAS_OBJECTS = ("optimizer", "loss")


class MissingNetwork:
    """Stands for the function that built a run's network, which a run folder does not hold."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *descriptions: Any) -> Any:
        raise SettingError(
            f"This run was trained with a network of your own, {self.name}. A run folder holds the trained model, not "
            "the function that builds it: set_params(network=…)."
        )


def plain_settings(estimator: Any, cls: Any) -> dict[str, Any]:
    """Return the settings of `cls`, Seqwise's own class of an estimator, as JSON.

    Raises:
        BundleError: one of them could not be loaded again.
    """
    settings = {name: getattr(estimator, name) for name in cls._get_param_names()}
    for name in _keras_objects(settings):
        saving = import_keras().saving
        keras_object, settings[name] = settings[name], saving.serialize_keras_object(settings[name])
        try:
            saving.deserialize_keras_object(settings[name])
        except (TypeError, ValueError):
            raise BundleError(
                f"{name}={getattr(keras_object, '__name__', keras_object)!r} is your own and could not be loaded "
                "again. Put @keras.saving.register_keras_serializable() on the line above its definition."
            ) from None
    if settings["network"] is not None:
        settings["network"] = _name_of(settings["network"])
    return json.loads(json.dumps({name: _with_text_keys(v) for name, v in settings.items()}, default=_plain))


def restored_settings(saved: dict[str, Any]) -> dict[str, Any]:
    """Undo `plain_settings`."""
    settings = {name: _with_any_keys(value) for name, value in saved.items()}
    for name in _keras_objects(saved):
        settings[name] = import_keras().saving.deserialize_keras_object(saved[name])
    if settings.get("network") is not None:
        settings["network"] = MissingNetwork(str(settings["network"]))
    return settings | {name: tuple(saved[name]) for name in SEVERAL if name in saved}


def _name_of(build: Any) -> str:
    if isinstance(build, MissingNetwork):
        return build.name
    return f"{getattr(build, '__module__', '')}.{getattr(build, '__qualname__', type(build).__qualname__)}"


def _keras_objects(settings: dict[str, Any]) -> list[str]:
    return [name for name in KERAS_OBJECTS if not isinstance(settings.get(name), (str, type(None)))]


def _with_text_keys(value: Any) -> Any:
    """Return a mapping whose keys are not all text (labels: 1, True) as pairs, for JSON's keys are text."""
    if not isinstance(value, Mapping):
        return value
    mapping = cast(Mapping[Any, Any], value)
    if all(isinstance(key, str) for key in mapping):
        return mapping
    return {"pairs": [[key, item] for key, item in mapping.items()]}


def _with_any_keys(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    mapping = cast(dict[str, Any], value)
    if list(mapping) == ["pairs"] and isinstance(mapping["pairs"], list):
        return dict(cast(list[list[Any]], mapping["pairs"]))
    return mapping


def _plain(value: Any) -> Any:
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return cast(np.generic, value).item()
    if isinstance(value, Path):
        return str(value)
    kind = cast(object, value).__class__.__name__
    raise BundleError(f"A setting of type {kind} cannot be saved as JSON: {value!r}.")
