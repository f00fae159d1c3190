"""`seqwise check`: what is wrong with a saved model, or a run, and its data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from seqwise.cli.console import terminal
from seqwise.cli.options import with_options

UNEXAMINED = 3  # the exit code where there are no errors, but something could not be examined
Model = Annotated[str, typer.Argument(help="A saved Keras model (.keras), or a run folder.", metavar="MODEL")]
Data = Annotated[
    str | None,
    typer.Option(help=".npz with x (and y, x_val, y_val), .npy with x, or any file that `seqwise train` reads."),
]
Streaming = Annotated[bool, typer.Option(help="The model is to run one timestep at a time.")]
Form = Annotated[Literal["text", "json"], typer.Option("--format", help="How to print the report.")]


def command(model: str, data: str | None, streaming: bool, form: str, **options: Any) -> None:
    """Find what will fail, and what will train and be wrong.

    Nothing is trained, and neither the model nor the data is changed. A table or a text file is read, split, scaled and
    cut as `seqwise train` does with the same options. The exit code is 1 if there are errors, 3 if there are none but
    something could not be examined, 2 for a mistake in the command, else 0. For example:

        seqwise check model.keras

        seqwise check model.keras --data windows.npz --loss mse

        seqwise check model.keras --data sales.csv --time date --target units --window 28 --horizon 7

        seqwise check runs/airline

        seqwise check model.keras --data windows.npz --format json
    """
    from seqwise.backend import import_keras
    from seqwise.cli.inputs import read_keras_model
    from seqwise.estimators.settings import check_loss
    from seqwise.inspection.check.check import check

    named = {name: value for name, value in options.items() if value is not None}
    loss = named.get("loss")
    if loss is not None:
        check_loss(import_keras(), loss)
    if (Path(model) / "manifest.json").is_file():
        report = _check_run(model, data, named, loss, streaming)
    else:
        arrays = {} if data is None else _read_arrays(Path(data)) or _prepared(data, named)
        validation = (arrays["x_val"], arrays.get("y_val")) if "x_val" in arrays else None
        report = check(
            read_keras_model(model, compiled=True), arrays.get("x"), arrays.get("y"),
            validation=validation, loss=loss, streaming=streaming,
        )  # fmt: skip
    if form == "json":
        print(json.dumps(report.to_dict(), indent=2, ensure_ascii=False))
    else:
        terminal(highlight=False).print(report)
    if report.errors:
        raise typer.Exit(1)
    if report.unexamined:
        raise typer.Exit(UNEXAMINED)


def _check_run(run: str, data: str | None, named: dict[str, Any], loss: str | None, streaming: bool) -> Any:
    """Check a run on what its `fit` would make of a file: the one named, else that which it was trained on."""
    from seqwise.cli.tasks import task_of
    from seqwise.errors import SettingError
    from seqwise.estimators.runs import load
    from seqwise.inspection.check.check import check

    estimator = load(run)
    task = task_of(estimator)
    fixed = [name for name in named if name not in (*task.columns, "loss") or name == "pretrain"]
    if fixed:
        raise SettingError(
            f"--{fixed[0].replace('_', '-')} does not change a run that is trained: leave it out. See what it would do "
            "to a new one: seqwise shape."
        )
    source = data if data is not None else estimator.data_
    if data is None and (source is None or not Path(source).exists()):
        return check(estimator, loss=loss, streaming=streaming)
    columns = task.commands().run_columns(estimator) | {n: v for n, v in named.items() if n in task.columns}
    return check(estimator, source, loss=loss, streaming=streaming, **columns)


def _prepared(data: str, named: dict[str, Any]) -> dict[str, Any]:
    """Return what `seqwise train` would train on, for a network with one input."""
    from seqwise.cli.tasks import estimator_for
    from seqwise.data.files import nearest_file
    from seqwise.errors import DataError

    if not Path(data).exists():
        raise DataError(f"There is no file {data!r}.{nearest_file(Path(data))}")
    estimator, columns = estimator_for(data, named)
    prepared = estimator.training_data(data, **columns)
    assert prepared is not None, "only a loaded run has none"
    parts = {"x": prepared.x, "y": prepared.y}
    if prepared.validation is not None:
        parts |= {"x_val": prepared.validation[0], "y_val": prepared.validation[1]}
    return {name: next(iter(arrays.values())) for name, arrays in parts.items()}


def _read_arrays(path: Path) -> dict[str, Any] | None:
    """Return the arrays of a .npy or .npz file by name; None for any other file."""
    from seqwise.cli.inputs import ARRAYS, read_archive
    from seqwise.errors import DataError

    if path.suffix not in ARRAYS or not path.exists():
        return None
    arrays = read_archive(path)
    if "x" not in arrays:
        raise DataError(
            f"{path.name} holds {', '.join(map(repr, arrays)) or 'nothing'}, but no 'x'. Save it by "
            f"np.savez({path.stem!r}, x=x, y=y)."
        )
    return arrays


command = with_options(
    command, {"model": Model}, own={"data": (Data, None), "streaming": (Streaming, False), "form": (Form, "text")}
)
command.__name__ = "check"
