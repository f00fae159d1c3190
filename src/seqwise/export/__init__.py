"""A trained model in other formats: each runs where Seqwise is not installed, and is compared with Keras when written.

A function's module is imported when the function is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from seqwise.export.source import Part, Source, read_source

_HOMES: dict[str, str] = {}  # each function and its module
__all__ = ["Part", "Source", "read_source"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqwise.export' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
