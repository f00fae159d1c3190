"""A model run a few steps at a time: beside the whole sequence at once, and beside Keras's own stateful layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from twins import to_numpy

import seqwise as sw
from seqwise.errors import BundleError, SettingError, ShapeError
from seqwise.layers.lstm import keras

layers = keras.layers
STEPS, FEATURES, TOKENS = 12, 3, 9


def last_output(rnn=layers.LSTM, steps=STEPS):
    return keras.Sequential([keras.Input((steps, FEATURES)), rnn(4, name="memory"), layers.Dense(2)])


def every_output():
    return keras.Sequential(
        [keras.Input((None, FEATURES)), layers.LSTM(4, return_sequences=True), layers.Dropout(0.5),
         layers.LSTM(5, return_sequences=True, dropout=0.3), layers.LayerNormalization(),
         layers.TimeDistributed(layers.Dense(2))]
    )  # fmt: skip


def branches():
    x = keras.Input((STEPS, FEATURES))
    one, _, cell = layers.LSTM(4, return_sequences=True, return_state=True)(x)
    other = layers.GRU(4, return_sequences=True)(layers.Dense(5, "relu")(x))
    hidden = layers.LSTM(3)(layers.Concatenate()([one, other]))
    return keras.Model(x, layers.Dense(1)(layers.Concatenate()([hidden, cell])))


def of_tokens():
    return keras.Sequential(
        [keras.Input((None,), dtype="int32"), layers.Embedding(TOKENS, 4, mask_zero=True),
         sw.layers.LSTM(4, return_sequences=True), layers.LSTM(4, return_sequences=True), layers.Dense(TOKENS)]
    )  # fmt: skip


def steps_for(model, batch, seed=1):
    rng = np.random.default_rng(seed)
    if model.inputs[0].ndim == 2:
        return rng.integers(0, TOKENS, (batch, STEPS))  # 0, a masked token, among them
    return rng.normal(size=(batch, STEPS, FEATURES)).astype("float32")


def with_random_weights(model, seed=0):
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=w.shape) / 2 for w in model.get_weights()])
    return model


def at_once(model, x):
    return to_numpy(model(x, training=False))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("make", [last_output, every_output, branches, of_tokens])
def test_one_step_after_another_gives_what_the_whole_sequence_gives(make, batch):
    model = with_random_weights(make())
    x, stream = steps_for(model, batch), sw.Stream(model, batch)
    whole = at_once(model, x)
    found = [stream.step(x[:, t]) for t in range(STEPS)]
    if whole.ndim == 3:
        np.testing.assert_allclose(np.stack(found, axis=1), whole, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_allclose(found[-1], whole, rtol=1e-5, atol=1e-6)
        model = keras.models.clone_model(model, input_tensors=keras.Input((5, FEATURES)))
        model.set_weights(stream.model.get_weights())
        np.testing.assert_allclose(found[4], at_once(model, x[:, :5]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("pieces", [(4, 1, 7), (12,), (1, 11)])
@pytest.mark.parametrize("rnn", [layers.LSTM, sw.layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_pieces_give_what_stateful_layers_of_keras_give(rnn, pieces):
    model = with_random_weights(last_output(rnn))
    x, stream = steps_for(model, 2), sw.Stream(model, 2)
    kind: Any = {sw.layers.LSTM: layers.LSTM}.get(rnn, rnn)
    stock = kind(4, stateful=True)
    theirs = keras.Sequential([keras.Input(batch_shape=(2, None, FEATURES)), stock, layers.Dense(2)])
    theirs.set_weights(model.get_weights())
    for piece in np.split(x, np.cumsum(pieces)[:-1], axis=1):
        np.testing.assert_allclose(stream.run(piece), at_once(theirs, piece), rtol=1e-5, atol=1e-6)
        for mine, kept in zip(stream.state["memory"], keras.tree.flatten(stock.states), strict=True):
            np.testing.assert_allclose(mine, to_numpy(kept), rtol=1e-5, atol=1e-6)


def stateful(kind, batch) -> tuple[Any, Any]:
    """A model of a stateful layer; and the layer."""
    memory = (sw.layers.LSTM if kind == "seqwise" else layers.LSTM)(4, stateful=True)
    model = keras.Sequential([keras.Input(batch_shape=(batch, 6, FEATURES)), memory, layers.Dense(2)])
    model.compile("sgd", "mse")
    return sw.accelerate(model) if kind == "accelerated" else model, memory


def given_states():
    """A plain LSTM of Keras that is given its state, and gives it back: to train, and to ask."""
    inputs = [keras.Input(shape) for shape in ((6, FEATURES), (4,), (4,))]
    output, *after = layers.LSTM(4, return_state=True)(inputs[0], initial_state=inputs[1:])
    model = keras.Model(inputs, layers.Dense(2)(output))
    model.compile("sgd", "mse")
    return model, keras.Model(inputs, after)


@pytest.mark.parametrize("kind", ["seqwise", "accelerated"])
def test_fit_and_predict_carry_the_state_from_batch_to_batch(kind):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(12, 6, FEATURES)).astype("float32"), rng.normal(size=(12, 2)).astype("float32")
    model, memory = stateful(kind, 4)
    with_random_weights(model, 4)
    (plain, states), (forgetful, _) = given_states(), given_states()
    plain.set_weights(model.get_weights())
    forgetful.set_weights(model.get_weights())
    again = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: memory.reset_state())
    model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, callbacks=[again])

    zero = state = [np.zeros((4, 4), "float32")] * 2
    for _ in range(2):
        state = zero
        for piece, target in zip(np.split(x, 3), np.split(y, 3), strict=True):
            after = [to_numpy(part) for part in states([piece, *state])]
            plain.train_on_batch([piece, *state], target)
            forgetful.train_on_batch([piece, *zero], target)
            state = after
    for mine, expected in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6)
    # without the state it would be told apart
    assert not np.allclose(model.get_weights()[1], forgetful.get_weights()[1], rtol=0, atol=1e-4)
    for mine, expected in zip(memory.states, state, strict=True):
        np.testing.assert_allclose(to_numpy(mine), expected, rtol=1e-5, atol=1e-6)
    assert len(model.get_weights()) == len(plain.get_weights())  # states are no weights

    memory.reset_state()
    whole = keras.Sequential([keras.Input((None, FEATURES)), layers.LSTM(4), layers.Dense(2)])
    whole.set_weights(model.get_weights())
    found = model.predict(x, batch_size=4, verbose=0)[-4:]
    np.testing.assert_allclose(found, at_once(whole, np.concatenate(np.split(x, 3), axis=1)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["seqwise", "accelerated"])
def test_trained_with_state_at_one_batch_size_it_goes_on_at_another(kind):
    """By a stream at once; by training in another model, which gets the weights and some rows of the state."""
    rng = np.random.default_rng(5)
    model, memory = stateful(kind, 4)
    with_random_weights(model, 4)
    model.fit(rng.normal(size=(8, 6, FEATURES)), rng.normal(size=(8, 2)), batch_size=4, shuffle=False, verbose=0)
    two, later = stateful(kind, 2)
    two.set_weights(model.get_weights())
    for mine, theirs in zip(later.states, memory.states, strict=True):
        mine.assign(to_numpy(theirs)[[1, 3]])
    h, c = (to_numpy(part).copy() for part in later.states)
    assert np.abs(h).min() > 0
    plain, _ = given_states()
    plain.set_weights(model.get_weights())
    x, y = rng.normal(size=(2, 6, FEATURES)).astype("float32"), rng.normal(size=(2, 2)).astype("float32")
    plain.train_on_batch([x, h, c], y)
    two.fit(x, y, batch_size=2, shuffle=False, verbose=0)
    for mine, expected in zip(two.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6)

    stream, whole = sw.Stream(model, 1), last_output()
    model.layers[-1].bias.assign([5.0, -5.0])  # trained on
    whole.set_weights(model.get_weights())
    some = steps_for(model, 1)
    np.testing.assert_allclose(stream.run(some), at_once(whole, some), rtol=1e-5, atol=1e-6)


def test_the_state_can_be_read_set_saved_and_forgotten(tmp_path):
    model = with_random_weights(every_output())
    x, stream = steps_for(model, 2), sw.Stream(model, 2)
    stream.run(x[:, :5])
    kept = stream.state
    assert {name: [part.shape for part in parts] for name, parts in kept.items()} == {
        model.layers[0].name: [(2, 4), (2, 4)], model.layers[2].name: [(2, 5), (2, 5)]
    }  # fmt: skip
    assert stream.save(tmp_path / "state.safetensors") == tmp_path / "state.safetensors"
    after = stream.run(x[:, 5:])
    np.testing.assert_allclose(after, at_once(model, x)[:, 5:], rtol=1e-5, atol=1e-6)

    stream.state = kept
    kept[model.layers[0].name][0][:] = 7  # a copy: nothing happens to the stream
    np.testing.assert_array_equal(stream.run(x[:, 5:]), after)
    other = sw.Stream(model, 2)
    other.load(tmp_path / "state.safetensors")
    np.testing.assert_array_equal(other.run(x[:, 5:]), after)
    alone = sw.Stream(model)  # one of the two goes on by itself
    other.load(tmp_path / "state.safetensors")
    alone.state = {name: [part[1:] for part in parts] for name, parts in other.state.items()}
    np.testing.assert_allclose(alone.run(x[1:, 5:]), after[1:], rtol=1e-5, atol=1e-6)

    other.reset(rows=[0])
    found = other.run(x[:, 5:])
    np.testing.assert_allclose(found[0], at_once(model, x[:1, 5:])[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[1], after[1], rtol=1e-5, atol=1e-6)
    other.reset()
    np.testing.assert_allclose(other.run(x), at_once(model, x), rtol=1e-5, atol=1e-6)


def test_with_a_batch_of_one_a_step_needs_no_batch_axis():
    for model in (with_random_weights(last_output()), with_random_weights(of_tokens())):
        x, stream, same = steps_for(model, 1), sw.Stream(model), sw.Stream(model)
        np.testing.assert_array_equal(stream.step(x[0, 0]), same.step(x[:, 0])[0])


def test_what_cannot_run_step_by_step_is_told_with_its_layer():
    def said(*body, steps=STEPS):
        with pytest.raises(SettingError) as caught:
            sw.Stream(keras.Sequential([keras.Input((steps, FEATURES)), *body]))
        return str(caught.value)

    assert said(layers.Bidirectional(layers.LSTM(2), name="both")) == (
        "Layer 'both' reads sequences in both directions: it needs their end first. Train a model of one "
        "direction for a stream."
    )
    assert said(layers.LSTM(2, go_backwards=True, name="back")) == (
        "Layer 'back' reads sequences backwards: it needs their end first."
    )
    expected = (
        "Layer '{}' ({}) may look at several steps at once; in a stream every layer except LSTM, GRU and SimpleRNN "
        "must treat each step independently."
    )
    assert said(layers.Conv1D(2, 3, name="c"), layers.LSTM(2)) == expected.format("c", "Conv1D")
    assert said(layers.LSTM(2, return_sequences=True), layers.Softmax(axis=1, name="s")) == expected.format(
        "s", "Softmax"
    )
    assert said(layers.Dense(2)) == "The model has no recurrent layer: it has no state to keep between steps."
    x = keras.Input((STEPS, FEATURES))
    encoder = layers.LSTM(2, return_state=True)
    _, *state = encoder(x)
    seeded = layers.LSTM(2, name="decoder")(x, initial_state=state)
    with pytest.raises(SettingError, match=r"^Layer 'decoder' starts from a state that the model computes"):
        sw.Stream(keras.Model(x, seeded))
    twice = layers.LSTM(FEATURES, return_sequences=True, name="again")
    with pytest.raises(SettingError, match=r"^Layer 'again' is called twice"):
        sw.Stream(keras.Model(x, twice(twice(x))))
    with pytest.raises(SettingError, match=r"^The model is not built"):
        sw.Stream(keras.Sequential([layers.LSTM(2)]))
    other = keras.Input((STEPS, FEATURES))
    summed = keras.Model([x, other], layers.LSTM(2)(layers.Add()([x, other])))
    with pytest.raises(SettingError, match=r"^The model has 2 inputs and 1 outputs"):
        sw.Stream(summed)
    with pytest.raises(SettingError, match=r"^batch_size=0: expected a whole number, at least 1"):
        sw.Stream(last_output(), 0)


def test_arrays_that_do_not_fit_are_told_with_what_does(tmp_path):
    stream = sw.Stream(last_output(), 2)

    def said(call, *arguments, kind: type[Exception] = ShapeError):
        with pytest.raises(kind) as caught:
            call(*arguments)
        return str(caught.value)

    assert said(stream.step, np.zeros(3)) == (
        "A step has shape (3,); expected (2, 3), that is (batch size, features). Several steps at once: stream.run(x)."
    )
    assert said(stream.run, np.zeros((1, 4, 3))) == (
        "The steps have shape (1, 4, 3); expected (2, timesteps, 3), that is (batch size, timesteps, features)."
    )
    assert said(stream.run, np.zeros((2, 0, 3))) == "There are no steps: the timesteps axis has length 0."

    def put(state):
        stream.state = state

    assert said(put, {"memry": []}) == "The model has no recurrent layer 'memry'. Did you mean 'memory'?"
    assert said(put, {}) == "The state of layer 'memory' is missing. Set all of them: memory."
    assert said(put, {"memory": [np.zeros((1, 4))] * 2}) == (
        "The state of layer 'memory' has the shapes [(1, 4), (1, 4)]; expected [(2, 4), (2, 4)], each (batch size, "
        "units). For another batch size create another stream: Stream(model, batch_size=…)."
    )
    assert "cannot be read as the state of a stream" in said(stream.load, tmp_path / "none", kind=BundleError)
    (tmp_path / "damaged").write_bytes(b"nothing of the kind")
    assert "cannot be read as the state of a stream" in said(stream.load, tmp_path / "damaged", kind=BundleError)
    other = sw.Stream(last_output(), 1)
    assert "For another batch size" in said(stream.load, other.save(tmp_path / "one"))
