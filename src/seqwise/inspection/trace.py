"""Tracing a Keras model of any kind to one graph, without changing it and without computing with its weights.

Sequential models and lists of layers are followed layer by layer, functional models along their nodes, models and
layers with a `call` of the user's own by watching it run on sizes. Where a layer cannot take what reaches it, the call
is marked and the tracing goes on with what it would return if the fault were fixed, so that one fault does not hide
the next. Keras is never imported here: who holds a model has imported it.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS
from seqwise.inspection.copies import copy_unbuilt, is_built
from seqwise.inspection.effects import INNER_STEPS, effect_of, is_known, kind_of
from seqwise.inspection.effects.effect import names_for
from seqwise.inspection.graph import (
    OWN_CODE,
    RANK,
    AxisNames,
    Call,
    Graph,
    Shape,
    Value,
    flatten,
    is_sequence,
    is_tensor,
    map_leaves,
    values_in,
    without_masks,
)
from seqwise.inspection.layer_kinds import (
    PASSES_ON,
    PICTURE_LAYERS,
    READS_PICTURES,
    READS_TOKENS,
    graph_of,
    inner_layers,
    is_a,
    is_recurrent,
    is_watched,
    keeps_time,
    needed_rank,
    recurrent,
)
from seqwise.inspection.masks import NONE, lost_masks, mask_fate
from seqwise.inspection.receptive_field import ReceptiveField
from seqwise.inspection.restore import left_as_found
from seqwise.inspection.watch import SIZES, Record, Run, Spec, open_shape, run_watched


def trace(model: Any, inputs: Sequence[Spec]) -> Graph:
    """Trace a Keras model or layer, or a list of layers, with one of `inputs` for each of its inputs."""
    tracer = _Tracer()
    with left_as_found():
        values = [_input_value(spec, _readers(model, index)) for index, spec in enumerate(inputs) if spec.shape]
        graph = Graph(values, tracer.calls)
        args: tuple[Any, ...] = tuple(values)
        if inner_layers(model) is None and graph_of(model) is None:
            if not values or len(values) < len(inputs):
                graph.failure = "its inputs are not known"
            elif not hasattr(model, "_flatten_layers"):
                graph.failure = f"{type(model).__name__} is not a Keras layer"
            elif inputs[0].key is not None:
                args = ({spec.key: value for spec, value in zip(inputs, values, strict=True)},)
            elif 1 < len(values) > len(parameters_of(model)):
                args = (values,)
        if not graph.failure:
            graph.outputs = tracer.inside(model, args, {}, 0)
            graph.failure = tracer.failure
    return graph


def parameters_of(model: Any) -> list[str]:
    """Names of the tensor arguments of a `call` of the user's own."""
    return [name for name in inspect.signature(model.call).parameters if name not in ("training", "mask", "kwargs")]


