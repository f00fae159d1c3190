"""What recipe="auto" tries, what it takes and why, and that the test rows have no say in it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.estimators.forecasting import choosing

SMALL: dict[str, Any] = {
    "window": 8, "horizon": 2, "units": (6,), "epochs": 9, "season": 1, "log": False, "learning_rate": 0.02,
}  # fmt: skip
RNG = np.random.default_rng(0)
Y = np.sin(np.arange(90) / 3) + RNG.normal(size=90) / 10
PROMO = (RNG.random(90) < 0.3).astype(float)
SHOP = pl.DataFrame({"day": np.arange(90), "promo": PROMO, "sold": Y / 3 + 3 * PROMO})
ROLES: dict[str, Any] = {"time": "day", "target": "sold", "future": ["promo"]}


def make(**settings):
    return sw.Forecaster(**SMALL | settings)


def tried(forecaster, data=Y, **roles):
    return forecaster._prepare(data, **roles).candidates


def test_what_is_tried():
    assert tried(make()) == ("skip", "segments")
    assert tried(make(), SHOP, **ROLES) == ("skip", "segments", "attention")
    assert tried(make(window=7), SHOP, **ROLES) == ("skip", "attention")  # segments of a row are rows
    assert tried(make(), {"a": Y, "b": Y[:60]}) == ("segments", "skip")
    assert tried(make(calendar=["weekday"]), SHOP.with_columns(day=np.datetime64("2024-01-01") + np.arange(90)),
                 time="day", target="sold") == ("skip", "segments")  # fmt: skip
    only: list[dict[str, Any]] = [
        {"recipe": "segments"}, {"epochs": 7}, {"bidirectional": True}, {"return_sequences": True},
        {"linear_skip": False}, {"window": 7}, {"residual": True}, {"network": print},
    ]  # fmt: skip
    for settings in only:
        assert tried(make(**settings)) == ()


@pytest.fixture(scope="module")
def chosen():
    return make().fit(SHOP, **ROLES)


def test_the_smallest_validation_loss_decides(chosen, tmp_path):
    """The trials beside trainings of the recipes by name: with so few steps they are whole ones."""
    named = {
        recipe: make(recipe=recipe, refit=False).fit(SHOP, **ROLES) for recipe in ("skip", "segments", "attention")
    }
    losses = {recipe: min(fitted.training_.history["val_loss"]) for recipe, fitted in named.items()}
    assert chosen.trials_ == losses
    assert len(set(losses.values())) == 3
    assert min(losses.values()) < 0.95 * losses["skip"]
    assert chosen.recipe_ == min(losses, key=losses.__getitem__) == "attention"
    for one, other in zip(chosen.model_.get_weights(), named[chosen.recipe_].model_.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    said = f"recipe='auto' took {chosen.recipe_}: in a short training its validation loss was "
    assert [note.startswith(said) for note in chosen.notes_] == [True]
    assert all(f"{loss:.4g}" in chosen.notes_[0] for loss in losses.values())

    chosen.save(tmp_path / "run")
    loaded = sw.load(tmp_path / "run")
    assert (loaded.recipe_, loaded.trials_, loaded.notes_) == (chosen.recipe_, chosen.trials_, chosen.notes_)
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["trials"] == losses
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "recipe=&#39;auto&#39; took" in report
    assert "recipe used" in report
    assert named["skip"].trials_ == {}
    assert named["skip"].notes_ == []


@pytest.mark.parametrize(
    ("losses", "taken", "said"),
    [
        ({"skip": 0.4, "segments": 0.5, "attention": 0.6}, "skip", "0.4 (segments 0.5, attention 0.6)."),
        ({"segments": 0.5, "skip": 0.47}, "skip", "0.47 (segments 0.5)."),
        ({"segments": 0.5, "skip": 0.48}, "segments", "0.5 (skip 0.48; less than 5 % apart decides nothing)."),
        ({"skip": 0.5, "segments": 0.45, "attention": 0.44}, "attention", "0.44 (skip 0.5, segments 0.45)."),
    ],
)
def test_another_recipe_must_be_clearly_better(losses, taken, said):
    assert choosing.best_recipe(losses) == taken
    start = f"recipe='auto' took {taken}: in a short training its validation loss was "
    assert str(choosing.Choice(taken, losses)) == start + said


def test_the_test_rows_have_no_say(chosen):
    rows = len(SHOP) - chosen.plan_.split.validation
    wild = SHOP.with_columns(sold=pl.when(pl.int_range(pl.len()) < 90 - rows).then("sold").otherwise(50.0))
    assert make().fit(wild, **ROLES).trials_ == chosen.trials_
    held = SHOP.with_columns(sold=pl.when(pl.int_range(pl.len()) < 90 - rows - 2).then("sold").otherwise(50.0))
    assert make().fit(held, **ROLES).trials_ != chosen.trials_  # two rows of the validation set, too


def test_nothing_is_tried_without_validation_rows():
    fitted = make(validation=0).fit(Y)
    assert (fitted.recipe_, fitted.trials_, fitted.notes_) == ("skip", {}, [])


def test_a_long_training_is_tried_for_a_third_of_it_and_a_short_one_whole():
    assert choosing.trial_epochs("skip", 30, 100) == 10
    assert choosing.trial_epochs("skip", 300, 5) == 100
    assert choosing.trial_epochs("segments", 100, 3) == 100  # 300 steps are few for it
    assert choosing.trial_epochs("segments", 8, 5000) == 3


def test_very_many_windows_are_not_tried_and_that_is_said(monkeypatch):
    for most, trials in ((60, 2), (59, 0)):
        monkeypatch.setattr(choosing, "MOST_WINDOWS", most)
        fitted = make(test=0, validation=21).fit(Y)
        assert len(fitted._data.batches("train")) == 60
        assert len(fitted.trials_) == trials
        assert fitted.notes_[0].startswith(
            f"recipe='auto' took {fitted.recipe_}" + (":" if trials else " for the kind")
        )
    assert fitted.recipe_ == "skip"


def test_callbacks_see_the_training_alone():
    seen = []

    class Count(import_keras().callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(epoch)

    fitted = make().fit(Y, callbacks=[Count()])
    assert len(fitted.trials_) == 2
    assert seen == list(range(len(fitted.training_.history["loss"])))


@pytest.mark.parametrize(("windows", "epochs", "rate"), [(5_000, 13, 0.001), (66_560, 8, 0.001), (300_000, 4, 0.002)])
def test_few_epochs_over_many_windows_begin_with_a_higher_rate(windows, epochs, rate):
    forecaster = sw.Forecaster(4, 1, recipe="segments", validation=1, test=0)
    data = forecaster._prepare(np.arange(windows + 5.0))
    schedule = forecaster._schedule(data, data.batches("train"))
    assert len(data.batches("train")) == windows
    assert schedule.epochs == epochs
    assert schedule.rate.initial_learning_rate == pytest.approx(rate)
    own = sw.Forecaster(4, 1, recipe="segments", validation=1, test=0, epochs=2)
    assert own._schedule(data, data.batches("train")).rate.initial_learning_rate == 0.001
