"""Entities as spans: the figures of seqeval, spans by hand, and a tagger's score."""

import numpy as np
import pytest

from seqwise.evaluation.spans import find_spans, names_spans, span_scores
from seqwise.evaluation.tags import TagComparison


def draw(seed, tags, count=40):
    """Random tags, and the same with three in ten drawn anew."""
    rng = np.random.default_rng(seed)
    truth = [rng.choice(tags, size=rng.integers(1, 12)).tolist() for _ in range(count)]
    return truth, [[tag if rng.random() < 0.7 else str(rng.choice(tags)) for tag in tags_] for tags_ in truth]


# seqeval 1.2.2 (its default mode) on these tags: precision_score, recall_score, f1_score
SEQEVAL = [
    (0, ["O", "B-PER", "I-PER", "B-ORG", "I-ORG"], [0.66091954023, 0.628415300546, 0.644257703081]),
    (1, ["O", "I-PER", "I-LOC", "B-LOC"], [0.751515151515, 0.760736196319, 0.756097560976]),
    (2, ["O", "B-A", "I-A", "E-A", "S-A", "B-B-C", "I-B-C"], [0.758241758242, 0.793103448276, 0.775280898876]),
]


@pytest.mark.parametrize(("seed", "tags", "expected"), SEQEVAL)
def test_the_figures_of_seqeval(seed, tags, expected):
    scores = span_scores(*draw(seed, tags))
    np.testing.assert_allclose([scores[name] for name in ("precision", "recall", "f1")], expected, atol=1e-11)


def test_spans_by_hand():
    assert find_spans([]) == find_spans(["O", "O"]) == []
    assert find_spans(["I-A", "I-A", "B-A", "O", "S-A", "I-A"]) == [
        (0, 2, "A"), (2, 3, "A"), (4, 5, "A"), (5, 6, "A")
    ]  # fmt: skip
    assert span_scores([["O"]], [["O"]]) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_which_labels_name_spans():
    assert names_spans(["O", "B-PER", "I-PER"])
    assert names_spans(["I-PER"])
    for labels in (["O"], ["O", "S-A"], ["NOUN", "O"], ["B-", "O"], [0, 1], ["B", "I", "O"]):
        assert not names_spans(labels)


def test_a_tagger_of_entities_is_scored_by_spans():
    classes = np.array(["B-A", "I-A", "O"])
    truth, decoded = np.array([0, 1, 2, 0, -1]), np.array([0, 1, 2, 0, 0])
    alone = np.eye(3)[[0, 2, 2, 0, 0]]  # of single steps the second one is wrong
    lengths = np.array([3, 2])
    comparison = TagComparison(
        classes, truth, {"model": alone, "simple": alone}, {"model": "m", "simple": "s"}, lengths=lengths,
        decoded={"model": decoded},
    )  # fmt: skip
    assert comparison.metrics["accuracy"] == 0.8
    assert comparison.scores["simple"]["accuracy"] == pytest.approx(0.6)
    # of three spans (the unknown label is one) two are found, of three that are named
    assert comparison.metrics["span_f1"] == pytest.approx(2 / 3)
    assert comparison.scores["simple"]["span_f1"] == pytest.approx(1 / 3)
    assert [metric.name for metric in comparison.columns][:2] == ["accuracy", "span_f1"]
    assert "span F1" in str(comparison)
    words = TagComparison(
        np.array(["N", "V"]), truth[:2], {"model": np.eye(2)}, {"model": "m"}, lengths=lengths[:1] - 1
    )
    assert "span_f1" not in words.metrics
