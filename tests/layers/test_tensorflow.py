"""What TensorFlow does with models besides training them: XLA, and export to where Seqwise is not."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("tensorflow")

MAKE = """
import sys
import numpy as np
import tensorflow as tf
import seqwise as sw
L = tf.keras.layers
x = np.random.default_rng(0).standard_normal((8, 6, 3)).astype("float32")
def make():
    tf.keras.utils.set_random_seed(0)
    return tf.keras.Sequential([tf.keras.Input((6, 3)), L.Bidirectional(L.LSTM(4, return_sequences=True)), L.LSTM(3)])
"""
XLA = (
    MAKE
    + """
from seqwise.ops import tensorflow as ops
kernel, calls = ops.lstm, []
ops.lstm = lambda *a, **k: calls.append(0) or kernel(*a, **k)
losses = []
for fused, jit in ((False, False), (True, "auto"), (True, True)):
    model = make()
    model.compile("adam", "mse", jit_compile=jit)
    if fused:
        sw.accelerate(model)
    losses.append(model.fit(x, x[:, -1], epochs=3, verbose=0, shuffle=False).history["loss"])
    print(len(calls) > 0, end=" ")
np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
np.testing.assert_allclose(losses[2], losses[0], rtol=1e-4)
compiled = tf.function(sw.layers.LSTM(3), jit_compile=True)
print(compiled(x).shape, "fine")
"""
)
SAVE = (
    MAKE
    + """
model = sw.accelerate(make())
np.savez(sys.argv[1] + "/data.npz", x=x, y=model(x))
model.export(sys.argv[1] + "/exported", verbose=False)
tf.saved_model.save(model, sys.argv[1] + "/saved")
np.testing.assert_allclose(model(x), np.load(sys.argv[1] + "/data.npz")["y"])
print("fine")
"""
)
LOAD = """
import sys
import numpy as np
import tensorflow as tf
data = np.load(sys.argv[1] + "/data.npz")
exported = tf.saved_model.load(sys.argv[1] + "/exported")
np.testing.assert_allclose(exported.serve(data["x"]), data["y"], rtol=1e-5, atol=1e-6)
saved = tf.saved_model.load(sys.argv[1] + "/saved").signatures["serving_default"]
np.testing.assert_allclose(*saved(tf.constant(data["x"])).values(), data["y"], rtol=1e-5, atol=1e-6)
assert "seqwise" not in sys.modules
print("fine")
"""


def run(program, *arguments):
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", program, *arguments], env=environment, capture_output=True, text=True)
    assert done.stdout.rstrip().endswith("fine"), done.stderr[-3000:]
    return done.stdout


def test_xla_compiles_keras_loop_where_the_user_asks_for_it():
    """Left to Keras, the model runs on the kernel; told to use XLA, TensorFlow gets what it can compile."""
    assert run(XLA).split()[:2] == ["False", "True"]


def test_an_exported_model_runs_without_seqwise(tmp_path):
    run(SAVE, str(tmp_path))
    run(LOAD, str(tmp_path))
