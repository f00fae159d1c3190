"""How much a test tries: little in `make test`, SEQWISE_LONGER times as much in `make fuzz` and `make soak`."""

import os

from hypothesis import HealthCheck, settings

LONGER = int(os.environ.get("SEQWISE_LONGER", "1"))


def examples(number: int) -> settings:
    """The settings of a property test: in `make test` the same examples each time."""
    return settings(
        max_examples=number * LONGER,
        deadline=None,
        derandomize=LONGER == 1,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
