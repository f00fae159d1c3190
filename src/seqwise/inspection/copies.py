"""Copies of layers that are not built, so that tracing may build them: the user's own objects are not touched."""

from __future__ import annotations

import sys
from typing import Any

from seqwise.inspection.graph import map_leaves
from seqwise.inspection.layer_kinds import is_a

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

    def copy(leaf: Any) -> Any:
        if id(leaf) in made:
            return made[id(leaf)]
        return _copy_layer(leaf, made) if isinstance(leaf, keras.Layer) else leaf

    return map_leaves(copy, value)


def _copy_layer(layer: Any, made: dict[int, Any]) -> Any:
    keras: Any = sys.modules["keras"]
    kind = layer.__class__
    if kind.__module__.partition(".")[0] in ("keras", "seqwise"):
        made[id(layer)] = kind.from_config(layer.get_config())
        return made[id(layer)]
    copy: Any = kind.__new__(kind)
    made[id(layer)] = copy
    base = keras.Model if is_a(layer, "Model") else keras.Layer
    base.__init__(copy, name=layer.name)
    own = set[str](copy.__dict__)
    # on PyTorch, Keras's layers are modules, which keep the layers that they hold apart from the other attributes
    attributes: dict[str, Any] = layer.__dict__ | getattr(layer, "_modules", {})
    for name, part in attributes.items():
        if name not in own and name not in COMPILED:
            setattr(copy, name, _copy(part, made))
    return copy
