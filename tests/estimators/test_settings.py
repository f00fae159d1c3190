"""Settings that are declared again in a subclass."""

from __future__ import annotations

import numpy as np
import pytest

import seqwise as sw
from seqwise.estimators.settings import Option, declared_settings, estimator, setting, whole


@estimator
class Above:
    count: int = setting(default=1, help="how many.", check=whole(1), option=Option("A panel", int))
    size: int = setting(default=5, help="how large.")


@estimator
class Below(Above):
    own: int = setting(default=0, help="its own.")
    count: int = setting(default=3, help="how many of them.")


def test_what_is_left_out_is_that_of_the_class_above():
    above, below = declared_settings(Above)["count"], declared_settings(Below)["count"]
    assert Below().count == 3
    assert (below.help, below.check, below.options) == ("how many of them.", above.check, above.options)
    assert above.help == "how many."
    assert list(declared_settings(Below)) == ["own", "count", "size"]  # its own first


def test_a_setting_that_all_share_is_checked_in_each():
    for cls in (sw.Forecaster, sw.Classifier, sw.Regressor, sw.Tagger, sw.Translator):
        check = declared_settings(cls)["patience"].check
        assert check is not None
        with pytest.raises(sw.SettingError, match=r"patience=0: expected (.auto. or )?a whole number, at least 1"):
            check("patience", 0)


def test_numbers_of_numpy_are_those_of_python(tmp_path):
    """Keras takes no int64, and JSON holds none: the training would be lost when it is saved."""
    six, one = np.int64(6), np.int64(1)
    fitted = sw.Forecaster(six, np.int32(2), (np.int64(3),), epochs=one, season=one, seed=np.uint8(0), batch_size=six)
    assert sw.load(fitted.fit(np.sin(np.arange(60.0))).save(tmp_path / "run")).units == (3,)
    texts = sw.Classifier((np.int64(3),), embedding=np.int64(4), dropout=np.float32(0.5), tokenizer={"size": six})
    texts._check_settings()
    assert {type(texts.embedding), type(texts.units[0]), type(texts.tokenizer["size"])} == {int}
    assert type(texts.dropout) is float


@pytest.mark.parametrize("name", ["season", "epochs", "recipe", "gaps", "dropout", "scaler"])
def test_an_array_is_no_setting(name):
    for value in (np.array([1, 2]), np.array(["a", "b"])):
        with pytest.raises(sw.SettingError, match=f"{name}=array.*and got an array"):
            sw.Forecaster(6, 2, **{name: value}).fit(np.arange(60.0))
