"""The report: honest in words, right in figures, safe and complete in one file."""

from __future__ import annotations

import base64
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from matplotlib.patches import Rectangle

from seqwise.data import make_series
from seqwise.estimators.forecasting.report import report_content
from seqwise.evaluation import ForecastComparison, compare_forecasts, figures
from seqwise.evaluation import forecast_plots as plots
from seqwise.evaluation.metrics import METRICS
from seqwise.evaluation.report import render_report, write_report
from seqwise.training import Training

HISTORY = {"loss": [0.9, 0.4, 0.2, 0.1, 0.05], "val_loss": [1.0, 0.5, 0.3, 0.31, 0.32]}
NASTY = ["<b>x</b>", "cost $ in $^ & co", "c" * 90]


class Page(HTMLParser):
    """What a reader and a browser find in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if not self.tags or self.tags[-1][0] != "style":
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def monthly(rows=120, horizon=6, origins=None, noise=1.0, seed=0):
    """Return a seasonal monthly series and an evaluation of truth plus noise over its last 24 rows."""
    rng = np.random.default_rng(seed)
    t = np.arange(rows)
    values = 100 + t + 20 * np.sin(2 * np.pi * t / 12) + rng.normal(size=rows)
    months = np.datetime64("2001-01", "M") + t
    series = make_series(
        pl.DataFrame({"month": months.astype("M8[us]"), "sales": values}), time="month", target="sales"
    )
    starts = np.arange(rows - 24, rows - horizon + 1) if origins is None else np.asarray(origins)
    truth = series.values[starts[:, None] + np.arange(horizon), :1]
    forecast = truth + rng.normal(size=truth.shape) * noise
    return series, compare_forecasts(series, starts, forecast, season=12, fit_rows=rows - 24)


def nasty(horizon=1):
    """Three targets with difficult names and NaN truths, on an integer time index of step 5."""
    rng = np.random.default_rng(1)
    t = np.arange(200)
    columns = [np.sin(t / 3) * 5e4 + 2e5, rng.normal(size=200).cumsum() * 1e-5, rng.normal(size=200)]
    columns[0][150:160] = np.nan
    columns[0][162] = np.nan
    columns[1][40] = np.nan
    table = pl.DataFrame({"k": t * 5} | dict(zip(NASTY, columns, strict=True)))
    series = make_series(table, time="k", target=NASTY)
    origins = np.arange(140, 200 - horizon + 1)
    filled = series.values[origins[:, None] + np.arange(horizon), :3]
    return series, compare_forecasts(series, origins, filled * 1.01, season=1, fit_rows=140)


def render(series, evaluation, future=None, **changes):
    horizon = 6 if evaluation is None else evaluation.truth.shape[1]
    ahead = series.time_index.at(np.arange(len(series), len(series) + horizon))
    future = future or (ahead, series.values[-horizon:, : series.targets])
    content = {
        "title": "A report",
        "summary": "input   (samples, timesteps, features) = (73, 24, 1)\n  sales <past>",
        "settings": {"window": 24, "units": (64,), "optimizer": "adam"},
        "notes": series.warnings,
        "comparison": evaluation,
        "training": Training(HISTORY, 2.5, 3),
        "loss": "measured in the scaled units that the model sees",
    }
    return render_report(**report_content(series, future, evaluation) | content | changes)


def with_mae(evaluation: ForecastComparison, **mae: float) -> ForecastComparison:
    return replace(evaluation, scores={name: {**s, "mae": mae[name]} for name, s in evaluation.scores.items()})


def pictures(page: Page) -> list[bytes]:
    found = []
    for image in page.all("img"):
        assert image["alt"]
        kind, _, code = str(image["src"]).partition(",")
        assert kind == "data:image/png;base64"
        found.append(base64.b64decode(code, validate=True))
    return found


def test_the_page_stands_alone():
    html = render(*monthly())
    page = Page(html)
    images = pictures(page)
    assert len(images) == 5  # comparison, forecast, steps, learning curve, future
    for data, attrs in zip(images, page.all("img"), strict=True):
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert data.endswith(b"IEND\xaeB`\x82")
        size = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        assert size == (int(str(attrs["width"])), int(str(attrs["height"])))
    assert not page.all("script")
    assert not page.all("link")
    assert "http://" not in html
    assert "https://" not in html
    assert "@import" not in html
    assert "url(" not in html


def test_the_table_holds_the_evaluations_figures():
    series, evaluation = monthly()
    html = render(series, evaluation)
    table = html[html.index('<table class="scores">') : html.index("</table>")]
    cells = [float(str(cell["value"])) for cell in Page(table).all("data")]
    order = ["model", "naive", "seasonal_naive", "ets"]
    assert cells == [evaluation.scores[name][metric] for name in order for metric in METRICS]
    written = [float(text) for text in Page(table).text.split() if text.replace(".", "").isdigit()]
    np.testing.assert_allclose(written[: len(cells)], cells, rtol=6e-4)


def test_the_smallest_figure_of_each_column_is_marked():
    series, evaluation = monthly()
    html = render(series, evaluation)
    marked = {float(str(cell["value"])) for cell in Page(html).all("data") if cell.get("class") == "best"}
    assert marked == {min(s[metric] for s in evaluation.scores.values()) for metric in METRICS}


def test_the_forecast_table_holds_times_and_values():
    series, evaluation = monthly()
    values = np.array([[1.5], [2.25], [-3.0], [1234.5], [5.0], [6.0]])
    ahead = series.time_index.at(np.arange(len(series), len(series) + 6))
    html = render(series, evaluation, future=(ahead, values))
    table = Page(html[html.index('<table class="future">') :].partition("</table>")[0])
    assert [float(str(cell["value"])) for cell in table.all("data")] == values[:, 0].tolist()
    assert "2011-01-01 2 2011-02-01 2 2011-03-01 -3 2011-04-01 1,234" in table.text


def test_a_long_forecast_is_cut_and_says_so():
    series, _ = monthly()
    ahead = series.time_index.at(np.arange(len(series), len(series) + 30))
    page = Page(render(series, None, future=(ahead, np.arange(30.0)[:, None])))
    assert len(page.all("data")) == 12
    assert "The first 12 of 30 steps after the data end." in page.text


@pytest.mark.parametrize(
    ("mae", "verdict", "sentence"),
    [
        (
            {"model": 15.0, "naive": 40.0, "seasonal_naive": 20.0, "ets": 25.0},
            "win",
            "The model beats the best baseline: on the test set its mean absolute error is 15.00, 25 % less than the "
            "20.00 of the best baseline, “last season”.",
        ),
        (
            {"model": 30.0, "naive": 40.0, "seasonal_naive": 45.0, "ets": 25.0},
            "loss",
            "The model does not beat the best baseline: on the test set its mean absolute error is 30.00, 20 % more "
            "than the 25.00 of the best baseline, “exponential smoothing”. As it stands, that baseline is the better "
            "forecast.",
        ),
        (
            {"model": 25.1, "naive": 25.0, "seasonal_naive": 45.0, "ets": float("nan")},
            "level",
            "The model is no better and no worse than the best baseline: on the test set its mean absolute error is "
            "25.10, beside the 25.00 of the best baseline, “last value”.",
        ),
        (
            {"model": 1.0, "naive": 0.0, "seasonal_naive": 0.0, "ets": 0.0},
            "loss",
            "The model does not beat the best baseline: on the test set its mean absolute error is 1.000, more than "
            "the 0.000 of the best baseline, “last value”. As it stands, that baseline is the better forecast.",
        ),
    ],
)
def test_the_headline_says_who_wins(mae, verdict, sentence):
    series, evaluation = monthly()
    evaluation = with_mae(evaluation, **mae)
    assert evaluation.verdict() == (verdict, sentence)
    page = Page(render(series, evaluation))
    assert sentence in page.text
    assert any(attrs.get("class") == f"headline {verdict}" for attrs in page.all("p"))


def test_the_headline_follows_the_forecasts():
    assert monthly(noise=0.1)[1].verdict().outcome == "win"
    assert monthly(noise=300.0)[1].verdict().outcome == "loss"


def test_figures_that_cannot_be_had_are_not_claimed():
    series, evaluation = monthly()
    nothing = {"model": float("nan"), "naive": 1.0, "seasonal_naive": 1.0, "ets": 1.0}
    verdict, sentence = with_mae(evaluation, **nothing).verdict()
    assert verdict == "unknown"
    assert sentence.endswith("a target has no observed value there.")
    broken = {**evaluation.forecasts, "model": np.full_like(evaluation.truth, np.nan)}
    hollow = replace(with_mae(evaluation, **nothing), forecasts=broken)
    assert hollow.verdict().sentence.endswith("its forecasts hold NaN or infinity.")
    assert "–" in Page(render(series, hollow)).text


def test_without_a_test_part():
    series, _ = monthly()
    html = render(series, None)
    page = Page(html)
    assert "nothing was held out" in page.text
    assert len(pictures(page)) == 2  # learning curve and future
    assert "Comparison" not in page.text
    assert "Forecast and truth" not in page.text


def test_an_interrupted_training():
    page = Page(render(*monthly(), training=Training()))
    assert "before its first epoch was finished" in page.text
    assert len(pictures(page)) == 4


def test_names_and_texts_are_escaped():
    series, evaluation = nasty()
    html = render(
        replace(series, warnings=["<i>a note</i>"]),
        evaluation,
        title="<script>alert(1)</script>",
        settings={"<u>": "</table>"},
    )
    page = Page(html)
    assert not any(page.all(tag) for tag in ("script", "b", "i", "u"))
    for text in ("<script>alert(1)</script>", "<b>x</b>", "<i>a note</i>", "<u>", "</table>", "sales <past>", NASTY[1]):
        assert text in page.text
    assert any("<b>x</b>" in str(image["alt"]) for image in page.all("img"))


def test_the_summary_keeps_its_lines():
    page = Page(render(*monthly()))
    assert "input   (samples, timesteps, features) = (73, 24, 1)\n  sales <past>" in page.texts


def test_data_and_notes_are_told():
    series, evaluation = nasty()
    page = Page(render(series, evaluation))
    assert len(page.all("li")) == len(series.warnings) == 2
    assert "200 rows of" in page.text
    assert "one row every 5 steps, from 0 to 995" in page.text
    assert "Nothing had to be repaired" not in page.text
    assert "% of the values were observed; only these count." in page.text
    assert len(pictures(page)) == 9  # three targets: 3 forecasts, 3 futures, and comparison, steps, learning curve


def test_many_targets_are_drawn_in_part():
    table = pl.DataFrame({f"t{j}": np.sin(np.arange(60.0) + j) for j in range(7)})
    series = make_series(table, target=table.columns)
    html = render(series, None, future=(np.arange(60, 62), np.zeros((2, 7))), training=Training())
    assert len(pictures(Page(html))) == 6
    assert "The first 6 of 7 targets are drawn." in html


def test_write_report_writes_what_is_rendered(tmp_path):
    series, evaluation = monthly()
    content = report_content(series, (evaluation.times[-1], evaluation.truth[-1]), None) | {
        "title": "Größe", "summary": "", "notes": [], "settings": {}, "comparison": None, "training": Training(),
        "loss": "",
    }  # fmt: skip
    write_report(tmp_path / "report.html", **content)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render_report(**content)


def bars(evaluation):
    values = {evaluation.names[key]: scores["mae"] for key, scores in evaluation.scores.items()}
    return figures.bars(values, "this model", "MAE", smaller=True)


def drawn_figures(series, evaluation):
    last = evaluation.forecasts["model"][-1]
    ahead = series.time_index.at(np.arange(len(series), len(series) + len(last)))
    return {
        "learning": figures.learning_curve(HISTORY, 3),
        "error": plots.error_by_horizon(evaluation),
        "comparison": bars(evaluation),
        **{f"forecast {j}": plots.forecast_plot(evaluation, j, series=series) for j in range(series.targets)},
        **{f"future {j}": plots.future_plot(series, last, ahead, j) for j in range(series.targets)},
    }


@pytest.mark.parametrize("case", [monthly, nasty, lambda: nasty(horizon=7), lambda: monthly(horizon=1)])
def test_every_figure_names_its_axes(case):
    series, evaluation = case()
    for name, figure in drawn_figures(series, evaluation).items():
        (axes,) = figure.axes
        assert axes.get_xlabel(), name
        assert axes.get_ylabel(), name
        assert figures.png(figure).startswith(b"\x89PNG"), name


def test_axes_say_what_they_count():
    drawn = drawn_figures(*monthly())
    assert drawn["forecast 0"].axes[0].get_ylabel() == "sales"
    assert drawn["forecast 0"].axes[0].get_xlabel() == "month (one row: 1 month)"
    assert drawn["learning"].axes[0].get_ylabel() == "loss (scaled units)"
    assert drawn["error"].axes[0].get_ylabel() == "MAE (sales)"
    assert drawn_figures(*nasty())["future 1"].axes[0].get_xlabel() == "k (one row: 5 steps)"


def line(figure, label):
    return next(it for it in figure.axes[0].lines if it.get_label() == label)


def test_forecasts_tile_the_end_and_missing_truth_leaves_a_gap():
    series, evaluation = monthly(horizon=6)
    figure = plots.forecast_plot(evaluation, 0, series=series)
    drawn = np.asarray(line(figure, "this model").get_ydata(), dtype=float)
    expected = evaluation.forecasts["model"][[0, 6, 12, 18], :, 0]  # of 19 origins, those that do not overlap
    np.testing.assert_array_equal(drawn[np.isfinite(drawn)], expected.ravel())
    series, evaluation = nasty()
    figure = plots.forecast_plot(evaluation, 0, series=series)
    assert np.isnan(np.asarray(line(figure, "observed").get_ydata(), dtype=float)).sum() == 11


def test_tiles_never_overlap_and_end_with_the_last():
    rng = np.random.default_rng(0)
    for horizon in (1, 3, 24, 168, 1000):
        origins = np.sort(rng.choice(5000, 900, replace=False))
        chosen = origins[plots.tiles(origins, horizon)]
        assert chosen[-1] == origins[-1]
        assert (np.diff(chosen) >= horizon).all()
        assert len(chosen) == 1 or chosen[-1] + horizon - chosen[0] <= plots.MOST_SHOWN


def test_the_kept_epoch_is_marked_and_the_scale_is_logarithmic_when_it_helps():
    figure = figures.learning_curve(HISTORY, 3)
    mark = line(figure, "kept: epoch 3")
    assert np.asarray(mark.get_xydata()).tolist() == [[3, 0.3]]  # of the validation loss
    assert figure.axes[0].get_yscale() == "log"
    assert figures.learning_curve({"loss": [0.5, 0.4]}, 2).axes[0].get_yscale() == "linear"
    assert figures.learning_curve({"loss": [float("nan")] * 2}, 1).axes


def test_one_step_is_drawn_as_bars_and_figures_are_written():
    _, evaluation = monthly(horizon=1)
    axes = plots.error_by_horizon(evaluation).axes[0]
    lengths = {bar.get_bbox().width for bar in axes.patches if isinstance(bar, Rectangle)}
    assert lengths == {scores["mae"] for scores in evaluation.scores.values()}
    axes = bars(evaluation).axes[0]
    written = {text.get_text() for text in axes.texts}
    assert written == {figures.readable(s["mae"]) for s in evaluation.scores.values()}


def test_pyplot_is_not_used(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # importing it now fails
    for figure in drawn_figures(*monthly()).values():
        figures.png(figure)
