"""A model that Keras refused to build: its layers, and what could not be made or called, as the error's frames show."""

from __future__ import annotations

from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Any

from seqwise.inspection.graph import is_sequence
from seqwise.inspection.layer_kinds import is_a


@dataclass
class Construction:
    """What is known of a model whose construction failed.

    Attributes:
        error: the exception. layer_class, settings: the layer that could not be made, and its arguments.
        called, argument: the layer that could not be called, and what it was called on.
        variables: those of the user's own function, where it failed.
        layers: of the Sequential model (or list) that was being built, with the one that would have come next; else
            those that lead to the tensor on which a layer could not be called, and that layer.
    """

    error: BaseException
    layer_class: type | None = None
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    called: Any = None
    argument: Any = None
    variables: dict[str, Any] = field(default_factory=dict[str, Any])
    layers: list[Any] = field(default_factory=list[Any])


def failed_construction(error: BaseException) -> Construction:
    """Return what an error shows of the construction that it ended. The frames of its traceback are only read."""
    construction = Construction(error)
    for frame, _ in walk_tb(error.__traceback__):
        local, code = frame.f_locals, frame.f_code
        owner = local.get("self")
        inside_keras = "keras" in code.co_filename.replace("\\", "/").split("/")
        function = code.co_name
        if inside_keras and function == "error_handler":  # Keras leaves this frame where it hides the layer's own
            owner, *arguments = local.get("args", ()) or (None,)
            function = getattr(local.get("fn"), "__name__", "")
            local = {"args": arguments, "kwargs": local.get("kwargs", {})}
        if inside_keras and owner is not None and is_a(owner, "Layer"):
            _add_frame(construction, function, owner, local)
        elif not inside_keras:
            construction.variables = dict(local)
    construction.layers = construction.layers or layers_up_to(construction.called, construction.argument)
    return construction


def layers_up_to(called: Any, argument: Any) -> list[Any]:
    """Return the layers from the input to one that refused its tensor, where they are called one after another."""
    layers = [] if called is None else [called]
    tensor = argument
    while (history := getattr(tensor, "_keras_history", None)) is not None and history.operation is not None:
        layers.insert(0, history.operation)
        node = history.operation._inbound_nodes[history.node_index]
        tensor = node.input_tensors[0] if node.input_tensors else None
    return layers if len(layers) > 1 else []


def _add_frame(construction: Construction, function: str, owner: Any, local: dict[str, Any]) -> None:
    if is_a(owner, "Sequential"):
        argument = local.get("layers")
        layers = argument if is_sequence(argument) else getattr(owner, "_layers", None)
        construction.layers = construction.layers or list(layers or [])
    elif function == "__init__" and construction.layer_class is None:
        construction.layer_class = type(owner)
        own = {name: value for name, value in local.items() if name not in ("self", "kwargs", "args", "__class__")}
        construction.settings = local.get("kwargs", {}) | own
    elif function == "__call__" and construction.called is None:
        construction.called = owner
        construction.argument = next(iter(local.get("args", ())), None)
