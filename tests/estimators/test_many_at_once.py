"""One estimator in several threads and processes: the same answers as alone, or a clear error; never a hang."""

from __future__ import annotations

import copy
import os
import pickle
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fitted import ENGLISH, KINDS, LABELS, SEQUENCES, SERIES, TEXTS
from sklearn.base import clone

import seqwise as sw

ASKED: dict[str, Any] = {
    "Forecaster": SERIES, "texts": TEXTS, "Tagger": SEQUENCES, "Translator": ENGLISH[:4], "convolutions": SEQUENCES
}  # fmt: skip
CONVOLUTIONS = sw.Classifier(recipe="lstm-fcn", units=(4,), epochs=1, test=0.2), (SEQUENCES, LABELS)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    kinds = KINDS | {"convolutions": CONVOLUTIONS}
    untrained: dict[str, Any] = {kind: clone(kinds[kind][0]) for kind in ASKED}
    return {kind: one.fit(*kinds[kind][1]).save(folder / kind) for kind, one in untrained.items()}


def same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ASKED)
def test_eight_threads_of_one_loaded_estimator(runs, kind):
    alone = sw.load(runs[kind]).predict(ASKED[kind])
    loaded = sw.load(runs[kind])  # its first call is in the threads
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: loaded.predict(ASKED[kind]), range(24)))
    for answer in answers:
        same(answer, alone)
    same(loaded.predict(ASKED[kind]), alone)


def test_two_estimators_trained_in_two_threads():
    def train(seed):
        return sw.Forecaster(6, 2, (3,), epochs=2, season=1, seed=seed).fit(SERIES).predict(SERIES)

    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(train, range(2)))
    for seed, forecast in enumerate(together):
        np.testing.assert_array_equal(forecast, train(seed))


ELSEWHERE = """
import pickle, sys
estimator, asked = pickle.load(open(sys.argv[1], "rb"))
pickle.dump((estimator.predict(asked), estimator.get_params()), open(sys.argv[2], "wb"))
"""


@pytest.mark.parametrize("kind", ["Forecaster", "Translator", "convolutions"])
def test_a_process_that_knows_nothing_of_us_unpickles(runs, kind, tmp_path):
    loaded = sw.load(runs[kind])
    (tmp_path / "in").write_bytes(pickle.dumps((loaded, ASKED[kind])))
    subprocess.run([sys.executable, "-c", ELSEWHERE, str(tmp_path / "in"), str(tmp_path / "out")], check=True)
    answer, params = pickle.loads((tmp_path / "out").read_bytes())
    same(answer, loaded.predict(ASKED[kind]))
    assert params.keys() == loaded.get_params().keys()


def test_a_copy_keeps_what_belongs_to_its_weights():
    fitted = sw.Forecaster(6, 2, (3,), epochs=1, season=1).fit(SERIES)
    scores = fitted.evaluate().scores
    twin = copy.deepcopy(fitted)
    assert twin.comparison_ is not None
    assert twin.comparison_.scores == scores
    np.testing.assert_array_equal(twin.predict(), fitted.predict())
    twin.model_.set_weights([w + 1 for w in twin.model_.get_weights()])
    assert twin.comparison_ is None
    assert fitted.comparison_ is not None


def in_a_fork(work):
    """What `work` returns in a forked child, as text; fails where the child hangs."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = str(work())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode()[:4000])
        os._exit(0)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], 60)
    if not ready:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    said = os.read(reading, 4000).decode()
    os.close(reading)
    assert ready, "the child hangs"
    return said


@pytest.mark.filterwarnings("ignore:.*fork:Warning")
def test_a_forked_child(runs):
    loaded, plain = sw.load(runs["Forecaster"]), sw.load(runs["Forecaster"], backend="numpy")
    loaded.predict(SERIES)
    for work in (
        lambda: loaded.predict(SERIES),
        lambda: sw.load(runs["texts"]),
        lambda: sw.Forecaster(6, 2, (3,), epochs=1, season=1).fit(SERIES),
    ):
        assert "This process was forked from one in which Keras had run a model already" in in_a_fork(work)
    expected = plain.predict(SERIES)
    assert in_a_fork(lambda: Path(plain.folder).name) == "Forecaster"
    assert in_a_fork(lambda: np.array_equal(plain.predict(SERIES), expected)) == "True"
