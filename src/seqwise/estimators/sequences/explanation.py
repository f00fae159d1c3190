"""Why a class was predicted: what each step, and each word, contributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from seqwise.backend import import_keras
from seqwise.data import Sequences
from seqwise.estimators.sequences.pairs import PAIRS, SHARES
from seqwise.evaluation import sequence_plots as plots
from seqwise.training.gradients import integrated_gradients
from seqwise.training.sequence_batches import StepArrays

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST = 1e-6  # of a probability
SHOWN = 12  # steps or words that are printed


@dataclass(frozen=True)
class Explanation:
    """What supports a class of one sequence, and what speaks against it.

    The log-odds of the class are split among the steps by integrated gradients (Sundararajan et al. 2017): from a
    sequence that tells nothing, the mean of the training at every step, or words without a meaning, to this one.

    Attributes:
        label: the class. probability: that the model gives it.
        contributions: what each step adds to the log-odds, float64, shape (timesteps,): in all `odds` - `start`.
        by_feature: the same for each feature of a step, shape (timesteps, features); for a text (words, 1).
        odds, start: the log-odds of the class, for the sequence and for the one that tells nothing.
        values: the sequence as it came, shape (timesteps, features); for a text the words, shape (words, 1).
        columns: names of the features.
    """

    label: Any
    probability: float
    contributions: np.ndarray
    by_feature: np.ndarray
    odds: float
    start: float
    values: np.ndarray
    columns: list[str]

    def __str__(self) -> str:
        strongest = np.argsort(-np.abs(self.contributions), kind="stable")[:SHOWN]
        lines = [f"{self.label!r}, probability {self.probability:.3f}: what supports it (+) and speaks against it (-)"]
        for t in np.sort(strongest).tolist():
            seen = ", ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in self.values[t])
            lines.append(f"{self.contributions[t]:+8.3f}  step {t}: {seen}")
        rest = self.contributions.sum() - self.contributions[strongest].sum()
        left = len(self.contributions) - len(strongest)
        return "\n".join([*lines, f"{rest:+8.3f}  the other {left:,} steps together"] if left else lines)

    def plot(self) -> Figure:
        """Draw the sequence, or the text, with what each step adds."""
        if self.values.dtype.kind in "OU":
            return plots.words(self.values[:, 0].tolist(), self.contributions)
        return plots.steps(self.values, self.by_feature, self.columns)


def explain(model: Any, steps: Sequences, target: int, *, single: bool) -> tuple[np.ndarray, float, float]:
    """Return what each feature of each step of a sequence adds to the log-odds of a class, shape (timesteps, features);
    and those log-odds, for the sequence and for one that tells nothing.

    Args:
        model: a classifier's, whose outputs are probabilities; one output is the probability of the second class.
        steps: one sequence, as the network takes it. target: the class.
        single: the classes exclude each other.
    """
    keras = import_keras()
    length = int(steps.lengths[0])
    values, mask = StepArrays.of(steps).padded(np.zeros(1, np.int64), 2 ** int(np.ceil(np.log2(length))))

    def log_odds(probabilities: Any) -> Any:
        p = probabilities[:, 0] if probabilities.shape[1] == 1 else probabilities[:, target]
        p = keras.ops.clip(p, LEAST, 1 - LEAST)
        odds = keras.ops.log(p) - keras.ops.log(1 - p)
        return -odds if single and probabilities.shape[1] == 1 and target == 0 else odds

    if values.dtype.kind in "iu":
        model, moving, fixed = _from_vectors(model, np.asarray(values[..., 0]))
    else:
        moving, fixed = [np.asarray(values, np.float32)], [np.asarray(mask)]
    parts = integrated_gradients(model, moving, fixed, log_odds)
    ends = [np.concatenate([np.zeros_like(array), array]) for array in moving]
    outputs = model.predict_on_batch([*ends, *(np.repeat(array, 2, axis=0) for array in fixed)])
    start, odds = keras.ops.convert_to_numpy(log_odds(keras.ops.convert_to_tensor(outputs))).tolist()
    if values.dtype.kind not in "iu":
        return parts[0][:length], odds, start
    words = np.zeros(length)
    for name, part in zip(model.input_names, parts, strict=False):
        each = part.sum(axis=-1)[:length]
        if name == PAIRS:  # each of two words has half of their pair; the last one stands alone
            words[1:] += each[:-1] / 2
            each = np.append(each[:-1] / 2, each[-1])
        words += each
    return words[:, None], odds, start


def _from_vectors(model: Any, ids: np.ndarray) -> tuple[Any, list[np.ndarray], list[np.ndarray]]:
    """Return a model from the vectors of its tokens on, and a text for it: those vectors, and the token ids."""
    keras = import_keras()
    tables = [layer for layer in model.layers if isinstance(layer, keras.layers.Embedding) and layer.name != SHARES]
    embed = keras.Model(model.input, [layer.output for layer in tables])
    outputs: Any = embed.predict_on_batch(ids)
    listed = cast(list[Any], outputs) if isinstance(outputs, list) else [outputs]
    vectors = [np.asarray(each) for each in listed]
    inner = keras.Model([*(layer.output for layer in tables), *model.inputs], model.output)
    inner.input_names = [*(layer.name for layer in tables), "tokens"]
    return inner, vectors, [ids]
