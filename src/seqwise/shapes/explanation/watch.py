"""Following a subclassed model: its `call` is run on tensors without numbers, and the calls of its layers are watched.

The model is not changed: Python's own profiling hook (`sys.setprofile`) sees each call begin and end.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass, field
from typing import Any

from seqwise.errors import ShapeError
from seqwise.shapes.explanation.kinds import Call, Shape, Value, is_known, kind_of
from seqwise.shapes.explanation.kinds.call import names_for
from seqwise.shapes.explanation.reach import Reach
from seqwise.shapes.explanation.steps import Steps, input_value
from seqwise.shapes.explanation.walk import copied, count_parameters, first_line, graph_of, input_names

SIZES = ((2, 61), (2, 67))  # samples and every open size, in two runs: what differs between them is open
OWN_CODE = "its own code"


@dataclass
class Seen:
    """A call of a layer: its arguments and results as the backend's tensors."""

    layer: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    depth: int
    result: Any = None
    opens: bool = False


@dataclass
class Run:
    """One run of the model: the calls in the order in which they began."""

    seen: list[Seen] = field(default_factory=list)
    inputs: dict[str, Any] = field(default_factory=dict)
    result: Any = None


def walk_watched(model: Any, given: dict[str, tuple[Shape, str]]) -> tuple[Steps, list[Value]]:
    """Tell the story of a subclassed model.

    Args:
        given: (shape, dtype) of each tensor argument of its `call`, by name; empty to take the shapes it was built on.

    Raises:
        ShapeError: the model is not built and cannot be copied, or its `call` refuses what comes.
    """
    names = [layer.name for layer in model._flatten_layers()]
    specs = given or _built_on(model)
    if not specs:
        raise ShapeError(
            f"The model {model.name!r} is not built, so the shapes in it are not known. Pass the data as well, "
            "seqwise.explain(model, x), or call it once, model(x[:1])."
        )
    whole = model if _is_built(model) else None
    if whole is not None:
        runs = [_run(whole, specs, size) for size in SIZES]
    else:
        try:
            with copied(model) as (copy, _):
                _build(copy, specs)
                runs = [_run(copy, specs, size) for size in SIZES]
        except ShapeError:
            raise
        except Exception as error:
            raise ShapeError(
                f"The model {model.name!r} is not built and cannot be copied ({first_line(error)}). Call it once, "
                "model(x[:1]), and ask again."
            ) from error
        fresh = [layer.name for layer in copy._flatten_layers()]
        if len(fresh) == len(names):
            return _tell(runs, specs, dict(zip(fresh, names, strict=True)))
    return _tell(runs, specs, {})


def _run(model: Any, specs: dict[str, tuple[Shape, str]], sizes: tuple[int, int]) -> Run:
    keras = sys.modules["keras"]
    code = keras.Layer.__call__.__wrapped__.__code__
    run = Run()
    stack: list[Seen | None] = []

    def watch(frame: Any, event: str, value: Any) -> None:
        if frame.f_code is not code:
            return
        if event == "call":
            outer = next((seen for seen in reversed(stack) if seen is not None), None)
            hidden = bool(stack) and (stack[-1] is None or not stack[-1].opens)
            seen = None
            if not hidden:
                local = frame.f_locals
                depth = 0 if outer is None else outer.depth + 1
                seen = Seen(local["self"], local["args"], dict(local["kwargs"]), depth, opens=_opens(local["self"]))
                run.seen.append(seen)
            stack.append(seen)
        elif event == "return" and stack:
            seen = stack.pop()
            if seen is not None:
                seen.result = value

    tensors = {
        name: keras.KerasTensor(
            (sizes[0] if shape[:1] == (None,) else shape[0], *(sizes[1] if n is None else n for n in shape[1:])),
            dtype=dtype,
        )
        for name, (shape, dtype) in specs.items()
    }

    def call(**inputs: Any) -> Any:
        run.inputs = inputs
        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            run.result = model.call(**inputs)
        finally:
            sys.setprofile(before)
        return run.result

    try:
        keras.src.backend.compute_output_spec(call, **tensors)
    except Exception as error:
        raise ShapeError(f"The model {model.name!r} refuses these shapes: {first_line(error)}") from error
    return run


def _opens(layer: Any) -> bool:
    """Models, and layers of the user's own that hold layers, are looked into; Keras's own layers are not."""
    return graph_of(layer) is not None or (not is_known(layer) and bool(getattr(layer, "_layers", None)))


