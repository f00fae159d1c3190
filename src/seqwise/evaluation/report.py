"""The report of a training: one HTML file that needs nothing else, with its pictures inside."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.data import TimeSeries
from seqwise.evaluation import plots
from seqwise.evaluation.evaluation import NAMES, Evaluation
from seqwise.evaluation.figures import readable
from seqwise.evaluation.metrics import METRICS
from seqwise.evaluation.page import cell, count, percent, picture, render, settings_part, training_part

TEMPLATE = "report.html.j2"
MOST_TARGETS = 6  # that get pictures
MOST_ROWS = 12  # of the forecast's table
LEVEL = 0.005  # a difference in MAE below half a percent is none


def write_report(path: str | Path, **content: Any) -> None:
    """Write `render_report` of the same arguments to `path`, as UTF-8."""
    Path(path).write_text(render_report(**content), encoding="utf-8", errors="replace")


def render_report(
    *,
    title: str,
    story: str,
    notes: list[str],
    settings: dict[str, Any],
    evaluation: Evaluation | None,
    series: TimeSeries,
    history: dict[str, list[float]],
    best_epoch: int,
    seconds: float,
    future: tuple[np.ndarray, np.ndarray],
) -> str:
    """Return the report as HTML.

    Args:
        story: the shapes in words, preformatted text.
        notes: what was found in the data and mended, one sentence each.
        settings: name → value, as the user gave them.
        evaluation: of the test part; None where none was held back.
        series: the whole series, whose rows the evaluation's origins count.
        history: ``"loss"`` and maybe ``"val_loss"``, one value an epoch.
        best_epoch: the epoch, counted from 1, whose weights were kept.
        seconds: that the training took.
        future: times, shape (horizon,), and forecast, shape (horizon, targets), of what follows the series.
    """
    verdict, sentence = headline(evaluation)
    shown = range(min(series.targets, MOST_TARGETS))
    untold = f"The first {MOST_TARGETS} of {series.targets} targets are drawn." if series.targets > MOST_TARGETS else ""
    page: dict[str, Any] = {
        "title": title,
        "verdict": verdict,
        "headline": sentence,
        "remarks": _remarks(evaluation),
        "data": _data(series),
        "notes": notes,
        "story": story,
        "comparison": None,
        "untold": untold,
        "future": _future(series, *future, shown),
        "settings": settings_part(settings),
    } | training_part(history, best_epoch, seconds, "The loss is measured in the scaled units that the model sees.")
    if evaluation is not None:
        page["comparison"] = _comparison(evaluation)
        page["forecasts"] = [_forecast(evaluation, target, series) for target in shown]
        page["steps"] = _steps(evaluation)
        page["starts"] = (
            "Each is one step ahead of the last value that it knows."
            if evaluation.truth.shape[1] == 1
            else "Each starts from what was known at its grey line and never sees the truth after it."
        )
    return render(TEMPLATE, page)


def headline(evaluation: Evaluation | None) -> tuple[str, str]:
    """Say in one sentence whether the model beats the best baseline by MAE.

    Returns:
        ``"win"``, ``"loss"``, ``"level"`` or ``"unknown"``, and the sentence.
    """
    if evaluation is None:
        return "unknown", (
            "How good this model is was not measured: no test part was held back. Train with test=0.1 to find out."
        )
    mae = evaluation.metrics["mae"]
    known = {name: s["mae"] for name, s in evaluation.baselines.items() if math.isfinite(s["mae"])}
    if not math.isfinite(mae) or not known:
        broken = not np.isfinite(evaluation.forecasts["model"]).all()
        why = "its forecasts hold values that are not numbers" if broken else "a target has no observed value there"
        return "unknown", f"How good this model is cannot be said from the test part: {why}."
    best = min(known, key=lambda name: known[name])
    of = f"of the best baseline, “{NAMES[best]}”"
    if evaluation.season == 1 and best == "seasonal_naive":
        of = f"of the best baseline, “{NAMES['naive']}”"  # without a season the two are the same
    difference = abs(mae - known[best])
    if difference <= LEVEL * known[best]:
        return "level", (
            f"The model is no better and no worse than the best baseline: on the test part its mean absolute error is "
            f"{readable(mae)}, beside the {readable(known[best])} {of}."
        )
    share = f", {percent(difference / known[best])} %" if known[best] else ","
    if mae < known[best]:
        return "win", (
            f"The model beats the best baseline: on the test part its mean absolute error is {readable(mae)}{share} "
            f"less than the {readable(known[best])} {of}."
        )
    return "loss", (
        f"The model does not beat the best baseline: on the test part its mean absolute error is {readable(mae)}"
        f"{share} more than the {readable(known[best])} {of}. As it stands, that baseline is the better forecast."
    )


def _remarks(evaluation: Evaluation | None) -> list[str]:
    if evaluation is None:
        return []
    samples, horizon, targets = evaluation.truth.shape
    first, last = _when(np.array([evaluation.times[0, 0], evaluation.times[-1, -1]]))
    seen = np.isfinite(evaluation.truth).mean()
    remarks = [
        f"Measured on {count(samples, 'forecast')} of {count(horizon, 'step')} ({first} to {last}), the same for the "
        "model and for each baseline."
        + (f" {percent(float(seen))} % of the values were observed; only these count." if seen < 1 else "")
    ]
    if samples == 1:
        remarks.append("One forecast is a small test; a backtest over several folds says more.")
    if targets > 1:
        remarks.append(
            f"With {targets} targets the figure is the mean over them, so targets of large values weigh most; "
            "MASE has no unit and weighs them alike."
        )
    return remarks


def _data(series: TimeSeries) -> str:
    first, last = _when(series.time_index.at(np.array([0, len(series) - 1])))
    inputs = series.columns[series.targets :]
    kind = "target" if series.targets == 1 else "targets"
    return (
        f"{len(series):,} rows of {series.label}, one row every {series.time_index.frequency}, from {first} to {last}. "
        f"The {kind}: {', '.join(series.target_names)}. "
        + (
            f"Further inputs: {', '.join(inputs)}."
            if inputs
            else f"The model reads nothing but {'its' if series.targets == 1 else 'their'} own past."
        )
    ).replace("every 1 ", "every ")


def _comparison(evaluation: Evaluation) -> dict[str, Any]:
    scores = evaluation.scores
    least = {m: min((s[m] for s in scores.values() if math.isfinite(s[m])), default=math.nan) for m in METRICS}
    rows = [
        {
            "name": NAMES[name],
            "model": name == "model",
            "cells": [cell(values[m], readable(values[m])) | {"best": values[m] == least[m]} for m in METRICS],
        }
        for name, values in sorted(scores.items(), key=lambda item: item[0] != "model")
    ]
    single = len(evaluation.targets) == 1
    alt = "Bar chart of the mean absolute error: " + _listed(
        (name, s["mae"]) for name, s in sorted(scores.items(), key=lambda item: item[1]["mae"])
    )
    return {
        "rows": rows,
        "units": f"the units of {evaluation.targets[0]}" if single else "each target's own units, then averaged",
        "mase": "the last season’s repetition" if evaluation.season > 1 else "the last value’s repetition",
        "season": f" One season is {evaluation.season:,} rows."
        if evaluation.season > 1
        else " No season was found, so “last season” is the same as “last value”.",
        "picture": picture(plots.comparison(scores), alt),
    }


def _forecast(evaluation: Evaluation, target: int, series: TimeSeries) -> dict[str, Any]:
    truth = evaluation.truth[:, :, target]
    seen = np.isfinite(truth)
    errors = [
        (name, float(np.abs(truth - f[:, :, target])[seen].mean()) if seen.any() else math.nan)
        for name, f in evaluation.forecasts.items()
    ]
    name = evaluation.targets[target]
    alt = f"Line chart of {name} over time: what was observed, the model’s forecast and a naive forecast."
    figure = plots.forecast_plot(evaluation, target, series=series)
    caption = ""  # of a single target the table says it all
    if len(evaluation.targets) > 1:
        caption = f"MAE over the whole test part: {_listed(errors)}" if seen.any() else "Nothing was observed here."
    return picture(figure, alt, caption) | {"name": name}


def _steps(evaluation: Evaluation) -> dict[str, Any]:
    if evaluation.truth.shape[1] == 1:
        return picture(plots.error_by_horizon(evaluation), "Bar chart of the mean absolute error, one step ahead.")
    alt = "Line chart of the mean absolute error of each step ahead, for the model and the baselines."
    caption = "Forecasts far ahead are usually harder; a good model stays below the baselines all the way."
    return picture(plots.error_by_horizon(evaluation), alt, caption)


def _future(series: TimeSeries, times: np.ndarray, forecast: np.ndarray, shown: range) -> dict[str, Any]:
    stamps = _when(times)[:MOST_ROWS]
    digits = [_digits(forecast[:, j]) for j in range(series.targets)]
    rows = [
        {"time": stamp, "cells": [cell(v, f"{v:,.{digits[j]}f}") for j, v in enumerate(forecast[i].tolist())]}
        for i, stamp in enumerate(stamps)
    ]
    many = len(times) > MOST_ROWS
    caption = f"The first {MOST_ROWS} of {len(times):,} steps after the data end." if many else "After the data end."
    drawn = [
        picture(
            plots.future_plot(series, forecast, times, target),
            f"Line chart of the last rows of {series.target_names[target]} and the forecast of what follows them.",
        )
        for target in shown
    ]
    time = series.time if isinstance(series.time, str) else "step" if series.time_index.unit == "i" else "time"
    return {"time": time, "names": series.target_names, "rows": rows, "caption": caption, "pictures": drawn}


def _digits(values: np.ndarray) -> int:
    """Return how many decimals show four significant digits of the largest value."""
    largest = float(np.nanmax(np.abs(values), initial=0))
    if largest == 0 or not math.isfinite(largest):
        return 2
    return int(np.clip(3 - math.floor(math.log10(largest)), 0, 12))


def _listed(pairs: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{NAMES[name]} {readable(value)}" for name, value in pairs) + "."


def _when(times: np.ndarray) -> list[str]:
    """Write times, shape (n,), no finer than they need to be: dates alone where all are at midnight."""
    if times.dtype.kind != "M":
        return [str(time) for time in times.tolist()]
    finest = next((u for u in ("D", "m", "s") if (times.astype(f"M8[{u}]") == times).all()), "us")
    return [text.replace("T", " ") for text in times.astype(f"M8[{finest}]").astype(str).tolist()]
