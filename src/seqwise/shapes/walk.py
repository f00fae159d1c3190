"""The way of the data through a model: each layer with the shapes that reach and leave it, and the mask's fate.

Nothing is computed and nothing is built: shapes come from Keras's `compute_output_shape`, which is a calculation on
sizes, and from the symbolic tensors of a functional model. A layer that cannot take what reaches it is marked, and the
walk goes on with what it would return if the fault were mended, so that one fault does not hide the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from seqwise.shapes.layer_kinds import is_a, is_model, is_recurrent, keeps_time, needed_rank

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Mask:
    """Where a mask came from, and where it was lost (None while it is still there)."""

    maker: Step
    lost_at: Step | None = None


@dataclass(eq=False)
class Step:
    """One call of a layer.

    Attributes:
        inputs, outputs: shapes, the samples' axis first (None).
        sources: the steps that made the inputs; None for an input of the model.
        mask: what became of the mask on the way to this step; None where there never was one.
        explicit_mask: a mask is handed over in the call.
        initial_state: the call has an initial state.
        problem: why it cannot take its input: ``"rank"``, or Keras's own words; empty where it can.
    """

    layer: Any
    inputs: list[Shape] = field(default_factory=list)
    outputs: list[Shape] = field(default_factory=list)
    sources: list[Step | None] = field(default_factory=list)
    mask: Mask | None = None
    explicit_mask: bool = False
    initial_state: bool = False
    problem: str = ""

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def masked(self) -> bool:
        return self.explicit_mask or (self.mask is not None and self.mask.lost_at is None)


@dataclass
class Walk:
    """All steps in the order of the data, and the shapes of the model's outputs.

    Attributes:
        ends: the step behind each output (None where an output is an input).
        complete: False where the model is not wholly known (a subclassed model that could not be traced).
    """

    steps: list[Step] = field(default_factory=list)
    outputs: list[Shape] = field(default_factory=list)
    ends: list[Step | None] = field(default_factory=list)
    complete: bool = True


@dataclass
class _Tensor:
    shape: Shape
    step: Step | None = None
    mask: Mask | None = None


def walk_layers(layers: Sequence[Any], shape: Shape | None) -> Walk:
    """Walk through layers that are called one after another, from an input of `shape` (None: unknown)."""
    walk = Walk()
    tensor = None if shape is None else _Tensor(shape)
    for layer in layers:
        if is_a(layer, "InputLayer"):
            tensor = tensor or _Tensor((None, *layer.batch_shape[1:]))
            continue
        tensor = next(iter(_through(layer, [tensor] if tensor else [], walk)), None)
    if tensor is not None and walk.steps:
        walk.outputs, walk.ends = [tensor.shape], [tensor.step]
    return walk


def walk_functional(model: Any, shapes: Sequence[Shape | None]) -> Walk:
    """Walk through the graph of a functional model from inputs of these shapes (None: as it declares them)."""
    walk = Walk()
    inputs = [
        _Tensor((None, *((shape or tensor.shape)[1:]))) for tensor, shape in zip(model.inputs, shapes, strict=True)
    ]
    ends = _walk_graph(model, inputs, walk)
    walk.outputs = [end.shape for end in ends]
    walk.ends = [end.step for end in ends]
    return walk


def _walk_graph(model: Any, inputs: list[_Tensor], walk: Walk) -> list[_Tensor]:
    known: dict[int, _Tensor] = {id(tensor): state for tensor, state in zip(model.inputs, inputs, strict=True)}
    by_depth = model._nodes_by_depth
    for depth in sorted(by_depth, reverse=True):
        for node in by_depth[depth]:
            if node.is_input or is_a(node.operation, "InputLayer"):
                continue
            arriving = [known.get(id(tensor)) or _Tensor(tuple(tensor.shape)) for tensor in node.input_tensors]
            static = [tuple(tensor.shape) for tensor in node.output_tensors]
            arguments = node.arguments.kwargs
            results = _through(
                node.operation,
                arriving,
                walk,
                static=static,
                explicit_mask=arguments.get("mask") is not None,
                initial_state=arguments.get("initial_state") is not None
                or (is_recurrent(node.operation) and len(arriving) > 1),
            )
            for tensor, result in zip(node.output_tensors, results, strict=False):
                known[id(tensor)] = result
    return [known.get(id(tensor)) or _Tensor(tuple(tensor.shape)) for tensor in model.outputs]


def inner_layers(model: Any) -> list[Any] | None:
    """Return the layers of a Sequential model (or list) in order; None for any other."""
    if isinstance(model, (list, tuple)):
        return list(model)
    return list(model._layers) if is_a(model, "Sequential") else None


def _through(
    layer: Any,
    arriving: list[_Tensor],
    walk: Walk,
    static: list[Shape] | None = None,
    explicit_mask: bool = False,
    initial_state: bool = False,
) -> list[_Tensor]:
    if is_model(layer):
        inside = _through_model(layer, arriving, walk)
        if inside is not None:
            return inside
    step = Step(
        layer,
        [tensor.shape for tensor in arriving],
        sources=[tensor.step for tensor in arriving],
        explicit_mask=explicit_mask,
        initial_state=initial_state,
    )
    step.mask = next((tensor.mask for tensor in arriving if tensor.mask), None)
    walk.steps.append(step)
    step.outputs = _outputs(step, static)
    leaving = _mask_after(step)
    return [_Tensor(shape, step, leaving) for shape in step.outputs]


def _through_model(model: Any, arriving: list[_Tensor], walk: Walk) -> list[_Tensor] | None:
    layers = inner_layers(model)
    if layers is not None and len(arriving) == 1:
        tensor = arriving[0]
        for layer in layers:
            if not is_a(layer, "InputLayer"):
                found = _through(layer, [tensor], walk)
                if not found:
                    return []
                tensor = found[0]
        return [tensor]
    if is_a(model, "Functional") and len(model.inputs) == len(arriving):
        return _walk_graph(model, arriving, walk)
    return None


def _outputs(step: Step, static: list[Shape] | None) -> list[Shape]:
    layer = step.layer
    shape = step.inputs[0] if step.inputs else None
    if shape is not None:
        need = needed_rank(layer)
        if need is not None and len(shape) != need:
            step.problem = "rank"
            shape = _with_rank(shape, need)
        elif is_a(layer, "TimeDistributed") and len(shape) < 3:
            step.problem = "rank"
            shape = _with_rank(shape, 3)
    if shape is None:
        return _without_input(layer)
    if len(step.inputs) > 1 and static and not is_recurrent(layer):
        return static
    try:
        found = layer.compute_output_shape(shape)
    except Exception as error:  # a layer of the user's, or an operation, that cannot tell its shape from sizes
        if static is None and not _is_not_told(error):
            step.problem = step.problem or _first_line(error)
        return static or _asked(layer, shape)
    several = [tuple(one) for one in found] if found and isinstance(found[0], (tuple, list)) else [tuple(found)]
    if static is not None and len(static) != len(several):
        return static
    if (
        static is not None
        and step.problem == ""
        and any(len(a) != len(b) for a, b in zip(static, several, strict=True))
    ):
        return static
    return several


def _asked(layer: Any, shape: Shape) -> list[Shape]:
    """Return the shapes of a layer of the user's own, by running a twin of it on sizes; empty where that fails."""
    from seqwise.shapes.trace import walk_subclassed

    return walk_subclassed(layer, [shape]).outputs


