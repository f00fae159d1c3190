"""`check` and `explain` see one and the same graph, whatever the model is made as: as written, subclassed, nested."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest
from programs import Program, read_programs, run

import seqwise as sw
from seqwise.errors import ShapeError
from seqwise.inspection.check.names import Names
from seqwise.inspection.check.subject import read_subject
from seqwise.inspection.explain.steps import field_words, named
from seqwise.inspection.graph import Call, Graph, map_leaves
from seqwise.inspection.layer_kinds import graph_of, inner_layers
from seqwise.inspection.trace import functional_nodes

PROGRAMS = [*read_programs("faulty"), *read_programs("sound")]


class Subclassed(keras.Model):
    """The layers of a model, called by code of its own."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        chain = inner_layers(model)
        self.chain = None if chain is None else [layer for layer in chain if hasattr(layer, "compute_output_shape")]
        self.inner = model if chain is None else None
        self.parts = self.chain or [node.operation for node in functional_nodes(graph_of(model))]

    def call(self, inputs):
        if self.chain is not None:
            for layer in self.chain:
                if not isinstance(layer, keras.layers.InputLayer):
                    inputs = layer(inputs)
            return inputs
        graph = graph_of(self.inner)
        tensors = dict(zip(map(id, graph.inputs), keras.tree.flatten(inputs), strict=True))
        for node in functional_nodes(graph):
            if node.is_input or any(id(tensor) in tensors for tensor in node.outputs):
                continue
            if any(id(tensor) not in tensors for tensor in node.arguments.keras_tensors):
                continue
            fill = lambda leaf: tensors.get(id(leaf), leaf)  # noqa: E731
            args, kwargs = map_leaves(fill, (node.arguments.args, without_handed_masks(node)))
            outputs = keras.tree.flatten(node.operation(*args, **kwargs))
            tensors.update(zip(map(id, node.outputs), outputs, strict=True))
        ends = [tensors[id(tensor)] for tensor in graph.outputs]
        return ends[0] if len(ends) == 1 else ends


def without_handed_masks(node):
    """The keywords of a call as the user wrote them: Keras notes the mask that it hands over among them."""
    first = next(iter(node.input_tensors), None)
    handed = getattr(first, "_keras_mask", None)
    return {name: value for name, value in node.arguments.kwargs.items() if name != "mask" or value is not handed}


@cache
def forms(program: Program) -> dict[str, Any]:
    """The same model as written, as a subclassed one and as the only layer of another."""
    model = built_program(program)["model"]
    made: dict[str, Any] = {"written": model}
    if inner_layers(model) is not None or graph_of(model) is not None:
        made["subclassed"] = Subclassed(model)
    if graph_of(model) is not None and len(model.inputs) == 1:
        made["nested"] = keras.Sequential([keras.Input(batch_shape=model.inputs[0].shape), model])
    elif isinstance(model, keras.Sequential):
        made["nested"] = keras.Sequential([model])
    return made


@cache  # the tests leave a model as it was
def built_program(program: Program) -> dict[str, Any]:
    names, error = run(program.text, program.path, fit=False)
    if error is not None or "model" not in names:
        pytest.skip("Keras refuses to build it, so there is no model to trace")
    return names


def fitting_input(model: Any, x: Any) -> Any:
    """Zeros of the shapes that a model declares, with the data's sizes where it leaves them open; else the data."""
    if graph_of(model) is None:
        return x
    arrays = x if isinstance(x, (list, tuple)) and len(x) == len(model.inputs) else [x] * len(model.inputs)
    made = []
    for tensor, array in zip(model.inputs, arrays, strict=True):
        shape = np.shape(array) if np.ndim(array) == len(tensor.shape) else (8, *[7] * (len(tensor.shape) - 1))
        sizes = [b if a is None else a for a, b in zip(tensor.shape, shape, strict=True)]
        made.append(np.zeros(sizes, "int32" if np.issubdtype(np.asarray(array).dtype, np.integer) else "float32"))
    return made[0] if len(made) == 1 else made


def facts(call: Call, graph: Graph) -> tuple:
    """What a call is, as far as it is the same in every form of a model; the names of the inputs are not."""
    field = field_words(graph.inputs, call.outputs[0]) if call.outputs else ""
    for index, value in enumerate(graph.inputs):
        field = field.replace(f"{value.made_by}: ", f"{index}: ")
    return (
        call.name,
        [value.shape[1:] for value in call.inputs],
        [value.shape[1:] for value in call.outputs],
        call.mask.roles,
        field,
        call.problem,
    )


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: f"{program.path.parent.name}-{program.name}")
def test_check_and_explain_see_the_same_calls(program):
    names = built_program(program)
    x, y = names.get("x"), names.get("y")
    for form, rebuilt in forms(program).items():
        context = read_subject(rebuilt, x, y, names=Names())
        if context.exchanged:
            continue  # check goes on with the inputs in their right order
        graph = context.graph
        try:
            explanation = sw.explain(rebuilt, x)
        except ShapeError:
            assert not graph.calls or x is None or isinstance(x, list) or np.ndim(x) == 0, form
            continue
        steps = explanation.steps
        assert len(steps) <= len(graph.calls)
        for step, call in zip(steps, graph.calls, strict=False):
            assert step.name == call.name
            if call.opens:
                continue
            assert bool(step.fails) == bool(call.problem), form
            assert step.mask == (() if step.fails else call.mask.roles)
            if not step.fails:
                assert [axes[1:] for axes in step.outputs] == [named(value)[1:] for value in call.outputs]
                assert step.receptive_field == field_words(graph.inputs, call.outputs[0])
        if len(steps) < len(graph.calls):
            assert steps[-1].fails


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: f"{program.path.parent.name}-{program.name}")
def test_every_form_of_a_model_has_the_same_calls(program):
    model = (names := built_program(program))["model"]
    x = fitting_input(model, names.get("x"))
    written, *others = forms(program).items()
    graph = read_subject(written[1], x, None, names=Names()).graph
    expected = [facts(call, graph) for call in graph.layers]
    for form, rebuilt in others:
        if not isinstance(x, list) and all(np.ndim(x) != value.rank for value in graph.inputs):
            continue  # the data are the fault, and each form is traced with what it would need instead
        other = read_subject(rebuilt, x, None, names=Names()).graph
        calls = [facts(call, other) for call in other.layers]
        if other.failure:  # a call of the user's own ends where it fails
            assert program.path.parent.name == "faulty", (form, other.failure)
            expected_here = expected[: len(calls)]
        else:
            expected_here = [fact for fact in expected if form != "subclassed" or fact[0] in {c[0] for c in calls}]
        for seen, wanted in zip(calls, expected_here, strict=True):
            if seen[4] == "not followed" or "not followed" in wanted[4]:  # behind code of the user's own
                seen, wanted = seen[:4] + seen[5:], wanted[:4] + wanted[5:]
            if seen[-1] and wanted[-1]:
                seen, wanted = seen[:1], wanted[:1]  # where a call fails, its outputs are guesses
            assert seen == wanted, form


SOUND = [program for program in PROGRAMS if program.path.parent.name == "sound"]


@pytest.mark.parametrize("program", SOUND, ids=lambda program: program.name)
def test_no_false_alarm_whatever_the_form(program):
    names = built_program(program)
    names = names | {"loss": getattr(names["model"], "loss", None)}
    extra = program.settings.get("check", "")
    for form, rebuilt in forms(program).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call = f"sw.check(rebuilt, x, y, loss=loss{', ' + extra if extra else ''})"
            report = eval(call, names | {"sw": sw, "rebuilt": rebuilt})
        assert not report, f"{form}: {report}"
