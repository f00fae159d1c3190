"""Each reader of a file is given damaged files: it reads them or says why not, in our own words and in good time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzz import examples
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from seqwise.artifact import read_manifest
from seqwise.artifact.archives import check_archive
from seqwise.artifact.reading import read_arrays, read_json, read_vocabulary
from seqwise.data import make_series, read_pairs, read_texts, read_ts, read_vectors
from seqwise.data.plain_tables import read_plain_table
from seqwise.data.tables import read_table
from seqwise.errors import MOST_CHARACTERS, SeqwiseError
from seqwise.export.contents import EXPORT, check_contents, read_contents, write_contents
from seqwise.export.source import read_source
from seqwise.export.tfjs.export import write_part
from seqwise.export.tfjs.load import load_tfjs
from seqwise.export.tfjs.weights import MODEL_JSON
from seqwise.training.checkpoints import FILE, Checkpoints, Progress, stopped_at

CORPUS = Path(__file__).parent / "corpus"  # small files; those that broke a reader once are kept here
SECONDS = 5.0  # of the processor: the machine may be busy
PIECES = [
    b"", b"\0", b"\n", b"\r", b'"', b",", b"\t", b":", b"@", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"{", b"}",
    b"[" * 500, b"1e999", b"-", b"NaN", b"nan", b"?", b"@data\n", b"9" * 400, b"2024-02-30", b"99999-01-01", b"null",
    b"\x1f\x8b", b"PK\x03\x04", b"\xe2\x80\xa8", b"true", b"1_000", b"0x10", b"\xed\xa0\x80", b"+02:00", b"=1+1",
]  # fmt: skip


SHARD = "group1-shard1of1.bin"


def table(path: Path) -> None:
    for read in (read_table, read_plain_table):
        content = read(path)
        for column in content.columns:
            for use in (content.numbers, content.times, content.cells):
                try:
                    use(column)
                except SeqwiseError as error:
                    check(error)
    make_series(path, target="y", time=read_table(path).columns[0])


def manifest(path: Path) -> None:
    (path.parent / "manifest.json").write_bytes(path.read_bytes())
    read_manifest(path.parent, trust_edited=True)


def checkpoint(path: Path) -> None:
    (path.parent / FILE).write_bytes(path.read_bytes())
    stopped_at(path.parent)


def contents(path: Path) -> None:
    (path.parent / EXPORT).write_bytes(path.read_bytes())
    listed = read_contents(path.parent)
    check_contents(path.parent, listed, listed["files"], trust_edited=True, waive="")


READERS: dict[str, Any] = {
    "table.csv": table,
    "table.tsv": table,
    "sequences.ts": read_ts,
    "glove.txt": lambda path: read_vectors(path, ["the", "of"]),
    "word2vec.bin": lambda path: read_vectors(path, ["the", "of"]),
    "texts.txt": read_texts,
    "pairs.tsv": read_pairs,
    "manifest.json": manifest,
    "vocabulary.json": lambda path: read_vocabulary(path, 3),
    "any.json": read_json,
    "arrays.safetensors": read_arrays,
    "model.keras": check_archive,
    "checkpoint": checkpoint,
    MODEL_JSON: load_tfjs,
    SHARD: lambda path: load_tfjs(path.parent),
    EXPORT: contents,
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The files of the repository, and those that are made."""
    folder = tmp_path_factory.mktemp("corpus")
    files = {path.name: path.read_bytes() for path in CORPUS.iterdir()}
    files["word2vec.bin"] = b"2 2\nthe " + np.ones(2, "f4").tobytes() + b"\nof " + np.zeros(2, "f4").tobytes() + b"\n"
    files["manifest.json"] = json.dumps({"format": "seqwise-run", "schema_version": 1, "kind": "Forecaster"}).encode()
    files["vocabulary.json"] = json.dumps({"kind": "words", "tokens": ["a", "b", "c"]}).encode()
    files["any.json"] = b'{"a": [1, 2.5, null, "b"]}'
    files["arrays.safetensors"] = save({"a": np.ones((2, 3), "f4"), "b": np.arange(3)})
    import keras

    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(folder / "model.keras")
    files["model.keras"] = (folder / "model.keras").read_bytes()
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(2, name="lstm"), keras.layers.Dense(1)])
    write_part(read_source(model).parts["model"], folder)
    write_contents(folder, {"to": "tfjs", "networks": {"model": MODEL_JSON}})
    files |= {name: (folder / name).read_bytes() for name in (MODEL_JSON, SHARD, EXPORT)}
    Checkpoints(folder, {"a": 1}, "").write(Progress(history={"loss": [1.0]}), {"model.0": np.ones(3, "f4")})
    files["checkpoint"] = (folder / FILE).read_bytes()
    return files


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """A file with some bytes cut out, repeated, overwritten or put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        stop = min(start + draw(st.sampled_from([0, 1, 2, 7, 60, 10**6])), len(content))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8), st.just(content[start:stop] * 2)))
        content = content[:start] + piece + content[stop:]
    return content


def check(error: SeqwiseError) -> None:
    assert len(str(error)) <= MOST_CHARACTERS
    assert str(error).strip()


@pytest.mark.parametrize("name", READERS)
@examples(20)
@given(data=st.data())
def test_a_damaged_file(name, corpus, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("damaged") / name
    for other in (MODEL_JSON, SHARD) if name in (MODEL_JSON, SHARD) else ():
        path.with_name(other).write_bytes(corpus[other])
    path.write_bytes(data.draw(damaged(corpus[name])))
    started = time.process_time()
    try:
        READERS[name](path)
    except SeqwiseError as error:
        check(error)
    assert time.process_time() - started < SECONDS
