"""Forecaster: its conventions, its inputs and answers, its gaps, what it may not see, what it says to mistakes."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn import base

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.data import make_series
from seqwise.estimators.forecasting.ahead import times_ahead

WINDOW, HORIZON, ROWS, PERIOD = 12, 3, 90, 6
SMALL = {"window": WINDOW, "horizon": HORIZON, "units": (4,), "epochs": 2, "patience": None, "season": PERIOD}


def small(**options) -> sw.Forecaster:
    return sw.Forecaster(**SMALL | options)


def clone(forecaster) -> Any:
    return base.clone(forecaster)


def months(rows=ROWS):
    return (np.datetime64("2001-01") + np.arange(rows)).astype("M8[us]")


def values(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    return 20 + 5 * np.sin(2 * np.pi * np.arange(rows) / PERIOD) + rng.normal(size=rows)


def table(**columns):
    return pl.DataFrame({"month": months(), "y": values()} | columns)


def weights(forecaster):
    return forecaster.model_.get_weights()


def same(one, two):
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.fixture(scope="module")
def fitted():
    return small().fit(table(), time="month", target="y")


@pytest.fixture(scope="module")
def several():
    data = table(b=values(seed=1) * 100, temperature=values(seed=2))
    return small(horizon=2, residual=True).fit(data, time="month", target=["y", "b"], features="temperature"), data


# scikit-learn's conventions


def test_the_constructor_only_stores():
    marks: dict[str, Any] = {name: object() for name in inspect.signature(sw.Forecaster).parameters}
    assert {name: getattr(sw.Forecaster(**marks), name) for name in marks} == marks
    assert vars(sw.Forecaster(**marks)) == marks
    assert sw.Forecaster(**marks).get_params(deep=False) == marks


def test_params_and_clone(fitted):
    keras = import_keras()
    units = (5, 3)
    one = small(units=units, optimizer=keras.optimizers.SGD(0.25), scaler={"y": "robust"})
    two = clone(one)
    assert two is not one
    assert two.get_params()["units"] == units
    assert two.optimizer.learning_rate.value == pytest.approx(0.25)
    assert two.scaler == {"y": "robust"}
    assert one.set_params(horizon=5).horizon == 5
    assert two.horizon == HORIZON
    assert not [name for name in vars(clone(fitted)) if name.endswith("_")]
    assert clone(fitted).get_params() == fitted.get_params()
    before = dict(fitted.get_params())
    assert before["season"] == PERIOD
    assert before == small().get_params(), "fit changes no setting"


def test_same_seed_same_weights_other_seed_other_weights(fitted):
    again = small().fit(table(), time="month", target="y")
    assert same(weights(fitted), weights(again))
    assert fitted.training_.history == again.training_.history
    np.testing.assert_array_equal(fitted.predict()["y"], again.predict()["y"])
    other = small(seed=1).fit(table(), time="month", target="y")
    assert not any(np.array_equal(a, b) for a, b in zip(weights(fitted)[:2], weights(other)[:2], strict=True))


# inputs and answers


def as_kind(kind, data, folder):
    if kind == "pandas":
        return data.to_pandas()
    if kind == "pandas index":
        return data.to_pandas().set_index("month")
    if kind == "pyarrow":
        return data.to_arrow()
    if kind == "csv":
        data.with_columns(pl.col("month").dt.strftime("%Y-%m")).write_csv(folder / "data.csv", float_precision=17)
        return folder / "data.csv"
    data.write_parquet(folder / "data.parquet")
    return str(folder / "data.parquet")


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("pandas", pd.DataFrame),
        ("pandas index", pd.DataFrame),
        ("pyarrow", pa.Table),
        ("csv", pl.DataFrame),
        ("parquet", pl.DataFrame),
    ],
)
def test_every_kind_of_table_gives_the_same_numbers(kind, answer, fitted, tmp_path):
    data = as_kind(kind, table(), tmp_path)
    forecaster = small().fit(data, time=None if kind == "pandas index" else "month", target="y")
    assert same(weights(fitted), weights(forecaster))
    forecast = forecaster.predict()
    assert type(forecast) is answer
    frame = pl.DataFrame(forecast) if kind != "pyarrow" else pl.from_arrow(forecast)
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == ["month", "y"]
    np.testing.assert_array_equal(frame["month"].to_numpy().astype("M8[us]"), months(ROWS + HORIZON)[ROWS:])
    np.testing.assert_array_equal(frame["y"], fitted.predict()["y"])
    assert type(forecaster.predict(data)) is answer
    assert forecaster.evaluate().scores == fitted.evaluate().scores


def test_an_array_gives_the_same_numbers(fitted):
    forecaster = small().fit(values())
    assert same(weights(fitted), weights(forecaster))
    assert type(forecaster.predict()) is np.ndarray
    np.testing.assert_array_equal(forecaster.predict(), np.asarray(fitted.predict()["y"])[:, None])
    np.testing.assert_array_equal(forecaster.predict(values()[:, None]), forecaster.predict())
    assert forecaster.evaluate().metrics == fitted.evaluate().metrics


def test_the_answer_is_of_the_kind_that_is_asked_with(fitted):
    later = pd.DataFrame({"month": months(ROWS + 20)[20:], "y": values(ROWS + 20)[20:]})
    forecast = fitted.predict(later)
    assert type(forecast) is pd.DataFrame
    np.testing.assert_array_equal(forecast["month"].to_numpy(), months(ROWS + 20 + HORIZON)[ROWS + 20 :])
    only = fitted.predict(later.iloc[-WINDOW:])  # it reads one window and no more
    pd.testing.assert_frame_equal(only, forecast)
    with pytest.raises(sw.DataError, match=f"has {WINDOW - 1} usable rows, but the model reads {WINDOW}"):
        fitted.predict(later.iloc[-WINDOW + 1 :])


CLOCKS = {
    "hours over New Year": ("2000-12-31T20", np.timedelta64(1, "h"), ["2001-01-01T08", "2001-01-01T09"]),
    "quarters of an hour": ("2000-01-01T00:00", np.timedelta64(15, "m"), ["2000-01-01T03:00", "2000-01-01T03:15"]),
    "days over February": ("2000-02-18", np.timedelta64(1, "D"), ["2000-03-01", "2000-03-02"]),
    "weeks": ("2000-12-02", np.timedelta64(7, "D"), ["2001-02-24", "2001-03-03"]),
    "numbers": (10, 5, [70, 75]),
    "ends of months": (None, None, ["2000-03-31", "2000-04-30"]),
    "business days": (None, None, ["2000-01-19", "2000-01-20"]),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_future_times(name):
    """Twelve rows are given; the next two times are written down by hand."""
    start, step, future = CLOCKS[name]
    if name == "ends of months":
        times = pd.date_range("1999-03-31", periods=12, freq="ME").to_numpy()
    elif name == "business days":
        times = np.array([f"2000-01-{d:02d}" for d in (3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 17, 18)], "M8[us]")
    else:
        times = (np.datetime64(start) if isinstance(start, str) else start) + step * np.arange(12)
    series = make_series(pd.DataFrame({"t": times, "y": np.arange(12.0)}), time="t", target="y")
    (found,) = times_ahead(series, 2)
    expected = np.array(future) if name == "numbers" else np.array(future, "M8[us]")
    np.testing.assert_array_equal(found, expected)


def test_several_targets_and_features(several):
    forecaster, data = several
    assert forecaster.model_.input_shape == (None, WINDOW, 3)
    assert forecaster.model_.output_shape == (None, 2, 2)
    forecast = forecaster.predict()
    assert forecast.columns == ["month", "y", "b"]
    assert 5 < forecast["y"].mean() < 35
    assert 500 < forecast["b"].mean() < 3500
    with pytest.raises(sw.DataError, match="temperature"):
        forecaster.predict(data.drop("temperature"))
    # a feature that is read changes the forecast
    warmer = data.with_columns(pl.col("temperature") + 30)
    assert not np.array_equal(forecaster.predict(warmer)["y"], forecast["y"])


# evaluation: a model that is known exactly


def with_weights(forecaster, **by_layer):
    """Set every weight to zero but those given."""
    for layer in forecaster.model_.layers:
        layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    for name, kernel in by_layer.items():
        forecaster.model_.get_layer(name).set_weights([kernel])


def test_evaluation_of_a_model_that_repeats_the_last_season(fitted):
    forecaster = small(residual=True).fit(table(), time="month", target="y")
    kernel = np.zeros((WINDOW, HORIZON), np.float32)
    for step in range(HORIZON):  # the row one season before the step that is forecast
        kernel[WINDOW - PERIOD + step, step] = 1
    with_weights(forecaster, linear_skip=kernel)
    found = forecaster.evaluate()
    y, first = values(), ROWS - 9  # a tenth of 90 rows is three whole horizons
    assert found.origins.tolist() == list(range(first, ROWS - HORIZON + 1))
    errors = []
    for i, origin in enumerate(found.origins):
        for step in range(HORIZON):
            row = origin + step
            assert found.times[i, step] == months()[row]
            assert found.truth[i, step, 0] == y[row]
            assert found.forecasts["model"][i, step, 0] == pytest.approx(y[row - PERIOD], rel=1e-6)
            errors.append(abs(y[row] - y[row - PERIOD]))
    assert found.metrics["mae"] == pytest.approx(np.mean(errors), rel=1e-5)
    assert found.metrics["mae"] == pytest.approx(found.baselines["seasonal_naive"]["mae"], rel=1e-5)
    scale = np.mean([abs(y[row] - y[row - PERIOD]) for row in range(PERIOD, first)])
    assert found.metrics["mase"] == pytest.approx(np.mean(errors) / scale, rel=1e-5)
    np.testing.assert_allclose(forecaster.predict()["y"], y[ROWS - PERIOD : ROWS - PERIOD + HORIZON], rtol=1e-6)
    assert found.metrics != fitted.evaluate().metrics


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("scaler", ["standard", "minmax", "robust", "none"])
def test_the_answer_is_in_the_datas_units_for_each_scaler(scaler, log, several):
    """A network of zeros repeats the last value: each target's own, through the scaler and back."""
    forecaster, data = several
    series = forecaster.series_
    fresh = clone(forecaster).set_params(scaler=scaler, log=log)
    fresh.model_, fresh.series_ = forecaster.model_, series
    fresh.input_, fresh.target_ = copy.deepcopy((forecaster.input_, forecaster.target_))
    kept = weights(forecaster)
    try:
        with_weights(forecaster)
        fresh.residual_ = True
        fresh.scaler_ = sw.data.Scaler(scaler, ["y", "b"] if log else []).fit(series.values[:60], series.columns)
        forecast = fresh.predict()
        for name in ("y", "b"):
            np.testing.assert_allclose(forecast[name], [data[name][-1]] * 2, rtol=1e-5)
    finally:
        forecaster.model_.set_weights(kept)


