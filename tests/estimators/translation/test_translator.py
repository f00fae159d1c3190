"""Translator: learns a small language, its parts and answers, its run folder, what it says to mistakes."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import polars as pl
import pytest
import sacrebleu
from sklearn import base

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.estimators.translation.translator import Translator

keras = import_keras()
WORDS = {"one": "un", "two": "deux", "three": "trois", "four": "quatre", "five": "cinq", "six": "six"}
SMALL: dict[str, Any] = {
    "units": (24,), "embedding": 12, "tokens": "words", "dropout": 0.0, "label_smoothing": 0.0, "learning_rate": 0.02,
    "epochs": 12, "batch_size": 16, "min_count": 1, "beam": 3,
}  # fmt: skip


def language(count=260, seed=0):
    """Numbers, their French in the opposite order and with a full stop: word by word it cannot be learned."""
    rng = np.random.default_rng(seed)
    said = [list(rng.choice(list(WORDS), rng.integers(1, 6))) for _ in range(count)]
    return [" ".join(words) for words in said], [" ".join(WORDS[w] for w in reversed(words)) + "." for words in said]


def small(**options) -> Translator:
    return sw.Translator(**SMALL | options)


def weights(translator):
    return np.concatenate([w.ravel() for w in translator.model_.get_weights()])


@pytest.fixture(scope="module")
def fitted():
    return small().fit(*language())


def test_it_learns_and_searches_better_than_the_most_similar_text(fitted):
    evaluation = fitted.evaluate()
    assert list(evaluation.scores) == ["beam 3", "greedy", "most similar"]
    assert evaluation.metrics["bleu"] > 80
    assert evaluation.scores["most similar"]["bleu"] < 60
    assert fitted.predict(["one two", "six", "five four three two one"]) == [
        "deux un.", "six.", "un deux trois quatre cinq."
    ]  # fmt: skip


def test_the_parts_share_no_source_and_the_test_part_is_scored(fitted):
    sources, targets = language()
    parts = {name: set(pairs.sources) for name, pairs in fitted.pairs_.items()}
    assert set.union(*parts.values()) == set(sources)
    assert sum(map(len, parts.values())) == len(set(sources))
    assert sum(fitted.counts_.values()) == len(sources)
    evaluation = fitted.evaluate()
    assert set(evaluation.sources) == parts["test"]
    assert len(parts["test"]) == round(0.1 * len(set(sources)))
    assert evaluation.translations["greedy"] == fitted.predict(evaluation.sources, beam=1)
    assert fitted.score(sources, targets) == pytest.approx(fitted.evaluate(sources, targets).metrics["bleu"])
    first = [known[0] for known in evaluation.references]  # in this language there is one
    expected = sacrebleu.corpus_bleu(fitted.predict(evaluation.sources), [first]).score
    assert evaluation.metrics["bleu"] == pytest.approx(expected)


def test_a_repeated_source_is_translated_once_with_all_its_references(fitted):
    evaluation = fitted.evaluate(["one", "two", "one"], ["un.", "deux.", "une."])
    assert evaluation.sources == ["one", "two"]
    assert evaluation.references == [["un.", "une."], ["deux."]]
    assert evaluation.part == "the lists"


def test_texts_of_any_lengths_go_together(fitted):
    texts = ["one", "two three four five six one two three", "", "four five", "  ", "seven", "six six"]
    together = fitted.predict(texts)
    assert together == [fitted.predict([text])[0] for text in texts]
    assert together[2] == together[4] == ""
    assert together[5]  # an unknown word has some translation
    assert fitted.predict([""]) == [""]


def test_what_is_changed_is_evaluated_anew(fitted):
    twin = copy.deepcopy(fitted)
    before = twin.evaluate()
    assert twin.evaluate() is before
    twin.beam = 2
    assert list(twin.evaluate().scores) == ["beam 2", "greedy", "most similar"]
    twin.beam = 3
    twin.model_.set_weights([0 * w for w in twin.model_.get_weights()])
    assert twin.evaluate().metrics["bleu"] < before.metrics["bleu"] / 2


def test_pairs_that_are_too_long_to_learn_from_are_left_out_and_noted():
    sources, targets = language(60)
    long = ["one two " * 20_000, "six"], ["six.", "un deux " * 20_000]  # either side: attention would hold 40,000²
    translator = small(epochs=1, test=0.0, validation=0.0).fit([*sources, *long[0]], [*targets, *long[1]])
    assert translator.notes_[0] == (
        "2 of the 62 pairs to learn from have a side of more than max_length=200 tokens, first "
        f"{('one two ' * 20)[:40]!r}…: left out."
    )
    assert translator.counts_ == {"train": 60, "validation": 0, "test": 0}
    assert max(translator.longest_) < 10
    # what is translated may be longer, beside short ones
    found = translator.predict(["one two " * 300, "six"])
    assert found[1] == translator.predict(["six"])[0]
    with pytest.raises(
        sw.DataError, match=r"^Each of the 2 pairs to learn from has a side of more than max_length=200"
    ):
        small(test=0.0, validation=0.0).fit(*long)


def test_batches_of_long_texts_are_small(fitted, monkeypatch):
    """What attention holds grows with the sources' steps times the hypotheses; 4,096 times 510 would be gigabytes."""
    fitted.predict(["one"])
    seen, run = [], fitted._search._runs[3, 0.5]
    monkeypatch.setitem(
        fitted._search._runs, (3, 0.5), lambda source, *rest: seen.append(source.shape) or run(source, *rest)
    )
    fitted.predict(["one two " * 1000] * 40)
    assert {shape[1] for shape in seen} == {2048}
    assert max(shape[0] for shape in seen) * 3 * 2048 <= 2**16
    assert sum(shape[0] for shape in seen) >= 40


