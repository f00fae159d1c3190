"""Plots of a classifier's and a regressor's predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from seqwise.evaluation.classification import ClassComparison
from seqwise.evaluation.figures import GREY, HEIGHT, INK, MODEL, PALE, TEXT, finish, new_figure, short
from seqwise.evaluation.regression import NumberComparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CLASSES = 40  # of a confusion matrix; with more, a cell is smaller than a letter
MOST_NUMBERS = 16  # classes up to which the cells show their counts
MOST_POINTS = 5000
MOST_WORDS = 40  # of an explained text


def confusion(evaluation: ClassComparison) -> Figure:
    """Draw the confusion matrix, shaded by each cell's share of its row."""
    counts = evaluation.confusion(MOST_CLASSES)
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
    finish(figure, axes, "predicted", "true")
    axes.grid(visible=False)
    return figure


def calibration(evaluation: ClassComparison) -> Figure:
    """Draw how often the model is right at each level of confidence, and how often each level occurs."""
    curve = evaluation.calibration()
    filled = curve["count"] > 0
    figure, axes = new_figure()
    axes.plot([0, 1], [0, 1], ":", color=INK, lw=1, label="perfectly calibrated")
    most = curve["count"].max()
    edges = np.linspace(0, 1, len(curve["count"]) + 1)
    axes.bar(
        edges[:-1], curve["count"] / most, width=np.diff(edges), align="edge", color=PALE, alpha=0.5, zorder=0,
        label=f"count (highest: {most:,})",
    )  # fmt: skip
    axes.plot(curve["confidence"][filled], curve["share"][filled], "o-", color=MODEL, lw=1.9, ms=5, label="this model")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    x = "probability of a label" if evaluation.multilabel else "probability of the predicted class"
    return finish(figure, axes, x, "observed frequency")


def words(texts: list[str], contributions: np.ndarray) -> Figure:
    """Draw what each word of a text adds, the first word on top; of long texts the strongest."""
    chosen = np.sort(np.argsort(-np.abs(contributions), kind="stable")[:MOST_WORDS])
    figure, axes = new_figure(0.9 + 0.24 * len(chosen))
    drawn = contributions[chosen][::-1]
    colours = [MODEL if value > 0 else GREY for value in drawn]
    axes.barh(range(len(chosen)), drawn, color=colours, height=0.7)
    axes.set_yticks(range(len(chosen)), [short(texts[i], 20) for i in chosen[::-1]], parse_math=False)
    axes.axvline(0, color=INK, lw=0.8)
    finish(figure, axes, "what it adds to the log-odds of the class", "")
    axes.grid(axis="y", visible=False)
    return figure


def steps(values: np.ndarray, contributions: np.ndarray, columns: list[str]) -> Figure:
    """Draw a sequence, and what its steps add: one feature as a line over shaded steps, several as shaded rows.

    Args:
        values, contributions: shape (timesteps, features).
    """
    most = float(np.abs(contributions).max()) or 1.0
    single = values.shape[1] == 1
    figure, axes = new_figure(HEIGHT if single else float(np.clip(1.4 + 0.25 * values.shape[1], 2, 7)))
    low, high = (float(values.min()), float(values.max())) if single else (-0.5, values.shape[1] - 0.5)
    room = (high - low or 1.0) * 0.05 if single else 0.0
    extent = (-0.5, len(values) - 0.5, low - room, high + room)
    rows = contributions.T if single else contributions.T[::-1]
    shades = axes.imshow(rows, cmap="PuOr_r", vmin=-most, vmax=most, aspect="auto", extent=extent, alpha=0.7)
    if single:
        axes.plot(values[:, 0], color=INK, lw=1.3)
    else:
        every = max(1, math.ceil(values.shape[1] / 20))
        places = range(0, values.shape[1], every)
        axes.set_yticks(places, [short(columns[i], 14) for i in places], parse_math=False)
        axes.invert_yaxis()
    bar = figure.colorbar(shades, ax=axes)
    bar.ax.tick_params(labelsize=TEXT - 0.5, labelcolor=INK, color=PALE)
    bar.set_label("adds to the log-odds", fontsize=TEXT, color=INK)
    finish(figure, axes, "step", short(columns[0]) if single else "feature")
    axes.grid(visible=False)
    return figure


def scatter(evaluation: NumberComparison, target: int) -> Figure:
    """Draw predicted over true values."""
    truth, predicted = evaluation.truth[:, target], evaluation.predictions["model"][:, target]
    chosen = np.linspace(0, len(truth) - 1, min(len(truth), MOST_POINTS)).astype(int)
    figure, axes = new_figure(3.6)
    ends = [float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))]
    axes.plot(ends, ends, ":", color=INK, lw=1, label="perfect prediction")
    axes.plot(
        truth[chosen], predicted[chosen], "o", color=MODEL, ms=4 if len(chosen) < 500 else 2, alpha=0.6, mew=0,
        label="this model",
    )  # fmt: skip
    return finish(figure, axes, f"{evaluation.targets[target]}, true", "predicted")


def errors(evaluation: NumberComparison, target: int) -> Figure:
    """Draw a histogram of the model's errors."""
    differences = evaluation.predictions["model"][:, target] - evaluation.truth[:, target]
    figure, axes = new_figure(2.4)
    axes.hist(differences, bins=int(np.clip(math.sqrt(len(differences)), 5, 40)), color=MODEL, alpha=0.8)
    axes.axvline(0, color=GREY, lw=1, ls=":")
    return finish(figure, axes, f"error of {evaluation.targets[target]} (predicted - true)", "sequences")
