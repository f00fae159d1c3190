"""Tagging: a label for every step of a sequence, from arrays or lists of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from seqwise.baselines import Baseline, Problem, Samples, unfitted_baselines
from seqwise.data.sequences import split_by_lengths
from seqwise.data.texts import Texts
from seqwise.estimators.sequences.base import TOKENIZER_OPTIONS, SequenceEstimator, check_tokenizer
from seqwise.estimators.sequences.data import SequenceData
from seqwise.estimators.sequences.number_input import NumberInput
from seqwise.estimators.sequences.source import Raw, Source, sequence_names
from seqwise.estimators.sequences.step_source import StepSource, read_step_source
from seqwise.estimators.sequences.tag_target import TagTarget, read_tags
from seqwise.estimators.sequences.temperature import (
    divide_logits,
    find_chain_temperature,
    find_temperatures,
    logits_of,
)
from seqwise.estimators.sequences.text_input import SpelledInput, TextInput, TokenInput
from seqwise.estimators.settings import SEQUENCES, TEXTS, Option, estimator, flag, learned, setting
from seqwise.evaluation.tags import TagComparison
from seqwise.ops.crf import Transitions, emissions_of
from seqwise.training import StepBatches, Training, predict_steps

MOST_CALIBRATED = 50_000  # steps: more change a temperature by less than a hundredth
MOST_CHAINED = 2_000  # steps of a CRF, which take seconds


@estimator
class Tagger(SequenceEstimator[TagComparison]):
    """Say for every step of a sequence which tag it has, with an LSTM: words and their kinds, signals and their phases.

    Follows scikit-learn's conventions. Padding counts neither in the loss nor in a score, and never comes back.

    Args:
        {settings}

    Attributes:
        classes_: the tags, sorted.
        model_: the Keras model. Takes [values (samples, timesteps, features), scaled; mask (samples, timesteps)], or
            token ids (samples, timesteps), 0 at padding; gives probabilities (samples, timesteps, tags).

    Example:
        >>> import seqwise as sw
        >>> X = [["a", "cat", "sleeps"], ["the", "dog", "runs"]] * 10
        >>> tagger = sw.Tagger(units=(8,), epochs=5).fit(X, [["DET", "NOUN", "VERB"]] * 20)
        >>> len(tagger.predict([["a", "dog"]])[0])
        2
    """

    expected_y = "one list for each sequence, one tag for each step"
    each_step = True

    tokenizer: Mapping[str, Any] | None = setting(
        default=None,
        help="for tokens: ``size``, ``min_count`` and ``lowercase`` of the `seqwise.data.Tokenizer`.",
        check=check_tokenizer,
        entries={name: option for name, option in TOKENIZER_OPTIONS.items() if name != "tokens"},
    )

    characters: bool = setting(
        default=True,
        help="for tokens: also read how each word is spelled, its first and last letters and its shape, which tell "
        "the tag of a word that the training did not have. A network of your own reads the words alone.",
        check=flag,
        option=Option(TEXTS, bool, help="Read the tokens' first and last letters and their shape, too."),
    )

    crf: bool = setting(
        default=False,
        help="choose the tags of a sequence together, by a conditional random field that learns which tag follows "
        "which (Lafferty et al. 2001); usual for entities. `predict` then returns the most probable sequence of tags. "
        "Of tokens the epoch of the least training loss is kept, where no patience is set.",
        check=flag,
        option=Option(SEQUENCES, bool, help="Choose the tags of a sequence together, by a CRF."),
    )

    input_types = (NumberInput, TextInput, TokenInput, SpelledInput)
    target_type = TagTarget
    target_: TagTarget = learned()

    @property
    def classes_(self) -> np.ndarray:
        """The tags, sorted, shape (tags,)."""
        self._check_fitted()
        return self.target_.classes.values

    def predict(self, X: Any) -> list[np.ndarray]:
        """Return the most probable tag of each step: for each sequence an array, shape (timesteps,)."""
        raw = self._read_to_predict(X)
        steps = self.input_.prepare(raw)
        return list(split_by_lengths(self.classes_[self._decoded(steps)[1]], steps.lengths))

    def predict_proba(self, X: Any) -> list[np.ndarray]:
        """Return the probability of each tag: for each sequence an array, float64, shape (timesteps, tags)."""
        raw = self._read_to_predict(X)
        steps = self.input_.prepare(raw)
        return list(split_by_lengths(self._decoded(steps)[0], steps.lengths))

    def prediction_columns(self, X: Any) -> dict[str, Any]:
        """Return the predictions as named columns, one row a step: the sequence, the step's number in it, its token,
        its tag, the tag's probability, and that of each tag."""
        raw = self._read_to_predict(X)
        steps = self.input_.prepare(raw)
        probabilities, tags = self._decoded(steps)
        columns: dict[str, Any] = {
            "sequence": np.repeat(sequence_names(raw), steps.lengths),
            "step": np.concatenate(list(map(np.arange, steps.lengths))),
        }
        if isinstance(raw, Texts):
            columns["token"] = [token for tokens in raw.values for token in tokens]
        columns |= {"label": self.classes_[tags], "probability": probabilities[np.arange(len(tags)), tags]}
        return columns | {f"p({tag})": probabilities[:, c] for c, tag in enumerate(self.classes_.tolist())}

    def score(self, X: Any, y: Any = None) -> float:
        """Return the share of all steps whose tag is right."""
        raw, tags = self._read_to_score(X, y)
        encoded, _ = self._encode(tags, raw)
        _, predicted = self._decoded(self.input_.prepare(raw))
        return float((predicted == np.concatenate(encoded)).mean())

    def _compare(self, raw: Raw, encoded: np.ndarray, part: str, unknown: tuple[Any, ...] = ()) -> TagComparison:
        steps = self.input_.prepare(raw)
        probabilities, tags = self._decoded(steps)
        predictions, names = self._predictions(raw, probabilities, part)
        truth = np.concatenate(encoded)
        return TagComparison(
            self.classes_, truth, predictions, names, part, unknown, lengths=steps.lengths, decoded={"model": tags}
        )

    def _decoded(self, steps: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the probability of each tag at each step, shape (steps, tags), and the index of each step's tag."""
        return self.target_.decode(self.target_.finish(predict_steps(self.model_, steps)), steps.lengths)

    def _baseline_samples(self, raw: Raw) -> np.ndarray:
        values = self.input_.prepare(raw).values
        return values if self.input_.tokens is None else values[:, :1]  # of a token its id, without its spelling

    def _fit_baselines(self, data: SequenceData, chosen: np.ndarray) -> dict[str, Baseline]:
        steps, tags = self._baseline_samples(data.raw.take(chosen)), np.concatenate(data.encoded[chosen])
        return {name: baseline.fit(steps, tags) for name, baseline in unfitted_baselines(self._problem(steps)).items()}

    def _problem(self, samples: Samples) -> Problem:
        return Problem(samples, "classes", len(self.classes_), self.input_.tokens or 0)

    def _read_source(self, X: Any, **columns: Any) -> tuple[Source, Raw]:
        return read_step_source(X, **columns)

    def _source_type(self) -> type[Source]:
        return StepSource

    def _read_targets(self, y: Any, raw: Raw, source: Source) -> tuple[TagTarget, np.ndarray, list[str]]:
        return TagTarget.read(y, raw, crf=self.crf)

    def _input(self, source: Source) -> Any:
        if not source.texts:
            return super()._input(source)
        kind = SpelledInput if self.characters and self.network is None else TokenInput
        return kind(self.tokenizer, self.vectors, self.seed, self.embedding)

    def _network_options(self, data: SequenceData) -> dict[str, Any]:
        return {"spellings": data.input.spellings} if isinstance(data.input, SpelledInput) else {}

    def _make_batches(self) -> Any:
        return StepBatches

    def _watched(self, data: SequenceData) -> str | None:
        if data.input.tokens is None or not len(data.split.validation):
            return None
        # of words ever more tags become right while the loss grows by those that are wrong for sure; which ones a CRF
        # would choose is not known in training, and its last epoch is nearly always the best
        return "val_accuracy" if not self.crf else "loss" if self.patience is None else None

    def _adopt(self, data: SequenceData, model: Any, training: Training) -> None:
        if len(data.split.validation) and training.best_epoch:
            self._calibrate(data, model)
        super()._adopt(data, model, training)

    def _calibrate(self, data: SequenceData, model: Any) -> None:
        """Bring the model's probabilities in line with how often it is right on the validation set."""
        target, chosen = cast(TagTarget, data.target), data.split.validation
        most = MOST_CALIBRATED if target.transitions is None else MOST_CHAINED
        chosen = chosen[:: -(-int(data.steps.lengths[chosen].sum()) // most)]
        steps = data.steps.take(chosen)
        probabilities, tags = target.finish(predict_steps(model, steps)), data.encoded[chosen]
        if target.transitions is None:
            (temperature,) = find_temperatures([logits_of(probabilities, False)], np.concatenate(tags))
        else:
            chains = split_by_lengths(emissions_of(probabilities), steps.lengths)
            begun = [own[:most] for own in chains]  # the beginning of a long sequence is one, too
            temperature = find_chain_temperature(begun, target.transitions, [own[:most] for own in tags])
        if not divide_logits(model, temperature):  # it is a network of the user's own
            return
        target.temperatures = [temperature]
        if target.transitions is not None:
            target.transitions = Transitions(*(table / temperature for table in target.transitions))

    def _encode(self, y: Any, raw: Raw) -> tuple[np.ndarray, tuple[Any, ...]]:
        (flat, counts), classes = read_tags(y, raw), self.target_.classes
        unknown = tuple(sorted(classes.unknown_in(flat.tolist()), key=str))
        return split_by_lengths(classes.encode(flat), counts), unknown
