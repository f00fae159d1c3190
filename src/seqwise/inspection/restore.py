"""Running a data source's own code once more than its owner asked for, without a trace.

Whatever that code can reach and change in Python (attributes, containers, closures, the globals that it names, random
number generators, positions in files) is remembered beforehand and put back afterwards. What it changes elsewhere
(files that it writes, a database) is beyond this module.
"""

from __future__ import annotations

import contextlib
import functools
import io
import mmap
import random
import sys
import types
import warnings
from collections import deque
from collections.abc import Callable, Generator
from typing import Any

import numpy as np

from seqwise.inspection.frameworks import is_library
from seqwise.inspection.graph import is_dict

MANY_ENTRIES = 1000  # a longer container holds data: it is put back, its entries are not looked into
LARGE_ARRAY = 1_000_000  # values; a larger array is made read-only for the time instead of being copied
MOST_OBJECTS = 200_000
TENSORFLOW_STATE = "tensorflow.python.eager.context"
PLAIN = (
    type(None), bool, int, float, complex, str, bytes, range, slice, np.generic, np.dtype, types.CodeType,
    types.ModuleType, types.GetSetDescriptorType, types.MemberDescriptorType,
)  # fmt: skip
REFERS: dict[type, tuple[str, ...]] = {
    types.MethodType: ("__self__", "__func__"), types.BuiltinMethodType: ("__self__",), property: ("fget",),
    staticmethod: ("__func__",), classmethod: ("__func__",), functools.partial: ("func", "args", "keywords"),
}  # fmt: skip


class CannotRestoreError(Exception):
    """The code depends on something that cannot be put back; the text says on what."""


@contextlib.contextmanager
def left_as_found(*sources: Any) -> Generator[None, None, None]:
    """Run a block and restore what the code behind `sources` (objects, functions) may have changed in it.

    The global generators of Python, NumPy, PyTorch, TensorFlow and Keras are restored, too. Warnings are silenced.

    Raises:
        CannotRestoreError: before the block has run, where it depends on what can be read only once (an iterator, a
            pipe), or on more objects than can be followed.
    """
    memory = _Memory()
    memory.remember(*_global_generators(), *sources)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for restore in reversed(memory.restores):
            restore()


def _global_generators() -> list[Any]:
    states: list[Any] = [random.getstate.__self__, np.random.get_state.__self__]  # type: ignore[attr-defined]
    loaded: dict[str, Any] = {name: sys.modules.get(name) for name in ("torch", "keras", TENSORFLOW_STATE)}
    if loaded["torch"] is not None:
        states += [loaded["torch"].default_generator, loaded["torch"].cuda.default_generators]
    if loaded[TENSORFLOW_STATE] is not None:
        states.append(getattr(loaded[TENSORFLOW_STATE].context(), "_rng", None))
    if loaded["keras"] is not None:
        states.append(loaded["keras"].src.backend.common.global_state.GLOBAL_STATE_TRACKER)
    return states


