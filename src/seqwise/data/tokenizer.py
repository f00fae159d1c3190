"""Tokenizing texts: words or sub-words, with a vocabulary learned from the training texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self, TypedDict

import numpy as np

from seqwise.data.sequences import Sequences
from seqwise.data.spacing import join_words, learn_spacing
from seqwise.data.texts import as_texts
from seqwise.data.words import normalized, split_words
from seqwise.errors import DataError, NotFittedError, SettingError, check_choice, is_whole_number

if TYPE_CHECKING:
    import tokenizers

KINDS = ("words", "bpe", "tokens")
MOST_COUNTED = 10**12  # of tokens, epochs or steps: libraries count in 64 bits
LONGEST_WORD = 500  # characters that sub-words are merged in; no word of a language is as long
PADDING, UNKNOWN, START, END = range(4)
SPECIAL = ("<pad>", "<unk>", "<start>", "<end>")


class SavedTokenizer(TypedDict):
    """A fitted tokenizer as JSON holds it."""

    settings: dict[str, Any]
    tokens: list[str]
    merges: list[list[str]]
    spacing: dict[str, list[bool]]


class Tokenizer:
    """Turn texts into sequences of token ids, and back.

    Id 0 is padding, so that ``Embedding(mask_zero=True)`` hides it; id 1 stands for every word that is not in the
    vocabulary; with `ends`, 2 and 3 are the start and the end of a text. The word ``<pad>`` in a text is not padding,
    and a token spelled ``<pad>`` (with ``kind="tokens"``) counts as unknown.
    An empty text becomes one unknown token, since a sequence has at least one step; with `ends`, a start and an end.

    The work is done by the `tokenizers` library (``pip install 'seqwise[text]'``). Without it a saved tokenizer of
    words or tokens still encodes and decodes; sub-words and `fit` need it.

    Args:
        kind: ``"words"`` splits at white space and around each punctuation mark; ``"bpe"`` learns sub-words by
            byte-pair encoding (Sennrich et al. 2016, "Neural machine translation of rare words with subword units"),
            which keeps white space as ``▁``; only characters absent from the training texts are unknown;
            ``"tokens"`` takes lists of tokens, one id for each.
        size: maximum size of the vocabulary, special tokens included; the most frequent tokens are kept.
        min_count: how often a word (``"bpe"``: a pair to be merged) must occur in the training texts. With 2, the words
            that occur once teach the network what an unknown word is.
        lowercase: whether case is ignored.
        max_length: maximum number of tokens of a text, start and end included; None cuts nothing.
        truncate: the end at which a longer text is cut: ``"right"`` keeps its first tokens, ``"left"`` its last.
        ends: put a start and an end token around each text.

    Attributes:
        tokens_: the vocabulary; a token's position is its id.

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

    def fit(self, texts: Iterable[Any]) -> Self:
        """Learn the vocabulary from the training texts. Leave the test texts out: their new words are unknown.

        Args:
            texts: the text of each sample, or with ``kind="tokens"`` its list of tokens.

        Raises:
            DataError: the list is empty, an item is not a text (names the position), or no word is frequent enough.
            SettingError: an argument is out of range, or the tokenizers library is not installed.
        """
        self._check_settings()
        items = as_texts(texts, tokens=self.kind == "tokens")
        special: list[str] = list(SPECIAL if self.ends else SPECIAL[:2])
        learner, trainer = _learner(self.kind, self.size, self.min_count, self.lowercase, special, items)
        # a user's token is counted whole, even if it holds several words; one spelled like a special token is skipped
        tokens = (
            token for text in items for token in text if (token.lower() if self.lowercase else token) not in special
        )
        learner.train_from_iterator(tokens if self.kind == "tokens" else items, trainer)
        vocabulary = learner.get_vocab()
        self.tokens_ = sorted(vocabulary, key=vocabulary.__getitem__)
        if len(self.tokens_) == len(special):
            raise DataError(
                f"No word occurs {self.min_count} times in the {len(items):,} training text(s): the vocabulary is "
                "empty. Lower min_count, or pass more texts."
            )
        self.merges_ = _merges(learner) if self.kind == "bpe" else []
        self._build()
        self.spacing_ = learn_spacing(self._library, items) if self.kind == "words" else {}
        return self

    def encode(self, texts: Iterable[Any]) -> Sequences:
        """Return the ids of each text's tokens: `Sequences` of one feature, int32.

        Raises:
            DataError: the list is empty, or an item is not a text; names the position.
            NotFittedError: before `fit`.
        """
        if not hasattr(self, "tokens_"):
            raise NotFittedError("This Tokenizer has no vocabulary yet. Learn one: .fit(training_texts).")
        whole_tokens = self.kind == "tokens"
        items = as_texts(texts, tokens=whole_tokens)
        before, after = ([START], [END]) if self.ends else ([], [])
        most = None if self.max_length is None else self.max_length - 2 * self.ends
        special = len(SPECIAL if self.ends else SPECIAL[:2])
        texts_ids: list[list[int]] = []
        for ids in self._ids(items):
            if whole_tokens:  # a user's token may be spelled like a special one
                ids = [i if i >= special else UNKNOWN for i in ids]
            if most is not None and len(ids) > most:
                ids = ids[:most] if self.truncate == "right" else ids[-most:]
            texts_ids.append(before + (ids if ids or self.ends else [UNKNOWN]) + after)
        lengths = np.array([len(ids) for ids in texts_ids], dtype=np.int64)
        values = np.fromiter((i for ids in texts_ids for i in ids), dtype=np.int32, count=int(lengths.sum()))
        return Sequences(values[:, None], lengths, ["token"], label="the texts")

    def _ids(self, items: list[Any]) -> Iterable[list[int]]:
        """Return the ids of each text's tokens, before it is cut and its ends are marked."""
        if self._library is None:
            numbers = {token: i for i, token in enumerate(self.tokens_)}
            return ([numbers.get(word, UNKNOWN) for word in self._words(item)] for item in items)
        encoded = self._library.encode_batch_fast(items, is_pretokenized=self.kind == "tokens")
        return (encoding.ids for encoding in encoded)

    def _words(self, item: Any) -> list[str]:
        if self.kind == "tokens":
            return [normalized(token, self.lowercase) for token in item]
        return split_words(normalized(item, self.lowercase))

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of a sequence of ids, up to its end token; padding and start are left out.

        ``"bpe"`` restores the text except for runs of white space, and case with `lowercase`. Words are joined by
        spaces, except around marks that the training texts usually write without one.
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

    def warnings(self, texts: Iterable[Any], encoded: Sequences) -> list[str]:
        """Report what encoding lost: the share of unknown words, empty texts, texts that were cut.

        Args:
            encoded: the result of `encode` for `texts`.
        """
        items = as_texts(texts, tokens=self.kind == "tokens")
        empty = [i for i, text in enumerate(items) if not (text if self.kind == "tokens" else text.strip())]
        unknown = int((encoded.values == UNKNOWN).sum()) - (0 if self.ends else len(empty))
        words = encoded.values.size - (2 * len(items) if self.ends else len(empty))
        sentences = [f"{unknown / max(words, 1):.1%} of the {words:,} words are unknown (not in the vocabulary)."]
        if empty:
            sentences.append(
                f"{len(empty):,} text(s) are empty, first text {empty[0]}: each counts as one unknown word."
            )
        if self.max_length is not None and (full := int((encoded.lengths == self.max_length).sum())):
            side = {"right": "first", "left": "last"}[self.truncate]
            sentences.append(
                f"{full:,} text(s) reach max_length={self.max_length}: only the {side} tokens of longer texts are kept."
            )
        return sentences

    def to_dict(self) -> SavedTokenizer:
        """Return settings and vocabulary as JSON."""
        names = ("kind", "size", "min_count", "lowercase", "max_length", "truncate", "ends")
        return {
            "settings": {name: getattr(self, name) for name in names},
            "tokens": self.tokens_,
            "merges": [list(pair) for pair in self.merges_],
            "spacing": self.spacing_,
        }

    @classmethod
    def from_dict(cls, saved: SavedTokenizer) -> Self:
        """Restore a tokenizer from `to_dict`."""
        tokenizer = cls(**saved["settings"])
        tokenizer.tokens_ = list(saved["tokens"])
        tokenizer.merges_ = [(left, right) for left, right in saved["merges"]]
        tokenizer.spacing_ = dict(saved["spacing"])
        tokenizer._build()
        return tokenizer

    def _build(self) -> None:
        # from the vocabulary alone, after training as after loading, so that both behave alike
        self._library: Any = None
        if self.kind == "bpe" or _installed_library() is not None:
            self._library = _library().Tokenizer(_model(self.kind, self.tokens_, self.merges_))
            _set_splitting(self._library, self.kind, self.lowercase)

    def _check_settings(self) -> None:
        check_choice("kind", self.kind, KINDS)
        check_choice("truncate", self.truncate, ("right", "left"))
        for name, least in (("size", 5), ("min_count", 1), ("max_length", 3 if self.ends else 1)):
            value = getattr(self, name)
            if name == "max_length" and value is None:
                continue
            if not is_whole_number(value, least):
                raise SettingError(f"{name}={value!r}: expected a whole number, at least {least}.")
            if value > MOST_COUNTED:
                raise SettingError(f"{name}={value!r}: expected a whole number, from {least} to {MOST_COUNTED:,}.")


