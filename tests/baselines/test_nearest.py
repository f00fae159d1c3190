"""The nearest neighbour: its distances against plain loops, its answers against scikit-learn, and the way back."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from seqwise.baselines import nearest
from seqwise.baselines.nearest import NearestNeighbour, distances_of, stretch, warped_distances, warps_in_time
from seqwise.data import make_sequences

RNG = np.random.default_rng(0)


def warped_by_hand(x, y, band):
    table = np.full((len(x) + 1, len(y) + 1), np.inf)
    table[0, 0] = 0
    for i in range(len(x)):
        for j in range(len(y)):
            if abs(i - j) <= band:
                table[i + 1, j + 1] = ((x[i] - y[j]) ** 2).sum() + min(table[i, j], table[i, j + 1], table[i + 1, j])
    return table[-1, -1]


@pytest.mark.parametrize("band", [1, 3, 9])
def test_warped_distances_are_those_of_the_plain_table(band):
    x, y = RNG.normal(size=(3, 9, 2)), RNG.normal(size=(4, 9, 2))
    plain = [[warped_by_hand(a, b, band) for b in y] for a in x]
    np.testing.assert_allclose(warped_distances(x, y, band), plain, rtol=1e-5)


def test_without_a_band_warping_is_euclidean():
    x, y = RNG.normal(size=(3, 9, 2)), RNG.normal(size=(4, 9, 2))
    np.testing.assert_allclose(warped_distances(x, y, 0), distances_of(x, y), rtol=1e-5)


def test_stretching_reads_between_two_steps():
    np.testing.assert_allclose(stretch(np.array([[0.0], [2.0], [3.0]]), 5)[:, 0], [0, 1, 2, 2.5, 3])
    np.testing.assert_allclose(stretch(np.array([[7.0]]), 3)[:, 0], [7, 7, 7])


def test_answers_are_scikit_learns_of_scaled_sequences():
    x, codes = RNG.normal(size=(40, 6, 2)) * [1, 50], np.arange(40) % 3
    other = RNG.normal(size=(20, 6, 2)) * [1, 50]
    ours = NearestNeighbour(False, 3).fit(make_sequences(x), codes).predict(make_sequences(other))
    spread = x.reshape(-1, 2).std(axis=0)
    theirs = KNeighborsClassifier(1).fit((x / spread).reshape(40, -1), codes)
    np.testing.assert_array_equal(ours.argmax(axis=1), theirs.predict((other / spread).reshape(20, -1)))
    assert set(np.unique(ours)) == {0, 1}


def test_warping_finds_what_is_shifted():
    """A bump anywhere against two bumps: where they lie says nothing."""

    def draw(bumps, at):
        return np.exp(-(np.subtract.outer(np.arange(60), at + 10.0 * np.arange(bumps)) ** 2)).sum(axis=1)[:, None]

    known = [draw(1 + i % 2, 10 + i) for i in range(12)]
    unknown, truth = [draw(1 + i % 2, 24.5 + 0.2 * i) for i in range(8)], np.arange(8) % 2
    shapes, asked = make_sequences(known), make_sequences(unknown)
    found = {
        w: NearestNeighbour(w, 2).fit(shapes, np.arange(12) % 2).predict(asked).argmax(axis=1) for w in (False, True)
    }
    assert (found[True] == truth).all()
    assert not (found[False] == truth).all()


@pytest.mark.parametrize("warping", [False, True])
def test_of_numbers_and_unequal_lengths_and_back_from_its_arrays(warping):
    sequences = [RNG.normal(size=(n, 1)) for n in (3, 8, 5)]
    values = np.array([[1.0, 2], [3, 4], [5, 6]])
    fitted = NearestNeighbour(warping).fit(make_sequences(sequences), values)
    np.testing.assert_array_equal(fitted.predict(make_sequences(sequences)), values)
    again = NearestNeighbour.load(*fitted.save())
    np.testing.assert_array_equal(again.predict(make_sequences(sequences[::-1])), values[::-1])
    assert again.name == fitted.name


def test_many_sequences_are_thinned_out_and_not_warped(monkeypatch):
    monkeypatch.setattr(nearest, "MOST_VALUES", 100)
    many = make_sequences(RNG.normal(size=(50, 10, 1)))
    assert NearestNeighbour(False, 2).fit(many, np.arange(50) % 2).known.shape == (10, 10, 1)
    assert warps_in_time(many)
    monkeypatch.setattr(nearest, "WARPED_CELLS", 100)
    assert not warps_in_time(many)
