"""The parts of a token's spelling, and their ids."""

import numpy as np
import pytest

from seqwise.data.spelling import PARTS, Speller, parts_of
from seqwise.data.tokenizer import UNKNOWN


@pytest.mark.parametrize(
    ("token", "letters", "shape"),
    [
        ("McDonald", ["m", "mc", "mcd", "d", "ld", "ald", "nald"], "XxXxx"),
        ("a", ["a"] * 7, "x"),
        ("2,500", ["2", "2,", "2,5", "0", "00", "500", ",500"], "d,dd"),
        ("Élan", ["é", "él", "éla", "n", "an", "lan", "élan"], "Xxx"),
        ("---", ["-", "--", "---", "-", "--", "---", "---"], "--"),
    ],
)
def test_the_parts_by_hand(token, letters, shape):
    parts = parts_of(token)
    assert [part[2:] for part in parts[:-1]] == letters
    assert parts[-1] == f"={shape}"
    assert len(set(parts)) == len(parts) == PARTS  # each has a mark of its own


def test_ids_go_there_and_back():
    texts = [["the", "cat", "runs"], ["Dogs", "run"]]
    speller = Speller().fit(texts)
    ids = speller.encode(texts)
    assert ids.shape == (5, PARTS)
    names = np.array(speller.tokenizer.tokens_)[ids]
    assert [row.tolist() for row in names] == [parts_of(token) for tokens in texts for token in tokens]
    again = Speller.from_dict(speller.to_dict())
    np.testing.assert_array_equal(again.encode([["cats", "Zoë"]]), speller.encode([["cats", "Zoë"]]))
    unseen = speller.encode([["cats"]])[0]
    assert (unseen[:3] > UNKNOWN).all()  # c, ca, cat
    assert unseen[6] == UNKNOWN  # of "-cats" nothing is known


def test_of_many_tokens_a_part_that_only_one_has_is_unknown():
    tokens = [f"{i:03d}" for i in range(200)]
    speller = Speller().fit([tokens])
    assert speller.encode([["007"]])[0].tolist().count(UNKNOWN) == 3  # its first three, its last three, its last four
