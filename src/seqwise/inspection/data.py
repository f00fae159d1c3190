"""Whatever a user has (array, nested list, table, tensor of any backend) as one kind of array for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeGuard

import numpy as np

from seqwise.inspection.graph import is_sequence

SAMPLE = 2000  # samples that a rule looks at where it need not see all
FULL_SCAN = 50_000_000  # values up to which every one is looked at
# what arrays hold that are not numbers, by NumPy's letter of their dtype
KINDS = {**dict.fromkeys("SUT", "text"), **dict.fromkeys("mM", "dates"), "c": "unknown"}
TABLES = ("pandas", "polars", "pyarrow", "modin", "cudf")


@dataclass(frozen=True)
class Sampled:
    """The samples of a data source that were looked at, of one input or target.

    Attributes:
        values: an array; None where only the shape is known.
        shape: of the values; 0 samples where there are none.
        varying: axes whose size differs from batch to batch.
        total: samples of the whole source; None where that is not known.
        single: the source hands out samples by themselves, not in batches; this is the first.
    """

    values: Any
    shape: tuple[int, ...]
    varying: frozenset[int] = frozenset()
    total: int | None = None
    single: bool = False


@dataclass(frozen=True)
class Array:
    """One input or target, taken without copying where that can be.

    Attributes:
        name: what it is called in a fix.
        kind: ``"array"``, ``"table"``, ``"list"`` (regular, but a list), ``"objects"`` (numbers as Python objects),
            ``"ragged"``, ``"text"``, ``"dates"``, ``"windows"``, ``"shape"`` (nothing else is known) or ``"unknown"``.
        values: numbers or booleans, in the user's own shape; None where there are none.
        shape: of `values`; for ragged data (samples,).
        columns: names, for a table.
        lengths: timesteps of each sequence, for ragged data.
        inner: shape of one timestep, for ragged data.
        original: the user's object.
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

    @property
    def sizes(self) -> tuple[int | None, ...]:
        """The shape of the whole of it; None for a size that differs among sequences or batches, or is not known."""
        if self.kind == "ragged":
            return (*self.shape, None, *self.inner)
        if not isinstance(self.original, Sampled) or self.single:
            return self.shape
        varying = self.original.varying
        inner = [None if axis in varying else size for axis, size in enumerate(self.shape)][1:]
        return (self.original.total, *inner) if self.shape else ()

    @property
    def partial(self) -> bool:
        """Whether a source has more samples than these."""
        return isinstance(self.original, Sampled) and self.original.total != self.samples

    @property
    def single(self) -> bool:
        """Whether this is one sample of a source that does not make batches."""
        return isinstance(self.original, Sampled) and self.original.single

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
    if isinstance(value, Sampled):
        if value.values is None:
            return Array(name, "shape", None, value.shape, original=value)
        return replace(read_array(value.values, name), original=value)
    if is_windows(value):
        return Array(name, "windows", None, (len(value), value.window, value.values.shape[1]), original=value)
    if is_series(value):
        return Array(name, "table", value.values, value.values.shape, tuple(value.columns), original=value)
    if root_module(value) in TABLES:
        return _read_table(value, name)
    if type(value).__name__ == "RaggedTensor":
        return _ragged(value.to_list(), name, value)
    if is_sequence(value):
        return _read_list(value, name)
    array = as_numpy(value)
    if array is None:
        return Array(name, "unknown", None, _shape(value), original=value)
    return _from_numpy(array, name, value)


def is_array(value: Any) -> TypeGuard[np.ndarray]:
    return isinstance(value, np.ndarray)


def is_mapping(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def root_module(value: Any) -> str:
    """The package that an object's class comes from."""
    return type(value).__module__.partition(".")[0]


def as_numpy(value: Any) -> np.ndarray | None:
    """Return an array, a tensor of any backend, or a number as a NumPy array; None for anything else."""
    value = value.values if isinstance(value, Sampled) else value
    root = root_module(value)
    if root == "torch" and hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        value = value.numpy()
    elif root == "tensorflow" and hasattr(value, "numpy"):
        value = value.numpy()
    elif root == "scipy" and hasattr(value, "toarray"):
        value = value.toarray()
    elif not hasattr(value, "__array__") and not isinstance(value, (int, float)):
        return None
    return np.asarray(value)


def is_windows(value: Any) -> bool:
    """Tell whether this is a `seqwise.data.Windows`."""
    return all(hasattr(value, name) for name in ("values", "window", "horizon", "targets", "gather"))


def is_series(value: Any) -> bool:
    """Tell whether this is a `seqwise.data` series: a table with a time index."""
    return all(hasattr(value, name) for name in ("values", "columns", "targets", "time_index"))


def _shape(value: Any) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in value.shape)
    except (AttributeError, TypeError):
        return ()


