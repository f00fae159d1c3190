"""Baselines: simple learners that a model is compared with on the same samples."""

from seqwise.baselines.protocol import Baseline
from seqwise.baselines.saved import load_baselines, save_baselines

__all__ = ["Baseline", "load_baselines", "save_baselines"]
