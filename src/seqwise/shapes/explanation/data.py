"""What samples, timesteps and features are in the data that a user holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqwise.axes import FEATURES, HORIZON, SAMPLES, TARGETS, TIMESTEPS
from seqwise.errors import ShapeError
from seqwise.shapes.arrays import Array, is_several, read_array
from seqwise.shapes.explanation.explanation import Explanation, Series, Tensor
from seqwise.shapes.explanation.kinds.call import names_for
from seqwise.shapes.explanation.steps import Axes

MOST_DRAWN = 400


@dataclass(frozen=True)
class Held:
    """One input as the user holds it.

    Attributes:
        shape: of the array that a model would get; sequences of unequal lengths have None timesteps.
        says: what it is, in words.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    says: str
    columns: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()
    series: Series | None = None
    is_table: bool = False


def hold(x: Any, count: int = 1, names: list[str] | None = None) -> list[Held]:
    """Read what a user holds: one thing for each of a model's `count` inputs.

    Raises:
        ShapeError: it is nothing that holds numbers.
    """
    if isinstance(x, Mapping):
        known = [name for name in names or [] if name in x]
        return [_hold_one(x[name], name) for name in (known or x)]
    if is_several(x, count):
        return [_hold_one(part, (names or [])[i] if names else f"x[{i}]") for i, part in enumerate(x)]
    return [_hold_one(x, "x")]


def _hold_one(x: Any, name: str) -> Held:
    if is_windows(x):
        shape = (len(x), x.window, x.values.shape[1])
        says = f"windows of {x.window:,} rows, each followed by {x.horizon:,} to forecast"
        drawn = np.asarray(x.values[:MOST_DRAWN, 0], dtype=float)
        return Held(name, shape, str(x.values.dtype), says, series=Series(drawn, x.window, x.horizon))
    if is_series(x):
        says = f"a regular series, one row every {x.time_index.frequency}"
        drawn = np.asarray(x.values[:MOST_DRAWN, 0], dtype=float)
        return Held(
            name, x.values.shape, str(x.values.dtype), says, tuple(x.columns), is_table=True,
            series=Series(drawn, 0, 0, x.columns[0]),
        )  # fmt: skip
    read = read_array(x, name)
    if not read.shape:
        raise ShapeError(
            f"{type(x).__name__} is neither a Keras model nor data that can be read. Pass a model, a list of layers, "
            "an array, a list of sequences, a table, a Forecaster or seqwise.data.Windows."
        )
    if read.kind == "ragged":
        return Held(
            name, (len(read.lengths), None, *(read.inner or ())), "float", _ragged_words(read), (), read.lengths
        )
    kind = {"array": "an array", "list": "a list", "table": "a table", "objects": "an array of Python objects"}
    says = kind.get(read.kind, "an array of text" if read.kind == "text" else "a tensor")
    dtype = str(read.values.dtype) if read.values is not None else str(getattr(x, "dtype", read.kind))
    if read.kind == "table":
        says = f"a {type(x).__module__.partition('.')[0]} table"
    return Held(name, read.shape, dtype, f"{says} of {dtype}", read.columns, series=_drawn(read),
                is_table=read.kind == "table")  # fmt: skip


def is_forecaster(thing: Any) -> bool:
    return all(hasattr(thing, name) for name in ("window", "horizon", "return_sequences", "fit", "forecast_columns"))


def is_windows(thing: Any) -> bool:
    return all(hasattr(thing, name) for name in ("values", "window", "horizon", "targets", "gather"))


def is_series(thing: Any) -> bool:
    return all(hasattr(thing, name) for name in ("values", "columns", "targets", "time_index"))


def tell_data(x: Any) -> Explanation:
    """Tell what the axes of data mean, and which line of code gives them the three axes."""
    if is_windows(x):
        return _tell_windows(x)
    if isinstance(x, Mapping) or _is_pair_of_arrays(x):
        held = hold(x, len(x))
        told = [_tell(one) for one in held]
        notes = tuple(f"{one.name}: {note}" for one, (_, found) in zip(held, told, strict=True) for note in found)
        return Explanation(f"{len(held)} inputs", tuple(tensor for tensor, _ in told), notes=notes)
    held = _hold_one(x, "x")
    tensor, notes = _tell(held)
    return Explanation(held.says[0].upper() + held.says[1:], (tensor,), notes=tuple(notes), series=held.series)


