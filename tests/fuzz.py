"""How much a test tries: little in `make test`, SEQWISE_LONGER times as much in `make fuzz` and `make soak`; with
SEQWISE_MINUTES each reader of files is given damaged ones for so long."""

import os
import time
from collections.abc import Callable

from hypothesis import HealthCheck, settings

LONGER = int(os.environ.get("SEQWISE_LONGER", "1"))
MINUTES = float(os.environ.get("SEQWISE_MINUTES", "0"))


def examples(number: int) -> settings:
    """The settings of a property test: in `make test` the same examples each time."""
    return settings(
        max_examples=number * LONGER,
        deadline=None,
        derandomize=LONGER == 1 and not MINUTES,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def for_minutes(test: Callable[[], None]) -> None:
    """Run a property test once; with SEQWISE_MINUTES again and again for so long, with other examples each time."""
    end = time.monotonic() + 60 * MINUTES
    test()
    while time.monotonic() < end:
        test()
