"""A model that Keras refused to build: its layers, and what could not be made or called, read from the error."""

from __future__ import annotations

from typing import Any

from seqwise.shapes.context import Construction
from seqwise.shapes.layer_kinds import is_a


def read_failure(error: BaseException) -> tuple[Construction, list[Any]]:
    """Return what an error tells of the construction that it ended, and the layers that were there by then.

    The frames of the traceback are only read. The layers are those of the Sequential model (or list) that was being
    built, with the one that would have come next.
    """
    found = Construction(error)
    layers: list[Any] = []
    frame = error.__traceback__
    while frame is not None:
        local, code = frame.tb_frame.f_locals, frame.tb_frame.f_code
        owner = local.get("self")
        inside_keras = "keras" in code.co_filename.replace("\\", "/").split("/")
        if inside_keras and code.co_name == "error_handler":  # Keras leaves this frame where it hides the layer's own
            arguments = local.get("args", ())
            owner = arguments[0] if arguments else None
            function = getattr(local.get("fn"), "__name__", "")
            local = {"args": tuple(arguments[1:]), "kwargs": local.get("kwargs", {})}
        else:
            function = code.co_name
        if inside_keras and owner is not None and is_a(owner, "Layer"):
            _read_keras_frame(found, layers, function, owner, local)
        elif not inside_keras:
            found.variables = dict(local)
        frame = frame.tb_next
    return found, layers or _chain(found)


def _chain(found: Construction) -> list[Any]:
    """Return the layers that lead to the tensor on which a layer could not be called, and that layer."""
    layers, tensor = [], found.argument
    while (history := getattr(tensor, "_keras_history", None)) is not None and len(layers) < 1000:
        layers.append(history.operation)
        node = history.operation._inbound_nodes[history.node_index]
        tensor = node.input_tensors[0] if node.input_tensors else None
    return [*reversed(layers), found.called] if layers else []


def _read_keras_frame(found: Construction, layers: list[Any], function: str, owner: Any, local: dict[str, Any]) -> None:
    if is_a(owner, "Sequential"):
        given = local.get("layers")
        known = list(getattr(owner, "_layers", []) or [])
        if isinstance(given, (list, tuple)) and not layers:
            layers[:] = list(given)
        elif known and not layers:
            layers[:] = known
        return
    if function == "__init__" and found.layer_class is None:
        found.layer_class = type(owner)
        found.settings = {**local.get("kwargs", {})}
        found.arguments = tuple(local.get("args", ()))
        found.settings.update({k: v for k, v in local.items() if k not in ("self", "kwargs", "args", "__class__")})
    elif function == "__call__" and found.called is None:
        found.called = owner
        arguments = local.get("args", ())
        found.argument = arguments[0] if arguments else None
