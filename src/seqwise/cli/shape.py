"""`seqwise shape`: what the tensors will be, before anything is trained."""

from __future__ import annotations

from rich.console import Console

from seqwise.cli import options


def command(
    data: options.Data,
    target: options.Target,
    time: options.Time = None,
    features: options.Features = None,
    window: options.Window = 24,
    horizon: options.Horizon = 1,
    validation: options.Validation = 0.2,
    test: options.Test = 0.1,
    gaps: options.Gaps = "interpolate",
) -> None:
    """Say what the tensors will be: samples, timesteps, features, and the column behind each.

    Nothing is trained. For example:

        seqwise shape airline.csv --time Month --target Passengers --window 24 --horizon 12

        seqwise shape power.csv --time date --target OT --features all --window 96 --horizon 24
    """
    from seqwise.models.forecaster import Forecaster

    forecaster = Forecaster(window, horizon, gaps=gaps, validation=validation, test=test)
    story, notes = forecaster.shapes(
        data, target=options.names(target), time=options.names(time), features=options.names(features)
    )
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for note in notes:
        console.print(f"note: {note}")
    console.print(str(story))


command.__name__ = "shape"
