"""What `Classifier`, `Regressor` and `Tagger` share: reading sequences, holding parts back, training, predicting."""

from __future__ import annotations

import inspect
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import NoneType
from typing import Any, ClassVar, Self, TypeVar, cast

import numpy as np

from seqwise.artifact import first_line
from seqwise.artifact.reading import read_arrays
from seqwise.backend import import_keras
from seqwise.baselines import Baseline, Problem, Samples, load_baselines, save_baselines, unfitted_baselines
from seqwise.data import Tokenizer
from seqwise.data.columns import refuse_masked
from seqwise.data.random_split import RandomSplit, split_at_random
from seqwise.data.scaling import KINDS
from seqwise.errors import DataError, SettingError, nearest, shortened
from seqwise.estimators.base import Estimator, Schedule
from seqwise.estimators.memory import lstm_weights
from seqwise.estimators.sequences.alignment import checked_weights, digest, in_order
from seqwise.estimators.sequences.data import SequenceData
from seqwise.estimators.sequences.joining import as_pair, join_raw, join_targets
from seqwise.estimators.sequences.network import build_sequence_network
from seqwise.estimators.sequences.number_input import NumberInput
from seqwise.estimators.sequences.recipes import RECIPES, resolved
from seqwise.estimators.sequences.source import Raw, Source, check_lengths, listed, read_source
from seqwise.estimators.sequences.summary import SequenceSummary
from seqwise.estimators.sequences.text_input import TextInput, TokenInput
from seqwise.estimators.sequences.text_network import build_text_network
from seqwise.estimators.settings import MODEL as MODEL_PANEL
from seqwise.estimators.settings import (
    TEXTS,
    UNITS,
    Option,
    estimator,
    flag,
    learned,
    one_of,
    rate,
    setting,
    share,
    whole,
    widths,
)
from seqwise.evaluation.classification import ClassComparison
from seqwise.evaluation.regression import NumberComparison
from seqwise.training import SequenceBatches, Training, auto_batch_size, predict_sequences
from seqwise.training.batches import Batches

BASELINES = "baselines.safetensors"
Scores = TypeVar("Scores", bound=ClassComparison | NumberComparison)
TOKENIZER_OPTIONS = {
    "tokens": Option(TEXTS, str, help="words or bpe (sub-words).", entry="kind"),
    "vocabulary": Option(TEXTS, int, help="Maximum number of tokens.", entry="size"),
    "min_count": Option(TEXTS, int, help="How often a token must occur in training.", entry="min_count"),
}


def check_tokenizer(name: str, value: Any) -> None:
    if not isinstance(value, (Mapping, NoneType)):
        raise SettingError(f"{name}={value!r}: expected a Tokenizer's settings, for example {{'kind': 'bpe'}}.")
    known = list(inspect.signature(Tokenizer).parameters)
    for entry in cast(Mapping[str, Any], value or {}):
        if entry not in known:
            raise SettingError(f"{name} names {entry!r}, which is not a setting of a Tokenizer.{nearest(entry, known)}")


def _check_embedding(name: str, value: Any) -> None:
    try:
        whole(1)(name, value)
    except SettingError:
        raise SettingError(f"{name}={value!r}: expected the width of a word's vector, at least 1.") from None


