"""Classifier and Regressor of texts: the vocabulary, pretrained vectors, the run folder, and what is said of faults."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.errors import DataError, SettingError

SMALL: dict[str, Any] = {
    "units": (8,),
    "embedding": 8,
    "epochs": 14,
    "learning_rate": 0.02,
    "dropout": 0.0,
    "recipe": "lstm",
}
FILLERS = ["the", "a", "film", "plot", "actor", "scene", "was", "is", "and", "of", "it", "they"]


def quick(**changes: Any) -> Any:
    return sw.Classifier(**SMALL | changes)


def draw(count, seed=0):
    """Texts whose class is whether "good" stands before "bad", which a bag of words cannot tell."""
    rng = np.random.default_rng(seed)
    codes = np.arange(count) % 2
    texts = []
    for code in codes:
        words = rng.choice(FILLERS, size=rng.integers(4, 12)).tolist()
        first, second = sorted(rng.choice(len(words), size=2, replace=False).tolist())
        words[first], words[second] = ("good", "bad") if code else ("bad", "good")
        texts.append(" ".join(words))
    return texts, np.array(["up", "down"])[1 - codes]


@pytest.fixture(scope="module")
def data():
    return draw(240)


@pytest.fixture(scope="module")
def fitted(data):
    return quick(test=40).fit(*data)


def test_it_learns_the_order_of_words_which_a_bag_of_words_cannot(fitted, data):
    texts, labels = draw(100, seed=1)
    assert fitted.score(texts, labels) > 0.9
    twin = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(*data)
    assert twin.score(texts, labels) < 0.65
    assert fitted.evaluate().scores["simple"]["accuracy"] < 0.8
    assert str(fitted.evaluate()).splitlines()[2].startswith("bag of words, logistic regression")


def test_the_vocabulary_is_that_of_the_training_part(data):
    texts, labels = data
    named = [f"{text} only{i} only{i}" for i, text in enumerate(texts)]
    found = quick(epochs=1, validation=40, test=40).fit(named, labels)
    assert found.parts_ is not None
    known = {token for token in found.input_.tokenizer.tokens_ if token.startswith("only")}
    assert known == {f"only{i}" for i in found.parts_.train}
    assert any(re.match(r"0\.0% of the [\d,]+ words are unknown", note) for note in found.notes_)


@pytest.mark.parametrize("settings", [{}, {"tokenizer": {"kind": "bpe", "size": 60}}], ids=["words", "bpe"])
def test_a_run_comes_back(settings, data, tmp_path):
    found = quick(epochs=2, **settings).fit(*data)
    found.save(tmp_path / "run")
    again = sw.load(tmp_path / "run")
    others = [*draw(20, seed=3)[0], "", "unseen words 🙂"]
    np.testing.assert_array_equal(again.predict_proba(others), found.predict_proba(others))
    assert again.predict(others).tolist() == found.predict(others).tolist()
    assert again.get_params() == found.get_params()
    assert again.evaluate(*data).scores == found.evaluate(*data).scores
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"model.keras", "vocabulary.json", "manifest.json"} <= files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".joblib"))]
    # Keras alone reads the model: padded ids in, probabilities out
    stock = import_keras().models.load_model(tmp_path / "run/model.keras")
    encoded = found.input_.tokenizer.encode(others)
    ids = sw.data.pad(encoded, length=30).values[..., 0]
    np.testing.assert_allclose(stock(ids)[:, 0], found.predict_proba(others)[:, 1], rtol=1e-5, atol=1e-6)


def test_a_text_has_the_same_output_alone_and_beside_any_other(fitted, data):
    texts = [*data[0][:30], " ".join(["good"] * 90)]
    together = fitted.predict_proba(texts)
    alone = np.concatenate([fitted.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-7)


def test_texts_of_a_table(data, tmp_path):
    frame = pl.DataFrame({"review": data[0], "mood": data[1]})
    frame.write_csv(tmp_path / "reviews.csv")
    expected = quick(epochs=2).fit(*data).predict_proba(data[0])
    for source in (frame, frame.to_pandas(), str(tmp_path / "reviews.csv")):
        found = quick(epochs=2).fit(source, text="review", label="mood")
        np.testing.assert_array_equal(found.predict_proba(frame.select("review")), expected)
        assert found.score(source) == (found.predict(data[0]) == data[1]).mean()


def write_vectors(path, words, dims=6):
    values = np.random.default_rng(0).normal(size=(len(words), dims)).round(3)
    path.write_text("".join(f"{w} {' '.join(map(str, row))}\n" for w, row in zip(words, values, strict=True)))
    return values.astype(np.float32)


def test_a_file_of_one_text_a_line(data, tmp_path):
    texts, labels = data
    path = tmp_path / "letters.txt"
    path.write_text("\n".join(texts[:40]))
    found = quick(epochs=1).fit(path, labels[:40])
    np.testing.assert_array_equal(
        found.predict_proba(path), quick(epochs=1).fit(texts[:40], labels[:40]).predict_proba(texts[:40])
    )
    with pytest.raises(
        SettingError,
        match=r"^label='stars' names a column of a table, but the sequences came as a file of one text a line\. "
        r"Leave it out, and pass the labels as y\.$",
    ):
        quick().fit(path, label="stars")
    path.write_bytes(b"fine\ncaf\xe9\n")
    with pytest.raises(
        DataError,
        match=r"^letters.txt is not UTF-8: line 2 holds the byte 0xe9. Save it as UTF-8, or convert it: iconv -f",
    ):
        found.predict(path)


@pytest.mark.parametrize("frozen", [True, False])
def test_pretrained_vectors_start_the_embedding(frozen, data, tmp_path):
    words = ["good", "bad", *FILLERS[:6]]
    values = write_vectors(tmp_path / "vectors.txt", words)
    found = quick(epochs=4, vectors=str(tmp_path / "vectors.txt"), frozen=frozen).fit(*data)
    table = found.model_.get_layer("embedding").get_weights()[0]
    rows = table[[found.input_.tokenizer.tokens_.index(word) for word in words]]
    assert rows.shape == values.shape
    assert np.array_equal(rows, values) is frozen
    assert "vectors.txt has vectors for 8 of the vocabulary's 14 words (57.1%)" in "\n".join(found.notes_)
    found.save(tmp_path / "run")
    (tmp_path / "vectors.txt").unlink()  # the run needs the file no more
    again = sw.load(tmp_path / "run")
    np.testing.assert_array_equal(again.predict_proba(data[0]), found.predict_proba(data[0]))


def test_arrays_of_vectors_do_as_well_as_the_texts_they_stand_for(data, tmp_path):
    """Sentiment from (samples, timesteps, dims), made before, as from text."""
    vocabulary = ["good", "bad", *FILLERS]
    values = write_vectors(tmp_path / "vectors.txt", vocabulary)
    vector = dict(zip(vocabulary, values, strict=True))

    def arrays(texts):
        return [np.array([vector[word] for word in text.split()]) for text in texts]

    others, answers = draw(100, seed=1)
    settings = {"epochs": 25, "pooling": "max"}
    by_text = quick(**settings, vectors=str(tmp_path / "vectors.txt"), frozen=True).fit(*data)
    by_array = quick(**settings).fit(arrays(data[0]), data[1])
    assert by_text.score(others, answers) > 0.9
    assert by_array.score(arrays(others), answers) > 0.9
    padded = np.zeros((len(others), 12, 6), np.float32)  # one array of equal lengths works, too
    for row, array in zip(padded, arrays(others), strict=True):
        row[: len(array)] = array
    assert by_array.predict(padded).shape == (100,)


def test_a_number_from_texts(tmp_path):
    texts, _ = draw(160)
    y = np.array([text.split().index("good") for text in texts], dtype=float)
    settings: dict[str, Any] = SMALL | {"epochs": 30, "pooling": "last"}
    found = sw.Regressor(**settings).fit(texts, y)
    others, _ = draw(60, seed=5)
    assert found.score(others, [text.split().index("good") for text in others]) > 0.5
    found.save(tmp_path / "run")
    np.testing.assert_array_equal(sw.load(tmp_path / "run").predict(others), found.predict(others))


FAULTS: dict[str, tuple[dict[str, Any], Any, type[Exception], str]] = {
    "a missing text": (
        {}, [*FILLERS[:9], None], DataError,
        "Text 9 is missing (None). Write '' for an empty text, or leave it out, with its label.",
    ),
    "no such tokenizer setting": (
        {"tokenizer": {"sise": 9}}, FILLERS[:10], SettingError,
        "tokenizer names 'sise', which is not a setting of a Tokenizer. Did you mean 'size'?",
    ),
    "no tokenizer settings": (
        {"tokenizer": "bpe"}, FILLERS[:10], SettingError,
        "tokenizer='bpe': expected a Tokenizer's settings, for example {'kind': 'bpe'}.",
    ),
    "frozen": (
        {"frozen": True}, FILLERS[:10], SettingError,
        "frozen=True without vectors would keep random ones. Name a file: vectors='glove….txt'.",
    ),
    "sub-words and vectors": (
        {"tokenizer": {"kind": "bpe", "min_count": 1}, "vectors": "none.txt"}, FILLERS[:10], SettingError,
        "vectors are of whole words, but tokenizer={'kind': 'bpe'} splits them. Drop one.",
    ),
    "numbers": (
        {"vectors": "none.txt"}, np.ones((10, 3, 2)), SettingError,
        "tokenizer and vectors are of texts, but these are sequences of numbers. Leave them out.",
    ),
    "a table": (
        {}, pl.DataFrame({"review": FILLERS[:10]}), SettingError,
        "the polars table has the columns ['review']. Where each row is a text, name the column of texts: text='…'. "
        "Where each row is a timestep, name the column that says of which sequence: group='…'.",
    ),
    "embedding": (
        {"embedding": 0}, FILLERS[:10], SettingError,
        "embedding=0: expected the width of a word's vector, at least 1.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_said_of_faults(case):
    settings, texts, error, said = FAULTS[case]
    with pytest.raises(error, match="^" + re.escape(said) + "$"):
        sw.Classifier(**settings).fit(texts, [0, 1] * 5)


def test_texts_and_numbers_are_not_mixed_up(fitted):
    with pytest.raises(
        DataError, match=r"^The model was trained on texts, but these are ndarray. Pass a list of texts\.$"
    ):
        fitted.predict(np.ones((3, 4, 2)))
    with pytest.raises(
        SettingError, match=r"^The model was trained on a list of texts. Pass one; from a table its column: "
    ):
        fitted.predict(pl.DataFrame({"review": ["good"]}))
    with pytest.raises(DataError, match=r"^Expected a list of texts, got str: 'good'"):
        fitted.predict("good")
    rng = np.random.default_rng(0)
    of_numbers = quick(epochs=1).fit(rng.normal(size=(20, 3, 2)), [0, 1] * 10)
    with pytest.raises(DataError, match=r"^The model was trained on sequences of numbers, but these are texts\.$"):
        of_numbers.predict(["good"])
    with pytest.raises(SettingError, match=r"^text='a' reads one text from each row; group='b' is of tables"):
        sw.Classifier().fit(pl.DataFrame({"a": ["x"], "b": [1]}), text="a", group="b")


def test_settings_come_back_from_json(fitted, tmp_path):
    fitted.save(tmp_path / "run")
    saved = json.loads((tmp_path / "run/manifest.json").read_text())
    assert saved["settings"]["tokenizer"] is None
    assert saved["source"]["texts"] is True


def test_a_txt_file_that_is_a_table_stays_one(data, tmp_path):
    texts, labels = data
    path = tmp_path / "reviews.txt"
    pl.DataFrame({"review": texts[:40], "mood": labels[:40]}).write_csv(path, separator="\t")
    found = quick(epochs=1).fit(path, text="review", label="mood")
    np.testing.assert_array_equal(found.predict_proba(path), found.predict_proba(texts[:40]))
    assert found.score(path) == found.score(texts[:40], labels[:40])


def test_texts_to_predict_need_no_labels(data):
    frame = pl.DataFrame({"review": data[0][:40], "mood": data[1][:40]})
    found = quick(epochs=1).fit(frame, text="review", label="mood")
    blank = frame.with_columns(mood=pl.lit(None, dtype=pl.String))
    np.testing.assert_array_equal(found.predict_proba(blank), found.predict_proba(frame))
    assert found.score(blank, data[1][:40]) == found.score(frame)
