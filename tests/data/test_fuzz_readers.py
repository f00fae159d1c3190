"""Each reader of a file is given damaged files: it reads them or says why not, in our own words, in good time, without
much memory, and without a look at any other file."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import time
import warnings
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import damaged
from fuzz import LONGER, MINUTES, examples, for_minutes
from hypothesis import given
from safetensors.numpy import save

from seqwise.artifact import read_manifest
from seqwise.artifact.reading import read_arrays, read_json, read_vocabulary
from seqwise.artifact.schema import SCHEMA_VERSION
from seqwise.cli.inputs import read_archive, read_data, read_keras_model
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

CORPUS = Path(__file__).parent / "corpus"  # small files; in `found` by reader those that broke one once
FOUND = CORPUS / "found"
SECONDS = 5.0  # of the processor: the machine may be busy
MOST_MEMORY = 10  # times the file, beside what libraries take at their first call
BESIDE = 100 * 2**20  # bytes
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


def numbers(path: Path) -> None:
    for reader in (read_archive, read_data):
        try:
            reader(str(path) if reader is read_data else path)
        except SeqwiseError as error:
            check(error)


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
    "arrays.npz": numbers,
    "array.npy": numbers,
    "model.keras": lambda path: read_keras_model(str(path), compiled=False),
    "model.h5": lambda path: read_keras_model(str(path), compiled=False),
    "checkpoint": checkpoint,
    MODEL_JSON: load_tfjs,
    SHARD: lambda path: load_tfjs(path.parent),
    EXPORT: contents,
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The files of the repository, and those that are made."""
    folder = tmp_path_factory.mktemp("corpus")
    files = {path.name: path.read_bytes() for path in CORPUS.iterdir() if path.is_file()}
    files["word2vec.bin"] = b"2 2\nthe " + np.ones(2, "f4").tobytes() + b"\nof " + np.zeros(2, "f4").tobytes() + b"\n"
    manifest = json.loads(files["manifest.json"]) | {"schema_version": SCHEMA_VERSION}
    files["manifest.json"] = json.dumps(manifest).encode()
    files["vocabulary.json"] = json.dumps({"kind": "words", "tokens": ["a", "b", "c"]}).encode()
    files["any.json"] = b'{"a": [1, 2.5, null, "b"]}'
    files["arrays.safetensors"] = save({"a": np.ones((2, 3), "f4"), "b": np.arange(3)})
    np.savez(folder / "arrays.npz", x=np.ones((2, 3)), y=np.arange(2))
    np.save(folder / "array.npy", np.ones((2, 3)))
    import keras

    model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(2, name="lstm"), keras.layers.Dense(1)])
    for name in ("model.keras", "model.h5"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras on the older format
            model.save(folder / name)
    write_part(read_source(model).parts["model"], folder)
    made = ("arrays.npz", "array.npy", "model.keras", "model.h5", MODEL_JSON, SHARD)
    files |= {name: (folder / name).read_bytes() for name in made}
    for name in set(made) - {MODEL_JSON, SHARD}:
        (folder / name).unlink()
    write_contents(folder, {"to": "tfjs", "networks": {"model": MODEL_JSON}})
    files[EXPORT] = (folder / EXPORT).read_bytes()
    Checkpoints(folder, {"a": 1}, "").write(Progress(history={"loss": [1.0]}), {"model.0": np.ones(3, "f4")})
    files["checkpoint"] = (folder / FILE).read_bytes()
    return files


# what a reader may do


def check(error: SeqwiseError) -> None:
    assert len(str(error)) <= MOST_CHARACTERS
    assert str(error).strip()


REPOSITORY = str(Path(__file__).parents[2])
PROGRAM = [sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *zoneinfo.TZPATH, REPOSITORY]
SYSTEM = ["/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys", "/dev/null", "/dev/urandom", "/etc/localtime"]
STARTED = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "socket.connect", "urllib.Request", "ctypes.dlopen")
CHANGED = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate")
touched: list[str] = []
own_folder: Path | None = None


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what Python opens, changes or starts while a reader is at work, outside of the reader's folder."""
    if own_folder is None or event not in ("open", *STARTED, *CHANGED):
        return
    path = arguments[0] if arguments else None
    if event in STARTED:
        touched.append(f"{event} {arguments!r}"[:200])
    elif isinstance(path, (str, bytes, os.PathLike)):
        place = Path(os.fsdecode(path)).absolute()
        reads = event == "open" and not (arguments[1] and any(sign in str(arguments[1]) for sign in "wax+"))
        if place.is_relative_to(f"{REPOSITORY}/build"):  # JAX's compiled programs
            return
        if not place.is_relative_to(own_folder) and not (reads and any(map(place.is_relative_to, [*PROGRAM, *SYSTEM]))):
            touched.append(f"{event} {place}")


