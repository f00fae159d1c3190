"""The translation network: its steps beside its whole, alone and in a batch; what is shared; stock Keras layers."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from seqwise.backend import import_keras
from seqwise.data import make_sequences
from seqwise.data.tokenizer import END, PADDING, START
from seqwise.estimators.translation.beam_search import beam_search
from seqwise.estimators.translation.network import build_translator, inference_models
from seqwise.estimators.translation.search import TokenSearch
from seqwise.layers import accelerate, stock_layers

keras = import_keras()
SOURCE, TARGET = 11, 13
FORMS = [
    {},
    {"attention": "additive"},
    {"attention": None, "bidirectional": False},
    {"units": (5, 4), "bidirectional": False},
    {"units": (4, 6), "attention": None},
]


def make_network(seed=0, **options):
    model = build_translator(source_tokens=SOURCE, target_tokens=TARGET, **{"embedding": 4, "units": (5,)} | options)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=w.shape) / 2 for w in model.get_weights()])
    return accelerate(model, verbose=False)


def make_sources(lengths=(4, 1, 7, 3), seed=1):
    rng = np.random.default_rng(seed)
    return make_sequences([rng.integers(4, SOURCE, n).astype(np.int32) for n in lengths])


def padded(sequences, length):
    return np.array([np.pad(s.ravel(), (0, length - len(s))) for s in sequences])


def arrays(tensors):
    return [np.asarray(t) for t in tensors]


def encoded(models, source):
    """States before the first step, and what attention reads."""
    layers = (len(models.step.outputs) - 1) // 2
    found = arrays(models.encoder(source))
    memory = found[2 * layers :]
    return found[: 2 * layers], [*memory, source != PADDING] if memory else []


@pytest.mark.parametrize("form", FORMS)
def test_step_by_step_gives_the_logits_of_the_whole(form):
    model = make_network(**form)
    models: Any = inference_models(model)
    source = padded(make_sources(), 7)
    decoder_input = np.random.default_rng(2).integers(START, TARGET, (4, 6))
    whole = np.asarray(model.predict_on_batch([source, decoder_input]))
    states, memory = encoded(models, source)
    for t in range(6):
        logits, *states = arrays(models.step([decoder_input[:, t : t + 1], *states, *memory]))
        np.testing.assert_allclose(logits[:, 0], whole[:, t], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_neither_padding_nor_what_is_beside_it_changes_a_text(form):
    model = make_network(**form)
    sources = make_sources()
    decoder_input = np.random.default_rng(2).integers(4, TARGET, (4, 5))
    for length in (7, 12):
        together = np.asarray(model.predict_on_batch([padded(sources, length), decoder_input]))
        for i, alone in enumerate(sources):
            found = np.asarray(model.predict_on_batch([alone.T, decoder_input[i : i + 1]]))
            np.testing.assert_allclose(together[i], found[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS[:3])
def test_the_whole_search_gives_each_text_its_own_translation(form):
    """In batches of similar length and compiled; alone, step by step as the models stand."""
    models: Any = inference_models(make_network(**form))
    sources, limits = make_sources((4, 1, 7, 3, 19, 5)), np.array([5, 3, 6, 8, 9, 4])
    together, scores = TokenSearch(models)(sources, limits, beam=3, length_penalty=1.0)

    def alone(source, limit):
        states, memory = encoded(models, source.T)
        memory = [np.repeat(part, 3, axis=0) for part in memory]

        def step(last, states):
            logits, *after = models.step([np.asarray(last), *arrays(states), *memory])
            return logits[:, 0], after

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keras.ops, "while_loop", plain_loop)
            limits = keras.ops.convert_to_tensor([limit], "int32")
            return beam_search(step, states, limits, steps=int(limit), beam=3, length_penalty=1.0)

    for i, source in enumerate(sources):
        tokens, score = alone(source, limits[i])
        found = np.asarray(tokens)[0]
        assert together[i].tolist() == found[found != PADDING].tolist()
        np.testing.assert_allclose(scores[i], np.asarray(score)[0], rtol=1e-4)


def plain_loop(cond, body, values):
    while cond(*values):
        values = body(*values)
    return values


def test_the_score_of_a_translation_is_that_of_the_whole_network():
    model = make_network()
    models: Any = inference_models(model)
    sources = make_sources()
    tokens, scores = TokenSearch(models)(sources, np.full(4, 6), beam=2, length_penalty=0.5)
    for source, found, score in zip(sources, tokens, scores, strict=True):
        logits = np.asarray(model([source.T, np.array([[START, *found[:-1]]])]))[0]
        logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        np.testing.assert_allclose(score, logp[np.arange(len(found)), found].sum() / len(found) ** 0.5, rtol=1e-4)
        assert END not in found[:-1]


def test_training_and_inference_share_their_weights():
    model = make_network()
    models: Any = inference_models(model)
    mine = {id(v) for v in model.variables}
    assert {id(v) for v in [*models.encoder.trainable_variables, *models.step.trainable_variables]} <= mine
    source = padded(make_sources(), 7)
    before = arrays(models.encoder(source))
    model.get_layer("encoder_1_both").trainable_variables[0].assign_add(
        np.ones(model.get_layer("encoder_1_both").trainable_variables[0].shape)
    )
    assert not np.allclose(before[0], arrays(models.encoder(source))[0])


def test_the_same_seed_gives_the_same_start_and_another_one_another():
    def start(seed):
        model = build_translator(source_tokens=5, target_tokens=5, embedding=3, units=(2,), seed=seed)
        return np.concatenate([w.ravel() for w in model.get_weights()])

    np.testing.assert_array_equal(start(0), start(0))
    assert not np.allclose(start(0), start(1))


PROGRAM = """
import sys
import keras, numpy as np
encoder, step = (keras.models.load_model(f"{sys.argv[1]}/{name}.keras") for name in ("encoder", "step"))
source = np.load(f"{sys.argv[1]}/source.npy")
*states, keys, values = encoder(source)
logits, *_ = step([np.full((4, 1), 2), *map(np.asarray, states), np.asarray(keys), np.asarray(values), source != 0])
np.save(f"{sys.argv[1]}/logits.npy", np.asarray(logits))
assert not any(name.startswith("seqwise") for name in sys.modules)
"""


def test_saved_models_translate_where_there_is_no_seqwise(tmp_path):
    models: Any = inference_models(make_network())
    source = padded(make_sources(), 7)
    np.save(tmp_path / "source.npy", source)
    for name, model in zip(("encoder", "step"), models, strict=True):
        with stock_layers(model):
            model.save(tmp_path / f"{name}.keras")
    states, memory = encoded(models, source)
    expected = np.asarray(models.step([np.full((4, 1), START), *states, *memory])[0])
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    np.testing.assert_allclose(np.load(tmp_path / "logits.npy"), expected, rtol=1e-4, atol=1e-5)


def test_a_search_that_was_compiled_reads_the_weights_of_now():
    model, sources = make_network(), make_sources()
    search, limits = TokenSearch(inference_models(model)), np.full(4, 6)
    before = search(sources, limits, beam=2, length_penalty=1.0)
    model.set_weights(make_network(seed=5).get_weights())
    after = search(sources, limits, beam=2, length_penalty=1.0)
    expected = TokenSearch(inference_models(make_network(seed=5)))(sources, limits, beam=2, length_penalty=1.0)
    np.testing.assert_array_equal(after[1], expected[1])
    assert not np.allclose(after[1], before[1])
    greedy = search(sources, limits, beam=1, length_penalty=1.0)  # other settings are another search
    assert [t.tolist() for t in greedy[0]] != [t.tolist() for t in after[0]]
