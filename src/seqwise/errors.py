"""The errors that Seqwise raises: every message says what came, what was expected and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ContextDecorator
from importlib import import_module
from types import TracebackType


class SeqwiseError(Exception):
    """Base of every error that a user's input can cause."""


class DataError(SeqwiseError, ValueError):
    """The data cannot be used as they are: the message names the file, column, row or axis."""


class SettingError(SeqwiseError, ValueError):
    """An argument is out of range, or two arguments contradict each other."""


class ShapeError(SeqwiseError, ValueError):
    """An array's axes are not (samples, timesteps, features) where they must be."""


class BundleError(SeqwiseError):
    """A run folder is missing, damaged, foreign or from a newer version."""


class NotFittedError(SeqwiseError, AttributeError):
    """A method that needs a trained model was called before ``fit``."""


_explainer: str | None = None


def register_explainer(path: str) -> None:
    """Name the context manager that `explaining` leaves failures to, as ``"package.module:name"``."""
    global _explainer
    _explainer = path


class explaining(ContextDecorator):  # noqa: N801 (used like a function, as contextlib.suppress is)
    """Leave what fails inside to the registered explainer, which is not imported before; a decorator, too."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and _explainer is not None:
            module, _, name = _explainer.partition(":")
            getattr(import_module(module), name)().__exit__(kind, error, traceback)


def nearest(name: object, known: Iterable[object]) -> str:
    """Return ``" Did you mean 'x'?"`` for the closest of `known`, or the list of them.

    >>> nearest("Pasengers", ["Month", "Passengers"])
    " Did you mean 'Passengers'?"
    """
    import difflib

    names = [str(k) for k in known]
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    if not close:  # case is the most common slip, and difflib is blind to it
        close = [k for k in names if k.lower() == str(name).lower()][:1]
    if close:
        return f" Did you mean {close[0]!r}?"
    listed = ", ".join(map(repr, names[:12])) + (", …" if len(names) > 12 else "")
    return f" There are: {listed}." if names else ""
