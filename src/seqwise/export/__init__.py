"""A trained model in other formats: each runs where Seqwise is not installed, and is compared with Keras when written.

A name's module is imported when the name is first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqwise.export.keras import keras
    from seqwise.export.onnx.export import onnx
    from seqwise.export.source import Part, Source, read_source
    from seqwise.export.tfjs.export import tfjs

# each name and its module
_HOMES = {
    **dict.fromkeys(["Part", "Source", "read_source"], "seqwise.export.source"),
    "keras": "seqwise.export.keras",
    "onnx": "seqwise.export.onnx.export",
    "tfjs": "seqwise.export.tfjs.export",
}
__all__ = ["Part", "Source", "keras", "onnx", "read_source", "tfjs"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqwise.export' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__


class _Export(ModuleType):
    """A package whose functions keep their names, though folders in it have the same ones."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):  # as an import of the folder would set it
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Export
