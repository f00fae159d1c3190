"""Arrays of any form: valid ones give the reference's numbers, others are refused with their name and shape."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from fuzz import examples
from hypothesis import given
from hypothesis import strategies as st

from seqwise.ops import numpy as ops
from seqwise.ops.arguments import Inputs
from seqwise.ops.options import Options
from seqwise.ops.reference import lstm as reference

B, T, F, H = 2, 3, 2, 4
NAMES = Inputs._fields[:7]
FAST = examples(60)


def arrays(seed=0, dtype="float32") -> Any:
    draw = np.random.default_rng(seed)
    shapes = [(B, T, F), (F, 4 * H), (H, 4 * H), (4 * H,), (B, H), (B, H)]
    return [*(draw.normal(size=shape).astype(dtype) for shape in shapes), draw.random((B, T)) < 0.7]


def call(x, kernel, recurrent_kernel, bias, h, c, mask):
    return ops.lstm(x, kernel, recurrent_kernel, bias, (h, c), mask=mask, return_sequences=True)


def expected(values):
    return reference(Inputs(*values))


def read_only(array, tmp_path):
    array = array.copy()
    array.flags.writeable = False
    return array


def memory_map(array, tmp_path):
    path = tmp_path / f"{abs(hash(array.tobytes()))}.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def of_jax(array, tmp_path):
    return jnp.asarray(array)


def strided(array, tmp_path):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def fortran(array, tmp_path):
    return np.asfortranarray(array)


def swapped(array, tmp_path):
    return array.astype(array.dtype.newbyteorder())


def unaligned(array, tmp_path):
    shifted = np.ndarray(array.shape, array.dtype, bytearray(array.nbytes + 1), offset=1)
    shifted[...] = array
    return shifted


@pytest.mark.parametrize("form", [read_only, memory_map, of_jax, strided, fortran, swapped, unaligned])
@pytest.mark.parametrize("which", [*range(7), "all"])
def test_valid_arrays_of_any_form(form, which, tmp_path):
    values = arrays()
    given = [form(v, tmp_path) if which in (i, "all") else v for i, v in enumerate(values)]
    x, *weights, h, c, mask = given
    both = ops.bidirectional_lstm(x, tuple(weights), tuple(weights), (h, c), (h, c), mask=mask, return_sequences=True)
    for result in (call(*given), both[0]):
        for got, want in zip(result, expected(values), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    if which != 6:
        x, kernel, recurrent_kernel, bias, h, c, _ = given
        h_new, c_new = ops.step(x[:, 0], h, c, kernel, recurrent_kernel, bias)
        one = reference(Inputs(values[0][:, :1], *values[1:6]))
        np.testing.assert_allclose(h_new, one[1], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(c_new, one[2], rtol=1e-5, atol=1e-6)


def test_a_broadcast_view():
    values = arrays()
    values[0] = np.broadcast_to(values[0][:1], (B, T, F))
    values[4] = np.broadcast_to(values[4][:1, :1], (B, H))
    values[6] = np.broadcast_to(np.ones((1, 1), bool), (B, T))
    np.testing.assert_allclose(call(*values)[0], expected(values)[0], rtol=1e-5, atol=1e-6)


def reshaped(array, draw):
    """Another shape with the same numbers."""
    size, axes = array.size, draw(st.integers(1, 3))
    shape = [draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0]))]
    while len(shape) < axes:
        left = size // int(np.prod(shape))
        shape.append(draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0])))
    shape[-1] *= size // int(np.prod(shape))
    return array.reshape(draw(st.sampled_from(sorted(set(permutations(shape))))))


@FAST
@given(st.data(), st.integers(0, 6))
def test_the_right_count_in_the_wrong_shape(data, which):
    values = arrays()
    wrong = reshaped(values[which], data.draw)
    if wrong.shape == values[which].shape:
        return
    given = [wrong if i == which else v for i, v in enumerate(values)]
    with pytest.raises(ValueError, match="shape"):
        call(*given)
    with pytest.raises(ValueError, match="shape"):
        ops.forward(Inputs(*given))
    if which != 6:
        x, kernel, recurrent_kernel, bias, h, c, _ = given
        first = x if which == 0 else x[:, 0]
        if which == 0 and first.ndim == 2 and first.shape == (B, F):
            return
        with pytest.raises(ValueError, match="shape"):
            ops.step(first, h, c, kernel, recurrent_kernel, bias)


@pytest.mark.parametrize("which", range(7))
def test_complex_arrays_and_none(which):
    values = arrays()
    given = list(values)
    given[which] = values[which].astype("complex64")
    with pytest.raises(TypeError, match="complex"):
        call(*given)
    if which < 6:
        with pytest.raises(TypeError):
            ops.step(given[0][:, 0], given[4], given[5], given[1], given[2], given[3])
    given[which] = None
    if which in (0, 1, 2):
        with pytest.raises(TypeError, match=f"{NAMES[which]} is None"):
            call(*given)
    if which in (1, 2, 4, 5):
        with pytest.raises((TypeError, ValueError)):
            ops.step(values[0][:, 0], given[4], given[5], given[1], given[2], given[3])


@pytest.mark.parametrize("which", range(7))
def test_masked_arrays_texts_and_objects(which):
    values = arrays()
    hidden = np.ma.masked_array(values[which], mask=values[which] > 0)
    texts, objects = values[which].astype(str), values[which].astype("O")
    for wrong, said in ((hidden, "is masked"), (texts, "holds <U"), (objects, "holds object")):
        with pytest.raises(TypeError, match=said):
            call(*values[:which], wrong, *values[which + 1 :])


def test_a_reserve_of_another_dtype():
    inputs = Inputs(*arrays())
    outputs = ops.forward(inputs)
    with pytest.raises(TypeError, match="reserve has dtype float64; expected that of x, float32"):
        ops.backward(inputs, outputs.reserve.astype("float64"), last=outputs.last)


@pytest.mark.parametrize("sizes", [(0, T, F, H), (B, 0, F, H), (B, T, 0, H), (B, T, F, 0), (0, 0, 0, 0)])
@pytest.mark.parametrize("sequences", [True, False])
def test_empty_axes(sizes, sequences):
    b, t, f, h = sizes
    draw = np.random.default_rng(1).normal
    values: Any = [draw(size=s).astype("f4") for s in ((b, t, f), (f, 4 * h), (h, 4 * h), (4 * h,), (b, h), (b, h))]
    got = ops.lstm(values[0], values[1], values[2], values[3], (values[4], values[5]), return_sequences=sequences)
    want = reference(Inputs(*values))
    outputs = want[0] if sequences else (want[0][:, -1] if t else np.zeros((b, h)))
    for one, other in zip(got, (outputs, *want[1:]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@FAST
@given(st.data(), st.sampled_from(["y", "last", "hT", "cT"]))
def test_gradients_of_the_wrong_shape(data, name):
    values = Inputs(*arrays())
    kept = ops.forward(values, return_sequences=True)
    shape = (B, T, H) if name == "y" else (B, H)
    gradient = np.ones(shape, "float32")
    wrong = reshaped(gradient, data.draw)
    if wrong.shape == shape:
        return
    gradients: Any = {name: wrong}
    with pytest.raises(ValueError, match=f"gradient of {name} has the shape"):
        ops.backward(values, kept.reserve, **gradients)
    right = {"y": np.ones((B, T, H), "float32"), "cT": np.ones((B, H), "float32")}
    for array in right.values():
        array.flags.writeable = False
    assert np.isfinite(ops.backward(values, kept.reserve, **right).kernel).all()


def test_weights_that_stay_take_any_form(tmp_path):
    values = arrays()
    run = ops.with_weights(*(read_only(v, tmp_path) for v in values[1:4]), return_sequences=True)
    for form in (read_only, of_jax, strided):
        got = run(form(values[0], tmp_path), (form(values[4], tmp_path), form(values[5], tmp_path)))
        np.testing.assert_allclose(got[0], reference(Inputs(*values[:6]))[0], rtol=1e-5, atol=1e-6)
    with pytest.raises(TypeError, match="complex"):
        run(values[0].astype(complex))


def test_options_stay_what_they_are():
    values = arrays()
    got = ops.lstm(
        values[0],
        values[1],
        values[2],
        values[3],
        (values[4], values[5]),
        options=Options(go_backwards=True),
        return_sequences=True,
    )
    want = reference(Inputs(*values[:6]), Options(go_backwards=True))
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5, atol=1e-6)