@estimator
class SequenceEstimator(Estimator[SequenceData, SequenceSummary, Scores]):
    """A target for each sequence, or for each of its steps. What differs between the kinds lies in `target_`.

    Attributes:
        source_: the names that the training data were read with. raw_: the sequences, as they came (None after
            `load`). targets_: their targets, encoded. parts_: which of them were trained on and held back.
        baselines_: the simple learners beside it, fitted when they are first asked for.
        counts_: sequences of each part. n_features_in_: features of a step.
    """

    input_types = (NumberInput, TextInput, TokenInput)
    expected_y: ClassVar[str] = "one for each sequence"
    each_step: ClassVar[bool] = False

    units: Sequence[int] = setting(
        default=(64,),
        help="width of each stacked LSTM layer, for example ``(128, 64)``.",
        check=widths,
        option=UNITS,
        kw_only=False,
    )
    bidirectional: bool = setting(default=True, help="read each sequence in both directions.")
    dropout: float | str = setting(
        default="auto",
        help="share of each LSTM layer's outputs (and of the words' vectors) dropped in training, 0 to 1; "
        '``"auto"`` takes 0.3, 0.4 to tag tokens, and 0.5 for whole texts.',
        check=share(auto=True),
    )
    scaler: str | Mapping[str, str] = setting(
        default="standard",
        help='``"standard"``, ``"minmax"``, ``"robust"``, ``"none"``, or a mapping from a table\'s column to one of '
        "them; fitted on the steps of the training set.",
        check=one_of(KINDS),
        option=Option(MODEL_PANEL, str, help="standard, minmax, robust or none."),
    )
    validation: float = setting(
        default=0.1,
        help="share (0.1) or number of sequences held back to find the best epoch and calibrate probabilities, drawn "
        "class by class; 0 trains on them all. Without any, or with fewer than 30 (of whole sequences, where no "
        "patience is set), the epoch of the least training loss is kept.",
    )
    test: float = setting(default=0.0, help="share or number of sequences held back to score the model.")
    learning_rate: float | str = setting(
        default="auto",
        help="at the start, for an optimizer given by name; it falls to 0 along half a cosine. "
        '``"auto"`` takes 0.003, 0.005 to tag tokens, and 0.002 for whole texts.',
        check=rate(auto=True),
    )
    epochs: int | str = setting(
        default="auto",
        help='the maximum number of epochs; ``"auto"`` takes 10 to 100, about 1,700 steps, for numbers (to tag, 5 to '
        "100 for tokens), and 4 to 60, about 600 steps, for whole texts.",
        check=whole(1, auto=True),
    )
    bucketing: bool = setting(
        default=True,
        help="batches hold sequences of similar length, so that little is padded; False pads all to the longest.",
        check=flag,
    )
    tokenizer: Mapping[str, Any] | None = setting(
        default=None,
        help="for texts: settings of the `seqwise.data.Tokenizer` that splits them, for example "
        '``{"kind": "bpe", "size": 8000}``; None for words.',
        check=check_tokenizer,
        entries=TOKENIZER_OPTIONS,
    )
    embedding: int = setting(
        default=64, help="for texts: width of a word's vector.", check=_check_embedding,
        option=Option(TEXTS, int, help="Width of a token's vector."),
    )  # fmt: skip
    vectors: str | None = setting(
        default=None,
        help="for texts: a file of pretrained vectors to start from (see `seqwise.data.read_vectors`); their width "
        "replaces `embedding`.",
        option=Option(TEXTS, str, help="A file of pretrained vectors: GloVe, word2vec, fastText."),
    )
    frozen: bool = setting(
        default=False, help="for texts: keep the pretrained vectors as they are.", check=flag,
        option=Option(TEXTS, bool, help="Keep the pretrained vectors as they are."),
    )  # fmt: skip

    source_: Source = learned()
    raw_: Raw | None = learned()
    targets_: np.ndarray | None = learned()
    weights_: np.ndarray | None = learned()
    parts_: RandomSplit | None = learned()
    counts_: dict[str, int] = learned()
    n_features_in_: int = learned()
    _baselines: dict[str, Baseline] | None = learned()  # None until they are asked for
    _digest: str | None = learned()  # of a loaded run's training data; None where the data themselves are at hand

    # what each estimator fills in

    @abstractmethod
    def _read_targets(self, y: Any, raw: Raw, source: Source) -> tuple[Any, np.ndarray, list[str]]:
        """Return (target, encoded targets, notes) of what came as `y`."""

    @abstractmethod
    def _encode(self, y: Any, raw: Raw) -> tuple[np.ndarray, tuple[Any, ...]]:
        """Return targets as `_read_targets` encodes them, by the training's classes or names; and unknown labels."""

    @abstractmethod
    def _problem(self, samples: Samples) -> Problem:
        """Return what the baselines have to learn.

        Args:
            samples: what `_baseline_samples` returned of those that they are fitted on.
        """

    @abstractmethod
    def prediction_columns(self, X: Any) -> dict[str, Any]:
        """Return the predictions as named columns: what each row is of, then what is predicted for it."""

    def _sample_weights(
        self, target: Any, encoded: np.ndarray, train: np.ndarray, weights: np.ndarray | None
    ) -> np.ndarray | None:
        """Return what each sequence weighs, or each of its labels, as `encoded`; `weights`: what `fit` was passed."""
        return weights

    def _pooling(self, kind: str) -> tuple[str, ...]:
        """Return how the states become one vector a sequence; () keeps them all."""
        return ()

    def _network_options(self, data: SequenceData) -> dict[str, Any]:
        """Return what else the network of texts or tokens is built with."""
        return {}

    def _kind(self, data: SequenceData) -> str:
        """Return which of `RECIPES` the network and the training follow."""
        return data.input.kind

    # training

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.frozen and self.vectors is None:
            raise SettingError("frozen=True without vectors would keep random ones. Name a file: vectors='glove….txt'.")

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        group: str | None = None,
        time: Any = None,
        features: Any = None,
        label: Any = None,
        text: str | None = None,
        sample_weight: Any = None,
        validation_data: Any = None,
        pretrain: Any = None,
        callbacks: Sequence[Any] = (),
        verbose: bool | None = None,
        resume: str | Path | None = None,
    ) -> Self:
        """Train on sequences with their labels or values; a `Tagger` on a tag for each of their steps.

        Args:
            X: a list of arrays, each (timesteps, features); one array (samples, timesteps, features); a path to a .ts
                file, or what `seqwise.data.make_sequences` returned; or, with `group`, a long table (path, pandas,
                polars, pyarrow) of one row a timestep. Or a list of texts; or, with `text`, a table of one text a row.
                To tag: also a list of lists of tokens.
            y: one label or value for each sequence, in the sequences' order: that of the list, or in which a long
                table's groups first appear. A pandas column whose index holds the groups' names is put into that
                order. To tag: a list or an array for each sequence, one tag for each step. None where X holds them:
                a .ts file, or a table with `label`.
            group: in a table, the column that names each row's sequence.
            time: in a table, the column (or columns) by which a sequence's rows are sorted; None keeps their order.
            features: in a table, the feature columns; None for every numeric column that has no other use.
            label: in a table, the column of the labels or values, the same in all rows of a sequence; to tag, the
                column of the tags.
            text: in a table of one text per row, the column of texts; to tag, the column of tokens, one per row.
            sample_weight: what each sequence (or each of its steps) weighs in the loss, shape (samples,), ordered as
                `y`.
            validation_data: other sequences with their targets, ``(X, y)``, to find the best epoch, in place of the
                share `validation` of these; read by the same names. A .ts file or a table holds both.
            pretrain: more texts, without labels, as X; for a `Tagger` lists of tokens. The vocabulary and vectors of
                the words are learned from them first (`seqwise.data.word_vectors`), so that a word that no label speaks
                of is known by its company. A network starts from the vectors where these texts are at least four times
                as many as the training's; the linear model beside a classifier always reads them. The training's own
                may be among them, and count once.
            {training}

        Raises:
            DataError, SettingError: each message says how to fix it.
        """
        columns: dict[str, Any] = {"group": group, "time": time, "features": features, "label": label, "text": text}
        data = self._prepare(
            X, y, sample_weight=sample_weight, validation_data=validation_data, pretrain=pretrain, **columns
        )
        return self._fit(data, callbacks, verbose, resume)

    def _prepare(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        validation_data: Any = None,
        pretrain: Any = None,
        **columns: Any,
    ) -> SequenceData:
        self._check_settings()
        source, raw = self._read_source(listed(X), **columns)
        unlabelled = () if pretrain is None else (self._read_unlabelled(pretrain, source),)
        y = self._targets_of(raw, y)
        if y is None:
            raise SettingError(
                f"There are no labels. Pass them as y, {self.expected_y}; for a table name their column, label='…'."
            )
        weights = None if sample_weight is None else checked_weights(sample_weight, raw)
        own = len(raw)
        if validation_data is not None:
            raw, y = self._with_validation_data(validation_data, source, raw, y)
            weights = None if weights is None else np.append(weights, np.ones(len(raw) - own, np.float32))
        target, encoded, notes = self._read_targets(y, raw, source)
        split = self._split(target, encoded[:own], 0 if own < len(raw) else self.validation)
        notes += split.warnings(validation=0 if own < len(raw) else self.validation, test=self.test)
        if own < len(raw):
            split = replace(split, validation=np.arange(own, len(raw)))
        weights = self._sample_weights(target, encoded, split.train, weights)
        inputs = self._input(source)
        notes += target.fit(encoded[split.train]) + inputs.fit(raw, split.train, *unlabelled)
        parts = source, raw, inputs, target, encoded, weights, split, notes
        return self._prepared(*parts, own_validation=own < len(raw))

    def _prepared(self, *parts: Any, own_validation: bool = False) -> SequenceData:
        return SequenceData(
            *parts, make_batches=self._make_batches(), bucketing=self.bucketing, each_step=self.each_step,
            own_validation=own_validation,
        )  # fmt: skip

    def _make_batches(self) -> Any:
        return SequenceBatches

    def _read_source(self, X: Any, **columns: Any) -> tuple[Source, Raw]:
        return read_source(X, **columns)

    def _targets_of(self, raw: Raw, y: Any) -> Any:
        """Return the targets of sequences, in their order: `y`, or what the sequences came with; None for neither."""
        if y is None:
            return raw.labels
        y = in_order(listed(y), raw, "labels")
        if not hasattr(y, "__len__") or getattr(y, "shape", None) == () or hasattr(y, "tocsr"):  # SciPy's sparse ones
            raise DataError(f"y is {shortened(repr(y), 200)}; expected a list or an array, {self.expected_y}.")
        check_lengths(len(y), raw, "labels")
        refuse_masked(y, "label", raw.where)
        return y

    def _read_unlabelled(self, pretrain: Any, source: Source) -> Raw:
        """Return `fit`'s `pretrain`."""
        if not source.texts:
            raise SettingError("pretrain holds texts without labels, but these are sequences of numbers. Leave it out.")
        if self.vectors is not None:
            raise SettingError(
                f"vectors={self.vectors!r} and pretrain both say where the words' vectors start. Leave one out."
            )
        return source.read(listed(pretrain), labelled=False)

    def _with_validation_data(self, validation_data: Any, source: Source, raw: Raw, y: Any) -> tuple[Raw, Any]:
        """Return sequences and their targets with those of `fit`'s `validation_data` behind them."""
        other, their_y = as_pair(validation_data)
        other = source.read(listed(other), labelled=their_y is None)
        their_y = self._targets_of(other, their_y)
        if their_y is None:
            raise SettingError(
                f"The validation data have no labels. Pass both, validation_data=(X, y); y is {self.expected_y}."
            )
        return join_raw(raw, other), join_targets(y, their_y)

    def _split(self, target: Any, encoded: np.ndarray, validation: float) -> RandomSplit:
        strata = target.strata(encoded)
        return split_at_random(len(encoded), validation=validation, test=self.test, strata=strata, seed=self.seed)

    def _input(self, source: Source) -> Any:
        if source.texts:
            return TextInput(self.tokenizer, self.vectors, self.seed, self.embedding)
        if self.tokenizer is not None or self.vectors is not None:
            raise SettingError(
                "tokenizer and vectors are of texts, but these are sequences of numbers. Leave them out."
            )
        return NumberInput(self.scaler)

    def _schedule(self, data: SequenceData, train: Batches[Any]) -> Schedule:
        schedule = super()._schedule(data, train)
        kind = self._kind(data)
        recipe = RECIPES[kind]
        if self.batch_size == "auto" and "steps_an_epoch" in recipe:
            size = auto_batch_size(len(train), recipe["steps_an_epoch"])
            schedule = schedule._replace(batch_size=min(size, len(train)))
        steps = train.batches_per_epoch(schedule.batch_size)
        epochs = self.epochs
        if epochs == "auto":
            epochs = np.clip(-(-recipe["steps"] // steps), *recipe["epochs"])
        rate = resolved(self, "learning_rate", kind)
        if isinstance(self.optimizer, str):
            rate = import_keras().optimizers.schedules.CosineDecay(rate, steps * int(epochs))
        return Schedule(schedule.batch_size, int(epochs), rate)

    def _default_network(self, data: SequenceData) -> Any:
        description, kind = data.input.describe(), self._kind(data)
        shared: dict[str, Any] = {
            "outputs": data.target.outputs,
            "units": tuple(self.units),
            "bidirectional": self.bidirectional,
            "pooling": self._pooling(kind),
            "dropout": resolved(self, "dropout", kind),
            "filters": RECIPES[kind].get("filters", 0 if description.tokens else ()),
            "seed": self.seed,
        }
        if description.tokens:
            return build_text_network(
                tokens=data.input.tokens,
                embedding=self.embedding,
                table=description.vectors,
                frozen=self.frozen,
                **self._network_options(data),
                **shared,
            )
        return build_sequence_network(features=data.input.features, **shared)

    def _size(self, data: SequenceData) -> tuple[int, str]:
        outputs = int(data.target.outputs) * int(self.units[-1])
        if not data.input.tokens:
            weights = lstm_weights(data.input.features, self.units, self.bidirectional)
            return weights + outputs, f"units={self.units!r}"
        vectors = data.input.describe().vectors
        width = self.embedding if vectors is None else vectors.shape[1]
        weights = lstm_weights(width, self.units, self.bidirectional) + data.input.tokens * width
        return weights + outputs, f"units={self.units!r} and embedding={width}"

    def _adopt(self, data: SequenceData, model: Any, training: Training) -> None:
        super()._adopt(data, model, training)
        self._keep(data)
        self._baselines, self._digest = None, None
        self.source_, self.counts_, self.n_features_in_ = data.source, data.counts, data.input.features

    def _keep(self, data: SequenceData) -> None:
        self.raw_, self.targets_, self.weights_, self.parts_ = data.raw, data.encoded, data.weights, data.split

    # predicting and scoring

    def _outputs(self, raw: Raw) -> np.ndarray:
        """Return probabilities or numbers, float64, shape (samples, classes or targets)."""
        return self.target_.finish(predict_sequences(self.model_, self.input_.prepare(raw)))

    def evaluate(self, X: Any = None, y: Any = None) -> Scores:
        """Score the model and its baselines on the same samples.

        The baselines always predict the same; or are a linear model of summary features, the nearest neighbour by
        Euclidean distance and by time warping, and random convolutions. For texts they are a bag of words, and pairs of
        words with naive-Bayes weights; for a `Tagger` one that sees each step alone.

        Args:
            X, y: other sequences with their targets; None for the part that was held back (the test set, or else the
                validation set). Labels that the training did not have count as mistakes.

        Raises:
            DataError: nothing was held back; or the training had none of the labels.
        """
        if X is None:
            return self._score_held_back()
        raw, y = self._read_to_score(X, y)
        encoded, unknown = self._encode(y, raw)
        return self._compare(raw, encoded, raw.label, unknown)

    def _read_to_predict(self, X: Any) -> Raw:
        self._check_fitted()
        return self.source_.read(listed(X), labelled=False)

    def _read_to_score(self, X: Any, y: Any) -> tuple[Raw, Any]:
        """Return sequences and their targets, as they came."""
        self._check_fitted()
        raw = self.source_.read(listed(X), labelled=y is None)
        y = self._targets_of(raw, y)
        if y is None:
            if isinstance(X, (str, Path)):
                raise DataError(f"{raw.label} holds no labels to compare with. Name a file that has them.")
            raise SettingError(f"There are no labels to compare with. Pass them as y, {self.expected_y}.")
        return raw, y

    def _held_back(self) -> tuple[Raw, np.ndarray, str]:
        """Return the test set, or else the validation set: its sequences, their encoded targets, and its name."""
        if self._data is None:
            raise DataError("A loaded run keeps none of its training data: pass the sequences, evaluate(X, y).")
        for name, chosen in (("test", self._data.split.test), ("validation", self._data.split.validation)):
            if len(chosen):
                return self._data.raw.take(chosen), self._data.encoded[chosen], f"the {name} set"
        raise DataError("Nothing was held back: pass other sequences, evaluate(X, y), or fit with test=0.2.")

    def recall(self, X: Any, y: Any = None) -> None:
        """Give a loaded run its training data again, so that `evaluate()` finds the parts that were held back.

        Raises:
            DataError: they are not those that it was trained on.
        """
        raw, y = self._read_to_score(X, y)
        (encoded, _), trained = self._encode(y, raw), sum(self.counts_.values())
        if len(raw) != trained or digest(raw, encoded) != self.digest_:
            holds = f"{len(raw):,} sequences, and the model was trained on {trained:,}"
            if len(raw) == trained:
                holds = "other values or labels than the model was trained on, or in another order"
            raise DataError(
                f"{raw.label} holds {holds}: the data have changed since. Score it on other sequences: evaluate(X, y)."
            )
        split = self._split(self.target_, encoded, self.validation)
        self._data = self._prepared(self.source_, raw, self.input_, self.target_, encoded, None, split, self.notes_)
        self._keep(self._data)

    @property
    def digest_(self) -> str:
        """A SHA-256 of the training's sequences and targets: by it a loaded run recognises them."""
        if self._digest is None:
            assert self._data is not None, "a loaded run has its digest"
            return digest(self._data.raw, self._data.encoded)
        return self._digest

    @property
    def baselines_(self) -> dict[str, Baseline]:
        """The simple learners beside this model, fitted on all that is not held back to score it. That is the test set;
        without one the validation set, unless the model has learned that in a second training."""
        self._check_fitted()
        if self._baselines is None:
            if self._data is None:
                raise DataError(
                    "This run was saved without its baselines, which could not be fitted. For the model's own score "
                    "alone: score(X, y)."
                )
            split = self._data.split
            scored = split.test if len(split.test) or self.training_.refit_epochs else split.validation
            self._baselines = self._fit_baselines_without(scored, self._data)
        return self._baselines

    def _baselines_beside(self, part: str) -> dict[str, Baseline]:
        """Return the baselines that are scored on a part of the data (its name), which they have not seen."""
        return self.baselines_

    def _fit_baselines_without(self, scored: np.ndarray, data: SequenceData) -> dict[str, Baseline]:
        return self._fit_baselines(data, np.setdiff1d(np.arange(len(data.encoded)), scored))

    def _fit_baselines(self, data: SequenceData, chosen: np.ndarray) -> dict[str, Baseline]:
        samples, targets = self._baseline_samples(data.raw.take(chosen)), data.encoded[chosen]
        weights = None if data.weights is None else data.weights[chosen]
        return {
            name: baseline.fit(samples, targets, weights)
            for name, baseline in unfitted_baselines(self._problem(samples)).items()
        }

    def _baseline_samples(self, raw: Raw) -> Samples:
        """Return what the baselines read of sequences."""
        return raw

    def _predictions(self, raw: Raw, outputs: np.ndarray, part: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """Return what the model and each baseline say of sequences, a part of the data, and what a table calls them."""
        samples, baselines = self._baseline_samples(raw), self._baselines_beside(part)
        predictions = {"model": outputs} | {name: baseline.predict(samples) for name, baseline in baselines.items()}
        return predictions, {"model": "this model"} | {name: baseline.name for name, baseline in baselines.items()}

    # the run folder

    @classmethod
    def _part_files(cls, saved: dict[str, Any]) -> tuple[str, ...]:
        return (BASELINES,)

    def _save_parts(self, folder: Path) -> dict[str, Any]:
        try:
            baselines = self.baselines_
        except (Exception, KeyboardInterrupt) as error:  # whatever it is, the training must not be lost for it
            warnings.warn(f"The run has no baselines, for their fit failed: {first_line(error)}", stacklevel=5)
            baselines = {}
        return {
            "source": self.source_.to_dict(),
            "baselines": save_baselines(folder / BASELINES, baselines, self._kept_arrays()),
            "sequences": self.counts_,
            "digest": self.digest_,
        }

    def _load_parts(self, folder: Path, saved: dict[str, Any]) -> None:
        arrays = read_arrays(folder / BASELINES)
        self._baselines = load_baselines(arrays, saved["baselines"]) or None
        self._keep_arrays(arrays)
        self.source_ = self._source_type()(**saved["source"])
        self.counts_, self._digest = dict(saved["sequences"]), str(saved["digest"])
        self.n_features_in_ = self.input_.features
        self.raw_ = self.targets_ = self.parts_ = self.weights_ = None

    def _kept_arrays(self) -> dict[str, np.ndarray]:
        """Return what else of the training is kept, beside the baselines."""
        return {}

    def _keep_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Undo `_kept_arrays`."""

    def _source_type(self) -> type[Source]:
        return Source

    def _report(self, comparison: Scores | None) -> dict[str, Any]:
        from seqwise.estimators.sequences.report import report_content

        return report_content(self.data_, self.counts_, self.target_, comparison)
