"""Beam search over a decoder that is run one step at a time, for many sentences at once and on every Keras backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from seqwise.backend import import_keras
from seqwise.data.tokenizer import END, PADDING, START, UNKNOWN

NEVER = -1e30  # the log-probability of what may not be; infinity would make NaN of differences

# (last tokens (rows, 1), states) → (logits (rows, vocabulary), new states); a row is a sentence's hypothesis
Step = Callable[[Any, list[Any]], tuple[Any, list[Any]]]


class Hypotheses(NamedTuple):
    """The best hypothesis of each sentence.

    Attributes:
        tokens: int32, shape (sentences, steps): its tokens, the end token too; then padding.
        scores: float32, shape (sentences,): its log-probability / length^`length_penalty`.
    """

    tokens: Any
    scores: Any


def beam_search(
    step: Step, states: list[Any], limits: Any, *, steps: int, beam: int, length_penalty: float
) -> Hypotheses:
    """Find for each sentence the tokens of the highest score that `beam` hypotheses at a time lead to.

    A hypothesis that is complete keeps its place and the others go on in the places left, as in Bahdanau et al. 2015
    ("Neural machine translation by jointly learning to align and translate"). So a beam of 1 is the greedy choice,
    and one as wide as there are hypotheses finds the best of all. The complete hypothesis with the
    highest log-probability / length^`length_penalty` wins; its length counts the end token. Padding, start and
    unknown tokens are never chosen. A sentence's result does not depend on those beside it.

    Args:
        step: the decoder, for ``sentences × beam`` rows; those of a sentence stand together.
        states: before the first step, each (sentences, …); they are repeated for the hypotheses.
        limits: int32, shape (sentences,): tokens of a hypothesis at most. One that is still incomplete then is taken
            only where no other is complete.
        steps: the largest of `limits`, or more; a plain number.
    """
    ops = import_keras().ops
    sentences = limits.shape[0]

    def normalised(scores: Any, lengths: Any) -> Any:
        return scores / ops.cast(ops.maximum(lengths, 1), "float32") ** length_penalty

    def growing(i: Any, lengths: Any, scores: Any, complete: Any) -> Any:
        """Which hypotheses go on: none of a sentence whose best complete one can no longer be overtaken."""
        best = ops.max(ops.where(complete, normalised(scores, lengths), NEVER), axis=1, keepdims=True)
        hope = normalised(scores, limits[:, None])  # further tokens can only lower the log-probability
        open_yet = ops.logical_and(ops.logical_not(complete), hope > best)
        goes_on = ops.logical_and(ops.any(open_yet, axis=1), i < limits)
        return ops.logical_and(ops.logical_not(complete), goes_on[:, None])

    def advance(i: Any, tokens: Any, lengths: Any, scores: Any, complete: Any, *states: Any) -> Any:
        last = ops.sum(ops.where(ops.arange(steps) == i - 1, tokens, 0), axis=2)
        last = ops.where(i == 0, START, last)
        logits, after = step(ops.cast(ops.reshape(last, (-1, 1)), "int32"), list(states))
        vocabulary = logits.shape[-1]
        ids = ops.arange(vocabulary)
        never = ops.logical_or(ids == PADDING, ops.logical_or(ids == START, ids == UNKNOWN))
        logp = ops.where(never, NEVER, ops.log_softmax(ops.cast(logits, "float32"), axis=-1))
        logp = ops.reshape(logp, (sentences, beam, vocabulary))
        # a hypothesis that rests has one way on: padding, which costs nothing and comes before every other's
        rests = ops.logical_not(growing(i, lengths, scores, complete))[:, :, None]
        resting = ops.where(ids == PADDING, 2 * scores[:, :, None] - NEVER, 2 * NEVER)
        rank = ops.where(rests, resting, scores[:, :, None] + logp)
        _, chosen = ops.top_k(ops.reshape(rank, (sentences, beam * vocabulary)), beam)
        parent, token = chosen // vocabulary, ops.cast(chosen % vocabulary, "int32")
        gained = ops.reshape(ops.where(rests, 0.0, logp), (sentences, beam * vocabulary))
        scores = ops.take_along_axis(scores, parent, axis=1) + ops.take_along_axis(gained, chosen, axis=1)
        tokens = ops.take_along_axis(tokens, parent[:, :, None], axis=1)
        tokens = ops.where(ops.arange(steps) == i, token[:, :, None], tokens)
        lengths = ops.take_along_axis(lengths, parent, axis=1) + ops.cast(token != PADDING, "int32")
        ended = ops.logical_and(token == END, scores > NEVER / 2)  # where all ways are barred, any may be "chosen"
        complete = ops.logical_or(ops.take_along_axis(complete, parent, axis=1), ended)
        rows = ops.reshape(parent + ops.arange(sentences)[:, None] * beam, (-1,))
        return i + 1, tokens, lengths, scores, complete, *(ops.take(state, rows, axis=0) for state in after)

    def unfinished(i: Any, tokens: Any, lengths: Any, scores: Any, complete: Any, *states: Any) -> Any:
        return ops.any(growing(i, lengths, scores, complete))

    begin = (
        ops.convert_to_tensor(0, "int32"),
        ops.zeros((sentences, beam, steps), "int32"),
        ops.zeros((sentences, beam), "int32"),
        # all hypotheses are the same at first: one counts
        ops.broadcast_to(ops.cast(ops.where(ops.arange(beam) == 0, 0.0, NEVER), "float32"), (sentences, beam)),
        ops.zeros((sentences, beam), "bool"),
        *(ops.repeat(state, beam, axis=0) for state in states),
    )
    _, tokens, lengths, scores, complete, *_ = ops.while_loop(unfinished, advance, begin)
    scores = normalised(scores, lengths)
    may = ops.logical_or(complete, ops.logical_not(ops.any(complete, axis=1, keepdims=True)))
    best = ops.argmax(ops.where(may, scores, 3 * NEVER), axis=1)[:, None]
    tokens = ops.take_along_axis(tokens, best[:, :, None], axis=1)[:, 0]
    return Hypotheses(tokens, ops.take_along_axis(scores, best, axis=1)[:, 0])
