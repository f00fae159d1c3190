"""Random convolutions: their features against NumPy's own convolution, what they tell apart, and the way back."""

import numpy as np
import pytest

from seqwise.baselines.kernel_features import THREES, convolves
from seqwise.baselines.random_kernels import RandomKernels
from seqwise.data import make_sequences

RNG = np.random.default_rng(0)


def waves(samples=40, features=1):
    """Slow and fast waves of unequal lengths, at any phase: no single step and no mean tells them apart."""
    codes = np.arange(samples) % 2
    steps = [np.arange(n)[:, None] for n in RNG.integers(40, 60, samples)]
    phases = RNG.uniform(0, 6, (samples, features))
    return [np.sin(t * (0.5 + c) + p) for t, c, p in zip(steps, codes, phases, strict=True)], codes


def test_features_are_shares_of_plain_convolutions():
    sequences, codes = waves(6)
    fitted = RandomKernels(2).fit(make_sequences(sequences), codes)
    found = fitted.features(make_sequences(sequences))
    scaled = [(s - fitted.offset) / fitted.scale for s in sequences]
    bias, column = iter(fitted.biases), 0
    for dilation, count in zip(fitted.dilations, fitted.counts, strict=True):
        for threes in THREES:
            taps = np.full(9, -1.0)
            taps[threes] = 2
            kernel = np.zeros(8 * dilation + 1)
            kernel[::dilation] = taps
            for b in (next(bias) for _ in range(count)):
                if column % 97 == 0:  # a few of the thousands
                    plain = [
                        (np.convolve(np.pad(s[:, 0], 4 * dilation), kernel[::-1], "valid") > b).mean() for s in scaled
                    ]
                    np.testing.assert_allclose(found[:, column], plain, atol=0.03)
                column += 1
    assert column == found.shape[1] > 5000


@pytest.mark.parametrize("features", [1, 3])
def test_waves_are_told_apart_by_their_speed(features):
    sequences, codes = waves(features=features)
    fitted = RandomKernels(2).fit(make_sequences(sequences[:30]), codes[:30])
    said = fitted.predict(make_sequences(sequences[30:]))
    np.testing.assert_allclose(said.sum(axis=1), 1)
    assert (said.argmax(axis=1) == codes[30:]).all()
    again = RandomKernels.load(*fitted.save())
    np.testing.assert_array_equal(again.predict(make_sequences(sequences[30:])), said)


def test_numbers_and_short_sequences():
    sequences = [RNG.normal(size=(n, 2)) for n in RNG.integers(1, 6, 30)]
    values = np.array([[s[0, 0] * 0 + len(s), 1.0] for s in sequences])
    found = RandomKernels().fit(make_sequences(sequences), values, np.ones(30)).predict(make_sequences(sequences))
    assert found.shape == (30, 2)
    assert np.corrcoef(found[:, 0], values[:, 0])[0, 1] > 0.8


def test_only_so_many_steps_are_convolved():
    assert convolves(make_sequences(np.zeros((2, 1000, 1))))
    assert not convolves(make_sequences(np.zeros((3, 1_000_000, 1))))
