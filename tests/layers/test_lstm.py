"""`seqwise.layers.LSTM` against `keras.layers.LSTM`: each option alone and with each other."""
# Keras annotates some arguments by their default alone (verbose: str), and jax loads as untyped objects
# pyright: reportArgumentType=false, reportOptionalMemberAccess=false, reportAttributeAccessIssue=false
# pyright: reportCallIssue=false, reportOptionalCall=false, reportAssignmentType=false

import itertools
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from twins import TOLERANCE, assert_same, random_weights, results, stock_options, to_numpy, twin

from seqwise.layers import LSTM
from seqwise.layers.lstm import ACTIVATIONS, why_not

B, T, F, H = 4, 5, 3, 6

# an option → arguments of the layer, or of the call (names that start with a capital)
OPTIONS = {
    "activation": {"activation": "relu"},
    "recurrent_activation": {"recurrent_activation": "hard_sigmoid"},
    "no bias": {"use_bias": False},
    "no unit_forget_bias": {"unit_forget_bias": False},
    "dropout": {"dropout": 0.4, "Training": True},
    "recurrent_dropout": {"recurrent_dropout": 0.3, "Training": True},
    "return_sequences": {"return_sequences": True},
    "return_state": {"return_state": True},
    "go_backwards": {"go_backwards": True},
    "stateful": {"stateful": True, "Calls": 2},
    "unroll": {"unroll": True},
    "zero_output_for_mask": {"zero_output_for_mask": True, "Mask": "gaps"},
    "initial_state": {"State": True},
    # with dropout, stock Keras of today fails in its try of cuDNN unless told not to try
    "implementation": {"implementation": 1, "use_cudnn": False},
    "mask": {"Mask": "gaps"},
}
PAIRS = set(itertools.combinations(OPTIONS, 2))


def covering_sets(size=5):
    """Few sets of `size` options in which every pair of options meets; each set costs two compilations."""
    left, sets = set(PAIRS), []
    rng = np.random.default_rng(0)
    while left:
        tries = [tuple(np.array(list(OPTIONS))[np.sort(rng.permutation(len(OPTIONS))[:size])]) for _ in range(300)]
        best = max(tries, key=lambda names: len(left & set(itertools.combinations(names, 2))))
        left -= set(itertools.combinations(best, 2))
        sets.append(tuple(str(name) for name in best))
    return sets


SETS = [(), *((name,) for name in OPTIONS), ("unroll", "zero_output_for_mask"), *covering_sets()]


def masks(kind):
    """Masks (B, T): True where a timestep counts."""
    rng = np.random.default_rng(8)
    lengths = np.array([5, 3, 1, 0])[:, None]
    steps = np.arange(T)
    mask = {
        "right": steps < lengths,
        "left": steps >= T - lengths,
        "gaps": rng.random((B, T)) < 0.55,
        "first": np.broadcast_to(steps > 0, (B, T)).copy(),
        "none used": np.zeros((B, T), bool),
        "all used": np.ones((B, T), bool),
    }[kind]
    if kind == "gaps":
        mask[1] = False  # a row that is masked wholly
        mask[0] = [False, True, False, True, False]
    return mask


def compare(**options):
    call = {name: options.pop(name, None) for name in ("Training", "Calls", "State", "Mask")}
    options = {"dropout": 0.0} | options
    ours = twin(LSTM, H, seed=3, name="lstm", **options)
    stock = twin(keras.layers.LSTM, H, seed=3, name="lstm", **stock_options(options, call["Mask"]))
    assert ours.get_config() == stock.get_config() | {"unroll": ours.unroll}
    rng = np.random.default_rng(4)
    x = rng.standard_normal((B, T, F)).astype("float32")
    for layer in (ours, stock):
        keras.utils.set_random_seed(6)
        layer.build(x.shape)
        layer.cell.seed_generator.state.assign([1, 2])
    for one, other in zip(ours.weights, stock.weights, strict=True):
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other), err_msg=f"initial {other.path}")
    state = rng.standard_normal((2, B, H)).astype("float32")
    found = []
    for layer in (ours, stock):
        random_weights(layer)
        keras.utils.set_random_seed(7)  # where dropout takes its numbers from, on PyTorch
        found.append(
            results(
                layer,
                x,
                state=tuple(state) if call["State"] else None,
                mask=masks(call["Mask"]) if call["Mask"] else None,
                training=bool(call["Training"]),
                calls=call["Calls"] or 1,
            )
        )
    assert_same(*found)
    return found


