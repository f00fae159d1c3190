"""Regressor: what it learns, its units, what comes back, and what is said of faulty data."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone, is_regressor
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_score

import seqwise as sw

SMALL: dict[str, Any] = {"units": (8,), "epochs": 30, "learning_rate": 0.02, "recipe": "lstm"}


def quick(**changes: Any) -> Any:
    return sw.Regressor(**SMALL | changes)


def draw(samples=60, targets=1, seed=0):
    """Sequences whose targets are the means of their features, in units far from 0."""
    rng = np.random.default_rng(seed)
    X = [rng.normal(size=(rng.integers(3, 9), 2)) + rng.normal(size=2) for _ in range(samples)]
    y = np.array([1000 + 50 * x.mean(axis=0) for x in X])
    return X, y[:, 0] if targets == 1 else y


@pytest.fixture(scope="module")
def fitted():
    return quick().fit(*draw())


def test_it_learns_and_keeps_the_targets_units(fitted):
    X, y = draw()
    found = fitted.predict(X)
    assert found.shape == (60,)
    assert found.dtype == np.float64
    assert fitted.score(X, y) == r2_score(y, found) > 0.9


def test_several_targets(tmp_path):
    X, y = draw(targets=2)
    found = quick().fit(X, y)
    assert found.predict(X).shape == (60, 2)
    assert found.score(X, y) == pytest.approx(r2_score(y, found.predict(X)))
    assert found.score(X, y) > 0.8
    assert [row["target"] for row in found.evaluate().by_target()] == ["target 0", "target 1"]
    column = quick(epochs=1).fit(X, y[:, :1])
    assert column.predict(X).shape == (60, 1)


def test_targets_of_a_table(tmp_path):
    X, y = draw(24, targets=2)
    lengths = [len(x) for x in X]
    frame = pl.DataFrame(
        {
            "who": np.repeat(np.arange(24), lengths), "p": np.concatenate(X)[:, 0], "q": np.concatenate(X)[:, 1],
            "one": np.repeat(y[:, 0], lengths), "two": np.repeat(y[:, 1], lengths),
        }
    )  # fmt: skip
    found = quick(epochs=2).fit(frame, group="who", label=["one", "two"])
    assert found.target_.names == ["one", "two"]
    np.testing.assert_array_equal(found.predict(frame), quick(epochs=2).fit(X, y).predict(X))
    single = quick(epochs=2).fit(frame.drop("two"), group="who", label="one")
    np.testing.assert_array_equal(single.predict(frame), quick(epochs=2).fit(X, y[:, 0]).predict(X))


def test_the_targets_are_scaled_by_the_training_part():
    X, y = draw()
    found = quick(epochs=1, validation=0.2, test=0.2).fit(X, y)
    train = y[found.parts_.train]
    assert found.target_.scaler.offset_[0] == pytest.approx(train.mean())
    assert found.target_.scaler.scale_[0] == pytest.approx(train.std())
    evaluation = found.evaluate()
    test = found.parts_.test
    kept = np.setdiff1d(np.arange(60), test)
    assert evaluation.scores["mean"]["rmse"] == pytest.approx(np.sqrt(((y[test] - y[kept].mean()) ** 2).mean()))
    # the targets are means of the sequences: ridge regression on summary features finds them
    assert evaluation.scores["simple"]["r2"] > 0.98


def test_a_run_comes_back(fitted, tmp_path):
    X, y = draw()
    loaded = sw.load(fitted.save(tmp_path / "run"))
    assert type(loaded) is sw.Regressor
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    assert loaded.evaluate(X, y).scores == fitted.evaluate(X, y).scores
    assert loaded.get_params() == fitted.get_params()


def test_scikit_learn_takes_it():
    assert is_regressor(sw.Regressor())
    again: Any = clone(sw.Regressor(loss="mae"))
    assert again.loss == "mae"
    X, y = draw(40)
    assert cross_val_score(quick(), X, y, cv=2).mean() > 0.5


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([1.0, np.nan, 2]), r"The target of sequence 1 is nan \(1 such value"),
        (["tall", 1, 2], r"The target of sequence 0 is 'tall', no number\. For labels use a Classifier"),
        (
            ["1", "2", "3"],
            r"The target of sequence 0 is the text '1'\. Make them numbers: \[float\(value\) for value in y\]",
        ),
        ([3, 3, 3], r"All 3 sequences have the same target, 3: there is nothing to learn"),
        ([1.0, 2.0], r"There are 3 sequences, but 2 labels"),
        (np.zeros((3, 1, 1)), r"The targets have shape \(3, 1, 1\)"),
    ],
)
def test_faulty_targets(y, message):
    with pytest.raises(sw.DataError, match=message):
        quick().fit([np.ones((2, 1)) * i for i in range(3)], y)


def test_other_targets_than_the_trainings(fitted):
    X, y = draw(4, targets=2)
    with pytest.raises(sw.DataError, match=r"The targets have shape \(4, 2\); .* expected \(4, 1\)"):
        fitted.evaluate(X, y)
    with pytest.raises(sw.SettingError, match=r"Keras has no loss named 'mes'\. Did you mean 'mse'"):
        quick(loss="mes").fit(*draw())


def test_scores_read_targets_as_fit_does(fitted):
    from decimal import Decimal

    X, y = draw()
    assert fitted.score(X, [Decimal(str(value)) for value in y]) == pytest.approx(fitted.score(X, y))
    with pytest.raises(sw.DataError, match=r"^The target of sequence 0 is the text '.*'\. Make them numbers"):
        fitted.score(X, list(map(str, y)))
    with pytest.raises(sw.DataError, match=r"^The target of sequence 2 is nan \(1 such value"):
        fitted.score(X, np.where(np.arange(60) == 2, np.nan, y))
    with pytest.raises(sw.DataError, match=r"^The sequences have unequal numbers of targets; expected as many for"):
        fitted.score(X, [[1.0], [1.0, 2.0]] * 30)


def test_the_columns_of_a_table_of_targets_name_them():
    X, y = draw(24, targets=2)
    assert quick(epochs=1).fit(X, pl.DataFrame(y, schema=["one", "two"])).target_.names == ["one", "two"]
    assert quick(epochs=1).fit(X, pl.DataFrame(y).to_numpy()).target_.names == ["target 0", "target 1"]


def test_a_table_to_predict_needs_no_answers():
    X, y = draw(24)
    frame = pl.DataFrame({"who": np.repeat(np.arange(24), list(map(len, X))), "x": np.concatenate(X)[:, 0]})
    answered = frame.with_columns(size=np.repeat(y, list(map(len, X))))
    found = quick(epochs=1).fit(answered, group="who", label="size")
    blank = answered.with_columns(size=pl.when(pl.col("who") > 3).then("size"))
    np.testing.assert_array_equal(found.predict(blank), found.predict(answered))
    assert found.score(frame, y) == found.score(blank, y) == found.score(answered)
    assert found.evaluate(frame, y).scores == found.evaluate(answered).scores
    with pytest.raises(sw.DataError, match=r"^the polars table: the label 'size' is empty on row 0\.$"):
        found.score(blank)
    with pytest.raises(sw.DataError, match=r"^the polars table has no column 'size'"):
        found.score(frame)
