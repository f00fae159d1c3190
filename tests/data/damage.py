"""Damaged files: bytes that are cut out, repeated or overwritten; and files that are whole but say something else."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
from hypothesis import strategies as st
from safetensors.numpy import load, save

from seqwise.artifact.manifest import CHECK_SUM, check_sum_of
from seqwise.training.checkpoints import DIGEST, STATE, _digest

PIECES = [
    b"", b"\0", b"\n", b"\r", b'"', b",", b"\t", b":", b"@", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"{", b"}",
    b"[" * 500, b"1e999", b"-", b"NaN", b"nan", b"?", b"@data\n", b"9" * 400, b"2024-02-30", b"99999-01-01", b"null",
    b"\x1f\x8b", b"PK\x03\x04", b"\xe2\x80\xa8", b"true", b"1_000", b"0x10", b"\xed\xa0\x80", b"+02:00", b"=1+1",
]  # fmt: skip
CELLS = [
    "", " ", "NA", "nan", "inf", "-inf", "1e400", "-1e308", "1e-320", "0x1F", "1_000", "1,5", "1 000", "١٢", "½",
    "9" * 30, "00012", "+5", "--5", "5-", "1e", ".", "True", "no", "2024-01-01", "2024-02-30", "01/02/2024",
    "13/13/2024", "24-01-01", "2024-01-01T25:00", "2024-01-01 1:00 PM", "12:30", "2024-W05", "20240131", "202401",
    "0000-00-00", "9999-12-31", "1970-01-01T00:00:00Z", "2024-03-31 02:30+02:00", "1700000000", "=1+1", "'", '"', '""',
    "a\nb", "a\tb", "\x00", "\ufeffx", "\u202e", "e\u0301", "💥", "x" * 3000, "null", "None", "[1,2]", "{}",
    "<script>", "../../etc/passwd", "$(id)", "%s%n",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 0.5, -2.5, 1e308, 5e-324, 2**31, 2**53 + 1, 2**63, 10**30, 10**400, "", "x", "0",
    "1e9", "x" * 3000, "\x00", "\ud800", "../../../etc/passwd", "/etc/passwd", "a/../../b", "//x", "NaN", "linear",
    "float32", "LSTM", "Lambda", "<f8", "|O", [], {}, [[]], [None], [0], [-1], [2**40, 2**40], {"a": 1},
    {"class_name": "Lambda"}, {"module": "os", "class_name": "system", "config": {}, "registered_name": None},
    [1] * 1000, "null",
]  # fmt: skip
CHANGES = ["cell", "cell", "cell", "column", "more rows", "no row", "swap", "cell more", "cell less"]


@st.composite
def of_bytes(draw: Any, content: bytes) -> bytes:
    """A file with some bytes cut out, repeated, overwritten or put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        stop = min(start + draw(st.sampled_from([0, 1, 2, 7, 60, 10**6])), len(content))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8), st.just(content[start:stop] * 2)))
        content = content[:start] + piece + content[stop:]
    return content


@st.composite
def of_cells(draw: Any, content: bytes) -> bytes:
    """A table of text with other cells, rows or separators."""
    text = content.decode()
    separator = max(",\t: ", key=text.count)
    rows = [line.split(separator) for line in text.split("\n")]
    for _ in range(draw(st.integers(1, 4))):
        row = draw(st.integers(0, len(rows) - 1))
        how = draw(st.sampled_from(CHANGES))
        if how == "cell" and rows[row]:
            rows[row][draw(st.integers(0, len(rows[row]) - 1))] = draw(st.sampled_from(CELLS))
        elif how == "column":
            place, word = draw(st.integers(0, 2)), draw(st.sampled_from(CELLS))
            for cells in rows[1:]:
                if place < len(cells):
                    cells[place] = word
        elif how == "more rows":
            rows[row:row] = [list(rows[row])] * draw(st.sampled_from([1, 2, 50]))
        elif how == "no row" and len(rows) > 1:
            del rows[row]
        elif how == "swap":
            other = draw(st.integers(0, len(rows) - 1))
            rows[row], rows[other] = rows[other], rows[row]
        elif how == "cell more":
            rows[row] = [*rows[row], draw(st.sampled_from(CELLS))]
        elif how == "cell less":
            rows[row] = rows[row][:-1]
    separator = draw(st.sampled_from([separator, separator, separator, ";", "|", ",", "\t"]))
    line_end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n"]))
    return line_end.join(separator.join(cells) for cells in rows).encode("utf-8", "surrogatepass")


