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


def walk_subclassed(model: Any, shapes: list[Shape | None]) -> Walk:
    """Walk through a model whose `call` is the user's own code.

    The twin is made from the model's own configuration (Keras records the arguments of `__init__`). Where that fails
    (arguments that Keras cannot record), an already built model is run symbolically itself, and an unbuilt one is
    left alone: the walk then is not complete.
    """
    walk = Walk(complete=False)
    if any(shape is None for shape in shapes) or not shapes:
        return walk
    with unnoticed():
        try:
            twin = type(model).from_config(model.get_config())
        except Exception:
            if not model.built:
                return walk
            twin = None
        _run(twin if twin is not None else model, shapes, walk, record=twin is not None)
    return walk


@contextlib.contextmanager
def unnoticed() -> Iterator[None]:
    """Keep the making of a twin from moving the random numbers and the names that the user's next layers will get."""
    from keras.src.backend.common import global_state

    names = dict(global_state.get_global_attribute("object_name_uids") or {})
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


def _run(model: Any, shapes: list[Shape | None], walk: Walk, *, record: bool) -> None:
    keras: Any = keras_module()
    tensors = [keras.KerasTensor(shape) for shape in shapes if shape is not None]
    argument = tensors[0] if len(tensors) == 1 else tensors
    seen: list[Step] = []
    makers: dict[int, tuple[Any, Step]] = {}
    if record:
        for layer in model._flatten_layers(include_self=False):
            _record(layer, seen, makers)
    try:
        if record:
            result = model(argument)
        else:
            result = keras.src.backend.compute_output_spec(model.call, argument)
    except Exception:
        walk.steps = seen
        return
    flat = keras.tree.flatten(result)
    walk.steps = seen
    walk.outputs = [(None, *tensor.shape[1:]) for tensor in flat]
    walk.ends = [seen[-1] if seen else None] * len(flat)
    walk.complete = True


def _record(layer: Any, seen: list[Step], makers: dict[int, tuple[Any, Step]]) -> None:
    """Let a layer of the twin write down each of its calls."""
    kind = type(layer)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        keras: Any = keras_module()
        if any(held is self for held, _ in calling):  # the layer's own inner calls
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
        outermost = not calling
        if outermost and not known:
            seen.append(step)
        calling.append((self, step))
        try:
            result = kind.__call__(self, *args, **kwargs)
        finally:
            calling.pop()
        leaving = [tensor for tensor in keras.tree.flatten(result) if hasattr(tensor, "shape")]
        step.outputs = [(None, *tensor.shape[1:]) for tensor in leaving]
        makers.update({id(tensor): (tensor, step) for tensor in leaving})
        return result

    calling: list[tuple[Any, Step]] = []
    layer.__class__ = type(kind.__name__, (kind,), {"__call__": call, "__module__": kind.__module__})
