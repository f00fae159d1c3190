"""What would take more memory or time than there is: refused or cut first; and messages that a user can read."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from fuzz import examples
from hypothesis import given
from hypothesis import strategies as st

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.data.sequences import cut_sequences, join_sequences
from seqwise.data.tokenizer import Tokenizer
from seqwise.errors import MOST_CHARACTERS, SeqwiseError, shortened
from seqwise.estimators import memory
from seqwise.estimators.forecasting import sampling
from seqwise.estimators.memory import lstm_weights, machine_memory

SERIES = np.sin(np.arange(60.0)) + 3
SEQUENCES, LABELS = [SERIES[i : i + 5] for i in range(20)], ["a", "b"] * 10
TEXTS = ["so good", "so bad"] * 10


@pytest.mark.parametrize(
    ("estimator", "data", "said"),
    [
        (sw.Forecaster(6, 2, (10**9,)), (SERIES,), r"units=\(1000000000,\)"),
        (sw.Forecaster(6, 2, (4, 10**7)), (SERIES,), r"units=\(4, 10000000\)"),
        (sw.Classifier((10**9,)), (SEQUENCES, LABELS), r"units=\(1000000000,\)"),
        (sw.Regressor((10**6,)), (SEQUENCES, np.arange(20.0)), r"units=\(1000000,\)"),
        (sw.Classifier(embedding=10**10), (TEXTS, LABELS), r"embedding=10000000000"),
        (sw.Tagger(embedding=10**10), ([t.split() for t in TEXTS],) * 2, r"embedding=10000000000"),
        (sw.Translator(embedding=10**10, tokens="words", test=0), (TEXTS, TEXTS), r"embedding=10000000000"),
        (sw.Translator((10**8,), tokens="words", test=0), (TEXTS, TEXTS), r"units=\(100000000,\)"),
    ],
)
def test_a_network_that_does_not_fit_in_memory(estimator, data, said):
    started = time.perf_counter()
    with pytest.raises(
        sw.SettingError, match=said + r".* would make a network of [\d,]+ weights\. Training takes .* GB"
    ):
        estimator.fit(*data)
    assert time.perf_counter() - started < 30


@pytest.mark.parametrize("estimator", [sw.Forecaster(6, 2), sw.Classifier(), sw.Translator()])
def test_more_layers_than_learn(estimator):
    estimator.set_params(units=(2,) * 65)
    with pytest.raises(sw.SettingError, match="units has 65 layers; expected at most 64"):
        estimator.fit(SERIES)


@pytest.mark.parametrize("ensemble", [0, 101, 10**9, 2.0])
def test_networks_without_end(ensemble):
    with pytest.raises(sw.SettingError, match=f"ensemble={ensemble}: expected a whole number, from 1 to 100"):
        sw.Classifier(ensemble=ensemble).fit(SEQUENCES, LABELS)


def counts(kind):
    """The settings of an estimator that count something."""
    names = {name for name, value in kind().get_params().items() if type(value) is int}
    return [(kind, name) for name in sorted({*names, "batch_size", "patience"} - {"seed", "beam", "embedding"})]


@pytest.mark.parametrize(("kind", "name"), [*counts(sw.Forecaster), *counts(sw.Tagger), *counts(sw.Translator)])
@pytest.mark.parametrize("number", [2**63, 10**30])
def test_a_number_that_nothing_counts_to(kind, name, number):
    with pytest.raises(sw.SettingError, match=f"{name}={number}: expected .*whole number, from [12] to 1,000"):
        kind(**{name: number}).fit(SERIES)


@pytest.mark.parametrize("name", ["size", "min_count", "max_length"])
def test_more_tokens_than_are_counted(name):
    with pytest.raises(sw.SettingError, match=f"{name}={2**64}: expected a whole number, from . to 1,000,000,000,000"):
        Tokenizer(**{name: 2**64}).fit(TEXTS)


def test_the_largest_numbers_that_are_counted():
    most = 10**12
    sw.Forecaster(5, 2, (2,), epochs=2, patience=most, batch_size=most, season=1, seed=10**30).fit(SERIES)
    sizes = {"epochs": most, "max_length": most, "batch_size": most, "vocabulary": most, "min_count": 1, "patience": 1}
    translator = sw.Translator((2,), embedding=2, test=0, tokens="bpe", beam=1, **sizes).fit(TEXTS, TEXTS)
    assert len(translator.predict(["so good"])) == 1


@pytest.mark.parametrize("bidirectional", [False, True])
def test_as_many_layers_as_are_allowed(bidirectional):
    from seqwise.estimators.forecasting.network import build_network

    sizes = {"window": 3, "features": 1, "horizon": 1, "targets": 1, "units": (1,) * 64}
    network = build_network(**sizes, bidirectional=bidirectional, linear_skip=False)
    assert len(network.trainable_weights) == 64 * 3 * (1 + bidirectional) + 2


def test_more_sample_paths_than_memory_holds(monkeypatch):
    monkeypatch.setattr(sampling, "machine_memory", lambda: 8 * 10**9)
    forecaster = sw.Forecaster(6, 2, (2,), epochs=1, season=1).fit(SERIES)
    started = time.perf_counter()
    said = "num_samples=1,000,000,000 paths of 2 numbers each take 464.0 GB, and this machine has 8.0 GB. Draw fewer."
    with pytest.raises(sw.SettingError, match=f"^{re.escape(said)}$"):
        forecaster.sample(num_samples=10**9)
    assert time.perf_counter() - started < 5
    assert forecaster.sample(num_samples=3).shape == (3, 2, 1)


def test_the_weights_are_those_that_keras_makes(monkeypatch):
    keras = import_keras()
    for units, bidirectional in (((3,), False), ((3, 5), True), ((2, 3, 4), False)):
        layers = [
            keras.layers.Bidirectional(layer) if bidirectional else layer
            for layer in (keras.layers.LSTM(width, return_sequences=True) for width in units)
        ]
        model = keras.Sequential([keras.Input((None, 7)), *layers])
        assert lstm_weights(7, units, bidirectional) == model.count_params()
    assert (machine_memory() or 2**40) > 2**28
    monkeypatch.setattr(memory, "machine_memory", lambda: 1000)
    with pytest.raises(sw.SettingError, match="Choose smaller ones"):
        sw.Forecaster(6, 2, (4,)).fit(SERIES)


@pytest.mark.parametrize("beam", [0, 1001, 10**9, 2.0, True, None])
def test_hypotheses_without_end(beam):
    with pytest.raises(sw.SettingError, match=r"beam=.*: expected a number of hypotheses, 1 \(greedy\) to 1,000"):
        sw.Translator(beam=beam).fit(TEXTS, TEXTS)


@pytest.mark.parametrize("kind", ["bpe", "words"])
def test_one_long_word_is_split_in_linear_time(kind):
    tokenizer = Tokenizer(kind, min_count=1).fit(["ab abab ba cab " * 50, "x" * 20_000])
    started = time.perf_counter()
    ids = tokenizer.encode(["abc" * 400_000])
    assert time.perf_counter() - started < 10
    if kind == "bpe":
        assert tokenizer.decode(ids.values[:, 0]).replace(" ", "") == "abc" * 400_000


@examples(30)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 9))
def test_cut_sequences(lengths, most):
    arrays = [np.arange(n) + 10.0 * i for i, n in enumerate(lengths)]
    cut = cut_sequences(join_sequences(arrays), most)
    np.testing.assert_array_equal(cut.values[:, 0], np.concatenate([array[:most] for array in arrays]))
    assert cut.lengths.tolist() == [min(n, most) for n in lengths]


def test_a_text_without_end_is_cut_with_a_warning():
    translator = sw.Translator((3,), embedding=3, epochs=1, tokens="words", min_count=1, max_length=4, test=0, beam=1)
    translator.fit(TEXTS, TEXTS)
    with pytest.warns(UserWarning, match=r"1 of the 2 text\(s\) have more than 40 tokens, the longest 100,000"):
        long, short = translator.predict(["so good " * 50_000, "so bad"])
    assert translator.predict(["so bad"]) == [short]
    assert translator.predict(["so good " * 20]) == [long]


# messages


@examples(50)
@given(st.text(max_size=50), st.integers(0, 5000), st.sampled_from([sw.DataError, sw.SettingError, sw.BundleError]))
def test_no_message_is_longer_than_a_page(text, times, kind):
    said = str(kind(text * times))
    assert len(said) <= MOST_CHARACTERS
    assert said == text * times or "characters left out" in said
    assert said[:400] == (text * times)[:400]
    assert said[-400:] == (text * times)[-400:]
    assert isinstance(kind(text), SeqwiseError)


@pytest.mark.parametrize("most", [60, 2000])
def test_shortened(most):
    text = "".join(map(str, range(10_000)))
    assert len(shortened(text, most)) <= most


@pytest.mark.parametrize(
    "wrong",
    [
        lambda big: sw.Forecaster(window=big).fit(SERIES),
        lambda big: sw.Forecaster(optimizer=big).fit(SERIES),
        lambda big: sw.Forecaster(6, 2, scaler=big).fit(SERIES),
        lambda big: sw.Forecaster(6, 2).fit(big),
        lambda big: sw.Forecaster(6, 2).fit({"t": [1, 2], big: [3, 4]}, target="other"),
        lambda big: sw.Classifier().fit(SEQUENCES, [big] * 19),
        lambda big: sw.Classifier().fit(big, LABELS),
        lambda big: sw.load("/tmp/" + big[:100] + "/" + big),
    ],
)
def test_a_million_characters_of_the_users_own(wrong):
    with pytest.raises((SeqwiseError, OSError, TypeError)) as error:
        wrong("x" * 1_000_000)
    assert len(str(error.value)) <= MOST_CHARACTERS or isinstance(error.value, (OSError, TypeError))


def test_ten_thousand_classes_are_reported():
    from seqwise.evaluation.classification import ClassComparison

    classes, rows = 4_000, 50
    p = np.full((rows, classes), 1 / classes)
    comparison = ClassComparison(
        np.arange(classes), np.arange(rows), {"model": p, "simple": p, "majority": p}, {}, "the test set"
    )
    assert comparison.confusion(40).shape == (40, 40)
    assert "confusion" not in comparison.to_dict()
