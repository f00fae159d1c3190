"""Translating texts on the command line."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqwise.estimators.translation.translator import Translator
    from seqwise.evaluation.translation import TranslationComparison

COLUMNS = ("source", "target")
MOST_SHOWN = 20  # translations, on the screen
LONGEST_SHOWN = 1_000  # characters of each
OTHERS = (".ts", ".npy", ".npz", ".keras", ".h5", ".json", ".html")  # files of other kinds


def columns(options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `fit` that name columns; a number is a position in a file without a header line."""
    named = {name: options.get(name) for name in COLUMNS}
    return {name: int(value) if value is not None and value.isdecimal() else value for name, value in named.items()}


def run_columns(translator: Translator) -> dict[str, Any]:
    """Return the arguments of `fit` that name the columns a run was trained on."""
    return {**translator.columns_}


def counted(comparison: TranslationComparison) -> str:
    """Return what was compared, in words."""
    return f"{len(comparison):,} text(s), {sum(map(len, comparison.references)):,} reference(s)"


def evaluate(translator: Translator, data: str | None, **named: str) -> Any:
    from seqwise.errors import DataError, SettingError

    if data is None and named:
        raise SettingError(f"--{next(iter(named))} names a column of another file: name that too, --data FILE.")
    trained_on = translator.data_
    if trained_on is not None and Path(trained_on).exists():
        with suppress(DataError):  # changed since: then no training text can be set beside
            translator.recall(trained_on)
    return translator.evaluate() if data is None else translator.evaluate(data, **_columns_of(translator, data, named))


def predict(translator: Translator, data: str | None, out: Path | None, **named: str) -> str:
    import polars as pl

    from seqwise.artifact import replaced_file
    from seqwise.data import read_texts
    from seqwise.data.files import existing_file
    from seqwise.data.text_files import TABBED, TABLES
    from seqwise.errors import SettingError, shortened

    if data is None:
        raise SettingError("Name the texts: --data FILE (one a line, or a table with the training's source column).")
    suffix = existing_file(Path(data), "text").suffix.lower()
    if suffix in OTHERS:
        raise SettingError(f"{data} holds no texts. Name a file of one text a line, or a table of texts.")
    column = _columns_of(translator, data, named).get("source")
    if suffix not in TABLES and not named:
        column = None  # a text a line
    elif column is None:
        if suffix not in TABBED:
            raise SettingError(f"{data} is a table: name its column of texts, --source COL.")
        column = 0
    texts = read_texts(data, column=column, encoding=None)
    translations = translator.predict(texts)
    if out is not None:
        with replaced_file(out) as file:
            pl.DataFrame({"source": texts, "translation": translations}).write_csv(file)
        return f"wrote {out}"
    rest = len(texts) - MOST_SHOWN
    more = [f"… and {rest:,} more; --out FILE.csv writes them all"] if rest > 0 else []
    shown = zip(texts[:MOST_SHOWN], translations[:MOST_SHOWN], strict=True)
    return "\n".join([*("  →  ".join(shortened(side, LONGEST_SHOWN) for side in pair) for pair in shown), *more])


def _columns_of(translator: Translator, data: str, named: dict[str, str]) -> dict[str, Any]:
    """Return the columns of another file: as they are named, or the training's where the files are of one kind."""
    if named:
        return columns(named)
    from seqwise.data.text_pairs import PLAIN

    kinds = {Path(path).suffix.lower() in PLAIN for path in (data, translator.data_ or "")}
    return {**translator.columns_} if len(kinds) == 1 else {}
