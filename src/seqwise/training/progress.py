"""A live progress bar for the fit loop: epoch, loss, validation, time left."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from seqwise.backend import import_keras

if TYPE_CHECKING:
    import keras


def progress_callback(epochs: int, batches: int, verbose: bool | None, title: str) -> keras.callbacks.Callback | None:
    """Return a Keras callback that draws the bar, or None where nobody would see it.

    Args:
        batches: batches of an epoch.
        verbose: whether to draw it; None for yes in a terminal (on standard error) or a notebook.
        title: stands before the bar.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if verbose is None:
        verbose = console.is_terminal or console.is_jupyter
    if not verbose:
        return None
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    keras = import_keras()

    class ProgressBar(keras.callbacks.Callback):
        """Draws; never touches the model."""

        def on_train_begin(self, logs: Any = None) -> None:
            self.bar = Progress(
                TextColumn(title),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("epochs · loss {task.fields[loss]} · validation {task.fields[best]} ·"),
                TimeElapsedColumn(),
                TextColumn("· at most"),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=console,
                disable=not (console.is_terminal or console.is_jupyter),
            )
            self.task = self.bar.add_task("train", total=epochs, loss="…", best="…")
            self.epoch = 0
            self.bar.start()

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            loss = f"{logs['loss']:.4f}" if logs else "…"
            self.bar.update(self.task, completed=self.epoch + (batch + 1) / batches, loss=loss)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if logs and "val_loss" in logs:
                self.bar.update(self.task, completed=epoch + 1, best=f"{logs['val_loss']:.4f}")

        def on_train_end(self, logs: Any = None) -> None:
            with contextlib.suppress(OSError):  # the terminal was closed
                self.bar.stop()

    return ProgressBar()
