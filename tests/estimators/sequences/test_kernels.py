"""Random convolutions beside the LSTM: the layers say what a ridge regression on their features says."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV

import seqwise as sw
from seqwise.baselines.random_kernels import ALPHAS
from seqwise.estimators.sequences.kernels import SURE, draw_kernels, fit_kernels
from seqwise.estimators.sequences.temperature import SPREAD

RNG = np.random.default_rng(0)
FAST = np.arange(36) % 2 == 1
LENGTHS = RNG.integers(12, 40, 36)
WAVES = [
    np.sin(np.arange(n)[:, None] * (0.9 if fast else 0.5) + RNG.uniform(0, 6, 2)) + RNG.normal(0, 0.8, (n, 2))
    for n, fast in zip(LENGTHS, FAST, strict=True)
]
SETS = [[*(["fast"] if fast else []), *(["long"] if n > 25 else [])] for n, fast in zip(LENGTHS, FAST, strict=True)]


@pytest.mark.parametrize("y", [FAST, np.arange(36) % 3, SETS], ids=["two", "three", "sets"])
def test_the_layers_say_the_same(y):
    classifier: Any = sw.Classifier(units=(2,), epochs=1, bucketing=False).fit(WAVES, y)
    assert any("recipe='lstm-kernels'" in note for note in classifier.notes_)
    model, steps, target = classifier.model_, classifier.input_.prepare(classifier.raw_), classifier.target_
    parts = classifier.parts_
    train = np.concatenate([parts.train, parts.validation])  # few: both are learned
    targets = target.encode(classifier.targets_[train]).reshape(len(train), -1)
    kernels = draw_kernels(steps.take(parts.train))
    expected = fit_kernels(kernels, steps.take(train), targets, classifier.targets_[train], None).score(steps)
    keras = pytest.importorskip("keras")
    padded = sw.data.pad(list(steps))
    weighed = keras.Model(model.input, model.get_layer("weights_of_kernels").output)
    said = keras.ops.convert_to_numpy(weighed([padded.values.astype("float32"), padded.mask]))
    np.testing.assert_allclose(said, expected / target.temperatures[1], rtol=1e-3, atol=1e-3)
    assert np.std(expected) > 0.1


def test_the_scale_is_that_of_errors_on_sequences_left_out():
    steps = sw.data.make_sequences(WAVES)
    kernels, codes = draw_kernels(steps), FAST.astype(int)
    x = kernels.features(steps).astype(float)
    x = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-6)
    y = 2.0 * codes - 1
    alpha = RidgeCV(ALPHAS).fit(x, y).alpha_
    everyone: Any = Ridge(alpha).fit(x, y)
    left_out = []
    for i in range(len(y)):
        others = np.delete(np.arange(len(y)), i)
        left_out.append(Ridge(alpha).fit(x[others], y[others]).predict(x[i : i + 1])[0])
    scales = np.geomspace(2, 200, 2000)
    likelihoods = -np.logaddexp(0, -scales[:, None] * y * np.array(left_out)).sum(axis=1)
    best = scales[np.argmax(likelihoods - (np.log(scales / (2 * SURE)) / SPREAD) ** 2 / 2)]
    found = fit_kernels(kernels, steps, codes[:, None].astype(float), codes, None).score(steps)[:, 0]
    np.testing.assert_allclose(found, best * everyone.predict(x), rtol=0.02, atol=0.02)


def test_waves_are_told_apart_and_kept(tmp_path):
    classifier: Any = sw.Classifier(units=(2,), epochs=1, seed=0).fit(WAVES, FAST)
    alone: Any = sw.Classifier(units=(2,), epochs=1, seed=0, recipe="lstm-fcn").fit(WAVES, FAST)
    assert classifier.score(WAVES, FAST) > alone.score(WAVES, FAST)
    classifier.save(tmp_path / "run")
    numpy_run: Any = sw.load(tmp_path / "run", backend="numpy")
    np.testing.assert_allclose(numpy_run.predict_proba(WAVES), classifier.predict_proba(WAVES), atol=1e-5)
    explanation = classifier.explain_prediction(WAVES[0])
    assert explanation.contributions.sum() == pytest.approx(explanation.odds - explanation.start, abs=0.15)


def test_a_recipe_of_numbers_with_classes():
    with pytest.raises(sw.SettingError, match=r"lstm-kernels.*numbers"):
        sw.Regressor(recipe="lstm-kernels", units=(2,), epochs=1).fit(WAVES, FAST.astype(float))
    with pytest.raises(sw.SettingError, match=r"lstm-kernels.*numbers"):
        sw.Classifier(recipe="lstm-kernels", units=(2,), epochs=1).fit(["a b", "b a"] * 10, [0, 1] * 10)
