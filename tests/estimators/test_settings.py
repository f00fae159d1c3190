"""Settings that are declared again in a subclass."""

from __future__ import annotations

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
