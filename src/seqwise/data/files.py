"""Opening the files that a user names: they must exist and be in UTF-8, or the message says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seqwise.errors import DataError, nearest


def existing_file(path: Path, expected: str) -> Path:
    """Return `path` if it is a file.

    Args:
        expected: what the file should be, for the messages: ``"CSV or Parquet"``.

    Raises:
        DataError: there is no such file (suggests the nearest name in its folder), or it is a folder, a pipe or a
            device.
    """
    try:
        exists = path.exists()
    except (OSError, ValueError) as error:  # a name too long, a null character
        raise DataError(f"{str(path)[:200]!r} is no file: {getattr(error, 'strerror', error)}.") from None
    if not exists:
        raise DataError(f"There is no file {str(path)!r}.{nearest_file(path)}")
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; name a {expected} file in it.")
    if not path.is_file():  # reading it might wait for ever
        raise DataError(f"{str(path)!r} is a pipe or a device. Save what it gives to a {expected} file, and name that.")
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
        if encoding is not None:
            fix = "or name its encoding, most often encoding='latin-1' or 'cp1252'."
        raise DataError(
            f"{name} is not {shown}: line {line} holds the byte 0x{content[error.start]:02x}. Save it as UTF-8, {fix}"
        ) from None


def check_header(names: Sequence[str], file: str) -> None:
    """Raise `DataError` where two columns of a text file have the same name."""
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{file} has two columns called {twice!r}; give each its own name.")
