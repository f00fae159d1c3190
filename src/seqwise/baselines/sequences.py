"""The baselines of sequences: which there are, which suit a problem, and how a run folder keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from seqwise.baselines.constant import Constant
from seqwise.baselines.linear import LinearBaseline
from seqwise.baselines.nearest import NearestNeighbour
from seqwise.baselines.protocol import Baseline, Problem
from seqwise.baselines.random_kernels import RandomKernels
from seqwise.baselines.steps import TokenBaseline
from seqwise.baselines.word_pairs import WordPairs

BASELINES: tuple[type[Baseline], ...] = (  # as a table lists them
    LinearBaseline, TokenBaseline, WordPairs, NearestNeighbour, RandomKernels, Constant
)  # fmt: skip


def unfitted_baselines(problem: Problem) -> dict[str, Baseline]:
    """Return the baselines that suit a problem, by their keys among the scores."""
    return {key: baseline for kind in BASELINES for key, baseline in kind.candidates(problem).items()}


def save_baselines(
    path: Path, baselines: Mapping[str, Baseline], beside: Mapping[str, np.ndarray] | None = None
) -> dict[str, Any]:
    """Write the arrays of baselines to one file, with others `beside` them; return the rest, as JSON."""
    described, arrays = {}, dict(beside or {})
    for name, baseline in baselines.items():
        plain, own = baseline.save()
        described[name] = {"kind": baseline.kind} | plain
        arrays |= {f"{name}.{key}": np.ascontiguousarray(array) for key, array in own.items()}
    save_file(arrays, path)
    return described


def load_baselines(arrays: Mapping[str, np.ndarray], saved: Mapping[str, Any]) -> dict[str, Baseline]:
    """Undo `save_baselines`; `arrays`: those of its file."""
    kinds = {baseline.kind: baseline for baseline in BASELINES}
    baselines = {}
    for name, plain in saved.items():
        own = {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}
        baselines[name] = kinds[plain["kind"]].load(plain, own)
    return baselines