@pytest.mark.parametrize("names", SETS, ids=lambda names: " + ".join(names) or "plain")
def test_each_option_alone_and_every_pair(names, kernel_calls):
    options = {}
    for name in names:
        options |= OPTIONS[name]
    compare(**options)
    left_to_keras = keras.backend.backend() == "tensorflow" and {"unroll", "go_backwards"} < set(names)
    left_to_keras = left_to_keras and "zero_output_for_mask" in names
    assert kernel_calls["lstm"] == (0 if left_to_keras else options.get("Calls", 1))


@pytest.mark.parametrize(("kind", "backwards", "sequences"), [
    ("right", False, True), ("right", True, False), ("left", False, False), ("left", True, True),
    ("first", False, True), ("none used", True, True), ("all used", False, False)])  # fmt: skip
def test_masks_of_any_pattern(kind, backwards, sequences):
    compare(Mask=kind, go_backwards=backwards, return_sequences=sequences, return_state=True, State=True)


NAMES = list(ACTIVATIONS.values())
NEIGHBOURS = [(name, NAMES[k - 1]) for k, name in enumerate(NAMES)]  # ops/test_lstm.py mixes them all


@pytest.mark.parametrize(("activation", "recurrent_activation"), NEIGHBOURS)
def test_every_activation_in_either_place(activation, recurrent_activation, kernel_calls):
    compare(activation=activation, recurrent_activation=recurrent_activation, return_state=True)
    assert kernel_calls["lstm"] == 1


def test_exchanged_gates_would_be_seen():
    """The weights and the tolerance tell every gate from every other."""
    layer = LSTM(H, return_state=True)
    x = np.random.default_rng(4).standard_normal((B, T, F)).astype("float32")
    layer.build(x.shape)
    random_weights(layer)
    right = results(layer, x)
    weights = layer.get_weights()
    for one, other in itertools.combinations(range(4), 2):
        gates = list(range(4))
        gates[one], gates[other] = other, one
        layer.set_weights([np.concatenate([np.split(w, 4, -1)[g] for g in gates], -1) for w in weights])
        wrong = results(layer, x)
        for name in ("output 0", "output 2", "gradient of x"):
            assert np.abs(wrong[name] - right[name]).max() > 1000 * TOLERANCE


@pytest.mark.parametrize(
    "options",
    [{"activation": "gelu"}, {"recurrent_activation": "softmax"}, {"dtype": "mixed_bfloat16"}],
    ids=str,
)
def test_what_the_kernel_lacks_runs_in_keras_loop(options, kernel_calls):
    ours, stock = (twin(kind, H, **options) for kind in (LSTM, keras.layers.LSTM))
    assert why_not(ours)
    x = np.random.default_rng(4).standard_normal((B, T, F)).astype("float32")
    np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(layer(x)).astype("float32") for layer in (ours, stock)))
    assert kernel_calls["lstm"] == 0


def test_a_config_makes_the_same_layer():
    layer = LSTM(H, activation="relu", go_backwards=True, dropout=0.2, seed=5)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(again) is LSTM
    assert again.get_config() == layer.get_config()


ON_NUMPY = """
import numpy as np
from seqwise.layers import LSTM, Bidirectional
import sys, keras
assert keras.backend.backend() == "numpy"
rng = np.random.default_rng(0)
x, mask = rng.standard_normal((3, 5, 2)).astype("float32"), rng.random((3, 5)) < 0.6
for make in (lambda k, b: k(4, return_sequences=True), lambda k, b: b(k(4))):
    found = []
    for kinds in ((LSTM, Bidirectional), (keras.layers.LSTM, keras.layers.Bidirectional)):
        keras.utils.set_random_seed(1)
        found.append(np.asarray(make(*kinds)(x, mask=mask)))
    np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-6)
assert not any(name in sys.modules for name in ("seqwise.ops.jax", "seqwise.ops.torch", "seqwise.ops.tensorflow"))
print(LSTM(4).__class__.__name__, "fine")
"""


def test_on_keras_numpy_backend_it_runs_on_the_kernel_for_numpy():
    done = subprocess.run([sys.executable, "-c", ON_NUMPY], capture_output=True, text=True, check=False,
                          env=os.environ | {"KERAS_BACKEND": "numpy"})  # fmt: skip
    assert done.stdout.strip() == "LSTM fine", done.stderr
