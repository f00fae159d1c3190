"""Saved Classifiers, Regressors and Taggers on NumPy alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from seqwise.artifact.network import Network
from seqwise.artifact.numpy.run import NumpyRun
from seqwise.artifact.reading import read_vocabulary
from seqwise.data.classes import Classes
from seqwise.data.long_tables import sequences_from_table, tagged_from_table
from seqwise.data.padding import pad_joined
from seqwise.data.plain_tables import read_plain_table
from seqwise.data.scaling import Scaler
from seqwise.data.sequences import Sequences, in_columns, join_sequences, split_by_lengths
from seqwise.data.spelling import Speller
from seqwise.data.text_files import read_texts
from seqwise.data.texts import Texts, holds_texts, make_texts, make_tokens, texts_from_table
from seqwise.data.tokenizer import Tokenizer
from seqwise.data.ts_files import read_ts
from seqwise.errors import DataError, SettingError
from seqwise.ops.crf import Transitions, emissions_of, marginals, viterbi

VOCABULARY = "vocabulary.json"
BATCH, BATCH_STEPS = 256, 2**17  # sequences of a batch at most, and their steps, padding included


class NumpySequenceRun(NumpyRun):
    """What the runs on sequences share: reading them, batches of similar length."""

    @classmethod
    def needed_files(cls, manifest: dict[str, Any]) -> tuple[str, ...]:
        return () if manifest["input"]["kind"] == "numbers" else (VOCABULARY,)

    def _load(self, description: Network) -> None:
        saved = self.manifest["input"]
        self._source: dict[str, Any] = self.manifest["source"]
        self.columns: list[str] | None = None
        if saved["kind"] == "numbers":
            self.columns, self.scaler = list(saved["columns"]), Scaler.from_dict(saved["scaler"])
            return
        path, several = self.folder / VOCABULARY, saved["kind"] == "spelled"
        self.tokenizer = Tokenizer.from_dict(read_vocabulary(path, saved["tokens"], "tokens" if several else None))
        self.speller: Speller | None = None
        if several:
            self.speller = Speller.from_dict(read_vocabulary(path, saved["spellings"], "spelling"))

    def _read(self, X: Any) -> Sequences:  # noqa: N803 (scikit-learn's name)
        """Return sequences as the network takes them: scaled, or as token ids."""
        if self.columns is None:
            texts = self._read_texts(X)
            words = self.tokenizer.encode(texts.values)
            if self.speller is None:
                return words
            return replace(words, values=np.concatenate([words.values, self.speller.encode(texts.values)], axis=1))
        raw = in_columns(self._read_numbers(X, self.columns), self.columns)
        return replace(raw, values=self.scaler.transform(raw.values))

    def _read_numbers(self, X: Any, columns: list[str]) -> Sequences:  # noqa: N803
        if isinstance(X, Sequences):
            return X
        if isinstance(X, (str, Path)) and Path(X).suffix.lower() == ".ts":
            return read_ts(X)
        if not _holds_rows(X):
            if holds_texts(X):
                raise DataError("The model was trained on sequences of numbers, but these are texts.")
            return join_sequences(X)
        group = self._group()
        return sequences_from_table(read_plain_table(X), group, self._source["time"], columns, None)

    def _read_texts(self, X: Any) -> Texts:  # noqa: N803
        text = self._source["text"]
        if _holds_rows(X):
            if isinstance(X, (str, Path)) and Path(X).suffix.lower() == ".txt":
                return make_texts(read_texts(X, encoding=None))
            if text is None:
                raise SettingError("The model was trained on a list of texts. Pass one.")
            return texts_from_table(read_plain_table(X, text=text), text, None)
        if not holds_texts(X) and len(X):
            raise DataError(f"The model was trained on texts, but these are {type(X).__name__}. Pass a list of texts.")
        return make_texts(X)

    def _group(self) -> str:
        group = self._source["group"]
        if group is None:
            raise SettingError(
                "Rows were given, but the model was trained on a list of sequences. Pass one: a list of arrays "
                "(timesteps, features)."
            )
        return str(group)

    def _batches(self, sequences: Sequences) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the numbers of each batch's sequences, and the network's outputs for them."""
        order = np.argsort(sequences.lengths, kind="stable")
        start = 0
        while start < len(order):
            longest = sequences.lengths[order[start : start + BATCH]]
            size = max(int(np.count_nonzero(np.arange(1, len(longest) + 1) * longest <= BATCH_STEPS)), 1)
            chosen = order[start : start + size]
            values, mask = pad_joined(sequences.take(chosen))
            (outputs,) = self.network(*self._inputs(values, mask))
            yield chosen, outputs
            start += size

    def _inputs(self, values: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
        if self.columns is not None:
            return [values, mask]
        return [values[..., 0]] if self.speller is None else [values[..., 0], values[..., 1:]]

    def _outputs(self, sequences: Sequences) -> np.ndarray:
        """Return the network's outputs, float64, shape (samples, …)."""
        chosen, outputs = zip(*self._batches(sequences), strict=True)
        joined: np.ndarray = np.concatenate(outputs)
        return joined[np.argsort(np.concatenate(chosen))].astype(np.float64)


class NumpyClassifier(NumpySequenceRun):
    """A saved Classifier that predicts with NumPy alone.

    Attributes:
        classes_: the classes, sorted, shape (classes,).
    """

    def _load(self, description: Network) -> None:
        super()._load(description)
        self._classes = Classes.from_dict(self.manifest["target"])
        self.classes_ = self._classes.values

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803 (scikit-learn's name)
        """Return the probability of each class, float64, shape (samples, classes), in the order of `classes_`.

        Args:
            X: a list of arrays, each (timesteps, features), one array (samples, timesteps, features), or the path of a
                .ts file; for a run on a long table also a list of rows, each a mapping from column to value, or the
                path of a CSV file. Or a list of texts; for a run on a table of texts also such rows or a file.

        Raises:
            DataError: the sequences do not fit those of the training, or are faulty; the message says where.
        """
        outputs = self._outputs(self._read(X))
        if self._classes.multilabel:
            return outputs
        if len(self._classes) == 2:
            return np.concatenate([1 - outputs, outputs], axis=1)
        return outputs / outputs.sum(axis=1, keepdims=True)

    def predict(self, X: Any, *, abstain_below: float | None = None) -> Any:  # noqa: N803
        """Return the most probable class of each sequence, shape (samples,), of the labels' own dtype.

        If a sequence can have several labels: those with a probability above a half, in the form that `fit` was given:
        a 0/1 matrix (samples, classes), or a list of tuples.

        Args:
            X: see `predict_proba`. abstain_below: return None where no class is as probable as that.
        """
        return self._classes.most_probable(self.predict_proba(X), abstain_below)


class NumpyRegressor(NumpySequenceRun):
    """A saved Regressor that predicts with NumPy alone."""

    def _load(self, description: Network) -> None:
        super()._load(description)
        target = self.manifest["target"]
        self._target_scaler, self._flat = Scaler.from_dict(target["scaler"]), bool(target["flat"])

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return the targets in their own units, float64, shape (samples,), or (samples, targets) as `fit` had them.

        Args:
            X: see `NumpyClassifier.predict_proba`.
        """
        values = self._target_scaler.inverse(self._outputs(self._read(X)))
        return values[:, 0] if self._flat else values


class NumpyTagger(NumpySequenceRun):
    """A saved Tagger that predicts with NumPy alone.

    Attributes:
        classes_: the tags, sorted, shape (tags,).
    """

    def _load(self, description: Network) -> None:
        super()._load(description)
        target = self.manifest["target"]
        self.classes_ = Classes.from_dict(target).values
        self._transitions: Transitions | None = None
        if target.get("transitions") is not None:
            tables = target["transitions"]
            self._transitions = Transitions(np.array(tables["start"]), np.array(tables["between"]))

    def predict(self, X: Any) -> list[np.ndarray]:  # noqa: N803
        """Return the most probable tag of each step: for each sequence an array, shape (timesteps,).

        A run with a CRF returns the most probable sequence of tags.
        """
        of_steps, crf = self._of_steps(X), self._transitions
        if crf is None:
            return [self.classes_[p.argmax(axis=1)] for p in of_steps]
        return [self.classes_[viterbi(emissions_of(p), crf)] for p in of_steps]

    def predict_proba(self, X: Any) -> list[np.ndarray]:  # noqa: N803
        """Return the probability of each tag: for each sequence an array, float64, shape (timesteps, tags).

        Args:
            X: see `NumpyClassifier.predict_proba`; for a run on tokens a list of lists of tokens.
        """
        of_steps, crf = self._of_steps(X), self._transitions
        return of_steps if crf is None else [marginals(emissions_of(p), crf) for p in of_steps]

    def _of_steps(self, X: Any) -> list[np.ndarray]:  # noqa: N803
        """Return the network's probabilities: for each sequence float64, shape (timesteps, tags)."""
        sequences = self._read(X)
        outputs: list[np.ndarray] = [np.empty(0)] * len(sequences)
        for chosen, batch in self._batches(sequences):
            for i, steps in zip(chosen, batch, strict=True):
                outputs[i] = steps[: sequences.lengths[i]]
        flat = np.concatenate(outputs).astype(np.float64)
        return list(split_by_lengths(flat / flat.sum(axis=1, keepdims=True), sequences.lengths))

    def _read_numbers(self, X: Any, columns: list[str]) -> Sequences:  # noqa: N803
        if not _holds_rows(X):
            return super()._read_numbers(X, columns)
        tagged = tagged_from_table(
            read_plain_table(X), group=self._group(), time=self._source["time"], features=columns
        )
        assert isinstance(tagged, Sequences)
        return tagged

    def _read_texts(self, X: Any) -> Texts:  # noqa: N803
        if not _holds_rows(X):
            return make_tokens(X)
        text = self._source["text"]
        tagged = tagged_from_table(
            read_plain_table(X, text=text), group=self._group(), time=self._source["time"], text=text
        )
        assert isinstance(tagged, Texts)
        return tagged


def _holds_rows(X: Any) -> bool:  # noqa: N803
    """Tell whether data are the rows of a table, or the path of a file."""
    if isinstance(X, (str, Path)):
        return True
    rows: Any = X
    return isinstance(rows, (list, tuple)) and bool(len(cast(Any, rows))) and isinstance(rows[0], Mapping)
