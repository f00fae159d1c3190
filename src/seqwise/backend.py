"""Keras's backend and its arrays; and imports that do not load modules nobody uses."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import os
import platform
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from seqwise.errors import SeqwiseError, SettingError, shortened

if TYPE_CHECKING:
    import jax
    import numpy as np

Array: TypeAlias = "np.ndarray | jax.Array"

# Keras imports these for its image gallery, scikit-learn for a rarely used distribution: a third of their import time
DEFERRED = ("matplotlib.pyplot", "scipy.stats")


# Keras's models are not made for several threads: one at a time trains or builds, and one at a time predicts
TRAINING_LOCK, PREDICTING_LOCK = threading.RLock(), threading.RLock()
VARIABLES = ("JAX_", "XLA_", "KERAS_", "MPL", "TF_")  # of the environment, that Keras and what it imports read
BACKENDS = ("jax", "tensorflow", "torch", "numpy")  # of Keras; the last predicts alone


class _DeferredModule(ModuleType):
    """A placeholder for a module, which is imported when an attribute is first used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system's own look-ups must not load the module
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def deferred_imports(names: tuple[str, ...] = DEFERRED) -> Iterator[None]:
    """Defer the import of modules that a library imports but hardly uses until their first use."""
    # only modules that are installed and not yet imported; afterwards a plain import works as usual
    placeholders = {
        name: _DeferredModule(name)
        for name in names
        if name not in sys.modules and importlib.util.find_spec(name.partition(".")[0])
    }
    sys.modules.update(placeholders)
    try:
        yield
    finally:
        for name, module in placeholders.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


def import_keras() -> ModuleType:
    """Import Keras 3, with JAX unless ``KERAS_BACKEND`` or an already imported Keras says otherwise.

    With JAX, compiled programs are kept on disk between runs (JAX's persistent compilation cache, in the
    user's cache folder) unless ``JAX_COMPILATION_CACHE_DIR`` names another place.

    Raises:
        SettingError: an environment variable keeps Keras from being imported, or JAX from running; names it.
    """
    if "keras" in sys.modules:
        keras = sys.modules["keras"]
    else:
        # keras.json is not the user's choice: Keras itself writes "tensorflow" there
        _check_backend(os.environ.setdefault("KERAS_BACKEND", "jax"))
        with _naming_variables():
            with deferred_imports():
                keras = importlib.import_module("keras")
            if keras.backend.backend() == "jax":
                _keep_compiled_programs()
    _leave_tensorflow_alone()
    return keras


_started_in: int | None = None  # the process in which a model was first run


def check_process() -> None:
    """Raise `SeqwiseError` in a process that was forked after JAX or TensorFlow had started: there they would hang."""
    global _started_in
    if _started_in is None:
        _started_in = os.getpid()
    elif _started_in != os.getpid() and import_keras().backend.backend() in ("jax", "tensorflow"):
        raise SeqwiseError(
            "This process was forked from one in which Keras had run a model already: the threads of JAX and "
            "TensorFlow are missing here, and it would wait for ever. Start processes afresh: "
            "multiprocessing.get_context('spawn'), or joblib's 'loky'. Or predict with NumPy alone: "
            "sw.load(run, backend='numpy')."
        )


def _check_backend(name: str) -> None:
    """Raise `SettingError` for a Keras backend that Seqwise does not run on, or that is not installed."""
    if name not in BACKENDS:
        raise SettingError(f"KERAS_BACKEND={name}: Seqwise runs on {', '.join(BACKENDS)}. Set it to one: jax.")
    if importlib.util.find_spec(name) is None:
        raise SettingError(f"KERAS_BACKEND={name}, but {name} is not installed: pip install 'seqwise[{name}]'.")


@contextlib.contextmanager
def _naming_variables() -> Iterator[None]:
    """Raise `SettingError` in place of a library's error that comes from an environment variable."""
    try:
        yield
    except Exception as error:
        said = (str(error).splitlines() or [""])[0]
        for name, value in os.environ.items():
            if name.startswith(VARIABLES) and (name in str(error) or (value and repr(value) in said)):
                raise SettingError(
                    f"The environment variable {name}={value} is wrong: {shortened(said.rstrip('.'), 300)}. Correct "
                    f"it, or leave it out: unset {name}."
                ) from error
        raise


class _ImportedTensorFlow:
    """Replaces Keras's lazy TensorFlow module: it is available only where something else has imported TensorFlow."""

    def __init__(self, module: Any) -> None:
        self._module = module

    @property
    def available(self) -> bool:
        return "tensorflow" in sys.modules and self._module.available

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _leave_tensorflow_alone() -> None:
    # whenever Keras serializes an object, it imports TensorFlow to see whether the object is one of TensorFlow's types
    # (seconds and 500 MB); no such object exists before TensorFlow is imported
    from keras.src.saving import serialization_lib

    tensorflow = getattr(serialization_lib, "tf", None)
    if tensorflow is not None and not isinstance(tensorflow, _ImportedTensorFlow):
        setattr(serialization_lib, "tf", _ImportedTensorFlow(tensorflow))  # noqa: B010 (not a public name)


def namespace(array: Array) -> ModuleType:
    """Return the module whose functions take `array`: NumPy or jax.numpy (the array API standard's way to ask)."""
    return array.__array_namespace__()


def _keep_compiled_programs() -> None:
    import jax

    if os.environ.get("JAX_PLATFORMS"):  # a name that JAX does not know would be found at the first array
        jax.devices()
    if getattr(jax.config, "jax_compilation_cache_dir"):  # noqa: B009 (a setting that jax adds at run time)
        return
    machine = hashlib.sha256((platform.machine() + _cpu_flags()).encode()).hexdigest()[:12]
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if not os.path.isabs(caches):  # nobody's home: a user without a name, as in a container
        return
    cache = Path(caches) / "seqwise" / f"xla-{machine}"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written; JAX would warn of each program
        return
    jax.config.update("jax_compilation_cache_dir", str(cache))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _cpu_flags() -> str:
    # a home folder may be shared by machines with different processors; compiled programs may not
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
