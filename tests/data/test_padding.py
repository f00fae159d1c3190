"""Padding: Keras's own `pad_sequences` says what the batch must be, and the mask brings the sequences back."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqwise as sw
from seqwise.backend import import_keras

KERAS_NAMES = {"right": "post", "left": "pre"}
DTYPES = ["float32", "float64", "int8", "int32", "int64", "uint8"]


@st.composite
def ragged(draw):
    features = draw(st.integers(1, 3))
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=6))
    dtype = draw(st.sampled_from(DTYPES))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    return [rng.integers(1, 100, size=(length, features)).astype(dtype) for length in lengths]


@settings(max_examples=120, deadline=None)
@given(
    ragged(),
    st.none() | st.integers(1, 9),
    st.sampled_from(["right", "left"]),
    st.sampled_from(["right", "left"]),
    st.integers(0, 9),
)
def test_the_batch_is_that_of_keras(sequences, length, side, truncate, value):
    batch = sw.data.pad(sequences, length=length, side=side, truncate=truncate, value=value)
    twin = import_keras().utils.pad_sequences(
        sequences,
        maxlen=length,
        dtype=sequences[0].dtype,
        padding=KERAS_NAMES[side],
        truncating=KERAS_NAMES[truncate],
        value=value,
    )
    np.testing.assert_array_equal(batch.values, twin)
    assert batch.values.dtype == sequences[0].dtype
    # the mask, from Keras too: what it lays where every step is a one and the padding is zero
    ones = import_keras().utils.pad_sequences(
        [np.ones(len(s)) for s in sequences], maxlen=length, padding=KERAS_NAMES[side], truncating=KERAS_NAMES[truncate]
    )
    np.testing.assert_array_equal(batch.mask, ones == 1)
    for i, (row, hidden) in enumerate(zip(batch.values, ~batch.mask, strict=True)):
        kept = (
            sequences[i]
            if length is None
            else {"right": sequences[i][:length], "left": sequences[i][-length:]}[truncate]
        )
        np.testing.assert_array_equal(row[~hidden], kept)
        assert (row[hidden] == value).all()


@pytest.mark.parametrize("kind", ["lists", "tuples", "1-D arrays", "generator"])
def test_one_feature_may_come_without_its_axis(kind):
    plain = [[1, 2, 3], [4], [5, 6]]
    sequences = {
        "lists": plain,
        "tuples": tuple(map(tuple, plain)),
        "1-D arrays": [np.array(s) for s in plain],
        "generator": (s for s in plain),
    }[kind]
    values, mask = sw.data.pad(sequences)
    assert values[..., 0].tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]]
    assert values.dtype == np.int64
    assert mask.sum(axis=1).tolist() == [3, 1, 2]


def test_an_array_of_three_axes_is_a_batch_without_padding():
    x = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    batch = sw.data.pad(x)
    np.testing.assert_array_equal(batch.values, x)
    assert batch.values.dtype == np.float32
    assert batch.mask.all()
    np.testing.assert_array_equal(sw.data.pad(x, length=6).mask.sum(axis=1), [4, 4])


def test_mixed_dtypes_take_the_common_one():
    assert sw.data.pad([np.ones((2, 1), np.int32), np.ones((3, 1), np.float64)]).values.dtype == np.float64
    assert sw.data.pad([np.ones((2, 1), np.float32), np.ones((3, 1), np.float16)]).values.dtype == np.float32


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow", "csv"])
def test_a_table_is_grouped_by_a_column(kind, tmp_path):
    frame = pl.DataFrame(
        {"id": ["b", "a", "b", "a", "b"], "t": [3, 1, 1, 2, 2], "x": [30, 1, 10, 2, 20], "y": [3, 10, 1, 20, 2]}
    )
    frame.write_csv(tmp_path / "long.csv")
    table = {
        "polars": lambda: frame,
        "pandas": frame.to_pandas,
        "pyarrow": frame.to_arrow,
        "csv": lambda: tmp_path / "long.csv",
    }[kind]()
    batch = sw.data.pad(table, group="id", time="t", features=["x", "y"])
    assert batch.values[0].tolist() == [[10, 1], [20, 2], [30, 3]]  # b came first
    assert batch.values[1].tolist() == [[1, 10], [2, 20], [0, 0]]
    assert batch.values.dtype == np.int64
    assert batch.mask.tolist() == [[True] * 3, [True, True, False]]
    unsorted = sw.data.pad(table, group="id", features="x")
    assert unsorted.values[0, :, 0].tolist() == [30, 10, 20]


def test_a_time_with_fractions_sorts_a_sequence():
    table = pl.DataFrame({"id": ["a", "b", "a", "a"], "s": [0.02, 1.5, 0.0, 0.001], "x": [3.0, 9.0, 1.0, 2.0]})
    found = sw.data.make_sequences(table, group="id", time="s", features="x")
    assert [one.ravel().tolist() for one in found] == [[1, 2, 3], [9]]


def test_features_of_a_table_are_its_other_numeric_columns():
    frame = pl.DataFrame(
        {"id": [7, 7, 8], "who": ["a", "a", "b"], "t": [1, 2, 1], "x": [1.5, 2.5, 3.5], "y": [1, 2, 3]}
    )
    made = sw.data.make_sequences(frame, group="id", time="t", label="who")
    assert made.columns == ["x", "y"]
    assert made.values.tolist() == [[1.5, 1], [2.5, 2], [3.5, 3]]
    assert made.lengths.tolist() == [2, 1]
    assert made.labels is not None and made.labels.tolist() == ["a", "b"]
    assert made.names is not None and made.names.tolist() == [7, 8]


def test_sequences_are_views_and_can_be_chosen():
    lists = [[[1, 2]], [[3, 4], [5, 6], [7, 8]], [[9, 10], [11, 12]]]
    made = sw.data.make_sequences(lists)
    assert [s.tolist() for s in made] == lists
    assert [made[i].tolist() for i in range(-3, 3)] == lists + lists
    assert np.shares_memory(made[1], made.values)
    chosen = made.take(np.array([2, 0, 2]))
    assert [s.tolist() for s in chosen] == [lists[2], lists[0], lists[2]]


def test_what_a_masked_lstm_gives_does_not_depend_on_the_padding():
    keras = import_keras()
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(n, 3)).astype("float32") for n in (3, 9, 5)]
    layer = sw.layers.Bidirectional(sw.layers.LSTM(4))
    alone = np.concatenate([np.asarray(layer(s[None])) for s in sequences])
    for side, length, value in (("right", None, 0), ("left", None, 7), ("right", 40, -5), ("left", 40, 0)):
        batch = sw.data.pad(sequences, side=side, length=length, value=value)
        together = keras.ops.convert_to_numpy(layer(batch.values, mask=batch.mask))
        np.testing.assert_allclose(together, alone, rtol=2e-6, atol=2e-7)
