"""Checking an estimator's settings before anything runs, and making the optimiser they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqwise.data.scaling import KINDS
from seqwise.data.series import GAP_RULES
from seqwise.data.windows import check_sizes
from seqwise.errors import SettingError, nearest


def check_settings(settings: Any) -> None:
    """Raise `SettingError` for the first setting of a forecaster that is out of range."""
    check_sizes(settings.window, settings.horizon)
    units = settings.units
    if not isinstance(units, (list, tuple)) or not units or not all(_whole(u, 1) for u in units):
        raise SettingError(f"units={units!r}: expected the width of each LSTM layer, for example units=(64,).")
    if not isinstance(settings.dropout, (int, float)) or not 0 <= settings.dropout < 1:
        raise SettingError(f"dropout={settings.dropout!r}: expected a share from 0 up to, not including, 1.")
    for name in ("residual", "log"):
        if getattr(settings, name) not in ("auto", True, False):
            raise SettingError(f"{name}={getattr(settings, name)!r}: expected 'auto', True or False.")
    kinds = settings.scaler.values() if isinstance(settings.scaler, Mapping) else [settings.scaler]
    for kind in kinds:
        if kind not in KINDS:
            raise SettingError(f"scaler={kind!r}: expected one of {', '.join(map(repr, KINDS))}.")
    if settings.gaps not in GAP_RULES:
        raise SettingError(f"gaps={settings.gaps!r}: expected one of {', '.join(map(repr, GAP_RULES))}.")
    if settings.season != "auto" and not _whole(settings.season, 1):
        raise SettingError(f"season={settings.season!r}: expected 'auto' or the period in rows (1 for none).")
    if settings.batch_size != "auto" and not _whole(settings.batch_size, 1):
        raise SettingError(f"batch_size={settings.batch_size!r}: expected 'auto' or a whole number, at least 1.")
    for name in ("epochs", "patience"):
        value = getattr(settings, name)
        if not (_whole(value, 1) or (name == "patience" and value is None)):
            raise SettingError(f"{name}={value!r}: expected a whole number, at least 1.")
    if not _whole(settings.seed, 0):
        raise SettingError(f"seed={settings.seed!r}: expected a whole number, at least 0.")
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


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= least
