"""Which files belong to a framework, and which to the user."""

from __future__ import annotations

FRAMEWORKS = ("keras", "tensorflow", "jax", "jaxlib", "torch", "numpy", "ml_dtypes", "optree")


def is_framework(file: str) -> bool:
    """Tell whether a source file is part of an installed framework."""
    parts = file.replace("\\", "/").split("/")
    return any(name in parts for name in FRAMEWORKS) and ("site-packages" in parts or "dist-packages" in parts)
