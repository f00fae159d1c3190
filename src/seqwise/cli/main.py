"""`seqwise`: the commands together, and one clear message for a user's mistake."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.text import Text

from seqwise.cli import check, evaluate, explain, predict, shape, train
from seqwise.errors import SeqwiseError

HELP = """LSTM forecasts from a table: look at the shapes, train, evaluate, predict.

A first tour, with any CSV that has a time column:

    seqwise shape    sales.csv --time date --target units --window 28 --horizon 7

    seqwise train    sales.csv --time date --target units --window 28 --horizon 7 --out runs/sales

    seqwise evaluate runs/sales

    seqwise predict  runs/sales --plot next-week.png

A Keras model of your own: its shapes, layer by layer, and what is wrong with it:

    seqwise explain  model.keras --plot shapes.png

    seqwise check    model.keras --data windows.npz
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown"
)
for module in (shape, train, evaluate, predict, check, explain):
    app.command()(module.command)  # a command is called as its function's __name__ says


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if show:
        from seqwise import __version__

        print(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 `check` found errors, 2 a mistake in the input, 130 Ctrl-C."""
    try:
        app()
    except SeqwiseError as error:
        said = "\n".join([str(error), *getattr(error, "__notes__", ())])
        message = Text.assemble(("Error: ", "bold red"), said)  # no markup: a message may hold brackets
        Console(stderr=True, soft_wrap=True).print(message)
        sys.exit(2)
    except OSError as error:  # a full disk, a right that is missing
        said = ": ".join(str(part) for part in (error.strerror or error, error.filename) if part)
        Console(stderr=True, soft_wrap=True).print(Text.assemble(("Error: ", "bold red"), said))
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped; nothing was written.")
        sys.exit(130)