def _installed_library() -> ModuleType | None:
    try:
        import tokenizers
    except ImportError:
        return None
    return tokenizers


def _library() -> ModuleType:
    library = _installed_library()
    if library is None:
        raise SettingError("Texts need the tokenizers library, which is not installed: pip install 'seqwise[text]'")
    return library


def _learner(
    kind: str, size: int, min_count: int, lowercase: bool, special: list[str], texts: list[Any]
) -> tuple[tokenizers.Tokenizer, Any]:
    """Return an untrained tokenizer and its trainer for `texts`."""
    library = _library()
    learner = library.Tokenizer(_model(kind, special, []))
    _set_splitting(learner, kind, lowercase)
    size = min(size, 4 * sum(map(len, texts)) + 1000)  # the trainer makes room for all; there cannot be more
    settings: dict[str, Any] = {
        "vocab_size": size, "min_frequency": min_count, "special_tokens": special, "show_progress": False
    }  # fmt: skip
    if kind != "bpe":
        return learner, library.trainers.WordLevelTrainer(**settings)
    # single characters count towards the size; without a limit those of Chinese or Japanese exceed it
    limit = size - len(special)
    alphabet = _alphabet(learner, texts)
    if len(alphabet) > limit:  # of equally frequent ones the trainer keeps now these, now those, so we choose
        settings["initial_alphabet"] = alphabet[:limit]
    return learner, library.trainers.BpeTrainer(**settings, limit_alphabet=limit)