sys.addaudithook(watch)


def memory(field: str) -> int:
    """Bytes that this process has (VmRSS), or had at most since `watched` began (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition(f"{field}:")[2].split(maxsplit=1)[0])


@contextmanager
def watched(path: Path) -> Iterator[None]:
    """Check what a reader of a file does: in good time, without much memory, without another file."""
    global own_folder
    measured = sys.platform.startswith("linux")
    if measured:
        Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmRSS")
    size = path.stat().st_size
    touched.clear()
    started = time.process_time()
    own_folder = path.parent
    try:
        yield
    except SeqwiseError as error:
        check(error)
    finally:
        own_folder = None
    assert time.process_time() - started < SECONDS
    assert not touched
    if measured:
        assert memory("VmHWM") - before <= MOST_MEMORY * size + BESIDE


def placed(name: str, content: bytes, folder: Path, corpus: dict[str, bytes]) -> Path:
    path = folder / name
    for other in (MODEL_JSON, SHARD) if name in (MODEL_JSON, SHARD) else ():
        path.with_name(other).write_bytes(corpus[other])
    path.write_bytes(content)
    return path


def read(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        READERS[path.name](path)


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file(name, corpus, tmp_path):
    tried = 0
    with suppress(SeqwiseError):  # what libraries take at their first call is not measured
        read(placed(name, corpus[name], tmp_path, corpus))

    @examples(20)
    @given(damaged(name, corpus[name]))
    def one(content):
        nonlocal tried
        tried += 1
        path = placed(name, content, tmp_path, corpus)
        try:
            with watched(path):
                read(path)
        except BaseException:
            if LONGER > 1 or MINUTES:  # the smallest is written last
                (FOUND / name).mkdir(parents=True, exist_ok=True)
                (FOUND / name / "new").write_bytes(content)
            raise

    for_minutes(one)
    print(f"{name}: {tried:,} damaged files")


@pytest.mark.parametrize("path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_file_that_broke_a_reader_once(path, corpus, tmp_path):
    name = path.parent.name
    with suppress(SeqwiseError):
        read(placed(name, corpus[name], tmp_path, corpus))
    damaged_file = placed(name, path.read_bytes(), tmp_path, corpus)
    with watched(damaged_file):
        read(damaged_file)


# large files of short unique words, for which Python's own texts take many times the room

LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz234567"))


def unique_words(number: int) -> np.ndarray:
    order = np.random.default_rng(0).permutation(2**25)[:number]
    return np.ascontiguousarray(LETTERS[order[:, None] >> np.arange(0, 25, 5) & 31]).view("U5")[:, 0]


def in_lines(*columns: Any, header: str) -> str:
    return header + "\n" + "\n".join(map(",".join, zip(*columns, strict=True)))


MOMENTS = np.datetime64("2000-01-01T00:00") + np.arange(300_000)
LARGE = {
    "labels": ("x.csv", lambda: in_lines(unique_words(900_000), header="a"), lambda p: read_table(p).labels("a")),
    "numbers": ("x.csv", lambda: in_lines(unique_words(900_000), header="a"), lambda p: read_table(p).numbers("a")),
    "times": ("x.csv", lambda: in_lines(MOMENTS.astype(str), header="a"), lambda p: read_table(p).times("a")),
    "zone": ("x.csv", lambda: in_lines(MOMENTS.astype(str), header="a"), lambda p: read_table(p).time_zone("a")),
    "short texts": ("x.txt", lambda: "ab\ncd\n" * 900_000, read_texts),
    "short sequences": (
        "x.ts",
        lambda: "@classLabel true\n@data\n" + "\n".join(f"1:{word}" for word in unique_words(300_000)),
        read_ts,
    ),
    "a long sequence": ("x.ts", lambda: "@classLabel false\n@data\n" + "1," * 2_500_000 + "1", read_ts),
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what a process takes is read from Linux's /proc")
@pytest.mark.parametrize("case", LARGE)
def test_memory_for_a_large_file(case, tmp_path):
    name, content, reader = LARGE[case]
    path = tmp_path / name
    text = content()
    for part in (text[: text.find("\n", 40) + 1] or text[:40], text):  # the first call loads what it needs
        path.write_text(part)
        del part
        Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmRSS")
        with suppress(SeqwiseError):
            reader(path)
        taken = memory("VmHWM") - before
    assert taken <= MOST_MEMORY * path.stat().st_size + 20 * 2**20
