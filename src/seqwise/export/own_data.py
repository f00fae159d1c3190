"""The user's own inputs of a network: those passed with a Keras model, or taken from an estimator's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from seqwise.data import Sequences, Windows
from seqwise.data.tokenizer import PADDING, START
from seqwise.errors import DataError, SeqwiseError
from seqwise.estimators.forecasting.forecaster import Forecaster
from seqwise.estimators.forecasting.panel_data import plan_forecasts
from seqwise.estimators.sequences.base import SequenceEstimator
from seqwise.estimators.sequences.source import Raw
from seqwise.estimators.translation.translator import Translator
from seqwise.export.parity import keras_outputs
from seqwise.export.source import ENCODER, MODEL, STEP, Part, Source
from seqwise.training import WindowBatches
from seqwise.training.sequence_batches import StepArrays, model_inputs

BATCHES = (1, 5, 32)  # samples
MOST_SEQUENCES = 8
MOST_STEPS = 512  # of a sequence, the first ones


def own_calls(part: Part, x: Any) -> list[list[np.ndarray]]:
    """Cut a user's inputs of a network into batches of several sizes, in the order of its inputs.

    Args:
        x: an array; for several inputs a list in their order, or a mapping from their names.

    Raises:
        DataError: these are not inputs of the network.
    """
    described = {layer["name"]: layer for layer in part.network.layers["layers"]}
    names: list[str] = part.network.layers["inputs"]
    arrays: list[np.ndarray] = []
    for name, values in zip(names, _in_order(names, x), strict=True):
        array = np.asarray(values)
        sizes = described[name]["calls"][0]["shapes"][0]
        same = len(sizes) == array.ndim and all(a in (None, b) for a, b in zip(sizes[1:], array.shape[1:], strict=True))
        if not same or not array.size:
            wanted = ", ".join(["samples", *("any" if size is None else str(size) for size in sizes[1:])])
            raise DataError(f"x has shape {array.shape} for the input {name!r}; expected ({wanted}).")
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise DataError(f"x holds something else than finite numbers for the input {name!r}.")
        arrays.append(array.astype(np.dtype(str(described[name]["config"]["dtype"]))))
    samples = {len(array) for array in arrays}
    if len(samples) > 1:
        raise DataError(f"x has unequal numbers of samples: {', '.join(map(str, sorted(samples)))}.")
    fixed = described[names[0]]["calls"][0]["shapes"][0][0]
    count = len(arrays[0]) if fixed is None else len(arrays[0]) // fixed * fixed
    if not count:
        raise DataError(f"x has {len(arrays[0])} samples, and the model takes {fixed} at once: bring as many.")
    cuts = _cuts(count, BATCHES if fixed is None else (fixed,) * len(BATCHES))
    return [[array[rows] for array in arrays] for rows in cuts]


def _in_order(names: list[str], x: Any) -> list[Any]:
    if isinstance(x, Mapping):
        by_name = cast(Mapping[str, Any], x)
        if set(names) <= set(by_name):
            return [by_name[name] for name in names]
        if len(names) == 1 and ("x" in by_name or len(by_name) == 1):
            return [by_name.get("x", next(iter(by_name.values())))]
        missing = next(name for name in names if name not in by_name)
        raise DataError(f"x has the arrays {', '.join(map(repr, by_name))}, but none for the input {missing!r}.")
    if len(names) == 1:
        return [x]
    several = cast(list[Any], list(x)) if isinstance(x, (list, tuple)) else [x]
    if len(several) != len(names):
        raise DataError(
            f"x is {len(several)} array(s), but the model has the inputs {', '.join(map(repr, names))}: pass a list in "
            "this order, or a dict by name."
        )
    return several


def estimator_calls(source: Source) -> dict[str, list[list[np.ndarray]]]:
    """Return batches of an estimator's own data for its networks, where it has data and they take them."""
    estimator = source.estimator
    if isinstance(estimator, Translator):
        texts = estimator.test_pairs_[0][:MOST_SEQUENCES]
        if not texts or ENCODER not in source.parts:
            return {}
        sources = _of_sequences(estimator.source_tokenizer_.encode(texts))
        return {ENCODER: sources, STEP: _first_steps(source.parts, sources)}
    if isinstance(estimator, Forecaster):
        calls = _of_windows(estimator)
    else:
        estimator = cast(SequenceEstimator[Any], estimator)
        raw = training_sequences(estimator)
        if raw is None:
            return {}
        calls = _of_sequences(estimator.input_.prepare(raw.take(np.arange(min(MOST_SEQUENCES, len(raw))))))
    known = [tensor.name for tensor in estimator.input_.describe().tensors]
    names: list[str] = source.parts[MODEL].network.layers["inputs"]
    if not set(names) <= set(known):  # a network of the user's own, with names of its own
        return {}
    return {MODEL: [[dict(zip(known, call, strict=True))[name] for name in names] for call in calls]}


