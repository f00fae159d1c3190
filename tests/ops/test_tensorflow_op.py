"""The fused LSTM on TensorFlow's tensors: against the reference and finite differences, eagerly and in graphs."""

import os

import numpy as np
import pytest
from lstm_cases import CASES, call, options_of, random_inputs

from seqwise.ops import reference
from seqwise.ops.options import Options

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")

from seqwise.ops import tensorflow as tf_ops  # noqa: E402


@pytest.mark.parametrize(("seed", "present"), list(enumerate(CASES)))
def test_outputs_equal_the_reference(seed, present):
    options = options_of(seed)
    inputs = random_inputs(seed, masks=options.dropout_masks, dtype="float64", **present)
    truth, h, c = reference.lstm(inputs, options)
    scale = max(1, np.abs(truth).max(), np.abs(c).max())
    for sequences, expected in ((True, truth), (False, truth[:, -1])):
        results = call(tf_ops.lstm, inputs, return_sequences=sequences, options=options)
        for result, number in zip(results, (expected, h, c), strict=True):
            np.testing.assert_allclose(result.numpy(), number, atol=1e-12 * scale, rtol=1e-12)


def loss_of(results):
    return sum(tf.reduce_sum(tf.sin(r) * (k + 1)) for k, r in enumerate(results))


def gradients_of(run, arrays):
    with tf.GradientTape() as tape:
        tape.watch(arrays)
        loss = loss_of(run(*arrays))
    return tape.gradient(loss, arrays)


def assert_gradients(run, arrays):
    """Gradients of ``run(*arrays)``: by a tape eagerly, by a tape in a graph, and by a tape around a graph that
    was traced without one; beside central differences in each number."""
    arrays = [tf.constant(a) for a in arrays]
    graph = tf.function(run, autograph=False)
    found = [
        gradients_of(run, arrays),
        tf.function(lambda *given: gradients_of(run, list(given)), autograph=False)(*arrays),
        gradients_of(graph, arrays),
    ]
    step = 1e-6
    for k, array in enumerate(arrays):
        expected = np.empty(array.shape)
        for index in np.ndindex(*array.shape):
            change = np.zeros(array.shape)
            change[index] = step
            up, down = (loss_of(run(*arrays[:k], array + sign * change, *arrays[k + 1 :])) for sign in (1, -1))
            expected[index] = (up - down) / (2 * step)
        for gradients in found:
            np.testing.assert_allclose(gradients[k], expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("seed", [1, 2])
def test_gradients_equal_finite_differences(seed):
    options = options_of(seed)
    inputs = random_inputs(seed, (2, 3, 1, 2), options.dropout_masks, "float64", state=True, mask=True, dropout=True)

    def run(*learned):
        return call(tf_ops.lstm, inputs._replace(**dict(zip(inputs._fields, learned, strict=False))),
                    return_sequences=seed != 2, options=options)  # fmt: skip

    assert_gradients(run, inputs[:6])


def test_gradients_of_both_directions_equal_finite_differences():
    one, other = (random_inputs(k, (2, 3, 1, 2), dtype="float64") for k in (3, 4))

    def run(x, *weights):
        both = tf_ops.bidirectional_lstm(x, weights[:3], weights[3:], mask=MASK, return_sequences=True)
        return [array for result in both for array in result]

    assert_gradients(run, (*one[:4], *other[1:4]))


MASK = np.array([[True, False, True], [False, True, True]])


def test_both_directions_equal_two_calls():
    inputs, other = random_inputs(4, mask=True, state=True), random_inputs(5, state=True)
    both = tf_ops.bidirectional_lstm(
        inputs.x, inputs[1:4], other[1:4], inputs[4:6], other[4:6], mask=inputs.mask, return_sequences=True
    )
    for found, one, backwards in zip(both, (inputs, other), (False, True), strict=True):
        alone = one._replace(x=inputs.x, mask=inputs.mask)
        expected = call(tf_ops.lstm, alone, return_sequences=True, options=Options(go_backwards=backwards))
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-6)


def test_sizes_may_be_unknown_while_a_graph_is_traced():
    inputs = random_inputs(6)
    traced = tf.function(
        lambda x: tf_ops.lstm(x, *inputs[1:4], return_sequences=True)[0],
        input_signature=[tf.TensorSpec((None, None, 3), tf.float32)], autograph=False,
    )  # fmt: skip
    assert traced.get_concrete_function().structured_outputs.shape.as_list() == [None, None, 11]
    for steps in (7, 4):
        x = inputs.x[:, :steps]
        expected = reference.lstm(inputs._replace(x=x))[0]
        np.testing.assert_allclose(traced(x), expected, rtol=1e-5, atol=1e-5)


def test_a_program_for_xla_is_told_apart():
    said = []

    def ask(x):
        said.append(tf_ops.accepts(x))
        return x + 1

    ask(tf.zeros(2))
    for compiled in (False, True):
        tf.function(ask, jit_compile=compiled, autograph=False)(tf.zeros(2))
    assert said == [True, True, False]


def test_step_equals_one_timestep():
    inputs = random_inputs(6, sizes=(2, 1, 3, 11), state=True)
    _, h, c = reference.lstm(inputs)
    got = tf_ops.step(inputs.x[:, 0], inputs.h0, inputs.c0, *inputs[1:4])
    np.testing.assert_allclose(got, (h, c), rtol=1e-5, atol=1e-6)


def test_errors_name_the_array():
    inputs = random_inputs(7)
    with pytest.raises(ValueError, match=r"kernel has the shape \(3, 40\).*must be \(3, 44\)"):
        call(tf_ops.lstm, inputs._replace(kernel=inputs.kernel[:, :40]))
    with pytest.raises(TypeError, match="x has dtype float16"):
        call(tf_ops.lstm, inputs._replace(x=inputs.x.astype("float16")))
