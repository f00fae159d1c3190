"""What classifying, regressing and tagging sequences share on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqwise.cli import options

COLUMNS = ("group", "time", "features", "label", "text")
TOKENIZER = {"tokens": "kind", "vocabulary": "size", "min_count": "min_count"}  # its settings
OPTIONS = {
    *COLUMNS, *TOKENIZER, "embedding", "vectors", "frozen", "units", "bidirectional", "dropout", "pooling", "scaler",
    "validation", "test", "optimizer", "learning_rate", "epochs", "patience", "batch_size", "seed",
}  # fmt: skip
MOST_SHOWN = 20  # rows, on the screen


def settings(given: dict[str, Any]) -> dict[str, Any]:
    """Return the estimator's settings among the options given."""
    found = {name: value for name, value in given.items() if name not in (*COLUMNS, *TOKENIZER)}
    tokenizer = {setting: given[name] for name, setting in TOKENIZER.items() if name in given}
    if "units" in found:
        found["units"] = options.widths(found["units"])
    return found | {"tokenizer": tokenizer} if tokenizer else found


def fit(estimator: Any, data: str, given: dict[str, Any]) -> None:
    estimator.fit(data, **_columns(given))


def shape(estimator: Any, data: str, given: dict[str, Any]) -> tuple[str, list[str]]:
    story, notes = estimator.shapes(data, **_columns(given))
    return str(story), notes


def notes(estimator: Any) -> list[str]:
    return estimator.notes_


def told(estimator: Any) -> str:
    """Return the scores on what was held back, and one sentence that says what they mean."""
    from seqwise.errors import DataError
    from seqwise.evaluation.verdict import verdict

    try:
        evaluation = estimator.evaluate()
    except DataError:  # nothing was held back
        return verdict(None)[1]
    counted = getattr(evaluation, "counted", "sequence")
    return f"{evaluation.part}, {len(evaluation):,} {counted}(s):\n{evaluation}\n\n{verdict(evaluation)[1]}"


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


def write_report(estimator: Any, evaluation: Any, path: Path) -> None:
    from seqwise.estimators.sequences.run import write_report

    write_report(estimator, evaluation, path)


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
    if "probability" in table.columns:  # the answer; the file has the probability of each class
        table = table.select(table.columns[: table.columns.index("probability") + 1])
    plain: Any = {"tbl_hide_dataframe_shape": True, "tbl_hide_column_data_types": True, "float_precision": 4}
    with pl.Config(tbl_rows=MOST_SHOWN, tbl_cols=9, **plain):
        rest = len(table) - MOST_SHOWN
        more = f"\n… and {rest:,} more; --out FILE.csv writes them all" if rest > 0 else ""
        return str(table.head(MOST_SHOWN)) + more


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    return {name: options.names(given.get(name)) for name in COLUMNS}
