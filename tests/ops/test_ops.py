"""The fused LSTM for NumPy and JAX against the reference, and against Keras."""

import itertools
import os
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from lstm_cases import CASES, call, options_of, random_inputs

from seqwise.ops import jax as jax_ops
from seqwise.ops import numpy as numpy_ops
from seqwise.ops import reference, supports
from seqwise.ops.options import Options


@pytest.mark.parametrize(("seed", "present"), list(enumerate(CASES)))
@pytest.mark.parametrize("library", [numpy_ops, jax_ops], ids=["numpy", "jax"])
def test_outputs_equal_the_reference(library, seed, present):
    options = options_of(seed)
    inputs = random_inputs(seed, masks=options.dropout_masks, **present)
    truth, h, c = reference.lstm(inputs, options)
    scale = max(1, np.abs(truth).max(), np.abs(c).max())
    for sequences, expected in ((True, truth), (False, truth[:, -1])):
        results = call(library.lstm, inputs, return_sequences=sequences, options=options)
        for result, number in zip(results, (expected, h, c), strict=True):
            np.testing.assert_allclose(np.asarray(result), number, atol=1e-5 * scale, rtol=1e-5)


def keras_lstm(inputs, units, **kwargs):
    layer = keras.layers.LSTM(units, **kwargs)
    layer.build(inputs.x.shape)
    layer.set_weights([inputs.kernel, inputs.recurrent_kernel, inputs.bias])
    return layer


@pytest.mark.parametrize(("sequences", "backwards", "masked"), list(itertools.product((0, 1), repeat=3)))
def test_values_and_gradients_equal_keras(sequences, backwards, masked):
    inputs = random_inputs(9, state=True, mask=masked)
    layer = keras_lstm(inputs, 11, return_sequences=bool(sequences), return_state=True,
                       go_backwards=bool(backwards))  # fmt: skip
    weight = jnp.asarray(np.random.default_rng(1).standard_normal((5, 11)), "float32")

    def total(results):
        y, h, c = results
        y = y * weight[:, None] if sequences else y * weight
        return jnp.sum(y) + jnp.sum(h * h) + jnp.sum(jnp.sin(c))

    def stock(arrays):
        x, W, U, b, h0, c0 = arrays
        results, _ = layer.stateless_call(  # pyright: ignore[reportAssignmentType]
            [W, U, b], [v.value for v in layer.non_trainable_variables], x,
            initial_state=[h0, c0], mask=inputs.mask)  # fmt: skip
        return total(results)

    def ours(arrays):
        x, W, U, b, h0, c0 = arrays
        results = jax_ops.lstm(x, W, U, b, (h0, c0), mask=inputs.mask,
                               return_sequences=bool(sequences),
                               options=Options(go_backwards=bool(backwards)))  # fmt: skip
        return total(results)

    arrays = [jnp.asarray(a) for a in inputs[:6]]
    value, gradients = jax.jit(jax.value_and_grad(ours))(arrays)
    expected, expected_gradients = jax.value_and_grad(stock)(arrays)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    for gradient, truth in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, truth, atol=2e-5, rtol=2e-5)


def test_weight_gradients_alone():
    inputs = random_inputs(2)

    def loss(W):
        return jnp.sum(jax_ops.lstm(inputs.x, W, inputs.recurrent_kernel, inputs.bias)[0])

    got = jax.jit(jax.grad(loss))(inputs.kernel)
    outputs = numpy_ops.forward(inputs)
    expected = numpy_ops.backward(inputs, outputs.reserve, last=np.ones((5, 11), "float32"))
    np.testing.assert_allclose(got, expected.kernel, rtol=1e-5, atol=1e-6)


def test_vmap_and_scan():
    inputs = random_inputs(3)
    many = jnp.stack([inputs.x, inputs.x + 1, inputs.x - 1])

    def one(x):
        return jax_ops.lstm(x, inputs.kernel, inputs.recurrent_kernel, inputs.bias)[0]

    alone = jnp.stack([one(x) for x in many])
    np.testing.assert_allclose(jax.vmap(one)(many), alone, rtol=1e-6)
    grads = jax.vmap(jax.grad(lambda x: one(x).sum()))(many)
    assert grads.shape == many.shape
    _, scanned = jax.lax.scan(lambda carry, x: (carry, one(x)), 0, many)
    np.testing.assert_allclose(scanned, alone, rtol=1e-6)