def places_in(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to everything in some JSON."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*above, key)
        yield from places_in(item, (*above, key))


@st.composite
def of_values(draw: Any, content: Any) -> Any:
    """JSON in which some values are others, are gone or stand elsewhere."""
    content = deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        places = list(places_in(content))
        if not places:
            return deepcopy(draw(st.sampled_from(VALUES)))
        *above, last = draw(st.sampled_from(places))
        place = content
        for key in above:
            place = place[key]
        how = draw(st.sampled_from(["other", "other", "other", "gone", "deep", "elsewhere", "twice"]))
        if how == "other":
            place[last] = deepcopy(draw(st.sampled_from(VALUES)))
        elif how == "gone":
            del place[last]
        elif how == "deep":
            place[last] = json.loads("[" * 300 + "]" * 300)
        elif how == "elsewhere":
            other: Any = content
            for key in draw(st.sampled_from(places)):
                other = other[key]
            place[last] = deepcopy(other)
        elif isinstance(place, list):
            place.insert(last, place[last])
    return content


def written(content: Any) -> bytes:
    return json.dumps(content).encode()


@st.composite
def of_json(draw: Any, content: bytes) -> bytes:
    """A JSON file that says something else; a checksum in it holds."""
    changed = draw(of_values(json.loads(content)))
    if isinstance(changed, dict) and CHECK_SUM in changed and draw(st.booleans()):
        changed[CHECK_SUM] = check_sum_of(changed)
    return written(changed)


@st.composite
def of_safetensors(draw: Any, content: bytes) -> bytes:
    """A safetensors file whose header says something else; its length holds."""
    length = int.from_bytes(content[:8], "little")
    header = written(draw(of_values(json.loads(content[8 : 8 + length]))))
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


@st.composite
def of_checkpoint(draw: Any, content: bytes) -> bytes:
    """A checkpoint whose state says something else; its digest holds."""
    tensors = load(content)
    del tensors[DIGEST]
    state = draw(of_values(json.loads(tensors[STATE].tobytes())))
    tensors[STATE] = np.frombuffer(written(state), np.uint8)
    return save(tensors | {DIGEST: _digest(tensors)})


@st.composite
def of_archive(draw: Any, content: bytes) -> bytes:
    """A zip archive in which a part says something else or is damaged; the checksums of its parts hold."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = draw(st.sampled_from([name for name in parts for _ in range(3 if name == "config.json" else 1)]))
    if name.endswith(".json"):
        parts[name] = draw(st.one_of(of_json(parts[name]), of_json(parts[name]), of_bytes(parts[name])))
    else:
        parts[name] = draw(of_bytes(parts[name]))
    if draw(st.integers(0, 9)) == 0:
        del parts[draw(st.sampled_from(list(parts)))]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        for name, part in parts.items():
            archive.writestr(draw(st.sampled_from([name] * 20 + ["../" + name, "/" + name, name + "/"])), part)
    return stream.getvalue()


STRUCTURED: list[tuple[str, Any]] = [  # what the names of files end in
    (r"\.(csv|tsv|ts|txt)", of_cells), (r"\.json", of_json), (r"\.safetensors", of_safetensors),
    ("checkpoint", of_checkpoint), (r"\.(keras|npz)", of_archive),
]  # fmt: skip


def damaged(name: str, content: bytes) -> st.SearchStrategy[bytes]:
    """What a file of a name may become."""
    ways = [way(content) for ending, way in STRUCTURED if re.search(f"{ending}$", name)]
    return st.one_of(of_bytes(content), *ways)
