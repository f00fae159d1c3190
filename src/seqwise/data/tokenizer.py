"""Texts as whole numbers: words or sub-words, from a vocabulary that is learned on the training texts alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from seqwise.data.sequences import Sequences
from seqwise.data.spacing import join_words, learn_spacing
from seqwise.data.texts import as_texts
from seqwise.errors import DataError, NotFittedError, SettingError

KINDS = ("words", "bpe", "tokens")
PADDING, UNKNOWN, START, END = range(4)
SPECIAL = ("<pad>", "<unk>", "<start>", "<end>")


class Tokenizer:
    """Turn texts into sequences of token ids, and back.

    Id 0 is padding, so that ``Embedding(mask_zero=True)`` hides it; id 1 stands for every word that is not in the
    vocabulary; with `ends`, 2 and 3 are the start and the end of a text. A text that spells ``<pad>`` is not padding;
    a given token that is spelled so is an unknown one.
    An empty text becomes one unknown token, since a sequence has at least one step; with `ends`, a start and an end.

    The work is done by the `tokenizers` library (``pip install 'seqwise[text]'``).

    Args:
        kind: ``"words"`` splits at white space and around each punctuation mark; ``"bpe"`` learns sub-words by
            byte-pair encoding (Sennrich et al. 2016, "Neural machine translation of rare words with subword units"),
            which keeps white space as ``▁`` and has no unknown words but for characters that training never had;
            ``"tokens"`` takes lists of tokens as they come, one id each.
        size: tokens of the vocabulary at most, the special ones included; the most frequent are kept.
        min_count: how often a word (``"bpe"``: a pair to be merged) must occur in the training texts. At 2, the words
            that occur once teach the network what an unknown word is.
        lowercase: whether case is ignored.
        max_length: tokens of a text at most, the ends included; None cuts nothing.
        truncate: the end at which a longer text is cut: ``"right"`` keeps its first tokens, ``"left"`` its last.
        ends: put a start and an end token around each text.

    Attributes:
        tokens_: the vocabulary; a token's place is its id.

    Example:
        >>> tokenizer = Tokenizer(min_count=1).fit(["A cat.", "A dog!"])
        >>> tokenizer.encode(["a dog", "A cow."])[1].ravel().tolist()  # a, unknown, .
        [2, 1, 4]
        >>> tokenizer.decode([2, 6, 3])
        'a dog!'
    """

    def __init__(
        self,
        kind: str = "words",
        *,
        size: int = 20_000,
        min_count: int = 2,
        lowercase: bool = True,
        max_length: int | None = None,
        truncate: str = "right",
        ends: bool = False,
    ) -> None:
        self.kind, self.size, self.min_count, self.lowercase = kind, size, min_count, lowercase
        self.max_length, self.truncate, self.ends = max_length, truncate, ends

    def __len__(self) -> int:
        return len(self.tokens_)

    def fit(self, texts: Iterable[Any]) -> Tokenizer:
        """Learn the vocabulary from the training texts (and from no others: a word of the test part is unknown).

        Args:
            texts: of each sample its text, or with ``kind="tokens"`` its list of tokens.

        Raises:
            DataError: there is no text, one of them is none, or no word is left; names the position.
            SettingError: an argument is out of range, or the tokenizers library is not installed.
        """
        self._check_settings()
        read = as_texts(texts, tokens=self.kind == "tokens")
        special: list[str] = list(SPECIAL if self.ends else SPECIAL[:2])
        learner, trainer = _learner(self.kind, self.size, self.min_count, self.lowercase, special)
        # given tokens are counted whole, however many words each holds; one that is spelled as ours takes no id of ours
        given = (
            token for text in read for token in text if (token.lower() if self.lowercase else token) not in special
        )
        learner.train_from_iterator(given if self.kind == "tokens" else read, trainer)
        vocabulary = learner.get_vocab()
        self.tokens_ = sorted(vocabulary, key=vocabulary.__getitem__)
        if len(self.tokens_) == len(special):
            raise DataError(
                f"No word occurs {self.min_count} times in the {len(read):,} training text(s): the vocabulary is "
                "empty. Lower min_count, or pass more texts."
            )
        self.merges_ = _merges(learner) if self.kind == "bpe" else []
        self._build()
        self.spacing_ = learn_spacing(self._library, read) if self.kind == "words" else {}
        return self

    def encode(self, texts: Iterable[Any]) -> Sequences:
        """Return the ids of each text's tokens: `Sequences` of one feature, int32.

        Raises:
            DataError: there is no text, or one of them is none; names the position.
            NotFittedError: before `fit`.
        """
        if not hasattr(self, "tokens_"):
            raise NotFittedError("This Tokenizer has no vocabulary yet. Learn one: .fit(training_texts).")
        given = self.kind == "tokens"
        read = as_texts(texts, tokens=given)
        before, after = ([START], [END]) if self.ends else ([], [])
        most = None if self.max_length is None else self.max_length - 2 * self.ends
        own = len(SPECIAL if self.ends else SPECIAL[:2])  # ids that no given token has, however it is spelled
        ids: list[list[int]] = []
        for encoding in self._library.encode_batch_fast(read, is_pretokenized=given):
            found = [i if i >= own else UNKNOWN for i in encoding.ids] if given else encoding.ids
            if most is not None and len(found) > most:
                found = found[:most] if self.truncate == "right" else found[-most:]
            ids.append(before + (found if found or self.ends else [UNKNOWN]) + after)
        lengths = np.array([len(one) for one in ids], dtype=np.int64)
        values = np.fromiter((i for one in ids for i in one), dtype=np.int32, count=int(lengths.sum()))
        return Sequences(values[:, None], lengths, ["token"], label="the texts")

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of a sequence of ids, up to its end token; padding and start are left out.

        ``"bpe"`` gives back the text but for runs of white space, and for case with `lowercase`. Words are joined by
        spaces, but for marks which the training texts mostly wrote without one.
        """
        words = []
        for i in np.asarray(ids).ravel().tolist():
            if self.ends and i == END:
                break
            if i != PADDING and not (self.ends and i == START):
                words.append(self.tokens_[i])
        if self.kind == "bpe":
            return "".join(words).replace("▁", " ").strip()
        return join_words(words, self.spacing_)

    def notes(self, texts: Iterable[Any], encoded: Sequences) -> list[str]:
        """Tell what encoding lost: the share of unknown words, empty texts, texts that were cut.

        Args:
            encoded: what `encode` made of `texts`.
        """
        read = as_texts(texts, tokens=self.kind == "tokens")
        empty = [i for i, text in enumerate(read) if not (text if self.kind == "tokens" else text.strip())]
        unknown = int((encoded.values == UNKNOWN).sum()) - (0 if self.ends else len(empty))
        words = encoded.values.size - (2 * len(read) if self.ends else len(empty))
        found = [f"{unknown / max(words, 1):.1%} of the {words:,} words are unknown (not in the vocabulary)."]
        if empty:
            found.append(f"{len(empty):,} text(s) are empty, first text {empty[0]}: each is read as one unknown word.")
        if self.max_length is not None and (full := int((encoded.lengths == self.max_length).sum())):
            side = {"right": "first", "left": "last"}[self.truncate]
            found.append(
                f"{full:,} text(s) fill max_length={self.max_length}: of a longer one its {side} tokens are kept."
            )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return settings and vocabulary as JSON."""
        names = ("kind", "size", "min_count", "lowercase", "max_length", "truncate", "ends")
        return {
            "settings": {name: getattr(self, name) for name in names},
            "tokens": self.tokens_,
            "merges": self.merges_,
            "spacing": self.spacing_,
        }

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Tokenizer:
        """Bring back what `to_dict` returned."""
        made = cls(**saved["settings"])
        made.tokens_, made.merges_ = list(saved["tokens"]), [tuple(pair) for pair in saved["merges"]]
        made.spacing_ = dict(saved["spacing"])
        made._build()
        return made

    def _build(self) -> None:
        # from the vocabulary alone, after training as after loading: so both are the same
        self._library = _library().Tokenizer(_model(self.kind, self.tokens_, self.merges_))
        _set_reading(self._library, self.kind, self.lowercase)

    def _check_settings(self) -> None:
        if self.kind not in KINDS:
            raise SettingError(f"kind={self.kind!r}: expected one of {', '.join(map(repr, KINDS))}.")
        if self.truncate not in ("right", "left"):
            raise SettingError(f"truncate={self.truncate!r}: expected 'right' or 'left'.")
        least = {"size": 5, "min_count": 1, "max_length": 3 if self.ends else 1}
        for name, low in least.items():
            value = getattr(self, name)
            if name == "max_length" and value is None:
                continue
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < low:
                raise SettingError(f"{name}={value!r}: expected a whole number, at least {low}.")


def _library() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise SettingError(
            "Texts need the tokenizers library, which is not installed: pip install 'seqwise[text]'"
        ) from None
    return tokenizers


def _learner(kind: str, size: int, min_count: int, lowercase: bool, special: list[str]) -> tuple[Any, Any]:
    """Return an untrained tokenizer and its trainer."""
    library = _library()
    learner = library.Tokenizer(_model(kind, special, []))
    _set_reading(learner, kind, lowercase)
    settings: dict[str, Any] = {
        "vocab_size": size, "min_frequency": min_count, "special_tokens": special, "show_progress": False
    }  # fmt: skip
    if kind != "bpe":
        return learner, library.trainers.WordLevelTrainer(**settings)
    # the characters themselves count towards the size: left alone, those of Chinese or Japanese exceed it
    return learner, library.trainers.BpeTrainer(**settings, limit_alphabet=size - len(special))


def _model(kind: str, tokens: list[str], merges: list[tuple[str, str]]) -> Any:
    models, vocabulary = _library().models, {token: i for i, token in enumerate(tokens)}
    if kind == "bpe":
        return models.BPE(vocabulary, merges, unk_token=SPECIAL[UNKNOWN])
    return models.WordLevel(vocabulary, unk_token=SPECIAL[UNKNOWN])


def _set_reading(library_tokenizer: Any, kind: str, lowercase: bool) -> None:
    """Set how a text becomes words: its characters composed (NFC), then split."""
    library = _library()
    normal, split = library.normalizers, library.pre_tokenizers
    steps = [normal.NFC(), *([normal.Lowercase()] if lowercase else [])]
    if kind == "bpe":
        steps += [normal.Replace(library.Regex(r"\s+"), " "), normal.Strip()]
        library_tokenizer.pre_tokenizer = split.Sequence([split.Metaspace(), split.Punctuation()])
    elif kind == "words":
        library_tokenizer.pre_tokenizer = split.BertPreTokenizer()  # white space, and around each mark
    library_tokenizer.normalizer = normal.Sequence(steps)


def _merges(learner: Any) -> list[tuple[str, str]]:
    import json

    return [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
