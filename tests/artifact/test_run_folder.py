"""The run folder: what is in it, what comes back, what is kept, refused and said."""

from __future__ import annotations

import json
import pickle
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.artifact import MANIFEST, atomic, last_window, read_manifest
from seqwise.artifact import run as run_folder
from seqwise.backend import import_keras

SMALL = {"window": 12, "horizon": 3, "units": (4,), "epochs": 2, "patience": None}
OURS = {
    "model.keras",
    "context.safetensors",
    "metrics.json",
    "forecast.csv",
    "report.html",
    "network.json",
    "weights.safetensors",
    MANIFEST,
}


def table(seed=0, rows=90):
    months = (np.datetime64("2001-01") + np.arange(rows)).astype("M8[us]")
    y = 20 + 5 * np.sin(np.arange(rows)) + np.random.default_rng(seed).normal(size=rows)
    return pl.DataFrame({"month": months, "y": y})


@pytest.fixture(scope="module")
def fitted():
    return sw.Forecaster(**SMALL).fit(table(), time="month", target="y")


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    return fitted.save(tmp_path_factory.mktemp("saved") / "run")


@pytest.fixture
def run(saved, tmp_path):
    return Path(shutil.copytree(saved, tmp_path / "run"))


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_is_in_it(saved, fitted):
    assert {p.name for p in saved.iterdir()} == OURS
    metrics = json.loads((saved / "metrics.json").read_text())
    assert metrics["test"] == fitted.evaluate().metrics
    assert metrics["baselines"] == fitted.evaluate().baselines
    assert metrics["seconds"] == pytest.approx(fitted.training_.seconds, abs=1e-3)
    forecast = pl.read_csv(saved / "forecast.csv", try_parse_dates=True)
    assert forecast["month"].to_list() == fitted.predict()["month"].dt.date().to_list()
    np.testing.assert_array_equal(forecast["y"], fitted.predict()["y"])


def test_what_comes_back_is_the_same_bit_for_bit(saved, fitted):
    loaded = sw.load(saved)
    assert loaded.get_params() == fitted.get_params()
    assert loaded.predict().equals(fitted.predict())
    assert all(
        np.array_equal(a, b) for a, b in zip(loaded.model_.get_weights(), fitted.model_.get_weights(), strict=True)
    )
    one, two = loaded.evaluate(table()), fitted.evaluate()
    for name in one.forecasts:
        np.testing.assert_array_equal(one.forecasts[name], two.forecasts[name])
    assert one.scores == two.scores
    np.testing.assert_array_equal(one.times, two.times)
    other = table(seed=5)
    assert loaded.predict(other).equals(fitted.predict(other))
    with pytest.raises(sw.DataError, match=r"keeps only its last window: pass the data, evaluate\(data\)"):
        loaded.evaluate()


@pytest.mark.parametrize("case", ["numbers", "mask", "several", "objects", "day parts"])
def test_every_kind_of_series_comes_back(case, tmp_path):
    keras = import_keras()
    names: dict[str, Any] = {"time": "month", "target": "y"}
    data, more = table(), {}
    if case == "numbers":
        data, names = table()["y"].to_numpy(), {}
    elif case == "mask":
        y = table()["y"].to_numpy().copy()
        y[[40, 41, -3, -2]] = np.nan
        data, more = table().with_columns(y=y), {"gaps": "mask"}
    elif case == "several":
        data = table().with_columns(b=table(1)["y"] * 9, x=table(2)["y"])
        names, more = names | {"target": ["b", "y"], "features": "x"}, {"scaler": {"b": "robust"}, "log": True}
    elif case == "objects":
        more = {"optimizer": keras.optimizers.Nadam(0.01), "loss": keras.losses.Huber(0.5)}
    else:
        data = data.with_columns(y_=pl.col("month").dt.year(), m=pl.col("month").dt.month()).drop("month")
        names["time"] = ["y_", "m"]
    settings: dict[str, Any] = SMALL | {"epochs": 1} | more
    fitted = sw.Forecaster(**settings).fit(data, **names)
    loaded: Any = sw.load(fitted.save(tmp_path / "run"))
    assert (np.asarray(loaded.predict()) == np.asarray(fitted.predict())).all()
    assert loaded.evaluate(data).scores == fitted.evaluate().scores
    if case == "objects":
        assert loaded.optimizer.get_config() == settings["optimizer"].get_config()
        assert loaded.loss.get_config() == settings["loss"].get_config()


def test_a_loaded_run_saved_again_is_the_same(run, fitted, tmp_path):
    again = sw.load(run).save(tmp_path / "again")
    for name in ("metrics.json", "forecast.csv", "report.html", "context.safetensors"):
        assert (again / name).read_bytes() == (run / name).read_bytes()
    assert sw.load(again).predict().equals(fitted.predict())
    assert sw.load(run).save(run) == run  # onto itself
    assert sw.load(run).predict().equals(fitted.predict())