def _is_pair_of_arrays(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and is_several(x, len(x)) and len({np.shape(part) for part in x}) > 1 and all(
        np.ndim(part) >= 2 for part in x
    )  # fmt: skip


def _tell(held: Held) -> tuple[Tensor, list[str]]:
    if held.lengths:
        return _tell_ragged(held)
    rank = len(held.shape)
    tokens = rank == 2 and held.dtype.startswith(("int", "uint")) and not held.is_table
    if held.is_table and rank == 2 and held.columns:
        return _tell_table(held)
    if rank == 1:
        axes: Axes = ((TIMESTEPS, held.shape[0]),)
        meanings = {TIMESTEPS: "one series of one feature, oldest first; there are no samples and no features axis yet"}
        return Tensor(held.name, axes, meanings), [
            "An LSTM reads (samples, timesteps, features). To cut windows of 24 from the series: "
            f"seqwise.data.Windows({held.name}[:, None], window=24, horizon=1). As one single sample: "
            f"{held.name}[None, :, None]."
        ]
    if tokens:
        axes = ((SAMPLES, held.shape[0]), (TIMESTEPS, held.shape[1]))
        meanings = {SAMPLES: "examples", TIMESTEPS: "tokens of one example, if these are token ids"}
        return Tensor(held.name, axes, meanings), [
            "If the numbers are token ids, an Embedding adds the features axis. If they are measurements, add it "
            f"yourself: {held.name}[..., None]."
        ]
    if rank == 2:
        return _tell_two_axes(held)
    if rank == 3:
        return Tensor(held.name, tuple(zip(names_for(3), held.shape, strict=True)), meanings_of(held)), [
            f"A model for it begins with keras.Input(shape=({_size(held.shape[1])}, {_size(held.shape[2])}))."
        ]
    names = names_for(rank)
    note = "An LSTM reads three axes."
    if 1 in held.shape[1:]:
        place = 1 + held.shape[1:].index(1)
        note += f" Axis {place} has size 1: {held.name}.squeeze({place}) takes it away."
    else:
        note += " TimeDistributed applies a layer to each timestep of the second axis."
    return Tensor(held.name, tuple(zip(names, held.shape, strict=True)), {}), [note]


def _tell_two_axes(held: Held) -> tuple[Tensor, list[str]]:
    rows, columns = held.shape
    axes = ((SAMPLES, rows), (FEATURES, columns))
    meanings = {SAMPLES: "rows, as Keras reads them", FEATURES: "columns; there is no time axis yet"}
    notes = [
        f"Two axes can be read in two ways. Does each row follow the one before it in time? Then it is one series of "
        f"{_size(rows)} timesteps and {_size(columns)} features; cut windows of 24 rows from it: "
        f"seqwise.data.Windows({held.name}, window=24, horizon=1).",
        f"Is each row an example of its own, and are its {_size(columns)} numbers in the order of time? Then the "
        f"features axis is missing: {held.name}[..., None] gives (samples={_size(rows)}, timesteps={_size(columns)}, "
        "features=1).",
    ]
    return Tensor(held.name, axes, meanings), notes


def _tell_table(held: Held) -> tuple[Tensor, list[str]]:
    rows, columns = held.shape
    axes = ((TIMESTEPS, rows), (FEATURES, columns))
    meanings = {TIMESTEPS: "rows, oldest first, if the table is in the order of time",
                FEATURES: listed(held.columns)}  # fmt: skip
    notes = [
        "A table has no samples yet: windows of it are the samples. seqwise.Forecaster cuts them by itself; "
        f"seqwise.data.make_series and seqwise.data.Windows do it by hand. Windows of 24 rows would be (samples="
        f"{max((rows or 0) - 24, 0):,}, timesteps=24, features={_size(columns)}), with one row each to forecast."
    ]
    return Tensor(held.name, axes, meanings, held.columns), notes


def _tell_ragged(held: Held) -> tuple[Tensor, list[str]]:
    longest = max(held.lengths)
    inner = held.shape[2:]
    axes: Axes = ((SAMPLES, len(held.lengths)), (TIMESTEPS, None))
    axes += tuple(zip((FEATURES,) if len(inner) == 1 else names_for(len(inner) + 2)[2:], inner, strict=True))
    meanings = {
        SAMPLES: "sequences",
        TIMESTEPS: f"of unequal length: {min(held.lengths):,} to {longest:,}",
    }
    if inner:
        meanings[FEATURES] = f"{_size(inner[-1])} numbers at each timestep"
    skip = "keras.layers.Masking()" if inner else "mask_zero=True in the Embedding"
    dtype = "float32" if inner else "int32"
    notes = [
        "An array needs one length. Pad to the longest, "
        f'keras.utils.pad_sequences({held.name}, maxlen={longest}, dtype="{dtype}", padding="post"), and let the '
        f"model skip what was added: {skip}."
    ]
    return Tensor(held.name, axes, meanings), notes


def _tell_windows(windows: Any) -> Explanation:
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
        series=_hold_one(windows, "x").series,
    )  # fmt: skip


def meanings_of(held: Held) -> dict[str, str]:
    """What each axis of a model's input holds."""
    rank = len(held.shape)
    if rank != 3:
        return {}
    columns = listed(held.columns) if held.columns else f"{_size(held.shape[2])} numbers at each timestep"
    return {
        SAMPLES: "examples; a model treats each by itself",
        TIMESTEPS: f"the {_size(held.shape[1])} steps of one example, oldest first",
        FEATURES: columns,
    }


def listed(names: tuple[str, ...], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return f"{shown}, … ({len(names)} in all)" if len(names) > most else shown


def with_columns(held: Held, columns: tuple[str, ...]) -> Held:
    return replace(held, columns=columns)


def _size(size: int | None) -> str:
    return "any" if size is None else f"{size:,}" if size < 1000 else str(size)


def _ragged_words(read: Array) -> str:
    return f"a list of {len(read.lengths):,} sequences of unequal length"


def _drawn(read: Array) -> Series | None:
    values = read.values
    if values is None or values.ndim not in (1, 2, 3) or values.size == 0 or values.dtype.kind not in "fiub":
        return None
    column = values[:MOST_DRAWN] if values.ndim == 1 else values[:MOST_DRAWN, 0] if values.ndim == 2 else None
    window = values.shape[1] if values.ndim == 3 else 0
    if column is None:  # windows: a first one, as far as it goes
        column = values[0, :MOST_DRAWN, 0]
    column = np.asarray(column, dtype=float)
    usable = bool(np.isfinite(column).any()) and not math.isnan(float(np.nanmax(column)))
    return Series(column if usable and values.ndim < 3 else None, window, 0, read.columns[0] if read.columns else "")
