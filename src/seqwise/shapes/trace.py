"""The steps of a subclassed model, found by running a twin of it on symbolic sizes; the model itself is not touched."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from seqwise.shapes.arrays import keras_module
from seqwise.shapes.layer_kinds import needed_rank
from seqwise.shapes.walk import Shape, Step, Walk

# what `compile` leaves on a model; a twin is never trained
COMPILED = {"optimizer", "loss", "_compile_loss", "_compile_metrics", "_compile_config", "_loss_tracker"}


def walk_subclassed(model: Any, shapes: list[Shape | None]) -> Walk:
    """Walk through a model (or layer) whose `call` is the user's own code.

    A twin is made: the user's own objects with their attributes, each stock layer made afresh from its configuration.
    Where its `call` fails, the walk ends at the layer that failed.
    """
    walk = Walk(complete=False)
    if any(shape is None for shape in shapes) or not shapes:
        return walk
    with unnoticed():
        try:
            twin = _twin(model, {})
        except Exception:  # an object that cannot be made without its arguments
            return walk
        _run(twin, shapes, walk)
    return walk


def _twin(value: Any, made: dict[int, Any]) -> Any:
    keras: Any = keras_module()
    if id(value) in made:
        return made[id(value)]
    if isinstance(value, keras.layers.Layer):
        kind = type(value)
        if kind.__module__.partition(".")[0] in ("keras", "seqwise"):
            made[id(value)] = kind.from_config(value.get_config())
            return made[id(value)]
        twin: Any = kind.__new__(kind)  # type: ignore[call-arg]
        made[id(value)] = twin
        base = keras.Model if isinstance(value, keras.Model) else keras.layers.Layer
        base.__init__(twin, name=value.name)
        own = set(vars(twin))
        for name, held in list(vars(value).items()):
            if name not in own and name not in COMPILED:
                setattr(twin, name, _twin(held, made))
        return twin
    if isinstance(value, dict):
        return {name: _twin(held, made) for name, held in value.items()}
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return (
            type(value)(_twin(held, made) for held in value)
            if type(value) is tuple
            else [_twin(held, made) for held in value]
        )
    return value


@contextlib.contextmanager
def unnoticed() -> Iterator[None]:
    """Keep the making of a twin from moving the random numbers and the names that the user's next layers will get."""
    from keras.src.backend.common import global_state

    names = dict(global_state.get_global_attribute("object_name_uids") or {})
    waiting = list(global_state.get_global_attribute("uninitialized_variables") or [])
    numbers, numpy_numbers = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(numbers)
        np.random.set_state(numpy_numbers)
        held = global_state.get_global_attribute("object_name_uids")
        if held is not None:
            held.clear()
            held.update(names)
        global_state.set_global_attribute("uninitialized_variables", waiting)


def _run(model: Any, shapes: list[Shape | None], walk: Walk) -> None:
    keras: Any = keras_module()
    tensors = [keras.KerasTensor(shape) for shape in shapes if shape is not None]
    argument = tensors[0] if len(tensors) == 1 else tensors
    seen: list[Step] = []
    makers: dict[int, tuple[Any, Step]] = {}
    calling: list[Any] = []
    own_call = model.call

    def call(*args: Any, **kwargs: Any) -> Any:
        result = own_call(*args, **kwargs)
        makers_of_outputs[:] = [makers.get(id(tensor), (None, None))[1] for tensor in keras.tree.flatten(result)]
        return result

    makers_of_outputs: list[Step | None] = []
    model.call = call
    for layer in model._flatten_layers(include_self=False):
        _record(layer, seen, makers, calling)
    try:
        with keras.StatelessScope(initialize_variables=False):  # no weight is drawn: only sizes are asked for
            result = model(argument)
    except Exception:
        walk.steps = seen
        return
    flat = keras.tree.flatten(result)
    walk.steps = seen
    walk.outputs = [(None, *tensor.shape[1:]) for tensor in flat]
    # None where an operation of the user's own comes last
    walk.ends = makers_of_outputs if len(makers_of_outputs) == len(flat) else [None] * len(flat)
    walk.complete = True


def _record(layer: Any, seen: list[Step], makers: dict[int, tuple[Any, Step]], calling: list[Any]) -> None:
    """Let a layer of the twin write down each of its calls."""
    kind = type(layer)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        keras: Any = keras_module()
        if calling:  # a layer inside a layer: the outer one speaks for both
            return kind.__call__(self, *args, **kwargs)
        arriving = [tensor for tensor in keras.tree.flatten(args) if hasattr(tensor, "shape")]
        step = Step(
            self,
            [(None, *tensor.shape[1:]) for tensor in arriving],
            sources=[makers[id(tensor)][1] if id(tensor) in makers else None for tensor in arriving],
            explicit_mask=kwargs.get("mask") is not None
            or any(getattr(tensor, "_keras_mask", None) is not None for tensor in arriving),
            initial_state=kwargs.get("initial_state") is not None,
        )
        known = [held for held in seen if held.layer is self and held.inputs == step.inputs]
        need = needed_rank(self)
        if step.inputs and need is not None and len(step.inputs[0]) != need:
            step.problem = "rank"
        if not known:  # Keras may ask twice, with two sizes of a batch
            seen.append(step)
        calling.append(self)
        try:
            result = kind.__call__(self, *args, **kwargs)
        finally:
            calling.pop()
        leaving = [tensor for tensor in keras.tree.flatten(result) if hasattr(tensor, "shape")]
        step.outputs = [(None, *tensor.shape[1:]) for tensor in leaving]
        makers.update({id(tensor): (tensor, step) for tensor in leaving})
        return result

    layer.__class__ = type(kind.__name__, (kind,), {"__call__": call, "__module__": kind.__module__})
