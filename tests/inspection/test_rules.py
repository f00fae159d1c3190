"""Every rule: entered once, with a page of its own, a faulty program that fires it, and sound neighbours beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from programs import read_programs

import seqwise as sw
from seqwise.backend import import_keras
from seqwise.inspection.check.rules import RULES

keras = import_keras()
layers = keras.layers
PAGES = Path(__file__).parent.parent.parent / "docs/rules"
RNG = np.random.default_rng(0)


def found(*arguments, **keywords):
    return [finding.name for finding in sw.check(*arguments, **keywords)]


def test_each_rule_has_its_page_whose_examples_fire_it_and_are_silent():
    # tests/test_readme.py runs the examples; this holds that the pages are there and assert what they must
    assert {page.stem for page in PAGES.glob("*.md")} == {f"{rule.code}-{rule.name}" for rule in RULES.values()}
    for rule in RULES.values():
        text = (PAGES / f"{rule.code}-{rule.name}.md").read_text("utf-8")
        wrong, right = text.split("## Right")
        assert f'assert "{rule.name}" in [finding.name for finding in report]' in wrong
        assert "assert not report" in right
        assert f"{rule.code} {rule.name}\n" in wrong.split("## What Seqwise says")[1]


def test_each_rule_has_a_faulty_program():
    programs = {program.settings["finding"] for program in read_programs("faulty") + read_programs("torch_faulty")}
    # nothing is there to fix them with: a window longer than its series, a source of batches, data that were scaled
    # away; their pages have the examples
    words = {"empty-input", "batched-twice", "validation-scaled-by-itself"}
    assert {rule.name for rule in RULES.values()} - programs == words


def test_a_rule_gives_way_to_earlier_rules_only():
    earlier = set()
    for rule in RULES.values():
        assert all(name in earlier for name in rule.unless if not name.startswith("SW")), rule
        earlier.add(rule.name)


def sequence(samples=64, steps=12, features=2):
    return RNG.normal(size=(samples, steps, features)).astype("float32")


LSTM = [layers.LSTM(4), layers.Dense(1)]


@pytest.mark.parametrize("ratio", [1, 50, 900, 1200, 1e6])
def test_scales_are_apart_from_a_factor_of_1000_on(ratio):
    x = sequence(200)
    x[..., 0] *= ratio**0.5
    x[..., 1] /= ratio**0.5
    assert found(LSTM, x, x[:, -1, :1] / ratio, loss="mse") == (["scales-apart"] if ratio > 1000 else [])


def test_rare_events_are_no_small_scale():
    x = sequence(200)
    x[..., 1] = RNG.uniform(size=x.shape[:2]) < 1e-3
    x[0, 0, 1] = 1
    x[..., 0] *= 50
    assert found(LSTM, x, x[:, -1, 1:], loss="mse") == []


@pytest.mark.parametrize("side", ["after", "before"])
@pytest.mark.parametrize("value", [0.0, -1.0, 7.5])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 1.0])
def test_padding_is_found_by_its_side_value_and_share(side, value, share):
    x = sequence(200, 20)
    for i in range(int(share * 200)):
        length = 3 + i % 12
        x[i, slice(20 - length, None) if side == "after" else slice(length)] = value
    y = RNG.normal(size=(200, 1))
    name = "padding-not-masked" if side == "after" else "left-padding-not-masked"
    assert found(LSTM, x, y, loss="mse") == ([name] if share >= 0.1 else [])
    assert found([layers.Masking(value), *LSTM], x, y, loss="mse") == []
    if share >= 0.1:
        (finding,) = sw.check(LSTM, x, y, loss="mse")
        assert finding.fix == f"keras.layers.Masking(mask_value={value})"
        assert found([layers.Masking(value + 1), *LSTM], x, y, loss="mse") == ["mask-value-differs"]


def test_layers_that_carry_a_mask_and_those_that_lose_it():
    """Against Keras: `supports_masking` is its own word for it."""
    x = RNG.integers(1, 9, (64, 12))
    x[:, 8:] *= RNG.integers(0, 2, (64, 1))
    y = RNG.normal(size=(64, 1))
    between = [layers.Dropout(0.1), layers.LayerNormalization(), layers.Dense(4), layers.Conv1D(4, 3, padding="same"),
               layers.Reshape((12, 4)), layers.TimeDistributed(layers.Dense(4)), layers.Activation("tanh"),
               layers.BatchNormalization(), layers.LSTM(4, return_sequences=True)]  # fmt: skip
    for layer in between:
        names = found([layers.Embedding(9, 4, mask_zero=True), layer, *LSTM], x, y, loss="mse")
        assert names == ([] if layer.supports_masking else ["mask-lost"]), layer


LOSSES = {
    # (activation, units, target): the losses that fit
    ("linear", 1, "quantity"): {"mse", "mae", "huber"},
    ("sigmoid", 1, "binary"): {"binary_crossentropy", "mse", "mae", "huber"},
    ("softmax", 5, "classes"): {"sparse_categorical_crossentropy"},
    ("softmax", 5, "one-hot"): {"categorical_crossentropy", "mse", "mae", "huber"},
    ("sigmoid", 5, "multi-hot"): {"binary_crossentropy", "mse", "mae", "huber"},
}


@pytest.mark.parametrize("case", LOSSES, ids=str)
@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "binary_crossentropy", "categorical_crossentropy",
                                  "sparse_categorical_crossentropy"])  # fmt: skip
def test_which_losses_fit_which_output_and_target(case, loss):
    activation, units, kind = case
    x = sequence(60)
    classes = np.arange(60) % 5
    targets = {
        "quantity": RNG.normal(size=(60, 1)),
        "binary": classes[:, None] % 2,
        "classes": classes,
        "one-hot": np.eye(5)[classes],
        "multi-hot": (RNG.uniform(size=(60, 5)) < 0.6).astype(float),
    }
    y = targets[kind]
    names = found([layers.LSTM(4), layers.Dense(units, activation=activation)], x, y, loss=loss)
    assert (names == []) == (loss in LOSSES[case]), names


@pytest.mark.parametrize("late", [-2, -1, 0, 1, 2])
def test_a_target_is_early_if_it_lies_in_its_window(late):
    series = np.sin(np.arange(400) / 9) + 0.1 * RNG.normal(size=400)
    x = np.array([series[i : i + 20] for i in range(370)])[..., None]
    y = series[20 + late : 390 + late]
    report = sw.check(LSTM, x, y, loss="mse")
    assert [finding.name for finding in report] == (["target-in-window"] if late < 0 else [])
    if late < 0:
        names = {"x": x, "y": y}
        exec(report[0].fix, names)
        assert np.array_equal(names["y"], series[20 : 20 + len(names["y"])])
        assert np.array_equal(names["x"], x[: len(names["x"])])


@pytest.mark.parametrize("gap", [0, 5, 19, 40])
def test_a_split_by_time_is_no_leak_and_a_shuffled_one_is(gap):
    series = np.cumsum(RNG.normal(size=600)) / 10
    series = (series - series[:400].mean()) / series[:400].std()
    windows = np.array([series[i : i + 20] for i in range(580)])[..., None]
    train, held = windows[:380], windows[380 + gap :]
    assert found(None, train, validation=held) == []
    order = RNG.permutation(380)
    assert found(None, train[order], validation=held) == []
    assert found(None, train[order[:300]], validation=train[order[300:]]) == ["shuffled-before-split"]


@pytest.mark.parametrize("kind", ["MinMaxScaler", "StandardScaler"])
@pytest.mark.parametrize("whole", [False, True])
def test_a_scaler_fitted_on_both_parts(kind, whole):
    import sklearn.preprocessing as sklearn

    rows = np.linspace(0, 9, 1000)[:, None] + RNG.normal(size=(1000, 2))
    scaler = getattr(sklearn, kind)().fit(rows if whole else rows[:800])
    x = scaler.transform(rows).reshape(100, 10, 2)
    expected = ["scaler-saw-validation"] if whole else []
    assert found(None, x[:80], validation=x[80:]) == expected
    assert found(None, x[:80], validation=x[80:], scaler=scaler) == expected


def test_groups():
    x = sequence(10)
    assert found(None, x, validation=x + 1, groups=[1] * 10, validation_groups=[2] * 10) == []
    assert found(None, x, validation=x + 1, groups=["a", "b"] * 5, validation_groups=["b"] * 10) == [
        "group-in-both-parts"
    ]


@pytest.mark.parametrize("samples", [32, 33, 64, 70])
@pytest.mark.parametrize("batch", [1, 8, 32])
def test_a_stateful_batch_must_divide_the_samples(samples, batch):
    x = sequence(samples)
    stack = [keras.Input(batch_shape=(batch, 12, 2)), sw.layers.LSTM(4, stateful=True), layers.Dense(1)]
    names = found(stack, x, x[:, -1, :1], loss="mse")
    assert names == ([] if samples % batch == 0 else ["stateful-batch-size"])


@pytest.mark.parametrize("made", ["LSTM", "GRU", "SimpleRNN", "RNN"])
def test_a_state_that_is_lost_is_told_where_it_is_lost(made):
    """What the rule says is what happens: a second `predict` on the same batch gives the same only where it forgot."""
    cells = keras.layers.StackedRNNCells([keras.layers.GRUCell(3), keras.layers.LSTMCell(4)])
    layer = layers.RNN(cells, stateful=True) if made == "RNN" else getattr(layers, made)(4, stateful=True)
    x = sequence(8)
    model = keras.Sequential([keras.Input(batch_shape=(8, 12, 2)), layer, layers.Dense(1)])
    assert found(model, x) == ["state-lost-between-batches"]
    same = [model.predict(x, batch_size=8, verbose=0) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    if made == "LSTM":
        sw.layers.accelerate(model)
        assert found(model, x) == []
        first, second = (model.predict(x, batch_size=8, verbose=0) for _ in range(2))
        assert not np.allclose(first, second)


def test_token_ids_at_the_edges_of_the_table():
    y = RNG.normal(size=(64, 1))
    for low, top, name in ((0, 9, None), (0, 10, "token-out-of-range"), (-1, 9, "token-negative")):
        x = RNG.integers(1, 9, (64, 12))
        x[0, 0], x[1, 1] = low, top
        assert found([layers.Embedding(10, 4), *LSTM], x, y, loss="mse") == ([name] if name else [])


def test_time_stamps_lose_their_digits_only_where_they_have_too_many():
    days = np.arange(768.0).reshape(64, 12, 1)
    for values, lost in (
        (days, False),
        (days + 1e4, False),
        (days * 10 + 1.7e9, True),
        (days.astype(int) + 2**40, True),
    ):
        names = found(None, values, RNG.normal(size=(64, 1)))
        assert ("precision-lost" in names) == lost, values[0, 0]


@pytest.mark.parametrize("dry", [0.005, 0.3, 0.6])
def test_what_is_often_zero_is_not_padded(dry):
    x = np.where(RNG.uniform(size=(300, 20, 1)) < dry, 0, RNG.uniform(1, 2, (300, 20, 1)))
    x[:, :2] = 1 + RNG.uniform(size=(300, 2, 1))  # never zero at the start, so only the end could be padding
    y = RNG.normal(size=(300, 1))
    assert found(LSTM, x, y, loss="mse") == []
    x[::2, 12:] = 0
    x[::4, 11] = 0
    assert found(LSTM, x, y, loss="mse") == (["padding-not-masked"] if dry < 0.02 else [])


def test_a_mask_ends_where_the_time_axis_ends():
    x = sequence()
    x[::2, 8:] = 0
    x[::4, 6:] = 0
    decoder = [layers.RepeatVector(12), layers.LSTM(4, return_sequences=True), layers.Dense(2)]
    assert found([layers.Masking(0.0), layers.LSTM(4), *decoder], x, x, loss="mse") == []


@pytest.mark.parametrize(("low", "top"), [(0, 4), (0, 5), (1, 5), (-1, 3), (0, 9)])
def test_labels_at_the_edges_of_the_classes(low, top):
    y = np.linspace(low, top, 64).round().astype(int)
    stack = [layers.LSTM(4), layers.Dense(5, activation="softmax")]
    report = sw.check(stack, sequence(), y, loss="sparse_categorical_crossentropy")
    assert [finding.name for finding in report] == ([] if (low, top) == (0, 4) else ["label-out-of-range"])
    if top - low == 4 and report:
        names = {"y": y}
        exec(report[0].fix, names)
        assert (names["y"].min(), names["y"].max()) == (0, 4)
    elif report:
        assert report[0].fix == f"keras.layers.Dense({top + 1}, activation='softmax')"


@pytest.mark.parametrize("moves", [0.002, 0.3, 1])
def test_a_series_that_hardly_moves_is_no_leak(moves):
    series = np.cumsum(np.where(RNG.uniform(size=900) < moves, RNG.normal(size=900), 0))
    x = np.array([series[i : i + 10] for i in range(880)])[..., None]
    assert "target-in-window" not in found(LSTM, x, series[10:890], loss="mse")
    assert "target-in-window" in found(LSTM, x, series[9:889], loss="mse")
