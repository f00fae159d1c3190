"""Settings of an estimator, each declared once as a field: its name, type, default, help text, check and option.

From the declaration come the constructor, the checks, the documentation and the options of the command line.
"""

from __future__ import annotations

import dataclasses
import inspect
import operator
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar, cast, dataclass_transform

import numpy as np

from seqwise.data.tokenizer import MOST_COUNTED
from seqwise.errors import SettingError, nearest

Check = Callable[[str, Any], None]  # (name, value); raises SettingError
T = TypeVar("T")
WIDTH = 120  # of a line of documentation
MOST_LAYERS = 64  # on each other: `seed_stream` has seeds for them

TRAINING_ARGUMENTS = {
    "callbacks": "Keras callbacks.",
    "verbose": "a live progress bar; None shows it in a terminal or notebook.",
    "resume": "a run folder in which checkpoints of this training are kept. If the training was stopped, the same call "
    "continues from the last one and ends with the weights of a training that was never stopped, bit for bit; only "
    "your own callbacks start afresh. ``save`` to that folder removes the checkpoints.",
}

# panels of the command line's help
SERIES, SEQUENCES, TEXTS, PAIRS = "A series to forecast", "Sequences", "Texts", "Texts to translate"
MODEL, TRAINING = "The model", "The training"


@dataclass(frozen=True)
class Option:
    """How the command line asks for a setting.

    Attributes:
        panel: the part of the help page that it stands in.
        type: of its value.
        parse: turns that value into the setting's; None keeps it.
        help: in place of the setting's own help text.
        entry: if the setting is a mapping, the entry that the option gives.
    """

    panel: str
    type: type
    parse: Callable[[Any], Any] | None = None
    help: str = ""
    entry: str = ""


@dataclass(frozen=True)
class Setting:
    """What is declared of a setting beside its name, type and default.

    Attributes:
        help: what it does, for the documentation and the command line; it follows "name: ".
        check: raises `SettingError` for a value that is out of range; None where the data decide.
        options: the command line's, by name; one named otherwise than the setting gives one entry of a mapping.
    """

    help: str
    check: Check | None = None
    options: Mapping[str, Option] = dataclasses.field(default_factory=dict[str, Option])


def setting(
    default: Any,
    help: str = "",  # noqa: A002 (what it is called everywhere)
    *,
    check: Check | None = None,
    option: Option | None = None,
    entries: Mapping[str, Option] | None = None,
    kw_only: bool = True,
) -> Any:
    """Declare a setting of an estimator. Declared again in a subclass, it keeps what is left out there.

    Args:
        default: immutable.
        help, check: see `Setting`.
        option: the command line's, of the setting's own name; None for none.
        entries: options that each give one entry of a mapping, by the entry's name on the command line.
        kw_only: False where the constructor takes it by position too.
    """
    options = dict(entries or {}) if option is None else {"": option}
    return dataclasses.field(default=default, kw_only=kw_only, metadata={"seqwise": Setting(help, check, options)})


def learned(*, default: Any = dataclasses.MISSING, init: Literal[False] = False) -> Any:
    """Declare an attribute that `fit` sets: no argument of the constructor. Before that it is `default`, if given."""
    return dataclasses.field(init=init, default=default)


@dataclass_transform(eq_default=False, kw_only_default=True, field_specifiers=(setting, learned))
def estimator(cls: type[T]) -> type[T]:
    """Give a class the constructor of its declared settings, and write them into its docstring at ``{settings}``.

    At ``{training}`` the docstring of its `fit` gets the arguments that every `fit` has.
    """
    _complete(cls)
    completed = dataclass(eq=False, repr=False, kw_only=True)(cls)
    _document(completed, "{settings}", {name: declared.help for name, declared in declared_settings(completed).items()})
    if "fit" in vars(completed):
        _document(vars(completed)["fit"], "{training}", TRAINING_ARGUMENTS)
    return completed


def _complete(cls: type) -> None:
    """Give the settings that a class declares again what it leaves out and the class above has."""
    above = next((base for base in cls.__mro__[1:] if dataclasses.is_dataclass(base)), None)
    inherited = {} if above is None else declared_settings(above)
    for name, field in vars(cls).items():
        if isinstance(field, dataclasses.Field) and name in inherited:
            own, declared = field.metadata["seqwise"], inherited[name]
            whole = Setting(own.help or declared.help, own.check or declared.check, own.options or declared.options)
            field.metadata = MappingProxyType({"seqwise": whole})


