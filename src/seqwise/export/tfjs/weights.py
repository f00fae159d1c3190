"""The weights of a TensorFlow.js model: a manifest and shards of 4 MB, quantized by TensorFlow.js's own scheme."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seqwise.errors import check_choice

MODEL_JSON = "model.json"  # holds the manifest
SHARD = 4 * 2**20  # bytes
QUANTIZATIONS = (None, "uint8", "uint16", "float16")


def check_quantization(quantization: str | None) -> None:
    """Raise `SettingError` for a quantization that TensorFlow.js does not know."""
    check_choice("quantization", quantization, QUANTIZATIONS)


def quantized(array: np.ndarray, quantization: str | None) -> tuple[np.ndarray, dict[str, Any]]:
    """Return an array as it is stored, and what TensorFlow.js needs to restore it.

    Args:
        array: float32.
        quantization: ``"float16"`` halves the size; ``"uint16"`` and ``"uint8"`` store whole steps between the least
            and the greatest value, of which 0 is one (TensorFlow.js's ``value × scale + min``).
    """
    if quantization is None or array.size == 0:
        return array.astype("<f4"), {}
    if quantization == "float16":
        limit = np.finfo(np.float16).max
        stored = np.clip(array, -limit, limit).astype("<f2")
        return stored, {"quantization": {"dtype": "float16", "original_dtype": "float32"}}
    steps = {"uint8": 2**8 - 1, "uint16": 2**16 - 1}[quantization]
    low, high = min(float(array.min()), 0.0), max(float(array.max()), 0.0)
    scale = (high - low) / steps or 1.0
    low = round(low / scale) * scale  # a whole number of steps below 0
    stored = np.clip(np.round((array.astype(np.float64) - low) / scale), 0, steps)
    stored = stored.astype("<u1" if quantization == "uint8" else "<u2")
    spec = {"dtype": quantization, "min": low, "scale": scale, "original_dtype": "float32"}
    return stored, {"quantization": spec}


def restored(stored: np.ndarray, spec: dict[str, Any]) -> np.ndarray:
    """Return what TensorFlow.js makes of a stored array, float32."""
    quantization = spec.get("quantization", {})
    if "scale" in quantization:
        return (stored.astype(np.float64) * quantization["scale"] + quantization["min"]).astype(np.float32)
    return stored.astype(np.float32)


def write_weights(arrays: dict[str, tuple[np.ndarray, dict[str, Any]]], folder: Path) -> list[dict[str, Any]]:
    """Write shards; returns the manifest.

    Args:
        arrays: by name, stored arrays and their specs, as `quantized` returns them.
    """
    data = b"".join(stored.tobytes() for stored, _ in arrays.values())
    count = max(-(-len(data) // SHARD), 1)
    paths = [f"group1-shard{i + 1}of{count}.bin" for i in range(count)]
    for i, path in enumerate(paths):
        (folder / path).write_bytes(data[i * SHARD : (i + 1) * SHARD])
    specs = [
        {"name": name, "shape": list(stored.shape), "dtype": "float32"} | spec
        for name, (stored, spec) in arrays.items()
    ]
    return [{"paths": paths, "weights": specs}]
