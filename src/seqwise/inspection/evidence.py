"""What the frames of a traceback hold: the model, the layers, x and y, and the findings that follow from them."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from seqwise.inspection.check.check import run_rules
from seqwise.inspection.check.construction import failed_construction, layers_up_to
from seqwise.inspection.check.finding import Finding
from seqwise.inspection.check.names import Names
from seqwise.inspection.check.rules import RULES
from seqwise.inspection.check.subject import read_subject
from seqwise.inspection.check.torch_subject import read_torch_error
from seqwise.inspection.frameworks import is_framework
from seqwise.inspection.graph import flatten, map_leaves
from seqwise.inspection.layer_kinds import is_a

FITS = ("fit", "evaluate", "train_on_batch", "test_on_batch", "predict", "predict_on_batch")


@dataclass
class Evidence:
    """A call in the traceback that can be checked: a Keras model, a layer or a list of layers, on its data."""

    model: Any
    x: Any = None
    y: Any = None
    validation: Any = None


def explained_by(error: BaseException, traceback: TracebackType | None) -> list[Finding]:
    """Return the findings that explain an error; none where it has another cause."""
    frames = [frame for frame, _ in walk_tb(traceback)]
    names = Names(_variables(frames))
    module = read_torch_error(frames, error, names)
    if module is not None and (errors := run_rules(module, [code for code in RULES if code[:3] == "SW5"]).errors):
        return errors
    evidence = _keras_evidence(frames)
    construction = failed_construction(error)
    if evidence is None and construction.called is None and construction.layer_class is None:
        return []
    if evidence is None or (construction.layers and not is_a(evidence.model, "Model")):
        evidence = Evidence(construction.layers or [construction.called])
    x, y = _stand_in(evidence.x), _stand_in(evidence.y)
    context = read_subject(evidence.model, x, y, validation=evidence.validation, names=names)
    context.construction = construction
    return run_rules(context).errors or _by_the_message(evidence.model, str(error), names)


def _variables(frames: list[FrameType]) -> dict[str, Any]:
    """The user's own names, those of the function that calls the framework before all others."""
    own: dict[str, Any] = {}
    for frame in frames:
        if is_framework(frame.f_code.co_filename):
            break
        own = {**frame.f_globals, **own, **frame.f_locals}
    return own


def _keras_evidence(frames: list[FrameType]) -> Evidence | None:
    """The outermost call of a model, else of a layer."""
    calls = [call for frame in frames if (call := _call(frame)) is not None]
    for function, arguments in calls:
        if function in FITS:
            validation = arguments.get("validation_data") if function == "fit" else None
            return Evidence(arguments["self"], arguments.get("x"), arguments.get("y"), validation)
    models = [arguments for _, arguments in calls if is_a(arguments["self"], "Model")]
    outermost = next(iter([*models, *(arguments for _, arguments in calls)]), None)
    return _called(outermost) if outermost is not None else None


def _by_the_message(model: Any, message: str, names: Names) -> list[Finding]:
    """Where a model cannot be looked into: the layer and the shape that Keras's message names."""
    match = re.search(
        r"layer ['\"]([^'\"]+)['\"] .*expected ndim=3, found ndim=2.*received: \(\w+, (\d+)\)", message, re.S
    )
    if match is None or not hasattr(model, "_flatten_layers"):
        return []
    layers = model._flatten_layers(include_self=False, recursive=False)
    place = next((i for i, layer in enumerate(layers) if layer.name == match[1]), 0)
    before = [
        layer for layer in layers[:place]
        if getattr(layer, "units", None) == int(match[2]) and getattr(layer, "return_sequences", None) is False
    ]  # fmt: skip
    if not before:
        return []
    return run_rules(read_subject([before[-1], layers[place]], None, None, names=names)).errors


def _stand_in(data: Any) -> Any:
    """Zeros in the place of JAX's tracers, which have a shape and no numbers."""

    def stand_in(leaf: Any) -> Any:
        return np.broadcast_to(np.zeros((), str(leaf.dtype)), leaf.shape) if "Tracer" in type(leaf).__name__ else leaf

    return map_leaves(stand_in, data) if any("Tracer" in type(leaf).__name__ for leaf in flatten(data)) else data


def _called(arguments: dict[str, Any]) -> Evidence:
    owner, first = arguments["self"], arguments.get("x")
    if type(next(iter(flatten(first)), None)).__name__ == "KerasTensor":
        return Evidence(owner if is_a(owner, "Model") else layers_up_to(owner, first) or [owner])
    return Evidence(owner if is_a(owner, "Model") else [owner], first)


def _call(frame: FrameType) -> tuple[str, dict[str, Any]] | None:
    """A frame's call as (function, arguments by name), where its owner is a Keras layer or model."""
    local, name = frame.f_locals, frame.f_code.co_name
    if name == "error_handler" and "fn" in local and "args" in local:
        function, args, kwargs = local["fn"], local["args"], local["kwargs"]
        if not args or not is_a(args[0], "Layer"):
            return None
        if function.__name__ not in (*FITS, "__call__"):
            return None
        if function.__name__ == "__call__":
            return "__call__", {"self": args[0], "x": args[1] if len(args) > 1 else next(iter(kwargs.values()), None)}
        try:
            return function.__name__, dict(inspect.signature(function).bind(*args, **kwargs).arguments)
        except TypeError:
            return None
    if name in FITS and is_a(local.get("self"), "Model"):
        return name, {"self": local["self"], "x": local.get("x"), "y": local.get("y")}
    if name == "_loss" and {"inputs", "targets"} <= set(local) and is_a(getattr(local["self"], "model", None), "Model"):
        return "fit", {"self": local["self"].model, "x": local["inputs"], "y": local["targets"]}  # Seqwise's own loop
    return None
