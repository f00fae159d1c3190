"""Ctrl-C, SIGTERM and SIGHUP while a model is trained and saved: the first ends the training, the second leaves at
once. SIGHUP comes when the terminal is closed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class _Interrupts:
    """What came since the signals were taken over.

    A flag is asked for at places of our choice: an exception that is raised wherever the program happens to be is lost
    where a library ends it, and leaves work half done.
    """

    def __init__(self) -> None:
        self.deferring = False
        self.came = False
        self.raised = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.came or not self.deferring:
            self.raised = True
            raise KeyboardInterrupt
        self.came = True


_active: _Interrupts | None = None


@contextmanager
def interrupts(*, deferring: bool = True) -> Generator[None]:
    """Take over Ctrl-C and SIGTERM in the main thread; where that was done further out, it stays as it is.

    Args:
        deferring: from the start; else the signals raise KeyboardInterrupt until a training begins.
    """
    global _active
    if threading.current_thread() is not threading.main_thread() or (_active is not None and not deferring):
        yield
        return
    if _active is not None:
        if _active.raised:  # and a library that was being loaded has ended the exception
            raise KeyboardInterrupt
        _active.deferring = True
        yield
        return
    _active = _Interrupts()
    _active.deferring = deferring
    before = {}
    for number in SIGNALS:
        handler = signal.getsignal(number)
        if handler in (signal.default_int_handler, signal.SIG_DFL):  # a program's own handler stays
            before[number] = signal.signal(number, _active)
    mine = _active
    try:
        yield
        if mine.came:
            raise KeyboardInterrupt
    finally:
        _active = None
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupted() -> bool:
    """Tell whether a signal came since this was last asked."""
    if _active is None or not _active.came:
        return False
    _active.came = False
    return True


@contextmanager
def interruptible() -> Generator[None]:
    """Let the signals raise KeyboardInterrupt again: where nothing is lost by it."""
    if _active is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    deferring, _active.deferring = _active.deferring, False
    try:
        if interrupted():
            raise KeyboardInterrupt
        yield
    finally:
        if _active is not None:
            _active.deferring = deferring
