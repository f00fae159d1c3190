"""The picture: every text lies inside it, none covers another, and no arrow runs through a text."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from seqwise.data import Windows
from seqwise.errors import SettingError
from seqwise.inspection.explain.explain import explain
from seqwise.inspection.explain.picture import figure

from .models import MASKED, TIMED, forecaster

LONG = [
    lambda: layers.Conv1D(16, 3, padding="same"), lambda: layers.BatchNormalization(),
    lambda: layers.Activation("relu"), lambda: layers.MaxPooling1D(2), lambda: layers.Conv1D(32, 3, dilation_rate=2),
    lambda: layers.SpatialDropout1D(0.1), lambda: layers.Bidirectional(layers.LSTM(64, return_sequences=True)),
    lambda: layers.LSTM(32), lambda: layers.RepeatVector(12), lambda: layers.LSTM(32, return_sequences=True),
    lambda: layers.TimeDistributed(layers.Dense(8, activation="relu")), lambda: layers.TimeDistributed(layers.Dense(1)),
]  # fmt: skip
NAMES = [f"a_rather_long_column_name_{i}$" for i in range(9)]
STORIES = {
    **{f"{n} layers": lambda n=n: explain(keras.Sequential([layers.Input((96, 7)), *[part() for part in LONG[:n]]]),
                                          np.broadcast_to(np.float32(0), (50_000, 96, 7))) for n in range(1, 13)},
    **{kind: lambda kind=kind: explain((TIMED | MASKED)[kind]()) for kind in
       ("encoder-decoder", "attention", "skip", "shared", "luong", "nested", "tokens", "lost", "forecaster of two")},
    "seqwise": lambda: explain(forecaster()),
    "a list that does not fit": lambda: explain([layers.LSTM(5), layers.LSTM(3)], np.zeros((4, 9, 2))),
    "one axis": lambda: explain(np.sin(np.arange(300.0))), "two axes": lambda: explain(np.zeros((300, 4))),
    "tokens alone": lambda: explain(np.zeros((30, 12), int)), "four axes": lambda: explain(np.zeros((5, 4, 24, 3))),
    "table": lambda: explain(pd.DataFrame(np.random.default_rng(0).normal(size=(99, 9)), columns=NAMES)),
    "windows": lambda: explain(Windows(np.random.default_rng(0).normal(size=(300, 2)), 24, 12)),
    "video": lambda: explain(
        [layers.ConvLSTM2D(8, 3, return_sequences=True), layers.ConvLSTM2D(4, 3), layers.Flatten(), layers.Dense(3)],
        np.zeros((4, 5, 16, 16, 1), "float32"),
    ),
    "a million features": lambda: explain([layers.Input((None, 1_000_000)), layers.LSTM(8)]),
    "unequal": lambda: explain([[1.0, 2.0], [3.0]]),
}  # fmt: skip


@pytest.mark.parametrize("kind", STORIES)
def test_nothing_overlaps_and_nothing_is_cut_off(kind):
    drawn = figure(STORIES[kind]())
    canvas = drawn.axes[0]
    renderer = drawn.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in canvas.texts if text.get_text()]
    width, height = drawn.bbox.width, drawn.bbox.height
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, f"{text!r} is cut off"
    for i, (text, box) in enumerate(boxes):
        for other, second in boxes[:i]:
            across = min(box.x1, second.x1) - max(box.x0, second.x0)
            down = min(box.y1, second.y1) - max(box.y0, second.y0)
            assert across <= 1 or down <= 2, f"{text!r} covers {other!r}"
    wires = [line for line in canvas.lines if line.get_zorder() == 3]  # arrows' ways
    for line in wires:
        points = canvas.transData.transform(line.get_xydata())
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            for text, box in boxes:
                if len(text) == 1:
                    continue  # a letter in its circle
                low, high = sorted((x0, x1)), sorted((y0, y1))
                through = low[0] < box.x1 - 1 and low[1] > box.x0 + 1 and high[0] < box.y1 - 2 and high[1] > box.y0 + 2
                assert not through, f"an arrow runs through {text!r}"


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_it_is_written(suffix, tmp_path):
    path = explain(TIMED["lstm"]()).plot(tmp_path / f"shapes{suffix}")
    assert path.read_bytes()[:4] in (b"\x89PNG", b"<?xm", b"%PDF")


def test_it_says_the_sizes_and_names():
    table = pd.DataFrame(np.zeros((40, 3)), columns=["sales", "price", "rain"])
    shown = " ".join(text.get_text() for text in figure(explain(table)).axes[0].texts)
    assert "timesteps = 40" in shown and "features = 3" in shown
    assert all(name in shown for name in table.columns)
    model = keras.Sequential([layers.Input((24, 3)), layers.LSTM(50), layers.Dense(1)])
    shown = [text.get_text() for text in figure(explain(model, np.zeros((85, 24, 3)))).axes[0].texts]
    assert {"= 85", "timesteps = 24", "units 50", "LSTM(50)", "10,800 parameters", "window: 24 timesteps"} <= set(shown)


def test_many_layers_are_cut_and_that_is_said():
    many = keras.Sequential([layers.Input((24, 3)), *[layers.LSTM(4, return_sequences=True) for _ in range(40)]])
    shown = [text.get_text() for text in figure(explain(many)).axes[0].texts]
    assert any("13 more layers are not drawn" in text for text in shown)


def test_a_wrong_file_is_told(tmp_path):
    explanation = explain(np.zeros((4, 5, 2)))
    with pytest.raises(SettingError) as caught:
        explanation.plot(tmp_path / "shapes.bmp")
    assert str(caught.value) == (
        "shapes.bmp: expected a picture's suffix (.png, .svg, .pdf, .jpg, .jpeg, .webp), got '.bmp'. "
        "For example shapes.png."
    )
    with pytest.raises(SettingError, match="There is no folder"):
        explanation.plot(tmp_path / "no" / "shapes.png")