def _tell(runs: list[Run], specs: dict[str, tuple[Shape, str]], names: dict[str, str]) -> tuple[Steps, list[Value]]:
    run, twin = runs[0], runs[1] if len(runs[0].seen) == len(runs[1].seen) else runs[0]
    known: dict[int, Value] = {}
    inputs = []
    for name, (shape, dtype) in specs.items():
        tensor = run.inputs[name]
        readers = [
            kind_of(seen.layer) for seen in run.seen if any(t is tensor for t in _flat((seen.args, seen.kwargs)))
        ]
        open_shape = (None, *shape[1:])
        inputs.append(input_value(name, open_shape, input_names(open_shape, dtype, readers), dtype))
        known[id(tensor)] = inputs[-1]
    steps = Steps(inputs)

    def values_of(structure: Any, other: Any) -> Any:
        """Put a value in the place of each tensor; `other` is the same structure in the second run."""
        if isinstance(structure, dict):
            return {name: values_of(part, other[name]) for name, part in structure.items()}
        if isinstance(structure, (list, tuple)):
            return type(structure)([values_of(a, b) for a, b in zip(structure, other, strict=True)])
        if not hasattr(structure, "shape") or not hasattr(structure, "dtype"):
            return structure
        if id(structure) not in known:  # made by the model's own code between two layers
            shape = _open_shape(structure, other)
            known[id(structure)] = Value(shape, names_for(len(shape)), Reach.unknown(), OWN_CODE)
        return known[id(structure)]

    for seen, other in zip(run.seen, twin.seen, strict=True):
        args, kwargs = values_of(seen.args, other.args), values_of(seen.kwargs, other.kwargs)
        name: str = names.get(seen.layer.name) or seen.layer.name
        read = [v for v in _flat((args, {k: v for k, v in kwargs.items() if not k.endswith("mask")}))
                if isinstance(v, Value)]  # fmt: skip
        if seen.opens:
            steps.open_model(seen.layer, name, read, seen.depth, len(getattr(seen.layer, "_layers", [])))
            continue
        results, again = _flat(seen.result), _flat(other.result)
        shapes = [_open_shape(one, two) for one, two in zip(results, again, strict=True)]
        call = Call(seen.layer, kind_of(seen.layer), args, kwargs, read, shapes)
        outputs = steps.add(call, name, seen.depth, count_parameters(seen.layer))
        known.update((id(tensor), value) for tensor, value in zip(results, outputs, strict=True))
    return steps, [end for end in _flat(values_of(run.result, twin.result)) if isinstance(end, Value)]


def arguments_of(model: Any, x: list[tuple[Shape, str]], names: list[str]) -> dict[str, tuple[Shape, str]]:
    """Lay the data's shapes on the arguments of a model's `call`."""
    parameters = [name for name in inspect.signature(model.call).parameters if name not in ("training", "mask")]
    if len(x) == 1 or set(names) - set(parameters):
        names = parameters[: len(x)]
    if len(names) < len(x):
        raise ShapeError(
            f"The model {model.name!r} takes {', '.join(parameters)} in one structure of its own, "
            "which is not followed for a subclassed model. Explain its layers one by one, or build it as a functional "
            "model."
        )
    return dict(zip(names, x, strict=False))


def _built_on(model: Any) -> dict[str, tuple[Shape, str]]:
    shapes = getattr(model, "_build_shapes_dict", None) or {}
    parameters = [name for name in inspect.signature(model.call).parameters if name not in ("training", "mask")]
    found = {}
    for i, (name, shape) in enumerate(shapes.items()):
        if not isinstance(shape, (list, tuple)) or not all(size is None or isinstance(size, int) for size in shape):
            return {}
        plain = name.removesuffix("_shape")
        found[plain if plain in parameters else parameters[i]] = ((None, *shape[1:]), "float32")
    return found


def _is_built(model: Any) -> bool:
    return all(layer.built for layer in model._flatten_layers())


def _build(copy: Any, specs: dict[str, tuple[Shape, str]]) -> None:
    keras = sys.modules["keras"]
    copy(**{name: keras.KerasTensor((2, *(61 if n is None else n for n in shape[1:])), dtype=dtype)
            for name, (shape, dtype) in specs.items()})  # fmt: skip


def _open_shape(tensor: Any, other: Any) -> Shape:
    """The shape of a tensor, with those sizes open that differ between the two runs."""
    pairs = zip(tensor.shape[1:], other.shape[1:], strict=True)
    return (None, *(int(a) if int(a) == int(b) else None for a, b in pairs)) if len(tensor.shape) else ()


def _flat(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in _flat(part)]
    return [structure]
