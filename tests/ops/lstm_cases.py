"""Random problems for the LSTM of every framework."""

import itertools

import numpy as np

from seqwise.ops.arguments import Inputs
from seqwise.ops.options import ACTIVATIONS, MASKED_OUTPUTS, Options


def random_inputs(seed, sizes=(5, 7, 3, 11), masks=1, dtype="float32", **present):
    rng = np.random.default_rng(seed)
    B, T, F, H = sizes

    def numbers(*shape):
        return (0.5 * rng.standard_normal(shape)).astype(dtype)

    def factors(*shape):
        return (rng.random(shape) < 0.75).astype(dtype) / 0.75

    return Inputs(
        numbers(B, T, F),
        numbers(F, 4 * H),
        numbers(H, 4 * H) * np.asarray(0.3, dtype),  # small: linear and relu gates must not let the state explode
        numbers(4 * H) if present.get("bias", True) else None,
        numbers(B, H) if present.get("state") else None,
        numbers(B, H) if present.get("state") else None,
        rng.random((B, T)) < 0.6 if present.get("mask") else None,
        factors(masks, B, F).astype(dtype) if present.get("dropout") else None,
        factors(masks, B, H).astype(dtype) if present.get("recurrent_dropout") else None,
    )


def call(lstm, inputs, **kwargs):
    x, W, U, b, h0, c0, mask, xd, hd = inputs
    state = None if h0 is None else (h0, c0)
    return lstm(x, W, U, b, state, mask=mask, input_dropout=xd, recurrent_dropout=hd, **kwargs)


CASES = [
    dict(zip(("bias", "state", "mask", "dropout", "recurrent_dropout"), bits, strict=True))
    for bits in itertools.product((False, True), repeat=5)
]


def options_of(seed):
    """Options that differ from seed to seed, so that the 32 cases of `CASES` have all of them."""
    return Options(
        activation=ACTIVATIONS[seed % 5],
        recurrent_activation=ACTIVATIONS[(seed // 2) % 5],
        masked_output=MASKED_OUTPUTS[seed % 3],
        go_backwards=bool(seed % 2),
        dropout_masks=4 if seed % 4 == 1 else 1,
    )
