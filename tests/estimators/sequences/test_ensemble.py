"""Several networks trained with seeds of their own, kept as one model."""

import numpy as np
import pytest

import seqwise as sw
from seqwise.backend import import_keras

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(5, 2)) + i % 3 for i in range(30)]
SMALL = {"units": (2,), "epochs": 1, "validation": 0}


def logits(classifier):
    """What a classifier of numbers says before its activation."""
    keras, model = import_keras(), classifier.model_
    before = keras.Model(model.inputs, model.layers[-1].input)
    values = np.stack([classifier.input_.scaler.transform(x) for x in X])
    return np.asarray(before([values, np.ones(values.shape[:2], bool)]))


@pytest.mark.parametrize("recipe", ["lstm", "lstm-fcn"])
def test_the_mean_of_what_each_says(recipe, tmp_path):
    together = sw.Classifier(**SMALL, recipe=recipe, seed=5, ensemble=2).fit(X, np.arange(30) % 3)
    each = [logits(sw.Classifier(**SMALL, recipe=recipe, seed=seed).fit(X, np.arange(30) % 3)) for seed in (5, 6)]
    assert np.abs(each[0] - each[1]).max() > 0.01
    np.testing.assert_allclose(logits(together), np.mean(each, axis=0), atol=1e-5)
    run = together.save(tmp_path / "run")
    plain = sw.load(run, backend="numpy")
    np.testing.assert_allclose(plain.predict_proba(X), together.predict_proba(X), atol=1e-5)


def test_texts_have_their_pairs_once():
    texts = [["not good film", "so good film"][i % 2] for i in range(40)]
    classifier = sw.Classifier(units=(2,), embedding=2, epochs=1, ensemble=2).fit(texts, np.arange(40) % 2)
    assert sum("weights_of_pairs" in layer.name for layer in classifier.model_.layers) == 1
    assert len(classifier.target_.temperatures) == 2
    assert classifier.score(texts, np.arange(40) % 2) == 1


def test_numbers_are_averaged_too():
    y = [x.mean() for x in X]
    together = sw.Regressor(**SMALL, recipe="lstm", ensemble=2).fit(X, y).predict(X)
    each = [sw.Regressor(**SMALL, recipe="lstm", seed=seed).fit(X, y).predict(X) for seed in (0, 1)]
    np.testing.assert_allclose(together, np.mean(each, axis=0), atol=1e-5)
