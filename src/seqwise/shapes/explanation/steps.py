"""One step of the story: a layer, what it gets, what it makes of it, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqwise.axes import TIMESTEPS
from seqwise.shapes.explanation import reach as reaching
from seqwise.shapes.explanation.kinds import Call, Value, tell
from seqwise.shapes.explanation.kinds.labels import label
from seqwise.shapes.explanation.masks import follow_mask
from seqwise.shapes.explanation.reach import Reach

Axes = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Step:
    """A layer in the story.

    Attributes:
        label: the layer as its user would write it, ``LSTM(50)``.
        depth: 0, or how many models it lies in.
        takes: names of the steps and inputs it reads.
        inputs, outputs: (name, size) of each axis of each tensor; a size is None where it is known only with the data.
        why: what it does, in words.
        parameters: their number, None where it is not known yet, 0 again where a layer is called a second time.
        account: how they come about, in words.
        mask: what it does with the mask: "makes", "uses", "carries", "ends", "drops"; empty for none.
        mask_why: the same in words.
        reach: how many timesteps of the input one step of the output can depend on.
        fails: why the shapes do not go through this layer; empty where they do.
    """

    name: str
    kind: str
    label: str
    depth: int
    takes: tuple[str, ...]
    inputs: tuple[Axes, ...]
    outputs: tuple[Axes, ...]
    why: str
    parameters: int | None = 0
    account: str = ""
    trained: bool = True
    mask: tuple[str, ...] = ()
    mask_why: str = ""
    reach: str = ""
    fails: str = ""

    def to_dict(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain["inputs"], plain["outputs"] = ([dict(axes) for axes in both] for both in (self.inputs, self.outputs))
        return plain | {"takes": list(self.takes), "mask": list(self.mask)}


class Steps:
    """The steps as they are found, one call after another."""

    def __init__(self, inputs: list[Value]) -> None:
        self.inputs = inputs
        self.found: list[Step] = []
        self._seen: set[int] = set()

    def add(self, call: Call, name: str, depth: int, parameters: int | None) -> list[Value]:
        """Tell a call as a step; returns its outputs."""
        what = tell(call)
        mask = follow_mask(call, name)
        outputs = [
            Value(shape, tuple(axes), reach, name, mask=carried)
            for shape, axes, reach, carried in zip(call.outputs, what.axes, what.reach, mask.outputs, strict=True)
        ]
        again = id(call.operation) in self._seen
        self._seen.add(id(call.operation))
        account = "the same weights as in its first call" if again else _account(call, parameters, what.parameters)
        if parameters is None and what.parameters and not again:
            parameters, account = what.parameters[0]
        weights = getattr(call.operation, "weights", [])
        trained = not weights or any(weight.trainable for weight in weights)
        self.found.append(
            Step(
                name, call.kind, label(call.operation, call.kind), depth, _takes(call.inputs),
                tuple(named(value) for value in call.inputs), tuple(named(value) for value in outputs), what.why,
                0 if again else parameters, account, trained, mask.roles, mask.why,
                tell_reach(self.inputs, outputs[0]) if outputs else "",
            )
        )  # fmt: skip
        return outputs

    def open_model(self, operation: Any, name: str, values: list[Value], depth: int, layers: int) -> None:
        """Tell that a model inside the model begins."""
        kind = type(operation).__name__
        why = f"A model of its own ({layers} layer{'s' if layers != 1 else ''}); its layers follow, indented."
        self.found.append(
            Step(name, kind, kind, depth, _takes(values), tuple(named(value) for value in values), (), why)
        )

    def fail(self, operation: Any, kind: str, name: str, values: list[Value], reason: str) -> None:
        """Tell that the shapes do not go through a layer."""
        self.found.append(
            Step(
                name, kind, label(operation, kind), 0, _takes(values), tuple(named(value) for value in values), (),
                "The shapes do not go through this layer.", None, "", fails=reason,
            )
        )  # fmt: skip


def named(value: Value) -> Axes:
    """The axes of a tensor, with names that differ (a second axis of the same name gets a stroke)."""
    found: list[tuple[str, int | None]] = []
    for name, size in value.named:
        while name in dict(found):
            name += "'"
        found.append((name, size))
    return tuple(found)


def tell_reach(inputs: list[Value], value: Value) -> str:
    """Say how many timesteps of each input `value` can depend on; empty where no input has timesteps."""
    timed = [given for given in inputs if TIMESTEPS in given.axes and given.dtype != "bool"]
    if not timed:
        return ""
    if not value.reach.known:
        return "not followed"
    steps = value.shape[value.axes.index(TIMESTEPS)] if TIMESTEPS in value.axes else None
    said = {}
    for given in timed:
        timesteps = given.size(TIMESTEPS)
        if TIMESTEPS in value.axes and steps is None:
            timesteps = None
        said[given.made_by] = reaching.words(value.reach, given.made_by, timesteps, steps)
    if len(said) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {words}" for name, words in said.items() if words != "none") or "none"


def input_value(name: str, shape: tuple[int | None, ...], axes: tuple[str, ...], dtype: str) -> Value:
    return Value(shape, axes, Reach.of_input(name, TIMESTEPS in axes), name, dtype)


def _account(call: Call, parameters: int | None, accounts: list[tuple[int, str]]) -> str:
    for count, words in accounts:
        if count == parameters and count:
            return words
    weights = getattr(call.operation, "weights", [])
    if not parameters or not weights:
        return ""
    shapes = " + ".join(" × ".join(f"{n:,}" for n in weight.shape) or "1" for weight in weights)
    return shapes if len(weights) <= 8 else f"{len(weights)} arrays"


def _takes(values: list[Value]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.made_by for value in values))
