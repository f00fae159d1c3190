"""Translating texts: an encoder and a decoder learn from pairs, and search step by step for the best translation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from seqwise.artifact import write_json
from seqwise.artifact.models import save_model
from seqwise.backend import PREDICTING_LOCK, check_process, import_keras
from seqwise.baselines.similar import MostSimilar
from seqwise.data import Tokenizer
from seqwise.data.sources import MOST_HYPOTHESES, cut_sources
from seqwise.data.text_pairs import TextPairs, read_pairs, split_pairs
from seqwise.data.tokenizer import as_texts
from seqwise.errors import DataError, SettingError, is_whole_number
from seqwise.estimators.base import METRICS, REPORT, Estimator, Schedule
from seqwise.estimators.memory import lstm_weights
from seqwise.estimators.pickling import PickledModel
from seqwise.estimators.settings import (
    PAIRS,
    SEQUENCES,
    TEXTS,
    UNITS,
    Option,
    at_least,
    choice,
    estimator,
    learned,
    setting,
    share,
    whole,
    widths,
)
from seqwise.estimators.translation.data import PairData, PairInput, TokenTarget, plain_model
from seqwise.estimators.translation.network import ATTENTION, InferenceModels, build_translator, inference_models
from seqwise.estimators.translation.search import TokenSearch
from seqwise.estimators.translation.summary import PairSummary
from seqwise.evaluation.translation import (
    SIMILAR,
    TranslationComparison,
    sacrebleu_metrics,
    score_translations,
)
from seqwise.training import Training
from seqwise.training.batches import Batches

ENCODER, STEP, TRANSLATIONS = "encoder.keras", "decoder_step.keras", "translations.json"
STEPS, EPOCHS = 12_000, (12, 60)  # epochs="auto": training steps that are aimed at; the fewest and the most epochs
WORDS_PER_TOKEN, SUB_WORDS = 50, (1_000, 8_000)  # vocabulary="auto", of sub-words
MOST_WORDS = 20_000


def _check_beam(name: str, value: Any) -> None:
    if not is_whole_number(value, 1) or value > MOST_HYPOTHESES:
        raise SettingError(f"{name}={value!r}: expected a number of hypotheses, 1 (greedy) to {MOST_HYPOTHESES:,}.")


def _parse_attention(value: str) -> str | None:
    return None if value == "none" else value


@estimator
class Translator(Estimator[PairData, PairSummary, TranslationComparison]):
    """Translate texts with an LSTM encoder and decoder (sequence to sequence).

    Follows scikit-learn's conventions: the constructor stores its arguments, `fit` learns, attributes that end
    in ``_`` are what it learned. Texts of any lengths go together; padding is never seen. A `network` of your own
    reads the translation so far anew at each step.

    Args:
        {settings}

    Attributes:
        model_: the Keras model that was trained: [source, decoder input] → logits. encoder_, step_: the Keras models
            that translate, on the same layers; see `seqwise.estimators.translation.network.InferenceModels`.
        source_tokenizer_, target_tokenizer_: the two vocabularies. test_pairs_: the test set: distinct sources, and
            the references of each. pairs_: the pairs of each part; None after `load`.
        training_: history, seconds, best epoch. notes_: what was found in the data, one sentence each.

    Example:
        >>> import seqwise as sw
        >>> translator = sw.Translator(beam=3, seed=0)
        >>> translator.get_params()["units"]
        (256,)
    """

    result_files = (METRICS, TRANSLATIONS, REPORT)
    fit_call = ".fit(sources, targets)"
    loads_compiled = True
    input_types = (PairInput,)
    target_type = TokenTarget

    units: Sequence[int] = setting(
        default=(256,),
        help="width of each stacked LSTM layer, in the encoder and in the decoder.",
        check=widths,
        option=UNITS,
        kw_only=False,
    )
    embedding: int = setting(
        default=256, help="width of the embeddings of both languages' tokens.", check=whole(1),
        option=Option(TEXTS, int, help="Width of a token's vector."),
    )  # fmt: skip
    bidirectional: bool = setting(default=True, help="the encoder reads the source in both directions.")
    attention: str | None = setting(
        default="dot",
        help='the decoder looks back at all of the source: ``"dot"`` (Luong et al. 2015), ``"additive"`` (Bahdanau '
        "et al. 2015), or None, which leaves it the encoder's last state alone.",
        check=choice(*ATTENTION),
        option=Option(PAIRS, str, _parse_attention, "dot, additive or none."),
    )
    dropout: float = setting(
        default=0.1,
        help="share of the embeddings and of each layer's outputs dropped in training, 0 to 1.",
    )
    label_smoothing: float = setting(
        default=0.1,
        help="share of the loss that counts all tokens alike (Szegedy et al. 2016).",
        check=share(),
        option=Option(SEQUENCES, float, help="Share of a label's (a token's) certainty spread over all."),
    )
    tokens: str = setting(
        default="bpe",
        help='``"bpe"`` (sub-words) or ``"words"``; see `seqwise.data.Tokenizer`.',
        check=choice("words", "bpe"),
        option=Option(TEXTS, str, help="words or bpe (sub-words)."),
    )
    vocabulary: int | str = setting(
        default="auto",
        help='maximum number of tokens of each language; the most frequent are kept. ``"auto"`` takes 20,000 words; '
        "with sub-words, one for every 50 words to learn from, 1,000 to 8,000.",
        check=whole(5, auto=True),
        option=Option(TEXTS, int, help="Maximum number of tokens; default: by the size of the data."),
    )
    min_count: int = setting(
        default=2,
        help="how often a word (with sub-words, a pair to be merged) must occur in the training set.",
        check=whole(1),
        option=Option(TEXTS, int, help="How often a token must occur in training."),
    )
    max_length: int = setting(
        default=200,
        help="maximum number of tokens on a side of the pairs that are trained on (and watched for the best epoch); "
        "longer pairs are left out, and noted. Texts to translate may be ten times as long.",
        check=whole(2),
        option=Option(PAIRS, int, help="Maximum number of tokens on a side; longer pairs are not trained on."),
    )
    beam: int = setting(
        default=5,
        help="hypotheses that `predict` follows at once; 1 is greedy.",
        check=_check_beam,
        option=Option(PAIRS, int, help="Translations followed at once; 1 is greedy."),
    )
    length_penalty: float = setting(
        default=0.5,
        help="translations are ranked by log-probability / length^`length_penalty`; more favours longer ones.",
        check=at_least(0),
        option=Option(PAIRS, float, help="More favours longer translations."),
    )
    validation: float = setting(
        default=0.05,
        help="share of the distinct source texts held back to find the best epoch.",
        check=share(),
    )
    test: float = setting(
        default=0.1,
        help="share of the distinct source texts held back to score the model.",
        check=share(),
    )
    learning_rate: float = setting(
        default=0.003, help="for an optimizer given by name: it falls to 0 over the epochs, along a cosine."
    )
    epochs: int | str = setting(
        default="auto",
        help=f'the maximum number of epochs; ``"auto"`` takes those of about {STEPS:,} steps, {EPOCHS[0]} to '
        f"{EPOCHS[1]}.",
        check=whole(1, auto=True),
    )
    batch_size: int = setting(default=32, help="pairs in a training step.", check=whole(1))

    input_: PairInput = learned()
    target_: TokenTarget = learned()
    pairs_: dict[str, TextPairs] | None = learned()
    _own_validation: bool = learned()  # the pairs to find the best epoch on came apart
    test_pairs_: tuple[list[str], list[list[str]]] = learned()
    longest_: tuple[int, int] = learned()  # tokens of the longest training text, source and target
    _searching: tuple[Any, TokenSearch] | None = learned()  # the model that it belongs to, and its search

    def fit(
        self,
        sources: Any,
        targets: Any = None,
        *,
        source: str | int | None = None,
        target: str | int | None = None,
        validation_data: Any = None,
        callbacks: Sequence[Any] = (),
        verbose: bool | None = None,
        resume: str | Path | None = None,
    ) -> Translator:
        """Train on pairs of texts.

        Args:
            sources: a list of texts; or a table of pairs: a path (tab-separated .tsv or .txt without a header line,
                CSV, Parquet) or a pandas, polars or pyarrow table.
            targets: their translations, in the same order; None where `sources` is a table. A source with several
                translations is repeated. All pairs of a source are in the same set.
            source, target: the columns of a table; see `seqwise.data.read_pairs`.
            validation_data: other pairs, ``(sources, targets)`` or a table with the same columns, to find the best
                epoch, in place of the share `validation` of these.
            {training}

        Raises:
            DataError, SettingError: each message says how to fix it.
        """
        data = self._prepare(sources, targets, source=source, target=target, validation_data=validation_data)
        return self._fit(data, callbacks, verbose, resume)

    def _prepare(
        self,
        sources: Any,
        targets: Any = None,
        *,
        source: str | int | None = None,
        target: str | int | None = None,
        validation_data: Any = None,
    ) -> PairData:
        """Divide pairs, learn the vocabularies of the training set, and encode.

        Pairs with a side of more than `max_length` tokens are neither trained on nor watched: attention holds source
        times target steps for each of a batch.
        """
        self._check_settings()
        pairs = read_pairs(sources, targets, source=source, target=target)
        own, count = validation_data is not None, len(pairs)
        parts = split_pairs(pairs.sources, validation=0 if own else self.validation, test=self.test, seed=self.seed)
        if own:
            pairs = pairs.followed_by(_read_validation(validation_data, pairs.columns))
            parts["validation"] = np.arange(count, len(pairs))
        size = self._vocabulary_size(pairs.take(parts["train"]))
        inputs = PairInput(self.tokens, size=size, min_count=self.min_count)
        inputs.fit(pairs, parts["train"])
        ids = inputs.prepare(pairs)
        long = np.maximum(ids[0].lengths, ids[1].lengths) > self.max_length
        seen = np.concatenate([parts["train"], parts["validation"]])
        notes: list[str] = []
        if long[seen].any():
            first = seen[long[seen]].min()
            notes.append(
                f"{long[seen].sum():,} of the {len(seen):,} pairs to learn from have a side of more than "
                f"max_length={self.max_length} tokens, first {pairs.sources[first][:40]!r}…: left out."
            )
            parts |= {name: parts[name][~long[parts[name]]] for name in ("train", "validation")}
        if not len(parts["train"]):
            raise DataError(
                f"Each of the {len(seen):,} pairs to learn from has a side of more than max_length="
                f"{self.max_length} tokens. Cut the texts into sentences, or raise max_length."
            )
        path = str(sources) if isinstance(sources, (str, Path)) else None
        tokens = TokenTarget(inputs.target, self.label_smoothing)
        return PairData(pairs, parts, inputs, tokens, *ids, notes, path, own_validation=own)

    def _vocabulary_size(self, train: TextPairs) -> int:
        if self.vocabulary != "auto":
            return int(self.vocabulary)
        if self.tokens == "words":
            return MOST_WORDS
        words = sum(len(text.split()) for text in train.targets)
        return int(np.clip(round(words / WORDS_PER_TOKEN, -2), *SUB_WORDS))

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.validation + self.test >= 1:
            raise SettingError(f"validation={self.validation} and test={self.test} leave nothing to train on.")
        if self.test:
            sacrebleu_metrics()  # its absence is reported before the training, not after it

    def _schedule(self, data: PairData, train: Batches[Any]) -> Schedule:
        schedule = super()._schedule(data, train)
        steps = train.batches_per_epoch(schedule.batch_size)
        epochs = int(np.clip(round(STEPS / steps), *EPOCHS) if self.epochs == "auto" else self.epochs)
        schedule = schedule._replace(epochs=epochs)
        if not isinstance(self.optimizer, str):
            return schedule
        return schedule._replace(
            rate=import_keras().optimizers.schedules.CosineDecay(self.learning_rate, steps * epochs)
        )

    def _default_network(self, data: PairData) -> Any:
        return build_translator(
            source_tokens=len(data.input.source),
            target_tokens=len(data.input.target),
            embedding=self.embedding,
            units=tuple(self.units),
            bidirectional=self.bidirectional,
            attention=self.attention,
            dropout=self.dropout,
            seed=self.seed,
        )

    def _size(self, data: PairData) -> tuple[int, str]:
        tokens = len(data.input.source) + len(data.input.target)
        last = int(self.units[-1])
        encoder, decoder = (lstm_weights(self.embedding, self.units, both) for both in (self.bidirectional, False))
        if self.attention is not None:  # a layer behind it
            decoder += lstm_weights(last, (last,), False)
        weights = tokens * self.embedding + encoder + decoder + len(data.input.target) * last
        return weights, f"units={self.units!r} and embedding={self.embedding}"

    def _adopt(self, data: PairData, model: Any, training: Training) -> None:
        super()._adopt(data, model, training)
        self._searching, self.longest_, self._own_validation = None, data.longest(), data.own_validation
        self.pairs_ = {name: data.pairs.take(part) for name, part in data.parts.items()}
        self.test_pairs_ = self.pairs_["test"].grouped()
        self.counts_ = {name: len(part) for name, part in data.parts.items()}
        self.columns_ = dict(zip(("source", "target"), data.pairs.columns, strict=True))

    @property
    def source_tokenizer_(self) -> Tokenizer:
        """The vocabulary of the texts."""
        return self.input_.source

    @property
    def target_tokenizer_(self) -> Tokenizer:
        """The vocabulary of the translations."""
        return self.input_.target

    @property
    def _search(self) -> TokenSearch:
        """The search with the model that is there now: a model that is replaced gets its own."""
        if self._searching is None or self._searching[0] is not self.model_:
            self._searching = self.model_, TokenSearch(inference_models(self.model_) or self.model_)
        return self._searching[1]

    @property
    def _inference(self) -> InferenceModels:
        models = self._search.models
        if not isinstance(models, InferenceModels):
            raise AttributeError("A network of your own has no encoder and decoder step of their own.")
        return models

    @property
    def encoder_(self) -> Any:
        """The encoder, a Keras model on the layers of `model_`."""
        return self._inference.encoder

    @property
    def step_(self) -> Any:
        """A step of the decoder, a Keras model on the layers of `model_`."""
        return self._inference.step

    def __getstate__(self) -> dict[str, Any]:
        # pickle and deepcopy: the model alone, without our loss; the rest is made of its layers
        state = super().__getstate__() | {"_searching": None, "_scored": None}
        if "model_" in state:
            state["model_"] = PickledModel(plain_model(self.model_))
        return state

    def predict(self, texts: Any, *, beam: int | None = None) -> list[str]:
        """Translate texts.

        Args:
            texts: a list of texts. An empty (or blank) text has an empty translation. A word that is not in the
                vocabulary is read as the unknown token. A text of more than ten times `max_length` tokens is
                translated up to there, with a warning.
            beam: in place of the estimator's own; 1 is greedy.

        Returns:
            the translations, in the same order.
        """
        self._check_fitted()
        beam = self.beam if beam is None else beam
        _check_beam("beam", beam)
        texts = as_texts(texts)
        filled = [i for i, text in enumerate(texts) if text.strip()]
        translations = [""] * len(texts)
        if not filled:
            return translations
        sources = cut_sources(self.input_.source.encode([texts[i] for i in filled]), self.max_length, self.longest_[0])
        longest_source, longest_target = self.longest_
        # of a source longer than all of training the translation may be longer in proportion
        limits = np.ceil(longest_target * np.maximum(sources.lengths / longest_source, 1)).astype(np.int64)
        check_process()
        with PREDICTING_LOCK:
            tokens, _ = self._search(sources, limits, beam=beam, length_penalty=self.length_penalty)
        for i, ids in zip(filled, tokens, strict=True):
            translations[i] = self.input_.target.decode(ids)
        return translations

    def score(self, sources: Any, targets: Any = None, **columns: Any) -> float:
        """Return the BLEU (sacrebleu's, 0 to 100) of the translations of `sources`.

        Args:
            sources, targets, columns: as for `fit`. A source that occurs several times is translated once, and all of
                its targets are its references.
        """
        self._check_fitted()
        texts, references = read_pairs(sources, targets, **columns).grouped()
        return score_translations(self.predict(texts), references)["bleu"]

    def evaluate(self, sources: Any = None, targets: Any = None, **columns: Any) -> TranslationComparison:
        """Score translations beside the greedy ones and beside those of the most similar training texts.

        Args:
            sources, targets, columns: as for `fit`; None for the test set. A source that occurs several times is
                translated once, and all of its targets are its references.

        Raises:
            DataError: nothing was held back.
        """
        self._check_fitted()
        if sources is not None:
            pairs = read_pairs(sources, targets, **columns)
            return self._compare(*pairs.grouped(), pairs.label)
        return self._score_held_back(self.beam, self.length_penalty, self.pairs_ is None)

    def _held_back(self) -> tuple[list[str], list[list[str]], str]:
        if not self.test_pairs_[0]:
            raise DataError(
                "Nothing was held back: pass other pairs, evaluate(sources, targets), or fit with test=0.1."
            )
        return *self.test_pairs_, "the test set"

    def recall(self, sources: Any, targets: Any = None) -> None:
        """Give a loaded run its training pairs again, so that `evaluate` sets the most similar of them beside it.

        Args:
            sources, targets: as `fit` took them; a table is read by the same columns.

        Raises:
            DataError: they are not those that it was trained on.
        """
        self._check_fitted()
        columns = {} if targets is not None else self.columns_
        pairs = read_pairs(sources, targets, **columns)
        share = 0 if self._own_validation else self.validation
        parts = split_pairs(pairs.sources, validation=share, test=self.test, seed=self.seed)
        recalled = {name: pairs.take(part) for name, part in parts.items()}
        if recalled["test"].grouped() != self.test_pairs_:
            raise DataError(
                f"{pairs.label} does not hold the pairs that this was trained on: they have changed since. Score it on "
                "other pairs: evaluate(sources, targets)."
            )
        self.pairs_ = recalled

    def _compare(self, texts: list[str], references: list[list[str]], part: str) -> TranslationComparison:
        translations = {"greedy" if self.beam == 1 else f"beam {self.beam}": self.predict(texts)}
        if self.beam > 1:
            translations["greedy"] = self.predict(texts, beam=1)
        if self.pairs_ is not None:
            train = self.pairs_["train"]
            translations[SIMILAR] = MostSimilar().fit(train.sources, train.targets).predict(texts)
        return TranslationComparison(texts, references, translations, part)

    # the run folder

    @classmethod
    def _part_files(cls, saved: dict[str, Any]) -> tuple[str, ...]:
        return (ENCODER, STEP) if saved["stepwise"] else ()

    def _model_to_save(self) -> Any:
        return plain_model(self.model_)

    def _save_parts(self, folder: Path) -> dict[str, Any]:
        models = self._search.models
        if isinstance(models, InferenceModels):  # for use without Seqwise
            save_model(models.encoder, folder / ENCODER)
            save_model(models.step, folder / STEP)
        return {
            "stepwise": isinstance(models, InferenceModels),
            "columns": self.columns_,
            "pairs": self.counts_,
            "longest": list(self.longest_),
            "own_validation": self._own_validation,
            "test_pairs": [list(part) for part in self.test_pairs_],
        }

    def _load_parts(self, folder: Path, saved: dict[str, Any]) -> None:
        longest_source, longest_target = saved["longest"]
        self.longest_, self._own_validation = (
            (int(longest_source), int(longest_target)),
            bool(saved.get("own_validation")),
        )
        sources, references = saved["test_pairs"]
        self.test_pairs_ = list(sources), [list(texts) for texts in references]
        self.columns_, self.counts_ = dict(saved["columns"]), dict(saved["pairs"])
        self.pairs_ = self._searching = None

    def _write_more_results(self, folder: Path, comparison: TranslationComparison | None) -> None:
        write_json(folder / TRANSLATIONS, [] if comparison is None else comparison.texts())

    def _report(self, comparison: TranslationComparison | None) -> dict[str, Any]:
        from seqwise.estimators.translation.report import report_content

        return report_content(self.data_, self.counts_, comparison)


def _read_validation(validation_data: Any, columns: tuple[Any, Any]) -> TextPairs:
    """Read `fit`'s `validation_data`: two lists, or a table by the columns of the training data."""
    if not isinstance(validation_data, tuple):
        return read_pairs(validation_data, source=columns[0], target=columns[1])
    sides = cast(tuple[Any, ...], validation_data)
    if len(sides) != 2:
        raise SettingError(f"validation_data has {len(sides)} entries; expected texts and translations, two lists.")
    return read_pairs(*sides)
