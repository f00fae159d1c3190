"""One traced graph of a model: its inputs, every call of a layer in the order of the data, its outputs.

`check` and `explain` read this graph and nothing else; `trace` makes it for models of every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from seqwise.inspection.receptive_field import ReceptiveField

Shape = tuple[int | None, ...]
AxisNames = tuple[str, ...]

OWN_CODE = "its own code"


@dataclass(eq=False)
class Value:
    """A tensor between two layers.

    Attributes:
        shape: samples first; None for a size that is known only with the data.
        axes: a name for each axis.
        field: the timesteps of the model's inputs that it depends on.
        made_by: the name of the model's input, or of the call, that it comes from.
        call: that call; None for an input, and for what the model's own code made between two layers.
        mask: what made the mask that it carries (calls, or masks handed over by the user); empty for none.
        lost: masks that were dropped on the way here, while the time axis went on.
    """

    shape: Shape
    axes: AxisNames
    field: ReceptiveField
    made_by: str
    dtype: str = "float32"
    call: Call | None = None
    mask: frozenset[Call | Value] = frozenset()
    lost: tuple[LostMask, ...] = ()

    @property
    def name(self) -> str:
        return self.made_by

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def named(self) -> tuple[tuple[str, int | None], ...]:
        return tuple(zip(self.axes, self.shape, strict=True))

    def size(self, axis: str) -> int | None:
        return self.shape[self.axes.index(axis)] if axis in self.axes else None


@dataclass(frozen=True)
class LostMask:
    """A mask that ended at a layer that does not carry it on."""

    maker: Call | Value
    lost_at: Call


@dataclass(frozen=True)
class Effect:
    """What a call does to the axes.

    Attributes:
        axes, fields: of each output.
        why: in a sentence or two.
        formulas: possible sums of the parameters, (number, in words); the one with the right number holds.
    """

    axes: list[AxisNames]
    fields: list[ReceptiveField]
    why: str
    formulas: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


@dataclass(frozen=True)
class MaskFate:
    """What a call does with the masks that reach it.

    Attributes:
        roles: "makes", "uses", "carries", "ends", "drops"; empty where no mask comes in or goes out.
        origins: what made the masks that come in.
        withheld: a mask is there, the layer could use it, and Keras does not hand it over.
        outputs: for each output, what made the mask on it.
    """

    roles: tuple[str, ...] = ()
    origins: frozenset[Call | Value] = frozenset()
    withheld: bool = False
    outputs: tuple[frozenset[Call | Value], ...] = ()


@dataclass(eq=False)
class Call:
    """One call of a layer or operation.

    Attributes:
        layer: the user's own object.
        kind: name of the nearest class that is known here; a subclass of a Keras layer has that layer's.
        args, kwargs: the arguments, a `Value` in the place of each tensor.
        inputs: every tensor among the arguments but the masks.
        shapes: of the outputs.
        depth: how many models the call lies in.
        built: the layer itself where it has weights, else the copy of it that was built for the tracing.
        node: Keras's record of the call in a functional model.
        problem: why the layer cannot take its input: `RANK`, or Keras's own words; empty where it can. The graph then
            goes on with the shapes that a corrected input would have.
        opens: a model, or a layer made of layers, whose own calls follow.
        again: an earlier call used the same layer.
    """

    layer: Any
    name: str
    kind: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict[str, Any])
    inputs: list[Value] = field(default_factory=list[Value])
    shapes: list[Shape] = field(default_factory=list[Shape])
    outputs: list[Value] = field(default_factory=list[Value])
    effect: Effect | None = None
    mask: MaskFate = field(default_factory=MaskFate)
    depth: int = 0
    built: Any = None
    node: Any = None
    problem: str = ""
    opens: bool = False
    again: bool = False

    @property
    def first(self) -> Value:
        return self.inputs[0]

    @property
    def source(self) -> Call | None:
        """The call that made the first input; None for an input of the model."""
        return self.inputs[0].call if self.inputs else None

    def setting(self, name: str, default: Any = None) -> Any:
        return getattr(self.layer, name, default)

    def back(self) -> Iterator[Call]:
        """The calls that lead here, along the first inputs, the nearest first."""
        call = self.source
        while call is not None:
            yield call
            call = call.source


RANK = "rank"  # the problem of a layer that needs another number of axes


@dataclass
class Graph:
    """What tracing found.

    Attributes:
        inputs, outputs: of the model; no outputs where a call failed before them.
        calls: in the order of the data; models that hold others come before their parts.
        failure: why the tracing ended early, in words; empty where the model was followed to its outputs.
        kept: what a module of PyTorch's keeps for its next call, by the name of the attribute.
        samples: the number that such a module is made for; None where it runs with any.
    """

    inputs: list[Value] = field(default_factory=list[Value])
    calls: list[Call] = field(default_factory=list[Call])
    outputs: list[Value] = field(default_factory=list[Value])
    failure: str = ""
    kept: dict[str, Value] = field(default_factory=dict[str, Value])
    samples: int | None = None

    @property
    def layers(self) -> list[Call]:
        """The calls of single layers and operations."""
        return [call for call in self.calls if not call.opens]

    def used(self) -> set[Call] | None:
        """The calls on which the outputs depend.

        None where that is not known: the model was not followed to its outputs, or its own code between two layers
        computes with tensors, too.
        """
        values = [*self.outputs, *values_in([(call.args, call.kwargs) for call in self.calls])]
        own_code = any(value.call is None and value not in self.inputs for value in values)
        if not (self.inputs and self.outputs) or self.failure or own_code:
            return None
        used, pending = set[Call](), [value.call for value in self.outputs]
        while pending:
            call = pending.pop()
            if call is not None and call not in used:
                used.add(call)
                pending += [value.call for value in values_in((call.args, call.kwargs))]
        return used


def is_dict(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_sequence(value: Any) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    return isinstance(value, (list, tuple))


def is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def flatten(structure: Any) -> list[Any]:
    """The leaves of nested tuples, lists and dicts, first to last."""
    if is_dict(structure):
        return [leaf for part in structure.values() for leaf in flatten(part)]
    if is_sequence(structure):
        return [leaf for part in structure for leaf in flatten(part)]
    return [structure]


def values_in(structure: Any) -> list[Value]:
    """Every `Value` in nested tuples, lists and dicts, first to last."""
    return [leaf for leaf in flatten(structure) if isinstance(leaf, Value)]


def map_leaves(change: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """The same structure with `change` applied to each leaf, and to those of others of the same structure beside it."""
    if is_dict(structure):
        return {name: map_leaves(change, part, *(other[name] for other in others)) for name, part in structure.items()}
    if is_sequence(structure) and not hasattr(structure, "_fields"):
        parts = zip(structure, *others, strict=True)
        return type(structure)([map_leaves(change, *leaves) for leaves in parts])
    return change(structure, *others)


def is_tensor(leaf: Any) -> bool:
    """Tell whether something is a tensor of any backend, with numbers or without."""
    return hasattr(leaf, "shape") and hasattr(leaf, "dtype")


def without_masks(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if not name.endswith("mask")}
