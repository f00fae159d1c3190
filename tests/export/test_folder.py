"""Exported folders: each format gives Keras's numbers, is checked again by --verify, and refuses what was changed."""

from __future__ import annotations

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from export_models import MODELS, sequential, with_own_weights
from javascript import MODULES, need_node
from safetensors.numpy import load_file, save_file

from seqwise.cli.main import main
from seqwise.errors import BundleError, ExportError, SettingError
from seqwise.export import formats
from seqwise.export.contents import EXPORT
from seqwise.export.folder import export_folder, verify_folder


@pytest.fixture
def model():
    return MODELS["embedding_mask"]()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.keras"
    MODELS["lstm_plain"]().save(path)
    return path


@pytest.mark.parametrize(("to", "file"), [("onnx", "model.onnx"), ("keras", "model.keras"), ("saved-model", "model")])
def test_a_folder_is_written_and_checked_again(to, file, model, tmp_path):
    exported = export_folder(model, to, tmp_path / "out")
    assert exported.networks == {"model": file}
    assert exported.comparisons[0].equal
    assert (tmp_path / "out" / file).exists()
    again = verify_folder(tmp_path / "out")
    assert again.comparisons[0].largest <= 1e-5
    assert again.comparisons[0].calls == 3


def test_a_changed_network_does_not_pass(model, tmp_path):
    export_folder(model, "onnx", tmp_path / "out")
    export_folder(with_own_weights(model, seed=1), "onnx", tmp_path / "other")
    (tmp_path / "other" / "model.onnx").replace(tmp_path / "out" / "model.onnx")
    with pytest.raises(ExportError, match=r"differs from Keras by .*, more than 1e-05 \(model, onnxruntime"):
        verify_folder(tmp_path / "out", trust_edited=True)