def test_no_pickle(run, monkeypatch, fitted):
    assert not [p for p in run.rglob("*") if p.suffix in (".pkl", ".pickle", ".joblib", ".npy", ".pt")]
    for path in run.iterdir():
        assert path.read_bytes()[:1] != b"\x80", "a pickle begins so"

    def refuse(*args, **kwargs):
        raise AssertionError("a pickle was read")

    for name in ("load", "loads", "Unpickler", "_Unpickler", "_load", "_loads"):
        monkeypatch.setattr(pickle, name, refuse)
    assert sw.load(run).predict().equals(fitted.predict())


# what is kept and what is refused


def test_the_users_own_files_survive(run, fitted):
    (run / "notes.md").write_text("mine")
    (run / "plots").mkdir()
    (run / "plots" / "one.txt").write_text("mine too")
    (run / "report.html").write_text("old")
    fitted.save(run)
    assert (run / "notes.md").read_text() == "mine"
    assert (run / "plots" / "one.txt").read_text() == "mine too"
    assert (run / "report.html").read_text() != "old"
    assert sw.load(run).predict().equals(fitted.predict())


@pytest.mark.parametrize("manifest", [None, "{}", "not json", '{"format": "other"}', "[1]"])
def test_a_foreign_folder_is_refused_and_untouched(manifest, fitted, tmp_path):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years of work")
    if manifest is not None:
        (folder / MANIFEST).write_text(manifest)
    before = files(tmp_path)
    with pytest.raises(sw.BundleError, match="is not empty and not a Seqwise run; nothing in it was touched"):
        fitted.save(folder)
    assert files(tmp_path) == before


def test_places_that_cannot_be_a_folder(fitted, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(sw.BundleError, match=r"is a file\. Name a folder"):
        fitted.save(tmp_path / "file")
    with pytest.raises(sw.BundleError, match="is a file"):
        fitted.save(tmp_path / "file" / "run")
    assert (tmp_path / "file").read_text() == "x"


def test_an_empty_folder_and_the_one_we_are_in(fitted, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    fitted.save(tmp_path / "empty")
    monkeypatch.chdir(tmp_path / "empty")
    assert sw.load(".").predict().equals(fitted.predict())
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for place in (".", "..", "../here", tmp_path / "here"):  # replaced, it would be gone under the user's feet
        with pytest.raises(sw.BundleError, match=r"is the folder you are in|is not empty and not a Seqwise run"):
            fitted.save(place)
    assert not list((tmp_path / "here").iterdir())
    fitted.save("../there")
    assert sw.load(tmp_path / "there").predict().equals(fitted.predict())


def test_a_link_stays_a_link(run, fitted, tmp_path):
    (tmp_path / "link").symlink_to(run, target_is_directory=True)
    (run / "notes.md").write_text("mine")
    (run / "report.html").write_text("old")
    fitted.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (run / "report.html").read_text() != "old"
    assert (run / "notes.md").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "run"]


# a crash in the middle of a save


def test_a_crash_while_any_file_is_written_leaves_the_old_run(run, fitted, monkeypatch):
    loaded = sw.load(run)
    (run / "notes.md").write_text("mine")
    before = files(run.parent)
    places = [
        (type(loaded.model_), "save"), (last_window, "save_file"), (Path, "write_text"),
        (run_folder, "write_manifest"), (atomic, "_sync"), (atomic, "_swap"), (atomic, "_copy"),
    ]  # fmt: skip
    for owner, name in places:
        with monkeypatch.context() as patch:
            real = getattr(owner, name)

            def half_done(*args, _real=real, **kwargs):
                if _real.__name__ in ("save", "write_text"):
                    _real(*args, **kwargs)  # a file was written, and then
                raise OSError("No space left on device")

            patch.setattr(owner, name, half_done)
            with pytest.raises(OSError, match="No space left"):
                loaded.save(run)
        assert files(run.parent) == before, name
    loaded.save(run)
    assert sw.load(run).predict().equals(fitted.predict())


def test_a_crash_after_the_swap_leaves_the_new_run(run, fitted, monkeypatch):
    loaded = sw.load(run)
    loaded.results_["report.html"] = "new"

    class Killed(BaseException):
        pass

    def killed(*args, **kwargs):
        raise Killed

    swap = atomic._swap

    def swap_and_die(fresh, target):
        swap(fresh, target)
        monkeypatch.setattr(shutil, "rmtree", killed)
        raise Killed

    monkeypatch.setattr(atomic, "_swap", swap_and_die)
    with suppress(Killed):
        loaded.save(run)
    monkeypatch.undo()
    assert (run / "report.html").read_text() == "new"
    assert sw.load(run).predict().equals(fitted.predict())


# damage


def damage(run, name, content):
    (run / name).write_bytes(content)


def test_a_missing_run(tmp_path):
    with pytest.raises(sw.BundleError, match=r"There is no run folder '.*nowhere'\. Train one: seqwise train"):
        sw.load(tmp_path / "nowhere")


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(sw.BundleError, match=r"is not a Seqwise run: it has no manifest\.json"):
        sw.load(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(sw.BundleError, match="is not a Seqwise run"):
        sw.load(tmp_path / "file")


@pytest.mark.parametrize("name", ["model.keras", "context.safetensors"])
@pytest.mark.parametrize("how", ["cut", "one byte", "empty", "other"])
def test_a_damaged_file(run, name, how):
    path = run / name
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "cut": whole[:middle],
            "one byte": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "empty": b"",
            "other": b"hello",
        }[how]
    )
    with pytest.raises(sw.BundleError, match=rf"{name} was edited or is damaged: its checksum differs"):
        sw.load(run)


