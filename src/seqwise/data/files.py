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
        raise DataError(f"There is no file {str(path)!r}.{nearest_file(path)}")
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; name a {wanted} file in it.")
    return path


def nearest_file(path: Path) -> str:
    """Return what `nearest` says of the names beside a path that is not there; hidden ones for a hidden one alone."""
    folder = path.parent if path.parent.is_dir() else Path()
    names = (p.name for p in folder.iterdir())
    return nearest(path.name, sorted(n for n in names if path.name.startswith(".") or not n.startswith(".")))


def decoded(raw: bytes, name: str, encoding: str | None = None) -> str:
    """Return the text of a file.

    Args:
        encoding: as Python calls it, where the caller lets the user name one; None for UTF-8 alone.

    Raises:
        DataError: it is not in that encoding, or there is no such encoding; names the line and the byte.
    """
    wanted = encoding or "utf-8"
    try:
        return raw.decode("utf-8-sig" if wanted.lower().replace("_", "-") in ("utf-8", "utf8") else wanted)
    except LookupError:
        raise DataError(
            f"encoding={encoding!r} is none that Python knows. Did you mean 'utf-8' or 'latin-1'?"
        ) from None
    except UnicodeDecodeError as error:
        rest = error.object  # without a byte order mark, if there was one
        line = rest.count(b"\n", 0, error.start) + 1
        shown = "UTF-8" if wanted == "utf-8" else wanted
        mend = f"or convert it: iconv -f latin1 -t utf-8 {name} > utf8{Path(name).suffix}"
        if encoding is not None:
            mend = "or name its encoding, most often encoding='latin-1' or 'cp1252'."
        raise DataError(
            f"{name} is not {shown}: line {line} holds the byte 0x{rest[error.start]:02x}. Save it as UTF-8, {mend}"
        ) from None
