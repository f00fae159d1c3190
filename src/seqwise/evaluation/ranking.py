"""Several forecasts of the same rows in one table, and which differences are more than chance."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqwise.evaluation.comparison import plain
from seqwise.evaluation.forecasts import COLUMNS


@dataclass(frozen=True)
class Ranking:
    """Forecasts from the same origins, the best first.

    Attributes:
        scores: those of each forecast, by its key, best first.
        names: how a table calls them.
        p_values: for each but the first, how likely a difference from the first one as large as this would be if both
            were equally good; NaN where the origins are too few to tell.
        metric: that orders them. windows: how many forecasts were scored.
        notes: what was chosen and why, one sentence each.
    """

    scores: dict[str, dict[str, float]]
    names: dict[str, str]
    p_values: dict[str, float]
    metric: str
    windows: int
    notes: list[str] = field(default_factory=list[str])

    @property
    def best(self) -> str:
        """The key of the best forecast."""
        return next(iter(self.scores))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        p_values = {name: p if math.isfinite(p) else None for name, p in self.p_values.items()}
        return {"metric": self.metric, "windows": self.windows, "scores": plain(self.scores), "p_values": p_values}

    def _rows(self) -> list[list[str]]:
        rows = [["", *(column.title for column in COLUMNS), "p"]]
        for name, values in self.scores.items():
            p = self.p_values.get(name, math.nan)
            cells = [column.text(values[column.name]) for column in COLUMNS]
            rows.append([self.names[name], *cells, "best" if name == self.best else f"{p:.3f}" if p == p else "–"])
        return rows

    def _sentence(self) -> str:
        title = next(column.title for column in COLUMNS if column.name == self.metric)
        return (
            f"{self.windows:,} forecasts, ordered by {title.split()[0]}. p: how likely a difference from the best as "
            "large as this is by chance (Diebold–Mariano)."
        )

    def __str__(self) -> str:
        rows = self._rows()
        width = max(24, *(len(row[0]) + 2 for row in rows))
        lines = [f"{row[0]:{width}}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows]
        return "\n".join([*lines, self._sentence(), *self.notes])

    def _repr_html_(self) -> str:
        head, *rows = [[html.escape(cell) for cell in row] for row in self._rows()]
        body = "".join(f"<tr><th>{row[0]}</th>{''.join(f'<td>{c}</td>' for c in row[1:])}</tr>" for row in rows)
        after = "".join(f"<p>{html.escape(text)}</p>" for text in (self._sentence(), *self.notes))
        return f"<table><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>{body}</table>{after}"


def rank(
    truth: np.ndarray,
    forecasts: dict[str, np.ndarray],
    scores: dict[str, dict[str, float]],
    names: dict[str, str],
    *,
    metric: str = "mae",
    series: list[Any] | None = None,
    notes: list[str] | None = None,
) -> Ranking:
    """Order forecasts by a metric and test each against the best.

    Args:
        truth: shape (samples, horizon, targets), NaN where nothing was observed; origins ascending, within each series.
        forecasts: by key, of the same shape. scores: by key; see `seqwise.evaluation.metrics.score`.
        series: with many series, the name of each sample's: then a series counts once.
    """
    order = sorted(scores, key=lambda name: (not math.isfinite(scores[name][metric]), scores[name][metric]))
    losses = {name: _losses(truth, forecasts[name], squared=metric == "rmse") for name in order}
    p_values: dict[str, float] = {}
    for name in order[1:]:
        difference = losses[name] - losses[order[0]]
        overlap = truth.shape[1]
        if series:
            _, number = np.unique(np.array(series, dtype=str), return_inverse=True)
            seen = ~np.isnan(difference)
            counts = np.bincount(number[seen])
            difference = (np.bincount(number[seen], difference[seen])[counts > 0]) / counts[counts > 0]
            overlap = 1
        p_values[name] = diebold_mariano(difference[~np.isnan(difference)], overlap)
    return Ranking({name: scores[name] for name in order}, names, p_values, metric, len(truth), notes or [])


def _losses(truth: np.ndarray, forecast: np.ndarray, *, squared: bool) -> np.ndarray:
    """Return each origin's mean error, each target in units of its spread; NaN where nothing was observed."""
    error = truth - forecast
    size = error**2 if squared else np.abs(error)
    spread = np.nanstd(truth, axis=(0, 1))
    size = size / np.where(spread > 0, spread, 1.0) ** (2 if squared else 1)
    seen = ~np.isnan(size)
    count = seen.sum(axis=(1, 2))
    total = np.where(seen, size, 0).sum(axis=(1, 2))
    return np.divide(total, count, out=np.full(len(size), np.nan), where=count > 0)


def diebold_mariano(difference: np.ndarray, horizon: int) -> float:
    """Return the two-sided p-value of the hypothesis that the mean difference of two forecasts' losses is 0.

    The test of Diebold & Mariano (1995): forecasts of `horizon` steps from successive origins overlap, so the variance
    of the mean is that of Newey & West (1987) with ``horizon - 1`` lags; compared with Student's t, after Harvey,
    Leybourne & Newbold (1997).

    Args:
        difference: shape (origins,), in the origins' order.
    """
    n = len(difference)
    if n < max(8, 2 * horizon):
        return math.nan
    centred = difference - difference.mean()
    variance = float(centred @ centred) / n
    for lag in range(1, horizon):
        variance += 2 * (1 - lag / horizon) * float(centred[lag:] @ centred[:-lag]) / n
    if variance <= 0:
        return math.nan
    from scipy import stats

    return float(2 * stats.t.sf(abs(difference.mean()) / math.sqrt(variance / n), n - 1))