@pytest.mark.parametrize("name", ["model.keras", "context.safetensors"])
def test_a_missing_file(run, name):
    (run / name).unlink()
    with pytest.raises(sw.BundleError, match=rf"{name} is missing: the run is incomplete"):
        sw.load(run)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"{'format': 'seqwise-run'}"])
def test_a_manifest_that_is_not_json(run, content):
    (run / MANIFEST).write_bytes(content)
    with pytest.raises(sw.BundleError, match=r"manifest\.json is damaged"):
        sw.load(run)


@pytest.mark.parametrize("content", ["[]", "{}", '"text"', "null", '{"format": "mlflow"}'])
def test_a_manifest_of_somebody_else(run, content):
    (run / MANIFEST).write_text(content)
    with pytest.raises(sw.BundleError, match=r"was not written by Seqwise"):
        sw.load(run)


def edit(run, change):
    manifest = json.loads((run / MANIFEST).read_text())
    change(manifest)
    (run / MANIFEST).write_text(json.dumps(manifest))


def test_a_newer_schema(run):
    edit(run, lambda m: m.update(schema_version=99))
    with pytest.raises(sw.BundleError, match=r"has schema version 99; this Seqwise reads 4\. Upgrade: pip install -U"):
        sw.load(run)
    edit(run, lambda m: m.update(schema_version=3))
    with pytest.raises(sw.BundleError, match=r"has schema version 3; this Seqwise reads 4\. Train again\."):
        sw.load(run)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("settings"),
        lambda m: m["settings"].update(unheard_of=1),
        lambda m: m["input"].update(scaler=None),
        lambda m: m["data"].update(time_index={"unit": "mo"}),
        lambda m: m.update(training=[]),
        lambda m: m["data"].update(rows="many"),
        lambda m: m.update(data=7),
        lambda m: m.update(test_start="yesterday"),
        lambda m: m.update(settings=None),
        lambda m: m["settings"].update(optimizer={"module": "os", "class_name": "system", "config": {}}),
    ],
)
def test_a_manifest_with_an_odd_entry(run, change):
    edit(run, change)
    with pytest.raises(sw.BundleError, match=r"manifest\.json was edited or is damaged: its checksum does not hold"):
        sw.load(run)
    with pytest.raises(
        sw.BundleError, match=r"is not the manifest of a Forecaster|cannot be read .* It was written by"
    ):
        sw.load(run, trust_edited=True)


def test_a_kind_from_a_newer_version(run):
    edit(run, lambda m: m.update(kind="Conductor", seqwise="9.0"))
    with pytest.raises(sw.BundleError, match=r"holds a 'Conductor'; this Seqwise knows .*Forecaster.* written by "
                                             r"Seqwise 9\.0: pip install -U seqwise"):  # fmt: skip
        sw.load(run)


def test_a_run_that_lists_nothing_is_still_written_over(run, fitted):
    edit(run, lambda m: m.update(files=None))
    (run / "model.keras").write_bytes(b"old")
    fitted.save(run)
    assert sw.load(run).predict().equals(fitted.predict())


@pytest.mark.parametrize("files", [None, [], "x", {}])
def test_a_manifest_without_check_sums(run, files):
    edit(run, lambda m: m.update(files=files))
    with pytest.raises(sw.BundleError):
        sw.load(run)


def test_a_model_of_another_shape_is_refused_by_its_check_sum(run, fitted, tmp_path):
    other = sw.load(run)
    other.model_.set_weights([w + 1 for w in other.model_.get_weights()])
    with pytest.warns(UserWarning, match="The weights have changed"):
        other.save(tmp_path / "other")
    shutil.copy2(tmp_path / "other" / "model.keras", run / "model.keras")
    with pytest.raises(sw.BundleError, match="damaged"):
        sw.load(run)
    assert read_manifest(tmp_path / "other")["kind"] == "Forecaster"


def test_reading_a_run_changes_nothing(run):
    before = files(run.parent)
    sw.load(run).predict()
    assert files(run.parent) == before
