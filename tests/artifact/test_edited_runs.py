"""A run folder that was edited or damaged: refused by name, or the same answers; never silently others."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from sklearn.base import clone

sys.path.insert(0, str(Path(__file__).parents[1] / "estimators"))
from fitted import KINDS, SEQUENCES
from fuzz import examples

import seqwise as sw
from seqwise.artifact import MANIFEST

FAST = examples(60)
READ = {
    "Forecaster": (MANIFEST, "network.json", "weights.safetensors", "context.safetensors"),
    "texts": (MANIFEST, "network.json", "weights.safetensors", "vocabulary.json"),
}
QUESTIONS: dict[str, Any] = {"Forecaster": None, "texts": ["so good", "very bad"], "two classes": SEQUENCES[:3]}


def answer(run, kind):
    loaded = run if not isinstance(run, Path) else sw.load(run, backend="numpy")
    return np.asarray(loaded.predict_proba(QUESTIONS[kind]) if kind != "Forecaster" else loaded.predict())


def refusal(run, kind, **options):
    """What is said of a run that is not read, or does not answer; None where it does."""
    try:
        answer(sw.load(run, backend="numpy", **options), kind)
    except sw.SeqwiseError as error:
        said = str(error)
        if len(said) > 2000:
            raise AssertionError(f"a message of {len(said)} characters") from error
        return said
    return None


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    runs = {}
    for kind in ("Forecaster", "texts"):
        estimator, data = KINDS[kind]
        untrained: Any = clone(estimator)
        runs[kind] = untrained.fit(*data, verbose=False).save(folder / kind)
    return runs


@pytest.fixture
def run(saved, tmp_path):
    return Path(shutil.copytree(saved["Forecaster"], tmp_path / "run"))


@pytest.mark.parametrize("kind", READ)
@FAST
@given(data=st.data())
def test_one_bit_is_flipped(saved, kind, data, tmp_path_factory):
    """Every file that the answer depends on, at any bit: refused with its name, or the answer is the same."""
    source = saved[kind]
    name = data.draw(st.sampled_from(READ[kind]))
    content = bytearray((source / name).read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    run = Path(shutil.copytree(source, tmp_path_factory.mktemp("flipped") / "run"))
    (run / name).write_bytes(content)
    said = refusal(run, kind) or ""
    if said:
        assert name in said or "schema version" in said or "holds a" in said
    else:
        np.testing.assert_array_equal(answer(run, kind), answer(source, kind))


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        yield from leaves(value[0], (*path, 0))
    yield path


HOSTILE = [0, -1, -2.5, 1e-320, 10**30, True, None, "", "x", "2001-02-30", [], {}, [0], [[]], {"a": 1}, 1e308]


@pytest.mark.parametrize("kind", READ)
@FAST
@given(data=st.data())
def test_one_field_is_edited(saved, kind, data, tmp_path_factory):
    """A field of any depth: refused; read on purpose, it is refused or the run answers with finite numbers."""
    source = saved[kind]
    name = data.draw(st.sampled_from([file for file in READ[kind] if file.endswith(".json")]))
    content = json.loads((source / name).read_text())
    *above, last = data.draw(st.sampled_from([path for path in leaves(content) if path]))
    place = content
    for step in above:
        place = place[step]
    value = data.draw(st.sampled_from(HOSTILE))
    if place[last] == value and type(place[last]) is type(value):
        return
    place[last] = value
    run = Path(shutil.copytree(source, tmp_path_factory.mktemp("edited") / "run"))
    (run / name).write_text(json.dumps(content))
    with pytest.raises(sw.BundleError):
        sw.load(run, backend="numpy")
    if refusal(run, kind, trust_edited=True) is None:
        assert np.isfinite(answer(sw.load(run, backend="numpy", trust_edited=True), kind)).all()


def edit(run, change, name=MANIFEST):
    content = json.loads((run / name).read_text())
    change(content)
    (run / name).write_text(json.dumps(content))


def two_columns(m):
    for part in (m["input"], m["input"]["scaler"], m["target"]["scaler"], m["data"]):
        part["columns"] = ["1", "0"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda m: m["input"]["scaler"].update(scale=[0.0]), r"> 0\.0 - at '\$\.input\.scaler\.scale"),
        (lambda m: m["input"]["scaler"].update(scale=[-2.0]), r"\$\.input\.scaler\.scale"),
        (lambda m: m["input"]["scaler"].update(offset=[1e308 * 10]), "Infinity is not a JSON number"),
        (lambda m: m["input"].update(columns=["other"]), r"columns differ"),
        (lambda m: m["input"].update(columns=[]), r"\$\.input\.columns"),
        (two_columns, "2 columns, 1 offsets"),
        (lambda m: m["data"]["time_index"].update(step=-1), r"\$\.data\.time_index\.step"),
        (lambda m: m["data"]["time_index"].update(start="2001-02-30", unit="us"), "time_index"),
        (lambda m: m["input"].update(window=11), "window differ"),
        (lambda m: m["target"].update(horizon=4), "horizon differ"),
        (lambda m: (m["target"].update(horizon=4), m["settings"].update(horizon=4)), "the network gives"),
        (lambda m: m["settings"].update(gaps="mask"), "masked differ"),
        (lambda m: m["training"].update(seconds=-1), r"\$\.training\.seconds"),
        (lambda m: m.update(season=0), r"\$\.season"),
        (lambda m: m["network"].update(weights=[[3]]), "other shapes|another model"),
    ],
)
@pytest.mark.parametrize("backend", [None, "numpy"])
def test_what_the_schema_refuses(run, change, field, backend):
    edit(run, change)
    with pytest.raises(
        sw.BundleError, match=r"manifest\.json (was edited or is damaged.*trust_edited=True|is damaged)"
    ):
        sw.load(run, backend=backend)
    with pytest.raises(sw.BundleError, match=field):
        sw.load(run, backend=backend, trust_edited=True)


@pytest.mark.parametrize("backend", [None, "numpy"])
def test_an_edit_on_purpose_is_read(run, backend):
    edit(run, lambda m: [part["scaler"].update(offset=[100.0]) for part in (m["input"], m["target"])])
    with pytest.raises(sw.BundleError, match="edited"):
        sw.load(run, backend=backend)
    assert np.isfinite(np.asarray(sw.load(run, backend=backend, trust_edited=True).predict())).all()


@pytest.mark.parametrize("how", ["not finite", "other shape", "other names", "fewer"])
def test_other_weights(run, how):
    path = run / "weights.safetensors"
    arrays = load_file(path)
    name = max(arrays, key=lambda n: arrays[n].size)
    if how == "not finite":
        arrays[name] = arrays[name] * np.float32(np.nan)
    elif how == "other shape":
        arrays[name] = np.ascontiguousarray(arrays[name][:, :-1])
    elif how == "other names":
        arrays["other"] = arrays.pop(name)
    else:
        del arrays[name]
    save_file(arrays, path)
    with pytest.raises(sw.BundleError, match=r"weights\.safetensors was edited or is damaged"):
        sw.load(run, backend="numpy")
    with pytest.raises(sw.BundleError, match=r"weights\.safetensors"):
        sw.load(run, backend="numpy", trust_edited=True)


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer:UserWarning")  # Keras, of another model
@pytest.mark.parametrize("how", ["not finite", "another model", "empty config", "text"])
def test_another_keras_model(saved, run, how):
    import zipfile

    from seqwise.backend import import_keras

    keras, path = import_keras(), run / "model.keras"
    if how == "another model":
        shutil.copy2(saved["texts"] / "model.keras", path)
    elif how == "not finite":
        model = keras.models.load_model(path)
        model.set_weights([w * np.nan for w in model.get_weights()])
        model.save(path)
    elif how == "text":
        path.write_text("hello")
    else:
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, b"" if name == "config.json" else content)
    with pytest.raises(sw.BundleError, match=r"model\.keras was edited or is damaged"):
        sw.load(run)
    with pytest.raises(sw.BundleError, match=r"model\.keras"):
        sw.load(run, trust_edited=True)


def test_a_vocabulary_that_grew(saved, tmp_path):
    run = Path(shutil.copytree(saved["texts"], tmp_path / "run"))
    edit(run, lambda v: v["tokens"].append("more"), "vocabulary.json")
    for backend in (None, "numpy"):
        with pytest.raises(sw.BundleError, match="it holds 8 tokens, but the run has 7"):
            sw.load(run, backend=backend, trust_edited=True)


def test_an_edited_result_is_not_carried_on(run, tmp_path):
    (run / "metrics.json").write_text('{"test": {"mae": 0}}')
    assert not (sw.load(run).save(tmp_path / "again") / "metrics.json").exists()


def test_a_run_that_is_replaced_while_it_is_read(run, tmp_path, monkeypatch):
    """The reader began with the old manifest and finds the new files: it begins again."""
    from seqwise.estimators import runs

    other = sw.load(run)
    other.model_.set_weights([w * 0 for w in other.model_.get_weights()])
    with pytest.warns(UserWarning, match="weights have changed"):
        other.save(tmp_path / "other")
    read, calls = runs.read_manifest, []

    def replaced_after(folder, **keywords):
        manifest = read(folder, **keywords)
        if not calls:
            shutil.rmtree(run)
            shutil.copytree(tmp_path / "other", run)
        calls.append(1)
        return manifest

    monkeypatch.setattr(runs, "read_manifest", replaced_after)
    np.testing.assert_array_equal(answer(run, "Forecaster"), other.predict())