def test_new_data_are_scored_from_the_test_part_on(fitted):
    longer = pl.DataFrame({"month": months(ROWS + 10), "y": np.append(values(), values(10, seed=7))})
    found = fitted.evaluate(longer)
    assert found.origins.tolist() == list(range(ROWS - 9, ROWS + 10 - HORIZON + 1))
    np.testing.assert_allclose(found.forecasts["model"][:7], fitted.evaluate().forecasts["model"], rtol=1e-6)
    with pytest.raises(sw.DataError, match=r"no window of 12 rows .* lies in the test set"):
        fitted.evaluate(longer[:80])


def test_later_data_with_little_past_are_scored(fitted):
    later = pl.DataFrame({"month": months(400)[350:370], "y": values(20)})
    found = fitted.evaluate(later)
    assert found.origins.tolist() == list(range(WINDOW, 20 - HORIZON + 1))
    assert all(np.isfinite(list(s.values())).all() for s in found.scores.values())


def test_backtest_trains_each_fold_on_its_past_only():
    y = values()
    forecaster = small(epochs=1).fit(y)
    whole = forecaster.backtest(folds=2)
    assert [fold.origins[0] for fold in whole.folds] == [ROWS - 18, ROWS - 9]
    changed = y.copy()
    changed[ROWS - 9 :] += 1000  # the last fold's rows: the first fold may not know
    other = forecaster.backtest(changed, folds=2)
    for name in ("model", "naive", "seasonal_naive", "ets"):
        np.testing.assert_array_equal(whole.folds[0].forecasts[name], other.folds[0].forecasts[name])
    assert other.folds[1].metrics["mae"] > 100
    with pytest.raises(sw.DataError, match="enough for"):
        forecaster.backtest(folds=20)


