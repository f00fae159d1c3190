"""Scores of translations: beside sacrebleu's plain functions, with one, several and unequal references."""

from __future__ import annotations

import numpy as np
import pytest
import sacrebleu

from seqwise.baselines.similar import MostSimilar
from seqwise.evaluation.translation import TranslationComparison, score_translations

TRANSLATIONS = ["Va !", "Il court vite.", "Tom est ici maintenant avec nous."]
ONE = [["Va !"], ["Il court très vite."], ["Tom est ici avec nous maintenant."]]


def test_one_reference_a_text():
    scores = score_translations(TRANSLATIONS, ONE)
    flat = [[known[0] for known in ONE]]
    assert scores["bleu"] == pytest.approx(sacrebleu.corpus_bleu(TRANSLATIONS, flat).score, rel=1e-12)
    assert scores["chrf"] == pytest.approx(sacrebleu.corpus_chrf(TRANSLATIONS, flat).score, rel=1e-12)
    assert scores["exact"] == pytest.approx(1 / 3)


def test_the_kind_of_a_space_does_not_count():
    # French sets U+00A0 or U+202F before its marks; a decoder writes the plain space that its tokenizer knows
    found = score_translations(
        ["Va !", "Va !", "Cafe\u0301", "Va!"], [["Va\u202f!"], ["Va\u00a0!"], ["Café"], ["Va !"]]
    )
    assert found["exact"] == 3 / 4


def test_the_number_of_references_may_differ():
    several = [["Va !", "Allez !"], ["Il court très vite."], ["Elle dort.", *ONE[2], "Tom est là."]]
    # a text without a further reference is one whose reference is repeated: n-grams are counted by their most, once
    most = [[(known + known[:1] * 3)[i] for known in several] for i in range(3)]
    assert score_translations(TRANSLATIONS, several)["bleu"] == pytest.approx(
        sacrebleu.corpus_bleu(TRANSLATIONS, most).score, rel=1e-12
    )
    perfect = score_translations([known[-1] for known in several], several)
    assert perfect == {"bleu": pytest.approx(100), "chrf": pytest.approx(100), "exact": 1.0}


def test_bleu_by_hand():
    # of 4-grams none would match and be smoothed; here every order has matches
    found, known = "a b c d e", ["a b c d f"]
    expected = np.exp(np.log([4 / 5, 3 / 4, 2 / 3, 1 / 2]).mean())  # precisions of 1- to 4-grams; lengths are equal
    assert score_translations([found], [known])["bleu"] == pytest.approx(100 * expected)


def test_the_most_similar_training_text_lends_its_translation():
    sources = ["Go home.", "I am cold.", "I am very cold."]
    targets = ["Rentre.", "J'ai froid.", "J'ai très froid."]
    memory = MostSimilar().fit(sources, targets)
    assert memory.predict(["I am cold!", "We go home.", "I am very very cold."]) == [
        "J'ai froid.", "Rentre.", "J'ai très froid."
    ]  # fmt: skip


def test_the_table_and_the_dict_tell_the_scores():
    evaluation = TranslationComparison(
        ["Go!", "He runs fast.", "Tom is here now with us."], ONE,
        {"beam 5": TRANSLATIONS, "greedy": ["Va !", "Il court.", "Tom est ici."]},
    )  # fmt: skip
    lines = str(evaluation).splitlines()
    assert lines[0].split() == ["BLEU", "chrF", "exact"]
    assert lines[1].split() == ["beam", "5", f"{evaluation.metrics['bleu']:.2f}", f"{evaluation.metrics['chrf']:.2f}",
                                "33.3%"]  # fmt: skip
    assert len({len(line) for line in lines}) == 1
    told = evaluation.to_dict()
    assert told["test"] == evaluation.metrics
    assert told["baselines"] == {"greedy": evaluation.scores["greedy"]}
    assert (told["translated"], told["texts"], told["references"]) == ("beam 5", 3, 3)
    assert told["signature"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert evaluation.texts()[0] == {"source": "Go!", "references": ["Va !"], "beam 5": "Va !", "greedy": "Va !"}
