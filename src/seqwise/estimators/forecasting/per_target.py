"""One network for all targets: it learns from each target as from a series of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.backend import import_keras
from seqwise.data import TimeSeries, Windows
from seqwise.training import WindowBatches


def target_batches(series: TimeSeries, scaled: np.ndarray, windows: Windows, known: int = 0) -> WindowBatches:
    """Return the windows of each target by itself, with the features beside it.

    Args:
        scaled: the series' values, scaled, float32, shape (rows, features).
        windows: of the whole series, whose origins are used. known: see `WindowBatches`.

    Returns:
        batches of inputs (samples, window, 1 + other features) and targets (samples, horizon, 1).
    """
    targets, rows = series.targets, len(scaled)
    # the targets' series lie one after another
    values = np.concatenate([np.hstack([scaled[:, [j]], scaled[:, targets:]]) for j in range(targets)])
    usable = np.zeros(rows, bool)
    usable[np.asarray(windows.origins, np.int64)] = True
    own = Windows(values, windows.window, windows.horizon, 1, usable=np.tile(usable, targets))
    visible = series.visible_steps()
    weights = None if series.observed is None else series.observed[:, :targets].T.astype(np.float32).ravel()
    return WindowBatches(own, None if visible is None else np.tile(visible, targets), weights, known)


def network_of_all(network: Any, targets: int) -> Any:
    """Return a model of all targets that calls a network of one target for each of them.

    Args:
        network: (samples, window, 1 + others) → (samples, horizon, 1); may take more inputs, which all targets share.

    Returns:
        (samples, window, targets + others) → (samples, horizon, targets).
    """
    keras = import_keras()
    layers = keras.layers
    first, *shared = network.inputs
    window, features = first.shape[1:]
    others = features - 1
    inputs = layers.Input((window, targets + others), name="window")
    shared = [layers.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in shared]
    turned = layers.Permute((2, 1), name="features_before_time")(inputs)
    extra = [layers.Cropping1D((targets, 0), name="other_features")(turned)] if others else []
    forecasts: list[Any] = []
    for j in range(targets):
        own = [layers.Cropping1D((j, targets + others - 1 - j), name=f"target_{j + 1}")(turned), *extra]
        joined = layers.Concatenate(axis=1, name=f"with_others_{j + 1}")(own) if extra else own[0]
        own_past = layers.Permute((2, 1), name=f"past_{j + 1}")(joined)
        forecasts.append(network([own_past, *shared] if shared else own_past))
    forecast = layers.Concatenate(axis=2, name="forecasts")(forecasts)
    return keras.Model([inputs, *shared] if shared else inputs, forecast, name="forecaster")
