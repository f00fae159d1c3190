"""Texts from a file: one on each line, or the column of a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seqwise.data.files import decoded, existing_file
from seqwise.errors import DataError, SettingError, as_path

if TYPE_CHECKING:
    import polars as pl

TABBED = (".tsv", ".tab")
PARQUET = (".parquet", ".pq")
TABLES = (".csv", *TABBED, *PARQUET)
MOST_REPEATED = 10_000  # different texts that are looked for again


def read_texts(path: str | Path, *, column: str | int | None = None, encoding: str | None = "utf-8") -> list[str]:
    """Read texts from a file.

    In a file with one text on each line, lines end at a line feed only; Unicode's other line breaks stay inside a text.
    A blank line is an empty text, since labels may be counted by lines. A table's cells are read as they are written,
    so that "NA" is a text; in a tab-separated file without a header line quotation marks are text, too.

    Args:
        path: a file with one text on each line, or with `column` a table (CSV, TSV, Parquet).
        column: a table's column of texts, by name; or by position from 0, where the file has no header line. With a
            position, a .txt file is read as tab-separated, like a .tsv file.
        encoding: a text file's encoding, by Python's name: ``"utf-8"``, ``"latin-1"``, ``"cp1252"``, …. None is UTF-8,
            for callers whose users cannot choose another.

    Raises:
        DataError: there is no such file or column, it is empty, or it is not in `encoding`; names the line.
        SettingError: a position for a Parquet file.

    Example:
        >>> len(read_texts("rt-polarity.neg", encoding="latin-1"))  # doctest: +SKIP
        5331
    """
    path = existing_file(as_path(path, "a file of texts"), "text")
    suffix = path.suffix.lower()
    if path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty (0 bytes). Write one text on each line.")
    if column is not None or suffix in TABLES:
        return _from_table(path, suffix, column, encoding)
    lines = (line.removesuffix("\r") for line in _lines(decoded(path.read_bytes(), path.name, encoding)))
    seen: dict[str, str] = {}  # short texts are repeated, and each would take ten times the room of its characters
    return [line if len(seen) >= MOST_REPEATED else seen.setdefault(line, line) for line in lines]


def _lines(text: str) -> Iterator[str]:
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    if start < len(text):
        yield text[start:]


def _from_table(path: Path, suffix: str, column: str | int | None, encoding: str | None) -> list[str]:
    import narwhals as nw  # a file of one text a line needs none of these

    from seqwise.data.tables import Table, read_parquet

    by_position = isinstance(column, int)
    if suffix in PARQUET:
        if by_position:
            raise SettingError(f"column={column}: the columns of {path.name} have names; give one.")
        frame = read_parquet(path)
    else:
        raw = decoded(path.read_bytes(), path.name, encoding)
        tabbed = suffix in TABBED or (by_position and suffix != ".csv")
        separator = "\t" if tabbed else max(",;\t|", key=raw.partition("\n")[0].count)
        frame = _cells(raw.encode(), path.name, separator, header=not by_position)
    if column is None:
        raise DataError(f"{path.name} is a table: name the column of texts, column='…', one of {frame.columns}.")
    if isinstance(column, int):
        if not 0 <= column < frame.width:
            apart = " Separate columns by tabs." if frame.width == 1 and suffix != ".csv" else ""
            raise DataError(
                f"{path.name} has {frame.width} column(s), but column={column} was asked for (from 0).{apart}"
            )
        column = frame.columns[column]
    return Table(nw.from_native(frame), "polars", path.name).texts(column)


def _cells(raw: bytes, name: str, separator: str, *, header: bool) -> pl.DataFrame:
    import polars as pl

    # text/tab-separated-values (IANA) has no quotation marks; other files are read the way that works
    quotes, reason = (None,) if separator == "\t" and not header else ('"', None), ""
    for quote in quotes:
        try:
            return pl.read_csv(raw, separator=separator, quote_char=quote, has_header=header, infer_schema=False)
        except pl.exceptions.PolarsError as error:
            reason = str(error).splitlines()[0]
    raise DataError(f"{name} cannot be read as a table: {reason}")