@pytest.mark.parametrize("validation", [0.2, 12])
def test_backtest_takes_validation_as_a_share_or_in_rows(validation):
    forecaster = small(epochs=1, validation=validation, test=9).fit(values())
    assert len(forecaster.backtest(folds=1).folds) == 1


# nothing leaks


@pytest.mark.parametrize("where", [ROWS - 1, ROWS - 9])
def test_a_huge_value_in_the_test_part_changes_nothing_that_was_learned(where, fitted):
    y = values()
    y[where] = 1e9
    other = small(season="auto").fit(table(y=y), time="month", target="y")
    usual = small(season="auto").fit(table(), time="month", target="y")
    assert same(weights(other), weights(fitted))
    assert other.scaler_.to_dict() == usual.scaler_.to_dict() == fitted.scaler_.to_dict()
    assert other.season_ == usual.season_
    assert other.residual_ == usual.residual_
    assert other.training_.history == fitted.training_.history
    assert other.evaluate().metrics["mae"] > 1e6


def test_a_huge_value_in_the_validation_part_changes_no_training(fitted):
    y = values()
    y[ROWS - 10] = 1e9
    other = small(epochs=1).fit(table(y=y), time="month", target="y")
    usual = small(epochs=1).fit(table(), time="month", target="y")
    assert same(weights(other), weights(usual))
    assert other.scaler_.to_dict() == usual.scaler_.to_dict()
    assert other.training_.history["val_loss"][0] > 1e3 * usual.training_.history["val_loss"][0]
    y = values()
    y[ROWS - 9 - 18 - 1] = 1e9  # the last training row: now it must show
    assert small(epochs=1).fit(table(y=y), time="month", target="y").scaler_.to_dict() != usual.scaler_.to_dict()


