"""Pretrained vectors: written by a few plain lines, read back row by row; only the vocabulary's rows are held."""

from __future__ import annotations

import gzip
import tracemalloc

import numpy as np
import pytest

from seqwise.data import Tokenizer, read_vectors

WORDS = ["the", "cat", "sat", "Mat", "naïve", "x y", "\u2028", "of"]
FORMATS = ["glove", "glove CRLF", "word2vec text", "word2vec.c text", "binary", "word2vec.c binary"]


def numbers(words, dims, seed=0):
    return np.random.default_rng(seed).normal(size=(len(words), dims)).astype(np.float32)


def written(kind, words, values):
    """The bytes of a file, as the programs that write them do."""
    count, dims = values.shape
    if "binary" in kind:
        end = b"\n" if ".c" in kind else b""
        rows = [w.encode() + b" " + row.astype("<f4").tobytes() + end for w, row in zip(words, values, strict=True)]
        return f"{count} {dims}\n".encode() + b"".join(rows)
    header = f"{count} {dims}\n" if "word2vec" in kind else ""
    end = {"glove CRLF": "\r\n", "word2vec.c text": " \n"}.get(kind, "\n")
    lines = [w + " " + " ".join(map(repr, row.tolist())) for w, row in zip(words, values, strict=True)]
    return (header + "".join(line + end for line in lines)).encode()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("dims", [3, 50])
def test_every_format_gives_the_same_rows(tmp_path, kind, compressed, dims):
    words = [w for w in WORDS if "binary" not in kind or " " not in w]
    values = numbers(words, dims)
    raw = written(kind, words, values)
    path = tmp_path / ("vectors.bin" if "binary" in kind else "vectors.txt")
    path.write_bytes(gzip.compress(raw) if compressed else raw)
    tokens = ["<pad>", "<unk>", "of", "dog", *words[:-1]]
    read = read_vectors(path, tokens)
    for i, token in enumerate(tokens):
        expected = values[words.index(token)] if token in words else np.zeros(dims)
        np.testing.assert_array_equal(read.values[i], expected)
    assert read.known.tolist() == [token in words for token in tokens]
    assert read.coverage == pytest.approx((len(words) - 0) / (len(words) + 1))


def test_the_binary_format_is_told_by_its_bytes_too(tmp_path):
    path = tmp_path / "vectors.model"
    path.write_bytes(written("binary", ["a", "b"], numbers("ab", 20)))
    np.testing.assert_array_equal(read_vectors(path, ["<pad>", "<unk>", "b"]).values[2], numbers("ab", 20)[1])


def test_a_capital_serves_only_where_nothing_else_does(tmp_path):
    words = ["Paris", "PARIS", "May", "may", "may", "<unk>", "<pad>"]
    values = numbers(words, 3)
    path = tmp_path / "vectors.txt"
    path.write_bytes(written("glove", words, values))
    read = read_vectors(path, ["<pad>", "<unk>", "paris", "may"])
    np.testing.assert_array_equal(read.values, [np.zeros(3), values[5], values[0], values[3]])


def test_the_table_of_an_embedding(tmp_path):
    words = [f"w{i}" for i in range(300)]
    values = numbers(words, 4) * [1, 2, 3, 4] + [0, 1, 0, -5]
    path = tmp_path / "vectors.txt"
    path.write_bytes(written("glove", words, values.astype(np.float32)))
    tokens = ["<pad>", "<unk>", *words, *(f"unseen{i}" for i in range(400))]
    read = read_vectors(path, tokens)
    table = read.table(seed=1)
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table[0], 0)
    np.testing.assert_array_equal(table[2:302], read.values[2:302])
    drawn = table[302:]
    np.testing.assert_allclose(drawn.mean(axis=0), values.mean(axis=0), atol=0.6)
    np.testing.assert_allclose(drawn.std(axis=0), values.std(axis=0), rtol=0.15)
    np.testing.assert_array_equal(table, read.table(seed=1))
    assert (table[302:] != read.table(seed=2)[302:]).all()


def test_the_coverage_is_told(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(written("glove", ["a", "b"], numbers("ab", 3)))
    texts = ["a a a b", "c"]
    tokenizer = Tokenizer(min_count=1).fit(texts)
    read = read_vectors(path, tokenizer.tokens_)
    assert read.warnings(tokenizer.encode(texts)) == [
        "vectors.txt has vectors for 2 of the vocabulary's 3 words (66.7%), which are 80.0% of the words in the "
        "training texts; the others start at random."
    ]


@pytest.mark.parametrize("kind", ["glove", "binary"])
def test_memory_holds_the_rows_of_the_vocabulary_alone(tmp_path, kind):
    words = [f"word{i}" for i in range(40_000)]
    values = np.round(numbers(words, 50), 4)
    path = tmp_path / "many.txt"
    path.write_bytes(written(kind, words, values))
    assert path.stat().st_size > 8e6
    tokens = ["<pad>", "<unk>", "word7", "word39999"]
    tracemalloc.start()
    read = read_vectors(path, tokens)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(read.values[2:], values[[7, 39999]])
    # a chunk of 1 MiB is held up to three times: as it was read, joined to the rest of the last, and cut into lines
    assert peak < 5e6


def test_glove_as_it_is_published(shared_data):
    path = shared_data / "glove.6B.100d.sample.txt.gz"
    lines = [line.split() for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    tokens = ["<pad>", "<unk>", *(line[0] for line in lines)]
    read = read_vectors(path, tokens)
    assert read.coverage == 1
    np.testing.assert_array_equal(read.values[2:], np.array([line[1:] for line in lines], dtype=np.float32))
