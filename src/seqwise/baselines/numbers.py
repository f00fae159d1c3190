"""The baselines of sequences of numbers, beside the linear one: those that so much data allow."""

from __future__ import annotations

from seqwise.baselines.nearest import NearestNeighbour, warps_in_time
from seqwise.baselines.protocol import Baseline
from seqwise.baselines.random_kernels import RandomKernels, convolves
from seqwise.data import Sequences


def of_numbers(sequences: Sequences, classes: int = 0) -> dict[str, Baseline]:
    """Return unfitted baselines by their keys among the scores: ``"nearest"``, ``"warped"`` and ``"kernels"``.

    Args:
        sequences: that they will be fitted on. classes: their number; 0 for labels and numbers.
    """
    baselines: dict[str, Baseline] = {"nearest": NearestNeighbour(False, classes)}
    if warps_in_time(sequences):
        baselines["warped"] = NearestNeighbour(True, classes)
    if convolves(sequences):
        baselines["kernels"] = RandomKernels(classes)
    return baselines
