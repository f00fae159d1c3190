"""What every folder of tests shares."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).parent / "../../shared/data"


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets beside the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data sets are not here: ../shared/data, from the project's root, is absent")
    return SHARED_DATA.resolve()
