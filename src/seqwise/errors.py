"""The errors that Seqwise raises: every message says what came, what was expected and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ContextDecorator
from importlib import import_module
from numbers import Integral
from os import PathLike, fspath
from types import TracebackType
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from pathlib import Path

MOST_CHARACTERS = 2_000  # of a message; a user's own text in it may be a million


class SeqwiseError(Exception):
    """Base of every error that a user's input can cause. A message that is too long keeps its beginning and its end."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(shortened(part) if isinstance(part, str) else part for part in args))


class DataError(SeqwiseError, ValueError):
    """The data cannot be used as they are: the message names the file, column, row or axis."""


class SettingError(SeqwiseError, ValueError):
    """An argument is out of range, or two arguments contradict each other."""


class ShapeError(SeqwiseError, ValueError):
    """An array's axes are not (samples, timesteps, features) where they must be."""


class BundleError(SeqwiseError):
    """A run folder is missing, damaged, foreign or from a newer version."""


class ExportError(SeqwiseError):
    """A model has no equal in another format, or what was written does not equal it."""


class NotFittedError(SeqwiseError, AttributeError):
    """A method that needs a trained model was called before ``fit``."""


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return a text of at most `most` characters: its beginning and its end, and how much was left out.

    >>> shortened("a" * 500 + "z" * 500, most=60)
    'aaaaaaaaaaaa … 976 characters left out … zzzzzzzzzzzz'
    """
    if len(text) <= most:
        return text
    half = (most - 36) // 2
    return f"{text[:half]} … {len(text) - 2 * half:,} characters left out … {text[-half:]}"


_explainer: str | None = None


def register_explainer(path: str) -> None:
    """Name the context manager that explains failures inside `explaining`, as ``"package.module:name"``."""
    global _explainer
    _explainer = path


class explaining(ContextDecorator):  # noqa: N801 (used like a function, as contextlib.suppress is)
    """Pass errors to the registered explainer, which is imported when the first one occurs; also a decorator."""

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
    return f" There are: {quoted(names, most=12)}." if names else ""


def quoted(values: Sequence[object], most: int = 5) -> str:
    """Return values as a list for a message, cut after `most`.

    >>> quoted(["a", "b", 3], most=2)
    "'a', 'b', …"
    """
    return ", ".join(map(repr, values[:most])) + (", …" if len(values) > most else "")


def is_whole_number(value: object, least: int) -> TypeGuard[int]:
    """Tell whether a value is an integer of Python or NumPy, at least `least`; True and False are not."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def as_path(value: object, expected: str) -> Path:
    """Return a path that a user names, with ``~`` as the home folder that it stands for.

    Args:
        expected: what it should be the path of, for the message: ``"a run folder"``.

    Raises:
        SettingError: it is not a path.
    """
    from os.path import expanduser
    from pathlib import Path  # the import of seqwise is to stay small

    if not isinstance(value, str | PathLike) or isinstance(fspath(value), bytes):
        raise SettingError(f"Expected the path of {expected}, and got {shortened(repr(value), 60)}.")
    if "\0" in fspath(value):
        raise SettingError(f"The path of {expected}, {shortened(repr(value), 60)}, holds a null character. Remove it.")
    return Path(expanduser(value))


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Raise `SettingError` unless `value` is one of the choices.

    >>> check_choice("side", "top", ("left", "right"))
    Traceback (most recent call last):
    seqwise.errors.SettingError: side='top': expected 'left' or 'right'.
    """
    if value not in choices:
        *others, last = map(repr, choices)
        raise SettingError(f"{name}={value!r}: expected {', '.join(others)} or {last}.")