class _Memory:
    """What was reached, and how each of it is put back (`restores`, in the order of reaching)."""

    def __init__(self) -> None:
        self.restores: list[Callable[[], Any]] = []
        self._reached: dict[int, Any] = {}  # by id; the objects themselves keep the ids from being used again

    def remember(self, *objects: Any) -> None:
        """Remember the state of the objects, and of all that they refer to."""
        waiting = list(objects)
        while waiting:
            value = waiting.pop()
            if isinstance(value, PLAIN) or id(value) in self._reached:
                continue
            if len(self._reached) == MOST_OBJECTS:
                raise CannotRestoreError("more objects than can be followed")
            self._reached[id(value)] = value
            waiting += self._state_of(value)

    def _state_of(self, value: Any) -> list[Any]:
        """Remember one object; returns what it refers to."""
        kind = value.__class__
        root = kind.__module__.partition(".")[0]
        if issubclass(kind, type):
            return self._class(value)
        if issubclass(kind, random.Random):
            with contextlib.suppress(NotImplementedError):  # SystemRandom has no state
                self._later(value.setstate, value.getstate())
        elif issubclass(kind, np.random.RandomState) or (root == "torch" and hasattr(value, "set_state")):
            self._later(value.set_state, value.get_state())
        elif issubclass(kind, np.random.Generator):
            return [value.bit_generator]
        elif issubclass(kind, np.random.BitGenerator):
            self._later(setattr, value, "state", value.state)
        elif issubclass(kind, np.ndarray):
            return self._array(value)
        elif root == "torch" and hasattr(value, "data_ptr"):
            self._tensor(value)
        elif hasattr(kind, "read_value") and hasattr(kind, "assign"):  # a variable of TensorFlow
            self._later(value.assign, value.numpy())
        elif issubclass(kind, (io.IOBase, mmap.mmap)):
            self._file(value)
        elif issubclass(kind, (dict, list, deque, set)):
            return self._container(value) + self._object(value)
        elif issubclass(kind, (tuple, frozenset)):
            return [] if len(value) > MANY_ENTRIES else list(value)
        elif issubclass(kind, types.CellType):
            return self._cell(value)
        elif issubclass(kind, types.FunctionType):
            return self._function(value)
        elif hasattr(kind, "__next__") and not hasattr(value, "__dict__"):
            raise CannotRestoreError(f"a {kind.__name__}, which can be read only once")
        else:
            return self._object(value)
        return []

    def _later(self, restore: Callable[..., Any], *args: Any) -> None:
        self.restores.append(functools.partial(restore, *args))

    def _array(self, array: np.ndarray) -> list[Any]:
        if not array.flags.writeable:
            return []
        if array.dtype.hasobject or array.size <= LARGE_ARRAY:
            self._later(np.copyto, array, array.copy())
            return list(array.flat) if array.dtype.hasobject and array.size <= MANY_ENTRIES else []
        array.flags.writeable = False
        unlock = functools.partial(setattr, array.flags, "writeable", True)
        self.restores.insert(0 if array.base is not None else len(self.restores), unlock)  # a view after its base
        return []

    def _tensor(self, tensor: Any) -> None:
        if tensor.numel() > LARGE_ARRAY or tensor.is_meta or tensor.is_sparse:
            return
        before = tensor.detach().clone()

        def restore() -> None:
            if not tensor.equal(before):  # BatchNorm changes its buffers without counting it as a change
                tensor.data.copy_(before)

        self.restores.append(restore)

    def _file(self, file: Any) -> None:
        if isinstance(file, io.IOBase) and (file.closed or not file.readable()):
            return
        if isinstance(file, io.IOBase) and not file.seekable():
            raise CannotRestoreError("a file that can be read only once")
        self._later(file.seek, file.tell())

    def _container(self, value: Any) -> list[Any]:
        keyed = issubclass(type(value), dict)

        def entries() -> list[Any]:
            return [*value, *value.values()] if keyed else [*value]

        before, contents = entries(), dict[Any, Any](value) if keyed else list[Any](value)

        def restore() -> None:
            now = entries()
            if len(now) != len(before) or any(a is not b for a, b in zip(now, before, strict=True)):
                value.clear()
                (value.update if hasattr(value, "update") else value.extend)(contents)

        self.restores.append(restore)
        parts = list[Any](value.values()) if keyed else before
        return [] if len(parts) > MANY_ENTRIES else parts

    def _cell(self, cell: types.CellType) -> list[Any]:
        try:
            content = cell.cell_contents
        except ValueError:  # empty
            return []
        self._later(setattr, cell, "cell_contents", content)
        return [content]

    def _function(self, function: types.FunctionType) -> list[Any]:
        parts = [*(function.__closure__ or ()), function.__defaults__, function.__kwdefaults__, vars(function)]
        if _of_a_library(function.__globals__.get("__name__")):
            return parts
        names = _names_in(function.__code__)
        modules = [value for value in map(function.__globals__.get, names) if isinstance(value, types.ModuleType)]
        own = [vars(module) for module in modules if not _of_a_library(module.__name__)]
        for space in (function.__globals__, *own):
            for name in names & set(space):
                self._later(space.__setitem__, name, space[name])
                parts.append(space[name])
        return parts

    def _class(self, value: type) -> list[Any]:
        if _of_a_library(value.__module__):
            return []
        own = {name: part for name, part in vars(value).items() if not isinstance(part, types.GetSetDescriptorType)}

        def restore() -> None:
            for name in set(vars(value)) - set(own):
                if not name.startswith("__"):
                    delattr(value, name)
            for name, part in own.items():
                if vars(value).get(name) is not part:
                    setattr(value, name, part)

        self.restores.append(restore)
        return [*own.values(), *value.__bases__]

    def _object(self, value: Any) -> list[Any]:
        kind = value.__class__
        names = [name for known, names in REFERS.items() if issubclass(kind, known) for name in names]
        parts: list[Any] = [getattr(value, name) for name in names]
        own: Any = getattr(value, "__dict__", None)
        if is_dict(own) and id(own) not in self._reached:
            self._reached[id(own)] = own
            parts += self._container(own)
        if _of_a_library(kind.__module__):  # whose counters are none of the user's state
            return [part for part in parts if not hasattr(part.__class__, "__next__")]
        for name in {slot for base in kind.__mro__ for slot in getattr(base, "__slots__", ())}:
            if not name.startswith("__") and hasattr(value, name):
                self._later(setattr, value, name, getattr(value, name))
                parts.append(getattr(value, name))
        return [*parts, kind]


def _names_in(code: types.CodeType) -> set[str]:
    """Names of globals and attributes in a function, and in the functions inside it."""
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return set(code.co_names).union(*map(_names_in, inner))


@functools.cache
def _of_a_library(module: str | None) -> bool:
    """Tell whether a module is part of Python or of an installed package, and not the user's own."""
    root = (module or "").partition(".")[0]
    if root in sys.stdlib_module_names or root == "builtins":
        return root != "__main__"
    file = getattr(sys.modules.get(root), "__file__", None) or ""
    return is_library(file)
