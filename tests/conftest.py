"""What every folder of tests shares."""

import os
from pathlib import Path

import pytest

# Keras writes "tensorflow" into its own settings where that is installed; the tests that mean another backend say so
os.environ.setdefault("KERAS_BACKEND", "jax")
# the children of tests import us anew each time: compiled once, whatever the surroundings say
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# two workers share the cores: PyTorch's and OpenBLAS's threads would only spin against each other
for library in ("OMP", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
# most of the time goes into XLA's compilation of tiny networks: quicker by half, and kept for tests of the same shapes
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / "build/jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# files of few and long tests begin first: at the end no worker waits for the other
LONG = (
    "test_other_backends", "test_backends", "test_keras_own_tests", "test_web_predictions", "test_readme",
    "test_examples", "test_translator", "test_translation_network", "test_step_batches", "test_sequence_invariance",
    "test_backend", "test_tensorflow", "test_onnx",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.stem, len(LONG)))


SHARED_DATA = Path(__file__).parent / "../../shared/data"


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets beside the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data sets are not here: ../shared/data, from the project's root, is absent")
    return SHARED_DATA.resolve()
