"""Translating texts on the command line."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from seqwise.cli import options

COLUMNS = ("source", "target")
OPTIONS = {
    *COLUMNS, "units", "embedding", "bidirectional", "attention", "dropout", "label_smoothing", "tokens", "vocabulary",
    "min_count", "max_length", "beam", "length_penalty", "validation", "test", "optimizer", "learning_rate", "epochs",
    "patience", "batch_size", "seed",
}  # fmt: skip
MOST_SHOWN = 20  # translations, on the screen


def make(given: dict[str, Any]) -> Any:
    from seqwise.estimators.translation.translator import Translator

    settings = {name: value for name, value in given.items() if name not in COLUMNS}
    if "units" in settings:
        settings["units"] = options.widths(settings["units"])
    if settings.get("attention") == "none":
        settings["attention"] = None
    return Translator(**settings)


def fit(translator: Any, data: str, given: dict[str, Any]) -> None:
    translator.fit(data, **_columns(given))


def shape(translator: Any, data: str, given: dict[str, Any]) -> tuple[str, list[str]]:
    story, notes = translator.shapes(data, **_columns(given))
    return str(story), notes


def notes(translator: Any) -> list[str]:
    return translator.notes_


def told(translator: Any) -> str:
    from seqwise.evaluation.translation_report import UNKNOWN

    if not translator.held_[0]:
        return UNKNOWN
    evaluation = translator.evaluate()
    texts = f"{evaluation.part}, {len(evaluation):,} text(s), {sum(map(len, evaluation.references)):,} reference(s)"
    return f"{texts}:\n{evaluation}\n\n{evaluation.verdict()[1]}"


def evaluate(translator: Any, data: str | None, folds: int | None, **columns: str) -> Any:
    from seqwise.errors import DataError, SettingError

    if folds is not None:
        raise SettingError("--folds belongs to forecasts. To score a translator on other pairs: --data FILE.")
    trained_on = translator.data_
    if trained_on is not None and Path(trained_on).exists():
        with suppress(DataError):  # changed since: then no training text can be set beside
            translator.recall(trained_on)
    return (
        translator.evaluate() if data is None else translator.evaluate(data, **_columns_of(translator, data, columns))
    )


def write_report(translator: Any, evaluation: Any, path: Path) -> None:
    from seqwise.estimators.translation.run import write_report

    write_report(translator, evaluation, path)


def predict(translator: Any, data: str | None, out: Path | None, plot: Path | None, **columns: str) -> str:
    import polars as pl

    from seqwise.data import read_texts
    from seqwise.data.text_files import TABBED, TABLES
    from seqwise.errors import SettingError

    if plot is not None:
        raise SettingError("--plot belongs to forecasts. Write the translations: --out FILE.csv.")
    if data is None:
        raise SettingError("Name the texts: --data FILE (one a line, or a table with the training's source column).")
    suffix = Path(data).suffix.lower()
    column = _columns_of(translator, data, columns).get("source")
    if suffix not in TABLES and not columns:
        column = None  # a text a line
    elif column is None:
        if suffix not in TABBED:
            raise SettingError(f"{data} is a table: name its column of texts, --source COL.")
        column = 0
    texts = read_texts(data, column=column, encoding=None)
    translations = translator.predict(texts)
    if out is not None:
        pl.DataFrame({"source": texts, "translation": translations}).write_csv(out)
        return f"wrote {out}"
    rest = len(texts) - MOST_SHOWN
    more = [f"… and {rest:,} more; --out FILE.csv writes them all"] if rest > 0 else []
    shown = zip(texts[:MOST_SHOWN], translations[:MOST_SHOWN], strict=True)
    return "\n".join([*(f"{text}  →  {translation}" for text, translation in shown), *more])


def _columns_of(translator: Any, data: str, given: dict[str, str]) -> dict[str, Any]:
    """Return the columns of another file: as they are given, or the training's where the files are of one kind."""
    if given:
        return _columns(given)
    from seqwise.data.text_pairs import PLAIN

    kinds = {Path(path).suffix.lower() in PLAIN for path in (data, translator.data_ or "")}
    return translator.columns_ if len(kinds) == 1 else {}


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    """Columns by name; a number is a position in a file without a header line."""
    found = {name: given.get(name) for name in COLUMNS}
    return {name: int(value) if value is not None and value.isdigit() else value for name, value in found.items()}