def _alphabet(learner: tokenizers.Tokenizer, texts: list[str]) -> list[str]:
    """Return the characters of texts as sub-words hold them, the most frequent first."""
    counts = Counter({"▁": len(texts)})  # before each word, so also before the first
    for text in texts:
        counts.update(learner.normalizer.normalize_str(text).replace(" ", "▁"))
    return sorted(counts, key=lambda character: (-counts[character], character))


def _model(kind: str, tokens: list[str], merges: list[tuple[str, str]]) -> Any:
    models, vocabulary = _library().models, {token: i for i, token in enumerate(tokens)}
    if kind == "bpe":
        return models.BPE(vocabulary, merges, unk_token=SPECIAL[UNKNOWN])
    return models.WordLevel(vocabulary, unk_token=SPECIAL[UNKNOWN])


def _set_splitting(tokenizer: tokenizers.Tokenizer, kind: str, lowercase: bool) -> None:
    """Set how a text becomes words: its characters are composed (NFC), then it is split."""
    library = _library()
    normal, split = library.normalizers, library.pre_tokenizers
    steps = [normal.NFC(), *([normal.Lowercase()] if lowercase else [])]
    if kind == "bpe":
        steps += [normal.Replace(library.Regex(r"\s+"), " "), normal.Strip()]
        # merging a word takes the square of its length: a very long one is cut into pieces
        pieces = split.Split(library.Regex(rf".{{1,{LONGEST_WORD}}}"), behavior="isolated")
        tokenizer.pre_tokenizer = split.Sequence([split.Metaspace(), split.Punctuation(), pieces])
    elif kind == "words":
        tokenizer.pre_tokenizer = split.BertPreTokenizer()  # white space, and around each mark
    tokenizer.normalizer = normal.Sequence(steps)


def _merges(learner: tokenizers.Tokenizer) -> list[tuple[str, str]]:
    import json

    return [tuple(pair) for pair in json.loads(learner.to_str())["model"]["merges"]]
