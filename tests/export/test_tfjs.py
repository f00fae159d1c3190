"""Exporting to TensorFlow.js: what is written, what is refused, quantization, further training."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

import keras
import numpy as np
import pytest
from export_models import MODELS, with_own_weights
from javascript import in_node, need_node

import seqwise as sw
from seqwise.errors import BundleError, ExportError, SettingError
from seqwise.export import tfjs
from seqwise.export.parity import TOLERANCE, example_calls
from seqwise.export.source import read_source
from seqwise.export.tfjs.export import write_part
from seqwise.export.tfjs.node import encoded, job, outputs_of
from seqwise.export.tfjs.weights import quantized, restored

layers = keras.layers


def small(*more):
    return with_own_weights(keras.Sequential([keras.Input((None, 3)), layers.LSTM(4), layers.Dense(2), *more]))


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_model_is_written_compared_and_printed(tmp_path, capsys):
    need_node()
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "index.html").write_text("mine")
    (comparison,) = tfjs(small(), tmp_path / "web")
    assert comparison.equal
    assert comparison.largest <= TOLERANCE
    assert "largest difference from Keras" in capsys.readouterr().out
    assert files(tmp_path / "web") == ["group1-shard1of1.bin", "index.html", "model.json"]
    content = json.loads((tmp_path / "web" / "model.json").read_text())
    assert content["format"] == "layers-model"
    assert content["modelTopology"]["model_config"]["class_name"] == "Sequential"


def test_an_estimator_is_written(tmp_path):
    need_node()
    forecaster = sw.Forecaster(6, 2, units=(3,), epochs=1).fit(np.sin(np.arange(60.0)))
    forecaster.save(tmp_path / "run")
    (comparison,) = tfjs(tmp_path / "run", tmp_path / "web")
    assert comparison.equal


def test_a_translator_is_written_as_encoder_and_step(tmp_path):
    need_node()
    pairs = [("one two", "un deux"), ("two one", "deux un"), ("two two", "deux deux"), ("one one", "un un")] * 4
    translator = sw.Translator((3,), embedding=4, tokens="words", epochs=1, validation=0.0, test=0.0)
    translator.fit(*map(list, zip(*pairs, strict=True)))
    comparisons = tfjs(translator, tmp_path)
    assert [(c.part, c.equal) for c in comparisons] == [("encoder", True), ("decoder_step", True)]
    shard = "group1-shard1of1.bin"
    assert files(tmp_path) == [f"{p}/{f}" for p in ("decoder_step", "encoder") for f in (shard, "model.json")]


def test_without_node_it_says_that_nothing_was_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    (comparison,) = tfjs(small(), tmp_path)
    assert str(comparison) == "model: not compared with Keras: Node is not installed (https://nodejs.org)."
    assert not comparison.equal


def test_an_export_that_differs_is_not_written(tmp_path, monkeypatch):
    need_node()
    tfjs(small(), tmp_path)
    before = (tmp_path / "model.json").read_bytes()
    module = sys.modules["seqwise.export.tfjs.export"]
    monkeypatch.setattr(module, "quantized", lambda array, kind: (array.astype("<f4") * 1.001, {}))
    with pytest.raises(ExportError, match=r"The export differs from Keras by .*, more than 1e-05"):
        tfjs(small(), tmp_path)
    assert (tmp_path / "model.json").read_bytes() == before


def bidirectional_of_two_kinds():
    both = layers.Bidirectional(layers.LSTM(3), backward_layer=layers.LSTM(3, activation="relu", go_backwards=True))
    return keras.Sequential([keras.Input((None, 3)), both])


def two_decoders():
    """In a model with masks TensorFlow.js hands the first decoder's state to the second."""
    source, target = keras.Input((None, 3)), keras.Input((None, 3))
    _, *states = layers.LSTM(3, return_state=True)(layers.Masking()(source))
    first = layers.LSTM(3, return_sequences=True, name="first")(target, initial_state=states)
    return keras.Model([source, target], layers.LSTM(3, name="second")(first))


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: small(layers.UnitNormalization(name="unit")), r"Layer 'unit' is of the class UnitNormalization.*ONNX"),
        (lambda: small(layers.Dense(2, "exponential", name="e")), r"Layer 'e': TensorFlow.js has no activation 'expon"),
        (
            lambda: keras.Sequential([keras.Input((None, 3)), layers.GRU(3, name="gru")]),
            r"Layer 'gru': TensorFlow.js has no GRU with reset_after=True. Build it with reset_after=False",
        ),
        (bidirectional_of_two_kinds, r"the two directions differ in activation"),
        (two_decoders, r"Layer 'first' starts from a state, and 'second' may run after it"),
        (
            lambda: keras.Sequential([keras.Input((None, 3)), layers.LSTM(3, activation="hard_sigmoid", name="h")]),
            r"Layer 'h': TensorFlow.js's hard sigmoid has another slope",
        ),
        (
            lambda: small(layers.Dense(2, kernel_regularizer=keras.regularizers.OrthogonalRegularizer(), name="o")),
            r"Layer 'o': TensorFlow.js has no regularizer 'OrthogonalRegularizer'",
        ),
        (
            lambda: keras.Sequential([keras.Input((None, 3)), layers.ZeroPadding1D(1, name="z")]),
            r"Layer 'z' \(ZeroPadding1D\) can be exported for a known number of timesteps only",
        ),
    ],
)
def test_what_has_no_equal_is_refused_by_name(build, says, tmp_path):
    with pytest.raises(ExportError, match=says):
        tfjs(build(), tmp_path / "web")
    assert not (tmp_path / "web").exists()


