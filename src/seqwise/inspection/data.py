"""Whatever a user holds (array, nested list, table, tensor of any backend) as one thing that rules can look at."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

SAMPLE = 2000  # samples that a rule looks at where it need not see all
FULL_SCAN = 50_000_000  # values up to which every one is looked at
TABLES = ("pandas", "polars", "pyarrow", "modin", "cudf")


@dataclass(frozen=True)
class Array:
    """One input or target, read without copying where that can be.

    Attributes:
        name: what it is called in a fix.
        kind: ``"array"``, ``"table"``, ``"list"`` (regular, but a list), ``"ragged"``, ``"text"`` or ``"unknown"``.
        values: numbers or booleans, in the shape that they were held in; None where there are none.
        shape: of `values`; for ragged data (samples,).
        columns: names, for a table.
        lengths: timesteps of each sequence, for ragged data.
        inner: shape of one timestep, for ragged data.
        original: the object itself.
    """

    name: str
    kind: str
    values: np.ndarray | None
    shape: tuple[int, ...]
    columns: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()
    inner: tuple[int, ...] = ()
    original: Any = field(default=None, repr=False, compare=False)

    @property
    def numbers(self) -> np.ndarray:
        """The values, for who knows that there are some."""
        assert self.values is not None
        return self.values

    @property
    def samples(self) -> int:
        return self.shape[0] if self.shape else 0

    @cached_property
    def part(self) -> np.ndarray:
        """At most `SAMPLE` samples, evenly spaced over all of them; empty where there are no values."""
        if self.values is None or not self.shape:
            return np.zeros((0,))
        step = -(-len(self.values) // SAMPLE) if len(self.values) > SAMPLE else 1
        return self.values[::step]

    @cached_property
    def head(self) -> np.ndarray:
        """At most `SAMPLE` consecutive samples from the start."""
        return np.zeros((0,)) if self.values is None or not self.shape else self.values[:SAMPLE]

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers, by dtype or as floats (looked up in `part`)."""
        if self.values is None or self.values.size == 0:
            return False
        if self.values.dtype.kind in "iu":
            return True
        if self.values.dtype.kind != "f":
            return False
        part = self.part
        with np.errstate(invalid="ignore"):
            return bool((part == np.trunc(part)).all())


def read_array(value: Any, name: str) -> Array:
    """Read anything that may hold numbers."""
    root = type(value).__module__.partition(".")[0]
    if root in TABLES:
        return _read_table(value, name)
    if type(value).__name__ == "RaggedTensor":
        return _ragged(value.to_list(), name, value)
    if isinstance(value, (list, tuple)):
        return _read_list(value, name)
    held = value
    if root == "torch" and hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        value = value.numpy()
    elif root == "tensorflow" and hasattr(value, "numpy"):
        value = value.numpy()
    elif root == "scipy" and hasattr(value, "toarray"):
        value = value.toarray()
    elif not hasattr(value, "__array__") and not isinstance(value, (int, float)):
        return Array(name, "unknown", None, _shape(value), original=held)
    return _from_numpy(np.asarray(value), name, held)


def _shape(value: Any) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in value.shape)
    except (AttributeError, TypeError):
        return ()


def _from_numpy(array: np.ndarray, name: str, held: Any) -> Array:
    if array.dtype.kind == "O":
        return _read_objects(array, name, held)
    if array.dtype.kind in "SUT" or type(array.dtype).__name__ == "StringDType":
        return Array(name, "text", None, array.shape, original=held)
    if array.dtype.kind in "mM":
        return Array(name, "dates", None, array.shape, original=held)
    if array.dtype.kind == "c":
        return Array(name, "unknown", None, array.shape, original=held)
    if array.dtype.kind not in "fiub":  # ml_dtypes: bfloat16, float8
        array = array.astype(np.float32)
    return Array(name, "array", array if array.size else None, array.shape, original=held)


def _read_objects(array: np.ndarray, name: str, held: Any) -> Array:
    flat = array.reshape(-1)
    first = next((item for item in flat if item is not None), None)
    if isinstance(first, (str, bytes)):
        return Array(name, "text", None, array.shape, original=held)
    if array.ndim == 1 and first is not None and np.ndim(first) > 0:
        return _ragged(list(array), name, held)
    try:
        return Array(name, "objects", array.astype(np.float64), array.shape, original=held)
    except (TypeError, ValueError):
        return Array(name, "text", None, array.shape, original=held)


def _read_list(value: Any, name: str) -> Array:
    items = list(value)
    if items and any(type(item).__module__.partition(".")[0] in ("torch", "tensorflow", "jax") for item in items[:2]):
        items = [read_array(item, name).values for item in items]
    try:
        array = np.asarray(items)
    except ValueError:
        return _ragged(items, name, value)
    read = _from_numpy(array, name, value)
    if read.kind in ("array", "objects"):
        return Array(name, "list", read.values, read.shape, original=value)
    return read


def _ragged(items: list[Any], name: str, held: Any) -> Array:
    """Sequences of unequal lengths; where it is an inner axis that differs, the lengths are those of the sequences."""
    lengths, inner = [], None
    for item in items:
        try:
            shape = np.shape(item)
        except ValueError:
            shape = (len(item),)
        lengths.append(shape[0] if shape else 0)
        inner = shape[1:] if inner is None or inner == shape[1:] else ()
    words = next((word for item in items if np.size(item[:1]) for word in item[:1]), None) if items else None
    kind = "text" if isinstance(words, (str, bytes)) else "ragged"
    return Array(name, kind, None, (len(items),), lengths=tuple(lengths), inner=inner or (), original=held)


def _read_table(value: Any, name: str) -> Array:
    import narwhals as nw

    frame: Any = nw.from_native(value, allow_series=True, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, nw.Series):
        columns, array = (), frame.to_numpy()
    elif isinstance(frame, nw.DataFrame):
        columns, array = tuple(map(str, frame.columns)), frame.to_numpy()
    else:
        return Array(name, "unknown", None, _shape(value), original=value)
    read = _from_numpy(np.asarray(array), name, value)
    kind = "table" if read.kind in ("array", "objects") else read.kind
    return Array(name, kind, read.values, read.shape, columns, read.lengths, read.inner, value)


def is_several(value: Any, count: int) -> bool:
    """Tell whether `value` is a list of `count` inputs or targets rather than one nested list.

    With a `count` of 0 (nothing is known of the model) it is where it holds 2 to 8 arrays of two axes or more, as many
    samples in each, and of different shapes.
    """
    if not isinstance(value, (list, tuple)) or not all(hasattr(item, "shape") for item in value):
        return False
    if count:
        return len(value) == count > 1
    shapes = {tuple(item.shape) for item in value}
    return 1 < len(shapes) == len(value) <= 8 and len({s[:1] for s in shapes}) == 1 and min(map(len, shapes)) > 1


def read_arrays(value: Any, names: list[str], called: str) -> list[Array]:
    """Read one or several inputs or targets.

    Args:
        value: an array; a list with one array for each of `names`; or a dict by name.
        names: of the model's inputs or outputs; empty where there is no model.
        called: the user's own name for it.
    """
    if value is None:
        return []
    if isinstance(value, Mapping):
        known = [name for name in names if name in value] or list(value)
        return [read_array(value[name], f"{called}[{name!r}]") for name in known]
    if is_several(value, len(names)):
        return [read_array(item, f"{called}[{index}]") for index, item in enumerate(value)]
    return [read_array(value, called)]


def keras_module() -> Any:
    """The Keras that a model came from; None where none is imported."""
    return sys.modules.get("keras")
