"""Validation data of one's own: they choose the epoch, and teach nothing."""

import numpy as np
import pytest

import seqwise as sw

RNG = np.random.default_rng(0)
SMALL = {"units": (3,), "epochs": 2, "recipe": "lstm"}


def draw(samples, shift=0.0):
    return [RNG.normal(size=(RNG.integers(4, 8), 2)) + shift + i % 2 for i in range(samples)], np.arange(samples) % 2


def test_they_are_the_validation_part_and_teach_nothing():
    X, y = draw(12)
    other, theirs = draw(6, shift=100.0)
    fitted = sw.Classifier(**SMALL).fit(X, y, validation_data=(other, theirs))
    assert fitted.counts_ == {"train": 12, "validation": 6, "test": 0}
    alone = sw.Classifier(**SMALL, validation=0).fit(X, y)
    np.testing.assert_allclose(fitted.input_.scaler.offset_, alone.input_.scaler.offset_)
    np.testing.assert_allclose(fitted.training_.history["loss"], alone.training_.history["loss"], rtol=1e-5)
    assert len(fitted.training_.history["val_loss"]) == 2
    evaluation = fitted.evaluate()
    assert evaluation.part == "the validation set"
    assert evaluation.metrics["accuracy"] == fitted.score(other, theirs)


def test_of_texts_of_tags_and_of_numbers():
    texts = sw.Classifier(**SMALL).fit(["a b", "c d"] * 6, ["x", "y"] * 6, validation_data=(["a a", "c"], ["x", "y"]))
    assert texts.counts_["validation"] == 2
    tags = sw.Tagger(units=(3,), epochs=1).fit(
        [["a", "b"], ["b"]] * 6, [["x", "y"], ["y"]] * 6, validation_data=([["b", "a", "b"]], [["y", "x", "y"]])
    )
    assert tags.counts_["validation"] == 1
    X, _ = draw(12)
    weights = np.ones(12)
    numbers = sw.Regressor(**SMALL).fit(
        X, RNG.normal(size=(12, 2)), sample_weight=weights, validation_data=(X[:3], RNG.normal(size=(3, 2)))
    )
    assert numbers.counts_["validation"] == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda X, y: (X, y, y), "validation_data has 3 entries; expected sequences and their labels, (X, y)."),
        (lambda X, y: X, "The validation data have no labels. Pass both, validation_data=(X, y); y is one for each"),
        (
            lambda X, y: ([x[:, :1] for x in X], y),
            "The validation data have the features 0; the training",
        ),
    ],
)
def test_what_is_wrong_is_told(given, message):
    X, y = draw(12)
    with pytest.raises((sw.DataError, sw.SettingError)) as caught:
        sw.Classifier(**SMALL).fit(X, y, validation_data=given(X, y))
    assert message in str(caught.value)
