"""A run on NumPy alone answers as its estimator does, in a Python that has no other library."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import seqwise as sw
from seqwise.errors import BundleError

sys.path.insert(0, str(Path(__file__).parents[1] / "estimators"))
from fitted import ENGLISH, KINDS, QUICK, SEQUENCES, SERIES, TEXTS
from sklearn import base
from test_own_network import of_pairs, of_sequences

clone: Any = base.clone  # scikit-learn annotates it as a union of containers
RNG = np.random.default_rng(1)
DAY = datetime(2024, 1, 1)
LOAD = pl.DataFrame(
    {
        "day": [DAY + timedelta(days=i) for i in range(90) if i not in (40, 41)],
        "load": [float(20 + i % 7 + i / 9) for i in range(90) if i not in (40, 41)],
        "heat": [None if i == 85 else float(i % 5) for i in range(90) if i not in (40, 41)],
    }
)
LONG = pl.DataFrame(
    [
        {"who": f"s{i}", "ms": t, "x": RNG.normal(), "mood": "up" if i % 2 else "down"}
        for i in range(20)
        for t in range(4)
    ]
)
REVIEWS = pl.DataFrame({"review": TEXTS, "mood": ["good" if "good" in text else "bad" for text in TEXTS]})

# a Python in which nothing but NumPy, msgspec, safetensors and Seqwise can be imported
BARE = """
import importlib.abc, pickle, sys

class Refusal(importlib.abc.MetaPathFinder):
    allowed = {"msgspec", "numpy", "safetensors", "seqwise"} | set(sys.stdlib_module_names)

    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] not in self.allowed:
            raise ImportError(f"{name} is not to be imported")

kept = [name for name in sys.modules if name.partition(".")[0] in {"keras", "jax", "polars", "sklearn", "numpy"}]
assert not kept, kept
sys.meta_path.insert(0, Refusal())
import seqwise as sw

runs, answers = pickle.load(open(sys.argv[1], "rb")), {}
for name, (folder, calls) in runs.items():
    run = sw.load(folder, backend="numpy")
    answers[name] = [getattr(run, verb)(*arguments, **keywords) for verb, arguments, keywords in calls]
