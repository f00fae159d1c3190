"""The baselines of a run folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from seqwise.baselines.constant import Constant
from seqwise.baselines.linear import LinearBaseline
from seqwise.baselines.nearest import NearestNeighbour
from seqwise.baselines.protocol import Baseline
from seqwise.baselines.random_kernels import RandomKernels
from seqwise.baselines.steps import TokenBaseline
from seqwise.baselines.word_pairs import WordPairs

# by their name in a run folder
KINDS: dict[str, type[Baseline]] = {
    cls.kind: cls for cls in (Constant, LinearBaseline, NearestNeighbour, RandomKernels, TokenBaseline, WordPairs)
}


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
    baselines = {}
    for name, plain in saved.items():
        own = {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}
        baselines[name] = KINDS[plain["kind"]].load(plain, own)
    return baselines
