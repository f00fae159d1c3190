"""What `seqwise.explain` tells, word by word."""

from __future__ import annotations

import io
import json
import re

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers
from rich.console import Console

import seqwise as sw
from seqwise.errors import ShapeError


def chain():
    return keras.Sequential(
        [
            layers.Input((24, 3), name="x"),
            layers.Masking(name="masking"),
            layers.LSTM(50, return_sequences=True, name="low"),
            layers.LSTM(20, name="high"),
            layers.Dense(1, name="head"),
        ],
        name="chain",
    )


CHAIN = """\
Sequential 'chain': 4 layers

in  x  (samples=1,000, timesteps=24, features=3), an array of float32
    samples    examples; a model treats each by itself
    timesteps  the 24 steps of one example, oldest first
    features   3 numbers at each timestep

    layer     gives                                parameters   mask            sees timesteps
────────────────────────────────────────────────────────────────────────────────────────────────────
1   masking   (samples, timesteps=24, features=3)                made            1 of 24
2   low       (samples, timesteps=24, units=50)        10,800   used, carried   all so far, up to 24
3   high      (samples, units=20)                       5,680   used, ends      all 24
4   head      (samples, features=1)                        21                   all 24

 1 masking = Masking(0)
   Changes no number; marks the timesteps whose features are all 0 as padding: the shape stays.
   mask: made here: timesteps whose features are all 0 are padding.
 2 low = LSTM(50, return_sequences=True)
   Reads the 24 timesteps one after another and returns its state after every one of them, 50 numbers each:
   the time axis stays (return_sequences=True).
   10,800 parameters = 4 gates × 50 units × (3 features + 50 units + 1 bias)
   mask: skips the timesteps that are padding, by the mask of masking, and passes it on.
 3 high = LSTM(20)
   Reads the 24 timesteps one after another and returns its last state only, 20 numbers for each sample: the
   time axis ends here. return_sequences=True would keep it.
   5,680 parameters = 4 gates × 20 units × (50 features + 20 units + 1 bias)
   mask: skips the timesteps that are padding, by the mask of masking, and ends here.
 4 head = Dense(1)
   Turns the 20 units of each sample into 1 number.
   21 parameters = (20 units + 1 bias) × 1 unit

out head  (samples, features=1)
    it can depend on these timesteps of the input: all 24
parameters: 16,501 in all"""


def squeezed(text):
    return re.sub(r"[ ─]+", " ", text)


def test_the_explanation_of_a_stack():
    explanation = sw.explain(chain(), np.zeros((1000, 24, 3), "float32"))
    assert squeezed(str(explanation)) == squeezed(CHAIN)
    assert repr(explanation) == "<Explanation: Sequential 'chain': 4 layers>"


def test_the_same_in_rich_in_a_notebook_and_for_a_program():
    explanation = sw.explain(chain())
    console = Console(file=io.StringIO(), width=200)
    console.print(explanation)
    assert "time axis ends here" in console.file.getvalue()  # type: ignore[attr-defined]
    page = explanation._repr_html_()
    assert "<b>high</b> = <code>LSTM(20)</code>" in page
    assert "4 gates × 20 units" in page
    facts = json.loads(json.dumps(explanation.to_dict()))
    assert facts["parameters"] == 16_501
    assert facts["inputs"][0]["axes"] == {"samples": None, "timesteps": 24, "features": 3}
    assert facts["steps"][1]["mask"] == ["uses", "carries"]
    assert facts["steps"][2]["outputs"] == [{"samples": None, "units": 20}]
    assert facts["outputs"][0]["receptive_field"] == "all 24"


def test_html_escapes_the_users_names():
    table = pd.DataFrame({"<script>alert(1)</script>": [1.0, 2.0], "b": [1.0, 2.0]})
    page = sw.explain(table)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


WHY = {
    "repeat": (lambda: layers.RepeatVector(7), (4,), "Repeats the 4 numbers of each sample 7 times: a time axis "
               "begins, and all of its steps are the same."),
    "bidirectional": (lambda: layers.Bidirectional(layers.LSTM(5)), (9, 3), "One LSTM reads the 9 timesteps forwards, "
                      "a second one backwards; their outputs are returned side by side (5 units forwards, as many "
                      "backwards). Only the last state of each is returned: the time axis ends here. "
                      "return_sequences=True would keep it."),
    "dense on steps": (lambda: layers.Dense(2), (9, 3), "Is applied to each timestep by itself, with the same weights: "
                       "3 features become 2 numbers, and the axis timesteps stays."),
    "time distributed": (lambda: layers.TimeDistributed(layers.Dense(2)), (9, 3), "Does the same to each of the 9 "
                         "timesteps, with the same weights: the axis timesteps stays. Within one: Turns the 3 features "
                         "of each sample into 2 numbers."),
    "flatten": (lambda: layers.Flatten(), (9, 3), "Puts timesteps and features in one row: 9 × 3 = 27 numbers for each "
                "sample. The time axis ends here."),
    "conv": (lambda: layers.Conv1D(8, 3), (9, 3), "Slides over the 9 timesteps; each output is made from 3 timesteps "
             "in a row. Nothing is added at the ends, so the time axis shrinks from 9 to 7 timesteps. The features "
             "become 8 filters."),
    "pooling": (lambda: layers.MaxPooling1D(2), (9, 3), "Keeps the largest of every 2 timesteps, moving on by 2: 9 "
                "timesteps become 4. The features stay."),
    "global": (lambda: layers.GlobalAveragePooling1D(), (9, 3), "Keeps the mean of each feature over the 9 timesteps: "
               "the time axis ends here."),
    "dropout": (lambda: layers.Dropout(0.25), (9, 3), "In training, sets 25% of the numbers to 0 and scales the rest "
                "up; in prediction does nothing: the shape stays."),
    "states": (lambda: layers.LSTM(4, return_state=True), (9, 3), "Reads the 9 timesteps one after another and returns "
               "its last state only, 4 numbers for each sample: the time axis ends here. return_sequences=True would "
               "keep it. It also returns its state h and c, (samples, units=4) each (return_state=True)."),
    "backwards": (lambda: layers.GRU(4, go_backwards=True), (9, 3), "Reads the 9 timesteps one after another, the last "
                  "first (go_backwards=True), and returns its last state only, 4 numbers for each sample: the time "
                  "axis ends here. return_sequences=True would keep it."),
    "permute": (lambda: layers.Permute((2, 1)), (9, 3), "Turns the axes to (samples, features, timesteps); no number "
                "changes."),
}  # fmt: skip