# gaps


@pytest.mark.parametrize("gaps", ["interpolate", "mask"])
def test_missing_values_never_spoil_the_loss(gaps):
    y, b, x = values(), values(seed=1), values(seed=2)
    y[[5, 30, 31, 32, 60, 70, 85]] = np.nan
    b[[7, 31, 61, 71, 84]] = np.nan
    x[[0, 9, 33, 89]] = np.nan
    data = table(y=y, b=b, x=x)
    data = pl.concat([data[:40], data[43:]])  # and rows that are absent
    forecaster = small(gaps=gaps).fit(data, time="month", target=["y", "b"], features="x")
    history = forecaster.training_.history
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(history["val_loss"]).all()
    assert all(np.isfinite(w).all() for w in weights(forecaster))
    assert np.isfinite(forecaster.predict()["y"].to_numpy()).all()
    found = forecaster.evaluate()
    assert np.isfinite(list(found.metrics.values())).all()
    truth = np.stack([y, b], axis=1)[found.origins[:, None] + np.arange(HORIZON)]
    np.testing.assert_array_equal(found.truth, truth)  # a filled value is no truth
    with pytest.raises(sw.DataError, match="'y' are missing"):
        small(gaps="error").fit(data, time="month", target=["y", "b"], features="x")


def test_a_masked_gap_is_filled_with_the_last_observed_value():
    y = values()
    y[20:24] = np.nan
    one = small(gaps="mask", epochs=1).fit(table(y=y), time="month", target="y")
    hidden = one.series_.observed
    assert hidden is not None
    assert np.flatnonzero(~hidden[:, 0]).tolist() == [20, 21, 22, 23]
    np.testing.assert_array_equal(one.series_.values[20:24, 0], y[19])


def test_a_target_that_is_never_observed_in_the_test_part_can_be_saved(tmp_path):
    b = values(seed=1)
    b[-9:] = np.nan
    forecaster = small(gaps="mask").fit(table(b=b), time="month", target=["y", "b"])
    run = forecaster.save(tmp_path / "run")
    assert '"mae": null' in (run / "metrics.json").read_text()  # unknown, and still JSON
    assert sw.load(run).predict().equals(forecaster.predict())


# options


def test_stacked_bidirectional_dropout():
    forecaster = small(units=(4, 3), bidirectional=True, dropout=0.3).fit(values())
    layers = {layer.name: layer for layer in forecaster.model_.layers}
    assert layers["bidirectional_1"].output.shape == (None, WINDOW, 8)
    assert layers["bidirectional_2"].output.shape == (None, 6)
    assert layers["bidirectional_1"].forward_layer.dropout == 0.3
    np.testing.assert_array_equal(forecaster.predict(), forecaster.predict())  # no dropout in a forecast
    again = small(units=(4, 3), bidirectional=True, dropout=0.3).fit(values())
    assert same(weights(forecaster), weights(again))


def test_an_output_for_every_step():
    forecaster = small(return_sequences=True, dropout=0.2, residual=True).fit(values())
    assert forecaster.model_.output_shape == (None, WINDOW, HORIZON, 1)
    assert forecaster.predict().shape == (HORIZON, 1)
    assert forecaster.evaluate().truth.shape == (7, HORIZON, 1)
    assert np.isfinite(forecaster.training_.history["loss"]).all()
    with_weights(forecaster)  # then the forecast is the last step's own value, not an earlier one's
    np.testing.assert_allclose(forecaster.predict()[:, 0], values()[-1], rtol=1e-6)


