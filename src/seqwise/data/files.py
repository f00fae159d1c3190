"""Opening the files that a user names: they must exist and be in UTF-8, or the message says what to do."""

from __future__ import annotations

import csv
import os
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from seqwise.errors import DataError, nearest

LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")


def existing_file(path: Path, expected: str) -> Path:
    """Return `path` if it is a file, with ``~`` as the home folder that it stands for.

    Args:
        expected: what the file should be, for the messages: ``"CSV or Parquet"``.

    Raises:
        DataError: there is no such file (suggests the nearest name in its folder), it is a folder, a pipe or a
            device, or may not be read.
    """
    try:
        path = path.expanduser()
        exists = path.exists()
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, a null character, nobody's home
        why = str(getattr(error, "strerror", error)).rstrip(".")
        raise DataError(f"{str(path)[:200]!r} is not a file: {why}.") from None
    if not exists:
        raise DataError(f"There is no file {str(path)!r}.{nearest_file(path)}")
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; name a {expected} file in it.")
    if not path.is_file():  # reading it might wait for ever
        raise DataError(f"{str(path)!r} is a pipe or a device. Save what it gives to a {expected} file, and name that.")
    if not os.access(path, os.R_OK):
        raise DataError(f"{str(path)!r} cannot be read: permission denied. Name a file that you may read.")
    return path


def nearest_file(path: Path) -> str:
    """Return the `nearest` name in a missing path's folder; hidden files only if the path itself is hidden."""
    folder = path.parent if path.parent.is_dir() else Path()
    names = (p.name for p in folder.iterdir())
    return nearest(path.name, sorted(n for n in names if path.name.startswith(".") or not n.startswith(".")))


def decoded(raw: bytes, name: str, encoding: str | None = None) -> str:
    """Decode a file's content.

    Args:
        name: the file's, for messages.
        encoding: Python's name of it, where the user can choose one; None for UTF-8 alone.

    Raises:
        DataError: the file is not in that encoding (names the line and the byte), or there is no such encoding.
    """
    codec = encoding or "utf-8"
    try:
        return raw.decode("utf-8-sig" if codec.lower().replace("_", "-") in ("utf-8", "utf8") else codec)
    except LookupError:
        raise DataError(f"Python has no encoding {encoding!r}. Did you mean 'utf-8' or 'latin-1'?") from None
    except UnicodeDecodeError as error:
        content = error.object  # without a byte order mark, if there was one
        line = content.count(b"\n", 0, error.start) + 1
        shown = "UTF-8" if codec == "utf-8" else codec
        fix = f"or convert it: iconv -f latin1 -t utf-8 {name} > utf8{Path(name).suffix}"
        if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            fix = fix.replace("latin1", "utf-16")
        if encoding is not None:
            fix = "or name its encoding, most often encoding='latin-1' or 'cp1252'."
        raise DataError(
            f"{name} is not {shown}: line {line} holds the byte 0x{content[error.start]:02x}. Save it as UTF-8, {fix}"
        ) from None


def separated_text(content: bytes, name: str) -> tuple[str, str]:
    """Decode a table of text; returns it with what separates its columns. Lines may end as on an old Macintosh.

    Raises:
        DataError: it is not UTF-8, or holds null characters; names the line.
    """
    text = decoded(content, name)
    null = text.find("\0")
    if null >= 0:
        raise DataError(
            f"{name} is not a table of text: line {text.count(chr(10), 0, null) + 1} holds a null character. If it is "
            f"UTF-16, convert it: iconv -f utf-16le -t utf-8 {name} > utf8{Path(name).suffix}"
        )
    text = text if "\n" in text else text.replace("\r", "\n")
    return text, max(",;\t|", key=text.partition("\n")[0].count)


def lines_of(text: str) -> Iterator[str]:
    """Split a text at line feeds and carriage returns, one line at a time, each with its end."""
    return (match[0] for match in LINE.finditer(text))  # io.StringIO takes four bytes for each character


def records(text: str, separator: str, name: str) -> Iterator[list[str]]:
    """Split a table of text into records, one by one, the header first.

    Raises:
        DataError: a record has more fields than the header, or its quotation marks do not fit (names the line).
    """
    reader = csv.reader(lines_of(text), delimiter=separator, strict=True)
    header: list[str] | None = None
    start = 1  # line of the record
    try:
        for row in reader:
            header = row if header is None else header
            if len(row) > len(header):
                raise DataError(
                    f"{name} cannot be read as {Path(name).suffix[1:]}: line {reader.line_num} has {len(row)} fields, "
                    f"and the header {len(header)}."
                )
            yield row
            start = reader.line_num + 1
    except csv.Error as error:
        why = str(error)
        if "unexpected end" in why:
            why = "a quotation mark opens a field and none closes it"
        elif "expected after" in why:
            why = "a field goes on after the quotation mark that closes it; in a quoted field one is written twice"
        elif "field limit" in why:
            most = csv.field_size_limit()
            why = f"a field has more than {most:,} characters. Shorten it, or close the quotation mark"
        raise DataError(f"{name} cannot be read at line {start}: {why}.") from None


def check_header(names: Sequence[str], file: str) -> None:
    """Raise `DataError` where two columns of a text file have the same name."""
    counts = Counter(names)
    twice = next((name for name in names if name and counts[name] > 1), None)
    if twice is not None:
        raise DataError(f"{file} has two columns called {twice!r}; give each its own name.")
