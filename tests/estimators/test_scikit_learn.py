"""scikit-learn's own checks of estimators, as far as sequences allow; each exception has its reason."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

import seqwise as sw

FLAT = "a row of a flat matrix is no sequence: X is (samples, timesteps, features), a list of arrays, or texts"
SERIES = "it forecasts a series from a table: fit(data, target=…, time=…), and there is no X and y"
PAIRS = "it learns from pairs of texts"
# checks that need no data, or whose data any estimator takes
GENERAL = {
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_mixin_order",
    "check_estimators_unfitted",
}
ESTIMATORS: dict[str, tuple[Any, str]] = {
    "Forecaster": (sw.Forecaster(epochs=1), SERIES),
    "Classifier": (sw.Classifier((2,), epochs=1), FLAT),
    "Regressor": (sw.Regressor((2,), epochs=1), FLAT),
    "Tagger": (sw.Tagger((2,), epochs=1), FLAT),
    "Translator": (sw.Translator((2,), epochs=1), PAIRS),
}


def checks():
    for kind, (estimator, reason) in ESTIMATORS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            every: list[Any] = list(estimator_checks_generator(estimator, mark=None))
        for number, (instance, check) in enumerate(every):
            name = getattr(check, "func", check).__name__
            marks = [] if name in GENERAL else [pytest.mark.skip(reason=f"{name}: {reason}")]
            yield pytest.param(instance, check, marks=marks, id=f"{kind}-{number}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_scikit_learns_check(estimator, check):
    check(estimator)
