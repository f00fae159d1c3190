"""Metrics, baselines, backtest, plots and the report."""

from seqwise.evaluation.backtest import Backtest, backtest
from seqwise.evaluation.evaluation import Evaluation, evaluate, format_scores

__all__ = ["Backtest", "Evaluation", "backtest", "evaluate", "format_scores"]
