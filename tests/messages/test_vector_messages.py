"""What is said of damaged vector files: the line, or in a binary file the word and the byte."""

from __future__ import annotations

import gzip
import re

import numpy as np
import pytest

from seqwise.data import read_vectors
from seqwise.errors import DataError

TOKENS = ["<pad>", "<unk>", "cat", "the"]
GLOVE = "the 0.1 0.2 0.3\nof 1 2 3\ncat 0.4 0.5 0.6\n"
HEADED = "3 3\n" + GLOVE

TEXTS = {
    "a value too few": (
        GLOVE.replace("1 2 3", "1 2"),
        "vectors.txt, line 2 has 2 value(s), expected 3 as in line 1: 'of 1 2'. The file is damaged; "
        "fetch it again.",
    ),
    "a value too many": (
        GLOVE.replace("1 2 3", "1 2 3 4"),
        "vectors.txt, line 2 has 4 value(s), expected 3 as in line 1: 'of 1 2 3 4'. The file is damaged; "
        "fetch it again.",
    ),
    "no number": (
        GLOVE.replace("0.5", "0.5.1"),
        "vectors.txt, line 3: value 2 of 'cat' is '0.5.1', not a number. The file is damaged; fetch it again.",
    ),
    "a hole": (
        GLOVE.replace("0.4 0.5", "0.4 "),
        "vectors.txt, line 3: value 2 of 'cat' is '', not a number. The file is damaged; fetch it again.",
    ),
    "NaN": (
        GLOVE.replace("0.5", "nan"),
        "vectors.txt, line 3: value 2 of 'cat' is 'nan', not a number. The file is damaged; fetch it again.",
    ),
    "blank": (
        GLOVE.replace("of 1 2 3", ""), "vectors.txt, line 2 is blank. Each line is a word and its 3 values.",
    ),
    "cut off": (
        HEADED.replace("cat 0.4 0.5 0.6\n", ""),
        "vectors.txt ends after 2 of the 3 words that line 1 announces. It was cut off; fetch it again.",
    ),
    "a header that lies about words": (
        HEADED.replace("3 3\n", "2 3\n"),
        "vectors.txt, line 4 comes after the 2 words that line 1 announces: line 1 is wrong, or two files "
        "were concatenated.",
    ),
    "a header that lies about dims": (
        HEADED.replace("3 3\n", "3 4\n"),
        "vectors.txt, line 2 has 3 value(s), expected 4 as in line 1: 'the 0.1 0.2 0.3'. The file is "
        "damaged; fetch it again.",
    ),
    "an empty header": ("0 3\n", "vectors.txt, line 1 announces 0 words of 3 values: it holds no vectors."),
    "empty": ("", "vectors.txt is empty, or its first line is. Expected a word and its values on each line."),
    "a list of words": (
        "the\nof\n",
        "vectors.txt, line 1 has no values: 'the'. Expected a word and its values: is it a file of vectors?",
    ),
    "other words": (
        GLOVE.replace("the", "le").replace("cat", "chat"),
        "vectors.txt has none of the vocabulary's 2 words. Is it in the language of the texts, and in UTF-8?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_a_faulty_text(case, tmp_path):
    content, text = TEXTS[case]
    path = tmp_path / "vectors.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="^" + re.escape(text) + "$"):
        read_vectors(path, TOKENS)


VALUES = np.arange(1, 13, dtype="<f4").reshape(3, 4)


def binary(header=b"3 4\n", values=VALUES):
    return header + b"".join(w + b" " + row.tobytes() for w, row in zip((b"the", b"of", b"cat"), values, strict=True))


BINARIES = {
    "cut off in a value": (
        binary()[:-3],
        "vectors.bin breaks off at byte 60, in word 3 ('cat') of the 3 words of 4 values that line 1 announces. Fetch "
        "it again.",
    ),
    "cut off in a word": (
        binary()[:45],
        "vectors.bin breaks off at byte 45, in word 3 ('ca') of the 3 words of 4 values that line 1 announces. Fetch "
        "it "
        "again.",
    ),
    "more words": (
        binary(b"2 4\n"),
        "vectors.bin goes on at byte 43, after the 2 words of 4 values that line 1 announces: line 1 is wrong, or two "
        "files were concatenated.",
    ),
    "fewer values": (
        binary(b"3 5\n"),
        "vectors.bin: at byte 28 word 2 should begin, but there is …. The file is damaged, or its vectors do "
        "not have the 5 values that line 1 announces.",
    ),
    "NaN": (
        binary(values=np.where(VALUES == 10, np.nan, VALUES).astype("<f4")),
        "vectors.bin: 'cat', at byte 43, holds NaN or infinity. The file is damaged, or its vectors do not have the 4 "
        "values that line 1 announces.",
    ),
    "something else": (
        b"\x00\x01PNG\r\n\x1a\n\x00\x00\x00",
        "vectors.bin holds bytes that are not text, and its first line is not 'words dims' as in word2vec's binary "
        "format. Is it a file of vectors?",
    ),
}


@pytest.mark.parametrize("case", BINARIES)
def test_a_faulty_binary(case, tmp_path):
    content, text = BINARIES[case]
    path = tmp_path / "vectors.bin"
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_vectors(path, TOKENS)
    said = re.sub("there is '[^']*'", "there is …", str(raised.value))  # the bytes of the floats
    assert said == text


def test_a_faulty_archive(tmp_path):
    path = tmp_path / "vectors.txt.gz"
    whole = gzip.compress(("the " + " ".join(map(str, np.random.default_rng(0).normal(size=300))) + "\n").encode())
    path.write_bytes(whole[:-40])
    with pytest.raises(
        DataError,
        match=r"^vectors.txt.gz is damaged: its compressed data are faulty or break off \(.*\). Fetch it again.$",
    ):
        read_vectors(path, TOKENS)


def test_no_such_file(tmp_path):
    (tmp_path / "glove.txt").write_text(GLOVE)
    with pytest.raises(DataError, match=r"There is no file '.*glov.txt'. Did you mean 'glove.txt'\?"):
        read_vectors(tmp_path / "glov.txt", TOKENS)
