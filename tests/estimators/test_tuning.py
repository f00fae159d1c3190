"""Searching settings: what a trial trains, what is set at the end, what is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import seqwise as sw

optuna = pytest.importorskip("optuna")
optuna.logging.set_verbosity(optuna.logging.WARNING)
VALUES = np.sin(np.arange(120) / 3)


def test_the_best_trial_is_set_and_can_be_trained_again():
    forecaster = sw.Forecaster(8, 2, units=(3,), epochs=2, patience=None)
    study = forecaster.tune(VALUES, trials=3, space={"dropout": [0.0, 0.9], "learning_rate": (0.0005, 0.05)})
    losses = [trial.value for trial in study.trials if trial.value is not None]
    assert len(study.trials) == 3
    assert forecaster.learning_rate == study.best_params["learning_rate"]
    assert forecaster.dropout == float(study.best_params["dropout"])
    again = forecaster.fit(VALUES).training_.history["val_loss"]
    assert min(again) == pytest.approx(min(losses), rel=1e-6)
    forecaster.tune(VALUES, trials=1, space={"dropout": [0.0, 0.9], "learning_rate": (0.0005, 0.05)}, study=study)
    assert len(study.trials) == 4


def test_settings_of_attention_with_what_is_known_in_advance():
    table = pl.DataFrame({"day": np.arange(120), "promo": np.cos(np.arange(120)), "sold": VALUES})
    roles = {"time": "day", "target": "sold", "future": ["promo"]}
    forecaster = sw.Forecaster(8, 2, recipe="attention", units=(3,), epochs=2, patience=None)
    space = {"dropout": (0.0, 0.9), "linear_skip": [True, False], "units": [(2,), (3,)]}
    study = forecaster.tune(table, trials=3, space=space, **roles)
    assert forecaster.recipe == "attention"
    assert forecaster.dropout == study.best_params["dropout"]
    assert str(forecaster.units) == study.best_params["units"]
    assert len({trial.value for trial in study.trials}) == 3
    again = forecaster.fit(table, **roles).training_.history["val_loss"]
    assert min(again) == pytest.approx(study.best_value, rel=1e-6)


def test_a_recipe_is_searched_or_chosen_within_each_trial():
    forecaster = sw.Forecaster(8, 2, units=(3,), epochs=9, patience=None)
    study = forecaster.tune(VALUES, trials=1, space={"recipe": ["auto"]})
    assert len(study.trials[0].intermediate_values) == 9  # of the training alone, not of what was tried before
    assert study.best_value == min(forecaster.fit(VALUES).training_.history["val_loss"])
    assert len(forecaster.trials_) == 2
    forecaster.tune(VALUES, trials=1, space={"recipe": ["segments"]})
    assert forecaster.recipe == "segments"


def test_a_hopeless_trial_is_stopped():
    class Never(optuna.pruners.BasePruner):
        def prune(self, study, trial):
            return trial.number == 1

    forecaster = sw.Forecaster(8, 2, units=(3,), epochs=2, patience=None)
    study = optuna.create_study(pruner=Never())
    forecaster.tune(VALUES, trials=2, space={"dropout": (0.0, 0.5)}, study=study)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED"]
    assert len(study.trials[1].intermediate_values) == 1


@pytest.mark.parametrize(
    ("space", "says"),
    [
        ({"unit": [1]}, r"space names 'unit', which is not a setting of Forecaster\. Did you mean 'units'\?"),
        ({"log": [True]}, "losses of different logs cannot be compared"),
        ({"dropout": 0.5}, r"space\['dropout'\]=0\.5: expected a list of values, or a pair"),
    ],
)
def test_a_space_that_does_not_fit(space, says):
    with pytest.raises(sw.SettingError, match=says):
        sw.Forecaster(8, 2, epochs=1).tune(VALUES, trials=1, space=space)
