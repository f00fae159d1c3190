"""The report: its order, its forms, its texts."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from rich.console import Console

from seqwise.errors import ShapeError
from seqwise.inspection.check.finding import Finding
from seqwise.inspection.check.report import Report

HINT = Finding("SW9", "small-thing", "hint", "x", "It is <small>.", "more", "less", "x = x + 1")
ERROR = Finding("SW1", "bad-thing", "error", "layer 'lstm'", "It fails [bold].", "a", "b", "one,\ntwo")
WARNING = Finding("SW5", "odd-thing", "warning", "before layer 'lstm'", "It is odd.", "", "", "keras.layers.Masking()")
REPORT = Report([HINT, ERROR, WARNING], "model 'm'; x (8, 10)")


def test_the_gravest_come_first():
    assert [finding.severity for finding in REPORT] == ["error", "warning", "hint"]
    assert (REPORT.errors, REPORT.warnings, REPORT.hints) == ([ERROR], [WARNING], [HINT])
    assert len(REPORT) == 3 and REPORT[0] is ERROR


def test_a_report_is_false_where_nothing_was_found():
    assert REPORT
    assert not Report([])
    assert str(Report([], "x (8, 10)")) == "x (8, 10)\n\nNo faults found."
    Report([HINT, WARNING]).raise_if_errors()


def test_the_text_word_by_word():
    assert str(REPORT) == (
        "model 'm'; x (8, 10)\n"
        "\n"
        "error SW1 bad-thing\n"
        "  It fails [bold].\n"
        "  expected  a\n"
        "  got       b\n"
        "  fix       one,\n"
        "            two\n"
        "            (changes layer 'lstm')\n"
        "\n"
        "warning SW5 odd-thing\n"
        "  It is odd.\n"
        "  fix       keras.layers.Masking()\n"
        "            (goes before layer 'lstm')\n"
        "\n"
        "hint SW9 small-thing\n"
        "  It is <small>.\n"
        "  expected  more\n"
        "  got       less\n"
        "  fix       x = x + 1\n"
        "            (changes x)\n"
        "\n"
        "1 error, 1 warning, 1 hint."
    )


def test_errors_are_raised_with_their_text_and_no_other():
    with pytest.raises(ShapeError) as caught:
        REPORT.raise_if_errors()
    assert str(caught.value) == str(ERROR)


def test_it_is_ready_for_json():
    told = json.loads(json.dumps(REPORT.to_dict()))
    assert (told["errors"], told["warnings"], told["hints"]) == (1, 1, 1)
    assert Finding(**told["findings"][0]) == ERROR


@pytest.mark.parametrize("width", [40, 100])
def test_a_terminal_shows_every_word(width):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(REPORT)
    shown = " ".join(console.export_text().split())
    for words in ("SW1 bad-thing", "It fails [bold].", "one,", "two", "(goes before layer 'lstm')", "1 error"):
        assert words in shown


def test_a_notebook_gets_html_that_hides_nothing():
    class Words(HTMLParser):
        seen = ""

        def handle_data(self, data):
            self.seen += data

    parser = Words()
    parser.feed(REPORT._repr_html_())
    assert "It is <small>." in parser.seen
    for finding in REPORT:
        assert finding.fix in parser.seen and finding.place in parser.seen


def test_the_place_of_a_fix_in_words():
    assert ERROR.place == "changes layer 'lstm'"
    assert WARNING.place == "goes before layer 'lstm'"
    assert Finding("", "", "hint", "call of layer 'a'", "", "", "", "").place == "changes the call of layer 'a'"


def test_what_was_not_examined_is_said_in_every_form():
    report = Report([], "x (8, 10)", ["the model: it has no layers"])
    assert str(report) == (
        "x (8, 10)\n\nnot examined: the model: it has no layers\n\nNo faults found in what was examined."
    )
    assert "it has no layers" in report._repr_html_()
    assert report.to_dict()["unexamined"] == ["the model: it has no layers"]
    assert Report([]).summary == "Nothing was examined."
    console = Console(width=100, record=True)
    console.print(report)
    assert "not examined  the model: it has no layers" in console.export_text()
