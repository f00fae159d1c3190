"""What every folder of tests shares."""

import os
from pathlib import Path

import pytest

# Keras writes "tensorflow" into its own settings where that is installed; the tests that mean another backend say so
os.environ.setdefault("KERAS_BACKEND", "jax")
# two workers share the cores: PyTorch's and OpenBLAS's threads would only spin against each other
for library in ("OMP", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

SHARED_DATA = Path(__file__).parent / "../../shared/data"


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets beside the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data sets are not here: ../shared/data, from the project's root, is absent")
    return SHARED_DATA.resolve()
