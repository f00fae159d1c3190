"""The report on a classifier, a regressor or a tagger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqwise.estimators.parts import file_name, parts_in_words
from seqwise.estimators.sequences.class_target import LabelTarget
from seqwise.estimators.sequences.data import SequenceTarget
from seqwise.estimators.sequences.explanation import Explanation
from seqwise.evaluation import sequence_plots as plots
from seqwise.evaluation.classification import ClassComparison
from seqwise.evaluation.figures import percent
from seqwise.evaluation.regression import NumberComparison
from seqwise.evaluation.report import Picture, Row, Section, number, picture

MOST_ROWS = 60  # classes in a table
MOST_TARGETS = 6  # that get pictures
LARGE = 0.6  # a class with a larger share makes accuracy easy


def report_content(
    path: str | None,
    counts: dict[str, int],
    target: SequenceTarget,
    comparison: ClassComparison | NumberComparison | None,
) -> dict[str, Any]:
    """Return what `seqwise.evaluation.report.render_report` takes of the sequences and their comparison.

    Args:
        path: of the file that the sequences are from; None for data in memory. counts: how many each part has.
        target: the estimator's, which gives the report its title.
        comparison: None where nothing was held back.
    """
    content = {
        "title": f"{target.title} of {file_name(path)}",
        "data": parts_in_words("sequences", path, counts),
    }
    if comparison is None:
        return content
    classes = isinstance(comparison, ClassComparison)
    return content | {
        "legend": _class_legend(comparison) if classes else NUMBER_LEGEND,
        "remarks": _remarks(comparison),
        "sections": _classes(comparison, target) if classes else _numbers(comparison),
    }


NUMBER_LEGEND = (
    "The best in each column is underlined. RMSE (which weighs large errors more) and MAE (the mean size of the error) "
    "are in the target’s own units, averaged over several targets. R² is the share of the variance that is explained: "
    "1 is best, 0 is no better than always predicting the mean."
)


def _class_legend(comparison: ClassComparison) -> str:
    counted, several = comparison.counted, comparison.multilabel
    return (
        f"The best in each column is underlined. Accuracy is the share of {counted}s that are right"
        f"{', all of their labels at once' if several else ''}; balanced accuracy and macro F1 count each "
        f"{'label' if several else 'class'} alike, however rare. ROC-AUC is the chance that a {counted} with a label "
        "gets a higher probability for it than one without: 0.5 is guessing. Log loss is small where the probabilities "
        "are right and sure; 0 is best."
    )


def _remarks(comparison: ClassComparison | NumberComparison) -> list[str]:
    counted = comparison.counted if isinstance(comparison, ClassComparison) else "sequence"
    remarks = [f"Measured on {comparison.part}, {len(comparison):,} {counted}(s), the same for each."]
    if isinstance(comparison, ClassComparison) and not comparison.multilabel:
        known = comparison.truth[comparison.truth >= 0]
        share = np.bincount(known, minlength=len(comparison.classes)) / max(len(comparison), 1)
        most = int(share.argmax())
        if share[most] > LARGE:
            remarks.append(
                f"{percent(float(share[most]))} % of the {counted}s are {comparison.classes.tolist()[most]!r}: "
                "always predicting it is right as often. Balanced accuracy, the mean recall of the classes, says more "
                "here."
            )
    return remarks


def _classes(comparison: ClassComparison, target: SequenceTarget) -> list[Section]:
    counted = f"{comparison.counted}s"
    text = comparison.columns[0].text
    rows = [
        Row(
            str(row["class"]),
            [*(number(row[k], text(row[k])) for k in ("precision", "recall", "f1")),
             number(row[counted], f"{row[counted]:,}")],
        )
        for row in comparison.by_class()[:MOST_ROWS]
    ]  # fmt: skip
    named = "label" if comparison.multilabel else "class"
    cut = f" The first {MOST_ROWS} of {len(comparison.classes)}." if len(comparison.classes) > MOST_ROWS else ""
    sections = [
        Section(
            "classes",
            "Label by label" if comparison.multilabel else "Class by class",
            [named, "precision", "recall", "F1", counted],
            rows,
            text=f"Precision is the share of predictions of a {named} that are right. Recall is the share of a {named} "
            f"that is predicted as such. F1 is their harmonic mean.{cut}",
        )
    ]
    if not comparison.multilabel:
        alt = f"Matrix of how many {counted} of each class were taken for each class; the table above has the figures."
        cut = f" The first {plots.MOST_CLASSES} classes." if len(comparison.classes) > plots.MOST_CLASSES else ""
        sections.append(
            Section(
                "confusion",
                "Confusion",
                text=f"Each row is a true class, each column a predicted one: off the diagonal are the mistakes.{cut}",
                pictures=[picture(plots.confusion(comparison), alt)],
            )
        )
    error = float(comparison.calibration()["error"])
    alt = "Line chart of the share of right predictions over their probability."
    text_ = (
        "Can the probabilities be trusted? On the dotted line, predictions with a probability of 80 % are right 80 "
        "times out of 100; below it the model is overconfident. The mean distance from the line is "
        f"{error:.3f} (the expected calibration error)."
    )
    if isinstance(target, LabelTarget) and target.temperatures:
        network, *pairs = (f"{temperature:.2f}" for temperature in target.temperatures)
        text_ += f" Calibrated on the validation set: the network’s logits are divided by {network} (its temperature)"
        text_ += f", those of the word pairs by {pairs[0]}." if pairs else "."
    drawn = [picture(plots.calibration(comparison), alt)]
    sections.append(Section("calibration", "Calibration", text=text_, pictures=drawn))
    return sections if comparison.multilabel else [*sections, _abstaining(comparison)]


def _abstaining(comparison: ClassComparison) -> Section:
    rows = [
        Row(
            f"{row['answered']:.0%}",
            [number(row["threshold"], f"{row['threshold']:.3f}"), number(row["accuracy"], f"{row['accuracy']:.4f}")],
        )
        for row in comparison.abstaining()
    ]
    said = "predict(X, abstain_below=…)" if comparison.lengths is None else "predict_proba(X)"
    text = (
        f"How accurate is the model where it is most confident? Each row leaves out the {comparison.counted}s whose "
        f"most probable class has a probability below the threshold: {said}."
    )
    return Section("abstaining", "If it may abstain", ["predicted", "threshold", "accuracy"], rows, text=text)


def surest(comparison: ClassComparison) -> list[int]:
    """Return the sample whose class is right with the greatest probability, and the one where it is wrong."""
    confidence, right = comparison.probabilities["model"].max(axis=1), comparison.predicted() == comparison.truth
    return [int(np.where(kind, confidence, -1).argmax()) for kind in (right, ~right) if kind.any()]


def explained(examples: Mapping[int, Explanation], comparison: ClassComparison) -> Section:
    """Return the section that explains the predictions of some samples."""
    drawn: list[Picture] = []
    for i, example in examples.items():
        right = example.label == comparison.classes.tolist()[comparison.truth[i]] and comparison.truth[i] >= 0
        said = f"Number {i} of {comparison.part}, {example.label!r} with {percent(example.probability)} %: "
        said += "right." if right else "wrong, the most confident mistake."
        alt = f"Why {example.label!r}: each step with what it adds to the log-odds."
        drawn.append(picture(example.plot(), alt, caption=said))
    text = (
        "Integrated gradients split the log-odds of the predicted class among the steps. Orange supports the class, "
        "purple or grey speaks against it. In Python: classifier.explain_prediction(x)."
    )
    return Section("explained", "Why this class", text=text, pictures=drawn)


def _numbers(comparison: NumberComparison) -> list[Section]:
    sections: list[Section] = []
    rows = [
        Row(row["target"], [number(row[m.name], m.text(row[m.name])) for m in comparison.columns])
        for row in comparison.by_target()[:MOST_ROWS]
    ]
    if len(rows) > 1:
        head = ["target", *(metric.title for metric in comparison.columns)]
        sections.append(Section("targets", "Target by target", head, rows))
    drawn: list[Picture] = []
    for j, name in enumerate(comparison.targets[:MOST_TARGETS]):
        drawn.append(picture(plots.scatter(comparison, j), f"Points: predicted {name} over the truth."))
        drawn.append(picture(plots.errors(comparison, j), f"Bar chart of the errors of {name}."))
    many = len(comparison.targets) > MOST_TARGETS
    text = f"The first {MOST_TARGETS} of {len(comparison.targets)} targets." if many else ""
    return [*sections, Section("errors", "Predictions and truth", text=text, pictures=drawn)]
