"""`seqwise explain`: the shapes, from the data through each layer to the output."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from seqwise.cli.console import terminal


def command(
    model: Annotated[
        str,
        typer.Argument(
            help="A Keras model (.keras, .h5), a run folder of `seqwise train`, or data (.npy, .npz, .csv, .parquet).",
            metavar="MODEL",
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(help="The model's input (.npy, .npz with x, .csv, .parquet): fills in sizes, names the features."),
    ] = None,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="How to print the explanation.")] = "text",
    plot: Annotated[Path | None, typer.Option(help="Draw the explanation to this file (.png, .svg, .pdf).")] = None,
) -> None:
    """Explain what samples, timesteps and features are, and what each layer makes of them.

    For each layer: the shape that comes out and why, its parameters and how they add up, where the mask goes, and how
    many timesteps it can depend on. Nothing is trained. For example:

        seqwise explain model.keras

        seqwise explain model.keras --data x.npy --plot shapes.png

        seqwise explain runs/airline --format json
    """
    from seqwise.cli.inputs import is_model, read_data, read_model
    from seqwise.errors import SettingError
    from seqwise.inspection.explain.explain import explain

    if not is_model(model):
        if data is not None:
            raise SettingError(
                f"{model} is data, and so is --data {data}. Name the model first: seqwise explain MODEL.keras."
            )
        explanation = explain(read_data(model))
    else:
        explanation = explain(read_model(model), None if data is None else read_data(data))
    console = terminal(soft_wrap=False, highlight=False, markup=False)
    if plot is not None:
        explanation.plot(plot)
    if form == "json":
        import json

        print(json.dumps(explanation.to_dict(), indent=1))
        return
    console.print(explanation)
    if plot is not None:
        console.print(f"\nwrote {plot}")


command.__name__ = "explain"