def test_optimizer_and_loss_by_name_and_object():
    keras = import_keras()
    named = small(optimizer="RMSprop", learning_rate=0.02, loss="mae").fit(values())
    assert isinstance(named.model_.optimizer, keras.optimizers.RMSprop)
    assert float(named.model_.optimizer.learning_rate.value) == pytest.approx(0.02)
    optimizer = keras.optimizers.RMSprop(0.02)
    given = small(optimizer=optimizer, loss=keras.losses.MeanAbsoluteError()).fit(values())
    assert same(weights(named), weights(given))
    assert given.model_.optimizer is not optimizer  # the user's own stays fresh for the next fit
    assert same(weights(given), weights(given.fit(values())))
    assert not same(weights(named), weights(small(learning_rate=0.02).fit(values())))


def test_the_model_can_be_taken_out_and_changed(fitted):
    keras = import_keras()
    model = keras.models.clone_model(fitted.model_)
    model.set_weights(fitted.model_.get_weights())
    x = fitted.scaler_.transform(fitted.series_.values[-WINDOW:])[None]
    forecast = fitted.scaler_.inverse(np.asarray(model(x)), 1)[0, :, 0]
    np.testing.assert_allclose(forecast, fitted.predict()["y"], rtol=1e-6)
    middle = keras.Model(model.inputs, model.get_layer("lstm_1").output)
    assert middle(x).shape == (1, 4)


def test_ctrl_c_keeps_what_was_learned(tmp_path):
    keras = import_keras()

    class CtrlC(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    forecaster = small(epochs=50).fit(values(), callbacks=[CtrlC()])
    assert forecaster.training_.interrupted
    assert len(forecaster.training_.history["loss"]) <= 2
    loaded = sw.load(forecaster.save(tmp_path / "run"))
    assert loaded.training_.interrupted
    np.testing.assert_array_equal(loaded.predict(), forecaster.predict())


# mistakes


@pytest.mark.parametrize("verb", ["predict", "evaluate", "backtest", "save"])
def test_a_verb_before_fit(verb, tmp_path):
    with pytest.raises(sw.NotFittedError, match=r"not trained yet: call \.fit"):
        getattr(small(), verb)(*([tmp_path / "run"] if verb == "save" else []))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("window", 0, "window=0"),
        ("window", 2.5, "window=2.5"),
        ("horizon", 0, "horizon=0: expected a whole number"),
        ("horizon", True, "horizon=True"),
        ("units", 64, r"units=64.*units=\(64,\)"),
        ("units", (), "units="),
        ("units", (4, 0), "units="),
        ("dropout", 1.0, "dropout=1.0"),
        ("dropout", -0.1, "dropout=-0.1"),
        ("residual", "yes", "residual='yes'"),
        ("log", "yes", "log='yes'"),
        ("scaler", "zscore", "scaler='zscore'.*'standard'"),
        ("scaler", {"y": "zscore"}, "scaler='zscore'"),
        ("gaps", "drop", "gaps='drop'.*'interpolate'"),
        ("season", 0, "season=0"),
        ("validation", -0.1, "validation=-0.1"),
        ("test", 2, "test=2 rows cannot hold one forecast of horizon=3"),
        ("test", "12", "test='12'"),
        ("batch_size", 0, "batch_size=0"),
        ("epochs", 0, "epochs=0"),
        ("patience", 0, "patience=0"),
        ("optimizer", "adamm", r"named 'adamm'.*Did you mean 'adam.*'\?"),
        ("optimizer", 3, "optimizer=3"),
        ("loss", "msee", "named 'msee'"),
        ("seed", -1, "seed=-1"),
        ("seed", None, "seed=None"),
    ],
)
def test_a_setting_out_of_range(setting, value, words):
    forecaster = small(**{setting: value})
    with pytest.raises(sw.SettingError, match=words):
        forecaster.fit(values())
    with pytest.raises(sw.NotFittedError):
        forecaster.predict()


def test_contradictions_and_missing_names():
    with pytest.raises(sw.SettingError, match="Choose one of the two"):
        small(return_sequences=True, bidirectional=True).fit(values())
    with pytest.raises(sw.SettingError, match=r"target is missing.*'y', 'z'"):
        small().fit(table(z=values()), time="month")
    with pytest.raises(sw.DataError, match=r"Did you mean 'month'\?"):
        small().fit(table(), time="Month", target="y")
    with pytest.raises(sw.DataError, match="too short for one window"):
        small().fit(values(10))


def test_a_failed_second_fit_leaves_the_first_model_whole():
    forecaster = small().fit(values())
    before = forecaster.predict()
    with pytest.raises(sw.SettingError):
        forecaster.set_params(loss="msee").fit(values(seed=3))
    np.testing.assert_array_equal(forecaster.predict(), before)
