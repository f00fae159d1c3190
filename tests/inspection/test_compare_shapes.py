"""What the rules say of a target beside an output, against Keras's own losses on every pair of shapes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from seqwise.backend import import_keras
from seqwise.inspection.check.losses import BATCH, Loss, compare_shapes, read_loss

keras = import_keras()
SHAPES = [shape for rank in (0, 1, 2) for shape in itertools.product([1, 3, 5], repeat=rank)]
PAIRS = [(target, output) for target, output in itertools.product(SHAPES, SHAPES) if output]
SAMPLES = 7  # no other axis has this size


def says(loss, target, output):
    """Return the verdict of a Keras loss on arrays of these shapes."""
    rng = np.random.default_rng(0)
    y, p = rng.uniform(0.1, 0.9, (SAMPLES, *target)), rng.uniform(0.1, 0.9, (SAMPLES, *output))
    try:
        value = float(loss(y, p))
    except Exception:
        return "fails"
    # a pairing that only drops or adds axes of 1 keeps the values in their order
    return "same" if y.size == p.size and np.isclose(value, np.mean((y.ravel() - p.ravel()) ** 2)) else "broadcast"


def test_a_regression_loss():
    loss = keras.losses.MeanSquaredError()
    ours = {pair: compare_shapes((BATCH, *pair[0]), (None, *pair[1]), Loss("mean_squared_error")) for pair in PAIRS}
    assert ours == {pair: says(loss, *pair) for pair in PAIRS}
    assert set(ours.values()) == {"same", "broadcast", "fails"}


@pytest.mark.parametrize("name", ["BinaryCrossentropy", "CategoricalCrossentropy"])
def test_a_crossentropy_refuses_what_it_cannot_pair(name):
    loss = getattr(keras.losses, name)()
    ours = {pair: compare_shapes((BATCH, *pair[0]), (None, *pair[1]), read_loss(loss)) == "fails" for pair in PAIRS}
    keras_says = {pair: says(loss, *pair) == "fails" for pair in PAIRS}
    assert {pair for pair in PAIRS if ours[pair] != keras_says[pair]} == set()


def test_a_sparse_crossentropy():
    loss = keras.losses.SparseCategoricalCrossentropy()

    def refuses(target, output):
        try:
            loss(np.zeros((SAMPLES, *target), "int32"), np.full((SAMPLES, *output), 1 / output[-1], "float32"))
        except Exception:
            return True
        return False

    wrong = [
        (target, output)
        for target, output in PAIRS
        if output[-1] > 1  # one class is no choice; a rule of its own tells it
        and refuses(target, output) != (compare_shapes((BATCH, *target), (None, *output), read_loss(loss)) == "fails")
    ]
    assert wrong == []


def test_a_size_that_is_not_known_fits_any():
    assert compare_shapes((8, 10, 1), (None, None, 1), Loss("mean_squared_error")) == "same"
    assert compare_shapes((8, 1), (None, None, 1), Loss("mean_squared_error")) == "unknown"