def test_sacrebleu_is_missed_before_the_training(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    with pytest.raises(sw.SettingError, match=r"pip install 'seqwise\[text\]'$"):
        small().fit(*language(20))
    assert small(epochs=1, test=0.0).fit(*language(20)).predict(["one"])


def test_the_model_is_saved_and_loaded_by_keras_with_its_loss(fitted, tmp_path):
    fitted.model_.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.loss.get_config() == fitted.model_.loss.get_config()
    assert again.loss.label_smoothing == 0.0


def test_the_same_seed_gives_the_same_weights_and_parts():
    pairs = language(60)
    one, same, other = (small(epochs=1, dropout=0.2, seed=seed).fit(*pairs) for seed in (0, 0, 1))
    np.testing.assert_array_equal(weights(one), weights(same))
    assert not np.allclose(weights(one), weights(other))
    assert one.test_pairs_ == same.test_pairs_ != other.test_pairs_
    again: Any = base.clone(one)
    assert again.get_params() == one.get_params()
    assert not hasattr(again, "model_")


@pytest.mark.parametrize(
    "options",
    [{"attention": "additive", "units": (8, 6)}, {"attention": None, "bidirectional": False, "tokens": "bpe"},
     {"validation": 0.0, "test": 0.0, "optimizer": "rmsprop", "patience": 1, "batch_size": 1000}],
)  # fmt: skip
def test_every_setting_trains_and_translates(options):
    translator = small(epochs=2, **options).fit(*language(60))
    assert len(translator.predict(["one two", "six"])) == 2
    assert np.isfinite(translator.training_.history["loss"]).all()
    if options.get("test") == 0:
        with pytest.raises(sw.DataError, match=r"^Nothing was held back: pass other pairs, evaluate\(sources"):
            translator.evaluate()


def test_a_table_and_a_file_train_as_the_lists_do(tmp_path, fitted):
    sources, targets = language(60)
    frame = pl.DataFrame({"english": sources, "french": targets, "n": range(60)})
    frame.select("english", "french").write_csv(tmp_path / "pairs.tsv", separator="\t", include_header=False)
    fast = {"epochs": 1}
    lists = small(**fast).fit(sources, targets)
    table = small(**fast).fit(frame, source="english", target="french")
    file = small(**fast).fit(tmp_path / "pairs.tsv")
    np.testing.assert_array_equal(weights(lists), weights(table))
    np.testing.assert_array_equal(weights(lists), weights(file))
    assert file.data_ == str(tmp_path / "pairs.tsv")


def test_validation_data_of_ones_own_choose_the_epoch_and_teach_nothing(tmp_path):
    sources, targets = language(60)
    others = ["one one one", "six zzz", "two"], ["un un un.", "six.", "deux."]
    fitted = small(epochs=1).fit(sources, targets, validation_data=others)
    assert fitted.counts_["validation"] == 3
    assert fitted.counts_["train"] + fitted.counts_["test"] == 60
    assert fitted.pairs_ is not None
    assert fitted.pairs_["validation"].sources == others[0]
    assert len(fitted.training_.history["val_loss"]) == 1
    alone = small(validation=0.0)._prepare(sources, targets)
    assert fitted.pairs_["train"] == alone.pairs.take(alone.parts["train"])
    assert fitted.source_tokenizer_.tokens_ == alone.input.source.tokens_
    again = sw.load(fitted.save(tmp_path / "run"))
    again.recall(sources, targets)
    assert again.pairs_["train"] == fitted.pairs_["train"]
    with pytest.raises(sw.SettingError, match=r"^validation_data has 3 entries; expected texts and translations, two"):
        small().fit(sources, targets, validation_data=(*others, None))


def test_vocabulary_and_epochs_follow_the_data():
    pairs = language(60)
    automatic = small(epochs="auto", tokens="bpe", vocabulary="auto")
    data = automatic._prepare(*pairs)
    assert data.input.target.size == 1_000
    assert automatic._schedule(data, data.batches("train")).epochs == 60  # few steps in each
    assert automatic._vocabulary_size(data.pairs.take(np.arange(60).repeat(2_000))) == pytest.approx(7_200, abs=500)
    assert small(vocabulary="auto")._prepare(*pairs).input.target.size == 20_000


def test_a_saved_run_translates_the_same(tmp_path, fitted):
    run = fitted.save(tmp_path / "run")
    names = {path.name for path in run.iterdir()}
    assert {"model.keras", "encoder.keras", "decoder_step.keras", "vocabulary.json", "metrics.json",
            "translations.json", "manifest.json"} <= names  # fmt: skip
    assert not [name for name in names if name.endswith((".pkl", ".npy", ".pickle"))]
    again = sw.load(run)
    texts = language(40, seed=9)[0]
    assert again.predict(texts) == fitted.predict(texts)
    assert again.get_params() == fitted.get_params()
    assert again.notes_ == fitted.notes_
    assert json.loads((run / "metrics.json").read_text())["test"] == fitted.evaluate().metrics
    held = json.loads((run / "translations.json").read_text())
    assert [one["source"] for one in held] == fitted.test_pairs_[0]
    assert [one["beam 3"] for one in held] == fitted.predict(fitted.test_pairs_[0])

    # the weights are shared after loading, too
    source = np.array([[4, 5, 0]])
    before = np.asarray(again.encoder_(source)[0])
    again.model_.get_layer("source_embedding").embeddings.assign_add(
        np.ones(again.model_.get_layer("source_embedding").embeddings.shape)
    )
    assert not np.allclose(before, np.asarray(again.encoder_(source)[0]))

    # a loaded run knows the texts that were held back, and is saved again as it is
    again = sw.load(run)
    evaluation = again.evaluate()
    assert list(evaluation.scores) == ["beam 3", "greedy"]  # it has no training texts
    assert evaluation.metrics == fitted.evaluate().metrics
    again.recall(*language())
    assert again.evaluate().scores == fitted.evaluate().scores
    with pytest.raises(sw.DataError, match=r"^the lists does not hold the pairs that this was trained on: "):
        again.recall(*language(seed=1))
    second = again.save(tmp_path / "second")
    assert (second / "metrics.json").read_text() == (run / "metrics.json").read_text()
    assert sw.load(second).predict(texts) == fitted.predict(texts)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_translates_the_same_on_weights_of_its_own(copied, fitted):
    texts = language(20, seed=9)[0]
    before = fitted.predict(texts)
    twin = copied(fitted)
    assert twin.predict(texts) == before
    assert twin.evaluate().scores == fitted.evaluate().scores
    twin.model_.set_weights([0 * w for w in twin.model_.get_weights()])
    assert twin.predict(texts) != before
    assert fitted.predict(texts) == before
    assert copied(small()).get_params() == small().get_params()


def test_a_damaged_run_is_told(tmp_path, fitted):
    run = fitted.save(tmp_path / "run")
    (run / "vocabulary.json").write_text("{}")
    with pytest.raises(sw.BundleError, match=r"vocabulary\.json was edited or is damaged"):
        sw.load(run)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attention": "dots"}, "attention='dots': expected None, 'dot' or 'additive'."),
        ({"tokens": "letters"}, "tokens='letters': expected 'words' or 'bpe'."),
        ({"beam": 0}, "beam=0: expected a number of hypotheses, 1 (greedy) to 1,000."),
        ({"length_penalty": -1}, "length_penalty=-1: expected a number, at least 0."),
        ({"label_smoothing": 1.0}, "label_smoothing=1.0: expected a share from 0 up to, not including, 1."),
        ({"validation": 0.5, "test": 0.5}, "validation=0.5 and test=0.5 leave nothing to train on."),
        ({"embedding": 0}, "embedding=0: expected a whole number, at least 1."),
        ({"batch_size": "auto"}, "batch_size='auto': expected a whole number, at least 1."),
        ({"units": 64}, "units=64: expected the width of each LSTM layer, for example units=(64,)."),
    ],
)
def test_settings_out_of_range_are_told(options, message):
    with pytest.raises(sw.SettingError) as caught:
        small(**options).fit(*language(10))
    assert str(caught.value) == message