class _Tracer:
    """The calls as they are found, one after another."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.failure = ""
        self._called: set[int] = set()
        self._originals: dict[int, Any] = {}

    def inside(
        self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], depth: int, recorded: list[Shape] | None = None
    ) -> list[Value]:
        """The calls inside a model, whatever it is."""
        values = values_in((args, without_masks(kwargs)))
        chain, graph = inner_layers(model), graph_of(model)
        if chain is not None:
            return self.chain(chain, values[0] if values else None, depth)
        if graph is not None and (depth == 0 or len(graph.inputs) == len(values)):
            return self.functional(graph, values, depth)
        return self.watched(model, args, kwargs, depth, recorded)

    def chain(self, layers: Sequence[Any], value: Value | None, depth: int) -> list[Value]:
        """Layers that are called one after another; a value of None is not known."""
        for layer in layers:
            if is_a(layer, "InputLayer") or not hasattr(layer, "compute_output_shape"):  # keras.Input gives a tensor
                continue
            outputs = self.follow(layer, () if value is None else (value,), {}, depth)
            value = outputs[0] if outputs else None
        return [] if value is None or not self.calls else [value]

    def functional(self, graph: Any, values: list[Value], depth: int) -> list[Value]:
        """The nodes of a functional model."""
        known: dict[int, Value] = {id(tensor): value for tensor, value in zip(graph.inputs, values, strict=False)}
        nodes = functional_nodes(graph)
        needed = _leading_to(nodes, graph.outputs)

        def fill(leaf: Any) -> Any:
            return known.get(id(leaf)) if type(leaf).__name__ == "KerasTensor" else leaf

        for node in nodes:
            if node.is_input or is_a(node.operation, "InputLayer") or any(id(t) in known for t in node.outputs):
                continue
            args, kwargs = map_leaves(fill, node.arguments.args), map_leaves(fill, node.arguments.kwargs)
            inputs = values_in((args, without_masks(kwargs)))
            if not inputs:
                continue
            recorded = [tuple(tensor.shape) for tensor in node.outputs]
            if id(node) not in needed:  # Keras's own arithmetic on masks
                outputs = [replace(inputs[0], shape=s, axes=inputs[0].axes[: len(s)], mask=NONE) for s in recorded]
            else:
                same = all(
                    id(t) in known and tuple(t.shape) == known[id(t)].shape for t in node.arguments.keras_tensors
                )
                outputs = self.follow(node.operation, args, kwargs, depth, recorded, exact=same, node=node)
            known.update((id(tensor), value) for tensor, value in zip(node.outputs, outputs, strict=False))
        return [known[id(tensor)] for tensor in graph.outputs if id(tensor) in known]

    def follow(
        self,
        layer: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        depth: int,
        recorded: list[Shape] | None = None,
        *,
        exact: bool = False,
        node: Any = None,
        built: Any = None,
    ) -> list[Value]:
        """Follow one call, and the calls inside it where the layer is a model.

        Args:
            recorded: shapes of the outputs as Keras or a run has them; `exact` where they hold for these inputs.
        """
        values = values_in((args, without_masks(kwargs)))
        if inner_layers(layer) is not None or (is_open(layer) and values):
            self._open(layer, values, depth, node)
            return self.inside(layer, args, kwargs, depth + 1, recorded)
        call = self._call(layer, args, kwargs, values, depth)
        call.node, call.built = node, built
        _mend_rank(call)
        if recorded is not None and exact:
            call.shapes = recorded
        else:
            call.shapes = self._shapes(call, recorded)
            if is_video(call):
                call.shapes = [(shape[0], call.first.shape[1], *shape[1:]) for shape in call.shapes]
        return self._finish(call)

    def watched(
        self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], depth: int, recorded: list[Shape] | None = None
    ) -> list[Value]:
        """A `call` of the user's own, run on sizes: a built layer itself, else a copy of it."""
        subject = layer
        if not is_built(layer):
            try:
                subject, originals = copy_unbuilt(layer)
            except Exception as error:  # a class of the user's own that cannot be made again
                self.failure = f"{layer.name} is not built and cannot be copied: {first_line(error)}"
                return [] if recorded is None else [_made_by(layer.name, shape) for shape in recorded]
            self._originals |= originals
            _build_by_hand(subject, args)

        def spec(leaf: Any) -> Any:
            return Spec(leaf.shape, leaf.dtype) if isinstance(leaf, Value) else leaf

        specs = map_leaves(spec, args), map_leaves(spec, kwargs)
        run, again = (run_watched(subject, *specs, sizes) for sizes in SIZES)
        if again.error is not None or len(again.records) != len(run.records):
            again = run
        known: dict[int, Value] = {}
        for leaf, tensor in zip(flatten((args, kwargs)), flatten((run.args, run.kwargs)), strict=False):
            if isinstance(leaf, Value):
                known[id(tensor)] = leaf
                if depth == 0:
                    _name_axes(leaf, tensor, run.records)
        self._replay(run.records, again.records, known, depth)
        if run.error is not None:
            self.failure = self.failure or first_line(run.error)
            self._blame(run)
            return []
        return values_in(_values(run.result, again.result, known))

    def _replay(self, records: list[Record], again: list[Record], known: dict[int, Value], depth: int) -> None:
        for record, other in zip(records, again, strict=False):
            args, kwargs = _values(record.args, other.args, known), _values(record.kwargs, other.kwargs, known)
            layer = self._originals.get(id(record.layer), record.layer)
            if is_open(layer) and (is_watched(layer) if record.done else record.inside):
                self._open(layer, values_in((args, without_masks(kwargs))), depth, None)
                self._replay(record.inside, other.inside, known, depth + 1)
                continue
            tensors, shapes = list[Any](), None
            if record.done:
                tensors = flatten(record.result)
                shapes = [open_shape(a, b) for a, b in zip(tensors, flatten(other.result), strict=True)]
            outputs = self.follow(layer, args, kwargs, depth, shapes, exact=record.done, built=record.layer)
            known.update((id(tensor), value) for tensor, value in zip(tensors, outputs, strict=False))

    def _blame(self, run: Run) -> None:
        """Mark the call that stopped a run, if no call is marked yet."""
        unfinished = [record for record in run.records if not record.done]
        while unfinished and unfinished[-1].inside and not unfinished[-1].inside[-1].done:
            unfinished.append(unfinished[-1].inside[-1])
        if not unfinished or any(call.problem for call in self.calls):
            return
        layer = self._originals.get(id(unfinished[-1].layer), unfinished[-1].layer)
        for call in reversed(self.calls):
            if call.layer is layer:
                call.problem = self.failure
                return

    def _call(self, layer: Any, args: Any, kwargs: Any, values: list[Value], depth: int) -> Call:
        again = id(layer) in self._called
        call = Call(layer, layer.name, kind_of(layer), args, kwargs, values, depth=depth, again=again)
        self._called.add(id(layer))
        self.calls.append(call)
        return call

    def _open(self, layer: Any, values: list[Value], depth: int, node: Any) -> None:
        call = self._call(layer, (), {}, values, depth)
        call.opens, call.node = True, node

    def _finish(self, call: Call) -> list[Value]:
        call.effect = effect_of(call)
        call.mask = mask_fate(call)
        lost = lost_masks(call)
        masks = call.mask.outputs or (NONE,) * len(call.shapes)
        call.outputs = [
            Value(shape, axes, field, call.name, call=call, mask=mask, lost=lost)
            for shape, axes, field, mask in zip(call.shapes, call.effect.axes, call.effect.fields, masks, strict=True)
        ]
        return call.outputs

    def _shapes(self, call: Call, recorded: list[Shape] | None) -> list[Shape]:
        if not call.inputs:
            return _shapes_without_input(call.layer)
        computed = _computed_shapes(call)
        if recorded is None:
            return computed
        return computed if [len(s) for s in computed] == [len(s) for s in recorded] else recorded


