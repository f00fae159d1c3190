"""An exported folder: the networks, what surrounds them, and the predictions by which they can be checked again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from seqwise.artifact import check_place, first_line, replaced_folder, write_json
from seqwise.artifact.reading import read_json
from seqwise.errors import BundleError, SeqwiseError, SettingError, as_path, check_choice
from seqwise.export.comparing import REFERENCE, Reference
from seqwise.export.contents import AGAIN, EXPORT, check_contents, read_contents, write_contents
from seqwise.export.formats import FORMATS, TFJS, Format
from seqwise.export.parity import Comparison, check_equal
from seqwise.export.source import read_source
from seqwise.export.web.page import write_page
from seqwise.export.web.pipeline import PIPELINE, describe_pipeline
from seqwise.export.web.predictions import PREDICTIONS, Predictions, compare_predictions


@dataclass(frozen=True)
class Exported:
    """What lies in an exported folder.

    Attributes:
        folder, to: where it is, and in which format. networks: the file of each network, relative to `folder`.
        comparisons: with Keras, of each network, and of the predictions from raw input where they are compared.
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
        to: the name of a format in `seqwise.export.formats.FORMATS`: ``"onnx"``.
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
    form = FORMATS[to]
    options = {"quantization": quantization, "states": states}
    for name, value in options.items():
        if value and name not in form.options:
            owner = next(other for other in FORMATS if name in FORMATS[other].options)
            raise SettingError(f"{name} is an option of {owner}; with {to} leave it out.")
    form.check_installed()
    path = as_path(folder, "a folder")
    _check_destination(path)
    source = read_source(model)
    reference = Reference.of(source, x)
    with replaced_folder(path) as fresh:
        networks, notes = form.write(source, fresh, reference, options)
        comparisons = [check_equal(_compare(form, reference, name, fresh / file)) for name, file in networks.items()]
        if source.estimator is not None:
            write_json(fresh / PIPELINE, describe_pipeline(source.estimator, networks))
            Predictions.of(source.estimator).save(fresh)
            if to == TFJS:
                notes += write_page(source.estimator, fresh)
                notes.append(f"Look at it: python -m http.server --directory {path}, then http://localhost:8000")
                comparisons.append(check_equal(compare_predictions(fresh, quantization is not None)))
        reference.save(fresh)
        write_contents(fresh, {"to": to, "networks": networks, "quantization": quantization})
    return Exported(path, to, networks, comparisons, notes)


def verify_folder(folder: str | Path, *, trust_edited: bool = False) -> Exported:
    """Run an exported folder again, on the inputs and compare it with the predictions that were stored with it.

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
        raise BundleError(f"{path / EXPORT} is damaged: there is no format {to[:80]!r}. {AGAIN}")
    form = FORMATS[to]
    networks: dict[str, str] = content["networks"]
    names = dict.fromkeys([*content["files"], REFERENCE, *(() if form.folders else networks.values())])
    check_contents(path, content, names, trust_edited=trust_edited, waive="--trust-edited")
    form.check_installed()
    reference = Reference.load(path)
    if set(networks) != set(reference.calls):
        raise BundleError(f"{path}: {EXPORT} and the stored outputs name other networks. Export the model again.")
    comparisons: list[Comparison] = []
    try:
        for name, file in networks.items():
            comparisons.append(check_equal(_compare(form, reference, name, path / file)))
        if to == TFJS and PREDICTIONS in content["files"]:
            _check_pipeline(path, networks)
            comparisons.append(check_equal(compare_predictions(path, content.get("quantization") is not None)))
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
