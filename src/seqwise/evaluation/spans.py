"""Entities as spans of tags, and how many of them are found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

PREFIXES = "BIES"  # beginning, inside, end, single
OUTSIDE = "O"
Span = tuple[int, int, str]  # the first step, the one behind the last, the entity's kind


def names_spans(labels: Iterable[object]) -> bool:
    """Tell whether labels are those of spans: O, and B-…, I-…, E-… or S-…, with at least one B or I."""
    rest = [label for label in labels if label != OUTSIDE]
    fits = all(isinstance(label, str) and label[:1] in PREFIXES and label[1:2] == "-" and label[2:] for label in rest)
    return fits and any(str(label)[0] in "BI" for label in rest)


def find_spans(tags: Sequence[str]) -> list[Span]:
    """Return the spans of one sequence.

    As conlleval and seqeval (its default mode) read them: I or E goes on a span of its kind that was not ended by E or
    S; any other tag but O begins one, even I. So IOB1, IOB2 and IOBES are read alike.

    Example:
        >>> find_spans(["B-PER", "I-PER", "O", "I-ORG", "I-LOC"])
        [(0, 2, 'PER'), (3, 4, 'ORG'), (4, 5, 'LOC')]
    """
    spans: list[Span] = []
    begin, kind, last = 0, "", OUTSIDE  # of the span that the step before belongs to
    for t, tag in enumerate([*tags, OUTSIDE]):
        goes_on = tag[0] in "IE" and last[0] in "BI" and tag[2:] == kind
        if not goes_on:
            if last != OUTSIDE:
                spans.append((begin, t, kind))
            begin, kind = t, tag[2:]
        last = tag
    return spans


def span_scores(truth: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> dict[str, float]:
    """Return precision, recall and F1 of whole spans, over all sequences and kinds together (micro-averages).

    A span counts only where its first step, its last step and its kind are right. 0 where nothing is found, as in
    seqeval.

    Args:
        truth, predicted: for each sequence its tags, one for each step.
    """
    hits = predicted_count = real = 0
    for true_tags, predicted_tags in zip(truth, predicted, strict=True):
        true_spans, predicted_spans = set(find_spans(true_tags)), set(find_spans(predicted_tags))
        hits += len(true_spans & predicted_spans)
        predicted_count += len(predicted_spans)
        real += len(true_spans)
    return {
        "precision": hits / predicted_count if predicted_count else 0.0,
        "recall": hits / real if real else 0.0,
        "f1": 2 * hits / (predicted_count + real) if predicted_count + real else 0.0,
    }