def declared_settings(cls: type) -> dict[str, Setting]:
    """Return an estimator's settings: those of the constructor's positional arguments, its own, those that all have."""
    shared = {field.name for field in dataclasses.fields([c for c in cls.__mro__ if dataclasses.is_dataclass(c)][-1])}
    ordered = sorted(dataclasses.fields(cls), key=lambda field: (bool(field.kw_only), field.name in shared))
    return {field.name: field.metadata["seqwise"] for field in ordered if "seqwise" in field.metadata}


def default_of(cls: type, name: str) -> Any:
    """Return the default of a setting."""
    return next(field.default for field in dataclasses.fields(cls) if field.name == name)


def check_settings(settings: Any) -> None:
    """Raise `SettingError` for the first declared setting of an estimator that is out of range.

    A number of NumPy's becomes Python's: neither Keras nor JSON takes an int64.
    """
    for name, declared in declared_settings(cast(object, settings).__class__).items():
        value = getattr(settings, name)
        if getattr(value, "ndim", 0):  # of arrays and tables, which have no truth value
            raise SettingError(f"{name}={value!r}: expected a number, a text or a tuple, and got an array.")
        plain = _plain(value)
        if plain is not value:
            setattr(settings, name, plain)
        if declared.check is not None:
            declared.check(name, plain)


def _plain(value: Any) -> Any:
    """Return a value with Python's numbers in place of NumPy's; itself where there are none."""
    if isinstance(value, (np.generic, np.ndarray)):
        return cast(Any, value).item()
    if type(value) in (tuple, list):
        items = [_plain(item) for item in value]
        return value if all(map(operator.is_, items, value)) else type(value)(items)
    if type(value) is dict:
        entered = cast(dict[Any, Any], value)
        entries = {name: _plain(entry) for name, entry in entered.items()}
        return entered if all(map(operator.is_, entries.values(), entered.values())) else entries
    return value


def _document(documented: Any, place: str, texts: Mapping[str, str]) -> None:
    """Write names and their texts into a docstring, each a paragraph that is indented as their place is."""
    before, here, after = (documented.__doc__ or "").partition(place)
    if not here:
        return
    start = before.rfind("\n") + 1
    indent = before[start:]
    lines = [
        textwrap.fill(
            f"{name}: {text}",
            WIDTH,
            initial_indent=indent,
            subsequent_indent=indent + " " * 4,
            break_on_hyphens=False,
        )
        for name, text in texts.items()
    ]
    documented.__doc__ = before[:start] + "\n".join(lines) + after


# checks


def is_whole(value: Any, least: int) -> bool:
    """Tell whether a value is a whole number, at least `least`; True and False are not."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        return False
    return int(cast(int, value)) >= least


def whole(least: int, most: float = MOST_COUNTED, *, auto: bool = False, none: bool = False) -> Check:
    """A whole number, at least `least` and at most `most`; or ``"auto"``; or None."""

    def check(name: str, value: Any) -> None:
        number = is_whole(value, least) and value <= most
        if not (number or (auto and value == "auto") or (none and value is None)):
            either = "'auto' or " if auto else ""
            limits = (
                f"from {least} to {most:,}" if most < MOST_COUNTED or is_whole(value, least) else f"at least {least}"
            )
            raise SettingError(f"{name}={value!r}: expected {either}a whole number, {limits}.")

    return check


def share(*, auto: bool = False) -> Check:
    """A share from 0 up to 1, which is not included; or ``"auto"``."""

    def check(name: str, value: Any) -> None:
        number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        if not (number and 0 <= value < 1) and not (auto and isinstance(value, str) and value == "auto"):
            raise SettingError(f"{name}={value!r}: expected a share from 0 up to, not including, 1.")

    return check


def at_least(least: float) -> Check:
    """A number, at least `least`."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= least:
            raise SettingError(f"{name}={value!r}: expected a number, at least {least:g}.")

    return check


