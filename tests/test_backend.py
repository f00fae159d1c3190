"""Choosing Keras's backend, in processes of their own: the choice is made once a process."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import jax
import pytest

from seqwise import backend

DEFAULT = """
import sys
from seqwise.backend import import_keras
keras = import_keras()
assert keras.backend.backend() == "jax"
import jax
assert jax.config.jax_compilation_cache_dir.startswith(sys.argv[1])
assert import_keras() is keras
for name in ("scipy.stats", "matplotlib.pyplot"):
    assert name not in sys.modules, name + " was loaded or left as a stand-in"
import scipy.stats
assert abs(scipy.stats.norm.cdf(1.959964) - 0.975) < 1e-6
from scipy import stats
assert stats is scipy.stats is sys.modules["scipy.stats"]
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
plt.plot([1, 2])
import pandas as pd
assert pd.DataFrame({"a": [1, 2, 4]}).plot() is not None
assert pd.DataFrame({"a": [1.0, 2, 4], "b": [1.0, 3, 2]}).corr("kendall").loc["a", "b"] > 0.3
from sklearn.model_selection import RandomizedSearchCV
from sklearn.utils.fixes import parse_version
import statsmodels.api
print("fine")
"""
CHOSEN = """
import os
os.environ["KERAS_BACKEND"] = "numpy"
from seqwise.backend import import_keras
assert import_keras().backend.backend() == "numpy"
assert os.environ["KERAS_BACKEND"] == "numpy"
print("fine")
"""
IMPORTED = """
import os
os.environ["KERAS_BACKEND"] = "numpy"
import keras
del os.environ["KERAS_BACKEND"]
import seqwise
from seqwise.backend import import_keras
assert import_keras() is keras
assert keras.backend.backend() == "numpy"
print("fine")
"""
WITHOUT_TENSORFLOW = """
import sys
import numpy as np
import seqwise as sw
from seqwise.backend import import_keras
keras = import_keras()
assert keras.backend.backend() in ("jax", "torch")
model = keras.Sequential([keras.Input((6, 3)), sw.layers.Bidirectional(sw.layers.LSTM(4)), keras.layers.Dense(1)])
model.save(sys.argv[1] + "/model.keras")
loaded = keras.models.load_model(sys.argv[1] + "/model.keras")
x = np.ones((2, 6, 3), "float32")
assert np.allclose(model.predict_on_batch(x), loaded.predict_on_batch(x))
forecaster = sw.Forecaster(window=6, horizon=2, units=(2,), epochs=1).fit(np.arange(60.0)[:, None], target=0)
forecaster.save(sys.argv[1] + "/run")
forecast = sw.load(sys.argv[1] + "/run").predict()
assert np.allclose(forecast, forecaster.predict())
assert "tensorflow" not in sys.modules
print("fine")
"""
TENSORFLOW_LATER = """
from seqwise.backend import import_keras
keras = import_keras()
serialize = keras.saving.serialize_keras_object
assert serialize({"units": 4}) == {"units": 4}
import tensorflow as tf
assert serialize(tf.TensorShape([2, None])) == [2, None]
assert serialize(tf.float32) == "float32"
print("fine")
"""
SETTINGS_SAY_OTHERWISE = """
import seqwise
import keras
assert keras.backend.backend() == "jax"
print("fine")
"""


def run(code, *arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if k not in ("KERAS_BACKEND", "JAX_COMPILATION_CACHE_DIR")}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=clean | environment, check=False
    )
    assert done.stdout.strip() == "fine", done.stderr
    return done


def test_jax_is_the_default_and_other_libraries_work_afterwards(tmp_path):
    run(DEFAULT, str(tmp_path), XDG_CACHE_HOME=str(tmp_path), HOME=str(tmp_path))


def test_the_environment_chooses():
    run(CHOSEN)


def test_an_imported_keras_stays():
    run(IMPORTED)


def test_keras_imported_after_seqwise_has_its_backend_whatever_keras_wrote_into_its_settings(tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "numpy"}')
    run(SETTINGS_SAY_OTHERWISE, KERAS_HOME=str(tmp_path))


@pytest.mark.parametrize(("backend", "keras_first"), [("jax", True), ("torch", False)])
def test_tensorflow_is_imported_by_nothing_of_ours(backend, keras_first, tmp_path):
    run(("import keras\n" if keras_first else "") + WITHOUT_TENSORFLOW, str(tmp_path), KERAS_BACKEND=backend)


def test_keras_still_serializes_tensorflows_types():
    run(TENSORFLOW_LATER)


def test_a_cache_that_the_user_chose_stays(tmp_path):
    config: Any = jax.config
    before = config.jax_compilation_cache_dir
    try:
        jax.config.update("jax_compilation_cache_dir", str(tmp_path))
        backend._keep_compiled_programs()
        assert config.jax_compilation_cache_dir == str(tmp_path)
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


def test_a_stand_in_gives_way_to_the_real_module():
    name = "xml.dom.minicompat"  # small, and nothing here has loaded it
    sys.modules.pop(name, None)
    with backend.deferred_imports((name,)):
        stand_in = sys.modules[name]
        assert type(stand_in).__name__ == "_DeferredModule"
        assert stand_in.NodeList.__name__ == "NodeList"
        assert sys.modules[name] is not stand_in
    assert sys.modules[name] is not stand_in
    sys.modules.pop(name, None)
    with backend.deferred_imports((name, "no_such_package.part")):
        assert "no_such_package.part" not in sys.modules
    assert name not in sys.modules
