"""The `.ts` reader: against the published description of Japanese Vowels, and faults told by their lines."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

import seqwise as sw
from seqwise.errors import DataError, SettingError

HEADER = "# made for a test\n@problemName Made\n@dimensions 2\n@classLabel true no yes\n@data\n"  # 5 lines
CASES = "1,2,3:4,5,6:yes\n7,8:9,10:no\n"


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "made.ts"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize("break_", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_file_is_read(write, break_, start):
    made = sw.data.read_ts(write(start + (HEADER + "\n" + CASES).replace("\n", break_)))
    assert [s.tolist() for s in made] == [[[1, 4], [2, 5], [3, 6]], [[7, 9], [8, 10]]]
    assert made.labels is not None and made.labels.tolist() == ["yes", "no"]
    assert made.columns == ["0", "1"]


def test_targets_and_files_without_labels(write):
    assert sw.data.read_ts(write("@data\n1,2\n3\n")).labels is None
    made = sw.data.read_ts(write("@targetLabel true\n@data\n1,2:0.5\n3:-1\n"))
    assert made.labels is not None and made.labels.tolist() == [0.5, -1]
    assert [s.tolist() for s in made] == [[[1], [2]], [[3]]]


def test_japanese_vowels(shared_data):
    """270 + 370 utterances, 9 speakers, 12 features, 7 to 29 steps (Kudo et al. 1999)."""
    train = sw.data.make_sequences(shared_data / "JapaneseVowels_TRAIN.ts")
    test = sw.data.read_ts(shared_data / "JapaneseVowels_TEST.ts")
    assert (len(train), len(test)) == (270, 370)
    assert train.labels is not None and test.labels is not None
    assert Counter(train.labels.tolist()) == {str(k): 30 for k in range(1, 10)}
    assert Counter(test.labels.tolist()) == dict(zip("123456789", [31, 35, 88, 44, 29, 24, 40, 50, 29], strict=True))
    assert train.values.shape[1] == test.values.shape[1] == 12
    lengths = np.concatenate([train.lengths, test.lengths])
    assert (lengths.min(), lengths.max()) == (7, 29)
    assert train[0][0, :2].tolist() == [1.860936, -0.207383]


FAULTS = {
    "an empty file": ("", "made.ts has no @data line: it is not a .ts file, or it was cut off in its header."),
    "only a header": (HEADER, "made.ts has no sequence after @data."),
    "a table": ("a,b\n1,2\n", "made.ts, line 1: expected a header line such as '@dimensions 12', or '@data', got "
                "'a,b'. Is this a .ts file?"),
    "few dimensions": (HEADER + CASES + "1,2:no\n", "made.ts, line 8 has 1 dimension(s), expected 2: one for each "
                       "feature, separated by colons, and the label last."),
    "fewer than the header says": (HEADER + "1,2:no\n", "made.ts, line 6 has 1 dimension(s), expected 2: one for each "
                                   "feature, separated by colons, and the label last."),
    "unknown class": (HEADER + "1:2:maybe\n", "made.ts, line 6 ends in 'maybe', which is not a class in the "
                      "header: no, yes."),
    "missing": (HEADER + "1,2:3,?:no\n", "made.ts, line 6: dimension 1 is missing ('?') at step 1. Fill it, or leave "
                "the sequence out."),
    "nan": (HEADER + "1,nan:3,4:no\n", "made.ts, line 6: dimension 0 is missing ('nan') at step 1. Fill it, or leave "
            "the sequence out."),
    "text": (HEADER + "1,x:3,4:no\n", "made.ts, line 6: dimension 0 is 'x', not a number at step 1. Fill it, or leave "
             "the sequence out."),
    "infinite": (HEADER + "inf:3:no\n", "made.ts, line 6: dimension 0 is 'inf', not a number at step 0. Fill it, or "
                 "leave the sequence out."),
    "uneven": (HEADER + "1,2:3:no\n", "made.ts, line 6: dimension 1 has 1 steps, but dimension 0 has 2. The features "
               "of one sequence have the same steps."),
    "empty sequence": (HEADER + "::no\n", "made.ts, line 6: the sequence is empty. Leave the line out."),
    "time stamps": ("@timeStamps true\n@data\n", "made.ts, line 1: time stamps inside a .ts file are not read. Write "
                    "the sequences as a long table: one row a timestep, a column that names the sequence, and one for "
                    "the time."),
    "flag": ("@classLabel perhaps\n@data\n", "made.ts, line 1: @classLabel must be followed by true or false."),
    "dimensions": ("@dimensions many\n@data\n", "made.ts, line 1: @dimensions must be followed by a number of "
    "features."),
    "target": ("@targetLabel true\n@data\n1:high\n", "made.ts, line 3: the target 'high' is not a number."),
    "bytes": (HEADER.encode() + b"1:2:no\n3:4:\xff\n", "made.ts is not UTF-8: line 7 holds the byte 0xff. Save it as "
              "UTF-8, or convert it: iconv -f latin1 -t utf-8 made.ts > utf8.ts"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_by_its_line(case, write):
    text, message = FAULTS[case]
    with pytest.raises(DataError, match="^" + re.escape(message) + "$"):
        sw.data.read_ts(write(text))


def test_a_file_that_is_not_there(write):
    path = write(CASES)
    with pytest.raises(DataError, match=r"There is no file .*mode.ts'. Did you mean 'made.ts'\?"):
        sw.data.read_ts(path.with_name("mode.ts"))
    with pytest.raises(SettingError, match=r"group='id' names a column of a table, but a .ts file has none"):
        sw.data.make_sequences(path, group="id")
