"""`seqwise export`: a run or a Keras model in another format, compared with Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from seqwise.cli import columns
from seqwise.cli.console import terminal
from seqwise.export.formats import FORMATS


def command(
    model: Annotated[
        str | None,
        typer.Argument(help="A run folder of `seqwise train`, or a Keras model (.keras).", metavar="RUN|MODEL"),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            help=" ".join(f"{name}: {form.help}." for name, form in FORMATS.items()), metavar=f"[{'|'.join(FORMATS)}]"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write; an earlier export there is replaced.")] = None,
    quantization: Annotated[
        Literal["float16", "uint16", "uint8"] | None, typer.Option(help="tfjs only: smaller, rounded weights.")
    ] = None,
    states: Annotated[
        bool,
        typer.Option("--states", help="onnx only: recurrent layers take and return states, to run on a stream."),
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="A .npy or .npz file with inputs of a Keras model (x, or by their names), to compare on besides "
            "made-up ones. A run has its own data."
        ),
    ] = None,
    trust_edited: columns.TrustEdited = False,
    verify: Annotated[
        Path | None, typer.Option(help="Run an exported folder again and compare it with the predictions stored in it.")
    ] = None,
) -> None:
    """Export a run or a Keras model to another format, and check that it gives the same numbers.

    Before anything is written, the export is compared with Keras on batches of several sizes and lengths; if they
    differ by more than 1e-5, nothing is written. The preprocessing of a run (scaler, window, vocabulary, classes) is
    exported, too, so that the export takes the same raw input. For example:

        seqwise export runs/airline --to tfjs --out web

        python -m http.server --directory web

        seqwise export runs/reviews --to onnx --out reviews-onnx

        seqwise export model.keras --to onnx --states --out streaming

        seqwise export model.keras --to tfjs --data windows.npz --out web

        seqwise export --verify web
    """
    from seqwise.cli.inputs import read_archive
    from seqwise.errors import SettingError
    from seqwise.estimators.runs import load
    from seqwise.export.folder import export_folder, verify_folder

    console = terminal(soft_wrap=True, highlight=False, markup=False)
    if verify is not None:
        if model is not None or to is not None or out is not None or data is not None:
            raise SettingError("--verify takes an exported folder alone: seqwise export --verify DIR.")
        console.print(str(verify_folder(verify, trust_edited=trust_edited)))
        return
    missing = [name for name, value in (("RUN|MODEL", model), ("--to", to), ("--out", out)) if value is None]
    if model is None or to is None or out is None:
        raise SettingError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing: seqwise export runs/airline --to "
            "tfjs --out web. For what there is: seqwise export --help."
        )
    source = load(model, trust_edited=True) if trust_edited else model
    x = None if data is None else read_archive(data)
    console.print(str(export_folder(source, to, out, quantization=quantization, states=states, x=x)))


command.__name__ = "export"
