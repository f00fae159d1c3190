"""The hook by which failures are explained, and the nearest name in a message."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from seqwise import errors
from seqwise.errors import ShapeError, explaining, nearest


class Explainer:
    def __exit__(self, kind, error, traceback):
        raise ShapeError(f"explained: {error}") from error


@pytest.fixture
def explainer(monkeypatch):
    module = ModuleType("an_explainer")
    monkeypatch.setattr(module, "explain", Explainer, raising=False)
    monkeypatch.setitem(sys.modules, "an_explainer", module)
    monkeypatch.setattr(errors, "_explainer", None)
    errors.register_explainer("an_explainer:explain")


def test_a_failure_is_left_to_the_registered_explainer(explainer):
    @explaining()
    def fail():
        raise ValueError("axes")

    with pytest.raises(ShapeError, match="explained: axes") as caught:
        fail()
    assert isinstance(caught.value.__cause__, ValueError)


def test_without_an_explainer_the_same_error_passes(monkeypatch):
    monkeypatch.setattr(errors, "_explainer", None)
    error = ValueError("axes")
    with pytest.raises(ValueError, match="axes") as caught, explaining():
        raise error
    assert caught.value is error


def test_what_succeeds_imports_no_explainer():
    code = (
        "import sys; from seqwise.errors import explaining\n"
        "with explaining(): pass\n"
        "names = {'seqwise.errors', 'seqwise.estimators'}  # the second holds names alone\n"
        "print([m for m in sys.modules if m.startswith('seqwise.') and m not in names])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("Pasengers", ["Month", "Passengers"], " Did you mean 'Passengers'?"),
        ("MONTH", ["Month", "Passengers"], " Did you mean 'Month'?"),
        ("x", ["a", "b"], " There are: 'a', 'b'."),
        ("x", [], ""),
    ],
)
def test_the_nearest_name(name, known, expected):
    assert nearest(name, known) == expected
