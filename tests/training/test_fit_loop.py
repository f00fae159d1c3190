"""The fit loop: the same numbers as Keras's own steps, the best weights kept, Ctrl-C survived."""

from __future__ import annotations

import numpy as np
import pytest

from seqwise.backend import import_keras
from seqwise.data import Windows
from seqwise.estimators.forecasting.network import build_network
from seqwise.training import WindowBatches, auto_batch_size, fit, jax_steps, loop, predict_windows, predictions

ROWS, WINDOW, HORIZON, BATCH = 43, 6, 2, 8


def make_model(metrics=None, **options):
    sizes = {"window": WINDOW, "features": 2, "targets": 1, "horizon": HORIZON, "units": (4,)}
    model = build_network(**sizes | options)
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(size=w.shape).astype("float32") / 2 for w in model.get_weights()])
    model.compile("adam", "mse", weighted_metrics=metrics)
    model.optimizer.build(model.trainable_variables)
    return model


def make_data(rows=ROWS, *, weighted=False, masked=False, every_step=False):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(rows, 2)).astype(np.float32)
    windows = Windows(values, WINDOW, HORIZON, 1, every_step=every_step)
    weights = (rng.random(rows) > 0.3).astype(np.float32) if weighted else None
    visible = rng.random(rows) > 0.3 if masked else None
    return WindowBatches(windows, visible, weights)


def keras_epoch(model, data, origins):
    """The plain way: one Keras call a batch, cut from the series by slices."""
    total = 0.0
    for start in range(0, len(origins), BATCH):
        batch = origins[start : start + BATCH]
        inputs = np.stack([data.windows.values[o - WINDOW : o] for o in batch])
        if data.windows.every_step:
            ends = np.array([range(o - WINDOW + 1, o + 1) for o in batch])
            rows = np.stack([ends + step for step in range(HORIZON)], axis=-1)
        else:
            rows = np.array([range(o, o + HORIZON) for o in batch])
        targets = data.windows.values[rows, :1]
        weights = None if data.weights is None else data.weights[rows]
        if data.visible is not None:
            inputs = [inputs, np.stack([data.visible[o - WINDOW : o] for o in batch])]
        yield batch, inputs, targets, weights
        total += len(batch)
    assert total == len(origins)


