"""`seqwise shape`: what the tensors will be, before anything is trained."""

from __future__ import annotations

from rich.console import Console

from seqwise.cli import options


def command(
    data: options.Data,
    task: options.Task = None,
    time: options.Time = None,
    features: options.Features = None,
    target: options.Target = None,
    window: options.Window = None,
    horizon: options.Horizon = None,
    gaps: options.Gaps = None,
    group: options.Group = None,
    label: options.Label = None,
    text: options.Text = None,
    source: options.Source = None,
    validation: options.Validation = None,
    test: options.Test = None,
) -> None:
    """Say what the tensors will be: samples, timesteps, features, and the column behind each.

    Nothing is trained. For example:

        seqwise shape airline.csv --time Month --target Passengers --window 24 --horizon 12

        seqwise shape power.csv --time date --target OT --features all --window 96 --horizon 24

        seqwise shape gestures.csv --group id --time step --label gesture

        seqwise shape sentences.csv --group sentence --text word --label tag

        seqwise shape english-french.tsv --task translate
    """
    given = {name: value for name, value in locals().items() if value is not None and name != "data"}
    from seqwise.cli.tasks import choose_task, task_module

    module = task_module(choose_task(data, given)[0])
    given.pop("task", None)
    story, notes = module.shape(module.make(given), data, given)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for note in notes:
        console.print(f"note: {note}")
    console.print(story)


command.__name__ = "shape"
