"""The report on a translator: its figures, its examples, safe with any text."""

from __future__ import annotations

import re
from typing import Any

from seqwise.estimators.translation.report import report_content
from seqwise.evaluation import UNMEASURED
from seqwise.evaluation.report import render_report
from seqwise.evaluation.translation import TranslationComparison
from seqwise.training import Training

CONTENT: dict[str, Any] = {
    "summary": "x (a, b)",
    "notes": ["a <note>"],
    "loss": "the cross-entropy of a token",
    "settings": {"units": (64,), "kind": "<b>"},
    "training": Training({"loss": [0.9, 0.4], "val_loss": [0.8, 0.5]}, 1.5, 2),
}  # fmt: skip


def rendered(comparison):
    content = report_content("<Pairs>", {"train": 20, "validation": 0, "test": 10}, comparison)
    return render_report(**CONTENT, comparison=comparison, **content)


def evaluation(mine, others, part="the test set"):
    sources = [f"<text> {i}" for i in range(30)]
    references = [[f"le texte est {i} & <b>", "autre"] for i in range(30)]
    found = {"beam 5": mine, "greedy": mine[::-1], "most similar": others}
    return TranslationComparison(sources, references, found, part)


RIGHT, WRONG = [f"le texte est {i} & <b>" for i in range(30)], ["rien de tout cela"] * 30


def test_it_tells_the_figures_and_some_translations():
    scored = evaluation(RIGHT, WRONG)
    html = rendered(scored)
    values = [float(value) for value in re.findall(r'<data value="([^"]+)"', html)]
    assert values == [value for scores in scored.scores.values() for value in scores.values()]
    assert (
        "The model beats the translations of the most similar training texts: on the test set its BLEU is 100.0" in html
    )
    assert "30 distinct text(s), none of them in training, with 60 reference(s)." in html
    assert html.count('<tr><th scope="row">&lt;text&gt;') == 20
    assert "&lt;text&gt; 0" in html
    assert "le texte est 0 &amp; &lt;b&gt; · autre" in html
    assert "<text>" not in html
    assert "<b>" not in html
    assert scored.signature in html


def test_its_first_sentence_is_honest():
    def judged(mine, others):
        return evaluation(mine, others).verdict()

    assert judged(RIGHT, WRONG)[0] == "win"
    kind, sentence = judged(WRONG, RIGHT)
    assert kind == "loss"
    assert sentence.endswith("As it stands, looking them up is better.")
    assert judged(RIGHT, RIGHT)[0] == "level"
    alone = TranslationComparison(["a"], [["b c d e"]], {"greedy": ["b c d e"]}, "pairs.tsv")
    assert alone.verdict() == (
        "unknown", "On pairs.tsv the model's BLEU is 100.0; there is no baseline to compare it with."
    )  # fmt: skip


def test_without_a_test_part_it_says_so():
    html = rendered(None)
    assert UNMEASURED in html
    assert "Comparison" not in html
