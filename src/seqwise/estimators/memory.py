"""Whether a network fits in the machine's memory, before it is built."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from seqwise.errors import SettingError

COPIES = 4  # of each weight in training: itself, its gradient and what most optimizers keep
BYTES = 4  # float32
CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def lstm_weights(features: int, units: Sequence[int], bidirectional: bool) -> int:
    """Return the weights of stacked LSTM layers: 4·units·(inputs + units + 1) in each direction."""
    weights, directions = 0, 2 if bidirectional else 1
    for width in map(int, units):
        weights += directions * 4 * width * (features + width + 1)
        features = directions * width
    return weights


def check_memory(weights: int, settings: str) -> None:
    """Raise `SettingError` for a network whose training would not fit in the machine's memory.

    Args:
        settings: those that make it as large, as in ``"units=(64,)"``.
    """
    memory, needed = machine_memory(), weights * COPIES * BYTES
    if memory is not None and needed > memory:
        raise SettingError(
            f"{settings} would make a network of {weights:,} weights. Training takes {needed / 1e9:,.1f} GB, and this "
            f"machine has {memory / 1e9:,.1f} GB. Choose smaller ones."
        )


def machine_memory() -> int | None:
    """Return the bytes that this machine, or this process's control group, has; None where neither says so."""
    limits: list[int] = []
    with contextlib.suppress(ValueError, OSError, AttributeError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in CGROUPS:
        with contextlib.suppress(ValueError, OSError):  # "max": no limit
            limits.append(int(Path(path).read_text(encoding="ascii")))
    return min(limits, default=None)
