"""The steps of a explanation against Keras itself: its symbolic shapes, its parameter counts, its masks."""

from __future__ import annotations

import random
import re

import keras
import numpy as np
import pytest
from keras import layers

from seqwise.inspection.explain.explain import explain

from .models import MASKED, TIMED, Stacked, functional

ALL = TIMED | MASKED


def sizes(axes):
    return tuple(size for _, size in axes)


def by_name(model):
    """Every operation of a model and of the models in it."""
    found = {}
    for operation in (getattr(model, "_functional", None) or model).operations:
        found[operation.name] = operation
        if isinstance(operation, keras.Model):
            found |= by_name(operation)
    return found


@pytest.mark.parametrize("kind", ALL)
def test_shapes_and_parameters_are_those_of_keras_and_the_formula_adds_up(kind):
    model = ALL[kind]()
    explanation = explain(model)
    known = by_name(model)
    told = [step for step in explanation.steps if step.outputs]
    layers_called = [op for op in known.values() if not isinstance(op, keras.layers.InputLayer | keras.Model)]
    assert {step.name for step in told} >= {op.name for op in layers_called if isinstance(op, keras.Layer)}
    for step in told:
        operation = known[step.name]
        if "shared" not in kind:  # a layer that was called twice has no single output
            recorded = [tuple(t.shape) for t in keras.tree.flatten(operation.output)]
            if step.depth:  # inside, a nested model leaves sizes open that the outer model knows
                recorded = [tuple(b if a is None else a for a, b in zip(r, sizes(axes), strict=True))
                            for r, axes in zip(recorded, step.outputs, strict=True)]  # fmt: skip
            assert [sizes(axes) for axes in step.outputs] == recorded
        if isinstance(operation, keras.Layer) and not step.formula.startswith("the same"):
            assert step.parameters == operation.count_params()
        assert "not a layer known here" not in step.why
        assert not step.fails
        if step.parameters and not step.kind.startswith("MultiHead"):
            assert value_of(step.formula) == step.parameters, step.formula
    assert sum(step.parameters or 0 for step in explanation.steps) == explanation.parameters == model.count_params()
    assert [sizes(tensor.axes) for tensor in explanation.outputs] == [tuple(t.shape) for t in model.outputs]
    assert [sizes(tensor.axes) for tensor in explanation.inputs] == [tuple(t.shape) for t in model.inputs]


def value_of(formula):
    """Work out an formula of parameters as a sum: the words go, the numbers and signs stay."""
    if ":" in formula:
        formula = formula.partition(":")[0]
    formula = formula.split(", two of them")[0].split(", no bias")[0].split(", not")[0]
    return eval(re.sub(r"[^\d+*()\s]", "", formula.replace(",", "").replace("×", "*")))


@pytest.mark.parametrize("kind", MASKED)
def test_masks_are_where_keras_has_them(kind):
    """Keras hangs the mask on its symbolic tensors while a functional model is built."""
    model = MASKED[kind]()
    known = by_name(model)
    explanation = explain(model)
    for step in explanation.steps:
        output = keras.tree.flatten(known[step.name].output)[0]
        carried = getattr(output, "_keras_mask", None) is not None
        assert carried == bool({"makes", "carries"} & set(step.mask)), step
    assert any(step.mask for step in explanation.steps)


def test_a_decoder_that_starts_from_states_is_not_handed_the_mask():
    """What the explanation says of it, shown: with the mask in its hands the layer gives other numbers."""
    model = MASKED["states"]()
    decoder = model.get_layer("decoder")
    explanation = {step.name: step for step in explain(model).steps}
    assert explanation["reads"].mask == ("uses", "ends")
    assert explanation["decoder"].mask == ("carries",)
    assert "does not use it" in explanation["decoder"].mask_why
    x = np.random.default_rng(0).normal(size=(2, 6, 2)).astype("float32")
    x[:, 3:] = 0
    masked = keras.layers.Masking()(x)
    states = [np.ones((2, 3), "float32")] * 2
    mask = np.array([[True] * 3 + [False] * 3] * 2)
    by_itself = np.asarray(decoder(masked, initial_state=states))
    np.testing.assert_allclose(by_itself, np.asarray(decoder(x, initial_state=states)), atol=1e-6)
    assert np.abs(by_itself - np.asarray(decoder(masked, initial_state=states, mask=mask))).max() > 1e-3


def test_a_mask_given_by_hand_is_used():
    x, seen = layers.Input((6, 2)), layers.Input((6,), dtype="bool", name="seen")
    model = functional([x, seen], layers.LSTM(3)(x, mask=seen))
    step = explain(model).steps[0]
    assert step.mask == ("uses", "ends")
    assert "by the mask of seen" in step.mask_why


def test_a_mask_reaches_the_layers_of_a_nested_model_and_counts_there():
    inner = keras.Sequential([layers.Input((None, 2)), layers.LSTM(3, name="inside")])
    x = layers.Input((6, 2))
    with pytest.warns(UserWarning, match="does not support masking"):
        model = functional(x, inner(layers.Masking()(x)))
    assert {s.name: s.mask for s in explain(model).steps}["inside"] == ("uses", "ends")
    data = np.random.default_rng(0).normal(size=(1, 6, 2)).astype("float32")
    data[:, 4:] = 0
    short = np.asarray(inner(data[:, :4]))  # what the padding would change is not there
    with pytest.warns(UserWarning, match="does not support masking"):
        np.testing.assert_allclose(np.asarray(model(data)), short, atol=1e-6)


