"""Plain Keras: the same networks of stock layers, in files that load where Seqwise is not installed."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from seqwise.artifact import check_file, replaced_file
from seqwise.artifact.models import load_keras, save_model
from seqwise.backend import import_keras
from seqwise.errors import ExportError, as_path
from seqwise.export.comparing import Reference, Run
from seqwise.export.parity import Comparison, check_equal, keras_outputs
from seqwise.export.source import read_source


def keras(model: Any, file: str | Path, *, x: Any = None) -> list[Comparison]:
    """Write a model as a ``.keras`` file of stock layers; the file is then loaded and run beside the model.

    Args:
        model: a Keras model (Sequential or functional), a trained estimator, a run folder or a ``.keras`` file.
        file: to write, ``….keras``. A Translator has two: ``…_encoder.keras`` and ``…_decoder_step.keras``.
        x: inputs of a Keras model, on which the export is run beside it, too: an array, or of several inputs a list or
            a dict by name. Left out: on made-up ones alone.

    Returns:
        the comparison of each network.

    Raises:
        ExportError: a layer is not Keras's own; or the file gives other numbers, and nothing is written.
        BundleError: the model cannot be read, or its calls are Python code.
    """
    path = as_path(file, "a .keras file")
    check_file(path, ".keras")
    source = read_source(model)
    single = len(source.parts) == 1
    files = {part: path if single else path.with_name(f"{path.stem}_{part}.keras") for part in source.parts}
    reference = Reference.of(source, x)
    with ExitStack() as stack:  # none takes its place before all are compared
        fresh = {name: stack.enter_context(replaced_file(file)) for name, file in files.items()}
        for name, part in source.parts.items():
            write_keras(part.model, fresh[name])
        comparisons = [check_equal(reference.compare(name, keras_runner(fresh[name]), runtime())) for name in fresh]
    print(*comparisons, sep="\n")
    return comparisons


def write_keras(model: Any, path: Path) -> None:
    """Write a model with Keras's own layers in place of ours.

    Raises:
        ExportError: a layer is not Keras's own.
    """
    for layer in model._flatten_layers():
        if not type(layer).__module__.startswith(("keras.", "seqwise.layers.")):
            raise ExportError(
                f"Layer {layer.name!r} is a {type(layer).__name__}, which is not Keras's own: the file would load only "
                "where that class is defined."
            )
    save_model(model, path)


def keras_runner(file: Path) -> Run:
    """Return a function that runs a ``.keras`` file, for `seqwise.export.comparing`."""
    model = load_keras(file, compiled=False)
    return lambda calls: keras_outputs(model, calls)


def runtime() -> str:
    """Return what runs the file, for the comparison."""
    library = import_keras()
    return f"Keras {library.__version__} ({library.backend.backend()})"
