"""Files of pretrained vectors, row by row: GloVe's text, word2vec's text and binary, each also in gzip."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from seqwise.errors import DataError

VectorFile: TypeAlias = "BufferedReader | gzip.GzipFile"

CHUNK = 2**20  # bytes
MOST_DIMS = 100_000
LONGEST_VALUE = 64  # bytes of a number and its space
LONGEST_WORD = 2_000  # bytes; a longer word means a damaged file
CONTROL = bytes([*range(9), *range(14, 32)])  # bytes that occur in float32 values but not in text


class Row(NamedTuple):
    """A word and its values, not yet parsed.

    Attributes:
        word: bytes, UTF-8.
        raw: the values, as the file holds them.
        at: the row's line, or in a binary file its first byte.
    """

    word: bytes
    raw: bytes
    at: int


@contextmanager
def vector_rows(path: Path) -> Iterator[TextRows | BinaryRows]:
    """Open a file of vectors and recognize its format by its first bytes.

    Raises:
        DataError: it is damaged, or contradicts its first line.
    """
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rb") if compressed else path.open("rb") as file:
            yield _rows(file, path.name)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path.name} is damaged: its compressed data are faulty or break off ({error}). Fetch it again."
        ) from None


def _rows(file: VectorFile, name: str) -> TextRows | BinaryRows:
    first = file.readline(LONGEST_WORD + LONGEST_VALUE * MOST_DIMS)
    fields = first.split()
    if not fields:
        raise DataError(f"{name} is empty, or its first line is. Expected a word and its values on each line.")
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        count, dims = (int(field) if len(field) <= 18 else 10**18 for field in fields)
        if dims > MOST_DIMS:
            raise DataError(f"{name}, line 1 announces vectors of {dims:,} values; at most {MOST_DIMS:,} are read.")
        if not (count and dims):
            raise DataError(f"{name}, line 1 announces {count} words of {dims} values: it holds no vectors.")
        sample = 8 * dims + 64  # bytes
        if name.removesuffix(".gz").endswith(".bin") or _is_binary(file.peek(sample)[:sample]):
            return BinaryRows(file, name, dims, count, len(first))
        return TextRows(_lines(file, dims), name, dims, count)
    if _is_binary(first):
        raise DataError(
            f"{name} holds bytes that are not text, and its first line is not 'words dims' as in word2vec's binary "
            "format. Is it a file of vectors?"
        )
    dims = len(_trimmed(first).split(b" ")) - 1
    if dims < 1:
        raise DataError(
            f"{name}, line 1 has no values: {_shown(first)}. Expected a word and its values: is it a file of vectors?"
        )
    return TextRows(chain([first], _lines(file, dims)), name, dims, None)


def _lines(file: VectorFile, dims: int) -> Iterator[bytes]:
    """Return the lines of a file one by one; one that is far too long, as in a bomb, is cut, and found faulty."""
    return iter(partial(file.readline, LONGEST_WORD + LONGEST_VALUE * dims), b"")


def _is_binary(start: bytes) -> bool:
    return start.translate(None, CONTROL) != start


def _trimmed(line: bytes) -> bytes:
    return line.rstrip(b"\r\n ")  # word2vec itself ends each line with a space


def _shown(raw: bytes) -> str:
    text = raw.strip().decode("utf-8", "replace")
    return repr(text if len(text) <= 40 else text[:39] + "…")


class TextRows:
    """The rows of a text file.

    Args:
        lines: the lines without the header. They end at line feeds only: words may contain Unicode's other line breaks.
        count: how many rows there should be; None where the file has no header.
    """

    def __init__(self, lines: Iterable[bytes], name: str, dims: int, count: int | None) -> None:
        self.dims, self._lines, self._name, self._count = dims, lines, name, count

    def __iter__(self) -> Iterator[Row]:
        dims, name, count = self.dims, self._name, self._count
        rows = blank = 0
        for number, raw in enumerate(self._lines, 1 if count is None else 2):
            line = _trimmed(raw)
            if not line:
                blank = blank or number
                continue
            if blank:
                raise DataError(f"{name}, line {blank} is blank. Each line is a word and its {dims} values.")
            if rows == count:
                raise DataError(
                    f"{name}, line {number} comes after the {count:,} words that line 1 announces: line 1 is wrong, or "
                    "two files were concatenated."
                )
            spaces = line.count(b" ")
            # a few of GloVe's words contain spaces: the word is everything before the values
            word = line.partition(b" ")[0] if spaces <= dims else line.rsplit(b" ", dims)[0]
            if spaces < dims or (spaces > dims and _is_number(word.rpartition(b" ")[2])):
                raise DataError(
                    f"{name}, line {number} has {len(line.split()) - 1} value(s), expected {dims} as in line 1: "
                    f"{_shown(line)}. The file is damaged; fetch it again."
                )
            yield Row(word, line[len(word) + 1 :], number)
            rows += 1
        if count is not None and rows < count:
            raise DataError(
                f"{name} ends after {rows:,} of the {count:,} words that line 1 announces. It was cut off; fetch it "
                "again."
            )

    def values(self, row: Row) -> np.ndarray:
        """Return the values of a row, float32, shape (dims,)."""
        words = row.raw.split(b" ")
        try:
            values = np.array(words, dtype=np.float32)
        except ValueError:
            values = None
        if values is None or not np.isfinite(values).all():
            faulty = next(i for i, word in enumerate(words) if not _is_number(word))
            raise DataError(
                f"{self._name}, line {row.at}: value {faulty + 1} of {_shown(row.word)} is {_shown(words[faulty])}, "
                "not a number. The file is damaged; fetch it again."
            )
        return values


def _is_number(word: bytes) -> bool:
    try:
        return bool(np.isfinite(np.float32(word)))
    except ValueError:
        return False


class BinaryRows:
    """The rows of word2vec's binary format: a word, a space, and `dims` little-endian float32 values.

    Args:
        offset: the byte of the file where the rows begin.
    """

    def __init__(self, file: VectorFile, name: str, dims: int, count: int, offset: int) -> None:
        self.dims, self._file, self._name, self._count, self._offset = dims, file, name, count, offset

    def __iter__(self) -> Iterator[Row]:
        data, offset, at, size = b"", self._offset, 0, 4 * self.dims
        for row in range(1, self._count + 1):
            space, ended = data.find(b" ", at), False
            while not (ended or 0 <= space < len(data) - size or len(data) - at > LONGEST_WORD + size):
                chunk = self._file.read(max(CHUNK, LONGEST_WORD + size))
                ended = not chunk
                data, offset, at = data[at:] + chunk, offset + at, 0
                space = data.find(b" ")
            word = data[at : space if space >= 0 else None].lstrip(b"\r\n")  # word2vec itself ends each row with one
            if len(word) > LONGEST_WORD or b"\0" in word or (space >= 0 and not word):
                raise DataError(
                    f"{self._name}: at byte {offset + at:,} word {row:,} should begin, but there is "
                    f"{_shown(data[at : at + 40])}. The file is damaged, or its vectors do not have the {self.dims} "
                    "values that line 1 announces."
                )
            if ended:
                raise DataError(
                    f"{self._name} breaks off at byte {offset + len(data):,}, in word {row:,} ({_shown(word)}) of the "
                    f"{self._count:,} words of {self.dims} values that line 1 announces. Fetch it again."
                )
            yield Row(word, data[space + 1 : space + 1 + size], offset + at)
            at = space + 1 + size
        if data[at:].strip(b"\r\n") or self._file.read(CHUNK).strip(b"\r\n"):
            raise DataError(
                f"{self._name} goes on at byte {offset + at:,}, after the {self._count:,} words of {self.dims} values "
                "that line 1 announces: line 1 is wrong, or two files were concatenated."
            )

    def values(self, row: Row) -> np.ndarray:
        """Return the values of a row, float32, shape (dims,)."""
        values = np.frombuffer(row.raw, dtype="<f4")
        if not np.isfinite(values).all():
            raise DataError(
                f"{self._name}: {_shown(row.word)}, at byte {row.at:,}, holds NaN or infinity. The file is damaged, or "
                f"its vectors do not have the {self.dims} values that line 1 announces."
            )
        return values