def _is_not_told(error: Exception) -> bool:
    return isinstance(error, (NotImplementedError, AttributeError, TypeError))


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _with_rank(shape: Shape, rank: int) -> Shape:
    """Return what would reach the layer if the axes were right: the time axis kept, or axes of 1 left out."""
    if len(shape) == rank - 1:
        return (shape[0], None, *shape[1:])
    if len(shape) > rank:
        left_out = list(shape[1:])
        while len(left_out) > rank - 1:
            left_out.remove(1) if 1 in left_out else left_out.pop()
        return (shape[0], *left_out)
    return (*shape, *(None,) * (rank - len(shape)))


def _without_input(layer: Any) -> list[Shape]:
    """Return what a layer's settings alone tell of its output; an empty list where they tell nothing."""
    units = getattr(layer, "units", None)
    if is_recurrent(layer) and isinstance(units, int):
        return [(None, None, units) if keeps_time(layer) else (None, units)]
    if is_a(layer, "Bidirectional"):
        units = layer.forward_layer.units * (2 if layer.merge_mode == "concat" else 1)
        return [(None, None, units) if keeps_time(layer) else (None, units)]
    if is_a(layer, "Embedding"):
        return [(None, None, layer.output_dim)]
    return []


def _mask_after(step: Step) -> Mask | None:
    layer, mask = step.layer, step.mask
    if is_a(layer, "Masking") or (is_a(layer, "Embedding") and layer.mask_zero):
        return Mask(step)
    if mask is None or mask.lost_at is not None:
        return mask
    if is_recurrent(layer):
        return mask if keeps_time(layer) else None
    if is_a(layer, "GlobalAveragePooling1D"):
        return None
    if any(len(shape) < 3 for shape in step.outputs):  # the time axis has ended, and with it the mask's use
        return None
    own = getattr(type(layer), "compute_mask", None)
    if getattr(layer, "supports_masking", False) or (own is not None and own.__qualname__ != "Layer.compute_mask"):
        return mask
    return Mask(mask.maker, step)
