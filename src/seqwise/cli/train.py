"""`seqwise train`: from a file to a run folder."""

from __future__ import annotations

import typer
from rich.console import Console

from seqwise.cli import options


def command(
    data: options.Data,
    out: options.Out,
    task: options.Task = None,
    time: options.Time = None,
    features: options.Features = None,
    target: options.Target = None,
    window: options.Window = None,
    horizon: options.Horizon = None,
    gaps: options.Gaps = None,
    return_sequences: options.ReturnSequences = None,
    group: options.Group = None,
    label: options.Label = None,
    class_weight: options.ClassWeight = None,
    label_smoothing: options.LabelSmoothing = None,
    pooling: options.Pooling = None,
    text: options.Text = None,
    tokens: options.Tokens = None,
    vocabulary: options.Vocabulary = None,
    min_count: options.MinCount = None,
    embedding: options.Embedding = None,
    vectors: options.Vectors = None,
    frozen: options.Frozen = None,
    source: options.Source = None,
    max_length: options.MaxLength = None,
    attention: options.Attention = None,
    beam: options.Beam = None,
    length_penalty: options.LengthPenalty = None,
    units: options.Units = None,
    bidirectional: options.Both = None,
    dropout: options.Dropout = None,
    scaler: options.Scaler = None,
    validation: options.Validation = None,
    test: options.Test = None,
    loss: options.Loss = None,
    optimizer: options.Optimizer = None,
    learning_rate: options.LearningRate = None,
    epochs: options.Epochs = None,
    patience: options.Patience = None,
    batch_size: options.BatchSize = None,
    seed: options.Seed = None,
) -> None:
    """Train a model, score it beside simple ones, and write the run folder.

    Forecasts a series (--target), classifies sequences (a .ts file, or --group with --label) or texts (--text with
    --label), or finds a number for each; finds a label for each row (--group with a --label that differs within it);
    translates texts (--task translate). Keeps the best weights; Ctrl-C saves what there is. For example:

        seqwise train airline.csv --time Month --target Passengers --window 24 --horizon 12 --out runs/airline

        seqwise train power.csv --time date --target OT --window 96 --horizon 24 --units 128,64 --out runs/power

        seqwise train vowels.ts --out runs/vowels

        seqwise train gestures.csv --group id --time step --label gesture --test 0.2 --out runs/gestures

        seqwise train reviews.csv --text review --label stars --test 0.1 --out runs/reviews

        seqwise train sentences.csv --group sentence --text word --label tag --out runs/tags

        seqwise train english-french.tsv --task translate --out runs/french
    """
    given = {name: value for name, value in locals().items() if value is not None and name not in ("data", "out")}
    from seqwise.cli.tasks import choose_task, task_module
    from seqwise.estimators.runs import METRICS, REPORT, ScoringInterrupted, check_destination

    check_destination(out)  # before the training, not after it
    console = Console(soft_wrap=True, highlight=False, markup=False)
    name, why = choose_task(data, given)
    given.pop("task", None)
    if name != "forecast":
        console.print(f"task: {name} (told by {why})" if why != "--task" else f"task: {name}")
    module = task_module(name)
    estimator = module.make(given)
    module.fit(estimator, data, given)
    for note in module.notes(estimator):
        console.print(f"note: {note}")
    training = estimator.training_
    ended = "stopped by Ctrl-C" if training.interrupted else "trained"
    ended = "stopped by a loss that is not finite" if training.diverged else ended
    kept = f"the weights of epoch {training.best_epoch}" if training.best_epoch else "unfinished weights"
    console.print(f"{ended} {len(training.history.get('loss', []))} epochs in {training.seconds:.1f} s; kept {kept}")
    try:
        with console.status("scoring"):
            estimator.save(out)
    except ScoringInterrupted:
        console.print(f"\nThe scoring was stopped, the model is saved in {out}. Score it: seqwise evaluate {out}")
        raise typer.Exit(130) from None
    said = module.told(estimator)
    if said:
        console.print(f"\n{said}")
    console.print(f"\nwrote {out / METRICS}\nreport {out / REPORT}")


command.__name__ = "train"
