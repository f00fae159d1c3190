"""Baselines: simple learners that a model is compared with on the same samples."""

from seqwise.baselines.protocol import Baseline, Problem, Samples
from seqwise.baselines.sequences import load_baselines, save_baselines, unfitted_baselines

__all__ = ["Baseline", "Problem", "Samples", "load_baselines", "save_baselines", "unfitted_baselines"]
