"""A saved run on NumPy alone: no Keras, no JAX, no table library; `seqwise.load(run, backend="numpy")`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

KINDS = {  # by the kind that a run folder names
    "Forecaster": ("forecasts", "NumpyForecaster"),
    "Classifier": ("sequences", "NumpyClassifier"),
    "Regressor": ("sequences", "NumpyRegressor"),
    "Tagger": ("sequences", "NumpyTagger"),
    "Translator": ("translations", "NumpyTranslator"),
}


def load_numpy_run(folder: Path, manifest: dict[str, Any], *, trust_edited: bool = False) -> Any:
    """Return the run of a folder, which predicts with NumPy alone.

    Raises:
        BundleError: see `seqwise.artifact.numpy.run.NumpyRun`.
    """
    module, name = KINDS[manifest["kind"]]
    return getattr(import_module(f"seqwise.artifact.numpy.{module}"), name)(folder, manifest, trust_edited=trust_edited)


__all__ = ["KINDS", "load_numpy_run"]