def test_other_mistakes(tmp_path):
    with pytest.raises(SettingError, match="quantization='int4': expected None, 'uint8', 'uint16' or 'float16'"):
        tfjs(small(), tmp_path, quantization="int4")
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match=r"is a file\. Name a folder"):
        tfjs(small(), tmp_path / "file")


# weights


@pytest.mark.parametrize("quantization", ["float16", "uint16", "uint8"])
def test_quantized_weights_are_restored_to_their_precision(quantization):
    array = np.random.default_rng(0).normal(size=(40, 30)).astype(np.float32)
    stored, spec = quantized(array, quantization)
    assert stored.itemsize == {"float16": 2, "uint16": 2, "uint8": 1}[quantization]
    error = np.abs(restored(stored, spec) - array).max()
    span = np.ptp(array)
    assert error <= {"float16": 2e-3, "uint16": span / 2**16, "uint8": span / 2**8}[quantization]
    assert restored(*quantized(np.zeros((3,), np.float32), quantization)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("quantization", ["float16", "uint8"])
def test_tensorflow_js_restores_the_same_weights(quantization, tmp_path):
    """The comparison is with Keras on the rounded weights, so that only TensorFlow.js's own rounding may differ."""
    need_node()
    model = MODELS["sequence_reader"]()
    before = model.get_weights()
    (comparison,) = tfjs(model, tmp_path, quantization=quantization)
    assert comparison.equal
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_large_weights_are_cut_into_shards(tmp_path):
    need_node()
    model = keras.Sequential([keras.Input((None,), dtype="int32"), layers.Embedding(40_000, 60), layers.LSTM(2)])
    (comparison,) = tfjs(model, tmp_path)
    assert comparison.equal
    shards = sorted(path.name for path in tmp_path.glob("*.bin"))
    assert shards == [f"group1-shard{i}of3.bin" for i in (1, 2, 3)]
    assert max(path.stat().st_size for path in tmp_path.glob("*.bin")) == 4 * 2**20


# further training: the models that tutorials start with


def series():
    """One feature, three steps, the next value."""
    values = np.sin(np.arange(120) / 6).astype(np.float32)
    x = np.lib.stride_tricks.sliding_window_view(values, 3)[:-1, :, None]
    model = keras.Sequential([keras.Input((3, 1)), layers.LSTM(10, activation="relu"), layers.Dense(1)])
    return model, x, values[3:, None], "mse"


def two_features():
    """Two features, an output for every step."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 7, 2)).astype(np.float32)
    y = np.cumsum(x.sum(axis=-1, keepdims=True), axis=1)
    steps = layers.TimeDistributed(layers.Dense(1))
    return keras.Sequential([keras.Input((7, 2)), layers.LSTM(8, return_sequences=True), steps]), x, y, "mse"


def vectors():
    """Texts as embedding vectors, padded to one length and masked."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(50, 9, 5)).astype(np.float32)
    x[np.arange(9) >= rng.integers(3, 10, (50, 1))] = 0
    y = (x.sum(axis=(1, 2)) > 0).astype(np.float32)[:, None]
    model = keras.Sequential([
        keras.Input((9, 5)), layers.Masking(), layers.Bidirectional(layers.LSTM(6)), layers.Dropout(0.0),
        layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    return model, x, y, "binary_crossentropy"


@pytest.mark.parametrize("build", [series, two_features, vectors])
def test_training_continues_in_tensorflow_js_as_in_keras(build, tmp_path):
    keras.utils.set_random_seed(0)
    model, x, y, loss = build()
    model.compile(keras.optimizers.Adam(0.01), loss)
    model.fit(x, y, epochs=2, batch_size=16, verbose=0)
    write_part(read_source(model).parts["model"], tmp_path)
    model.compile(keras.optimizers.Adam(0.01), loss)  # both sides start with a fresh optimizer
    keras_loss = model.fit(x, y, epochs=1, batch_size=16, shuffle=False, verbose=0).history["loss"][0]
    after = model.evaluate(x, y, batch_size=16, verbose=0)
    tfjs_loss = {"mse": "meanSquaredError", "binary_crossentropy": "binaryCrossentropy"}[loss]
    fit = {"optimizer": "adam", "learningRate": 0.01, "loss": tfjs_loss, "batchSize": 16, "epochs": 1}
    asked = {"model": str(tmp_path / "model.json"), "fit": fit | {"x": [encoded(x)], "y": encoded(y)}}
    (result,) = in_node([asked])["results"]
    assert "error" not in result, result
    assert result["losses"][0] == pytest.approx(keras_loss, abs=1e-4)
    assert result["after"] == pytest.approx(after, abs=1e-4)


def test_constants_stay_as_they_are_in_further_training(tmp_path):
    """A network with rewritten layers is trained further, and still gives Keras's numbers of its own layers."""
    rng = np.random.default_rng(2)
    model = MODELS["forecaster"]()
    x, y = rng.normal(size=(20, 10, 4)).astype(np.float32), rng.normal(size=(20, 3, 2)).astype(np.float32)
    write_part(read_source(model).parts["model"], tmp_path)
    model.compile(keras.optimizers.SGD(0.05), "mse")
    keras_loss = model.fit(x, y, epochs=2, batch_size=10, shuffle=False, verbose=0).history["loss"]
    fit = {"optimizer": "sgd", "learningRate": 0.05, "loss": "meanSquaredError", "batchSize": 10, "epochs": 2}
    asked = {"model": str(tmp_path / "model.json"), "fit": fit | {"x": [encoded(x)], "y": encoded(y)}}
    (result,) = in_node([asked])["results"]
    assert result["losses"] == pytest.approx(keras_loss, abs=1e-4)


TRAINABLE = {
    "sequence_reader": True, "text_tagger": True, "attention_masked": True, "encoder_decoder": True,
    "encoder_decoder_of_tokens": False, "encoder_decoder_deep": False, "mask_that_ends": False,
    "masked_sum_of_branches": False,
}  # fmt: skip


def test_it_says_of_which_models_tensorflow_js_has_no_gradients(tmp_path):
    asked, said = [], {}
    for name in TRAINABLE:
        model = MODELS[name]()
        part = read_source(model).parts["model"]
        (tmp_path / name).mkdir()
        notes = write_part(part, tmp_path / name).notes
        said[name] = not any("cannot train it further" in note for note in notes)
        call = example_calls(part)[1]
        sizes = zip(model.output_shape, (5, 8, 0), strict=False)
        y = np.zeros([known or other for known, other in sizes], np.float32)
        fit = {"optimizer": "sgd", "learningRate": 0.01, "loss": "meanSquaredError", "batchSize": 5, "epochs": 1}
        arrays = {"x": [encoded(array) for array in call], "y": encoded(y)}
        asked.append({"model": str(tmp_path / name / "model.json"), "fit": fit | arrays})
    results = dict(zip(TRAINABLE, in_node(asked)["results"], strict=True))
    assert said == TRAINABLE
    assert {name: "error" not in result for name, result in results.items()} == TRAINABLE


def test_masks_may_hide_steps_anywhere(tmp_path):
    """Also before the first step that is seen, and in the middle: Keras's numbers at every step."""
    rng = np.random.default_rng(3)
    model = MODELS["mask_as_an_input"]()
    seen = rng.random((6, 11)) < 0.5
    seen[:, 4] = True
    call = [rng.normal(size=(6, 11, 3)).astype(np.float32), seen]
    write_part(read_source(model).parts["model"], tmp_path)
    (result,) = in_node([job(tmp_path / "model.json", [call])])["results"]
    expected: Any = keras.ops.convert_to_numpy(model(call))
    np.testing.assert_allclose(outputs_of(result)[0][0], expected, atol=1e-5)
