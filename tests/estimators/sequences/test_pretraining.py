"""Texts without labels, before the training: words that no label was given for are known by their company."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.errors import DataError, SettingError

SMALL: dict[str, Any] = {
    "units": (8,),
    "embedding": 12,
    "epochs": 40,
    "learning_rate": 0.01,
    "dropout": 0.0,
    "tokenizer": {"min_count": 1},
    "test": 0,
}
WORDS = {"up": ["good", "fine", "superb", "lovely"], "down": ["bad", "poor", "dire", "awful"]}
COMPANY = {"up": ["sunny", "laughing", "bright", "warm"], "down": ["grey", "crying", "cold", "dark"]}


def draw(count, words, seed):
    """Texts of one word of a class, in the company of that class or, with half as many words, in none."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for i in range(count):
        label = ("up", "down")[i % 2]
        around = rng.choice(COMPANY[label], 3).tolist() if len(words[label]) > 2 else []
        texts.append(" ".join(["it", "was", *around, str(rng.choice(words[label])), "today"]))
        labels.append(label)
    return texts, np.array(labels)


LABELLED = draw(40, {label: words[:2] for label, words in WORDS.items()}, 0)
UNLABELLED = draw(400, WORDS, 1)[0]
OTHERS = draw(60, {label: words[2:] for label, words in WORDS.items()}, 2)  # none of these words has had a label


def test_words_without_a_label_are_known_by_their_company(tmp_path):
    found = sw.Classifier(**SMALL).fit(*LABELLED, pretrain=UNLABELLED)
    assert found.score(*OTHERS) > 0.65
    assert sw.Classifier(**SMALL).fit(*LABELLED).score(*OTHERS) == 0.5
    assert any(
        note.startswith("19 words have vectors learned from 400 more texts without labels, and the network starts")
        for note in found.notes_
    )
    found.save(tmp_path / "run")
    np.testing.assert_array_equal(sw.load(tmp_path / "run").predict_proba(OTHERS[0]), found.predict_proba(OTHERS[0]))
    numpy_run: Any = sw.load(tmp_path / "run", backend="numpy")
    np.testing.assert_allclose(numpy_run.predict_proba(OTHERS[0]), found.predict_proba(OTHERS[0]), atol=1e-5)


def test_the_network_starts_from_the_vectors():
    inputs = sw.Classifier(**SMALL)._prepare(*LABELLED, pretrain=UNLABELLED).input
    ids = {word: i for i, word in enumerate(inputs.tokenizer.tokens_)}
    vectors = inputs.describe().vectors
    assert vectors is not None
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-9)
    alike = unit @ unit.T
    for label, words in WORDS.items():
        other = WORDS["down" if label == "up" else "up"]
        assert min(alike[ids[w], ids[v]] for w in words for v in words) > max(
            alike[ids[w], ids[v]] for w in words for v in other
        )


def test_tables_files_and_lists_are_the_same(tmp_path):
    pl.DataFrame({"said": LABELLED[0], "mood": LABELLED[1]}).write_csv(tmp_path / "said.csv")
    pl.DataFrame({"said": UNLABELLED}).write_csv(tmp_path / "more.csv")
    (tmp_path / "more.txt").write_text("\n".join(UNLABELLED))
    quick = SMALL | {"epochs": 1}
    weights = [
        sw.Classifier(**quick).fit(*LABELLED, pretrain=UNLABELLED).model_.get_weights(),
        sw.Classifier(**quick).fit(*LABELLED, pretrain=tmp_path / "more.txt").model_.get_weights(),
        sw.Classifier(**quick)
        .fit(tmp_path / "said.csv", text="said", label="mood", pretrain=tmp_path / "more.csv")
        .model_.get_weights(),
    ]
    for others in weights[1:]:
        for one, other in zip(weights[0], others, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("characters", [True, False])
def test_lists_of_tokens(characters):
    X, more = ([text.split() for text in texts] for texts in (LABELLED[0], UNLABELLED))
    y = [[str(word in {*WORDS["up"], *WORDS["down"]}) for word in words] for words in X]
    found = sw.Tagger(units=(6,), embedding=12, epochs=2, characters=characters).fit(X, y, pretrain=more)
    assert {"superb", "dire"} <= {*found.input_.tokenizer.tokens_}
    assert found.input_.learned is not None


def test_numbers_for_texts():
    found = sw.Regressor(units=(4,), embedding=4, epochs=1).fit(
        LABELLED[0], [float(len(text)) for text in LABELLED[0]], pretrain=UNLABELLED
    )
    assert "superb" in found.input_.tokenizer.tokens_


def test_what_cannot_be_learned_from_is_named():
    numbers = [np.ones((4, 1)) * i for i in range(20)]
    with pytest.raises(SettingError, match="pretrain holds texts without labels, but these are sequences of numbers"):
        sw.Classifier(epochs=1).fit(numbers, [0, 1] * 10, pretrain=UNLABELLED)
    with pytest.raises(SettingError, match=r"vectors='glove.txt' and pretrain both say"):
        sw.Classifier(epochs=1, vectors="glove.txt").fit(*LABELLED, pretrain=UNLABELLED)
    with pytest.raises(DataError, match="Text 1 is int"):
        sw.Classifier(epochs=1).fit(*LABELLED, pretrain=["a", 1])
    with pytest.raises(DataError, match="but these are int"):
        sw.Classifier(epochs=1).fit(*LABELLED, pretrain=5)


def test_few_more_texts_are_read_by_the_linear_model_alone():
    few = UNLABELLED[:100]
    alone, beside = (
        sw.Classifier(**SMALL | {"epochs": 1}).fit(*LABELLED, pretrain=more) for more in (LABELLED[0], few)
    )
    assert beside._data is not None
    assert beside._data.input.describe().vectors is None
    assert any("too few for the network to start from: fewer than 4" in note for note in beside.notes_)
    weights = beside.model_.get_layer("weights_of_words").get_weights()[0]
    ids = {word: i for i, word in enumerate(beside.input_.tokenizer.tokens_)}
    assert all(abs(weights[ids[word]]).max() > 0 for word in WORDS["up"] if word in ids)
    assert "superb" in ids
    assert "superb" not in alone.input_.tokenizer.tokens_
