"""`seqwise`: the commands together, and one clear message for a user's mistake."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from seqwise.cli.console import terminal
from seqwise.errors import SeqwiseError, nearest, shortened
from seqwise.interrupts import interrupts

HELP = """LSTM forecasts from a table: look at the shapes, train, evaluate, predict.

A first tour, with any CSV that has a time column:

    seqwise shape    sales.csv --time date --target units --window 28 --horizon 7

    seqwise train    sales.csv --time date --target units --window 28 --horizon 7 --out runs/sales

    seqwise evaluate runs/sales

    seqwise predict  runs/sales --plot next-week.png

For a Keras model of your own, see its shapes layer by layer, and what is wrong with it:

    seqwise explain  model.keras --plot shapes.png

    seqwise check    model.keras --data windows.npz

Export the model together with its preprocessing:

    seqwise export   runs/sales --to tfjs --out web
"""

COMMANDS = {  # each in a file of its own, which is imported when the command is run; its first line of help
    "shape": "Show what the tensors will be: samples, timesteps, features, and the column behind each.",
    "train": "Train a model, score it against its baselines, and write the run folder.",
    "evaluate": "Score a run and its baselines on the same windows or sequences.",
    "compare": "Train each forecasting recipe and rank them with all baselines, on the same windows.",
    "predict": "Forecast the next rows, predict the class or number of each sequence (or step), or translate texts.",
    "check": "Find what will fail, and what will train and be wrong.",
    "explain": "Explain what samples, timesteps and features are, and what each layer makes of them.",
    "export": "Export a run or a Keras model to another format, and check that it gives the same numbers.",
}
PACKAGE = Path(__file__).parents[1]
SETTINGS: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": "markdown"}


@contextmanager
def _telling_of_ctrl_c() -> Generator[None]:
    """Say that it came: Typer ends without a word."""
    try:
        yield
    except KeyboardInterrupt:
        terminal(stderr=True).print("Stopped.")
        raise typer.Exit(130) from None


class _Commands(TyperGroup):
    """The commands by name. The options of one come from the estimators' settings, so it is loaded when it is run."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        with _telling_of_ctrl_c():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        with _telling_of_ctrl_c():
            return super().invoke(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in COMMANDS:
            ctx.fail(f"There is no command {args[0]!r}.{nearest(args[0], COMMANDS)}")
        return args[0], _load(args[0]), args[1:]


def _load(name: str) -> Any:
    single = typer.Typer(**SETTINGS)
    single.command(name)(import_module(f"seqwise.cli.{name}").command)
    return typer.main.get_command(single)


app = typer.Typer(cls=_Commands, help=HELP, no_args_is_help=True, **SETTINGS)


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if show:
        from seqwise import __version__

        print(__version__)
        raise typer.Exit


@contextmanager
def _noting_warnings() -> Generator[None]:
    """Print our own warnings as notes: a line of the program that raised one says nothing to a user."""
    show = warnings.showwarning

    def note(message: Warning | str, category: type[Warning], filename: str, *where: Any, **more: Any) -> None:
        if Path(filename).is_relative_to(PACKAGE) and issubclass(category, UserWarning):
            terminal(stderr=True, soft_wrap=True, highlight=False, markup=False).print(f"note: {message}")
        else:
            show(message, category, filename, *where, **more)

    with warnings.catch_warnings():
        warnings.showwarning = note
        yield


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 `check` found errors, 2 a mistake in the input, 130 Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):  # a locale without "…" or "–" gets "?" for them, no traceback
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        with interrupts(deferring=False), _noting_warnings():
            app()
    except SeqwiseError as error:
        said = "\n".join([str(error), *getattr(error, "__notes__", ())])
        message = Text.assemble(("Error: ", "bold red"), said)  # no markup: a message may hold brackets
        terminal(stderr=True, soft_wrap=True).print(message)
        sys.exit(2)
    except OSError as error:  # a full disk, a right that is missing
        said = ": ".join(str(part) for part in (error.strerror or error, error.filename) if part)
        terminal(stderr=True, soft_wrap=True).print(Text.assemble(("Error: ", "bold red"), said))
        sys.exit(2)
    except Warning as warning:  # raised where PYTHONWARNINGS or `python -W` make errors of them
        said = (
            f"A warning of Python or of a library, {type(warning).__name__}, was made an error: "
            f"{shortened(str(warning), 300).rstrip('.')}. Let warnings be printed: "
            "unset PYTHONWARNINGS, or leave out -W error."
        )
        terminal(stderr=True, soft_wrap=True).print(Text.assemble(("Error: ", "bold red"), said))
        sys.exit(2)
    except KeyboardInterrupt:
        terminal(stderr=True).print("Stopped.")
        sys.exit(130)