def _from_numpy(array: np.ndarray, name: str, original: Any) -> Array:
    if array.dtype.kind == "O":
        return _read_objects(array, name, original)
    kind = KINDS.get(array.dtype.kind, "array")
    if kind != "array":
        return Array(name, kind, None, array.shape, original=original)
    if array.dtype.names is not None:  # a structured array: its fields may be anything
        return Array(name, "unknown", None, array.shape, original=original)
    if array.dtype.kind not in "fiub":  # ml_dtypes: bfloat16, float8
        array = array.astype(np.float32)
    return Array(name, "array", array if array.size else None, array.shape, original=original)


def _read_objects(array: np.ndarray, name: str, original: Any) -> Array:
    first = next((item for item in array.flat if item is not None), None)
    if isinstance(first, (str, bytes)):
        return Array(name, "text", None, array.shape, original=original)
    if array.ndim == 1 and first is not None and np.ndim(first) > 0:
        return _ragged(list(array), name, original)
    try:
        return Array(name, "objects", array.astype(np.float64), array.shape, original=original)
    except (TypeError, ValueError):
        return Array(name, "text", None, array.shape, original=original)


def _read_list(value: list[Any] | tuple[Any, ...], name: str) -> Array:
    items: list[Any] = [as_numpy(item) if hasattr(item, "shape") else item for item in value]
    try:
        array = np.asarray(items)
    except ValueError:
        return _ragged(items, name, value)
    regular = _from_numpy(array, name, value)
    return replace(regular, kind="list") if regular.kind in ("array", "objects") else regular


def _ragged(items: list[Any], name: str, original: Any) -> Array:
    """Sequences of unequal lengths; where it is an inner axis that differs, the lengths are those of the sequences."""
    lengths: list[int] = []
    inner: tuple[int, ...] | None = None
    for item in items:
        try:
            shape = np.shape(item)
        except ValueError:
            shape = (len(item),)
        lengths.append(shape[0] if shape else 0)
        inner = shape[1:] if inner is None or inner == shape[1:] else ()
    words = next((word for item in items if np.size(item[:1]) for word in item[:1]), None) if items else None
    kind = "text" if isinstance(words, (str, bytes)) else "ragged"
    return Array(name, kind, None, (len(items),), lengths=tuple(lengths), inner=inner or (), original=original)


def _read_table(value: Any, name: str) -> Array:
    import narwhals as nw

    frame: Any = nw.from_native(value, allow_series=True, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, (nw.DataFrame, nw.Series)):
        return Array(name, "unknown", None, _shape(value), original=value)
    columns = tuple(map(str, frame.columns)) if isinstance(frame, nw.DataFrame) else ()
    table = _from_numpy(np.asarray(frame.to_numpy()), name, value)
    kind = "table" if table.kind in ("array", "objects") else table.kind
    return replace(table, kind=kind, columns=columns)


def is_several(value: Any, count: int) -> bool:
    """Tell whether `value` is a list of `count` inputs or targets rather than one nested list.

    With a `count` of 0 (nothing is known of the model) it is where it holds 2 to 8 arrays of two axes or more, as many
    samples in each, and of different shapes.
    """
    if not is_sequence(value) or not all(hasattr(item, "shape") for item in value):
        return False
    if count:
        return len(value) == count > 1
    shapes: set[tuple[int, ...]] = {tuple(item.shape) for item in value}
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
    if is_mapping(value):
        known = [name for name in names if name in value] or list(value)
        return [read_array(value[name], f"{called}[{name!r}]") for name in known]
    if is_several(value, len(names)):
        return [read_array(item, f"{called}[{index}]") for index, item in enumerate(value)]
    return [read_array(value, called)]