def rate(*, auto: bool = False) -> Check:
    """A number above 0; or a schedule of Keras's; or ``"auto"``."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, str):
            fits = auto and value == "auto"
        elif isinstance(value, (bool, int, float, np.generic, type(None))):
            number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
            fits = number and 0 < cast(float, value) < float("inf")
        else:
            fits = hasattr(cast(object, value), "get_config") or callable(value)
        if not fits:
            either = "'auto' or " if auto else ""
            raise SettingError(f"{name}={value!r}: expected {either}a number above 0, for example 0.001.")

    return check


def given_loss(name: str, value: Any) -> None:
    """A loss of Keras's, by name or object, or a function; not None."""
    if not isinstance(value, str) and not callable(value):
        raise SettingError(f"{name}={value!r}: expected a loss of Keras's by name, for example 'mse', or as an object.")


def choice(*choices: Any) -> Check:
    """One of a few values."""

    def check(name: str, value: Any) -> None:
        if value not in choices:
            listed = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
            raise SettingError(f"{name}={value!r}: expected {listed}.")

    return check


def one_of(choices: tuple[str, ...]) -> Check:
    """One of several names; a mapping must have them as its values."""

    def check(name: str, value: Any) -> None:
        chosen_names = cast(Mapping[Any, Any], value).values() if isinstance(value, Mapping) else [value]
        for chosen in chosen_names:
            if chosen not in choices:
                raise SettingError(f"{name}={chosen!r}: expected one of {', '.join(map(repr, choices))}.")

    return check


def flag(name: str, value: Any) -> None:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise SettingError(f"{name}={value!r}: expected True or False.")


def widths(name: str, value: Any) -> None:
    """The widths of stacked LSTM layers."""
    listed = cast(Sequence[Any], value) if isinstance(value, (list, tuple)) else ()
    if not listed or not all(is_whole(width, 1) for width in listed):
        raise SettingError(f"{name}={value!r}: expected the width of each LSTM layer, for example {name}=(64,).")
    if len(listed) > MOST_LAYERS:
        raise SettingError(
            f"{name} has {len(listed):,} layers; expected at most {MOST_LAYERS}, for example {name}=(64,)."
        )


def build_function(name: str, value: Any) -> None:
    """A function that builds a network, or None."""
    if value is not None and not callable(value):
        raise SettingError(
            f"{name}={value!r}: expected a function of the input's and the target's description that returns a Keras "
            "model, or None."
        )


def parse_widths(value: str) -> tuple[int, ...]:
    """Read the widths of LSTM layers from the command line: ``"128,64"``."""
    try:
        return tuple(int(width) for width in value.split(","))
    except ValueError:
        raise SettingError(f"--units {value}: expected whole numbers with commas, for example 128,64.") from None


UNITS = Option(MODEL, str, parse_widths, "Width of each LSTM layer, with commas: 128,64.")


# what Keras knows


def make_optimizer(keras: Any, optimizer: Any, learning_rate: Any) -> Any:
    """Return a fresh Keras optimizer: by name with `learning_rate` (a number or a schedule), or a copy of an object."""
    if not isinstance(optimizer, str):
        if not isinstance(optimizer, keras.optimizers.Optimizer):
            raise SettingError(f"optimizer={optimizer!r}: expected a name such as 'adam', or a Keras optimizer.")
        return optimizer.__class__.from_config(optimizer.get_config())
    members = cast(dict[str, Any], vars(keras.optimizers))
    known: dict[str, Any] = {name.lower(): member for name, member in members.items() if inspect.isclass(member)}
    if optimizer.lower() not in known:
        raise SettingError(f"Keras has no optimizer named {optimizer!r}.{nearest(optimizer.lower(), known)}")
    return known[optimizer.lower()](learning_rate=learning_rate)


def check_backend(keras: Any) -> None:
    """Raise `SettingError` on a Keras backend that cannot train."""
    backend = keras.backend.backend()
    if backend not in ("jax", "tensorflow", "torch"):
        raise SettingError(
            f"Keras's {backend} backend cannot train. Choose another: KERAS_BACKEND=jax, before Keras is imported."
        )


def check_loss(keras: Any, loss: Any) -> Any:
    """Return a loss as it is; raise `SettingError` for a name that Keras does not know."""
    if isinstance(loss, str):
        try:
            keras.losses.get(loss)
        except ValueError:
            members = cast(dict[str, Any], vars(keras.losses))
            known = [name for name in members if name != "Loss" and (name[0].isupper() or "_" in name.strip("_"))]
            raise SettingError(f"Keras has no loss named {loss!r}.{nearest(loss, ['mse', 'mae', *known])}") from None
    return loss
