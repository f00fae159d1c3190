"""`accelerate`: the same model with the same weights, faster; and `stock_layers`, on the way out of Seqwise."""
# Keras annotates some arguments by their default alone (verbose: str), and jax loads as untyped objects
# pyright: reportArgumentType=false, reportOptionalMemberAccess=false, reportAttributeAccessIssue=false
# pyright: reportCallIssue=false, reportOptionalCall=false, reportAssignmentType=false, reportFunctionMemberAccess=false

import subprocess
import sys

import keras
import numpy as np
import pytest
from twins import to_numpy

from seqwise.layers import LSTM, Bidirectional, accelerate, stock_layers

X = np.random.default_rng(0).standard_normal((6, 5, 3)).astype("float32")
Y = X[:, -1, :1]
L = keras.layers


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.lstm, self.dense = L.LSTM(4), L.Dense(1)

    def call(self, inputs):
        return self.dense(self.lstm(inputs))


class OwnLSTM(keras.layers.LSTM):
    pass


def sequential():
    return keras.Sequential([keras.Input((5, 3)), L.Bidirectional(L.LSTM(4, return_sequences=True)), L.LSTM(3),
                             L.Dense(1)])  # fmt: skip


def functional():
    x = keras.Input((5, 3))
    y, h, c = L.LSTM(4, return_sequences=True, return_state=True)(L.Masking()(x))
    return keras.Model(x, L.Dense(1)(L.LSTM(4)(y, initial_state=[h, c])))


def nested():
    x = keras.Input((5, 3))
    return keras.Model(x, L.Dense(1)(keras.Sequential([keras.Input((5, 3)), L.LSTM(4)])(x)))


MODELS = {"sequential": sequential, "functional": functional, "nested": nested, "subclassed": Subclassed}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_outputs_and_weights_stay(make, kernel_calls):
    keras.utils.set_random_seed(1)
    model = make()
    before = to_numpy(model(X))
    weights, calls = list(model.weights), sum(kernel_calls.values())
    assert calls == 0
    assert accelerate(model) is model
    np.testing.assert_allclose(to_numpy(model(X)), before, rtol=1e-5, atol=1e-6)
    assert all(one is other for one, other in zip(model.weights, weights, strict=True))
    assert sum(kernel_calls.values()) > 0


def test_training_continues(kernel_calls):
    losses = []
    for fused in (False, True):
        keras.utils.set_random_seed(2)
        model = sequential()
        model.compile("adam", "mse")
        model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
        assert sum(kernel_calls.values()) == 0
        before = model.predict(X, verbose=0)
        if fused:
            accelerate(model)
            np.testing.assert_allclose(model.predict(X, verbose=0), before, rtol=1e-5, atol=1e-6)
            assert kernel_calls["lstm"] > 0 and kernel_calls["bidirectional_lstm"] > 0
        assert int(to_numpy(model.optimizer.iterations)) == 2
        losses.append(model.fit(X, Y, epochs=3, verbose=0, shuffle=False).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-4)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (L.GRU(2), "the kernel is an LSTM; this is GRU"),
        (L.LSTM(2, activation="gelu"), "the kernel has no activation='gelu'"),
        (OwnLSTM(2), "OwnLSTM is a subclass of LSTM and may have its own loop"),
        (L.RNN(L.LSTMCell(2)), "the kernel is an LSTM; this is RNN"),
        (L.LSTM(2, dtype="mixed_float16"), "the kernel computes in float32 and float64, not float16"),
    ],
    ids=lambda value: "",
)
def test_it_says_what_it_left_and_why(layer, reason, capsys):
    model = keras.Sequential([keras.Input((5, 3)), layer])
    before = to_numpy(model(X))
    accelerate(model)
    assert capsys.readouterr().out == f"seqwise.accelerate left to Keras:\n  {layer.name}: {reason}\n"
    np.testing.assert_array_equal(to_numpy(model(X)), before)
    accelerate(model, verbose=False)
    assert capsys.readouterr().out == ""


FRESH = """
import sys, keras, numpy as np
path, data, fused = sys.argv[1:]
custom = {"seqwise>LSTM": keras.layers.LSTM, "seqwise>Bidirectional": keras.layers.Bidirectional}
model = keras.models.load_model(path, custom_objects=custom if fused == "fused" else None)
assert not any(name.split(".")[0] == "seqwise" for name in sys.modules)
assert type(model.layers[0]) is keras.layers.Bidirectional and type(model.layers[1]) is keras.layers.LSTM
assert type(model.layers[0].forward_layer) is keras.layers.LSTM
y = keras.ops.convert_to_numpy(model(np.load(data)["x"]))
np.testing.assert_allclose(y, np.load(data)["y"], rtol=1e-5, atol=1e-6)
print("fine")
"""


@pytest.mark.parametrize("saved", ["stock", "fused"])
def test_a_saved_model_loads_without_seqwise(saved, tmp_path):
    model = accelerate(sequential())
    y = to_numpy(model(X))
    if saved == "stock":
        with stock_layers(model):
            model.save(tmp_path / "model.keras")
        assert type(model.layers[0]) is Bidirectional and type(model.layers[1]) is LSTM
        assert type(model.layers[0].backward_layer) is LSTM
    else:
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        assert type(again.layers[1]) is LSTM
        np.testing.assert_array_equal(to_numpy(again(X)), y)
    np.savez(tmp_path / "data.npz", x=X, y=y)
    done = subprocess.run([sys.executable, "-c", FRESH, tmp_path / "model.keras", tmp_path / "data.npz", saved],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stdout.strip() == "fine", done.stderr
