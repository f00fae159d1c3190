"""Classifier: what it learns, what comes back, scikit-learn's conventions, and what is said of faulty data."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.data import make_sequences

SMALL: dict[str, Any] = {"units": (6,), "epochs": 12, "learning_rate": 0.02, "dropout": 0.0, "recipe": "lstm"}


def quick(**changes: Any) -> Any:
    return sw.Classifier(**SMALL | changes)


def draw(samples=48, classes=2, seed=0, features=2, longest=12):
    """Sequences whose class is where their first feature lies."""
    rng = np.random.default_rng(seed)
    codes = np.arange(samples) % classes
    shift = np.eye(features)[0]
    X = [rng.normal(scale=0.3, size=(rng.integers(1, longest + 1), features)) + 2 * c * shift for c in codes]
    return X, codes


@pytest.fixture(scope="module")
def three():
    X, codes = draw(60, 3)
    return X, np.array(["low", "mid", "top"])[codes]


@pytest.fixture(scope="module")
def fitted(three):
    return quick().fit(*three)


def test_it_learns_and_says_so(fitted, three):
    X, y = three
    assert fitted.classes_.tolist() == ["low", "mid", "top"]
    assert fitted.n_features_in_ == 2
    probabilities = fitted.predict_proba(X)
    assert probabilities.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (fitted.predict(X) == fitted.classes_[probabilities.argmax(axis=1)]).all()
    assert fitted.score(X, y) == (fitted.predict(X) == y).mean() > 0.9
    assert set(fitted.training_.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}


@pytest.mark.parametrize(
    "labels", [["no", "yes"], [False, True], [7, -3], ["no", "yes", "maybe"], [10, 20, 30]], ids=str
)
def test_labels_of_any_kind_come_back_as_they_were(labels):
    X, codes = draw(36, len(labels))
    y = np.array(labels)[codes]
    found = quick().fit(X, y)
    assert found.classes_.dtype == y.dtype
    assert found.classes_.tolist() == sorted(labels)
    assert found.predict(X).dtype == y.dtype
    assert (found.predict(X) == y).mean() > 0.9
    assert found.predict_proba(X).shape == (36, len(labels))


@pytest.mark.parametrize("form", ["indicator", "sets"])
def test_several_labels_a_sequence(form):
    rng = np.random.default_rng(0)
    has = rng.random((60, 3)) < 0.5
    X = [rng.normal(scale=0.2, size=(rng.integers(2, 9), 3)) + 2 * row for row in has]
    names = np.array(["a", "b", "c"])
    y = has.astype(int) if form == "indicator" else [tuple(names[row]) for row in has]
    found = quick(epochs=30).fit(X, y)
    assert found.classes_.tolist() == ([0, 1, 2] if form == "indicator" else ["a", "b", "c"])
    probabilities = found.predict_proba(X)
    assert ((probabilities > 0.5) == has).mean() > 0.9
    again = found.predict(X)
    if form == "indicator":
        np.testing.assert_array_equal(again, probabilities > 0.5)
    else:
        assert again == [tuple(names[row]) for row in probabilities > 0.5]
    assert found.score(X, y) == ((probabilities > 0.5) == has).all(axis=1).mean()
    assert found.evaluate(X, y).metrics["accuracy"] == found.score(X, y)


def test_a_list_an_array_a_table_and_a_file_are_the_same(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24, 5, 2)).round(3)
    y = np.array(["a", "b"])[(X[:, :, 0].mean(axis=1) > 0).astype(int)]
    rows = {
        "who": np.repeat([f"s{i:02}" for i in range(24)], 5), "step": np.tile(np.arange(5), 24),
        "p": X[..., 0].ravel(), "q": X[..., 1].ravel(), "kind": np.repeat(y, 5),
    }  # fmt: skip
    frame = pl.DataFrame(rows)
    ts = "@problemName x\n@classLabel true a b\n@data\n" + "\n".join(
        ":".join(",".join(map(str, s[:, j])) for j in range(2)) + f":{label}" for s, label in zip(X, y, strict=True)
    )
    (tmp_path / "x.ts").write_text(ts)
    frame.sample(fraction=1, shuffle=True, seed=1).sort("who").write_csv(tmp_path / "x.csv")
    columns = {"group": "who", "time": "step", "label": "kind"}
    first = quick(epochs=2).fit(list(X), y).predict_proba(X)
    given = [
        ((X, y), {}), ((frame,), columns), ((pd.DataFrame(rows),), columns), ((tmp_path / "x.csv",), columns),
        ((str(tmp_path / "x.ts"),), {}), ((make_sequences(frame, **columns),), {}),
        ((frame.drop("kind"), y), {"group": "who", "time": "step"}),
    ]  # fmt: skip
    for arguments, names in given:
        found = quick(epochs=2).fit(*arguments, **names)
        np.testing.assert_array_equal(found.predict_proba(X), first)
        np.testing.assert_array_equal(found.predict_proba(arguments[0]), first)
        assert found.classes_.tolist() == ["a", "b"]
    # a table of new sequences needs no label, and may hold further columns
    more = frame.drop("kind").with_columns(extra=pl.lit(1.0))
    by_table = quick(epochs=2).fit(frame, **columns)
    np.testing.assert_array_equal(by_table.predict_proba(more), first)
    assert by_table.score(frame) == by_table.score(X, y)


def test_the_same_seed_the_same_weights(three, fitted):
    again = quick().fit(*three)
    np.testing.assert_array_equal(again.predict_proba(three[0]), fitted.predict_proba(three[0]))
    other = quick(seed=1).fit(*three)
    assert not np.array_equal(other.predict_proba(three[0]), fitted.predict_proba(three[0]))


def test_the_scaler_sees_the_training_part_and_no_padding(three):
    X, y = three
    found = quick(epochs=1, validation=0.2, test=0.2).fit(X, y)
    train = np.concatenate([X[i] for i in found.parts_.train])
    theirs: Any = StandardScaler().fit(train)
    np.testing.assert_allclose(found.input_.scaler.offset_, theirs.mean_)
    np.testing.assert_allclose(found.input_.scaler.scale_, theirs.scale_)
    assert found.counts_ == {"train": 36, "validation": 12, "test": 12}


@pytest.mark.parametrize("weight", ["balanced", {"rare": 9.0}, {"rare": 0, "often": 2}])
def test_class_weights(weight):
    rng = np.random.default_rng(0)
    y = np.array(["often"] * 54 + ["rare"] * 6)
    X = [rng.normal(size=(5, 1)) + (label == "rare") for label in y]
    settings: dict[str, Any] = {"epochs": 5, "validation": 0}
    plain = quick(**settings).fit(X, y).predict_proba(X)[:, 1].mean()
    weighted = quick(**settings, class_weight=weight).fit(X, y)
    mean = weighted.predict_proba(X)[:, 1].mean()
    assert mean < plain if weight == {"rare": 0, "often": 2} else mean > plain + 0.1
    # the weights are scikit-learn's
    from sklearn.utils.class_weight import compute_sample_weight

    theirs = compute_sample_weight(weight if weight == "balanced" else {"often": 1, **weight}, y)
    np.testing.assert_allclose(weighted.weights_, theirs, rtol=1e-6)
    by_sample = quick(**settings).fit(X, y, sample_weight=theirs)
    np.testing.assert_allclose(by_sample.predict_proba(X), weighted.predict_proba(X), atol=1e-6)


def test_weights_of_several_labels_weigh_each_on_its_own():
    has = np.array([[1, 0], [1, 1], [1, 0], [0, 0]] * 6)
    X = [np.full((3, 1), float(i % 4)) for i in range(24)]
    settings: dict[str, Any] = {"epochs": 1, "validation": 0}
    found = quick(**settings, class_weight="balanced").fit(X, has)
    # label 0: 18 of 24 have it; label 1: 6 of 24
    assert found.weights_[0].tolist() == pytest.approx([24 / 2 / 18, 24 / 2 / 18])
    assert found.weights_[1].tolist() == pytest.approx([24 / 2 / 18, 24 / 2 / 6])
    found = quick(**settings, class_weight={1: 5.0}).fit(X, has)
    assert found.weights_[1].tolist() == [1, 5]


def test_the_evaluation_stands_beside_majority_and_logistic_regression(three):
    X, y = three
    found = quick(test=0.25).fit(X, y)
    test = found.parts_.test
    kept = np.setdiff1d(np.arange(60), test)
    evaluation = found.evaluate()
    assert evaluation.part == "the test set"
    assert evaluation.metrics["accuracy"] == found.score([X[i] for i in test], y[test])

    def summary(chosen):
        return np.array(
            [np.concatenate([f(X[i], 0) for f in (np.mean, np.std, np.min, np.max)] + [X[i][0], X[i][-1], [len(X[i])]])
             for i in chosen]
        )  # fmt: skip

    scaler = StandardScaler().fit(summary(kept))
    theirs = LogisticRegression(max_iter=1000).fit(scaler.transform(summary(kept)), y[kept])
    assert evaluation.scores["simple"]["accuracy"] == theirs.score(scaler.transform(summary(test)), y[test])
    assert evaluation.scores["majority"]["accuracy"] == pytest.approx(1 / 3)
    assert quick().fit(X, y).evaluate().part == "the validation set"
    with pytest.raises(sw.DataError, match=r"Nothing was held back: pass other sequences, evaluate\(X, y\)"):
        quick(validation=0).fit(X, y).evaluate()


def test_labels_that_appear_only_later_count_as_mistakes(fitted, three):
    X, _ = three
    later = np.array(["low", "never seen", "top", "other"])
    evaluation = fitted.evaluate(X[:4], later)
    assert evaluation.unknown == ("never seen", "other")
    assert "The training set has no label(s) 'never seen', 'other': their 2 sequence(s) count as" in str(evaluation)
    assert fitted.score(X[:4], later) == (fitted.predict(X[:4]) == later).mean()


def test_labels_of_which_the_training_had_none_are_refused(fitted, three):
    X, _ = three
    message = (
        r"The model knows none of these labels: they are 0, 1, 2, and its classes are 'low', 'mid', 'top'\. "
        r"Are they encoded differently than in training\?"
    )
    with pytest.raises(sw.DataError, match=message):
        fitted.score(X[:4], [0, 1, 2, 1])
    with pytest.raises(sw.DataError, match=message):
        fitted.evaluate(X[:4], [0, 1, 2, 1])


def test_a_run_comes_back(fitted, three, tmp_path):
    X, y = three
    loaded = sw.load(fitted.save(tmp_path / "run"))
    assert type(loaded) is sw.Classifier
    assert loaded.get_params() == fitted.get_params()
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert loaded.evaluate(X, y).scores == fitted.evaluate(X, y).scores
    assert loaded.classes_.tolist() == fitted.classes_.tolist()
    with pytest.raises(
        sw.DataError, match=r"A loaded run keeps none of its training data: pass the sequences, evaluate\(X, y\)"
    ):
        loaded.evaluate()
    again = sw.load(loaded.save(tmp_path / "again"))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert (tmp_path / "again" / "metrics.json").read_bytes() == (tmp_path / "run" / "metrics.json").read_bytes()


def test_the_saved_model_is_stock_keras(fitted, three, tmp_path):
    keras = import_keras()
    model = keras.models.load_model(fitted.save(tmp_path / "run") / "model.keras")
    assert not [layer for layer in model.layers if type(layer).__module__.startswith("seqwise")]
    batch = sw.data.pad([fitted.input_.scaler.transform(x) for x in three[0]])
    np.testing.assert_allclose(model.predict(list(batch), verbose=0), fitted.predict_proba(three[0]), atol=1e-5)


@pytest.mark.parametrize("weight", [{1: 2.0, 0: 1.0}, {"a": 2}, "balanced"])
def test_settings_come_back(weight, tmp_path):
    X, codes = draw(12)
    y = np.array(["a", "b"])[codes] if isinstance(weight, dict) and "a" in weight else codes
    settings = {"epochs": 1, "class_weight": weight, "pooling": "last+max", "label_smoothing": 0.1}
    found = sw.load(quick(**settings).fit(X, y).save(tmp_path / "run"))
    assert {name: found.get_params()[name] for name in settings} == settings


# scikit-learn


def test_scikit_learns_checks_of_settings():
    checks: Any = (
        estimator_checks.check_no_attributes_set_in_init, estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params, estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_estimator_cloneable, estimator_checks.check_estimator_repr,
    )  # fmt: skip
    for check in checks:
        check("Classifier", sw.Classifier())


def test_it_is_a_classifier_to_scikit_learn(fitted):
    from sklearn.base import is_classifier

    assert is_classifier(fitted)
    again: Any = clone(fitted)
    assert again.get_params() == fitted.get_params()
    assert not hasattr(again, "model_")


@pytest.mark.parametrize("kind", ["list", "array", "array of objects"])
def test_cross_validation(kind):
    X, codes = draw(30)
    data: Any = X
    if kind == "array":
        data = np.stack([np.resize(x, (4, 2)) for x in X])
    elif kind == "array of objects":  # what `X[numbers]` needs where the lengths differ
        data = np.empty(len(X), dtype=object)
        data[:] = X
    scores = cross_val_score(quick(epochs=6), data, codes, cv=2)
    assert scores.shape == (2,)
    assert scores.mean() > 0.8


# faulty data and settings


def with_nan(X):
    X = [x.copy() for x in X]
    X[3][0, 1] = np.nan
    return X


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, y[:-1]), r"There are 60 sequences, but 59 labels: one is needed for each sequence"),
        (lambda X, y: (X, ["a"] * 60), r"All 60 sequences have the label 'a': there is nothing to tell apart"),
        (lambda X, y: ([*X[:5], np.zeros((0, 2)), *X[6:]], y), r"Sequence 5 is empty: its shape is \(0, 2\)"),
        (lambda X, y: ([*X[:7], np.zeros((3, 4)), *X[8:]], y), r"Sequence 7 has 4 features \(shape \(3, 4\)\), but "
                                                               r"sequence 0 has 2"),
        (lambda X, y: (with_nan(X), y), r"Sequence 3 is NaN at step 0, feature 1"),
        (lambda X, y: (X, np.where(np.arange(60) == 4, None, y)), r"The label of sequence 4 is missing"),
        (lambda X, y: (X, np.linspace(0, 1, 60)), r"a fraction: these are quantities, not classes\. Use a Regressor"),
        (lambda X, y: ([], []), r"The list of sequences is empty"),
        (lambda X, y: (np.zeros((60, 3, 2)), y), r"No feature ever changes in the training set"),
    ],
)  # fmt: skip
def test_faulty_data(change, message, three):
    X, y = change(*three)
    with pytest.raises(sw.DataError, match=message):
        quick().fit(X, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": ()}, r"units=\(\): expected the width of each LSTM layer"),
        ({"pooling": "sum"}, r"pooling='sum': expected 'last', 'mean', 'max', or some joined: 'last\+max'"),
        ({"pooling": "max+max"}, r"pooling='max\+max' names one twice"),
        ({"dropout": 1}, "dropout=1: expected a share"),
        ({"label_smoothing": -0.1}, "label_smoothing=-0.1: expected a share"),
        ({"epochs": 0}, "epochs=0: expected 'auto' or a whole number, at least 1"),
        ({"class_weight": "even"}, "class_weight='even': expected None, 'balanced', or a mapping"),
        ({"class_weight": {"lo": 1}}, r"class_weight names 'lo', which is not a class\. Did you mean 'low'\?"),
        ({"class_weight": {"low": -1}}, r"class_weight={'low': -1}: expected a number, at least 0"),
        ({"scaler": "unit"}, "scaler='unit': expected one of"),
        ({"validation": 2.5}, "validation=2.5: a number of samples must be whole"),
        ({"optimizer": "adma"}, r"Keras has no optimizer named 'adma'\. Did you mean 'adam"),
    ],
)
def test_faulty_settings(settings, message, three):
    with pytest.raises(sw.SettingError, match=message):
        quick(**settings).fit(*three)


def test_what_is_missing(three, fitted):
    X, y = three
    with pytest.raises(sw.SettingError, match=r"There are no labels\. Pass them as y"):
        quick().fit(X)
    with pytest.raises(sw.SettingError, match=r"group='who' names a column of a table, but the sequences came as list"):
        quick().fit(X, y, group="who")
    with pytest.raises(sw.NotFittedError, match=r"This Classifier is not trained yet: call \.fit\(X, y\) first"):
        sw.Classifier().predict(X)
    with pytest.raises(sw.DataError, match=r"The sequences have 3 feature\(s\), but the model was trained on 2"):
        fitted.predict([np.zeros((4, 3))])
    with pytest.raises(sw.SettingError, match=r"sample_weight has shape \(2,\); expected 60 numbers"):
        quick().fit(X, y, sample_weight=[1, 2])
    with pytest.raises(sw.SettingError, match=r"sample_weight holds 'heavy', no number; expected 60 numbers, one for"):
        quick().fit(X, y, sample_weight=[1] * 59 + ["heavy"])
    frame = pl.DataFrame({"who": ["a", "b"], "p": [1.0, 2.0], "q": [3.0, 4.0]})
    with pytest.raises(sw.SettingError, match=r"A table was given: name the column .*make_sequences\(table, group="):
        fitted.predict(frame)
    assert len(fitted.predict(make_sequences(frame, group="who"))) == 2


def test_a_class_with_one_member_is_trained_on_and_told(three):
    X, y = three
    y = np.where(np.arange(60) == 17, "lone", y)
    found = quick(epochs=1, validation=0.3, test=0.3).fit(X, y)
    assert 17 in found.parts_.train.tolist()
    assert "lone" in found.classes_.tolist()
    assert found.notes_ == [
        "Only sequence 17 has the label 'lone': it stays in the training set, so how well this label is recognised "
        "cannot be measured."
    ]


def test_a_constant_feature_is_told_and_does_no_harm(three):
    X, y = three
    wide = [np.concatenate([x, np.full((len(x), 1), 1e6)], axis=1) for x in X]
    found = quick().fit(wide, y)
    assert found.notes_ == ["The same value at every step of the training set, so of no use: feature(s) '2'."]
    assert found.score(wide, y) > 0.9


def test_a_value_that_hides_all_others_is_told(three):
    X, y = three
    X = [x.copy() for x in X]
    X[30][0, 1] = -1e9
    found = quick(epochs=1, validation=0).fit(X, y)
    assert found.notes_ == [
        "Feature '1' has a value of -1e+09, so far from the others that scaled they are all nearly the same: the "
        "network cannot tell them apart. Fix the value, or choose scaler='robust'."
    ]
    assert quick(epochs=1, validation=0, scaler="robust").fit(X, y).notes_ == []
    assert quick(epochs=1, validation=0).fit(three[0], y).notes_ == []


def poison(at):
    """A callback that makes the weights NaN before epoch `at`, from 0."""

    class Poison(import_keras().callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == at:
                self.model.set_weights([np.full_like(w, np.nan) for w in self.model.get_weights()])

    return Poison()


def test_a_training_that_never_had_a_finite_loss_is_refused(three):
    message = r"The loss is not finite in the first epoch \(nan\): nothing was learned\. Lower the learning_rate"
    with pytest.raises(sw.SettingError, match=message):
        quick().fit(*three, callbacks=[poison(0)])


def test_a_training_that_diverges_later_keeps_the_best_weights_and_says_so(three):
    found = quick().fit(*three, callbacks=[poison(3)])
    assert found.training_.diverged
    assert len(found.training_.history["loss"]) == 3
    assert found.notes_ == [
        "The loss was no longer finite in epoch 4: training stopped there, and the weights of epoch "
        f"{found.training_.best_epoch} were kept. A lower learning_rate helps."
    ]
    assert np.isfinite(found.predict_proba(three[0])).all()


def test_a_fit_that_fails_leaves_the_earlier_one_whole(three):
    X, y = three
    found = quick(epochs=1).fit(X, y)
    before = found.predict_proba(X)
    with pytest.raises(sw.DataError):
        found.fit(X, ["a"] * 60)
    np.testing.assert_array_equal(found.predict_proba(X), before)


@pytest.mark.parametrize("seed", [4_294_968, 2**40, np.int32(2**31 - 1)])
def test_a_large_seed(three, seed):
    X, y = three
    one, other = (quick(epochs=1, seed=seed).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_the_seeds_of_the_layers():
    from seqwise.estimators.seeds import seed_stream

    assert list(seed_stream(7)) == list(range(7000, 8000))
    assert max(seed_stream(4_294_967)) == 2**32 - 1
