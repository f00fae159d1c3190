"""Files as a user names them: there, and in UTF-8."""

from __future__ import annotations

from pathlib import Path

from seqwise.errors import DataError, nearest


def existing_file(path: Path, wanted: str) -> Path:
    """Return `path` if it is a file.

    Args:
        wanted: what the file should be, for the messages: ``"CSV or Parquet"``.

    Raises:
        DataError: there is none (with the nearest name beside it), or it is a folder.
    """
    if not path.exists():
        folder = path.parent if path.parent.is_dir() else Path()
        hint = nearest(path.name, sorted(p.name for p in folder.iterdir() if p.is_file()))
        raise DataError(f"There is no file {str(path)!r}.{hint}")
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; name a {wanted} file in it.")
    return path


def decoded(raw: bytes, name: str) -> str:
    """Return the text of a file.

    Raises:
        DataError: it is not UTF-8; names the line and the byte.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        rest = error.object  # without a byte order mark, if there was one
        line = rest.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name} is not UTF-8: line {line} holds the byte 0x{rest[error.start]:02x}. Save it as UTF-8, "
            f"or convert it: iconv -f latin1 -t utf-8 {name} > utf8{Path(name).suffix}"
        ) from None