def functional_nodes(graph: Any) -> list[Any]:
    """Keras's records of the calls in a functional model, first to last."""
    by_depth = graph._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def is_open(layer: Any) -> bool:
    """Models, and layers of the user's own that hold layers, are looked into; Keras's own layers are not."""
    return graph_of(layer) is not None or (not is_known(layer) and bool(getattr(layer, "_layers", None)))


def first_line(error: BaseException) -> str:
    """The first telling line of an error, without Keras's frame around it and without colours."""
    text = str(error).replace("\x1b[1m", "").replace("\x1b[0m", "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and lines[0].startswith("Exception encountered when calling") and len(lines) > 1:
        return lines[1]
    return lines[0] if lines else type(error).__name__


def axis_names(shape: Shape, dtype: str, readers: Sequence[str]) -> AxisNames:
    """Names of an input's axes, by its rank and the kinds of layers that read it."""
    rank = len(shape)
    if rank == 2 and (not READS_TOKENS.isdisjoint(readers) or dtype == "bool" or dtype.startswith("int")):
        return (SAMPLES, TIMESTEPS)
    if rank == 4 and any(kind.startswith("ConvLSTM") for kind in readers):
        return (SAMPLES, TIMESTEPS, "width", "channels")
    if rank == 4:
        pictures = not READS_PICTURES.isdisjoint(readers)
        return (SAMPLES, "height", "width", "channels") if pictures else (SAMPLES, TIMESTEPS, INNER_STEPS, FEATURES)
    if rank == 5:
        return (SAMPLES, TIMESTEPS, "height", "width", "channels")
    return names_for(rank)


def _readers(model: Any, index: int) -> list[str]:
    """The kinds of the layers that read an input, those that leave the shape as it is left aside."""
    chain, graph = inner_layers(model), graph_of(model)
    if chain is not None:
        for layer in chain:
            if inner_layers(layer) is not None or graph_of(layer) is not None:
                return _readers(layer, 0)
            if hasattr(layer, "compute_output_shape") and not is_a(layer, "InputLayer", *PASSES_ON):
                return [kind_of(layer)]
        return []
    if graph is None or index >= len(graph.inputs):
        return []
    tensor = graph.inputs[index]
    readers: list[str] = []
    for node in functional_nodes(graph):
        for place, argument in enumerate(node.arguments.keras_tensors):
            if argument is tensor:
                readers += _readers(node.operation, place) or [kind_of(node.operation)]
    return readers


def _input_value(spec: Spec, readers: list[str]) -> Value:
    axes = axis_names(spec.shape, spec.dtype, readers)
    return Value(spec.shape, axes, ReceptiveField.of_input(spec.name, TIMESTEPS in axes), spec.name, spec.dtype)


def _name_axes(value: Value, tensor: Any, records: list[Record]) -> None:
    """Name an input's axes by the layers that were seen to read it."""
    readers: list[str] = []
    for record in _all(records):
        leaves = [leaf for leaf in flatten((record.args, record.kwargs)) if hasattr(leaf, "shape")]
        for index, leaf in enumerate(leaves):
            if leaf is tensor:
                readers += _readers(record.layer, index) or [kind_of(record.layer)]
    value.axes = axis_names(value.shape, value.dtype, readers)
    value.field = ReceptiveField.of_input(value.made_by, TIMESTEPS in value.axes)


def _all(records: list[Record]) -> Iterator[Record]:
    for record in records:
        yield record
        yield from _all(record.inside)


def _made_by(name: str, shape: Shape) -> Value:
    return Value(shape, names_for(len(shape)), ReceptiveField.unknown(), name)


def _values(structure: Any, other: Any, known: dict[int, Value]) -> Any:
    """Put a value in the place of each tensor; `other` is the same structure in the second run."""

    def value(leaf: Any, leaf_again: Any) -> Any:
        if is_tensor(leaf) and id(leaf) not in known:  # made by the model's own code between two layers
            known[id(leaf)] = _made_by(OWN_CODE, open_shape(leaf, leaf_again))
        return known[id(leaf)] if is_tensor(leaf) else leaf

    return map_leaves(value, structure, other)


def _build_by_hand(model: Any, args: tuple[Any, ...]) -> None:
    """Run a `build` of the user's own on a copy; the other layers are built by their calls."""
    keras = sys.modules["keras"]
    own: Any = getattr(model.__class__, "build", None)
    if keras.src.utils.python_utils.is_default(model.build) or own is keras.Model.build:
        return
    try:
        with keras.StatelessScope(initialize_variables=False):
            model.build(*[value.shape for value in values_in(args)][:1])
    except Exception:  # its call will tell what is wrong
        return


def _mend_rank(call: Call) -> None:
    """Mark a call whose input has another number of axes than the layer needs, and go on with a corrected input."""
    if not call.inputs:
        return
    value, need = call.inputs[0], needed_rank(call.layer)
    if need is None and is_a(call.layer, "TimeDistributed") and value.rank < 3:
        need = 3
    if need is None or value.rank == need:
        return
    call.problem = RANK
    shape = (value.shape[0], *value.shape[2:]) if is_video(call) else with_rank(value.shape, need)
    corrected = replace(value, shape=shape, axes=axis_names(shape, value.dtype, [call.kind]))

    def correct(leaf: Any) -> Any:
        return corrected if leaf is value else leaf

    call.args = map_leaves(correct, call.args)


def is_video(call: Call) -> bool:
    """Tell whether a layer that reads one picture a sample gets one with a time axis; it would read each frame."""
    return is_a(call.layer, *PICTURE_LAYERS) and bool(call.inputs) and call.first.rank == 5


def with_rank(shape: Shape, rank: int) -> Shape:
    """The shape that would reach a layer if the axes were right: time kept, axes of 1 left out, timesteps laid flat."""
    if len(shape) == rank - 1:
        return (shape[0], None, *shape[1:])
    if len(shape) > rank:
        sizes: list[Any] = list(shape[1:])
        while len(sizes) > rank - 1 and 1 in sizes:
            sizes.remove(1)
        if rank == 3 and len(sizes) > 2:
            sizes[1:] = [None if None in sizes[1:] else math.prod(sizes[1:])]
        return (shape[0], *sizes[: rank - 1])
    return (*shape, *(None,) * (rank - len(shape)))


def _computed_shapes(call: Call) -> list[Shape]:
    """The shapes of a call's outputs: by the layer's own arithmetic on sizes, else by running it on sizes."""
    keras = sys.modules["keras"]
    layer, values = call.layer, values_in(call.args)
    refusal = _refusal(layer, values[0])
    if refusal and not call.problem:
        call.problem = refusal
    own: Any = getattr(layer.__class__, "compute_output_shape", None)
    if len(values) == 1 and own is not None and own is not keras.Layer.compute_output_shape:
        try:
            shapes = layer.compute_output_shape(values[0].shape)
            return [tuple(s) for s in shapes] if shapes and is_sequence(shapes[0]) else [tuple(shapes)]
        except (NotImplementedError, AttributeError, TypeError):  # it needs to be built, or more than a shape
            pass
        except Exception as error:
            call.problem = call.problem or first_line(error)
            return []

    def tensor(leaf: Any) -> Any:
        return keras.KerasTensor(leaf.shape, dtype=leaf.dtype) if isinstance(leaf, Value) else leaf

    args, kwargs = map_leaves(tensor, call.args), map_leaves(tensor, call.kwargs)
    try:
        subject = layer if is_built(layer) else copy_unbuilt(layer)[0]
        with keras.StatelessScope(initialize_variables=False):
            if not is_built(subject):
                subject(*args, **kwargs)
            spec = subject.compute_output_spec(*args, **kwargs)
    except Exception as error:  # a layer of the user's own, or an operation, that refuses or cannot tell
        call.problem = call.problem or first_line(error)
        return []
    return [tuple(leaf.shape) for leaf in flatten(spec)]


def _refusal(layer: Any, value: Value) -> str:
    """Why a layer with weights refuses an input of this shape, in Keras's words; empty where it takes it."""
    if getattr(layer, "input_spec", None) is None or not getattr(layer, "built", False):
        return ""
    try:
        layer._assert_input_compatibility(sys.modules["keras"].KerasTensor(value.shape, dtype=value.dtype))
    except ValueError as error:
        return first_line(error)
    return ""


def _shapes_without_input(layer: Any) -> list[Shape]:
    """What a layer's settings alone tell of its output; an empty list where they tell nothing."""
    if is_recurrent(layer):
        units = getattr(recurrent(layer), "units", None)
        if not isinstance(units, int):
            return []
        if is_a(layer, "Bidirectional") and layer.merge_mode == "concat":
            units *= 2
        return [(None, None, units) if keeps_time(layer) else (None, units)]
    return [(None, None, layer.output_dim)] if is_a(layer, "Embedding") else []


def _leading_to(nodes: list[Any], ends: list[Any]) -> set[int]:
    """Ids of the nodes from which a tensor in `ends` is made, masks left aside."""
    wanted, leading = {id(tensor) for tensor in ends}, set[int]()
    for node in reversed(nodes):
        if any(id(tensor) in wanted for tensor in node.outputs):
            leading.add(id(node))
            arguments = flatten((node.arguments.args, without_masks(node.arguments.kwargs)))
            wanted |= {id(leaf) for leaf in arguments if type(leaf).__name__ == "KerasTensor"}
    return leading
