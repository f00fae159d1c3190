"""Few sequences: once the best epoch is known, the validation set is learned, too, and its scores stay honest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import seqwise as sw
from seqwise.errors import DataError

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(RNG.integers(8, 20), 2)) for _ in range(60)]
GUESSED = RNG.permutation(["heads", "tails"] * 30)  # of no sequence can it be told
QUICK: dict[str, Any] = {"units": (8,), "epochs": 3, "recipe": "lstm"}
WORDS = ["good fine", "bad poor", "fine story", "poor plot", "a good plot", "a bad story"] * 10


def test_the_validation_set_is_learned_and_its_score_is_that_of_a_model_that_had_not_seen_it():
    told: dict[str, Any] = {"recipe": "lstm-fcn", "epochs": 60, "validation": 0.3, "dropout": 0.0}
    once, twice = (sw.Classifier(**told, refit=refit).fit(X, GUESSED) for refit in (False, "auto"))
    held_back = twice.parts_.validation
    right = [np.mean(model.predict(X)[held_back] == GUESSED[held_back]) for model in (once, twice)]
    assert (once.training_.refit_epochs, twice.training_.refit_epochs > 0) == (0, True)
    assert right[0] < 0.8 <= 0.95 <= right[1]  # what cannot be told can be learned by heart
    assert once.evaluate().metrics["accuracy"] == right[0] == twice.evaluate().metrics["accuracy"]
    assert twice.evaluate().metrics == pytest.approx(once.evaluate().metrics, rel=1e-5)


@pytest.mark.parametrize(
    ("estimator", "data"),
    [
        (sw.Classifier(**QUICK, refit=True), (X, GUESSED)),
        (sw.Classifier(**QUICK, ensemble=2), (X, GUESSED)),
        (sw.Classifier(**QUICK), (X, [("a", "b"), ("b",)] * 30)),
        (sw.Classifier(**QUICK), (X, ["a", "b", "c"] * 20)),
        (sw.Classifier(**QUICK | {"recipe": "lstm-pairs"}, refit=True), (WORDS, ["good", "bad"] * 30)),
        (sw.Regressor(**QUICK), (X, [x.mean() for x in X])),
    ],
    ids=["two classes", "an ensemble", "labels", "three classes", "texts and pairs of words", "numbers"],
)
def test_it_is_scored_alike_with_and_without_the_second_training(estimator, data):
    from sklearn.base import clone

    without: Any = clone(estimator)
    again, once = estimator.fit(*data), without.set_params(refit=False).fit(*data)
    assert again.training_.refit_epochs
    assert any((a != b).any() for a, b in zip(again.model_.get_weights(), once.model_.get_weights(), strict=True))
    assert again.evaluate().metrics == pytest.approx(once.evaluate().metrics, rel=1e-4, abs=1e-6)


def test_baselines_learn_what_the_model_has_learned():
    once, twice = (sw.Classifier(**QUICK, validation=20, refit=refit).fit(X, GUESSED) for refit in (False, True))
    held_back = once.parts_.validation
    others = [X[i] for i in held_back], GUESSED[held_back]
    known = [model.evaluate(*others).baselines["nearest"]["accuracy"] for model in (once, twice)]
    assert known[0] < 0.8 and known[1] == 1  # the nearest of the sequences that it was fitted on is itself
    assert once.evaluate().baselines == twice.evaluate().baselines


def test_whose_validation_set_it_is_decides():
    assert (
        not sw.Classifier(**QUICK)
        .fit(X[:40], GUESSED[:40], validation_data=(X[40:], GUESSED[40:]))
        .training_.refit_epochs
    )
    assert not sw.Classifier(**QUICK, validation=30).fit(X, GUESSED).training_.refit_epochs
    assert not sw.Classifier(**QUICK, validation=0).fit(X, GUESSED).training_.refit_epochs


def test_the_report_explains_no_prediction_of_what_was_learned_since(tmp_path):
    told = QUICK | {"validation": 25}
    for refit in (False, True):
        fitted: Any = sw.Classifier(**told, refit=refit).fit(X, GUESSED)
        fitted.write_report(fitted.evaluate(), tmp_path / "report.html")
        assert ("explain_prediction" in (tmp_path / "report.html").read_text("utf-8")) is not refit


def stop_in(number: int) -> Any:
    """A callback that interrupts a training, counted from 1, in its first epoch."""
    from keras.callbacks import Callback

    class Stop(Callback):
        trainings = 0

        def on_train_begin(self, logs=None):
            self.trainings += 1

        def on_epoch_begin(self, epoch, logs=None):
            if self.trainings == number:
                raise KeyboardInterrupt

    return Stop()


def test_an_ensemble_that_is_stopped_early_has_its_scores():
    stopped = sw.Classifier(**QUICK, ensemble=3).fit(X, GUESSED, callbacks=[stop_in(2)])
    assert stopped.training_.interrupted
    assert np.isfinite(stopped.evaluate().metrics["log_loss"])


def test_a_network_that_was_stopped_in_its_first_epoch_is_left_out():
    stopped = sw.Classifier(**QUICK, ensemble=3).fit(X, GUESSED, callbacks=[stop_in(3)])
    whole = sw.Classifier(**QUICK, ensemble=2).fit(X, GUESSED)
    np.testing.assert_array_equal(stopped.predict_proba(X), whole.predict_proba(X))


def test_a_fit_that_fails_at_its_end_leaves_the_earlier_one_whole(monkeypatch):
    fitted = sw.Classifier(**QUICK).fit(X, GUESSED)
    assert fitted.training_.refit_epochs
    before, answers = fitted.evaluate().metrics, fitted.predict_proba(X)
    with monkeypatch.context() as patch:
        patch.setattr("seqwise.estimators.sequences.classifier.find_temperatures", None)
        with pytest.raises(TypeError):
            fitted.set_params(seed=1).fit(X, GUESSED[::-1])
    fitted._scored = None
    assert fitted.evaluate().metrics == before
    np.testing.assert_array_equal(fitted.predict_proba(X), answers)


def test_a_loaded_run_keeps_that_score(tmp_path):
    fitted = sw.Classifier(**QUICK).fit(X, GUESSED)
    loaded: Any = sw.load(fitted.save(tmp_path / "run"))
    loaded.recall(X, GUESSED)
    assert loaded.evaluate().metrics == fitted.evaluate().metrics
    again: Any = sw.load(loaded.save(tmp_path / "again"))
    again.recall(X, GUESSED)
    assert again.evaluate().metrics == fitted.evaluate().metrics


def test_where_the_weights_change_it_is_not_made_up(tmp_path):
    fitted: Any = sw.Classifier(**QUICK).fit(X, GUESSED)
    fitted.model_.set_weights([array + 1 for array in fitted.model_.get_weights()])
    with pytest.raises(DataError, match=r"^Nothing was held back from this model: after its best epoch was known, it "):
        fitted.evaluate()
    assert np.isfinite(fitted.evaluate(X, GUESSED).metrics["accuracy"])
    loaded: Any = sw.load(fitted.save(tmp_path / "run"))
    loaded.recall(X, GUESSED)
    with pytest.raises(DataError, match=r"learned the validation set, too\. Pass other sequences, evaluate\(X, y\)"):
        loaded.evaluate()
