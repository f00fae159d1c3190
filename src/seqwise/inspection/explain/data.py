"""What samples, timesteps and features are in the data that a user holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqwise.axes import FEATURES, HORIZON, SAMPLES, TARGETS, TIMESTEPS
from seqwise.errors import ShapeError
from seqwise.inspection.data import Array, is_several, read_array
from seqwise.inspection.effects.effect import names_for
from seqwise.inspection.explain.content import Series, Tensor
from seqwise.inspection.explain.explanation import Explanation
from seqwise.inspection.explain.steps import Axes

MOST_DRAWN = 400


@dataclass(frozen=True)
class Example:
    """One input as the user holds it.

    Attributes:
        array: the data, as `seqwise.inspection.data` has read it.
        shape: of the array that a model would get; sequences of unequal lengths have None timesteps.
        dtype: of its values, by name.
        says: what it is, in words.
        series: what the picture draws of it.
    """

    array: Array
    shape: tuple[int | None, ...]
    dtype: str
    says: str
    series: Series | None = None

    @property
    def name(self) -> str:
        return self.array.name

    @property
    def is_table(self) -> bool:
        return self.array.kind == "table"


def examples_of(x: Any, count: int = 1, names: list[str] | None = None) -> list[Example]:
    """Read what a user holds: one thing for each of a model's `count` inputs.

    Raises:
        ShapeError: it is nothing that holds numbers.
    """
    if isinstance(x, Mapping):
        known = [name for name in names or [] if name in x]
        return [_example(x[name], name) for name in (known or x)]
    if is_several(x, count):
        return [_example(part, (names or [])[i] if names else f"x[{i}]") for i, part in enumerate(x)]
    return [_example(x, "x")]


def _example(x: Any, name: str) -> Example:
    if is_windows(x):
        shape, values = (len(x), x.window, x.values.shape[1]), x.values
        says = f"windows of {x.window:,} rows, each followed by {x.horizon:,} to forecast"
        drawn = np.asarray(values[:MOST_DRAWN, 0], dtype=float)
        array = Array(name, "array", None, (len(x), x.window, values.shape[1]))
        return Example(array, shape, str(values.dtype), says, Series(drawn, x.window, x.horizon))
    if is_series(x):
        drawn = np.asarray(x.values[:MOST_DRAWN, 0], dtype=float)
        array = Array(name, "table", x.values, x.values.shape, tuple(x.columns))
        says = f"a regular series, one row every {x.time_index.frequency}"
        return Example(array, x.values.shape, str(x.values.dtype), says, Series(drawn, 0, 0, x.columns[0]))
    array = read_array(x, name)
    if not array.shape:
        raise ShapeError(
            f"{type(x).__name__} is neither a Keras model nor data that can be read. Pass a model, a list of layers, "
            "an array, a list of sequences, a table, a Forecaster or seqwise.data.Windows."
        )
    if array.kind == "ragged":
        says = f"a list of {len(array.lengths):,} sequences of unequal length"
        return Example(array, (len(array.lengths), None, *array.inner), "float", says)
    kinds = {"array": "an array", "list": "a list", "objects": "an array of Python objects", "text": "an array of text"}
    dtype = str(array.values.dtype) if array.values is not None else str(getattr(x, "dtype", array.kind))
    says = f"{kinds.get(array.kind, 'a tensor')} of {dtype}"
    if array.kind == "table":
        says = f"a {type(x).__module__.partition('.')[0]} table of {dtype}"
    return Example(array, array.shape, dtype, says, _drawn(array))


def is_windows(thing: Any) -> bool:
    return all(hasattr(thing, name) for name in ("values", "window", "horizon", "targets", "gather"))


def is_series(thing: Any) -> bool:
    return all(hasattr(thing, name) for name in ("values", "columns", "targets", "time_index"))


def explain_data(x: Any) -> Explanation:
    """Explain what the axes of data mean, and which line of code gives them the three axes."""
    if is_windows(x):
        return _explain_windows(x)
    if isinstance(x, Mapping) or _is_pair_of_arrays(x):
        examples = examples_of(x, len(x))
        explained = [_explain(example) for example in examples]
        notes = tuple(
            f"{example.name}: {note}" for example, (_, told) in zip(examples, explained, strict=True) for note in told
        )
        return Explanation(f"{len(examples)} inputs", tuple(tensor for tensor, _ in explained), notes=notes)
    example = _example(x, "x")
    tensor, notes = _explain(example)
    return Explanation(example.says[0].upper() + example.says[1:], (tensor,), notes=tuple(notes), series=example.series)


def _is_pair_of_arrays(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and is_several(x, len(x)) and len({np.shape(part) for part in x}) > 1 and all(
        np.ndim(part) >= 2 for part in x
    )  # fmt: skip


def _explain(example: Example) -> tuple[Tensor, list[str]]:
    if example.array.lengths:
        return _explain_ragged(example)
    rank = len(example.shape)
    tokens = rank == 2 and example.dtype.startswith(("int", "uint")) and not example.is_table
    if example.is_table and rank == 2 and example.array.columns:
        return _explain_table(example)
    if rank == 1:
        axes: Axes = ((TIMESTEPS, example.shape[0]),)
        meanings = {TIMESTEPS: "one series of one feature, oldest first; there are no samples and no features axis yet"}
        return Tensor(example.name, axes, meanings), [
            "An LSTM reads (samples, timesteps, features). To cut windows of 24 from the series: "
            f"seqwise.data.Windows({example.name}[:, None], window=24, horizon=1). As one single sample: "
            f"{example.name}[None, :, None]."
        ]
    if tokens:
        axes = ((SAMPLES, example.shape[0]), (TIMESTEPS, example.shape[1]))
        meanings = {SAMPLES: "examples", TIMESTEPS: "tokens of one example, if these are token ids"}
        return Tensor(example.name, axes, meanings), [
            "If the numbers are token ids, an Embedding adds the features axis. If they are measurements, add it "
            f"yourself: {example.name}[..., None]."
        ]
    if rank == 2:
        return _explain_two_axes(example)
    if rank == 3:
        return Tensor(example.name, tuple(zip(names_for(3), example.shape, strict=True)), meanings_of(example)), [
            f"A model for it begins with keras.Input(shape=({_size(example.shape[1])}, {_size(example.shape[2])}))."
        ]
    names = names_for(rank)
    note = "An LSTM reads three axes."
    if 1 in example.shape[1:]:
        place = 1 + example.shape[1:].index(1)
        note += f" Axis {place} has size 1: {example.name}.squeeze({place}) takes it away."
    else:
        note += " TimeDistributed applies a layer to each timestep of the second axis."
    return Tensor(example.name, tuple(zip(names, example.shape, strict=True)), {}), [note]


def _explain_two_axes(example: Example) -> tuple[Tensor, list[str]]:
    rows, columns = example.shape
    axes = ((SAMPLES, rows), (FEATURES, columns))
    meanings = {SAMPLES: "rows, as Keras reads them", FEATURES: "columns; there is no time axis yet"}
    notes = [
        f"Two axes can be read in two ways. Does each row follow the one before it in time? Then it is one series of "
        f"{_size(rows)} timesteps and {_size(columns)} features; cut windows of 24 rows from it: "
        f"seqwise.data.Windows({example.name}, window=24, horizon=1).",
        f"Is each row an example of its own, and are its {_size(columns)} numbers in the order of time? Then the "
        f"features axis is missing: {example.name}[..., None] gives (samples={_size(rows)}, "
        f"timesteps={_size(columns)}, features=1).",
    ]
    return Tensor(example.name, axes, meanings), notes


def _explain_table(example: Example) -> tuple[Tensor, list[str]]:
    rows, columns = example.shape
    axes = ((TIMESTEPS, rows), (FEATURES, columns))
    meanings = {TIMESTEPS: "rows, oldest first, if the table is in the order of time",
                FEATURES: listed(example.array.columns)}  # fmt: skip
    notes = [
        "A table has no samples yet: windows of it are the samples. seqwise.Forecaster cuts them by itself; "
        f"seqwise.data.make_series and seqwise.data.Windows do it by hand. Windows of 24 rows would be (samples="
        f"{max((rows or 0) - 24, 0):,}, timesteps=24, features={_size(columns)}), with one row each to forecast."
    ]
    return Tensor(example.name, axes, meanings, example.array.columns), notes


def _explain_ragged(example: Example) -> tuple[Tensor, list[str]]:
    longest = max(example.array.lengths)
    inner = example.shape[2:]
    axes: Axes = ((SAMPLES, len(example.array.lengths)), (TIMESTEPS, None))
    axes += tuple(zip((FEATURES,) if len(inner) == 1 else names_for(len(inner) + 2)[2:], inner, strict=True))
    meanings = {
        SAMPLES: "sequences",
        TIMESTEPS: f"of unequal length: {min(example.array.lengths):,} to {longest:,}",
    }
    if inner:
        meanings[FEATURES] = f"{_size(inner[-1])} numbers at each timestep"
    skip = "keras.layers.Masking()" if inner else "mask_zero=True in the Embedding"
    dtype = "float32" if inner else "int32"
    notes = [
        "An array needs one length. Pad to the longest, "
        f'keras.utils.pad_sequences({example.name}, maxlen={longest}, dtype="{dtype}", padding="post"), and let the '
        f"model skip what was added: {skip}."
    ]
    return Tensor(example.name, axes, meanings), notes


def _explain_windows(windows: Any) -> Explanation:
    x, y = windows.batch(slice(0, 1))
    inputs = Tensor(
        "x", ((SAMPLES, len(windows)), (TIMESTEPS, windows.window), (FEATURES, x.shape[2])),
        {
            SAMPLES: f"windows, each beginning one row after the one before it (of {len(windows.values):,} rows)",
            TIMESTEPS: f"{windows.window:,} rows in a row, oldest first",
            FEATURES: f"columns; the first {windows.targets} of them are the targets, whose past is read, too",
        },
    )  # fmt: skip
    names = (SAMPLES, *((TIMESTEPS,) if windows.every_step else ()), HORIZON, TARGETS)
    outputs = Tensor(
        "y", tuple(zip(names, (len(windows), *y.shape[1:]), strict=True)),
        {HORIZON: f"the {windows.horizon:,} rows after {'each timestep' if windows.every_step else 'the window'}",
         TARGETS: "the columns to forecast"},
    )  # fmt: skip
    return Explanation(
        f"Windows of {windows.window:,} rows with {windows.horizon:,} to forecast", (inputs,), (outputs,),
        notes=(f"A model for it begins with keras.Input(shape=({windows.window}, {x.shape[2]})).",),
        series=_example(windows, "x").series,
    )  # fmt: skip


def meanings_of(example: Example) -> dict[str, str]:
    """What each axis of a model's input holds."""
    rank = len(example.shape)
    if rank != 3:
        return {}
    columns = (
        listed(example.array.columns)
        if example.array.columns
        else f"{_size(example.shape[2])} numbers at each timestep"
    )
    return {
        SAMPLES: "examples; a model treats each by itself",
        TIMESTEPS: f"the {_size(example.shape[1])} steps of one example, oldest first",
        FEATURES: columns,
    }


def listed(names: tuple[str, ...], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return f"{shown}, … ({len(names)} in all)" if len(names) > most else shown


def _size(size: int | None) -> str:
    return "any" if size is None else f"{size:,}" if size < 1000 else str(size)


def _drawn(array: Array) -> Series | None:
    values = array.values
    if values is None or values.ndim not in (1, 2, 3) or values.size == 0 or values.dtype.kind not in "fiub":
        return None
    column = values[:MOST_DRAWN] if values.ndim == 1 else values[:MOST_DRAWN, 0] if values.ndim == 2 else None
    window = values.shape[1] if values.ndim == 3 else 0
    if column is None:  # windows: a first one, as far as it goes
        column = values[0, :MOST_DRAWN, 0]
    column = np.asarray(column, dtype=float)
    usable = bool(np.isfinite(column).any()) and not math.isnan(float(np.nanmax(column)))
    return Series(column if usable and values.ndim < 3 else None, window, 0, array.columns[0] if array.columns else "")
