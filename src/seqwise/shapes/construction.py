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
        if inside_keras and owner is not None and is_a(owner, "Layer"):
            _read_keras_frame(found, layers, code.co_name, owner, local)
        elif not inside_keras:
            found.variables = dict(local)
        frame = frame.tb_next
    return found, layers


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
