"""Checking an estimator's settings before anything runs, and making the optimiser they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqwise.data.scaling import KINDS
from seqwise.data.series import GAP_RULES
from seqwise.data.windows import check_sizes
from seqwise.errors import SettingError, nearest


def check_network(settings: Any, others: Sequence[Any] = ()) -> None:
    """Raise `SettingError` for the first of the settings of any network that is out of range: units, dropout.

    Args:
        others: what `dropout` may be beside a share.
    """
    units = settings.units
    if not isinstance(units, (list, tuple)) or not units or not all(is_whole(u, 1) for u in units):
        raise SettingError(f"units={units!r}: expected the width of each LSTM layer, for example units=(64,).")
    if settings.dropout not in others:
        check_share(settings, "dropout")


def check_training(settings: Any, others: Sequence[Any] = (None,)) -> None:
    """Raise `SettingError` for the first of the settings of any training that is out of range.

    Args:
        settings: an estimator with batch_size, epochs, patience, seed.
        others: beside whole numbers: ``"auto"`` for the epochs, None for the patience.
    """
    if settings.batch_size != "auto" and not is_whole(settings.batch_size, 1):
        raise SettingError(f"batch_size={settings.batch_size!r}: expected 'auto' or a whole number, at least 1.")
    for name, other in (("epochs", "auto"), ("patience", None)):
        value = getattr(settings, name)
        if not (is_whole(value, 1) or (value == other and other in others)):
            either = "'auto' or " if other == "auto" and other in others else ""
            raise SettingError(f"{name}={value!r}: expected {either}a whole number, at least 1.")
    if not is_whole(settings.seed, 0):
        raise SettingError(f"seed={settings.seed!r}: expected a whole number, at least 0.")


def check_scaler(settings: Any) -> None:
    """Raise `SettingError` where `scaler`, or one of the scalers of a mapping, is of no kind that there is."""
    kinds = settings.scaler.values() if isinstance(settings.scaler, Mapping) else [settings.scaler]
    for kind in kinds:
        if kind not in KINDS:
            raise SettingError(f"scaler={kind!r}: expected one of {', '.join(map(repr, KINDS))}.")


def check_share(settings: Any, name: str) -> None:
    """Raise `SettingError` where a setting is no share from 0 up to 1, which is not included."""
    value = getattr(settings, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
        raise SettingError(f"{name}={value!r}: expected a share from 0 up to, not including, 1.")


def check_choice(settings: Any, name: str, choices: Sequence[Any]) -> None:
    """Raise `SettingError` where a setting is none of the choices."""
    if getattr(settings, name) not in choices:
        listed = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
        raise SettingError(f"{name}={getattr(settings, name)!r}: expected {listed}.")


def is_whole(value: Any, least: int) -> bool:
    """Tell whether a value is a whole number, at least `least`; True and False are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= least


def check_forecaster(settings: Any) -> None:
    """Raise `SettingError` for the first setting of a forecaster that is out of range."""
    check_sizes(settings.window, settings.horizon)
    check_network(settings)
    for name in ("residual", "log"):
        check_choice(settings, name, ("auto", True, False))
    check_scaler(settings)
    if settings.gaps not in GAP_RULES:
        raise SettingError(f"gaps={settings.gaps!r}: expected one of {', '.join(map(repr, GAP_RULES))}.")
    if settings.season != "auto" and not is_whole(settings.season, 1):
        raise SettingError(f"season={settings.season!r}: expected 'auto' or the period in rows (1 for none).")
    check_training(settings)
    if settings.return_sequences and settings.bidirectional:
        raise SettingError(
            "return_sequences=True with bidirectional=True would show each timestep its own targets: the backward "
            "direction reads the rows after it. Choose one of the two."
        )


def make_optimizer(keras: Any, optimizer: Any, learning_rate: float) -> Any:
    """Return a fresh Keras optimiser: by name with `learning_rate`, or a copy of the object given."""
    if not isinstance(optimizer, str):
        if not isinstance(optimizer, keras.optimizers.Optimizer):
            raise SettingError(f"optimizer={optimizer!r}: expected a name such as 'adam', or a Keras optimizer.")
        return type(optimizer).from_config(optimizer.get_config())
    known = {name.lower(): value for name, value in vars(keras.optimizers).items() if isinstance(value, type)}
    if optimizer.lower() not in known:
        raise SettingError(f"optimizer={optimizer!r} is none of Keras's.{nearest(optimizer.lower(), known)}")
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
            known = [name for name in vars(keras.losses) if name[0].isupper() or "_" in name.strip("_")]
            raise SettingError(f"loss={loss!r} is none of Keras's.{nearest(loss, ['mse', 'mae', *known])}") from None
    return loss
