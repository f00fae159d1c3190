"""Classifying, regressing and tagging sequences on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqwise.cli.columns import names
from seqwise.cli.inputs import training_file

if TYPE_CHECKING:
    from seqwise.estimators.sequences.base import SequenceEstimator
    from seqwise.evaluation.classification import ClassComparison
    from seqwise.evaluation.regression import NumberComparison

NAMED = ("group", "time", "features", "label", "text")
COLUMNS = (*NAMED, "pretrain")
MOST_SHOWN = 20  # rows, on the screen


def columns(options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `fit` that say what to read."""
    return {name: names(options.get(name)) for name in NAMED} | {"pretrain": options.get("pretrain")}


def run_columns(estimator: SequenceEstimator[Any]) -> dict[str, Any]:
    """Return the arguments of `fit` that name the columns a run was trained on."""
    return {name: getattr(estimator.source_, name) for name in NAMED}


def counted(comparison: ClassComparison | NumberComparison) -> str:
    """Return what was compared, in words."""
    return f"{len(comparison):,} {getattr(comparison, 'counted', 'sequence')}(s)"


def evaluate(estimator: SequenceEstimator[Any], data: str | None) -> Any:
    if data is not None:
        return estimator.evaluate(data)
    estimator.recall(training_file(estimator))
    return estimator.evaluate()


def predict(estimator: SequenceEstimator[Any], data: str | None, out: Path | None) -> str:
    import polars as pl

    from seqwise.artifact import replaced_file
    from seqwise.errors import SettingError

    if data is None:
        raise SettingError(
            "Name the sequences: --data FILE (.ts, a table with the training's columns, or a text a line)."
        )
    table = pl.DataFrame(estimator.prediction_columns(data))
    if out is not None:
        with replaced_file(out) as file:
            table.write_csv(file)
        return f"wrote {out}"
    if "probability" in table.columns:  # the file has the probability of each class
        table = table.select(table.columns[: table.columns.index("probability") + 1])
    plain: Any = {"tbl_hide_dataframe_shape": True, "tbl_hide_column_data_types": True, "float_precision": 4}
    with pl.Config(tbl_rows=MOST_SHOWN, tbl_cols=9, **plain):
        rest = len(table) - MOST_SHOWN
        more = f"\n… and {rest:,} more; --out FILE.csv writes them all" if rest > 0 else ""
        return str(table.head(MOST_SHOWN)) + more
