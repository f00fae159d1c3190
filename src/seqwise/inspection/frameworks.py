"""Which files belong to a framework or another library, and which to the user."""

from __future__ import annotations

import functools
import sysconfig

FRAMEWORKS = ("keras", "tensorflow", "jax", "jaxlib", "torch", "numpy", "ml_dtypes", "optree")


@functools.cache
def is_library(file: str) -> bool:
    """Tell whether a source file is part of Python or of an installed package, and not the user's own."""
    installed = "site-packages" in file or "dist-packages" in file
    return installed or file.startswith((sysconfig.get_paths()["stdlib"], "<frozen"))


def is_framework(file: str) -> bool:
    """Tell whether a source file is part of an installed framework."""
    parts = file.replace("\\", "/").split("/")
    return is_library(file) and any(name in parts for name in FRAMEWORKS)
