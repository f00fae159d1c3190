"""The formats of an export, in one table; what writes and runs a format is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqwise.errors import SettingError

if TYPE_CHECKING:
    from seqwise.export.comparing import Reference, Run
    from seqwise.export.source import Part, Source

TFJS = "tfjs"

Written = tuple[dict[str, str], list[str]]  # the files of the networks, by name, and notes


@dataclass(frozen=True)
class Format:
    """How networks are written and run.

    Attributes:
        help: what it is, for the command line.
        write: takes the source, the folder, the reference and the options; returns the files of the networks, and
            notes.
        run: takes the file of a network; returns what runs it, and the runtime's name.
        packages: those that have to be installed. extra: of Seqwise, that installs them.
        options: the settings that it takes. folders: each network is a folder instead of a file.
    """

    help: str
    write: Callable[[Source, Path, Reference, dict[str, Any]], Written]
    run: Callable[[Path], tuple[Run, str]]
    packages: tuple[str, ...] = ()
    extra: str = "export"
    options: tuple[str, ...] = ()
    folders: bool = False

    def check_installed(self) -> None:
        """Raise `SettingError` where a package is missing."""
        missing = [name for name in self.packages if find_spec(name) is None]
        if missing:
            raise SettingError(
                f"{' and '.join(missing)} must be installed for this: pip install 'seqwise[{self.extra}]'"
            )


def _write_each(suffix: str, write: Callable[[Part, Path], None]) -> Callable[..., Written]:
    def written(source: Source, folder: Path, *_: Any) -> Written:
        files = {name: f"{name}{suffix}" for name in source.parts}
        for name, part in source.parts.items():
            write(part, folder / files[name])
        return files, []

    return written


def _write_keras(part: Part, path: Path) -> None:
    from seqwise.export.keras import write_keras

    write_keras(part.model, path)


def _run_keras(path: Path) -> tuple[Run, str]:
    from seqwise.export.keras import keras_runner, runtime

    return keras_runner(path), runtime()


def _write_saved_model(part: Part, path: Path) -> None:
    from seqwise.export.saved_model import write_saved_model

    write_saved_model(part.model, path)


def _run_saved_model(path: Path) -> tuple[Run, str]:
    from seqwise.export.saved_model import saved_model_runner

    return saved_model_runner(path), "TensorFlow"


def _write_onnx(source: Source, folder: Path, reference: Reference, options: dict[str, Any]) -> Written:
    from seqwise.export.onnx.export import onnx_models

    files = {name: f"{name}.onnx" for name in source.parts}
    for name, model in onnx_models(source, files, states=options["states"]).items():
        (folder / files[name]).write_bytes(model)
    return files, []


def _run_onnx(path: Path) -> tuple[Run, str]:
    from seqwise.export.onnx.export import RUNTIME, onnx_runner

    return onnx_runner(path), RUNTIME


def _write_tfjs(source: Source, folder: Path, reference: Reference, options: dict[str, Any]) -> Written:
    from seqwise.export.source import MODEL
    from seqwise.export.tfjs.export import outputs_with, write_part
    from seqwise.export.tfjs.weights import MODEL_JSON

    files = {name: MODEL_JSON if name == MODEL else f"{name}/{MODEL_JSON}" for name in source.parts}
    notes: list[str] = []
    for name, part in source.parts.items():
        target = (folder / files[name]).parent
        target.mkdir(exist_ok=True)
        written = write_part(part, target, options["quantization"])
        notes += written.notes
        if options["quantization"]:  # the comparison is with Keras on the same rounded weights
            reference.outputs[name] = outputs_with(part, written.weights, [list(c) for c in reference.calls[name]])
    return files, notes


def _run_tfjs(path: Path) -> tuple[Run, str]:
    from seqwise.export.tfjs.load import check_model
    from seqwise.export.tfjs.node import job, outputs_of, run_jobs

    check_model(path)
    return lambda calls: outputs_of(run_jobs([job(path, calls)])["results"][0]), "TensorFlow.js in Node"


FORMATS: dict[str, Format] = {
    TFJS: Format(
        "TensorFlow.js; for a run also a module that takes raw input, and a demo page",
        _write_tfjs, _run_tfjs, options=("quantization",),
    ),
    "onnx": Format(
        "standard LSTM nodes", _write_onnx, _run_onnx, packages=("onnx", "onnxruntime"), options=("states",)
    ),
    "keras": Format("a .keras file of stock layers", _write_each(".keras", _write_keras), _run_keras),
    "saved-model": Format(
        "TensorFlow's SavedModel", _write_each("", _write_saved_model), _run_saved_model,
        packages=("tensorflow",), extra="tensorflow", folders=True,
    ),
}  # fmt: skip
