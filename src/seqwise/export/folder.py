"""An exported folder: the networks, what surrounds them, and the answers by which they can be checked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from seqwise.artifact import check_place, first_line, replaced_folder, write_json
from seqwise.artifact.reading import read_json
from seqwise.errors import BundleError, SeqwiseError, SettingError, as_path, check_choice
from seqwise.export.comparing import REFERENCE, Reference, Run
from seqwise.export.contents import AGAIN, EXPORT, check_contents, read_contents, write_contents
from seqwise.export.parity import Comparison, check_equal
from seqwise.export.source import MODEL, Part, Source, read_source
from seqwise.export.web.answers import ANSWERS, Answers, compare_answers
from seqwise.export.web.page import write_page
from seqwise.export.web.pipeline import PIPELINE, describe_pipeline

TFJS, SAVED_MODEL = "tfjs", "saved-model"


@dataclass(frozen=True)
class Exported:
    """What lies in an exported folder.

    Attributes:
        folder, to: where it is, and in which format. networks: the file of each network, relative to `folder`.
        comparisons: with Keras, of each network, and of the answers from raw input where they are compared.
        notes: what is to be known or done, one sentence each.
    """

    folder: Path
    to: str
    networks: dict[str, str]
    comparisons: list[Comparison]
    notes: list[str]

    def __str__(self) -> str:
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 2**20
        head = f"{self.folder}: {self.to}, {len(files)} files, {size:.2f} MiB: {', '.join(self.networks.values())}"
        return "\n".join([head, *map(str, self.comparisons), *self.notes])


def export_folder(
    model: Any, to: str, folder: str | Path, *, quantization: str | None = None, states: bool = False, x: Any = None
) -> Exported:
    """Export a model to a folder, with what surrounds it, after it has been run beside Keras.

    Args:
        model: a Keras model (Sequential or functional), a trained estimator, a run folder or a ``.keras`` file.
        to: ``"tfjs"``, ``"onnx"``, ``"keras"`` or ``"saved-model"``.
        folder: to write; an earlier export there is replaced in one step, anything else is left alone.
        quantization: of tfjs: ``"float16"``, ``"uint16"`` or ``"uint8"``.
        states: of onnx: recurrent layers take and give their states.
        x: inputs of a Keras model, on which the export is run beside it, too: an array, or of several inputs a list or
            a dict by name. Left out: on made-up ones alone.

    Raises:
        ExportError: a layer has no equal in the format, or the numbers differ; nothing is written.
        BundleError: the model cannot be read, or the folder holds something else.
        SettingError: an option is out of range, or what writes the format is not installed.
    """
    check_choice("to", to, list(FORMATS))
    for name, value, formats in (("quantization", quantization, ("tfjs",)), ("states", states, ("onnx",))):
        if value and to not in formats:
            raise SettingError(f"{name} is an option of {formats[0]}; with {to} leave it out.")
    form = FORMATS[to]
    form.check_installed()
    path = as_path(folder, "a folder")
    _check_destination(path)
    source = read_source(model)
    reference = Reference.of(source, x)
    with replaced_folder(path) as fresh:
        networks, notes = form.write(source, fresh, reference, {"quantization": quantization, "states": states})
        comparisons = [check_equal(_compare(form, reference, name, fresh / file)) for name, file in networks.items()]
        if source.estimator is not None:
            write_json(fresh / PIPELINE, describe_pipeline(source.estimator, networks))
            Answers.of(source.estimator).save(fresh)
            if to == TFJS:
                notes += write_page(source.estimator, fresh)
                notes.append(f"Look at it: python -m http.server --directory {path}, then http://localhost:8000")
                comparisons.append(check_equal(compare_answers(fresh, quantization is not None)))
        reference.save(fresh)
        write_contents(fresh, {"to": to, "networks": networks, "quantization": quantization})
    return Exported(path, to, networks, comparisons, notes)


def verify_folder(folder: str | Path, *, trust_edited: bool = False) -> Exported:
    """Run an exported folder again, on the inputs and beside the answers that were stored with it.

    No code from the folder is run, but for a SavedModel, which is a program of TensorFlow's.

    Args:
        trust_edited: checksums need not hold.

    Raises:
        ExportError: it gives other numbers, labels, times or texts.
        BundleError: it is not an exported folder, or a file is missing, damaged or edited; the message names it.
    """
    path = as_path(folder, "a folder")
    content = read_contents(path)
    to = str(content.get("to"))
    if to not in FORMATS:
        raise BundleError(f"{path / EXPORT} is damaged: its format, {to[:80]!r}, is none. {AGAIN}")
    form = FORMATS[to]
    networks: dict[str, str] = content["networks"]
    names = dict.fromkeys([*content["files"], REFERENCE, *(networks.values() if to != SAVED_MODEL else ())])
    check_contents(path, content, names, trust_edited=trust_edited, waive="--trust-edited")
    form.check_installed()
    reference = Reference.load(path)
    if set(networks) != set(reference.calls):
        raise BundleError(f"{path}: {EXPORT} and the stored answers name other networks. Export the model again.")
    comparisons: list[Comparison] = []
    try:
        for name, file in networks.items():
            comparisons.append(check_equal(_compare(form, reference, name, path / file)))
        if to == TFJS and ANSWERS in content["files"]:
            _check_pipeline(path, networks)
            comparisons.append(check_equal(compare_answers(path, content.get("quantization") is not None)))
    except SeqwiseError:
        raise
    except Exception as error:  # each runtime has its own for a file that is damaged
        raise BundleError(f"{str(path)!r} cannot be run ({first_line(error)[:300]}). {AGAIN}") from error
    return Exported(path, to, networks, comparisons, [])


def _check_pipeline(folder: Path, networks: dict[str, str]) -> None:
    """Raise `BundleError` where ``pipeline.json`` names other networks than ``export.json``, which may lie outside."""
    pipeline: Any = read_json(folder / PIPELINE)
    if not isinstance(pipeline, dict) or cast(dict[str, Any], pipeline).get("networks") != networks:
        raise BundleError(f"{folder / PIPELINE} names other networks than {EXPORT}. {AGAIN}")


def _compare(form: Format, reference: Reference, name: str, path: Path) -> Comparison:
    from seqwise.export.tfjs.node import NoNodeError

    run, runtime = form.run(path)
    try:
        return reference.compare(name, run, runtime)
    except NoNodeError as error:
        return Comparison(name, runtime, float("nan"), 0.0, 0, 0, str(error))


def _check_destination(path: Path) -> None:
    check_place(path, "the export")
    if path.is_dir() and any(path.iterdir()):
        try:
            read_contents(path)
        except BundleError:
            raise BundleError(
                f"{str(path)!r} is not empty and no earlier export; nothing in it was touched. Name a new folder."
            ) from None


# the formats


@dataclass(frozen=True)
class Format:
    """How networks are written and run.

    Attributes:
        packages: what has to be installed. extra: of Seqwise, that installs it.
        write: takes the source, the folder, the reference and the options; returns the files by network, and notes.
        run: takes the file of a network; returns what runs it, and what that is called.
    """

    packages: tuple[str, ...]
    extra: str
    write: Callable[[Source, Path, Reference, dict[str, Any]], tuple[dict[str, str], list[str]]]
    run: Callable[[Path], tuple[Run, str]]

    def check_installed(self) -> None:
        missing = [name for name in self.packages if find_spec(name) is None]
        if missing:
            raise SettingError(
                f"{' and '.join(missing)} must be installed for this: pip install 'seqwise[{self.extra}]'"
            )


def _write_each(suffix: str, write: Callable[[Part, Path], None]) -> Any:
    def written(source: Source, folder: Path, *_: Any) -> tuple[dict[str, str], list[str]]:
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


def _write_onnx(
    source: Source, folder: Path, reference: Reference, options: dict[str, Any]
) -> tuple[dict[str, str], list[str]]:
    from seqwise.export.onnx.export import onnx_models

    files = {name: f"{name}.onnx" for name in source.parts}
    for name, model in onnx_models(source, files, states=options["states"]).items():
        (folder / files[name]).write_bytes(model)
    return files, []


def _run_onnx(path: Path) -> tuple[Run, str]:
    from seqwise.export.onnx.export import RUNTIME, onnx_runner

    return onnx_runner(path), RUNTIME


def _write_tfjs(
    source: Source, folder: Path, reference: Reference, options: dict[str, Any]
) -> tuple[dict[str, str], list[str]]:
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
    TFJS: Format((), "export", _write_tfjs, _run_tfjs),
    "onnx": Format(("onnx", "onnxruntime"), "export", _write_onnx, _run_onnx),
    "keras": Format((), "export", _write_each(".keras", _write_keras), _run_keras),
    SAVED_MODEL: Format(("tensorflow",), "tensorflow", _write_each("", _write_saved_model), _run_saved_model),
}