@pytest.mark.parametrize("kind", WHY)
def test_why(kind):
    make, shape, words = WHY[kind]
    assert sw.explain(keras.Sequential([layers.Input(shape), make()])).steps[0].why == words


def test_embedding():
    step = sw.explain([layers.Embedding(5000, 64, mask_zero=True)]).steps[0]
    assert step.why == (
        "Looks up each token's row, 64 numbers, in a table of 5,000 tokens (0 to 4,999): a features axis is added at "
        "the end."
    )
    assert step.mask_why == "made here: token 0 is padding (mask_zero=True)"
    assert (step.parameters, step.formula) == (320_000, "5,000 tokens × 64 numbers")


def test_a_lost_mask():
    x = layers.Input((6, 2))
    model = keras.Model(x, layers.Masking(name="m")(x) * 2.0)
    assert sw.explain(model).steps[1].mask_why == (
        "the mask of m is lost here: the layers after it treat padding as data"
    )


def test_two_axes_are_told_in_both_readings():
    assert sw.explain(np.zeros((30, 4))).notes == (
        "Two axes can be read in two ways. Does each row follow the one before it in time? Then it is one series of 30 "
        "timesteps and 4 features; cut windows of 24 rows from it: seqwise.data.Windows(x, window=24, horizon=1).",
        "Is each row an example of its own, and are its 4 numbers in the order of time? Then the features axis is "
        "missing: x[..., None] gives (samples=30, timesteps=4, features=1).",
    )


def test_sequences_of_unequal_length():
    explanation = sw.explain([[1, 2], [3], [4, 5, 6]])
    assert explanation.inputs[0].meanings["timesteps"] == "of unequal length: 1 to 3"
    assert "maxlen=3" in explanation.notes[0]
    exec(explanation.notes[0].partition(", ")[2].split("longest, ")[-1].split(", and let")[0],
         {"keras": keras, "x": [[1, 2], [3], [4, 5, 6]]})  # fmt: skip


def test_a_table_names_its_columns():
    table = pd.DataFrame({"sales": [1.0] * 30, "price": [2.0] * 30})
    explanation = sw.explain(table)
    assert explanation.inputs[0].axes == (("timesteps", 30), ("features", 2))
    assert explanation.inputs[0].meanings["features"] == "sales, price"
    explanation = sw.explain(keras.Sequential([layers.LSTM(3)]), table.to_numpy()[None])
    assert explanation.inputs[0].axes == (("samples", 1), ("timesteps", 30), ("features", 2))


def test_a_forecaster_names_its_columns_and_what_comes_out():
    table = pd.DataFrame({"sales": np.sin(np.arange(90.0)), "price": np.cos(np.arange(90.0))})
    forecaster = sw.Forecaster(window=12, horizon=3, units=(4,), epochs=1)
    untold = sw.explain(forecaster)
    assert untold.title == "Forecaster, not trained yet: 12 rows to 3"
    explanation = sw.explain(forecaster.fit(table, target="sales", features="all"))
    samples = len(forecaster.plan_.windows("train"))  # type: ignore[union-attr]
    assert explanation.inputs[0].axes == (("samples", samples), ("timesteps", 12), ("features", 2))
    assert explanation.inputs[0].meanings["features"] == "sales, price (scaled; the past of sales comes first)"
    assert explanation.outputs[0].axes == (("samples", samples), ("horizon", 3), ("targets", 1))
    assert explanation.parameters == forecaster.model_.count_params()


def test_data_that_do_not_fit_are_shown_with_the_explanation():
    explanation = sw.explain(chain(), np.zeros((8, 24)))
    assert explanation.notes == (
        "x (samples=8, features=24) does not fit the model's input x (samples, timesteps=24, features=3): "
        "seqwise.check(model, x) names the fault and the fix.",
    )
    assert len(explanation.steps) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (lambda: (3,), "int is neither a Keras model nor data that can be read."),
        (lambda: (np.zeros((3, 2)), chain()), "explain was given two things, but ndarray is not a Keras model. The "
         "model comes first: seqwise.explain(model, x)."),
        (lambda: (pytest.importorskip("torch").nn.LSTM(3, 4), np.zeros((2, 5, 3))), "LSTM is not a Keras model. It is "
         "a PyTorch module, which seqwise.check(module, x, y, loss=…) reads."),
        (lambda: (keras.Sequential([layers.Dropout(0.1)]),), "The model is not built, and its first layer does not "
         "tell what it expects. Pass the data as well, seqwise.explain(model, x)"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused(arguments, words):
    with pytest.raises(ShapeError) as caught:
        sw.explain(*arguments())
    assert words in str(caught.value)
