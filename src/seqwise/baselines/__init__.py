"""Baselines: simple learners that a model is compared with on the same samples."""

from seqwise.baselines.protocol import Baseline, Problem
from seqwise.baselines.sequences import load_baselines, save_baselines, unfitted_baselines

__all__ = ["Baseline", "Problem", "load_baselines", "save_baselines", "unfitted_baselines"]
