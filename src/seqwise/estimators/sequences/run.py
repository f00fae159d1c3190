"""What the run folder of a Classifier or a Regressor holds beyond every run's: its input, its answers, its baseline."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from seqwise.artifact import write_json
from seqwise.data.classes import Classes
from seqwise.errors import DataError
from seqwise.estimators.runs import METRICS, MODEL, REPORT, load_model, plain_settings, save_model, told
from seqwise.estimators.sequences.class_target import ClassTarget
from seqwise.estimators.sequences.classifier import Classifier
from seqwise.estimators.sequences.number_input import NumberInput
from seqwise.estimators.sequences.number_target import NumberTarget
from seqwise.estimators.sequences.regressor import Regressor
from seqwise.estimators.sequences.source import Source
from seqwise.estimators.sequences.text_input import TextInput

BASELINE = "baseline.safetensors"
RESULTS = (METRICS, REPORT)
PARTS = {"train": "the training", "validation": "validation", "test": "the test"}
ESTIMATORS = {"Classifier": Classifier, "Regressor": Regressor}
INPUTS: dict[str, Any] = {"numbers": NumberInput, "texts": TextInput}  # by the kind that they save


def needed(saved: dict[str, Any]) -> tuple[str, ...]:
    return MODEL, BASELINE, *INPUTS[saved["input"]["kind"]].files()


def write(estimator: Any, folder: Path) -> dict[str, Any]:
    save_model(estimator.model_, folder / MODEL)
    baseline = fitted_baseline(estimator)
    arrays = {} if baseline is None else baseline.arrays()
    save_file(arrays | {"prior": np.ascontiguousarray(estimator.prior_)}, folder / BASELINE)
    target = estimator.target_
    return {
        "source": estimator.source_.to_dict(),
        "input": estimator.input_.save(folder),
        "target": target.classes.to_dict() if isinstance(target, ClassTarget) else target.to_dict(),
        "baseline": None if baseline is None else baseline.features.to_dict(),
        "notes": estimator.notes_,
        "sequences": estimator.counts_,
        "digest": estimator.digest_,
        "story": estimator.summary_,
    }


def fitted_baseline(estimator: Any) -> Any:
    """Return the simple model beside a trained one; None, with a warning, where it cannot be fitted."""
    try:
        return estimator.baseline_
    except (Exception, KeyboardInterrupt) as error:  # whatever it is, the training must not be lost for it
        warnings.warn(f"The run has no simple model beside it, for its fit failed: {told(error)}", stacklevel=2)
        return None


def restore(folder: Path, saved: dict[str, Any], settings: dict[str, Any]) -> Any:
    estimator = ESTIMATORS[saved["kind"]](**settings)
    estimator.model_ = load_model(folder / MODEL, compiled=False)
    estimator.input_ = INPUTS[saved["input"]["kind"]].load(folder, saved["input"], estimator)
    target = saved["target"]
    if saved["kind"] == "Classifier":
        estimator.target_ = ClassTarget(Classes.from_dict(target))
    else:
        estimator.target_ = NumberTarget.from_dict(target)
    arrays = load_file(folder / BASELINE)
    estimator._baseline, estimator._prior = None, arrays["prior"]
    if saved["baseline"] is not None:
        baseline = estimator._baseline = estimator.empty_baseline()
        baseline.features.from_dict(saved["baseline"])
        baseline.coef, baseline.intercept = arrays["coef"], arrays["intercept"]
    estimator.source_ = Source(**saved["source"])
    estimator.notes_, estimator.counts_ = list(saved["notes"]), dict(saved["sequences"])
    estimator.n_features_in_ = estimator.input_.features
    estimator.summary_, estimator._digest = str(saved["story"]), str(saved["digest"])
    estimator.raw_ = estimator.answers_ = estimator.parts_ = estimator.weights_ = None
    return estimator


def write_results(estimator: Any, folder: Path) -> None:
    try:
        evaluation = estimator.evaluate()
    except DataError:  # nothing was held back
        evaluation = None
    results = evaluation.to_dict() if evaluation else {"test": None, "baselines": {}}
    write_json(folder / METRICS, results | {"seconds": round(estimator.training_.seconds, 3)})
    write_report(estimator, evaluation, folder / REPORT)


def write_report(estimator: Any, evaluation: Any, path: Path) -> None:
    """Write the report on a trained or loaded Classifier, Regressor or Tagger to `path`.

    Args:
        evaluation: of the sequences that it is judged on; None where nothing was held back.
    """
    from seqwise.evaluation.sequence_report import write_sequence_report

    counts = estimator.counts_
    source = estimator.source_.path or "data in memory"
    parts = [f"{counts[name]:,} for {words}" for name, words in PARTS.items() if counts[name]]
    target = estimator.target_
    classes = not isinstance(target, NumberTarget)
    told = target.title if classes else f"{', '.join(target.names)} of the sequences"
    write_sequence_report(
        path,
        title=f"{told} of {Path(source).name}",
        data=f"{sum(counts.values()):,} sequences of {source}: {', '.join(parts)}.",
        story=estimator.summary_,
        loss="cross-entropy" if classes else "of the scaled targets",
        notes=estimator.notes_,
        settings=plain_settings(estimator),
        evaluation=evaluation,
        training=estimator.training_,
    )
