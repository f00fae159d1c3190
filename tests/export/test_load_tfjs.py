"""Reading TensorFlow.js models into Keras: those that it saved itself, our own exports, and hostile files."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import keras
import numpy as np
import pytest
from export_models import MODELS
from javascript import HERE, need_node

import seqwise as sw
from seqwise.errors import BundleError
from seqwise.export.parity import example_calls, keras_outputs, largest_difference
from seqwise.export.source import read_source
from seqwise.export.tfjs.export import write_part


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Models that TensorFlow.js built and saved, with what it makes of fixed inputs."""
    need_node()
    root = tmp_path_factory.mktemp("saved")
    subprocess.run(["node", str(HERE / "save.mjs"), str(root)], check=True, capture_output=True, timeout=300)
    return root


@pytest.mark.parametrize("name", ["lstm", "gru_and_both", "convolution", "encoder_decoder", "shared_model"])
def test_a_model_that_tensorflow_js_saved_gives_its_numbers(name, saved):
    model = sw.load_tfjs(saved / name)
    expected = json.loads((saved / name / "expected.json").read_text())
    inputs = [np.array(t["values"], np.float32).reshape(t["shape"]) for t in expected["inputs"]]
    output = np.array(expected["output"]["values"]).reshape(expected["output"]["shape"])
    result: Any = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
    np.testing.assert_allclose(result, output, atol=1e-5)


def test_a_mask_that_enters_a_model_within_a_model_is_refused(saved):
    with pytest.raises(BundleError, match=r"a mask passes into or out of the model 'sequential_\d+'"):
        sw.load_tfjs(saved / "mask_into_a_model")


@pytest.mark.parametrize(
    "name",
    ["lstm_hard_sigmoid", "bidirectional_mul_sequences", "encoder_decoder_of_tokens", "forecaster", "sequence_reader",
     "cells"],
)  # fmt: skip
def test_our_own_exports_come_back(name, tmp_path):
    model = MODELS[name]()
    part = read_source(model).parts["model"]
    write_part(part, tmp_path)
    calls = example_calls(part)[1:2]
    calls = [[c.astype(np.float32) if c.dtype == bool else c for c in call] for call in calls]
    again = sw.load_tfjs(tmp_path)
    assert largest_difference(keras_outputs(model, calls), keras_outputs(again, calls)) <= 1e-5


@pytest.fixture
def small(tmp_path):
    """A written model, and a function that changes its model.json."""
    model = keras.Sequential(
        [keras.Input((None, 3)), keras.layers.LSTM(4, name="lstm"), keras.layers.Dense(2, name="d")]
    )
    folder = tmp_path / "model"
    folder.mkdir()
    write_part(read_source(model).parts["model"], folder)
    file = folder / "model.json"

    def change(edit):
        content = json.loads(file.read_text())
        edit(content)
        file.write_text(json.dumps(content))
        return folder

    return change


def layer_of(content, index):
    return content["modelTopology"]["model_config"]["config"]["layers"][index]


def group(content):
    return content["weightsManifest"][0]


