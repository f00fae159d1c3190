"""Where runs are read and written: no link is followed, no pipe waited for; what cannot be written is told first."""

from __future__ import annotations

import errno
import io
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

import seqwise as sw
from seqwise.artifact import MANIFEST, check_destination, check_file
from seqwise.artifact.archives import check_archive, check_hdf5
from seqwise.artifact.atomic import SAVING, replaced_folder
from seqwise.artifact.models import load_keras
from seqwise.artifact.reading import kind_of, read_arrays, read_bytes, read_json
from seqwise.backend import import_keras
from seqwise.cli.inputs import read_keras_model
from seqwise.errors import BundleError
from seqwise.export.folder import export_folder
from seqwise.export.source import read_source


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    forecaster = sw.Forecaster(6, 2, (3,), epochs=1, season=1).fit(np.sin(np.arange(60.0)) + 3)
    return forecaster.save(tmp_path_factory.mktemp("saved") / "run")


@pytest.fixture
def run(saved, tmp_path):
    return Path(shutil.copytree(saved, tmp_path / "run"))


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


PLACES = {
    "a link": lambda path, outside: path.symlink_to(outside),
    "a folder": lambda path, outside: path.mkdir(),
    "a pipe": lambda path, outside: os.mkfifo(path),
    "a socket": lambda path, outside: make_socket(path),
}


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize(
    "name", [MANIFEST, "model.keras", "context.safetensors", "network.json", "weights.safetensors"]
)
def test_what_is_no_file_is_refused_at_once(run, tmp_path, monkeypatch, kind, name):
    monkeypatch.chdir(run)  # a socket's path is short
    (run / name).rename(tmp_path / "outside")
    PLACES[kind](Path(name), tmp_path / "outside")
    backend = "numpy" if name in ("network.json", "weights.safetensors") else None
    for trust in (False, True):
        with pytest.raises(BundleError, match=rf"{name} is {kind}; expected a file of the run"):
            sw.load(run, backend=backend, trust_edited=trust)


@pytest.mark.parametrize("name", ["metrics.json", "report.html", "forecast.csv"])
def test_nothing_is_read_or_written_through_a_link(run, tmp_path, name):
    secret = tmp_path / "secret"
    secret.write_text("root:x:0:0")
    (run / name).unlink()
    (run / name).symlink_to(secret)
    loaded = sw.load(run)
    loaded.save(tmp_path / "again")
    assert not (tmp_path / "again" / name).exists()
    loaded.save(run)
    assert secret.read_text() == "root:x:0:0"
    assert not any(path.is_symlink() for path in run.iterdir())
    assert "root:x" not in "".join(p.read_text(errors="replace") for p in run.iterdir())


def test_the_users_links_stay_links(run, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "big").write_text("x" * 100)
    (run / "dangling").symlink_to("nowhere")
    (run / "folder").symlink_to(tmp_path / "outside", target_is_directory=True)
    (run / "mine").mkdir()
    (run / "mine" / "link").symlink_to(tmp_path / "outside" / "big")
    sw.load(run).save(run)
    assert os.readlink(run / "dangling") == "nowhere"
    assert (run / "folder").is_symlink()
    assert (run / "mine" / "link").is_symlink()


def test_all_files_have_the_mode_of_a_new_file(tmp_path, saved):
    umask = os.umask(0o027)
    try:
        run = sw.load(saved).save(tmp_path / "run")
    finally:
        os.umask(umask)
    assert {oct(path.stat().st_mode & 0o777) for path in run.iterdir()} == {"0o640"}
    assert oct(run.stat().st_mode & 0o777) == "0o750"


# told before the training


def test_a_pipe_that_cannot_be_kept(run):
    (run / "mine").mkdir()
    os.mkfifo(run / "mine" / "pipe")
    with pytest.raises(BundleError, match=r"mine/pipe' is a pipe, which cannot be kept beside a run: move it away"):
        check_destination(run)


