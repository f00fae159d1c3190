"""ONNX files give Keras's numbers in onnxruntime, at sizes and with masks of every kind, of standard nodes alone.

`test_onnx.py` runs these tests on Keras's NumPy backend, which compiles nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from export_models import MODELS, sequential, with_own_weights
from keras import layers

from seqwise.artifact import describe_network
from seqwise.errors import ExportError
from seqwise.export.onnx import recurrent
from seqwise.export.onnx.export import build, onnx_runner
from seqwise.export.onnx.export import onnx as export_onnx
from seqwise.export.parity import example_calls, keras_outputs
from seqwise.export.source import Part

SIZES = {"samples": (1, 5), "timesteps": (3, 8)}


def with_gaps(network: Any, calls: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
    """Hide steps in the middle, too: of every second sample."""
    rng = np.random.default_rng(2)
    maskings = [layer["config"]["mask_value"] for layer in network.layers["layers"] if layer["class"] == "Masking"]
    for call in calls:
        for i, array in enumerate(call):
            hidden = (rng.random(array.shape[:2]) < 0.4) & (np.arange(len(array))[:, None] % 2 == 1)
            if array.dtype == bool:
                call[i] = array & ~hidden
            elif array.dtype.kind == "f" and array.ndim == 3 and maskings:
                call[i] = np.where(hidden[..., None], np.float32(maskings[0]), array)
            elif array.dtype.kind == "i" and array.shape[1] > 1:
                call[i] = np.where(hidden, 0, array)
    return calls


def check(model: Any) -> onnx.ModelProto:
    network = describe_network(model)
    calls = with_gaps(network, example_calls(Part(model, network))[:2])
    written = build(network, "network", {})
    expected = keras_outputs(model, calls)
    assert max(float(np.abs(array).max()) for call in expected for array in call) > 1e-3
    for ours, theirs in zip(onnx_runner(written.SerializeToString())(calls), expected, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5, rtol=0)
    return written


@pytest.mark.parametrize("name", MODELS)
def test_a_model_gives_the_same_numbers(name):
    written = check(MODELS[name]())
    assert not {node.op_type for node in written.graph.node} & {"Loop", "Scan", "If", "SequenceMap"}
    assert {node.domain for node in written.graph.node} == {""}


OTHERS = {  # what TensorFlow.js has no equal of
    "gru": lambda: sequential(layers.GRU(4, return_sequences=True), layers.GRU(3, activation="softplus")),
    "linear_gates": lambda: sequential(layers.LSTM(4, activation="linear", recurrent_activation="tanh")),
    "leaky": lambda: sequential(layers.LSTM(4, activation="leaky_relu"), layers.Dense(2, activation="gelu")),
    "gru_masked": lambda: sequential(layers.Masking(), layers.GRU(3, go_backwards=True, return_sequences=True)),
    "cells_masked": lambda: sequential(layers.Masking(), layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)])),
    "two_directions_that_differ": lambda: sequential(
        layers.Bidirectional(
            layers.LSTM(4, return_sequences=True, use_bias=False),
            backward_layer=layers.LSTM(3, return_sequences=True, go_backwards=True),
        )
    ),
    "last_by_brackets": lambda: _functional(lambda x: layers.LSTM(4, return_sequences=True)(x)[:, -1]),
    "causal": lambda: _functional(
        lambda x: layers.Attention(score_mode="concat", use_scale=True)([x, layers.LSTM(3, return_sequences=True)(x)],
                                                                       use_causal_mask=True)
    ),
    "units_and_norms": lambda: sequential(
        layers.LSTM(4, return_sequences=True), layers.UnitNormalization(), layers.PReLU(shared_axes=[1]),
        layers.TimeDistributed(layers.LayerNormalization()), layers.Flatten(), layers.Dense(2), shape=(6, 3),
    ),
}  # fmt: skip


def _functional(build: Any) -> Any:
    x = keras.Input((None, 3))
    return keras.Model(x, build(x))


@pytest.mark.parametrize("name", OTHERS)
def test_what_tensorflow_js_lacks_gives_the_same_numbers(name):
    check(with_own_weights(OTHERS[name]()))


def test_lstm_nodes_with_open_sizes(tmp_path):
    export_onnx(MODELS["embedding_mask"](), tmp_path / "model.onnx")
    model = onnx.load(tmp_path / "model.onnx")
    assert [node.op_type for node in model.graph.node].count("LSTM") == 2
    assert model.opset_import[0].version == 17
    assert [d.dim_param for d in model.graph.input[0].type.tensor_type.shape.dim] == ["samples", "timesteps"]
    lengths = {node.input[4] for node in model.graph.node if node.op_type == "LSTM"}
    assert len(lengths) == 1
    assert lengths != {""}


def test_the_wrong_order_of_gates_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setitem(
        recurrent.KINDS, "LSTM", replace(recurrent.KINDS["LSTM"], arrays=recurrent._gates_in_order([0, 1, 2, 3]))
    )
    with pytest.raises(ExportError, match=r"The export differs from Keras by .*, more than 1e-05 \(model, onnxruntime"):
        export_onnx(MODELS["lstm_plain"](), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_stream_is_run_step_by_step(tmp_path, capsys):
    model = with_own_weights(
        sequential(layers.LSTM(4, return_sequences=True), layers.GRU(3, return_sequences=True), layers.Dense(2))
    )
    export_onnx(model, tmp_path / "model.onnx", states=True)
    assert "largest difference from Keras" in capsys.readouterr().out
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (given,), states_in = session.get_inputs(), session.get_overridable_initializers()
    assert [value.name.rsplit("_", 1)[1] for value in states_in] == ["h", "c", "h"]
    x = np.random.default_rng(0).normal(size=(2, 7, 3)).astype(np.float32)
    outputs = [session.get_outputs()[0].name, *(f"{value.name}_out" for value in states_in)]
    states: dict[str, Any] = {}  # left out at first: zero
    steps = []
    for t in range(7):
        out, *after = session.run(outputs, {given.name: x[:, t : t + 1], **states})
        states = {value.name: state for value, state in zip(states_in, after, strict=True)}
        steps.append(out)
    np.testing.assert_allclose(np.concatenate(steps, axis=1), keras_outputs(model, [[x]])[0][0], atol=1e-6)


def test_what_reads_backwards_has_no_stream(tmp_path):
    with pytest.raises(ExportError, match=r"it reads backwards, from what is yet to come: it cannot be streamed"):
        export_onnx(sequential(layers.LSTM(4, go_backwards=True)), tmp_path / "model.onnx", states=True)


def test_layers_without_an_equal_are_named(tmp_path):
    model = sequential(layers.LSTM(4, return_sequences=True), layers.SeparableConv1D(3, 2, name="separable"))
    with pytest.raises(
        ExportError, match=r"Layer 'separable' cannot be exported to ONNX: SeparableConv1D is not known"
    ):
        export_onnx(model, tmp_path / "model.onnx")
    with pytest.raises(ExportError, match=r"\(LSTM\) cannot be exported to ONNX: inside a recurrent layer ONNX has no"):
        export_onnx(sequential(layers.LSTM(4, activation="gelu")), tmp_path / "model.onnx")


def test_a_whole_sequence_that_is_hidden_leaves_the_state_as_it_was():
    model = MODELS["mask_as_an_input"]()
    network = describe_network(model)
    seen = np.array([[True, False, True], [False, False, False]])
    call = [np.ones((2, 3, 3), np.float32), seen]
    (ours,), (theirs,) = (
        run([call])
        for run in (onnx_runner(build(network, "n", {}).SerializeToString()), lambda c: keras_outputs(model, c))
    )
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-6)
    assert np.abs(theirs[0][0]).max() > 1e-3
