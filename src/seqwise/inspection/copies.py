"""Copies of layers that are not built, so that tracing may build them: the user's own objects are not touched."""

from __future__ import annotations

import contextlib
import random
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

# what `compile` leaves on a model; a copy is never trained
COMPILED = {"optimizer", "loss", "_compile_loss", "_compile_metrics", "_compile_config", "_loss_tracker"}


def is_built(layer: Any) -> bool:
    """Tell whether a layer and all that it holds have their weights."""
    return all(part.built for part in layer._flatten_layers()) if hasattr(layer, "_flatten_layers") else True


def copy_unbuilt(layer: Any) -> tuple[Any, dict[int, Any]]:
    """Copy a layer, or a model, with all that it holds.

    Stock layers are made anew from their configuration; an object of the user's own class gets the attributes of the
    original without its `__init__` being run.

    Returns:
        the copy, and the original of each copied layer by the copy's id.

    Raises:
        Exception: whatever a class raises that cannot be made from its configuration.
    """
    copy = _copy(layer, {})
    originals, copies = list(layer._flatten_layers()), list(copy._flatten_layers())
    for part in copies:
        if getattr(part, "stateful", False):  # states are variables, which a run on sizes cannot make
            part.stateful = False
    same = len(originals) == len(copies)
    return copy, {id(b): a for a, b in zip(originals, copies, strict=True)} if same else {id(copy): layer}


def _copy(value: Any, made: dict[int, Any]) -> Any:
    keras = sys.modules["keras"]
    if id(value) in made:
        return made[id(value)]
    if isinstance(value, keras.Layer):
        kind = type(value)
        if kind.__module__.partition(".")[0] in ("keras", "seqwise"):
            made[id(value)] = kind.from_config(value.get_config())
            return made[id(value)]
        copy: Any = kind.__new__(kind)  # type: ignore[call-arg]
        made[id(value)] = copy
        base = keras.Model if isinstance(value, keras.Model) else keras.Layer
        base.__init__(copy, name=value.name)
        own = set(vars(copy))
        # on PyTorch, Keras's layers are modules, which keep the layers that they hold apart from the other attributes
        for name, part in [*vars(value).items(), *getattr(value, "_modules", {}).items()]:
            if name not in own and name not in COMPILED:
                setattr(copy, name, _copy(part, made))
        return copy
    if isinstance(value, dict):
        return {name: _copy(part, made) for name, part in value.items()}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_copy(part, made) for part in value)
    if isinstance(value, list):
        return [_copy(part, made) for part in value]
    return value


@contextlib.contextmanager
def unnoticed() -> Iterator[None]:
    """Keep the work on copies from moving the random numbers, the names of the user's next layers, and the warnings."""
    from keras.src.backend.common import global_state

    names = dict(global_state.get_global_attribute("object_name_uids") or {})
    waiting = list(global_state.get_global_attribute("uninitialized_variables") or [])
    numbers, numpy_numbers = random.getstate(), np.random.get_state()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(numbers)
        np.random.set_state(numpy_numbers)
        counters = global_state.get_global_attribute("object_name_uids")
        if counters is not None:
            counters.clear()
            counters.update(names)
        global_state.set_global_attribute("uninitialized_variables", waiting)
