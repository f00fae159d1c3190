"""Saves of every kind whose calls of the system fail one by one. Run by test_failing_saves.py, with faults.c loaded.

Arguments: a folder to work in, how calls fail (with commas), how many of each save are tried (0: all), and the cases.
Prints JSON: for each case the calls that a save makes, how many were tried, and what went wrong.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import hashlib
import itertools
import json
import os
import shutil
import sys
import traceback
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import seqwise as sw
from seqwise.artifact import atomic, check_files, read_manifest
from seqwise.artifact.atomic import recover, replaced_file
from seqwise.errors import SeqwiseError
from seqwise.evaluation import figures
from seqwise.training.checkpoints import Checkpoints, Progress

OLD, NEW = "old", "new"
MODES = {"once": (0, errno.EIO), "full": (1, errno.ENOSPC), "dead": (2, errno.EIO), "kill": (3, errno.EIO)}
OWN = {"notes.md": "mine", "plots/one.txt": "mine, too"}  # the user's files in a run
faults = ctypes.CDLL(None)
faults.faults_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int]
faults.faults_disarm.restype = ctypes.c_long
faults.faults_log.restype = ctypes.c_char_p

Save = Callable[[Path, str], None]  # writes a generation, "old" or "new"
Read = Callable[[Path], str | None]  # returns what is there, whole; None for nothing; raises where it is neither


def saves_of_run(kind: str) -> tuple[Save, Read]:
    from fitted import KINDS

    estimator, data = KINDS[kind]
    estimator = estimator.fit(*data)

    def save(target: Path, generation: str) -> None:
        estimator.notes_ = [generation]
        estimator.save(target)

    return save, generation_of_run


def saves_of_many_series(folder: Path) -> tuple[Save, Read]:
    from fitted import QUICK, SERIES

    estimator = sw.Forecaster(12, 3, **QUICK, season=6).fit({"a": SERIES, "b": SERIES[::-1], "c": SERIES[:40]})

    def save(target: Path, generation: str) -> None:
        estimator.notes_ = [generation]
        estimator.save(target)

    return save, generation_of_run


def saves_with_two_renames(folder: Path) -> tuple[Save, Read]:
    """As where the system cannot exchange two folders."""
    atomic._exchange = lambda first, second: False
    return saves_of_loaded_run(folder)


def saves_of_loaded_run(folder: Path) -> tuple[Save, Read]:
    save, read = saves_of_run("Forecaster")
    save(folder / "to load", OLD)
    loaded: Any = sw.load(folder / "to load")

    def save_loaded(target: Path, generation: str) -> None:
        loaded.notes_ = [generation]
        loaded.save(target)

    return save_loaded, read


def generation_of_run(target: Path) -> str | None:
    recover(target)
    if not target.exists():
        return None
    manifest = read_manifest(target)
    check_files(target, manifest, tuple(manifest["files"]))
    assert {"metrics.json", "report.html"} <= set(manifest["files"]), "the scores are gone"
    try:
        sw.load(target, backend="numpy")
    except sw.BundleError as error:
        if "predicts with Keras, not with NumPy" not in str(error):
            raise
        sw.load(target)
    for name, text in OWN.items():
        assert (target / name).read_text() == text
    assert os.readlink(target / "link") == "nowhere"
    return manifest["notes"][0]


def models() -> dict[str, Any]:
    import keras

    keras.utils.set_random_seed(0)
    pair = {}
    for generation in (OLD, NEW):
        layers = [keras.layers.LSTM(2, name="lstm"), keras.layers.Dense(1)]
        pair[generation] = keras.Sequential([keras.Input((None, 2)), *layers], name=generation)
    return pair


def digest_of(folder: Path, names: tuple[str, ...]) -> str:
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in names)).hexdigest()


def saves_of_export(to: str) -> tuple[Save, Read]:
    from seqwise.export.contents import check_contents, read_contents
    from seqwise.export.folder import export_folder

    pair, digests = models(), dict[str, str]()

    def save(target: Path, generation: str) -> None:
        export_folder(pair[generation], to, target)
        digests.setdefault(generation, digest_of(target, ("reference.safetensors",)))

    def read(target: Path) -> str | None:
        recover(target)
        content = read_contents(target)
        check_contents(target, content, content["files"], trust_edited=False, waive="")
        digest = digest_of(target, ("reference.safetensors",))
        return next(generation for generation, known in digests.items() if known == digest)

    return save, read


def saves_of_tfjs(folder: Path) -> tuple[Save, Read]:
    pair = models()

    def save(target: Path, generation: str) -> None:
        sw.export.tfjs(pair[generation], target)

    def read(target: Path) -> str | None:
        recover(target)
        assert (target / "notes.md").read_text() == "mine"
        return sw.load_tfjs(target).name

    return save, read


def saves_of_keras_file(folder: Path) -> tuple[Save, Read]:
    pair = models()

    def save(target: Path, generation: str) -> None:
        sw.export.keras(pair[generation], target / "model.keras")

    def read(target: Path) -> str | None:
        with zipfile.ZipFile(target / "model.keras") as archive:
            assert archive.testzip() is None
            return json.loads(archive.read("config.json"))["config"]["name"]

    return save, read


def saves_of_onnx_file(folder: Path) -> tuple[Save, Read]:
    pair, digests = models(), dict[str, str]()

    def save(target: Path, generation: str) -> None:
        sw.export.onnx(pair[generation], target / "model.onnx")
        digests.setdefault(generation, digest_of(target, ("model.onnx",)))

    def read(target: Path) -> str | None:
        digest = digest_of(target, ("model.onnx",))
        return next(generation for generation, known in digests.items() if known == digest)

    return save, read


def saves_of_text_file(folder: Path) -> tuple[Save, Read]:
    """As `seqwise predict --out` writes one."""

    def save(target: Path, generation: str) -> None:
        with replaced_file(target / "forecast.csv") as file:
            file.write_text(generation * 100_000)

    def read(target: Path) -> str | None:
        text = (target / "forecast.csv").read_text()
        assert text in (OLD * 100_000, NEW * 100_000)
        return text[:3]

    return save, read


def saves_of_checkpoint(folder: Path) -> tuple[Save, Read]:
    """Where it cannot be written a warning says so, and the training goes on."""

    def save(target: Path, generation: str) -> None:
        progress = Progress(history={"loss": [float(generation == NEW)]})
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            Checkpoints(target, {}, "").write(progress, {"model.0": np.ones(1000, "f4")})
        if told:
            raise sw.BundleError(str(told[0].message))

    def read(target: Path) -> str | None:
        saved = Checkpoints(target, {}, "").read()
        assert saved is not None
        return NEW if saved[0].history["loss"][0] else OLD

    return save, read


def make_case(name: str, folder: Path) -> tuple[Save, Read]:
    others: dict[str, Callable[[Path], tuple[Save, Read]]] = {
        "loaded run": saves_of_loaded_run, "loaded run, two renames": saves_with_two_renames,
        "many series": saves_of_many_series, "tfjs folder": saves_of_tfjs, "keras file": saves_of_keras_file,
        "onnx file": saves_of_onnx_file, "text file": saves_of_text_file, "checkpoint": saves_of_checkpoint,
    }  # fmt: skip
    if name in others:
        return others[name](folder)
    return saves_of_export(name.removeprefix("export ")) if name.startswith("export ") else saves_of_run(name)


def armed(save: Save, target: Path, call: int, mode: str) -> tuple[BaseException | None, list[str]]:
    """Save the new generation; returns its error, and the calls that it made."""
    way, code = MODES[mode]
    error: BaseException | None = None
    faults.faults_arm(str(target.parent).encode(), call, way, code)
    try:
        save(target, NEW)
    except Exception as raised:
        error = raised
    finally:
        faults.faults_disarm()
    return error, faults.faults_log().decode().replace(str(target.parent), "").splitlines()


def fault_of(error: BaseException | None, mode: str, target: Path) -> str | None:
    """Return what is wrong with the error of a save that failed."""
    if error is None or mode in ("dead", "kill"):
        return None
    if isinstance(error, SeqwiseError):
        return None if str(target.name) in str(error) else f"does not say where: {error}"
    named = isinstance(error, OSError) and str(target) in str(error.filename) and ".saving-" not in str(error)
    return None if named else f"is a {type(error).__name__}: {error} {''.join(traceback.format_exception(error)[-4:])}"


def try_case(name: str, folder: Path, modes: list[str], most: int) -> dict[str, Any]:
    (folder / "whole").mkdir(parents=True)
    save, read = make_case(name, folder)
    whole, target = folder / "whole" / "run", folder / "at work" / "run"
    if name.endswith(" file"):
        whole.mkdir()
    save(whole, OLD)
    for own, text in OWN.items():
        if name != "checkpoint" and not name.startswith("export "):
            (whole / own).parent.mkdir(exist_ok=True)
            (whole / own).write_text(text)
    if not name.startswith("export "):
        (whole / "link").symlink_to("nowhere")
    shutil.copytree(whole.parent, target.parent, symlinks=True)
    error, calls = armed(save, target, 0, "once")
    assert error is None, error
    assert read(target) == NEW
    names = sorted(path.relative_to(target.parent) for path in target.parent.rglob("*"))
    tried = range(1, len(calls) + 1)
    if most:
        tried = sorted({int(call) for call in np.linspace(1, len(calls), most)})
    faults_seen: list[str] = []
    outcomes: dict[str, list[str | None]] = {mode: [] for mode in modes}
    for mode, call in itertools.product(modes, tried):
        shutil.rmtree(target.parent)
        shutil.copytree(whole.parent, target.parent, symlinks=True)
        where = f"{mode}, call {call} ({calls[call - 1]})"
        if mode == "kill":
            pid = os.fork()
            if not pid:
                armed(save, target, call, mode)
                os._exit(0)
            os.waitpid(pid, 0)
            error = None
        else:
            error, _ = armed(save, target, call, mode)
        try:
            generation = read(target)
            outcomes[mode].append(generation)
            if generation == OLD and error is None and mode in ("once", "full"):
                faults_seen.append(f"{where}: no error, and the old one is there")
        except Exception as damage:
            faults_seen.append(f"{where}: neither the old nor the new one: {type(damage).__name__}: {damage}")
        fault = fault_of(error, mode, target)
        if fault is not None:
            faults_seen.append(f"{where}: the error {fault}")
        try:
            save(target, NEW)
            left = sorted(path.relative_to(target.parent) for path in target.parent.rglob("*"))
            if left != names or read(target) != NEW:
                faults_seen.append(f"{where}: after the next save there are {sorted(map(str, {*left} ^ {*names}))}")
        except Exception as later:
            faults_seen.append(f"{where}: the next save fails: {type(later).__name__}: {later}")
    return {"calls": calls, "tried": len(tried), "faults": faults_seen, "outcomes": outcomes}


def main() -> None:
    folder, modes, most, *names = sys.argv[1:]
    atomic.OLD = -1  # seconds: what a save left before it was locked is swept at once
    draw = figures.png
    blank = functools.cache(lambda: draw(Figure()))
    figures.png = lambda figure: blank()  # to draw the real ones takes most of a save's time, and touches no file
    results = {}
    for number, name in enumerate(names):
        results[name] = try_case(name, Path(folder) / str(number), modes.split(","), int(most))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
