"""`seqwise.layers.Bidirectional` against `keras.layers.Bidirectional`."""

from typing import Any

import keras
import numpy as np
import pytest
from twins import assert_same, random_weights, results, stock_options

from seqwise.layers import LSTM, Bidirectional

B, T, F, H = 3, 5, 2, 4
X = np.random.default_rng(0).standard_normal((B, T, F)).astype("float32")
GAPS = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 1, 1, 0, 1]], bool)


def compare(merge_mode="concat", *, backward=None, state=False, mask=None, training=False, calls=1, **options):
    found = []
    for lstm, both in ((LSTM, Bidirectional), (keras.layers.LSTM, keras.layers.Bidirectional)):
        keras.utils.set_random_seed(1)
        given: dict[str, Any] = options if lstm is LSTM else stock_options(options, mask)
        other = None if backward is None else lstm(H, name="lstm", **{**given, "go_backwards": True, **backward})
        layer = both(lstm(H, name="lstm", **given), merge_mode=merge_mode, backward_layer=other)
        layer.build(X.shape)
        random_weights(layer)
        for v in layer.non_trainable_variables:
            if "seed" in v.path:
                v.assign([3, 4])
        keras.utils.set_random_seed(7)  # where dropout takes its numbers from, on PyTorch
        states = np.random.default_rng(2).standard_normal((4, B, H)).astype("float32")
        states = tuple(states) if state else None
        found.append(results(layer, X, state=states, mask=mask, training=training, calls=calls))
    assert_same(*found)


TOGETHER = [
    {"merge_mode": "concat"},
    {"merge_mode": "sum", "mask": GAPS},
    {"merge_mode": "mul", "return_sequences": True, "mask": GAPS},
    {"merge_mode": "ave", "return_state": True, "state": True},
    {"merge_mode": None, "return_sequences": True, "return_state": True, "state": True, "mask": GAPS},
    {"return_sequences": True, "use_bias": False},
    {"backward": {}, "activation": "relu", "return_sequences": True},
    {"go_backwards": True, "backward": {"go_backwards": False}, "return_sequences": True, "mask": GAPS},
    {"unroll": True, "return_sequences": True, "mask": GAPS, "state": True},
]
APART = [  # each layer runs by itself, on the kernel where it can
    ({"backward": {"activation": "relu"}, "return_sequences": True}, 2),
    ({"backward": {"activation": "gelu"}}, 1),
    ({"activation": "gelu", "return_sequences": True, "mask": GAPS}, 0),
    ({"backward": {"use_bias": False}}, 2),
    ({"dropout": 0.4, "training": True, "seed": 7}, 2),
    ({"stateful": True, "calls": 2, "return_sequences": True}, 4),
]


@pytest.mark.parametrize("options", TOGETHER, ids=str)
def test_both_directions_in_one_call(options, kernel_calls):
    compare(**options)
    # unrolled, Keras on TensorFlow computes the backward direction's masked outputs its own way, and so does our layer
    apart = keras.backend.backend() == "tensorflow" and options.get("unroll")
    assert kernel_calls == ({"lstm": 1, "bidirectional_lstm": 0} if apart else {"lstm": 0, "bidirectional_lstm": 1})


@pytest.mark.parametrize(("options", "calls"), APART, ids=str)
def test_what_the_directions_do_not_share_runs_apart(options, calls, kernel_calls):
    compare(**options)
    assert kernel_calls == {"lstm": calls, "bidirectional_lstm": 0}


def test_units_that_differ_run_apart(kernel_calls):
    layer = Bidirectional(LSTM(4), backward_layer=LSTM(5, go_backwards=True))
    assert layer(X).shape == (B, 9)
    layer(X)
    assert kernel_calls == {"lstm": 4, "bidirectional_lstm": 0}