UNBUILT = {
    "lstm": lambda: keras.Sequential([layers.LSTM(5, return_sequences=True), layers.LSTM(3), layers.Dense(1)]),
    "conv": lambda: keras.Sequential([layers.Conv1D(4, 3), layers.BatchNormalization(), layers.GRU(3)]),
    "subclassed": Stacked,
}


@pytest.mark.parametrize("kind", UNBUILT)
def test_an_unbuilt_model_is_told_and_left_alone(kind):
    model = UNBUILT[kind]()
    x = np.zeros((7, 12, 3), "float32")
    next_name = re.sub(r"\d+$", lambda m: str(int(m[0]) + 1), layers.LSTM(1).name)
    random.seed(5)
    state = random.getstate()
    explanation = explain(model, x)
    assert random.getstate() == state
    assert layers.LSTM(1).name == next_name
    assert not model.built
    assert not any(layer.weights for layer in model.layers)
    out = model(x)  # now Keras builds it
    assert explanation.parameters == model.count_params()
    assert sizes(explanation.outputs[0].axes)[1:] == tuple(out.shape)[1:]
    for step, built in zip(explanation.steps, explain(model, x).steps, strict=True):
        assert (step.name, step.parameters, step.why) == (built.name, built.parameters, built.why)
        assert [sizes(axes)[1:] for axes in step.outputs] == [sizes(axes)[1:] for axes in built.outputs]


def test_a_built_subclassed_model_tells_each_call():
    model = Stacked()
    x = np.zeros((2, 9, 3), "float32")
    model(x)
    before = [w.copy() for w in model.get_weights()]
    explanation = explain(model)
    h = model.reads(model.mask(x))
    s = model.sums(h[:, 2:])
    assert [sizes(step.outputs[0])[1:] for step in explanation.steps] == [
        tuple(t.shape)[1:] for t in (x, h, s, model.head(s))
    ]
    assert [step.takes for step in explanation.steps][1:] == [
        ("masking",),
        ("its own code",),
        (explanation.steps[2].name,),
    ] or (explanation.steps[2].takes == ("its own code",))
    assert explanation.steps[2].receptive_field == "not followed"
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_the_data_fill_in_what_the_model_leaves_open():
    model = keras.Sequential([layers.Input((None, 3)), layers.Conv1D(4, 3), layers.LSTM(5, return_sequences=True)])
    x = np.zeros((4, 11, 3), "float32")
    explanation = explain(model, x)
    assert sizes(explanation.outputs[0].axes)[1:] == model.predict_on_batch(x).shape[1:] == (9, 5)
    assert sizes(explanation.inputs[0].axes) == (4, 11, 3)
    assert sizes(explain(model).outputs[0].axes) == (None, None, 5)


def test_explaining_leaves_no_trace_in_the_graph():
    model = TIMED["attention"]()
    count = {op.name: (len(op._inbound_nodes), len(op._outbound_nodes)) for op in model.operations}
    explain(model, np.zeros((2, 9, 4), "float32"))
    assert count == {op.name: (len(op._inbound_nodes), len(op._outbound_nodes)) for op in model.operations}


def test_a_shared_layer_pays_once():
    steps = [step for step in explain(TIMED["shared"]()).steps if step.name == "both"]
    assert [step.parameters for step in steps] == [128, 0]
    assert steps[1].formula == "the same weights as in its first call"


def test_the_explanation_ends_where_the_shapes_do_not_fit():
    explanation = explain(
        [layers.LSTM(5, name="low"), layers.LSTM(2, name="high"), layers.Dense(1)], np.zeros((4, 9, 3))
    )
    assert [step.name for step in explanation.steps] == ["low", "high"]
    assert explanation.steps[1].fails == (
        "it needs (samples, timesteps, features), but low gives (samples, units=5): its time axis has ended. "
        "Keep it: keras.layers.LSTM(5, return_sequences=True)"
    )
    assert explanation.outputs == ()


def test_frozen_weights_are_told():
    model = keras.Sequential([layers.Input((6, 2)), layers.LSTM(3, trainable=False), layers.BatchNormalization()])
    explanation = explain(model)
    assert explanation.trainable == 6
    assert "(not trained)" in str(explanation)
    assert "78 of them not trained" in str(explanation).replace("\n", " ")


def test_the_axes_of_video():
    """A ConvLSTM2D that returns its last state returns a picture: its rows are no timesteps."""
    video = np.zeros((2, 5, 16, 12, 1), "float32")
    stack = [
        layers.ConvLSTM2D(8, 3, padding="same", return_sequences=True),
        layers.ConvLSTM2D(4, 3),
        layers.Conv2D(2, 3),
    ]
    steps = explain(stack, video).steps
    assert [tuple(name for name, _ in step.outputs[0]) for step in steps] == [
        ("samples", "timesteps", "height", "width", "filters"),
        ("samples", "height", "width", "filters"),
        ("samples", "height", "width", "channels"),
    ]
    assert [sizes(step.outputs[0])[1:] for step in steps] == [(5, 16, 12, 8), (14, 10, 4), (12, 8, 2)]
    assert [step.receptive_field for step in steps] == ["all so far, up to 5", "all 5", "all 5"]
