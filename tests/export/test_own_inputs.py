"""A Keras model is compared on inputs of the user's, too, and the comparison says how many inputs were made up."""

from __future__ import annotations

import contextlib
import sys

import numpy as np
import pytest
from export_models import MODELS

import seqwise as sw
from seqwise.cli.main import main
from seqwise.errors import DataError, SettingError
from seqwise.export.comparing import Reference
from seqwise.export.folder import export_folder, verify_folder
from seqwise.export.own_data import own_calls
from seqwise.export.source import read_source

X = np.random.default_rng(3).normal(size=(9, 7, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return MODELS["lstm_plain"]()


def test_the_users_inputs_come_first_and_are_stored(model, tmp_path):
    exported = export_folder(model, "keras", tmp_path / "out", x=X)
    for comparison in (*exported.comparisons, *verify_folder(tmp_path / "out").comparisons):
        assert (comparison.calls, comparison.made_up) == (6, 3)
        assert "on 6 batches (3 of them made up), Keras" in str(comparison)
    reference = Reference.load(tmp_path / "out")
    np.testing.assert_array_equal(np.concatenate([call[0] for call in reference.calls["model"][:3]]), X)
    outputs = np.concatenate([output[0] for output in reference.outputs["model"][:3]])
    np.testing.assert_allclose(outputs, model.predict(X, verbose=0), atol=1e-6)


def test_it_is_said_that_inputs_were_made_up(model, tmp_path, capsys):
    (comparison,) = sw.export.keras(model, tmp_path / "m.keras")
    assert "on 3 batches, made up, Keras" in capsys.readouterr().out
    assert comparison.made_up == comparison.calls == 3
    (comparison,) = sw.export.keras(model, tmp_path / "m.keras", x=X[:4])
    assert [comparison.calls, comparison.made_up] == [5, 3]
    (comparison,) = sw.export.onnx(model, tmp_path / "m.onnx", x=X.tolist())
    assert [comparison.calls, comparison.made_up] == [6, 3]


def test_several_inputs_come_as_a_list_or_by_name():
    part = read_source(MODELS["encoder_decoder"]()).parts["model"]
    names = part.network.layers["inputs"]
    arrays = [X, X[:, :5, :2] + 1]
    listed, named = own_calls(part, arrays), own_calls(part, dict(zip(names[::-1], arrays[::-1], strict=True)))
    for one, other in zip(listed, named, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(DataError, match=r"x is 1 array\(s\), but the model has the inputs"):
        own_calls(part, X)
    with pytest.raises(DataError, match=f"x has the arrays 'a', but none for the input '{names[0]}'"):
        own_calls(part, {"a": X})
    with pytest.raises(DataError, match="x has unequal numbers of samples: 8, 9"):
        own_calls(part, [X, X[:8, :5, :2]])


def test_a_fixed_batch_is_kept():
    part = read_source(MODELS["lstm_stateful"]()).parts["model"]
    assert [call[0].shape for call in own_calls(part, X[:7, :5])] == [(2, 5, 3)] * 3
    with pytest.raises(DataError, match="x has 1 samples, and the model takes 2 at once"):
        own_calls(part, X[:1, :5])


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[0], r"x has shape \(7, 3\) for the input '.*'; expected \(samples, any, 3\)"),
        (X[..., :2], r"x has shape \(9, 7, 2\)"),
        (X[:0], r"x has shape \(0, 7, 3\)"),
        (np.where(X > 2, np.nan, X), "x holds something else than finite numbers"),
        (X.astype(str), "x holds something else than finite numbers"),
    ],
)
def test_what_is_no_input_is_refused(x, message, model, tmp_path):
    with pytest.raises(DataError, match=message):
        export_folder(model, "keras", tmp_path / "out", x=x)
    assert not (tmp_path / "out").exists()


def test_an_estimator_has_data_of_its_own(tmp_path):
    forecaster = sw.Forecaster(6, 2, units=(3,), epochs=1).fit(np.sin(np.arange(60.0)))
    with pytest.raises(SettingError, match="x is of a Keras model, which knows no data"):
        sw.export.keras(forecaster, tmp_path / "m.keras", x=X)


@pytest.mark.parametrize("attention", ["dot", None])
def test_a_translators_decoder_is_compared_on_real_sources(attention, tmp_path):
    sources = ["one two", "two", "three one two", "four", "one four"] * 8
    settings = {"tokens": "words", "min_count": 1, "test": 0.5, "attention": attention}
    translator = sw.Translator((4,), embedding=4, epochs=1, **settings).fit(sources, [text.upper() for text in sources])
    exported = export_folder(translator, "keras", tmp_path / "out")
    assert all(0 < comparison.made_up < comparison.calls for comparison in exported.comparisons)
    encoded = translator.source_tokenizer_.encode(translator.test_pairs_[0][:1]).values.T
    token, *state = Reference.load(tmp_path / "out").calls["decoder_step"][0]
    encoder = read_source(translator).parts["encoder"].model
    for came, expected in zip(state, encoder(encoded), strict=attention is None):
        np.testing.assert_allclose(came, expected, atol=1e-6)
    assert token.tolist() == [[2]]  # the start token
    assert attention is None or (state[-1].shape == encoded.shape and state[-1].all())  # the mask: no padding


def test_the_command_reads_an_archive(model, tmp_path, monkeypatch, capsys):
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "x.npz", x=X, y=X[:, 0, 0])
    out = str(tmp_path / "out")
    arguments = [str(tmp_path / "m.keras"), "--to", "onnx", "--out", out, "--data", str(tmp_path / "x.npz")]
    monkeypatch.setattr(sys, "argv", ["seqwise", "export", *arguments])
    with contextlib.suppress(SystemExit):
        main()
    assert "on 6 batches (3 of them made up)" in capsys.readouterr().out