def _first_steps(parts: Mapping[str, Part], sources: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
    """Return what the decoder reads first of real sources: the start token, and what the encoder returns."""
    steps: list[list[np.ndarray]] = []
    for (ids,), encoded in zip(sources, keras_outputs(parts[ENCODER].model, sources), strict=True):
        step = [np.full((len(ids), 1), START, np.int32), *encoded]
        attends = len(parts[STEP].network.layers["inputs"]) > len(step)
        steps.append([*step, ids != PADDING] if attends else step)
    return steps


def training_sequences(estimator: SequenceEstimator[Any]) -> Raw | None:
    """Return the raw sequences that it was trained on: of a loaded run those of its file, None if it is gone."""
    raw, file = estimator.raw_, estimator.data_
    if raw is None and file is not None and Path(file).exists():
        try:
            return estimator.source_.read(file, labelled=False)
        except SeqwiseError:  # the file holds something else by now
            return None
    return raw


def _of_sequences(steps: Sequences) -> list[list[np.ndarray]]:
    arrays = StepArrays.of(steps)
    calls: list[list[np.ndarray]] = []
    for rows in _cuts(len(steps), BATCHES):
        chosen = np.arange(len(steps))[rows]
        padded = arrays.padded(chosen, min(int(steps.lengths[chosen].max()), MOST_STEPS))
        inputs = model_inputs(*padded)
        calls.append([np.asarray(array) for array in (inputs if isinstance(inputs, list) else [inputs])])
    return calls


def _of_windows(forecaster: Forecaster) -> list[list[np.ndarray]]:
    """Windows of the training's data, evenly over them; where rows to come are read, those that lie in the data."""
    inputs, window, horizon = forecaster.input_, forecaster.window, forecaster.horizon
    if forecaster.panel_ is not None:
        plan = plan_forecasts(forecaster.panel_, window=window, horizon=horizon)
        values = plan.padded(inputs.prepare(forecaster.panel_))
        visible = plan.real if inputs.masked else None
        origins = plan.origins("train") if inputs.known else plan.starts[1:]
    else:
        series = forecaster.series_
        values, visible = inputs.prepare(series), series.visible_steps()
        origins = np.arange(window, len(series) + 1 - (horizon if inputs.known else 0))
    windows = Windows(values, window, horizon, len(forecaster.target_.names))
    batches = WindowBatches(windows, visible, None, inputs.known)
    starts = origins[np.unique(np.linspace(0, len(origins) - 1, min(sum(BATCHES), len(origins))).astype(np.int64))]
    calls: list[list[np.ndarray]] = []
    for rows in _cuts(len(starts), BATCHES):
        chosen = batches.select_inputs(batches.arrays, starts[rows])
        calls.append([np.asarray(array) for array in (chosen if isinstance(chosen, list) else [chosen])])
    return calls


def _cuts(count: int, sizes: Sequence[int]) -> list[slice]:
    """Cut the first of so many samples into batches of these sizes, the last one perhaps smaller."""
    ends = np.cumsum(sizes).tolist()
    return [slice(first, min(last, count)) for first, last in zip([0, *ends], ends, strict=False) if first < count]
