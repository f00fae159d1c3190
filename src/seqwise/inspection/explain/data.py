"""What samples, timesteps and features are in the data that a user holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqwise.axes import FEATURES, HORIZON, SAMPLES, TARGETS, TIMESTEPS
from seqwise.data.windows import Windows
from seqwise.errors import ShapeError
from seqwise.inspection.data import Array, is_mapping, is_series, is_windows, read_array, read_arrays, root_module
from seqwise.inspection.effects.effect import names_for
from seqwise.inspection.explain.content import Axes, Series, Tensor
from seqwise.inspection.explain.explanation import Explanation

Meaning = tuple[tuple[str, ...], dict[str, str], list[str]]

MOST_DRAWN = 400
KINDS = {"array": "an array", "list": "a list", "objects": "an array of Python objects", "text": "an array of text"}


def readable(arrays: Sequence[Array | None], x: Any) -> list[Array]:
    """The arrays that were read from `x`; `ShapeError` where one of them is nothing that holds numbers."""
    there = [array for array in arrays if array is not None]
    if not there or not all(array.shape for array in there):
        raise ShapeError(
            f"{type(x).__name__} is neither a Keras model nor data that can be read. Pass a model, a list of layers, "
            "an array, a list of sequences, a table, a Forecaster or seqwise.data.Windows."
        )
    return there


def explain_data(x: Any) -> Explanation:
    """Explain what the axes of data mean, and which line of code gives them the three axes."""
    if is_windows(x):
        return _explain_windows(x)
    arrays = [read_array(part, name) for name, part in x.items()] if is_mapping(x) else read_arrays(x, [], "x")
    arrays = readable(arrays, x)
    explained = [_explain(array) for array in arrays]
    tensors = tuple(tensor for tensor, _ in explained)
    if len(arrays) > 1:
        notes = tuple(f"{tensor.name}: {note}" for tensor, notes_of in explained for note in notes_of)
        return Explanation(f"{len(arrays)} inputs", tensors, notes=notes)
    says = words_for(arrays[0])
    return Explanation(says[0].upper() + says[1:], tensors, notes=explained[0][1], series=drawn(arrays[0]))


def words_for(array: Array) -> str:
    """What the user's data are, in words."""
    x = array.original
    if is_windows(x):
        return f"windows of {x.window:,} rows, each followed by {x.horizon:,} to forecast"
    if is_series(x):
        return f"a regular series, one row every {x.time_index.frequency}"
    if array.kind == "ragged":
        return f"a list of {len(array.lengths):,} sequences of unequal length"
    is_table = array.kind == "table" or bool(array.columns)
    thing = f"a {root_module(x)} table" if is_table else KINDS.get(array.kind, "a tensor")
    return thing if array.kind == "text" else f"{thing} of {_dtype(array)}"


def drawn(array: Array) -> Series | None:
    """What the picture shows of an input."""
    x, values = array.original, array.values
    if is_windows(x):
        return Series(np.asarray(x.values[:MOST_DRAWN, 0], dtype=float), x.window, x.horizon)
    if values is None or values.ndim not in (1, 2, 3) or values.size == 0 or values.dtype.kind not in "fiub":
        return None
    if values.ndim == 3:
        return Series(None, values.shape[1])
    column = np.asarray(values.reshape(len(values), -1)[:MOST_DRAWN, 0], dtype=float)
    return Series(column if np.isfinite(column).any() else None, name=array.columns[0] if array.columns else "")


def meanings_of(array: Array) -> dict[str, str]:
    """What each axis of a model's input holds."""
    sizes = array.sizes
    if len(sizes) != 3:
        return {}
    return {
        SAMPLES: "examples; a model treats each by itself",
        TIMESTEPS: f"the {_size(sizes[1])} steps of one example, oldest first",
        FEATURES: listed(array.columns) if array.columns else f"{_size(sizes[2])} numbers at each timestep",
    }


