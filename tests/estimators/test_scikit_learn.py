"""scikit-learn's own checks of estimators, as far as sequences allow; each exception has its reason."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from fuzz import LONGER
from sklearn.utils.estimator_checks import estimator_checks_generator

import seqwise as sw


def steps(X: Any) -> Any:
    """Return a matrix, (samples, n), as sequences of n steps of one feature; anything else as it is."""
    matrix = np.asarray(X)
    return matrix[..., None] if matrix.ndim == 2 and matrix.dtype != object else X


class RowClassifier(sw.Classifier):
    """A Classifier of a matrix's rows, each read as a sequence."""

    def fit(self, X, y=None, *, sample_weight=None, **columns):
        return super().fit(steps(X), y, sample_weight=sample_weight, **columns)

    def predict(self, X, *, abstain_below=None):
        return super().predict(steps(X), abstain_below=abstain_below)

    def predict_proba(self, X):
        return super().predict_proba(steps(X))

    def score(self, X, y=None, sample_weight=None):
        return super().score(steps(X), y, sample_weight)


class RowRegressor(sw.Regressor):
    """A Regressor of a matrix's rows, each read as a sequence."""

    def fit(self, X, y=None, *, sample_weight=None, **columns):
        return super().fit(steps(X), y, sample_weight=sample_weight, **columns)

    def predict(self, X):
        return super().predict(steps(X))

    def score(self, X, y=None, sample_weight=None):
        return super().score(steps(X), y, sample_weight)


LENGTHS = "sequences may have any number of steps, so a row of other length is no mistake"
NO_LIST = "labels come as a list, an array or a column, and not as an object that NumPy alone can read"
OWN_WORDS = "the mistake is reported, in words of sequences and not of matrices"
# checks that the estimators do not pass, and why
EXCEPTIONS = {
    "check_n_features_in": "n_features_in_ counts the features of a step, one, and not the columns of the matrix",
    "check_n_features_in_after_fitting": LENGTHS,
    "check_sample_weight_equivalence_on_dense_data": "a repeated sample makes another batch, and so other steps, than "
    "one that weighs twice",
    "check_sample_weights_not_an_array": NO_LIST,
    "check_complex_data": OWN_WORDS,
    "check_dtype_object": "an array of objects hides the lengths of its sequences, and is refused: pass a list",
    "check_estimators_empty_data_messages": OWN_WORDS,
    "check_estimator_sparse_array": "sequences are never sparse; what came is reported by its type",
    "check_estimator_sparse_matrix": "sequences are never sparse; what came is reported by its type",
    "check_supervised_y_2d": "y of shape (samples, 1) is a target of its own form, which predictions keep",
    "check_fit2d_1sample": OWN_WORDS,
    "check_fit2d_predict1d": OWN_WORDS,
    "check_requires_y_none": "y may be left out where X holds the labels; without any it says where to pass them",
}
OF_CLASSES = {
    "check_classifier_data_not_an_array": NO_LIST,
    "check_classifiers_one_label": "one class alone is refused: there is nothing to tell apart",
    "check_classifiers_train": LENGTHS,
    "check_classifiers_regression_target": "any values may be labels, fractions too",
    "check_class_weight_classifiers": "one epoch on a few rows is too short for weights of classes to win",
}
OF_NUMBERS = {"check_regressor_data_not_an_array": NO_LIST, "check_regressors_train": LENGTHS}
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
ONE_EPOCH: dict[str, Any] = {"epochs": 1, "validation": 0}
READING_ROWS = {
    "Classifier": (RowClassifier((2,), **ONE_EPOCH, recipe="lstm"), EXCEPTIONS | OF_CLASSES),
    "Regressor": (RowRegressor((2,), **ONE_EPOCH, recipe="lstm"), EXCEPTIONS | OF_NUMBERS),
}
NOT_READING_ROWS = {  # a matrix and one y for each row are nothing that they could learn from
    "Forecaster": sw.Forecaster(epochs=1),  # a table: fit(data, target=…, time=…)
    "Tagger": sw.Tagger((2,), epochs=1),  # one y for each step
    "Translator": sw.Translator((2,), epochs=1),  # pairs of texts
}


def checks(estimator: Any) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(estimator_checks_generator(estimator, mark=None))


def name_of(check: Any) -> str:
    return getattr(check, "func", check).__name__


def parameters():
    done: set[str] = set()
    for kind, (estimator, exceptions) in READING_ROWS.items():
        names = [name_of(check) for _, check in checks(estimator)]
        for number, (instance, check) in enumerate(checks(estimator)):
            if name_of(check) in done and LONGER == 1:
                continue  # both estimators read and train by the same code; `make fuzz` checks each
            reason = exceptions.get(name_of(check))
            marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
            yield pytest.param(instance, check, marks=marks, id=f"{kind}-{number}-{name_of(check)}")
        done |= set(names) - GENERAL
    for kind, estimator in NOT_READING_ROWS.items():
        for number, (instance, check) in enumerate(checks(estimator)):
            if name_of(check) in GENERAL:
                yield pytest.param(instance, check, id=f"{kind}-{number}-{name_of(check)}")


@pytest.mark.parametrize(("estimator", "check"), list(parameters()))
def test_scikit_learns_check(estimator, check):
    check(estimator)


def test_every_exception_is_a_check():
    """A check that scikit-learn renames or drops must not leave its exception behind."""
    for estimator, exceptions in READING_ROWS.values():
        assert set(exceptions) <= {name_of(check) for _, check in checks(estimator)}