pickle.dump(answers, open(sys.argv[2], "wb"))
loaded = sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names))
print(*[name for name in loaded if not name.startswith(("_", "editable"))])
"""


def trained() -> dict[str, tuple[Any, list[Any]]]:
    """Estimators, and the calls that both they and their runs answer: (verb, arguments, keywords)."""
    cases: dict[str, tuple[Any, list[Any]]] = {}
    for name, (estimator, data) in KINDS.items():
        fitted: Any = clone(estimator).fit(*data)
        new: Any = data[0][:7]
        if isinstance(fitted, sw.Forecaster):
            calls: list[Any] = [("predict", (), {}), ("predict", (SERIES * 1.1,), {})]
        elif isinstance(fitted, sw.Translator):
            texts = [*ENGLISH[:6], "", "one one one two two three", "unheard"]
            calls = [
                ("predict", (texts,), {}),
                ("predict", (texts,), {"beam": 1}),
                ("predict", (texts[:1],), {"beam": 4}),
            ]
        else:
            calls = [("predict", (new,), {}), ("predict", (new[:1],), {})]
            if hasattr(fitted, "predict_proba"):
                calls.append(("predict_proba", (new,), {}))
        cases[name] = fitted, calls
    return cases


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the estimators say and what their runs say in a bare Python, by the names of `KINDS`; and its modules."""
    folder = tmp_path_factory.mktemp("runs")
    cases = trained()
    asked = {name: (str(fitted.save(folder / name)), calls) for name, (fitted, calls) in cases.items()}
    (folder / "asked").write_bytes(pickle.dumps(asked))
    arguments = [sys.executable, "-c", BARE, str(folder / "asked"), str(folder / "answers")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ours = pickle.loads((folder / "answers").read_bytes())
    theirs = {
        name: [getattr(fitted, verb)(*args, **keywords) for verb, args, keywords in calls]
        for name, (fitted, calls) in cases.items()
    }
    return ours, theirs, done.stdout.split()


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_answers_as_its_estimator(kind, answers):
    ours, theirs, _ = answers
    assert len(ours[kind]) >= 2
    for one, other in zip(ours[kind], theirs[kind], strict=True):
        same(one, other)


def test_nothing_but_numpy_is_imported(answers):
    _, _, modules = answers
    assert set(modules) <= {"msgspec", "numpy", "safetensors", "seqwise"}, modules


def same(ours: Any, theirs: Any) -> None:
    """Compare answers: numbers within float32 rounding, everything else exactly."""
    assert type(ours) is type(theirs)
    if isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            same(one, other)
    elif isinstance(theirs, np.ndarray) and theirs.dtype.kind == "f":
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
    elif isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    else:
        assert ours == theirs


@pytest.mark.parametrize("gaps", ["interpolate", "mask"])
def test_a_forecast_from_rows_and_files_has_its_times(gaps, tmp_path):
    forecaster = sw.Forecaster(12, 3, **QUICK, gaps=gaps, log=True, season=7)
    forecaster.fit(LOAD, target="load", time="day", features="heat")
    run = sw.load(forecaster.save(tmp_path / "run"), backend="numpy")
    later = LOAD.with_columns(pl.col("day") + timedelta(days=30), pl.col("load") + 1)
    later.write_csv(tmp_path / "later.csv")
    expected = forecaster.predict(later).to_dicts()
    for data in (later.to_dicts(), tmp_path / "later.csv", str(tmp_path / "later.csv")):
        rows = run.predict(data)
        assert [row["day"] for row in rows] == [row["day"] for row in expected]
        np.testing.assert_allclose([r["load"] for r in rows], [r["load"] for r in expected], rtol=2e-5)
    times, values = run.forecast()
    own_times, own_values = forecaster.forecast(forecaster.series_)
    np.testing.assert_array_equal(times, own_times)
    np.testing.assert_allclose(values, own_values, rtol=2e-5)
    assert json.dumps(run.predict(later.to_dicts()), default=str).count("2024-") == 3
    with pytest.raises(sw.DataError, match="usable rows, but the model reads 12"):
        run.predict(later.to_dicts()[-5:])
    with pytest.raises(sw.DataError, match="has no column 'load'"):
        run.predict([{"day": 1}])


def test_sequences_from_rows_and_files(tmp_path):
    classifier = sw.Classifier(**QUICK).fit(LONG, group="who", time="ms", label="mood")
    run = sw.load(classifier.save(tmp_path / "run"), backend="numpy")
    LONG.write_csv(tmp_path / "long.csv")
    same(run.predict_proba(LONG.to_dicts()), classifier.predict_proba(LONG))
    same(run.predict_proba(tmp_path / "long.csv"), classifier.predict_proba(LONG))
    same(
        run.predict_proba([np.ones((3, 1)), np.ones((5, 1))]),
        classifier.predict_proba([np.ones((3, 1)), np.ones((5, 1))]),
    )
    with pytest.raises(sw.DataError, match=r"have 2 feature\(s\), but the model was trained on 1: x"):
        run.predict([np.ones((3, 2))])
    with pytest.raises(sw.DataError, match="these are texts"):
        run.predict(["a text"])


def test_texts_from_rows_and_files(tmp_path):
    classifier = sw.Classifier(**QUICK, embedding=4).fit(REVIEWS, text="review", label="mood")
    run = sw.load(classifier.save(tmp_path / "run"), backend="numpy")
    REVIEWS.write_csv(tmp_path / "reviews.csv")
    (tmp_path / "lines.txt").write_text("\n".join(TEXTS[:5]))
    same(run.predict_proba(REVIEWS.to_dicts()), classifier.predict_proba(REVIEWS))
    same(run.predict_proba(tmp_path / "reviews.csv"), classifier.predict_proba(REVIEWS))
    same(run.predict_proba(tmp_path / "lines.txt"), classifier.predict_proba(TEXTS[:5]))


@pytest.mark.parametrize("kind", ["classes", "tokens", "Translator"])
def test_networks_of_ones_own(kind, tmp_path):
    estimator, data = KINDS[kind]
    build = of_pairs if kind == "Translator" else of_sequences
    fitted = clone(estimator).set_params(network=build).fit(*data)
    run = sw.load(fitted.save(tmp_path / "run"), backend="numpy")
    same(run.predict(data[0][:7]), fitted.predict(data[0][:7]))


def test_what_cannot_be_loaded_says_why(tmp_path):
    with pytest.raises(sw.SettingError, match="backend='numpi': expected None or 'numpy'"):
        sw.load(tmp_path, backend="numpi")
    folder = sw.Regressor(**QUICK).fit(SEQUENCES, [x.mean() for x in SEQUENCES]).save(tmp_path / "run")
    run = sw.load(folder, backend="numpy")
    assert repr(run) == f"NumpyRegressor({str(folder)!r})"
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match="or is damaged: its checksum differs"):
        sw.load(folder, backend="numpy")
    (folder / "network.json").unlink()
    with pytest.raises(BundleError, match=r"network\.json is missing: the run is incomplete"):
        sw.load(folder, backend="numpy")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["network.json"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="its network is a subclassed Keras model"):
        sw.load(folder, backend="numpy", trust_edited=True)


def test_it_is_light():
    """Not a clock, which would depend on the machine: the modules that import and load add to those of NumPy."""
    code = (
        "import sys, numpy, msgspec, safetensors.numpy; before = set(sys.modules)\n"
        "import seqwise.estimators.runs, seqwise.artifact.numpy.forecasts\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    added = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    foreign = {name.partition(".")[0] for name in added} - {"seqwise"} - set(sys.stdlib_module_names)
    assert not foreign, foreign
    assert len(added) <= 80, added