CASES = {
    "plain": ({}, {}),
    "weights": ({}, {"weighted": True}),
    "mask and weights": ({"masked": True}, {"weighted": True, "masked": True}),
    "every step": ({"return_sequences": True}, {"weighted": True, "every_step": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_metrics_equal_those_of_a_plain_keras_loop(case):
    options, layout = CASES[case]
    data = make_data(**layout)
    model = make_model(["mae", "mse"], **options)
    found = fit(model, data, data, epochs=2, batch_size=BATCH, patience=None, seed=4, verbose=False).history
    assert set(found) == {"loss", "mae", "mse", "val_loss", "val_mae", "val_mse"}
    twin, rng = make_model(["mae", "mse"], **options), np.random.default_rng(4)
    keras = import_keras()

    def assert_equal(measured, epoch, prefix):
        for metric in measured:
            np.testing.assert_allclose(found[prefix + metric.name][epoch], float(metric.result()), rtol=3e-6)

    for epoch in range(2):
        # Keras resets a model's metrics at every call for one batch; these are its own, kept by hand
        measured = [keras.metrics.MeanAbsoluteError(name="mae"), keras.metrics.MeanSquaredError(name="mse")]
        for _, inputs, targets, weights in keras_epoch(twin, data, rng.permutation(data.indices)):
            outputs = twin.predict_on_batch(inputs)
            for metric in measured:
                metric.update_state(targets, outputs, sample_weight=weights)
            twin.train_on_batch(inputs, targets, sample_weight=weights)
        assert_equal(measured, epoch, "")
        measured = [type(metric)(name=metric.name) for metric in measured]
        for _, inputs, targets, weights in keras_epoch(twin, data, data.indices):
            for metric in measured:
                metric.update_state(targets, twin.predict_on_batch(inputs), sample_weight=weights)
        assert_equal(measured, epoch, "val_")


@pytest.mark.parametrize("case", CASES)
def test_steps_equal_a_plain_keras_loop(case, monkeypatch):
    monkeypatch.setattr(jax_steps, "STEPS_PER_CALL", 3)  # 36 windows: batches 8 8 8 | 8 4, so both tails are short
    options, layout = CASES[case]
    data = make_data(**layout)
    ours, theirs = make_model(**options), make_model(**options)
    rng = np.random.default_rng(3)
    steps = jax_steps.JaxSteps(ours, data, BATCH)
    assert len(data) % BATCH == 4
    for _ in range(2):
        origins = rng.permutation(data.indices)
        progress = list(steps.train(origins))
        total = 0.0
        for batch, *arrays in keras_epoch(theirs, data, origins):
            total += float(theirs.train_on_batch(*arrays)) * len(batch)
            theirs.reset_metrics()
        assert [done for done, _ in progress] == [3, 5]
        np.testing.assert_allclose(progress[-1][1]["loss"], total / len(origins), rtol=2e-6)
        for mine, plain in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(mine, plain, rtol=1e-4, atol=2e-6)
    tested = 0.0
    for batch, *arrays in keras_epoch(ours, data, data.indices):
        tested += float(ours.test_on_batch(*arrays)) * len(batch)
        ours.reset_metrics()
    np.testing.assert_allclose(steps.validate(data.indices)["loss"], tested / len(data), rtol=2e-6)


def epoch_loss(model, data, indices):
    *_, (_, logs) = jax_steps.JaxSteps(model, data, BATCH).train(indices)
    return logs["loss"]


def test_dropout_draws_the_masks_that_keras_draws():
    data = make_data(ROWS - 4)  # 32 windows: four whole batches
    ours, theirs = make_model(dropout=0.4), make_model(dropout=0.4)
    loss = epoch_loss(ours, data, data.indices)
    losses = [theirs.train_on_batch(*arrays, return_dict=True)["loss"] for _, *arrays in one_metric(theirs, data)]
    np.testing.assert_allclose(loss, np.mean(losses), rtol=2e-6)
    without = make_model()
    dry = epoch_loss(without, data, data.indices)
    assert abs(dry - loss) > 1e-3 * loss


def one_metric(model, data):
    for batch in keras_epoch(model, data, data.indices):
        model.reset_metrics()
        yield batch


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight"])
def test_a_loss_with_its_own_reduction_is_taken_as_it_is(reduction):
    keras = import_keras()
    data = make_data(ROWS, weighted=True)
    ours, theirs = make_model(), make_model()
    for model in (ours, theirs):
        model.compile("adam", keras.losses.MeanSquaredError(reduction=reduction))
        model.optimizer.build(model.trainable_variables)
    short = data.indices[:4]  # one batch, half full
    loss = epoch_loss(ours, data, short)
    ((_, *arrays),) = keras_epoch(theirs, data, short)
    np.testing.assert_allclose(loss, theirs.train_on_batch(*arrays), rtol=1e-5)


def test_a_missing_target_has_no_influence():
    data = make_data(weighted=True)
    spoilt = data.windows.values.copy()
    hidden = np.flatnonzero(data.weights == 0)
    hidden = hidden[hidden >= ROWS - HORIZON]  # rows that are targets only, never inputs
    assert hidden.size
    spoilt[hidden, 0] = 1e6
    other = WindowBatches(Windows(spoilt, WINDOW, HORIZON, 1), None, data.weights)
    assert epoch_loss(make_model(), data, data.indices) == epoch_loss(make_model(), other, other.indices)


def test_predict_gives_each_window_its_own_output_whatever_their_number(monkeypatch):
    monkeypatch.setattr(predictions, "PREDICT_BATCH", 8)
    data, model = make_data(), make_model()
    together = predict_windows(model, data, data.indices)
    inputs = np.stack([data.windows.values[o - WINDOW : o] for o in data.indices])
    np.testing.assert_allclose(together, np.asarray(model(inputs)), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(predict_windows(model, data, data.indices[::-1]), together[::-1])
    np.testing.assert_array_equal(predict_windows(model, data, data.indices[5:9]), together[5:9])


# from here on the steps are played, so that each epoch's losses and weights are known


class Played:
    """Stands in for the compiled steps: each epoch sets every weight to its number and tells a given loss."""

    def __init__(self, losses, accuracies):
        self.losses, self.accuracies, self.orders, self.model = losses, accuracies, [], None

    def __call__(self, model, batches, batch_size):
        self.model = model
        return self

    def validate(self, indices):
        epoch = len(self.orders) - 1
        return {"loss": self.losses[epoch]} | ({"accuracy": self.accuracies[epoch]} if self.accuracies else {})

    def train(self, indices):
        self.orders.append(indices)
        assert self.model is not None
        self.model.set_weights([np.full(w.shape, len(self.orders)) for w in self.model.get_weights()])
        yield 1, {"loss": 10.0 - len(self.orders)}


def played_fit(monkeypatch, losses, *, accuracies=(), validation=True, model=None, **options):
    played = Played(losses, accuracies)
    monkeypatch.setattr(loop, "_steps", played)
    data, model = make_data(), model or make_model()
    settings = {"epochs": len(losses), "batch_size": BATCH, "patience": 3, "seed": 0, "verbose": False}
    training = fit(model, data, data if validation else None, **settings | options)
    return training, played, [float(w.flat[0]) for w in model.get_weights()]


def test_every_window_comes_once_an_epoch_in_a_new_order(monkeypatch):
    _, played, _ = played_fit(monkeypatch, [1.0, 1.0, 1.0])
    everyone = list(range(WINDOW, ROWS - HORIZON + 1))
    assert [sorted(order.tolist()) for order in played.orders] == [everyone] * 3
    assert len({tuple(order) for order in played.orders} | {tuple(everyone)}) == 4
    _, again, _ = played_fit(monkeypatch, [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(played.orders, again.orders)
    _, other, _ = played_fit(monkeypatch, [1.0, 1.0, 1.0], seed=1)
    assert not np.array_equal(played.orders, other.orders)


@pytest.mark.parametrize(
    ("losses", "patience", "epochs_run", "best"),
    [
        ([5, 4, 3, 4, 5, 6, 1, 1], 3, 6, 3),  # stops before the better seventh
        ([5, 4, 3, 4, 5, 6, 1, 2], None, 8, 7),  # None: to the end, and still the best
        ([5, 4, 3, 2], 3, 4, 4),
        ([1, 2], 3, 2, 1),  # ends before patience does
    ],
)
def test_early_stopping_keeps_the_best_weights(monkeypatch, losses, patience, epochs_run, best):
    training, _, weights = played_fit(monkeypatch, losses, patience=patience)
    assert training.history["val_loss"] == losses[:epochs_run]
    assert training.history["loss"] == [10.0 - k for k in range(1, epochs_run + 1)]
    assert training.best_epoch == best
    assert set(weights) == {best}
    assert not training.interrupted


def test_a_second_training_may_go_on_from_the_first():
    """One step of all windows, by Keras: from the best weights, with a fresh Adam at its first rate."""
    keras, data = import_keras(), make_data()

    def trained(**options):
        model = make_model()
        model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 4)), "mse")
        training = fit(model, data, data, epochs=4, batch_size=ROWS, patience=None, seed=0, verbose=False, **options)
        return model, training

    plain, _ = trained()
    plain.compile(keras.optimizers.Adam(0.1), "mse")
    everything = list(keras_epoch(plain, data, data.indices))
    inputs, targets = (np.concatenate([batch[i] for batch in everything]) for i in (1, 2))
    plain.train_on_batch(inputs, targets)
    warm, training = trained(refit=data, warm=True)
    assert training.refit_epochs == 1
    for got, expected in zip(warm.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    anew, training = trained(refit=data)
    assert training.refit_epochs == training.best_epoch > 1
    assert not np.allclose(anew.get_weights()[0], warm.get_weights()[0], atol=1e-3)


def test_without_validation_the_training_loss_is_watched(monkeypatch):
    training, _, weights = played_fit(monkeypatch, [1, 2, 3, 4, 5], validation=False, patience=2)
    assert set(training.history) == {"loss"}
    assert training.best_epoch == 5
    assert set(weights) == {5}


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [
        ([0.5, 0.7, 0.8, 0.9, 0.6], 4),  # the losses are smallest in the second epoch
        ([0.5, 0.9, 0.8, 0.9, 0.9], 2),  # alike: the smaller loss
        ([0.9, 0.8, 0.9, 0.9, 0.9], 3),
        ([0.9, 0.8, 0.7, 0.7, 0.95], 1),  # stops before the better fifth
    ],
)
def test_the_accuracy_in_validation_may_be_watched(monkeypatch, accuracies, best):
    training, _, weights = played_fit(
        monkeypatch, [5, 1, 2, 3, 4], accuracies=accuracies, watched="val_accuracy", patience=3
    )
    assert training.best_epoch == best
    assert set(weights) == {best}
    assert training.watched == "val_accuracy"


@pytest.mark.parametrize("moment", ["on_train_batch_end", "on_epoch_end"])
def test_ctrl_c_keeps_the_best_weights(monkeypatch, moment):
    keras = import_keras()

    class CtrlC(keras.callbacks.Callback):
        epoch = 0

        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

    def stop(self, *args, **kwargs):
        if self.epoch == 3:
            raise KeyboardInterrupt

    setattr(CtrlC, moment, stop)
    model = make_model()
    training, _, weights = played_fit(monkeypatch, [5, 2, 3, 4, 1], callbacks=[CtrlC()], model=model)
    assert training.interrupted
    assert training.best_epoch == 2
    assert set(weights) == {2}


def test_ctrl_c_inside_a_compiled_step_leaves_a_usable_model(monkeypatch, tmp_path):
    """The signal may arrive when the old state's memory was given to the step and the new one is not yet stored."""
    made = jax_steps.JaxSteps.__init__

    def init(self, *args):
        made(self, *args)
        compiled = self._train

        def interrupted(*arguments):
            compiled(*arguments)
            raise KeyboardInterrupt

        self._train = interrupted

    monkeypatch.setattr(jax_steps.JaxSteps, "__init__", init)
    data, model = make_data(), make_model()
    training = fit(model, data, None, epochs=3, batch_size=BATCH, patience=None, seed=0, verbose=False)
    assert training.interrupted
    model.save(tmp_path / "model.keras")
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_a_callback_can_stop_and_sees_the_losses(monkeypatch):
    keras = import_keras()
    seen = []

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(dict(logs or {}))
            assert self.model is not None
            self.model.stop_training = epoch == 1

    training, played, _ = played_fit(monkeypatch, [3, 2, 1], callbacks=[Stop()])
    assert seen == [{"loss": 9.0, "val_loss": 3}, {"loss": 8.0, "val_loss": 2}]
    assert len(played.orders) == 2
    assert not training.interrupted


@pytest.mark.parametrize("shape", [(53,), (54, 2), (7, 3), (1000,), (0, 2)])
def test_data_of_similar_sizes_have_one_size_in_a_program(shape):
    data = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    staged = np.asarray(jax_steps._staged(data))
    np.testing.assert_array_equal(staged[: len(data)], data)
    assert not staged[len(data) :].any()
    assert len(staged) <= len(data) * 9 / 8 + 1
    if len(data) in (53, 54):
        assert len(staged) == 56


@pytest.mark.parametrize(
    ("samples", "size"), [(0, 16), (1, 16), (73, 16), (3199, 16), (3200, 32), (6400, 64), (12_800, 128), (10**7, 128)]
)
def test_auto_batch_size(samples, size):
    assert auto_batch_size(samples) == size