def test_mistakes_are_told(fitted):
    def said(call, *arguments, kind: type[Exception] = sw.DataError, **options):
        with pytest.raises(kind) as caught:
            call(*arguments, **options)
        return str(caught.value)

    fresh = small()
    told = "This Translator is not trained yet: call .fit(sources, targets) first."
    for call in (fresh.predict, fresh.score, fresh.evaluate, fresh.save):
        assert said(call, *([["a"]] if call is not fresh.evaluate else []), kind=sw.NotFittedError) == told
    assert said(fresh.fit, ["a", "b"], ["c"]).startswith("There are 2 source texts but 1 target texts.")
    assert said(fresh.fit, ["a"], kind=sw.SettingError).startswith("There are no target texts.")
    assert said(fitted.predict, "one two") == (
        "Expected a list of texts, got str: 'one two'. For a single text pass a list of one: [text]."
    )
    assert said(fitted.predict, ["one", None]).startswith("Text 1 is missing (None).")
    assert said(fitted.predict, ["one"], beam=0, kind=sw.SettingError).startswith("beam=0: expected")


def test_a_fit_that_fails_leaves_an_earlier_one_whole(fitted):
    before = fitted.predict(["one two"])
    with pytest.raises(sw.DataError):
        fitted.fit(["a"], [""])
    assert fitted.predict(["one two"]) == before


PROGRAM = """
import sys, numpy as np, keras
sys.path.insert(0, sys.argv[1])
from test_translator import language, small
import seqwise as sw
translator = small(epochs=1, batch_size=64).fit(*language(60))
loaded = sw.load(sys.argv[2])
print(keras.backend.backend(), np.isfinite(translator.training_.history["loss"]).all())
print(*loaded.predict(["one two", "six", "five four three"]), sep="|")
"""


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_it_trains_and_translates_on_every_backend(backend, tmp_path, fitted):
    pytest.importorskip(backend)
    run = fitted.save(tmp_path / "run")
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", PROGRAM, os.path.dirname(__file__), str(run)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-2:] == [
        f"{backend} True", "|".join(fitted.predict(["one two", "six", "five four three"]))
    ]  # fmt: skip
