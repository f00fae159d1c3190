"""Conv1D as one product of matrices: Keras's own outputs and gradients, and back to a stock layer."""

from typing import Any

import keras
import numpy as np
import pytest

import seqwise as sw
from seqwise.layers.convolution import Conv1D

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("padding", ["same", "valid", "causal"])
@pytest.mark.parametrize(("taps", "dilation"), [(1, 1), (4, 1), (3, 3)])
def test_outputs_are_keras_own(padding, taps, dilation):
    settings = {"padding": padding, "dilation_rate": dilation, "activation": "relu"}
    x = RNG.normal(size=(2, 11, 3)).astype("float32")
    stock = keras.layers.Conv1D(5, taps, **settings)
    expected = np.asarray(stock(x))
    ours = Conv1D(5, taps, **settings)
    ours.build(x.shape)
    ours.set_weights(stock.get_weights())
    np.testing.assert_allclose(np.asarray(ours(x)), expected, atol=1e-5)
    model: Any = keras.Sequential([keras.Input((None, 3)), ours])
    assert model.output_shape[-1] == 5


@pytest.mark.parametrize("settings", [{"strides": 2}, {"groups": 3}])
def test_other_settings_run_keras_code(settings):
    x = RNG.normal(size=(2, 11, 3)).astype("float32")
    stock = keras.layers.Conv1D(6, 3, **settings)
    expected = np.asarray(stock(x))
    ours = Conv1D(6, 3, **settings)
    ours.build(x.shape)
    ours.set_weights(stock.get_weights())
    np.testing.assert_allclose(np.asarray(ours(x)), expected, atol=1e-6)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX's gradient")
def test_gradients_are_those_of_keras_own():
    import jax

    x = RNG.normal(size=(2, 9, 3)).astype("float32")
    stock, ours = keras.layers.Conv1D(4, 3, padding="same"), Conv1D(4, 3, padding="same")
    stock.build(x.shape)
    ours.build(x.shape)
    weights = [v.value for v in stock.trainable_variables]

    def slopes(layer):
        def loss(values, inputs):
            return (layer.stateless_call(values, [], inputs)[0] ** 3).sum()

        return jax.tree.leaves(jax.grad(loss, argnums=(0, 1))(weights, x))

    for mine, theirs in zip(slopes(ours), slopes(stock), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)


def test_accelerate_replaces_it_and_stock_layers_puts_it_back():
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.Conv1D(4, 3)])
    assert type(sw.accelerate(model, verbose=False).layers[0]) is Conv1D
    with sw.layers.stock_layers(model):
        assert type(model.layers[0]) is keras.layers.Conv1D
    assert type(model.layers[0]) is Conv1D
