"""Metrics, a model beside its baselines, backtest, plots and the report."""

from seqwise.evaluation.backtest import Backtest, backtest
from seqwise.evaluation.comparison import UNMEASURED, Comparison, Verdict
from seqwise.evaluation.forecasts import ForecastComparison, compare_forecasts

__all__ = [
    "UNMEASURED", "Backtest", "Comparison", "ForecastComparison", "Verdict", "backtest", "compare_forecasts",
]  # fmt: skip
