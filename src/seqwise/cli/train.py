"""`seqwise train`: from a file to a run folder."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from seqwise.cli.columns import Data, Out, Resume
from seqwise.cli.console import terminal
from seqwise.cli.options import with_options

if TYPE_CHECKING:
    from seqwise.cli.tasks import Task
    from seqwise.estimators.base import Estimator


def command(data: str, out: Path, resume: bool | None, **options: Any) -> None:
    """Train a model, score it against its baselines, and write the run folder.

    Forecasts a series (--target); classifies sequences (a .ts file, or --group with --label) or texts (--text with
    --label), or predicts a number for each; predicts a label for each row (--group with a --label that differs within
    it); translates texts (--task translate). The best weights are kept, and Ctrl-C saves what was learned so far.
    Checkpoints are written to the run folder, so a training that was stopped or killed continues with --resume. For
    example:

        seqwise train airline.csv --time Month --target Passengers --window 24 --horizon 12 --out runs/airline

        seqwise train power.csv --time date --target OT --window 96 --horizon 24 --units 128,64 --out runs/power

        seqwise train vowels.ts --out runs/vowels

        seqwise train gestures.csv --group id --time step --label gesture --test 0.2 --out runs/gestures

        seqwise train reviews.csv --text review --label stars --test 0.1 --out runs/reviews

        seqwise train sentences.csv --group sentence --text word --label tag --out runs/tags

        seqwise train english-french.tsv --task translate --out runs/french
    """
    from seqwise.artifact import check_destination, training_into
    from seqwise.cli.tasks import TASKS, choose_task
    from seqwise.interrupts import interrupted, interrupts

    check_destination(out)  # before the training, not after it
    console = terminal(soft_wrap=True, highlight=False, markup=False)
    chosen = {name: value for name, value in options.items() if value is not None}
    name, why = choose_task(data, chosen)
    if name != "forecast":
        console.print(f"task: {name} (inferred from {why})" if why != "--task" else f"task: {name}")
    task = TASKS[name]
    estimator = task.make(chosen)
    with training_into(out) as checkpoints, interrupts(deferring=False):
        _choose_start(checkpoints, out, resume, console)
        _train(estimator, task, data, out, chosen, console)
        if interrupted():  # when all was done
            raise typer.Exit(130)


def _choose_start(checkpoints: Path, out: Path, resume: bool | None, console: Console) -> None:
    """Keep what an earlier training left, or remove it; refuse where the user has not said which."""
    from seqwise.errors import SettingError
    from seqwise.training.checkpoints import remove_checkpoints, stopped_at

    if resume is False:
        remove_checkpoints(checkpoints)
        return
    stopped = stopped_at(checkpoints)
    if stopped is not None and resume is None:
        raise SettingError(
            f"{str(out)!r} holds a training that was stopped {stopped}. Go on with it: --resume. Start anew, without "
            "it: --no-resume."
        )
    if resume:
        console.print(f"resuming {stopped}" if stopped else "nothing to resume: training from the first epoch")


def _train(estimator: Any, task: Task, data: str, out: Path, chosen: dict[str, Any], console: Console) -> None:
    from seqwise.artifact import ScoringInterrupted, is_run
    from seqwise.estimators.base import METRICS, REPORT
    from seqwise.evaluation import UNMEASURED

    estimator.fit(data, **task.commands().columns(chosen), resume=out)
    training = estimator.training_
    unsaid: BaseException | None = None
    try:
        _tell(estimator, console)
    except (OSError, SystemExit) as error:  # a full disk, a pipe or a terminal that was closed: the run is to be saved
        unsaid = error
    if training.interrupted and not training.best_epoch and is_run(out):
        console.print(f"\nNo epoch was completed: the run in {out} stays as it is.")
        raise typer.Exit(130)
    try:
        with contextlib.nullcontext() if unsaid else console.status("scoring"):
            estimator.save(out)
    except ScoringInterrupted:
        console.print(f"\nThe scoring was stopped, the model is saved in {out}. Score it: seqwise evaluate {out}")
        raise typer.Exit(130) from None
    if unsaid:
        raise unsaid
    comparison = estimator.comparison_
    if comparison is None:
        console.print(f"\n{UNMEASURED}")
    else:
        counted = task.commands().counted(comparison)
        verdict = comparison.verdict()
        after = "" if verdict.outcome == "loss" else f"\n\n{verdict.sentence}"  # the comparison says a loss itself
        console.print(f"\n{comparison.part}, {counted}:\n{comparison}{after}")
    console.print(f"\nwrote {out / METRICS}\nreport {out / REPORT}")


def _tell(estimator: Estimator[Any, Any, Any], console: Console) -> None:
    """Print what was found in the data, and how the training ended."""
    for note in estimator.notes_:
        console.print(f"note: {note}")
    training = estimator.training_
    ended = "stopped by Ctrl-C" if training.interrupted else "trained"
    ended = "stopped by a loss that is not finite" if training.diverged else ended
    kept = f"the weights of epoch {training.best_epoch}" if training.best_epoch else "unfinished weights"
    if training.refit_epochs:
        kept = f"epoch {training.best_epoch} was the best; then trained on the validation rows, too"
    else:
        kept = f"kept {kept}"
    console.print(f"{ended} {len(training.history.get('loss', []))} epochs in {training.seconds:.1f} s; {kept}")
    if training.interrupted and training.best_epoch:
        console.print("To go on with the training: the same command with --resume.")


command = with_options(command, {"data": Data, "out": Out}, own={"resume": (Resume, None)})
command.__name__ = "train"
