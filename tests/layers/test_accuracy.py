"""How exact the float32 numbers are: beside stock Keras in float32, both held to a float64 truth."""
# Keras annotates some arguments by their default alone (verbose: str), and jax loads as untyped objects
# pyright: reportArgumentType=false, reportOptionalMemberAccess=false, reportAttributeAccessIssue=false
# pyright: reportCallIssue=false, reportOptionalCall=false, reportAssignmentType=false

import functools

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from seqwise.ops import numpy as numpy_ops
from seqwise.ops import reference
from seqwise.ops.arguments import Inputs
from seqwise.ops.options import Options

# what is compiled into stock Keras: activations, go_backwards, masked_output, dropout masks, sizes (B, T, F, H)
STATIC = [
    (Options("tanh", "sigmoid"), (4, 7, 3, 5)),
    (Options("tanh", "sigmoid", True, "zero", 4), (3, 6, 1, 17)),
    (Options("relu", "sigmoid", False, "zero"), (2, 9, 5, 8)),
    (Options("tanh", "hard_sigmoid", True, "previous_state", 4), (5, 4, 2, 33)),
    (Options("linear", "tanh", False, "previous_state"), (1, 5, 4, 3)),
    (Options("sigmoid", "relu", True, "zero"), (3, 5, 2, 6)),
    (Options("hard_sigmoid", "linear", False, "previous_state", 4), (2, 4, 3, 9)),
]


@functools.cache
def stock_keras(number):
    """A compiled function of the inputs and the loss's weights: Keras's outputs, states and gradients in float32."""
    options, (B, _, F, H) = STATIC[number]
    four = options.dropout_masks == 4
    layer = keras.layers.LSTM(
        H, options.activation, options.recurrent_activation, return_sequences=True, return_state=True, use_cudnn=False,
        go_backwards=options.go_backwards, zero_output_for_mask=options.masked_output == "zero", dropout=0.25,
        recurrent_dropout=0.25 if four else 0.0,
    )  # fmt: skip
    layer.build((B, None, F))
    others = [v.value for v in layer.non_trainable_variables]

    def run(arrays, mask, factors, weights):
        x, W, U, b, h0, c0 = arrays
        # the cell uses the masks that it finds; ours are the same numbers
        layer.cell._dropout_mask = list(factors[0]) if four else factors[0][0]
        layer.cell._recurrent_dropout_mask = list(factors[1]) if four else None
        found, _ = layer.stateless_call([W, U, b], others, x, initial_state=[h0, c0], mask=mask, training=True)
        return sum(jnp.sum(a * w) for a, w in zip(found, weights, strict=True)), found

    return jax.jit(jax.value_and_grad(run, has_aux=True))


def random_inputs(options, sizes, seed, *, masked=True, state=True, bias=True, dropout=True, scale=0.5):
    rng = np.random.default_rng(seed)
    B, T, F, H = sizes
    D = options.dropout_masks

    def numbers(*shape, present=True):
        return (scale * present * rng.standard_normal(shape)).astype("float32")

    def factors(*shape):
        kept = (rng.random(shape) < 0.75) / 0.75
        return (kept if dropout else np.ones(shape)).astype("float32")

    recurrent = numbers(H, 4 * H) * np.float32(1 / np.sqrt(H))
    inputs = Inputs(
        numbers(B, T, F), numbers(F, 4 * H), recurrent, numbers(4 * H, present=bias), numbers(B, H, present=state),
        numbers(B, H, present=state), rng.random((B, T)) < (0.6 if masked else 2), factors(D, B, F),
        factors(D, B, H) if D == 4 else None,
    )  # fmt: skip
    weights = tuple(rng.standard_normal(s).astype("float32") for s in ((B, T, H), (B, H), (B, H)))
    return inputs, weights


def ours(inputs, weights, options, dtype):
    inputs = Inputs(*(a if a is None or a.dtype == bool else a.astype(dtype) for a in inputs))
    out = numpy_ops.forward(inputs, return_sequences=True, options=options)
    y, h, c = (w.astype(dtype) for w in weights)
    gradients = numpy_ops.backward(inputs, out.reserve, y=y, hT=h, cT=c, options=options)
    return [out.y, out.hT, out.cT, *gradients]


EPSILON = 2.0**-24
NAMES = ["y", "h", "c", "dx", "dW", "dU", "db", "dh0", "dc0"]


def test_errors_over_500_configurations_are_at_most_twice_those_of_keras():
    """For every option that a configuration has, and every layer at every scale of its numbers: the geometric mean,
    over the configurations that have it, of each array's largest error. A single one's error is the luck of a few
    roundings, ours and Keras's alike: where it is one number, either is twice the other's in a third of all draws."""
    draw = np.random.default_rng(0)
    errors: dict[tuple, list[np.ndarray]] = {}
    for _ in range(500):
        number, seed, scale = int(draw.integers(len(STATIC))), draw.integers(2**32), draw.choice([0.1, 0.5, 1.0])
        chosen = dict(zip(("masked", "state", "bias", "dropout"), draw.integers(2, size=4).astype(bool), strict=True))
        options, sizes = STATIC[number]
        inputs, weights = random_inputs(options, sizes, seed, **chosen, scale=scale)
        # float64 truth: outputs by the NumPy reference, gradients by the float64 kernel (finite differences: below)
        truth = ours(inputs, weights, options, "float64")
        for one, other in zip(truth[:3], reference.lstm(inputs, options), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)
        factors = (inputs.input_dropout, inputs.recurrent_dropout)
        (_, found), gradients = stock_keras(number)(tuple(inputs[:6]), inputs.mask, factors, weights)
        groups = [("layer", number, "scale", scale), *chosen.items()]
        for name, true, mine, keras_own in zip(
            NAMES, truth, ours(inputs, weights, options, "float32"), [*found, *gradients], strict=True
        ):
            size = np.abs(true).max()
            if size > 0:
                pair = np.array([np.abs(mine - true).max(), np.abs(np.asarray(keras_own) - true).max()])
                for group in groups:  # no error at all counts as the hundredth part of a rounding
                    errors.setdefault((name, *group), []).append(np.log(np.maximum(pair / size, EPSILON / 100)))
    ratios = {group: float(np.exp(np.subtract(*np.mean(found, axis=0)))) for group, found in errors.items()}
    print(sorted(((ratio, group) for group, ratio in ratios.items()), reverse=True)[:5], len(ratios))
    assert min(len(found) for found in errors.values()) >= 10
    assert {group: ratio for group, ratio in ratios.items() if ratio > 2} == {}


@pytest.mark.parametrize("number", range(len(STATIC)))
def test_float64_gradients_equal_finite_differences(number):
    options, step = STATIC[number][0], 1e-6
    inputs, weights = random_inputs(options, (2, 4, 2, 3), 11 + number)
    inputs = Inputs(*(a if a is None or a.dtype == bool else a.astype("float64") for a in inputs))
    gradients = ours(inputs, weights, options, "float64")[3:]

    def loss(**changed):
        return sum(
            (a * w).sum() for a, w in zip(reference.lstm(inputs._replace(**changed), options), weights, strict=True)
        )

    for name, gradient in zip(Inputs._fields, gradients, strict=False):
        array, expected = getattr(inputs, name), np.empty(gradient.shape)
        for index in np.ndindex(array.shape):
            moved = np.zeros(array.shape)
            moved[index] = step
            expected[index] = (loss(**{name: array + moved}) - loss(**{name: array - moved})) / (2 * step)
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-6 * np.abs(expected).max(), err_msg=name)
