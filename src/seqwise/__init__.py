"""Seqwise: LSTM models of sequences, from raw data to a forecast, with the shapes explained."""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqwise import estimators
from seqwise.errors import register_explainer

if TYPE_CHECKING:
    from seqwise import data, export, layers
    from seqwise.errors import (
        BundleError,
        DataError,
        ExportError,
        NotFittedError,
        SeqwiseError,
        SettingError,
        ShapeError,
    )
    from seqwise.estimators import *  # noqa: F403 (the names in its __all__)
    from seqwise.estimators.runs import load
    from seqwise.export.tfjs.load import load_tfjs
    from seqwise.inspection.check.check import check
    from seqwise.inspection.errors import explain_errors
    from seqwise.inspection.explain.explain import explain
    from seqwise.layers import Stream, accelerate

__version__ = "0.1.0"

# a later `import keras` is to get the backend that Seqwise would choose; see seqwise.backend
if "keras" not in sys.modules:
    os.environ.setdefault("KERAS_BACKEND", "jax")

register_explainer("seqwise.inspection.errors:explain_errors")

# each public name and the module that holds it; a module is imported when its name is first used
_HOMES = {
    **dict.fromkeys(estimators.__all__, "seqwise.estimators"),
    "Stream": "seqwise.layers",
    "accelerate": "seqwise.layers",
    "check": "seqwise.inspection.check.check",
    "explain": "seqwise.inspection.explain.explain",
    "explain_errors": "seqwise.inspection.errors",
    "load": "seqwise.estimators.runs",
    "load_tfjs": "seqwise.export.tfjs.load",
    **dict.fromkeys(
        ["BundleError", "DataError", "ExportError", "NotFittedError", "SeqwiseError", "SettingError", "ShapeError"],
        "seqwise.errors",
    ),
}
__all__ = [
    "BundleError", "DataError", "ExportError", "NotFittedError", "SeqwiseError", "SettingError", "ShapeError", "Stream",
    "accelerate", "check", "data", "explain", "explain_errors", "export", "layers", "load", "load_tfjs",
]  # fmt: skip
__all__ += estimators.__all__


def __getattr__(name: str) -> Any:
    if name in ("data", "export", "layers"):
        return import_module(f"seqwise.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'seqwise' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
