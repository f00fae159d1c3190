"""Classifying, regressing and tagging sequences on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqwise.cli.columns import names

COLUMNS = ("group", "time", "features", "label", "text")
MOST_SHOWN = 20  # rows, on the screen


def columns(options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `fit` that name columns."""
    return {name: names(options.get(name)) for name in COLUMNS}


def run_columns(estimator: Any) -> dict[str, Any]:
    """Return the arguments of `fit` that name the columns a run was trained on."""
    return {name: getattr(estimator.source_, name) for name in COLUMNS}


def run_file(estimator: Any) -> str | None:
    """Return the file that a run was trained on; None for data in memory."""
    return estimator.source_.path


def counted(comparison: Any) -> str:
    """Return what was compared, in words."""
    return f"{len(comparison):,} {getattr(comparison, 'counted', 'sequence')}(s)"


def evaluate(estimator: Any, data: str | None, folds: int | None) -> Any:
    from seqwise.errors import DataError, SettingError

    if folds is not None:
        raise SettingError("--folds belongs to forecasts. For sequences: scikit-learn's cross_val_score, in Python.")
    if data is not None:
        return estimator.evaluate(data)
    path = estimator.source_.path
    if path is None:
        raise DataError("This run was trained on data in memory. Name a file: --data FILE.")
    if not Path(path).exists():
        raise DataError(f"The training file {path!r} is no longer there. Name a file: --data FILE.")
    estimator.recall(path)
    return estimator.evaluate()


def predict(estimator: Any, data: str | None, out: Path | None, plot: Path | None) -> str:
    import polars as pl

    from seqwise.errors import SettingError

    if plot is not None:
        raise SettingError("--plot belongs to forecasts. Write the predictions: --out FILE.csv.")
    if data is None:
        raise SettingError(
            "Name the sequences: --data FILE (.ts, a table with the training's columns, or a text a line)."
        )
    table = pl.DataFrame(estimator.prediction_columns(data))
    if out is not None:
        table.write_csv(out)
        return f"wrote {out}"
    if "probability" in table.columns:  # the file has the probability of each class
        table = table.select(table.columns[: table.columns.index("probability") + 1])
    plain: Any = {"tbl_hide_dataframe_shape": True, "tbl_hide_column_data_types": True, "float_precision": 4}
    with pl.Config(tbl_rows=MOST_SHOWN, tbl_cols=9, **plain):
        rest = len(table) - MOST_SHOWN
        more = f"\n… and {rest:,} more; --out FILE.csv writes them all" if rest > 0 else ""
        return str(table.head(MOST_SHOWN)) + more
