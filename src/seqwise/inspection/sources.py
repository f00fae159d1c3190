"""Data sources that hand out batches (`tf.data`, PyTorch, Keras, generators, windows): a look at the first few.

A source is left as it was found: its next batches, their order and its random numbers are those of a source that was
never looked at. Where that cannot be had, nothing is taken from it, and the reason is given. No framework is imported
here: who has a source has imported its framework.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqwise.inspection.data import SAMPLE, Sampled, as_numpy, is_array, is_mapping, is_windows
from seqwise.inspection.graph import is_sequence
from seqwise.inspection.restore import CannotRestoreError, left_as_found

ENOUGH_BATCHES, ENOUGH_SAMPLES, ENOUGH_BYTES = 8, 256, 64_000_000
COPIED_BYTES = 128_000_000  # what a tf.data.Dataset may hold in memory to be copied, which takes about a second
ONLY_ONCE, UNTOUCHED = "can be read only once", "so nothing was taken from it"
TAKES_ALL = ("SequentialSampler", "RandomSampler")
# iterators whose copies are independent of them
COPIED_ITERATORS = tuple(type(iter(data)) for data in (list[int](), (), range(0), "", dict[str, int](), set[int]()))
# steps of a tf.data.Dataset that leave its elements as they are; what they keep or move is shared with copies of it
ORDERING = re.compile(r"_?(Parallel)?(Shuffle|Cache|Prefetch|Snapshot|Save)")
BATCHING = re.compile(r"_?(Parallel)?(Batch|Repeat|Options)Dataset")
# operations that change what a tf.data.Dataset shares with others
STATEFUL = re.compile(
    r"Assign\w*Variable|Resource(Scatter|Apply)|^Rng|^Stateful(?!PartitionedCall)|Table(Insert|Import|Remove)|queue|"
    r"WriteFile|Write\w*Summary|^IteratorGetNext|^RandomDataset|^DataService"
)


@dataclass(frozen=True)
class Source:
    """What was seen of a data source.

    Attributes:
        kind: what it is, with its article.
        x, y: `Sampled` arrays in the structure of a batch; None where there are none.
        samples, total: how many were looked at (None for a batch whose parts disagree), and how many there are (None
            where that is not known).
        batches, all_batches: the same of its batches.
        unexamined: what could not be looked at and why, a clause that follows the source's name; empty where all could.
    """

    kind: str
    x: Any = None
    y: Any = None
    samples: int | None = None
    total: int | None = None
    batches: int = 0
    all_batches: int | None = None
    unexamined: str = ""

    def __str__(self) -> str:
        """
        >>> print(Source("a PyDataset", samples=256, batches=8, all_batches=20))
        256 samples (8 of 20 batches) of a PyDataset
        """
        if self.x is None or self.unexamined:
            return f"{self.kind}, its shapes only" if self.x is not None else f"{self.kind}, not examined"
        if self.samples is None:
            return f"the first element of {self.kind}"
        if self.total is not None:
            share = "all" if self.samples == self.total else f"{self.samples:,} of"
            return f"{share} {self.total:,} samples of {self.kind}"
        share = f" ({self.batches:,} of {self.all_batches:,} batches)" if self.all_batches is not None else ""
        return f"{self.samples:,} samples{share} of {self.kind}"


def look_at(*values: Any) -> list[Source | None]:
    """Look at the first batches of data sources; None for a value that is no source, but the data themselves.

    All are restored at the end only: two that draw from the same random numbers then show different samples.
    """
    with contextlib.ExitStack() as restoring:
        return [_look_at(value, restoring) for value in values]


def _look_at(value: Any, restoring: contextlib.ExitStack) -> Source | None:
    if is_windows(value):
        batch = value.batch(slice(0, SAMPLE))
        return _seen([batch], "a seqwise.data.Windows", samples=len(value))
    classes = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(value).__mro__}
    for mark, (kind, look) in LOOKS.items():
        if mark not in classes:
            continue
        try:
            return look(value, kind, restoring)
        except CannotRestoreError as error:
            reason = f"depends on {error}, {UNTOUCHED}"
        except Exception as error:  # whatever the source's own code raises
            reason = f"cannot make its first batch: {type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        return Source(kind, unexamined=reason)
    if hasattr(value.__class__, "__next__"):
        return Source(f"an iterator ({value.__class__.__name__})", unexamined=f"{ONLY_ONCE}, {UNTOUCHED}")
    return None


def _look_at_py_dataset(dataset: Any, kind: str, restoring: contextlib.ExitStack) -> Source:
    count = dataset.num_batches

    def batches() -> Iterator[Any]:
        dataset.on_epoch_begin()
        for index in itertools.count() if count is None else range(count):
            yield dataset[index]

    restoring.enter_context(left_as_found(dataset))
    return _seen(batches(), kind, count=count)


def _look_at_loader(loader: Any, kind: str, restoring: contextlib.ExitStack) -> Source:
    """Read the dataset, not the loader, whose workers would start; in its own order where all samples are taken."""
    dataset, collate, size, batch_sampler = loader.dataset, loader.collate_fn, loader.batch_size, loader.batch_sampler
    total: int | None = None
    if any(kind.__name__ == "IterableDataset" for kind in type(dataset).__mro__):
        rows = _groups(dataset, size)
    else:
        plain = batch_sampler is None or type(batch_sampler).__name__ == "BatchSampler"
        if plain and type(loader.sampler).__name__ in TAKES_ALL:
            places, total = _groups(range(len(dataset)), size), len(dataset) if size is not None else None
        else:
            places = loader.sampler if batch_sampler is None else batch_sampler
        rows = (dataset[at] if batch_sampler is None else [dataset[index] for index in at] for at in places)
    restoring.enter_context(left_as_found(loader, dataset, collate))
    return _seen(map(collate, rows), kind, samples=total)


def _groups(items: Iterable[Any], size: int | None) -> Iterator[Any]:
    """Yield lists of `size` items; single items where there is no size."""
    waiting = iter(items)
    if size is None:
        yield from waiting
    while group := list(itertools.islice(waiting, size)):
        yield group


def _look_at_generator(generator: Any, kind: str, restoring: contextlib.ExitStack) -> Source:
    """Read a twin, made by the same function from the same arguments: a generator can be read only once."""
    if inspect.getgeneratorstate(generator) != inspect.GEN_CREATED:
        return Source(kind, unexamined=f"has started and {ONLY_ONCE}, {UNTOUCHED}")
    code, called = generator.gi_code, inspect.getargvalues(generator.gi_frame)
    function: Any = next(part for part in gc.get_referents(generator) if getattr(part, "__code__", None) is code)
    passed: dict[str, Any] = {name: called.locals[name] for name in called.args}
    copied = {name: copy.copy(value) for name, value in passed.items() if type(value) in COPIED_ITERATORS}
    shared = [gc.get_referents(value) if name in copied else value for name, value in passed.items()]
    named = passed | copied
    args: list[Any] = [named.pop(name) for name in called.args[: code.co_argcount]]
    further: Any = called.locals[called.varargs] if called.varargs else ()
    named |= called.locals[called.keywords] if called.keywords else {}
    restoring.enter_context(left_as_found(function, shared, further, named))
    with contextlib.closing(function(*args, *further, **named)) as twin:
        return _seen(twin, kind)


def _look_at_tf_dataset(dataset: Any, kind: str, restoring: contextlib.ExitStack) -> Source:
    """Read rows that lie in memory, else a copy of the dataset: iterators move what shuffles and caches it."""
    rows, total = _rows_in_memory(dataset)
    if rows is not None:
        return _seen([rows], kind, samples=total, single=total is None)
    size = sum(_bytes_in_memory(dataset))
    if size > COPIED_BYTES:
        return _shapes_only(dataset, kind, f"has {size / 1e6:,.0f} MB in memory and would have to be copied")
    tf, count = sys.modules["tensorflow"], int(dataset.cardinality())
    graph = tf.compat.v1.GraphDef.FromString(
        tf.raw_ops.DatasetToGraphV2(input_dataset=dataset._variant_tensor, external_state_policy=1).numpy()
    )
    groups = [graph.node, *(function.node_def for function in graph.library.function)]
    operations = [operation for group in groups for operation in group]
    stateful = next((operation.op for operation in operations if STATEFUL.search(operation.op)), None)
    if stateful is not None:
        return _shapes_only(dataset, kind, f"changes what it shares with others ({stateful})")
    for group in groups:
        _take_out(group)
    functions = sys.modules["tensorflow.python.ops.script_ops"]._py_funcs
    tokens = [operation.attr["token"].s for operation in operations if operation.op.endswith("PyFunc")]
    restoring.enter_context(left_as_found(*(functions.get(token.decode()) for token in tokens)))
    twin = tf.raw_ops.DatasetFromGraph(graph_def=graph.SerializeToString())
    batches = tf.data.experimental.from_variant(twin, dataset.element_spec)
    return _seen(iter(batches), kind, count=count if count >= 0 else None)


def _rows_in_memory(dataset: Any) -> tuple[Any, int | None]:
    """Return a batch from the tensors that a dataset only orders and batches, and how many samples there are."""
    steps, root = list[str](), dataset
    while ORDERING.match(name := type(root).__name__) or BATCHING.match(name):
        steps.append(name)
        (root,) = root._inputs()
    batchings = sum("Batch" in step for step in steps)
    tensors = getattr(root, "_tensors", [])
    if name != "_TensorSliceDataset" or batchings > 1 or any(tensor.dtype.name == "variant" for tensor in tensors):
        return None, None
    rows = [tensor[:ENOUGH_SAMPLES] if batchings else tensor[0] for tensor in tensors]
    batch = sys.modules["tensorflow"].nest.pack_sequence_as(dataset.element_spec, rows)
    return batch, len(tensors[0]) if batchings else None


def _bytes_in_memory(dataset: Any) -> Iterator[int]:
    """Yield the sizes of the tensors that a dataset holds and that its functions use."""
    used = [tensor for function in dataset._functions() for tensor in function.function.captured_inputs]
    for tensor in [*getattr(dataset, "_tensors", ()), *used]:
        yield (tensor.shape.num_elements() or 0) * tensor.dtype.size
    for inner in dataset._inputs():
        yield from _bytes_in_memory(inner)


def _take_out(operations: Any) -> None:
    """Let the operations that only order a dataset be passed by, in a graph or in one of its functions."""
    before = {operation.name: operation.input[0] for operation in operations if ORDERING.match(operation.op)}
    for operation in operations:
        for index, source in enumerate(operation.input):
            while source.partition(":")[0] in before:
                source = before[source.partition(":")[0]]
            operation.input[index] = source


def _shapes_only(dataset: Any, kind: str, reason: str) -> Source:
    tf = sys.modules["tensorflow"]

    def sampled(spec: Any) -> Sampled:
        sizes = list(getattr(spec, "shape", None) or ())[1:]
        open_axes = frozenset(axis for axis, size in enumerate(sizes, 1) if size is None)
        return Sampled(None, (0, *(size or 0 for size in sizes)), open_axes)

    x, y = (tf.nest.map_structure(sampled, part) for part in _parts(dataset.element_spec))
    return Source(kind, x, y, unexamined=f"{reason}, so only its shapes were looked at")


def _seen(
    batches: Iterable[Any], kind: str, *, samples: int | None = None, count: int | None = None, single: bool = False
) -> Source:
    """Join the first batches of a source.

    Args:
        samples, count: how many samples and batches the whole source has; None where that is not known.
        single: the source is known to make no batches; otherwise a number among the targets tells it.
    """
    taken: list[list[Any]] = []  # x and y of each batch
    rows, size, complete = 0, 0, True
    for batch in batches:
        taken.append([_map_structure(_copied, part) for part in _parts(batch)])
        arrays = _leaves(taken[-1])
        rows += _common_rows(arrays) or 0
        size += sum(getattr(array, "nbytes", 0) for array in arrays)
        if len(taken) >= ENOUGH_BATCHES or rows >= ENOUGH_SAMPLES or size >= ENOUGH_BYTES:
            complete = len(taken) == count
            break
    if not taken:
        return Source(kind, unexamined="has no batch")
    leaves = [_leaves(parts) for parts in taken]
    alike = _most_alike(leaves)
    columns: Any = zip(*(leaves[index] for index in alike), strict=True)
    joined: list[Any] = [np.concatenate(column) if len(column) > 1 else column[0] for column in columns]
    rows = _common_rows(joined)
    if samples is None and complete and len(alike) == len(taken):
        samples = rows
    single = single or any(is_array(array) and array.ndim == 0 for array in joined)
    sampled = iter(
        Sampled(array, tuple(getattr(array, "shape", ())), _varying(leaves, index), samples if rows else None, single)
        for index, array in enumerate(joined)
    )
    x, y = (None if part is None else _map_structure(lambda _: next(sampled), part) for part in taken[alike[0]])
    return Source(kind, x, y, rows, samples, len(taken), count)


def _most_alike(leaves: list[list[Any]]) -> list[int]:
    """Return which batches to join: the most samples of one shape; the first alone where its parts do not agree."""
    groups: dict[Any, list[int]] = {}
    for index, arrays in enumerate(leaves):
        if _common_rows(arrays):
            groups.setdefault(tuple(array.shape[1:] for array in arrays), []).append(index)
    if not _common_rows(leaves[0]):
        return [0]
    return max(groups.values(), key=lambda group: sum(_common_rows(leaves[index]) or 0 for index in group))


def _varying(leaves: list[list[Any]], index: int) -> frozenset[int]:
    """Return the axes, but the first, whose size is not the same in all batches."""
    shapes = [np.shape(arrays[index]) for arrays in leaves if is_array(arrays[index])]
    return frozenset(axis for axis in range(1, min(map(len, shapes), default=0)) if len({s[axis] for s in shapes}) > 1)


def _parts(batch: Any) -> list[Any]:
    """Return x and y of a batch: (x,), (x, y) or (x, y, sample weights), as Keras reads it, else x alone."""
    parts = list(batch) if is_sequence(batch) and 1 <= len(batch) <= 3 else [batch]
    return [*parts, None][:2]


def _common_rows(arrays: list[Any]) -> int | None:
    """Return the number of samples that arrays have in common; None where they differ, or where there are none."""
    rows = {len(array) if is_array(array) and array.ndim else None for array in arrays}
    return rows.pop() if len(rows) == 1 else None


def _copied(leaf: Any) -> Any:
    """Return a tensor, an array or texts as an array of their own, since the source may use theirs again."""
    if is_sequence(leaf) and leaf and all(isinstance(item, str) for item in leaf):
        return np.array(leaf, dtype=object)
    array = as_numpy(leaf)
    return leaf if array is None else np.array(array)


def _leaves(parts: list[Any]) -> list[Any]:
    leaves: list[Any] = []
    for part in parts:
        if part is not None:
            _map_structure(leaves.append, part)
    return leaves


def _map_structure(change: Callable[[Any], Any], part: Any) -> Any:
    """Apply `change` to each array in lists, tuples and dicts of arrays; a list of numbers counts as an array."""
    if is_mapping(part):
        return {name: _map_structure(change, inner) for name, inner in part.items()}
    if _holds_arrays(part):
        return [_map_structure(change, inner) for inner in part]
    return change(part)


def _holds_arrays(part: Any) -> bool:
    if not is_sequence(part) or not part:
        return False
    return all(len(getattr(item, "shape", ())) > 0 or is_mapping(item) or _holds_arrays(item) for item in part)


LOOKS: dict[tuple[str, str], tuple[str, Callable[[Any, str, contextlib.ExitStack], Source]]] = {
    ("tensorflow", "DatasetV2"): ("a tf.data.Dataset", _look_at_tf_dataset),
    ("torch", "DataLoader"): ("a PyTorch DataLoader", _look_at_loader),
    ("keras", "PyDataset"): ("a PyDataset", _look_at_py_dataset),
    ("builtins", "generator"): ("a generator", _look_at_generator),
}