@pytest.mark.parametrize("length", [240, 247, 250, 255, 300, 5000])
def test_a_name_that_is_too_long(tmp_path, length):
    with pytest.raises(BundleError, match=r"too long"):
        check_destination(tmp_path / ("r" * length))
    with pytest.raises(BundleError, match=r"too long"):
        check_destination(tmp_path / ("é" * (length // 2)) / "run")


def test_the_longest_name_is_written(tmp_path, saved):
    target = tmp_path / ("r" * 238)
    check_destination(target)
    assert sw.load(saved).save(target) == target
    assert sw.load(target).window == 6


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EACCES, errno.EDQUOT])
def test_a_place_that_cannot_be_written(tmp_path, monkeypatch, code):
    def refuse(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(BundleError, match=r"cannot be written: .*Name another folder"):
        check_destination(tmp_path / "deep" / "run")


def test_links_as_the_run_folder(tmp_path, saved):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(BundleError, match="cannot be written"):
        check_destination(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "there")
    check_destination(tmp_path / "dangling")
    sw.load(saved).save(tmp_path / "dangling")
    assert sw.load(tmp_path / "there").window == 6


def test_a_full_disk_leaves_the_old_run_whole(run, monkeypatch):
    loaded = sw.load(run)
    before = {path.name: path.read_bytes() for path in run.iterdir()}

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(loaded), "_write_own_results", full)
    with pytest.raises(OSError, match="No space left"):
        loaded.save(run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


# litter

KILLED = """
import os, signal, sys
from pathlib import Path
from seqwise.artifact.atomic import replaced_folder
with replaced_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_litter_of_a_killed_save_is_swept(tmp_path):
    target = tmp_path / "run"
    for name in (".run.settings", f".other{SAVING}12345678", "run.previously"):  # not ours, or another run's
        (tmp_path / name).mkdir()
    theirs = {path.name for path in tmp_path.iterdir()}
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
        assert done.returncode == -signal.SIGKILL
    assert len(set(os.listdir(tmp_path)) - theirs) == 1
    with replaced_folder(target) as folder:
        (folder / "a").write_text("whole")
    assert set(os.listdir(tmp_path)) - theirs == {"run"}


def test_a_save_in_progress_is_not_swept(tmp_path):
    with replaced_folder(tmp_path / "run") as one:
        (one / "a").write_text("one")
        with replaced_folder(tmp_path / "run") as two:
            (two / "a").write_text("two")
        assert (one / "a").read_text() == "one"
    assert (tmp_path / "run" / "a").read_text() == "one"
    assert os.listdir(tmp_path) == ["run"]


# what a file holds


@pytest.mark.parametrize("content", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"", b"NaN",
                                     b'"\xed\xa0\x80"', b"1e", b"{'a': 1}"])  # fmt: skip
def test_json_that_is_none(tmp_path, content):
    (tmp_path / "part.json").write_bytes(content)
    with pytest.raises(BundleError, match=r"part\.json is damaged"):
        read_json(tmp_path / "part.json")


@pytest.mark.parametrize("content", [b"", b"x" * 7, b"\xff" * 200, (10**15).to_bytes(8, "little") + b"{}",
                                     (2).to_bytes(8, "little") + b"{}" + b"extra"])  # fmt: skip
def test_safetensors_that_are_none(tmp_path, content):
    (tmp_path / "part.safetensors").write_bytes(content)
    if content.endswith(b"{}extra"):
        with pytest.raises(BundleError, match=r"part\.safetensors is damaged"):
            read_arrays(tmp_path / "part.safetensors")
        return
    with pytest.raises(BundleError, match=r"part\.safetensors is damaged"):
        read_arrays(tmp_path / "part.safetensors")


def test_more_bytes_than_are_read(tmp_path):
    (tmp_path / "part").write_bytes(b"x" * 11)
    with pytest.raises(BundleError, match="holds 11 bytes; at most 10 are read"):
        read_bytes(tmp_path / "part", 10)


def archive_of(path, config, fill, compression=zipfile.ZIP_DEFLATED):
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        fill(file)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights.getvalue())
    return path


def external(file):
    file["there"] = h5py.ExternalLink("/etc/passwd", "/")


def raw(file):
    file.create_dataset("w", (10,), "u1", external=[("/etc/passwd", 0, 10)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", (4,))
    file.create_virtual_dataset("w", layout)


@pytest.mark.parametrize(
    ("config", "fill", "said"),
    [
        ({}, lambda f: f.create_dataset("w", (2**31,), "u1", chunks=True, compression="gzip"), "would unpack to"),
        ({}, external, "links to another place"),
        ({}, lambda f: f.update({"soft": h5py.SoftLink("/x")}), "links to another place"),
        ({}, raw, "reads other files"),
        ({}, virtual, "reads other files"),
        ({"config": {"layers": [{"config": {"units": 10**9}}]}}, lambda f: None, r"units=1,000,000,000, more than"),
        ({"config": [{"output_dim": 10**9}]}, lambda f: None, "output_dim=1,000,000,000"),
    ],
)
def test_keras_files_that_keras_is_not_given(tmp_path, config, fill, said):
    path = archive_of(tmp_path / "m.keras", config, fill)
    with pytest.raises(BundleError, match=said):
        check_archive(path)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        fill(file)
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(BundleError, match=said):
        check_hdf5(tmp_path / "m.h5")


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_models_that_are_no_files(tmp_path, name):
    os.mkfifo(tmp_path / name)
    for read in (lambda path: read_keras_model(path, compiled=False), read_source):
        with pytest.raises(sw.DataError, match="is a pipe or a device"):
            read(str(tmp_path / name))


def test_a_bomb(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * 2**29)
    with pytest.raises(
        BundleError, match="would unpack to 536,870,912 bytes; a file of its size may unpack to 268,435,456 at most"
    ):
        check_archive(tmp_path / "m.keras")


@pytest.mark.parametrize("cut", [0, 30, 0.5, 0.99])
def test_a_cut_keras_file(tmp_path, saved, cut):
    content = (saved / "model.keras").read_bytes()
    (tmp_path / "m.keras").write_bytes(content[: int(cut if cut > 1 else cut * len(content))])
    with pytest.raises(BundleError, match="is not a Keras model, or is damaged"):
        check_archive(tmp_path / "m.keras")


def test_sound_keras_files(tmp_path, saved):
    check_archive(saved / "model.keras")
    keras = import_keras()
    model = keras.Sequential([keras.Input((None,)), keras.layers.Embedding(2000, 30), keras.layers.LSTM(3)])
    model.save(tmp_path / "m.keras")
    check_archive(tmp_path / "m.keras")
    model.compile("adam", "mse")
    model.save(tmp_path / "m.h5")
    check_hdf5(tmp_path / "m.h5")
    read_keras_model(str(tmp_path / "m.h5"), compiled=False)


# the surroundings


def test_a_locale_without_utf_8(tmp_path):
    (tmp_path / "été.csv").write_text("t,y\n1,2\n", encoding="utf-8")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TERM": "dumb", "KERAS_BACKEND": "jax"}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONIOENCODING"} | plain
    for arguments in (["--help"], ["shape", "été.csv", "--time", "été"], ["evaluate", "nowhere…"]):
        done = subprocess.run(
            [sys.executable, "-m", "seqwise", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        assert done.returncode in (0, 2)


@pytest.mark.parametrize(
    ("backend", "said"), [("openvino", "Seqwise runs on jax, tensorflow"), ("jaxx", "Set it to one: jax")]
)
def test_a_backend_that_is_none(backend, said):
    code = "import seqwise as sw\ntry: sw.data.Windows; sw.Forecaster(2, 1, season=1).fit([1.0, 2.0, 3.0] * 9)\n"
    code += "except sw.SettingError as error: print(error)"
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert said in done.stdout, done.stderr


VARIABLES = {
    "MPLBACKEND": "nonsense",
    "JAX_PLATFORMS": "nonsense",
    "JAX_ENABLE_X64": "nonsense",
    "KERAS_BACKEND": "jaxx",
}


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_that_keeps_a_library_from_running_is_named(variable, saved, tmp_path):
    (tmp_path / "x.csv").write_text("y\n" + "1\n2\n4\n" * 9)
    train = ["train", str(tmp_path / "x.csv"), "--target", "y", "--window", "3", "--horizon", "1", "--out"]
    for arguments in (["predict", str(saved)], [*train, str(tmp_path / "out")]):
        done = subprocess.run(
            [sys.executable, "-m", "seqwise", *arguments],
            env=os.environ | {variable: VARIABLES[variable]},
            capture_output=True,
            text=True,
            check=False,
        )
        said = " ".join(done.stderr.split())
        assert done.returncode == 2, said
        assert f"{variable}={VARIABLES[variable]}" in said
        assert "Traceback" not in said
        assert str(saved) not in said
        assert not (tmp_path / "out").exists()


def test_surroundings_that_cannot_be_written_do_not_matter(saved, tmp_path):
    nowhere = dict.fromkeys(["HOME", "TMPDIR", "XDG_CACHE_HOME", "MPLCONFIGDIR", "KERAS_HOME"], "/dev/null/nowhere")
    environment = os.environ | nowhere | {"COLUMNS": "abc", "LC_ALL": "xx", "TERM": "nonsense", "NO_COLOR": "1"}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-m", "seqwise", "predict", str(saved), "--out", str(tmp_path / "out.csv")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    matplotlibs = ("mkdir -p failed", "Matplotlib created a temporary cache directory")  # it names MPLCONFIGDIR
    assert [line for line in done.stderr.splitlines() if not line.startswith(matplotlibs)] == []
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3


def test_a_file_system_that_is_read_only_is_not_called_a_missing_right(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(sw.SettingError, match=r"cannot be written: permission denied\."):
        check_file(tmp_path / "x.csv")
    real = os.statvfs(tmp_path)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=real.f_flag | os.ST_RDONLY))
    with pytest.raises(sw.SettingError, match=r"cannot be written: the file system is read-only\."):
        check_file(tmp_path / "x.csv")


def test_a_file_that_may_not_be_read_is_not_called_damaged(saved, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read all
    for read in (lambda path: read_keras_model(path, compiled=False), sw.data.read_table):
        with pytest.raises(sw.DataError, match=r"model\.keras' cannot be read: permission denied\."):
            read(str(saved / "model.keras"))


@pytest.mark.parametrize("make", [os.mkfifo, make_socket])
@pytest.mark.parametrize("name", ["x.csv", "x.ts", "x.parquet", "x.tsv"])
def test_data_that_are_no_file(tmp_path, monkeypatch, make, name):
    monkeypatch.chdir(tmp_path)
    make(name)
    columns: Any = {} if name.endswith("ts") else {"group": "g", "label": "l"}
    with pytest.raises(sw.DataError, match="is a pipe or a device"):
        sw.Classifier().fit(name, **columns)
    with pytest.raises(sw.DataError, match="is a pipe or a device"):
        sw.data.read_texts(name)


@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a file"])
def test_only_a_folder_is_ever_replaced(run, tmp_path, monkeypatch, kind):
    """`--out /dev/null` by an administrator must not turn the device into a folder."""
    monkeypatch.chdir(tmp_path)
    target = Path("target")
    target.write_text("mine") if kind == "a file" else PLACES[kind](target, None)
    network: Any = sw.load(run).model_
    writers = [
        lambda path: sw.load(run).save(path),
        lambda path: sw.export.tfjs(network, path),
        lambda path: export_folder(network, "onnx", path),
    ]
    for write in writers:
        with pytest.raises(BundleError, match=f"'target' is {kind}. Name a folder"):
            write(target)
    with pytest.raises(NotADirectoryError), replaced_folder(target):
        pass
    assert kind_of(target) == {"a file": "file"}.get(kind, kind)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "target"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("/", "is the folder you are in"), ("/proc/x", "cannot be written"), (os.fsdecode(b"\x80x"), "not UTF-8")],
)
def test_places_that_are_told_before_the_training(tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match=said):
        check_destination(Path(name))


def test_the_home_folder_is_meant(tmp_path, monkeypatch, run):
    monkeypatch.setenv("HOME", str(tmp_path))
    sw.load(run).save("~/mine")
    assert sw.load("~/mine").window == sw.load(tmp_path / "mine").window == 6


def test_a_run_is_saved_from_a_folder_that_is_gone(tmp_path, monkeypatch, run):
    loaded = sw.load(run)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    loaded.save(tmp_path / "there")
    with pytest.raises(BundleError, match="cannot be written"):
        loaded.save("here")


def test_what_the_user_keeps_in_a_run_is_not_copied(run):
    (run / "mine").mkdir()
    (run / "mine" / "large").write_text("mine")
    number = (run / "mine" / "large").stat().st_ino
    sw.load(run).save(run)
    assert (run / "mine" / "large").stat().st_ino == number
    assert (run / "mine" / "large").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "said"),
    [("m.h5", "expected the name of a .keras file"), ("m", "expected the name of a .keras file"), (".", "is a folder"),
     ("none/m.keras", "There is no folder"), ("n" * 300 + ".keras", "file name too long"), ("a\0.keras", "null char")],
)  # fmt: skip
def test_names_of_keras_files(name, said, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(sw.SettingError, match=said):
        sw.export.keras(sw.load(run), name)
    if not name.startswith("m"):
        with pytest.raises(sw.SettingError, match=said):
            sw.export.onnx(sw.load(run), name)
    assert os.listdir(tmp_path) == ["run"]


def test_the_root_is_no_run():
    with pytest.raises(BundleError, match="'/' is not a Seqwise run"):
        sw.load("/")


@pytest.mark.parametrize("path", [None, 3, b"run", ["run"], 2.5, np, "a\0b"])
def test_what_is_no_path(run, path):
    texts = [sw.data.read_texts, sw.data.read_ts]
    for use in (sw.load, sw.load_tfjs, sw.load(run).save, *texts):
        with pytest.raises(sw.SettingError, match=r"Expected the path of a .*, and got |holds a null character"):
            use(path)


def test_a_file_name_that_is_not_utf_8():
    with pytest.raises(sw.SettingError, match="its name is not UTF-8"):
        check_file(Path(os.fsdecode(b"\x80.csv")))


def vocabulary_model(path):
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5,)), layers.Embedding(20_000, 16), layers.SpatialDropout1D(0.2, seed=1), layers.LSTM(4),
            layers.Dropout(0.1), layers.Dense(2),
        ]
    )  # fmt: skip
    model.compile("adam", "mse")
    model.save(path)
    assert load_keras(path, compiled=False).count_params() == model.count_params()


def test_layers_larger_than_what_the_file_holds_are_refused_before_they_are_made(tmp_path):
    vocabulary_model(tmp_path / "vocabulary.keras")
    with (
        zipfile.ZipFile(tmp_path / "vocabulary.keras") as honest,
        zipfile.ZipFile(tmp_path / "wide.keras", "w") as archive,
    ):
        for name in honest.namelist():
            archive.writestr(name, honest.read(name).replace(b'"output_dim": 16', b'"output_dim": 300000'))
    with pytest.raises(BundleError, match=r"layers have 6,00\d,\d{3},\d{3} weights, and the file holds 32\d,\d{3}"):
        load_keras(tmp_path / "wide.keras", compiled=False)


@pytest.mark.parametrize("stored", [True, False])
def test_an_h5_file_whose_layers_are_larger_than_what_it_holds(stored, tmp_path, monkeypatch):
    path = tmp_path / "wide.h5"
    monkeypatch.setattr("seqwise.artifact.models.UNCHECKED", 1000)  # the honest file is looked at, too
    vocabulary_model(path)
    monkeypatch.undo()
    with h5py.File(path, "r+") as file:
        config = file.attrs["model_config"]
        wide = config.replace('"output_dim": 16', '"output_dim": 300000') if stored else more_layers(config)
        file.attrs["model_config"] = wide
    said = "expects shape .20000, 300000.. Received saved weight with shape .20000, 16." if stored else "."
    before = resident()
    with pytest.raises(BundleError, match=said):
        read_keras_model(str(path), compiled=False)
    assert resident() - before < 2**30  # an array of them takes 24 GB


def more_layers(config):
    """A model's settings with as many layers again, of which the file holds nothing."""
    settings = json.loads(config)
    layers = settings["config"]["layers"]
    dense = json.loads(json.dumps(layers[-1]))
    for number in range(2):
        dense["config"] |= {"units": 60_000, "name": f"wide_{number}"}
        layers.append(json.loads(json.dumps(dense)))
    return json.dumps(settings)


def resident():
    """Bytes of memory that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
