"""`check`, `explain_errors` and the report where the data come from a source that makes batches."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from feeds import Batches, as_loader, as_tf_dataset, batches
from keras import layers

import seqwise as sw

X = np.random.default_rng(0).normal(size=(200, 10, 3)).astype("float32")
Y = X[:, -1, :1]


def network(*shape, embedding=None):
    parts = [layers.Embedding(50, 4)] if embedding else []
    model = keras.Sequential([keras.Input(shape), *parts, layers.LSTM(4), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def names(report):
    return [finding.name for finding in report]


def test_the_subject_says_what_was_looked_at():
    report = sw.check(network(10, 3), as_tf_dataset(X, Y, 16), validation=batches(X[:40] + 1, Y[:40], 16))
    assert report.subject == (
        "model 'sequential', 2 layers; x (200, 10, 3); y (200, 1); all 200 samples of a tf.data.Dataset; "
        "validation: all 40 samples of a generator"
    ).replace("sequential", report.subject.split("'")[1])
    assert report.summary == "No faults found."


@pytest.mark.parametrize("feed", [as_tf_dataset, Batches, as_loader, batches])
def test_a_fix_of_the_data_is_told_in_words(feed):
    (finding,) = sw.check(network(10, 1), feed(X[..., 0], Y, 16))
    assert (finding.name, finding.fix) == ("features-axis-missing", "")
    assert finding.what.endswith(" In each batch: x = x[..., None]")
    (finding,) = sw.check(network(10, 3), feed(X * 1000, Y, 16))
    assert (finding.name, finding.fix) == ("input-unscaled", "")
    assert " Before the samples are put in batches: mean, std = x.mean(axis=(0, 1))" in finding.what


def test_a_fix_of_the_model_stays_code():
    (finding,) = sw.check(network(10, 3), as_tf_dataset(X[..., :2], Y, 16))
    assert (finding.name, finding.fix) == ("features-count", "keras.Input((10, 2))")


def test_arrays_keep_their_code_beside_a_validation_source():
    x = X[..., 0]
    report = sw.check(network(10, 1), x, Y, validation=Batches(X[:, :, :1] + 1, Y, 16))
    fixes = {finding.name: finding.fix for finding in report}
    assert fixes["features-axis-missing"] == "x = x[..., None]"
    assert fixes["validation-shape"] == ""


def test_the_same_windows_in_both_parts():
    report = sw.check(network(10, 3), as_loader(X, Y, 16), validation=as_tf_dataset(X[:50], Y[:50], 16))
    assert names(report) == ["windows-in-both-parts"]
    assert report[0].fix == ""


def test_samples_by_themselves():
    dataset = tf.data.Dataset.from_tensor_slices((X, Y))
    (finding,) = sw.check(network(10, 3), dataset)
    assert (finding.name, finding.fix) == ("samples-axis-missing", "")
    assert finding.what.endswith("Let the tf.data.Dataset make batches: dataset = dataset.batch(32)")
    (finding,) = sw.check(network(10, 3), ((X[i], Y[i, 0]) for i in range(200)))
    assert (finding.name, finding.fix) == ("samples-axis-missing", "")


def test_batches_padded_each_to_its_longest():
    """Lengths that differ from batch to batch are neither sequences of unequal lengths nor padding of ours."""
    numbers = np.random.default_rng(1)

    class Bucketed(keras.utils.PyDataset):
        def __len__(self):
            return 6

        def __getitem__(self, index):
            length = (8, 12, 8, 9, 12, 8)[index]
            return numbers.integers(1, 50, (16, length)), numbers.normal(size=(16, 1))

    model = network(None, embedding=True)
    report = sw.check(model, Bucketed(), validation=Bucketed())
    assert not report.findings, report
    assert "x (None, None); y (None, 1); 48 samples (6 of 6 batches) of a PyDataset" in report.subject


def test_a_scaler_is_not_judged_by_a_part_of_its_data():
    many = np.random.default_rng(0).random((2000, 10, 1))
    many[1500, 0] = 0
    many[1600, 0] = 1
    validation = many[:300].copy()
    validation[0, 0], validation[1, 0] = 0, 1
    validation[:, 1:] *= 0.9
    report = sw.check(
        network(10, 1), as_tf_dataset(many, many[:, 0], 32), validation=batches(validation, validation[:, 0], 32)
    )
    assert "scaler-saw-validation" not in names(report)


def test_what_could_not_be_examined_is_said():
    used = batches(X, Y, 16)
    next(used)
    report = sw.check(network(10, 3), used)
    assert report.unexamined == [
        "used, a generator: it has started and can be read only once, so nothing was taken from it"
    ]
    assert report.summary == "No faults found in what was examined."
    report = sw.check(network(10, 3), X, Y, validation=iter([(X, Y)]))
    assert report.unexamined == [
        "validation, an iterator (list_iterator): it can be read only once, so nothing was taken from it"
    ]


def test_shapes_alone_are_enough_to_find_a_fault_of_the_model():
    random = tf.random.Generator.from_seed(1)
    dataset = as_tf_dataset(X, Y, 16).map(lambda x, y: (x + random.normal([]), y))
    report = sw.check([layers.LSTM(4), layers.LSTM(4)], dataset)
    assert names(report) == ["return-sequences-missing"]
    assert "x (None, 10, 3); y (None, 1); a tf.data.Dataset, its shapes only" in report.subject
    assert len(report.unexamined) == 1


def test_windows():
    table = np.random.default_rng(0).normal(size=(300, 2))
    windows = sw.data.Windows(table, 24, 1)
    report = sw.check(network(24, 2), windows)
    assert not report.findings
    assert report.subject.endswith("x (276, 24, 2); y (276, 1, 1); all 276 samples of a seqwise.data.Windows")
    assert names(sw.check(network(24, 3), windows)) == ["features-count"]


FITS = {
    "a tf.data.Dataset": lambda: as_tf_dataset(X, np.zeros((200, 5)), 16),
    "a PyDataset": lambda: Batches(X, np.zeros((200, 5)), 16),
    "a DataLoader": lambda: as_loader(X, np.zeros((200, 5), "float32"), 16),
}


@pytest.mark.parametrize("kind", FITS)
def test_errors_of_fit_are_explained(kind):
    model = keras.Sequential([keras.Input((10, 3)), layers.LSTM(4), layers.Dense(3)])
    model.compile("adam", "mse")
    with pytest.raises(sw.ShapeError, match="target-size-differs"), sw.explain_errors():
        model.fit(FITS[kind](), verbose=0)  # type: ignore[arg-type]


def test_errors_of_fit_on_a_generator_pass_through():
    model = keras.Sequential([keras.Input((10, 3)), layers.LSTM(4), layers.Dense(3)])
    model.compile("adam", "mse")
    with pytest.raises(Exception, match=r"broadcast|shape") as caught, sw.explain_errors():
        model.fit(batches(X, np.zeros((200, 5)), 16), verbose=0)  # type: ignore[arg-type]
    assert not isinstance(caught.value, sw.ShapeError)


def test_batches_in_batches():
    twice = tf.data.Dataset.from_tensor_slices((X, Y)).batch(10).batch(4)
    (finding,) = sw.check(network(10, 3), twice)
    assert finding.name == "batched-twice" and not finding.fix
    assert "unbatch" in finding.what
