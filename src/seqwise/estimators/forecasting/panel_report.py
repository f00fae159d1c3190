"""The report on a forecaster of many series: the pooled errors, and pictures of a few of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.data.panels import Panel
from seqwise.evaluation import ForecastComparison
from seqwise.evaluation import forecast_plots as plots
from seqwise.evaluation.report import Picture, Section, count, picture

SHOWN = 6  # series


def panel_content(
    panel: Panel, future: tuple[np.ndarray, np.ndarray] | None, comparison: ForecastComparison | None
) -> dict[str, Any]:
    """Return what `seqwise.evaluation.report.render_report` takes of many series and their forecasts.

    Args:
        future: times, (series, horizon), and forecasts, (series, horizon, 1), of what follows each series; None where
            that needs columns that are known in advance.
        comparison: of the test set; None where none was held back.
    """
    lengths = panel.lengths
    chosen = np.unique(np.linspace(0, len(panel) - 1, min(SHOWN, len(panel))).astype(int)).tolist()
    few = f" {len(chosen)} of {len(panel):,} series are drawn." if len(panel) > len(chosen) else ""
    data = (
        f"{len(panel):,} series of {panel.label}, {lengths.min():,} to {lengths.max():,} rows each, one row every "
        f"{panel.time_index.frequency}. The target: {panel.target}. One model learned from all of them."
    ).replace("every 1 ", "every ")
    title = f"Forecast of {panel.target} of {len(panel):,} series"
    content: dict[str, Any] = {"title": title, "data": data, "after": []}
    if future is not None:
        pictures = [_future(panel, s, future[0][s], future[1][s]) for s in chosen]
        content["after"] = [Section("future", "The forecast", text=few.strip(), pictures=pictures)]
    if comparison is None:
        return content
    samples, horizon, _ = comparison.truth.shape
    figure = plots.error_by_horizon(comparison)
    steps = Section("steps", "Error by step ahead", pictures=[picture(figure, "The error of each step ahead.")])
    drawn = [p for s in chosen if (p := _tested(panel, s, comparison)) is not None]
    return content | {
        "legend": (
            "Smaller is better in every column; the smallest is underlined. Errors are pooled over all series: MAE and "
            f"RMSE are in units of {panel.target}, so series of large values weigh most. MASE divides each error by "
            "its series' mean change within the training rows, and sMAPE by the size of truth and forecast: they "
            "weigh all series alike."
        ),
        "remarks": [
            f"Measured on {count(samples, 'forecast')} of {count(horizon, 'step')} from "
            f"{len(set(comparison.series)):,} series, the same for the model and for each baseline.",
            *comparison.about_intervals(),
        ],
        "sections": [Section("forecasts", "Forecast and truth", text=few.strip(), pictures=drawn), steps],
    }


def _future(panel: Panel, series: int, times: np.ndarray, forecast: np.ndarray) -> Picture:
    drawn = panel.one(series)
    alt = f"Line chart of the last rows of {drawn.label} and the forecast of what follows them."
    return picture(plots.future_plot(drawn, forecast, times, 0), alt, "", drawn.label)


def _tested(panel: Panel, series: int, comparison: ForecastComparison) -> Picture | None:
    """Draw the test set of one series; None where it has none."""
    if panel.names[series] not in comparison.series:
        return None
    part = comparison.of_series(panel.names[series])
    drawn = part.known
    alt = f"Line chart of {drawn.label} over time: what was observed, the model’s forecast and a naive forecast."
    return picture(plots.forecast_plot(part, 0, series=drawn), alt, "", drawn.label)
