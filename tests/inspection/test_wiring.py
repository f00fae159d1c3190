"""The rules on wiring hold for subclassed and nested models as for functional ones, and are silent on sound ones."""

from __future__ import annotations

import numpy as np
import pytest

import seqwise as sw
from seqwise.backend import import_keras

keras = import_keras()
layers = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 10, 4)).astype("float32")
Y = X[:, -1, :1]
PAST, AHEAD = X, X[:, -5:, :1]


def names(model, x, y=None) -> list[str]:
    return [finding.name for finding in sw.check(model, x, y, loss=None if y is None else "mse")]


class Forgotten(keras.Model):
    """Reads the input a second time in the place of what the first layer returned."""

    def __init__(self, forgets: bool = True) -> None:
        super().__init__()
        self.first = layers.LSTM(8, return_sequences=True)
        self.second = layers.LSTM(8)
        self.head = layers.Dense(1)
        self.forgets = forgets

    def call(self, inputs):
        hidden = self.first(inputs)
        return self.head(self.second(inputs if self.forgets else hidden))


class Auxiliary(Forgotten):
    """The first layer's output is not read by another layer, but by a loss."""

    def call(self, inputs):
        self.add_loss(keras.ops.mean(self.first(inputs) ** 2))
        return self.head(self.second(inputs))


class Remembered(Forgotten):
    def call(self, inputs):
        self.states_seen = self.first(inputs)
        return self.head(self.second(inputs))


class Sliced(Forgotten):
    """The model's own code reads the first layer's output."""

    def call(self, inputs):
        return self.head(self.first(inputs)[:, -1] + self.second(inputs))


class Translator(keras.Model):
    def __init__(self, hands_over: bool) -> None:
        super().__init__()
        self.encoder = layers.LSTM(8, return_state=True)
        self.decoder = layers.LSTM(8, return_sequences=True)
        self.head = layers.Dense(1)
        self.hands_over = hands_over

    def call(self, inputs):
        past, ahead = inputs
        _, h, c = self.encoder(past)
        return self.head(self.decoder(ahead, initial_state=[h, c] if self.hands_over else None))


class Deaf(keras.Model):
    """Has two inputs and reads one."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = layers.LSTM(8, return_sequences=True)
        self.head = layers.Dense(1)

    def call(self, inputs):
        return self.head(self.decoder(inputs[1]))


class Twice(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = layers.LSTM(4, return_sequences=True)

    def call(self, inputs):
        return self.lstm(self.lstm(inputs))


def functional(forgets: bool):
    inputs = keras.Input((10, 4))
    hidden = layers.LSTM(8, return_sequences=True)(inputs)
    return keras.Model(inputs, layers.LSTM(8)(inputs if forgets else hidden))


def nested(forgets: bool):
    inputs = keras.Input((10, 4))
    return keras.Model(inputs, layers.Dense(1)(functional(forgets)(inputs)))


def test_an_output_that_nothing_reads():
    for model in (Forgotten(), nested(True), keras.Sequential([functional(True), layers.Dense(1)])):
        (finding,) = sw.check(model, X, Y, loss="mse")
        assert finding.name == "layer-result-unused"
        assert finding.fix == ""  # the variables are out of sight, so there is no line that would run
    assert names(functional(True), X) == ["layer-result-unused"]


@pytest.mark.parametrize("make", [Auxiliary, Remembered, Sliced, lambda: Forgotten(False), lambda: nested(False)])
def test_an_output_that_something_reads(make):
    assert names(make(), X, Y) == []


def test_a_state_that_is_not_handed_over():
    (finding,) = sw.check(Translator(False), [PAST, AHEAD], np.flip(AHEAD, 1), loss="mse")
    assert (finding.name, finding.fix) == ("decoder-without-state", "")
    assert names(Translator(True), [PAST, AHEAD], np.flip(AHEAD, 1)) == []


def test_an_input_that_is_not_read():
    assert names(Deaf(), [PAST, AHEAD], np.flip(AHEAD, 1)) == ["input-unused"]


def test_a_layer_on_its_own_output():
    (finding,) = sw.check(Twice(), X)
    assert (finding.name, finding.fix) == ("layer-on-its-own-output", "")


def test_fixes_use_the_variables_in_sight_and_leave_several_inputs():
    first, second, third = (keras.Input((10, 4), name=name) for name in ("first", "second", "third"))
    outputs = layers.Dense(1)(layers.LSTM(4)(layers.Concatenate()([first, third])))
    model = keras.Model([first, second, third], outputs)
    x = [X, X + 1, X - 1]
    (finding,) = sw.check(model, x)
    assert finding.name == "input-unused"
    variables = {"keras": keras, "first": first, "third": third, "outputs": outputs, "x": x}
    exec(finding.fix, variables)
    assert len(variables["model"].inputs) == len(variables["x"]) == 2
    assert variables["x"][1] is x[2]
