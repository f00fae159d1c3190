"""The report on sequences: right in figures, complete in one file, safe with any name."""

import re
import sys
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from seqwise.estimators.sequences.number_target import NumberTarget
from seqwise.estimators.sequences.report import report_content
from seqwise.evaluation import figures, sequence_plots
from seqwise.evaluation.classification import ClassComparison
from seqwise.evaluation.regression import NumberComparison
from seqwise.evaluation.report import render_report, write_report
from seqwise.training import Training

NAMES = {"model": "this model", "simple": "linear", "majority": "majority", "mean": "the mean"}
TRAINING = Training({"loss": [0.9, 0.4], "val_loss": [0.8, 0.5]}, 1.5, 2)
COUNTS = {"train": 20, "validation": 0, "test": 10}
CONTENT: dict[str, Any] = {
    "summary": "x (a, b)", "notes": ["a <note>"], "settings": {"units": (64,), "kind": "<b>"}, "training": TRAINING,
    "loss": "cross-entropy",
}  # fmt: skip
RNG = np.random.default_rng(0)


def classes(count=3, samples=40):
    truth = RNG.integers(0, count, samples)
    p = RNG.dirichlet(np.ones(count), samples)
    found = {"model": p, "simple": p[::-1], "majority": np.full((samples, count), 1 / count)}
    return ClassComparison(np.array([f"<class> ${c}$" for c in range(count)]), truth, found, NAMES)


def several():
    p = RNG.random((30, 3))
    found = {"model": p, "simple": p[::-1], "majority": np.full((30, 3), 0.4)}
    return ClassComparison(np.array(["a", "b", "c"]), RNG.random((30, 3)) < p, found, NAMES)


def numbers(targets=1):
    truth = RNG.normal(size=(30, targets))
    found = {"model": truth + RNG.normal(size=truth.shape) / 9, "simple": truth * 0, "mean": truth * 0 + 1}
    return NumberComparison([f"<t{j}>" for j in range(targets)], truth, found, NAMES)


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.open, self.values, self.images, self.text = [], [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "data":
            self.values.append(dict(attrs)["value"])
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def content(comparison):
    described = report_content("data", COUNTS, NumberTarget(["<Vowels>"], flat=True), comparison)
    return CONTENT | {"comparison": comparison} | described


def rendered(comparison):
    return render_report(**content(comparison))


CASES = {
    "two": lambda: classes(2), "three": classes, "many": lambda: classes(50, 200), "several": several,
    "number": numbers, "numbers": lambda: numbers(3), "nothing": lambda: None,
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_page_holds_every_figure_and_needs_nothing_else(case, tmp_path):
    evaluation = CASES[case]()
    html = rendered(evaluation)
    page = Page(html)
    assert page.open == []
    assert "<class>" not in html
    assert "<Vowels>" in page.text
    assert all(image["alt"] and image["src"].startswith("data:image/png;base64,") for image in page.images)
    assert not re.findall(r"(?:https?:)?//[\w.]+", re.sub(r"data:image/png;base64,[\w+/=]+", "", html))
    if evaluation is None:
        assert "has not been evaluated" in page.text
        assert len(page.images) == 1  # the learning curve
    else:
        for values in evaluation.scores.values():
            assert {repr(float(v)) for v in values.values()} <= set(page.values)
    write_report(tmp_path / "r.html", **content(evaluation))
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == html


def test_the_parts_of_a_page():
    page = Page(rendered(classes()))
    assert len(page.images) == 4  # comparison, confusion, calibration, learning
    assert [row["precision"] for row in classes().by_class()] != []
    assert "the expected calibration error" in " ".join(page.text.split())
    assert len(Page(rendered(several())).images) == 3
    assert len(Page(rendered(numbers(3))).images) == 2 + 2 * 3


def test_a_large_class_is_pointed_at():
    truth = np.array([0] * 9 + [1])
    p = np.tile([0.9, 0.1], (10, 1))
    found = ClassComparison(np.array(["often", "rare"]), truth, {"model": p, "majority": p}, NAMES)
    text = " ".join(Page(rendered(found)).text.split())
    assert "90 % of the sequences are 'often': always predicting it is right as often." in text
    even = ClassComparison(np.array(["a", "b"]), np.arange(10) % 2, {"model": p, "majority": p}, NAMES)
    assert "always predicting it" not in rendered(even)


def drawn():
    yield figures.bars({"this model": 0.5, "majority": 0.25}, "this model", "accuracy", smaller=False)
    yield from (sequence_plots.confusion(classes(n)) for n in (2, 9, 50))
    yield from (sequence_plots.calibration(it) for it in (classes(), several()))
    yield sequence_plots.scatter(numbers(), 0)
    yield sequence_plots.errors(numbers(), 0)


def test_every_picture_names_its_axes_and_needs_no_pyplot(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # importing it now fails
    for figure in drawn():
        assert figure.axes[0].get_xlabel() and figure.axes[0].get_ylabel()
        assert figures.png(figure).startswith(b"\x89PNG")


def test_the_confusion_shows_its_counts():
    evaluation = classes()
    shown = [text.get_text() for text in sequence_plots.confusion(evaluation).axes[0].texts]
    assert sorted(map(int, shown)) == sorted(n for n in evaluation.confusion().ravel().tolist() if n)