def test_bidirectional_equals_two_directions():
    inputs, other = random_inputs(4, mask=True), random_inputs(5)
    weights, backward_weights = inputs[1:4], other[1:4]

    def together(x):
        a, b = jax_ops.bidirectional_lstm(x, weights, backward_weights, mask=inputs.mask, return_sequences=True)
        return a[0], b[0]

    def apart(x):
        a = jax_ops.lstm(x, *weights, mask=inputs.mask, return_sequences=True)
        b = jax_ops.lstm(x, *backward_weights, mask=inputs.mask, return_sequences=True,
                         options=Options(go_backwards=True))  # fmt: skip
        return a[0], b[0]

    def loss(f):
        return lambda x: sum(jnp.sum(y * y) for y in f(x))

    for ours, expected in zip(together(inputs.x), apart(inputs.x), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        jax.grad(loss(together))(inputs.x), jax.grad(loss(apart))(inputs.x), rtol=1e-5, atol=1e-5
    )


def test_bidirectional_on_numpy_equals_two_directions():
    inputs, other = random_inputs(4, mask=True, state=True), random_inputs(5, state=True)
    states: Any = (inputs[4:6], other[4:6])
    for sequences in (False, True):
        both = numpy_ops.bidirectional_lstm(
            inputs.x, inputs[1:4], other[1:4], *states, mask=inputs.mask, return_sequences=sequences
        )
        for found, one, backwards in zip(both, (inputs, other), (False, True), strict=True):
            options = Options(go_backwards=backwards)
            alone = one._replace(x=inputs.x, mask=inputs.mask)
            expected = call(numpy_ops.lstm, alone, return_sequences=sequences, options=options)
            for mine, theirs in zip(found, expected, strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-6)


def test_step_equals_one_timestep():
    inputs: Any = random_inputs(6, sizes=(2, 1, 3, 11), state=True)
    _, h, c = reference.lstm(inputs)
    for library in (numpy_ops, jax_ops):
        got = library.step(inputs.x[:, 0], inputs.h0, inputs.c0, *inputs[1:4])
        np.testing.assert_allclose(got, (h, c), rtol=1e-5, atol=1e-6)


def test_errors_name_the_array():
    inputs = random_inputs(7)
    with pytest.raises(ValueError, match=r"kernel has the shape \(3, 40\).*must be \(3, 44\)"):
        call(numpy_ops.lstm, inputs._replace(kernel=inputs.kernel[:, :40]))
    with pytest.raises(TypeError, match="float16"):
        call(numpy_ops.lstm, inputs._replace(x=inputs.x.astype("float16")))
    assert not supports(activation="gelu")


@pytest.mark.parametrize(
    "present", [{}, {"bias": False}, {"state": True}, {"mask": True}, {"state": True, "mask": True}]
)
@pytest.mark.parametrize("sequences", [True, False])
def test_an_lstm_with_its_weights_equals_the_reference(present, sequences):
    x, W, U, b, h0, c0, mask, *_ = inputs = random_inputs(3, **present)
    options = Options(go_backwards=True)
    lstm = numpy_ops.with_weights(W[:, ::1], np.asfortranarray(U), b, return_sequences=sequences, options=options)
    y, h, c = lstm(x.tolist(), None if h0 is None else [h0, c0], mask=mask)
    truth, h_true, c_true = reference.lstm(inputs, options)
    for ours, theirs in ((y, truth if sequences else truth[:, -1]), (h, h_true), (c, c_true)):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_an_lstm_with_its_weights_checks_what_it_is_given():
    x, W, U, b, *_ = random_inputs(4)
    lstm = numpy_ops.with_weights(W, U, b)
    with pytest.raises(ValueError, match="x must have the axes"):
        lstm(x[0])
    with pytest.raises(ValueError, match="kernel"):
        lstm(x[..., :2])
    with pytest.raises(ValueError, match=r"h0 has the shape \(5, 3\)"):
        lstm(x, (np.zeros((5, 3)), np.zeros((5, 11))))
    assert b is not None
    with pytest.raises(ValueError, match=r"bias has the shape \(43,\)"):
        numpy_ops.with_weights(W, U, b[1:])
    with pytest.raises(TypeError, match="float16"):
        numpy_ops.with_weights(W.astype("float16"), U, b)
