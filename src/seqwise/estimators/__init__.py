"""Estimators with scikit-learn's verbs; each is imported when its name is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqwise.estimators.forecasting.forecaster import Forecaster
    from seqwise.estimators.sequences.classifier import Classifier
    from seqwise.estimators.sequences.regressor import Regressor
    from seqwise.estimators.sequences.tagger import Tagger
    from seqwise.estimators.translation.translator import Translator

# each estimator and its module; `seqwise`, run folders and the command line know it by the same name
_HOMES = {
    "Classifier": "seqwise.estimators.sequences.classifier",
    "Forecaster": "seqwise.estimators.forecasting.forecaster",
    "Regressor": "seqwise.estimators.sequences.regressor",
    "Tagger": "seqwise.estimators.sequences.tagger",
    "Translator": "seqwise.estimators.translation.translator",
}
__all__ = ["Classifier", "Forecaster", "Regressor", "Tagger", "Translator"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seqwise.estimators' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
