"""Pictures of a classifier and of a regressor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from seqwise.evaluation.classification import Classification
from seqwise.evaluation.figures import GREY, INK, MODEL, PALE, TEXT, finish, new_figure, readable, short
from seqwise.evaluation.regression import Regression

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CLASSES = 40  # of a confusion matrix; beyond it a cell is smaller than a letter
MOST_NUMBERS = 16  # classes up to which the cells say their count
MOST_POINTS = 5000


def bars(evaluation: Classification | Regression, metric: str, title: str) -> Figure:
    """Draw one metric of the model and its baselines as bars, the best on top."""
    scores = {name: values[metric] for name, values in evaluation.scores.items()}
    least_first = metric in type_of(evaluation).SMALLER
    order = sorted(scores, key=lambda name: -scores[name] if least_first else scores[name])
    widths = [scores[name] for name in order]
    figure, axes = new_figure(0.9 + 0.36 * len(order))
    colours = [MODEL if name == "model" else PALE for name in order]
    drawn = axes.barh(
        [short(evaluation.names[n], 44) for n in order], np.nan_to_num(widths), color=colours, height=0.64
    )
    labels = axes.bar_label(drawn, [readable(w) for w in widths], padding=4, fontsize=TEXT, color=INK)
    for name, label, tick in zip(order, labels, axes.get_yticklabels(), strict=True):
        if name == "model":
            label.set_fontweight("bold")
            tick.set_fontweight("bold")
    axes.margins(x=0.14)
    axes.set_xlim(left=0)
    finish(figure, axes, title, "by")
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color="#ececec", lw=0.8)
    return figure


def confusion(evaluation: Classification) -> Figure:
    """Draw which classes (rows) were taken for which (columns); darker where a larger share of the row is."""
    counts = evaluation.confusion()[:MOST_CLASSES, :MOST_CLASSES]
    names = [short(str(label), 14) for label in evaluation.classes[:MOST_CLASSES].tolist()]
    size = len(names)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = new_figure(float(np.clip(1.2 + 0.36 * size, 2.6, 7)))
    axes.imshow(share, cmap="Oranges", vmin=0, vmax=1, aspect="auto")
    if size <= MOST_NUMBERS:
        for i, j in np.argwhere(counts > 0).tolist():
            colour = "white" if share[i, j] > 0.6 else INK
            axes.text(j, i, f"{counts[i, j]:,}", ha="center", va="center", fontsize=TEXT - 0.5, color=colour)
    every = max(1, math.ceil(size / 20))
    axes.set_xticks(range(0, size, every), names[::every], rotation=45 if size > 6 else 0,
                    ha="right" if size > 6 else "center", parse_math=False)  # fmt: skip
    axes.set_yticks(range(0, size, every), names[::every], parse_math=False)
    finish(figure, axes, "the model said", "the truth")
    axes.grid(visible=False)
    return figure


def calibration(evaluation: Classification) -> Figure:
    """Draw how often the model was right for each of its confidences, and how often it had each."""
    found = evaluation.calibration()
    filled = found["count"] > 0
    figure, axes = new_figure()
    axes.plot([0, 1], [0, 1], ":", color=INK, lw=1, label="as sure as it is right")
    most = found["count"].max()
    edges = np.linspace(0, 1, len(found["count"]) + 1)
    axes.bar(
        edges[:-1], found["count"] / most, width=np.diff(edges), align="edge", color=PALE, alpha=0.5, zorder=0,
        label=f"how many (the highest: {most:,})",
    )  # fmt: skip
    axes.plot(found["confidence"][filled], found["share"][filled], "o-", color=MODEL, lw=1.9, ms=5, label="this model")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    said = "probability of a label" if evaluation.multilabel else "probability of the class it said"
    return finish(figure, axes, said, "share that was right")


def scatter(evaluation: Regression, target: int) -> Figure:
    """Draw what the model said over the truth."""
    truth, said = evaluation.truth[:, target], evaluation.predictions["model"][:, target]
    chosen = np.linspace(0, len(truth) - 1, min(len(truth), MOST_POINTS)).astype(int)
    figure, axes = new_figure(3.6)
    ends = [float(min(truth.min(), said.min())), float(max(truth.max(), said.max()))]
    axes.plot(ends, ends, ":", color=INK, lw=1, label="exactly right")
    axes.plot(
        truth[chosen], said[chosen], "o", color=MODEL, ms=4 if len(chosen) < 500 else 2, alpha=0.6, mew=0,
        label="this model",
    )  # fmt: skip
    return finish(figure, axes, f"{evaluation.targets[target]}, the truth", "what the model said")


def errors(evaluation: Regression, target: int) -> Figure:
    """Draw how large the model's errors are."""
    found = evaluation.predictions["model"][:, target] - evaluation.truth[:, target]
    figure, axes = new_figure(2.4)
    axes.hist(found, bins=int(np.clip(math.sqrt(len(found)), 5, 40)), color=MODEL, alpha=0.8)
    axes.axvline(0, color=GREY, lw=1, ls=":")
    return finish(figure, axes, f"error of {evaluation.targets[target]} (what it said - the truth)", "sequences")


def type_of(evaluation: Classification | Regression) -> Any:
    """Return the module that holds the metrics' names, for this kind of evaluation."""
    from seqwise.evaluation import classification, regression

    return classification if isinstance(evaluation, Classification) else regression