def listed(names: tuple[str, ...], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return f"{shown}, … ({len(names)} in all)" if len(names) > most else shown


def _explain(array: Array) -> tuple[Tensor, tuple[str, ...]]:
    names, meanings, notes = _meaning(array)
    sizes = (array.samples, None, *array.inner) if array.lengths else array.sizes  # texts have lengths, too
    axes: Axes = tuple(zip(names, sizes, strict=True))
    return Tensor(array.name, axes, meanings, array.columns), tuple(notes)


def _meaning(array: Array) -> Meaning:
    """Names of the axes, what each of them holds, and notes on what can be made of the data."""
    name, rank = array.name, len(array.sizes)
    if array.lengths:
        return _meaning_of_ragged(array)
    if rank == 1:
        meanings = {TIMESTEPS: "one series of one feature, oldest first; there are no samples and no features axis yet"}
        note = (
            "An LSTM reads (samples, timesteps, features). To cut windows of 24 from the series: "
            f"seqwise.data.Windows({name}[:, None], window=24, horizon=1). As one single sample: "
            f"{name}[None, :, None]."
        )
        return (TIMESTEPS,), meanings, [note]
    if rank == 2:
        return _meaning_of_two_axes(array)
    sizes = [_size(size) for size in array.sizes]
    if rank == 3:
        note = f"A model for it begins with keras.Input(shape=({sizes[1]}, {sizes[2]}))."
        return names_for(3), meanings_of(array), [note]
    way = "TimeDistributed applies a layer to each timestep of the second axis."
    if 1 in array.sizes[1:]:
        place = 1 + array.sizes[1:].index(1)
        way = f"Axis {place} has size 1: {name}.squeeze({place}) takes it away."
    return names_for(rank), {}, [f"An LSTM reads three axes. {way}"]


def _meaning_of_two_axes(array: Array) -> Meaning:
    name, rows, columns = array.name, _size(array.sizes[0]), _size(array.sizes[1])
    if array.columns:
        meanings = {TIMESTEPS: "rows, oldest first, if the table is in the order of time"}
        note = (
            "A table has no samples yet: windows of it are the samples. seqwise.Forecaster cuts them by itself; "
            "seqwise.data.make_series and seqwise.data.Windows do it by hand. Windows of 24 rows would be (samples="
            f"{max(array.samples - 24, 0):,}, timesteps=24, features={columns}), with one row each to forecast."
        )
        return (TIMESTEPS, FEATURES), meanings | {FEATURES: listed(array.columns)}, [note]
    if _dtype(array).startswith(("int", "uint")) and array.kind != "table":
        meanings = {SAMPLES: "examples", TIMESTEPS: "tokens of one example, if these are token ids"}
        note = (
            "If the numbers are token ids, an Embedding adds the features axis. If they are measurements, add it "
            f"yourself: {name}[..., None]."
        )
        return (SAMPLES, TIMESTEPS), meanings, [note]
    meanings = {SAMPLES: "rows, as Keras reads them", FEATURES: "columns; there is no time axis yet"}
    notes = [
        f"Two axes can be read in two ways. Does each row follow the one before it in time? Then it is one series of "
        f"{rows} timesteps and {columns} features; cut windows of 24 rows from it: "
        f"seqwise.data.Windows({name}, window=24, horizon=1).",
        f"Is each row an example of its own, and are its {columns} numbers in the order of time? Then the features "
        f"axis is missing: {name}[..., None] gives (samples={rows}, timesteps={columns}, features=1).",
    ]
    return (SAMPLES, FEATURES), meanings, notes


def _meaning_of_ragged(array: Array) -> Meaning:
    name, longest, inner = array.name, max(array.lengths), array.inner
    meanings = {SAMPLES: "sequences", TIMESTEPS: f"of unequal length: {min(array.lengths):,} to {longest:,}"}
    if inner:
        meanings[FEATURES] = f"{_size(inner[-1])} numbers at each timestep"
    skip = "keras.layers.Masking()" if inner else "mask_zero=True in the Embedding"
    note = (
        "An array needs one length. Pad to the longest, keras.utils.pad_sequences("
        f'{name}, maxlen={longest}, dtype="{"float32" if inner else "int32"}", padding="post"), and let the model '
        f"skip what was added: {skip}."
    )
    return (SAMPLES, TIMESTEPS, *names_for(len(inner) + 2)[2:]), meanings, [note]


def _explain_windows(windows: Windows) -> Explanation:
    x, y = windows.batch(slice(0, 1))
    count, window, features = len(windows), windows.window, x.shape[2]
    inputs = Tensor(
        "x",
        ((SAMPLES, count), (TIMESTEPS, window), (FEATURES, features)),
        {
            SAMPLES: f"windows, each beginning one row after the one before it (of {len(windows.values):,} rows)",
            TIMESTEPS: f"{window:,} rows in a row, oldest first",
            FEATURES: f"columns; the first {windows.targets} of them are the targets, whose past is read, too",
        },
    )
    names = (SAMPLES, *((TIMESTEPS,) if windows.every_step else ()), HORIZON, TARGETS)
    after = "each timestep" if windows.every_step else "the window"
    outputs = Tensor(
        "y",
        tuple(zip(names, (count, *y.shape[1:]), strict=True)),
        {HORIZON: f"the {windows.horizon:,} rows after {after}", TARGETS: "the columns to forecast"},
    )
    return Explanation(
        f"Windows of {window:,} rows with {windows.horizon:,} to forecast",
        (inputs,),
        (outputs,),
        notes=(f"A model for it begins with keras.Input(shape=({window}, {features})).",),
        series=drawn(read_arrays(windows, [], "x")[0]),
    )


def _dtype(array: Array) -> str:
    return str(array.values.dtype) if array.values is not None else str(getattr(array.original, "dtype", array.kind))


def _size(size: int | None) -> str:
    return "any" if size is None else f"{size:,}" if size < 1000 else str(size)