def test_a_keras_file_loads_without_seqwise(saved, tmp_path):
    export_folder(saved, "keras", tmp_path / "out")
    code = (
        "import sys, keras; model = keras.models.load_model(sys.argv[1]); "
        "print([type(l).__module__.split('.')[0] for l in model.layers], 'seqwise' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "out" / "model.keras"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[0] == "['keras', 'keras'] False"


def test_layers_of_ones_own_are_named(tmp_path):
    class Double(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    with pytest.raises(ExportError, match=r"Layer 'twice' is a Double, which is not Keras's own"):
        export_folder(sequential(keras.layers.LSTM(3), Double(name="twice")), "keras", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_only_an_earlier_export_is_replaced(model, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(BundleError, match="is not empty and no earlier export; nothing in it was touched"):
        export_folder(model, "keras", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    export_folder(model, "keras", tmp_path / "out")
    export_folder(model, "onnx", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [EXPORT, "model.onnx", "reference.safetensors"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "is not an exported folder"),
        ({"version": 2}, "has version 2; this Seqwise reads 1"),
        ({"to": "pickle"}, "is damaged"),
        ({"networks": {}}, "is damaged"),
        ({"networks": {"model": "../model.onnx"}}, "which does not lie in the folder"),
        ({"networks": {"model": "/etc/passwd"}}, "which does not lie in the folder"),
        ({"networks": {"model": "gone.onnx"}}, "is missing"),
        ({"networks": {"model": "model.onnx", "more": "model.onnx"}}, "name other networks"),
        ({"networks": []}, "it lists no networks"),
        ({"files": {}}, "it lists no files"),
        ({"files": {"../reference.safetensors": "0" * 64}}, "which does not lie in the folder"),
        ({"to": ["onnx"]}, "is damaged"),
    ],
)
def test_a_hostile_export_is_refused(change, message, saved, tmp_path):
    export_folder(saved, "onnx", tmp_path / "out")
    path = tmp_path / "out" / EXPORT
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BundleError, match=message):
        verify_folder(tmp_path / "out", trust_edited=True)


def test_damaged_outputs_are_refused(saved, tmp_path):
    export_folder(saved, "onnx", tmp_path / "out")
    reference = tmp_path / "out" / "reference.safetensors"
    arrays = load_file(reference)
    save_file({name: array[:1] if "outputs" in name else array for name, array in arrays.items()}, reference)
    with pytest.raises(ExportError, match="where Keras returns"):
        verify_folder(tmp_path / "out", trust_edited=True)
    save_file({name: array for name, array in arrays.items() if "outputs/2" not in name}, reference)
    with pytest.raises(BundleError, match=r"cannot be read \(ValueError\)"):
        verify_folder(tmp_path / "out", trust_edited=True)
    reference.write_bytes(b"\xff" * 64)
    with pytest.raises(BundleError, match=r"cannot be read \(SafetensorError\)"):
        verify_folder(tmp_path / "out", trust_edited=True)


@pytest.mark.parametrize("to", ["onnx", "keras"])
def test_damaged_parts_raise_seqwises_errors(to, saved, tmp_path):
    out = tmp_path / "out"
    export_folder(saved, to, out)
    for name, content in [(f"model.{to}", b""), (f"model.{to}", b"junk" * 99), (EXPORT, b"[" * 100_000)]:
        whole = (out / name).read_bytes()
        (out / name).write_bytes(content)
        with pytest.raises(BundleError) as told:
            verify_folder(out)
        assert len(str(told.value)) < 2000
        (out / name).write_bytes(whole)


def test_options_of_another_format_are_refused(saved, tmp_path):
    with pytest.raises(SettingError, match="quantization is an option of tfjs; with onnx leave it out"):
        export_folder(saved, "onnx", tmp_path / "out", quantization="uint8")
    with pytest.raises(SettingError, match="to='gguf': expected 'tfjs', 'onnx', 'keras' or 'saved-model'"):
        export_folder(saved, "gguf", tmp_path / "out")


def test_what_is_not_installed_is_named(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(
        SettingError, match=r"onnx and onnxruntime must be installed for this: pip install 'seqwise\[export"
    ):
        export_folder(saved, "onnx", tmp_path / "out")
    with pytest.raises(SettingError, match=r"tensorflow must be installed for this: pip install 'seqwise\[tensorflow"):
        export_folder(saved, "saved-model", tmp_path / "out")


# the command


def call(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["seqwise", "export", *map(str, arguments)])
    code = 0
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_writes_and_verifies(saved, tmp_path, monkeypatch, capsys):
    need_node()
    monkeypatch.chdir(MODULES.parent)
    code, out, _ = call(monkeypatch, capsys, saved, "--to", "tfjs", "--out", tmp_path / "web")
    assert code == 0
    assert "tfjs, 4 files" in out
    assert "model: largest difference from Keras" in out
    assert sorted(path.name for path in (tmp_path / "web").iterdir()) == [
        EXPORT, "group1-shard1of1.bin", "model.json", "reference.safetensors"
    ]  # fmt: skip
    assert call(monkeypatch, capsys, "--verify", tmp_path / "web")[0] == 0
    shard = tmp_path / "web" / "group1-shard1of1.bin"
    shard.write_bytes(np.random.default_rng(0).normal(size=shard.stat().st_size // 4).astype(np.float32).tobytes())
    code, _, err = call(monkeypatch, capsys, "--verify", tmp_path / "web")
    assert code == 2
    assert "group1-shard1of1.bin was edited or is damaged: its checksum is not that in export.json" in err
    code, _, err = call(monkeypatch, capsys, "--verify", tmp_path / "web", "--trust-edited")
    assert code == 2
    assert "Error: The export differs from Keras by" in err


def test_what_is_missing_on_the_command_line_is_said(saved, tmp_path, monkeypatch, capsys):
    code, _, err = call(monkeypatch, capsys, saved)
    assert code == 2
    assert "--to and --out are missing: seqwise export runs/airline --to tfjs --out web." in err.replace("\n", " ")
    code, _, err = call(monkeypatch, capsys, saved, "--verify", tmp_path)
    assert "--verify takes an exported folder alone" in err
    code, _, err = call(monkeypatch, capsys, tmp_path / "gone.keras", "--to", "onnx", "--out", tmp_path / "out")
    assert code == 2
    assert "There is no model" in err


def test_a_run_is_exported_with_its_page(tmp_path, monkeypatch, capsys):
    import seqwise as sw

    need_node()
    monkeypatch.chdir(MODULES.parent)
    forecaster = sw.Forecaster(12, 3, units=(4,), epochs=1, season=6).fit(np.sin(np.arange(80.0) / 2))
    forecaster.save(tmp_path / "run")
    code, out, _ = call(monkeypatch, capsys, tmp_path / "run", "--to", "tfjs", "--out", tmp_path / "web")
    assert code == 0
    assert "predictions from raw input: largest difference from Keras" in out
    assert f"python -m http.server --directory {tmp_path / 'web'}" in out
    names = {path.name for path in (tmp_path / "web").iterdir()}
    assert names >= {
        "pipeline.json",
        "predictions.json",
        "seqwise.js",
        "seqwise.d.ts",
        "index.html",
        "demo.js",
        "tf.min.js",
    }
    assert call(monkeypatch, capsys, "--verify", tmp_path / "web")[0] == 0
    stored = json.loads((tmp_path / "web" / "predictions.json").read_text())
    stored["outputs"]["predict"][0][0]["step"] += 1
    (tmp_path / "web" / "predictions.json").write_text(json.dumps(stored))
    code, _, err = call(monkeypatch, capsys, "--verify", tmp_path / "web", "--trust-edited")
    assert code == 2
    assert "predictions from raw input" in err
    (tmp_path / "web" / "seqwise.js").write_text("process.exit(7)")
    code, out, _ = call(monkeypatch, capsys, "--verify", tmp_path / "web", "--trust-edited")
    assert code == 0
    assert "not compared with Keras: its JavaScript is not this Seqwise's, and code from a folder is not run" in out
    small = "--quantization", "uint8", "--out", tmp_path / "small"
    code, out, _ = call(monkeypatch, capsys, tmp_path / "run", "--to", "tfjs", *small)
    assert code == 0
    assert "predictions from raw input: predicted 2 batches, not compared: the weights are rounded" in out


def test_smaller_weights(tmp_path, monkeypatch, capsys):
    need_node()
    monkeypatch.chdir(MODULES.parent)
    big = with_own_weights(sequential(keras.layers.LSTM(40), keras.layers.Dense(2)))
    whole, small = (
        export_folder(big, "tfjs", tmp_path / q, quantization=None if q == "f" else q) for q in ("f", "uint8")
    )
    sizes = [(e.folder / "group1-shard1of1.bin").stat().st_size for e in (whole, small)]
    assert sizes[0] > 3.9 * sizes[1]
    assert verify_folder(small.folder).comparisons[0].equal
