"""`seqwise train`: from a table to a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from seqwise.cli import options


def command(
    data: options.Data,
    target: options.Target,
    out: Annotated[Path, typer.Option(help="Folder to write the run to; an earlier run there is replaced.")],
    time: options.Time = None,
    features: options.Features = None,
    window: options.Window = 24,
    horizon: options.Horizon = 1,
    units: Annotated[str, typer.Option(help="Width of each LSTM layer, with commas: 128,64.")] = "64",
    bidirectional: Annotated[bool, typer.Option(help="Read each window in both directions.")] = False,
    dropout: Annotated[float, typer.Option(help="Share of each layer's inputs dropped in training.")] = 0.0,
    return_sequences: Annotated[bool, typer.Option(help="Learn a forecast at every timestep.")] = False,
    scaler: Annotated[str, typer.Option(help="standard, minmax, robust or none.")] = "standard",
    gaps: options.Gaps = "interpolate",
    validation: options.Validation = 0.2,
    test: options.Test = 0.1,
    loss: Annotated[str, typer.Option(help="Any of Keras's losses, by name.")] = "mse",
    optimizer: Annotated[str, typer.Option(help="Any of Keras's optimizers, by name.")] = "adam",
    learning_rate: Annotated[float, typer.Option(help="The optimizer's learning rate.")] = 0.005,
    epochs: Annotated[int, typer.Option(help="The most epochs.")] = 300,
    patience: Annotated[int, typer.Option(help="Epochs without improvement that end the training.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights.")] = 0,
) -> None:
    """Train a forecaster, score it beside the baselines, and write the run folder.

    Stops early, keeps the best weights; Ctrl-C saves what there is. For example:

        seqwise train airline.csv --time Month --target Passengers --window 24 --horizon 12 --out runs/airline

        seqwise train power.csv --time date --target OT --window 96 --horizon 24 --units 128,64 --out runs/power
    """
    from seqwise.errors import SettingError
    from seqwise.evaluation.report import headline
    from seqwise.models.forecaster import Forecaster
    from seqwise.models.run_folder import METRICS, REPORT, check_destination

    check_destination(out)  # before the training, not after it
    console = Console(soft_wrap=True, highlight=False, markup=False)
    try:
        widths = tuple(int(width) for width in units.split(","))
    except ValueError:
        raise SettingError(f"--units {units}: expected whole numbers with commas, for example 128,64.") from None
    forecaster = Forecaster(
        window, horizon, widths, bidirectional=bidirectional, dropout=dropout, return_sequences=return_sequences,
        scaler=scaler, gaps=gaps, validation=validation, test=test, loss=loss, optimizer=optimizer,
        learning_rate=learning_rate, epochs=epochs, patience=patience, seed=seed,
    )  # fmt: skip
    forecaster.fit(data, target=options.names(target), time=options.names(time), features=options.names(features))
    for note in forecaster.series_.notes:
        console.print(f"note: {note}")
    training = forecaster.training_
    ended = "stopped by Ctrl-C" if training.interrupted else "trained"
    kept = f"the weights of epoch {training.best_epoch}" if training.best_epoch else "unfinished weights"
    console.print(f"{ended} {len(training.history.get('loss', []))} epochs in {training.seconds:.1f} s; kept {kept}")
    forecaster.save(out)
    if forecaster.evaluation_ is not None:
        windows = len(forecaster.evaluation_.origins)
        console.print(
            f"\ntest part, {windows:,} window(s):\n{forecaster.evaluation_}\n\n{headline(forecaster.evaluation_)[1]}"
        )
    console.print(f"\nwrote {out / METRICS}\nreport {out / REPORT}")


command.__name__ = "train"
