"""Splits drawn class by class: their sizes, their shares, and that no sample is in two parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqwise.data.random_split import split_at_random
from seqwise.errors import DataError, SettingError


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=12, max_size=80), st.sampled_from([0, 0.1, 0.25, 3]),
    st.sampled_from([0, 0.1, 0.3, 2]), st.integers(0, 5),
)  # fmt: skip
def test_every_sample_is_in_one_part_and_every_class_in_the_training(labels, validation, test, seed):
    strata = np.array(labels)
    parts = split_at_random(len(strata), validation=validation, test=test, strata=strata, seed=seed)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together.tolist()) == list(range(len(strata)))
    assert set(strata[parts.train].tolist()) == set(strata.tolist())
    # as many as asked for, unless each class's last member stands against it
    most = len(strata) - len(set(labels))
    assert len(parts.test) == min(round(len(strata) * test) if 0 < test < 1 else test, most)


def test_the_shares_are_the_classes():
    strata = np.repeat([0, 1, 2], [60, 30, 10])
    parts = split_at_random(100, validation=0.2, test=0.1, strata=strata)
    assert np.bincount(strata[parts.test]).tolist() == [6, 3, 1]
    assert np.bincount(strata[parts.validation]).tolist() == [12, 6, 2]
    # Japanese vowels: 9 classes of 30
    parts = split_at_random(270, validation=0.1, test=0, strata=np.repeat(np.arange(9), 30))
    assert np.bincount(np.repeat(np.arange(9), 30)[parts.validation]).tolist() == [3] * 9


def test_the_seed_decides():
    def draw(seed):
        return split_at_random(50, validation=0.2, test=0.2, strata=np.arange(50) % 2, seed=seed)

    for one, other in zip(draw(1).__dict__.values(), draw(1).__dict__.values(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert draw(1).test.tolist() != draw(2).test.tolist()


def test_a_class_of_one_member_stays_in_the_training():
    parts = split_at_random(11, validation=0.5, test=0, strata=np.array([0] * 10 + [1]))
    assert 10 in parts.train.tolist()
    assert len(parts.validation) == 6
    assert len(split_at_random(3, validation=1, test=0, strata=np.arange(3)).validation) == 0


@pytest.mark.parametrize(
    ("size", "message"),
    [(-1, "expected a share"), (True, "expected a share"), ("0.1", "expected a share"), (1.5, "must be whole")],
)
def test_sizes_that_are_none(size, message):
    with pytest.raises(SettingError, match=message):
        split_at_random(10, validation=size, test=0)


def test_nothing_is_left_to_train_on():
    with pytest.raises(DataError, match=r"4 sample\(s\) are too few to hold back 2 for validation and 2 for the test"):
        split_at_random(4, validation=0.5, test=0.5)


def test_a_part_that_is_smaller_than_asked_for_is_told():
    parts = split_at_random(6, validation=1, test=0.5, strata=np.array([0, 0, 0, 1, 2, 3]))
    assert [len(part) for part in parts.__dict__.values()] == [4, 0, 2]
    assert parts.warnings(validation=1, test=0.5) == [
        "The validation set has 0 sequence(s) instead of 1: one sequence of each label, or set of labels, stays in "
        "the training set.",
        "The test set has 2 sequence(s) instead of 3: one sequence of each label, or set of labels, stays in the "
        "training set.",
    ]
    assert split_at_random(40, validation=0.1, test=0, strata=np.arange(40) % 2).warnings(validation=0.1, test=0) == []