HOSTILE = {
    "a path that climbs": (
        lambda c: group(c).update(paths=["../secret.bin"]),
        r"names weights outside of its folder: '../s",
    ),
    "an absolute path": (lambda c: group(c).update(paths=["/etc/passwd"]), r"outside of its folder: '/etc/passwd'"),
    "a path of Windows": (lambda c: group(c).update(paths=["..\\secret.bin"]), r"outside of its folder"),
    "an address": (lambda c: group(c).update(paths=["http://x/y.bin"]), r"outside of its folder"),
    "a missing shard": (lambda c: group(c).update(paths=["other.bin"]), r"other\.bin is missing"),
    "a path that is no text": (lambda c: group(c).update(paths=[7]), r"outside of its folder: 7"),
    "a size that lies": (
        lambda c: group(c)["weights"][0].update(shape=[3, 1600]),
        r"declares .* bytes .* its files hold",
    ),
    "a huge size": (lambda c: group(c)["weights"][0].update(shape=[10**9, 10**9, 10**9]), r"declares .*,000,000,"),
    "a negative size": (lambda c: group(c)["weights"][0].update(shape=[-3, -16]), r"an array that cannot be read"),
    "an unknown type": (lambda c: group(c)["weights"][0].update(dtype="object"), r"an array that cannot be read"),
    "a scale that is not a number": (
        lambda c: group(c)["weights"][0].update(quantization={"dtype": "uint8", "min": "x", "scale": 1}),
        r"an array that cannot be read",
    ),
    "an unknown layer": (
        lambda c: layer_of(c, 1).update(class_name="Lambda"),
        r"'lstm' is a 'Lambda', which cannot be read",
    ),
    "a layer of a module": (
        lambda c: layer_of(c, 1).update(class_name="os.system"),
        r"is a 'os\.system', which cannot",
    ),
    "units that lie": (
        lambda c: layer_of(c, 1)["config"].update(units=10**9),
        r"'lstm' needs an array \(3, 4000000000\) where the file has \(3, 16\)",
    ),
    "an input that lies": (
        lambda c: layer_of(c, 0)["config"].update(batch_input_shape=[None, None, 10**9]),
        r"'lstm' needs an array \(1000000000, 16\)",
    ),
    "weights of another layer": (lambda c: group(c)["weights"][0].update(name="x/kernel"), r"has 0 arrays 'kernel'"),
    "the same name twice": (lambda c: group(c)["weights"][1].update(name="lstm/kernel"), r"'lstm/kernel' twice"),
    "no topology": (lambda c: c.pop("modelTopology"), r"is not a layers model: it has no modelTopology"),
    "a graph model": (lambda c: c.update(format="graph-model"), r"is a graph model, which has no layers"),
    "no manifest": (lambda c: c.pop("weightsManifest"), r"has no weightsManifest"),
    "a model of another kind": (
        lambda c: c["modelTopology"]["model_config"].update(class_name="Evil"),
        r"holds a 'Evil'; expected a Sequential or a Model",
    ),
    "no layers": (lambda c: c["modelTopology"]["model_config"]["config"].update(layers=[]), r"is damaged \(IndexError"),
    "settings that are none": (lambda c: layer_of(c, 1).update(config=5), r"is damaged \(TypeError"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gives_a_clear_error(name, small, tmp_path):
    edit, says = HOSTILE[name]
    (tmp_path / "secret.bin").write_bytes(bytes(10_000))
    folder = small(edit)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(BundleError, match=says):
        sw.load_tfjs(folder)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_link_out_of_the_folder_is_not_followed(small, tmp_path):
    folder = small(lambda content: group(content).update(paths=["link.bin"]))
    (tmp_path / "secret.bin").write_bytes((folder / "group1-shard1of1.bin").read_bytes())
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(BundleError, match=r"link\.bin is a link out of its folder"):
        sw.load_tfjs(folder)


def test_a_layer_that_reads_itself_ends(tmp_path):
    model = MODELS["lstm_shared"]()
    write_part(read_source(model).parts["model"], tmp_path)
    content = json.loads((tmp_path / "model.json").read_text())
    last = content["modelTopology"]["model_config"]["config"]["layers"][-1]
    last["inbound_nodes"][0][0][0] = last["name"]
    (tmp_path / "model.json").write_text(json.dumps(content))
    with pytest.raises(BundleError, match="reads what no layer returns"):
        sw.load_tfjs(tmp_path)


def test_what_is_no_model(tmp_path):
    with pytest.raises(BundleError, match=r"There is no TensorFlow\.js model"):
        sw.load_tfjs(tmp_path)
    for text, says in (("{", "is not JSON"), ("[" * 100_000, "is not JSON"), ("[]", "holds no object")):
        (tmp_path / "model.json").write_text(text)
        with pytest.raises(BundleError, match=says):
            sw.load_tfjs(tmp_path)
