"""Translating texts: an encoder and a decoder learn from pairs, and search step by step for the best translation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.backend import deferred_imports, import_keras
from seqwise.data.text_pairs import TextPairs, read_pairs, split_pairs
from seqwise.data.texts import as_texts
from seqwise.errors import DataError, NotFittedError, SettingError
from seqwise.estimators.settings import (
    check_backend,
    check_choice,
    check_network,
    check_share,
    check_training,
    is_whole,
    make_optimizer,
)
from seqwise.estimators.translation.data import ReadPairs, prepare_pairs
from seqwise.estimators.translation.network import ATTENTION, build_translator, inference_models, plain_model
from seqwise.estimators.translation.search import TokenSearch
from seqwise.estimators.translation.summary import PairSummary
from seqwise.evaluation.translation import (
    SIMILAR,
    TranslationEvaluation,
    most_similar,
    sacrebleu_metrics,
    score_translations,
)
from seqwise.training import Training, fit

with deferred_imports():
    from sklearn.base import BaseEstimator

TOKENS = ("words", "bpe")


class Translator(BaseEstimator):
    """Translate texts with an LSTM encoder and decoder (sequence to sequence).

    Follows scikit-learn's conventions: the constructor stores its arguments, `fit` learns, attributes that end
    in ``_`` are what it learned. Texts of any lengths go together; padding is never seen.

    Args:
        units: width of each stacked LSTM layer, in the encoder and in the decoder.
        embedding: width of the embeddings of both languages' tokens.
        bidirectional: the encoder reads the source in both directions.
        attention: the decoder looks back at all of the source: ``"dot"`` (Luong et al. 2015), ``"additive"``
            (Bahdanau et al. 2015), or None, which leaves it the encoder's last state alone.
        dropout: share of the embeddings and of each layer's outputs dropped in training, 0 to 1.
        label_smoothing: share of the loss that counts all tokens alike (Szegedy et al. 2016).
        tokens: ``"bpe"`` (sub-words) or ``"words"``; see `seqwise.data.Tokenizer`.
        vocabulary: tokens of each language at most; the most frequent are kept.
        min_count: how often a word (of sub-words: a pair to be merged) must occur in the training part.
        max_length: tokens of a side at most, of the pairs that are trained on (and watched for the best epoch); longer
            pairs are left out, and noted. What is translated may have any length.
        beam: hypotheses that `predict` follows at once; 1 is greedy.
        length_penalty: translations are ranked by log-probability / length^`length_penalty`; more favours longer ones.
        validation, test: shares of the distinct source texts held back, to find the best epoch and to score.
        optimizer: any of Keras's, by name or object.
        learning_rate: for an optimizer given by name: it falls to 0 over the epochs, along a cosine.
        epochs, patience: the most epochs, and how many without improvement end the training; None: all are trained.
        batch_size: pairs in a training step.
        seed: seeds the parts, weights, shuffling and dropout; the same seed gives the same weights.

    Attributes:
        model_: the Keras model that was trained: [source, taught] → logits. encoder_, step_: the Keras models that
            translate, on the same layers; see `seqwise.estimators.translation.network.InferenceModels`.
        source_tokenizer_, target_tokenizer_: the two vocabularies.
        training_: history, seconds, best epoch. notes_: what was found in the data, one sentence each.

    Example:
        >>> import seqwise as sw
        >>> translator = sw.Translator(beam=3, seed=0)
        >>> translator.get_params()["units"]
        (256,)
    """

    results_: dict[str, str] | None  # of a loaded run: the texts of its result files
    pairs_: dict[str, TextPairs] | None  # by part; None after `load`
    longest_: tuple[int, int]  # tokens of the longest training text, source and target
    held_: tuple[list[str], list[list[str]]]  # the test part: distinct sources, and the references of each

    def __init__(
        self,
        units: Sequence[int] = (256,),
        *,
        embedding: int = 256,
        bidirectional: bool = True,
        attention: str | None = "dot",
        dropout: float = 0.3,
        label_smoothing: float = 0.1,
        tokens: str = "bpe",
        vocabulary: int = 4_000,
        min_count: int = 2,
        max_length: int = 200,
        beam: int = 5,
        length_penalty: float = 0.5,
        validation: float = 0.05,
        test: float = 0.1,
        optimizer: Any = "adam",
        learning_rate: float = 0.002,
        epochs: int = 10,
        patience: int | None = None,
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        self.units = units
        self.embedding = embedding
        self.bidirectional = bidirectional
        self.attention = attention
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.tokens = tokens
        self.vocabulary = vocabulary
        self.min_count = min_count
        self.max_length = max_length
        self.beam = beam
        self.length_penalty = length_penalty
        self.validation = validation
        self.test = test
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.seed = seed

    def fit(
        self,
        sources: Any,
        targets: Any = None,
        *,
        source: str | int | None = None,
        target: str | int | None = None,
        callbacks: Sequence[Any] = (),
        verbose: bool | None = None,
    ) -> Translator:
        """Train on pairs of texts.

        Args:
            sources: a list of texts; or a table of pairs: a path (tab-separated .tsv or .txt without a header line,
                CSV, Parquet) or a pandas, polars or pyarrow table.
            targets: their translations, in the same order; None where `sources` is a table. A source with several
                translations is repeated. All pairs of a source are in one part.
            source, target: of a table: its columns; see `seqwise.data.read_pairs`.
            callbacks: Keras callbacks.
            verbose: a live progress bar; None shows it in a terminal or notebook.

        Raises:
            DataError, SettingError: each message says how to mend it.
        """
        data = self._read(sources, targets, source, target)
        model, training = self._train(data, callbacks, verbose)
        # all at once, so that a fit that fails leaves an earlier one whole
        self.source_tokenizer_, self.target_tokenizer_ = data.tokenizers
        self._take_model(model)
        self.longest_ = data.longest()
        self.training_: Training = training
        self.pairs_ = {name: data.pairs.take(part) for name, part in data.parts.items()}
        self.held_, self.results_ = self.pairs_["test"].grouped(), None
        self.counts_ = {name: len(part) for name, part in data.parts.items()}
        self.notes_, self.summary_ = data.notes() + training.warnings(), str(data.story())
        self.data_ = str(sources) if isinstance(sources, (str, Path)) else None
        self.columns_ = dict(zip(("source", "target"), data.pairs.columns, strict=True))
        self._evaluated: tuple[Any, TranslationEvaluation] | None = None
        return self

    def shapes(
        self, sources: Any, targets: Any = None, *, source: str | int | None = None, target: str | int | None = None
    ) -> tuple[PairSummary, list[str]]:
        """Tell what the tensors will be, without training, and what was found in the data.

        Args: as for `fit`.

        Returns:
            the story (`seqwise.estimators.translation.summary.PairSummary`), and the notes, one sentence each.
        """
        data = self._read(sources, targets, source, target)
        return data.story(), data.notes()

    def _read(self, sources: Any, targets: Any, source: Any, target: Any) -> ReadPairs:
        self._check_settings()
        return prepare_pairs(self, read_pairs(sources, targets, source=source, target=target))

    def _check_settings(self) -> None:
        check_network(self)
        check_choice(self, "attention", ATTENTION)
        check_choice(self, "tokens", TOKENS)
        check_training(self)
        for name in ("label_smoothing", "validation", "test"):
            check_share(self, name)
        if self.validation + self.test >= 1:
            raise SettingError(f"validation={self.validation} and test={self.test} leave nothing to train on.")
        for name, least in (
            ("embedding", 1),
            ("vocabulary", 5),
            ("min_count", 1),
            ("max_length", 2),
            ("batch_size", 1),
        ):
            if not is_whole(getattr(self, name), least):
                raise SettingError(f"{name}={getattr(self, name)!r}: expected a whole number, at least {least}.")
        _check_beam(self.beam)
        penalty = self.length_penalty
        if isinstance(penalty, bool) or not isinstance(penalty, (int, float)) or not penalty >= 0:
            raise SettingError(f"length_penalty={penalty!r}: expected a number, at least 0.")
        if self.test:
            sacrebleu_metrics()  # its absence is to be told before the training, not after it

    def _train(self, data: ReadPairs, callbacks: Sequence[Any], verbose: bool | None) -> tuple[Any, Training]:
        from seqwise.layers import accelerate  # these import Keras
        from seqwise.training.token_loss import TokenCrossentropy

        keras = import_keras()
        check_backend(keras)
        model = build_translator(
            source_tokens=len(data.tokenizers[0]),
            target_tokens=len(data.tokenizers[1]),
            embedding=self.embedding,
            units=tuple(self.units),
            bidirectional=self.bidirectional,
            attention=self.attention,
            dropout=self.dropout,
            seed=self.seed,
        )
        accelerate(model, verbose=False)
        train, validation = (data.part(name) for name in ("train", "validation"))
        size = min(self.batch_size, len(train))
        rate: Any = self.learning_rate
        if isinstance(self.optimizer, str):
            steps = train.batches_per_epoch(size)
            rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, steps * self.epochs)
        model.compile(make_optimizer(keras, self.optimizer, rate), TokenCrossentropy(self.label_smoothing))
        training = fit(
            model,
            train,
            validation if len(validation) else None,
            epochs=self.epochs,
            batch_size=size,
            patience=self.patience,
            seed=self.seed,
            callbacks=callbacks,
            verbose=verbose,
        )
        return model, training

    def _take_model(self, model: Any) -> None:
        models = inference_models(model)
        self.model_, (self.encoder_, self.step_), self._search = model, models, TokenSearch(models)

    def __getstate__(self) -> dict[str, Any]:
        # pickle and deepcopy: the model alone, without our loss; the rest is made of its layers
        whole: Any = super().__getstate__()
        state = {name: value for name, value in whole.items() if name not in ("encoder_", "step_", "_search")}
        if "model_" in state:
            state["model_"] = plain_model(self.model_)
        return state

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        if hasattr(self, "model_"):
            self._take_model(self.model_)

    def predict(self, texts: Any, *, beam: int | None = None) -> list[str]:
        """Translate texts.

        Args:
            texts: a list of texts, of any lengths. An empty (or blank) text has an empty translation. A word that is
                not in the vocabulary is read as the unknown token.
            beam: in place of the estimator's own; 1 is greedy.

        Returns:
            the translations, in the same order.
        """
        self._check_fitted()
        beam = self.beam if beam is None else beam
        _check_beam(beam)
        read = as_texts(texts)
        asked = [i for i, text in enumerate(read) if text.strip()]
        found = [""] * len(read)
        if not asked:
            return found
        sources = self.source_tokenizer_.encode([read[i] for i in asked])
        longest_source, longest_target = self.longest_
        # of a source longer than all of training the translation may be longer in proportion
        limits = np.ceil(longest_target * np.maximum(sources.lengths / longest_source, 1)).astype(np.int64)
        tokens, _ = self._search(sources, limits, beam=beam, length_penalty=self.length_penalty)
        for i, ids in zip(asked, tokens, strict=True):
            found[i] = self.target_tokenizer_.decode(ids)
        return found

    def score(self, sources: Any, targets: Any = None, **columns: Any) -> float:
        """Return the BLEU (sacrebleu's, 0 to 100) of the translations of `sources`.

        Args:
            sources, targets, columns: as for `fit`. A source that occurs several times is translated once, and all of
                its targets are its references.
        """
        self._check_fitted()
        texts, references = read_pairs(sources, targets, **columns).grouped()
        return score_translations(self.predict(texts), references)["bleu"]

    def evaluate(self, sources: Any = None, targets: Any = None, **columns: Any) -> TranslationEvaluation:
        """Score translations beside the greedy ones and beside those of the most similar training texts.

        Args:
            sources, targets, columns: as for `fit`; None for the test part. A source that occurs several times is
                translated once, and all of its targets are its references.

        Raises:
            DataError: nothing was held back.
        """
        self._check_fitted()
        if sources is not None:
            read = read_pairs(sources, targets, **columns)
            return self._evaluate(*read.grouped(), read.label)
        if not self.held_[0]:
            raise DataError(
                "Nothing was held back: pass other pairs, evaluate(sources, targets), or fit with test=0.1."
            )
        asked = self.beam, self.length_penalty, self.pairs_ is None, _digest(self.model_)
        if self._evaluated is None or self._evaluated[0] != asked:  # a search through the test part takes a while
            self._evaluated = asked, self._evaluate(*self.held_, "the test part")
        return self._evaluated[1]

    def recall(self, sources: Any, targets: Any = None) -> None:
        """Give a loaded run its training pairs again, so that `evaluate` sets the most similar of them beside it.

        Args:
            sources, targets: as they were given to `fit`; a table is read by the columns of then.

        Raises:
            DataError: they are not those that it was trained on.
        """
        self._check_fitted()
        columns = {} if targets is not None else self.columns_
        pairs = read_pairs(sources, targets, **columns)
        parts = split_pairs(pairs.sources, validation=self.validation, test=self.test, seed=self.seed)
        found = {name: pairs.take(part) for name, part in parts.items()}
        sources, references = found["test"].grouped()
        if (sources, references) != self.held_:
            raise DataError(
                f"{pairs.label} does not hold the pairs that this was trained on: they have changed since. Score it on "
                "other pairs: evaluate(sources, targets)."
            )
        self.pairs_ = found

    def _evaluate(self, texts: list[str], references: list[list[str]], part: str) -> TranslationEvaluation:
        found = {"greedy" if self.beam == 1 else f"beam {self.beam}": self.predict(texts)}
        if self.beam > 1:
            found["greedy"] = self.predict(texts, beam=1)
        if self.pairs_ is not None:
            train = self.pairs_["train"]
            found[SIMILAR] = most_similar(texts, train.sources, train.targets)
        return TranslationEvaluation(texts, references, found, part)

    def save(self, path: str | Path) -> Path:
        """Write the run folder: the models, the vocabularies, metrics, translations and report. Returns its path.

        Raises:
            BundleError: the folder exists, is not empty and is no Seqwise run.
        """
        from seqwise.estimators.runs import save_run

        self._check_fitted()
        return save_run(self, Path(path))

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError("This Translator is not trained yet: call .fit(sources, targets) first.")


def _digest(model: Any) -> bytes:
    found = hashlib.sha256()
    for array in model.get_weights():
        found.update(array.tobytes())
    return found.digest()


def _check_beam(beam: Any) -> None:
    if not is_whole(beam, 1):
        raise SettingError(f"beam={beam!r}: expected a number of hypotheses, at least 1 (greedy).")
