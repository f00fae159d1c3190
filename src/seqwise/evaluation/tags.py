"""A tagger's scores and its baselines', on the same steps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from seqwise.data.sequences import split_by_lengths
from seqwise.evaluation.classification import COLUMNS, ClassComparison
from seqwise.evaluation.comparison import Metric
from seqwise.evaluation.spans import names_spans, span_scores

SPANS = Metric("span_f1", "span F1", spec=".4f")
NEW = "B-"  # a label that the training did not have; the kind of no span is empty


@dataclass(frozen=True)
class TagComparison(ClassComparison):
    """A tagger's probabilities for steps whose tags are known, beside the baselines'.

    Where the tags are those of spans (O, B-…, I-…), there is a further score, ``"span_f1"``: F1 of whole entities, see
    `seqwise.evaluation.spans`.

    Attributes:
        decoded: by name, the index of each step's tag where that is not the most probable one of the step alone: a CRF
            chooses the tags of a sequence together.
    """

    decoded: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])

    def __post_init__(self) -> None:
        super().__post_init__()
        if names_spans(self.classes.tolist()):
            object.__setattr__(self, "columns", (COLUMNS[0], SPANS, *COLUMNS[1:]))
            truth = self._sequences(self.truth)
            for name, scores in self.scores.items():
                scores["span_f1"] = span_scores(truth, self._sequences(self.predicted(name)))["f1"]

    def predicted(self, name: str = "model") -> np.ndarray:
        return self.decoded[name] if name in self.decoded else super().predicted(name)

    def _sequences(self, encoded: np.ndarray) -> list[list[str]]:
        """Return the tags of each sequence."""
        assert self.lengths is not None
        names = np.array([*map(str, self.classes.tolist()), NEW])  # -1 is the last
        return [tags.tolist() for tags in split_by_lengths(names[encoded], self.lengths)]
