"""What the run folder of a Tagger holds beyond every run's: its input, its tags, the simple model beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from seqwise.data.classes import Classes
from seqwise.estimators.runs import MODEL, load_model, save_model
from seqwise.estimators.sequences.number_input import NumberInput
from seqwise.estimators.sequences.run import BASELINE, RESULTS, fitted_baseline, write_results
from seqwise.estimators.sequences.step_source import StepSource
from seqwise.estimators.sequences.tag_target import TagTarget
from seqwise.estimators.sequences.tagger import Tagger
from seqwise.estimators.sequences.token_input import TokenInput

__all__ = ["RESULTS", "needed", "restore", "write", "write_results"]
INPUTS: dict[str, Any] = {"numbers": NumberInput, "tokens": TokenInput}  # by the kind that they save


def needed(saved: dict[str, Any]) -> tuple[str, ...]:
    return MODEL, BASELINE, *INPUTS[saved["input"]["kind"]].files()


def write(estimator: Tagger, folder: Path) -> dict[str, Any]:
    save_model(estimator.model_, folder / MODEL)
    baseline = fitted_baseline(estimator)
    arrays = {} if baseline is None else baseline.arrays()
    save_file(arrays | {"prior": np.ascontiguousarray(estimator.prior_)}, folder / BASELINE)
    return {
        "source": estimator.source_.to_dict(),
        "input": estimator.input_.save(folder),
        "target": estimator.target_.classes.to_dict(),
        "notes": estimator.notes_,
        "story": estimator.summary_,
        "sequences": estimator.counts_,
        "digest": estimator.digest_,
    }


def restore(folder: Path, saved: dict[str, Any], settings: dict[str, Any]) -> Tagger:
    tagger = Tagger(**settings)
    tagger.model_ = load_model(folder / MODEL, compiled=False)
    tagger.input_ = INPUTS[saved["input"]["kind"]].load(folder, saved["input"], tagger)
    tagger.target_ = TagTarget(Classes.from_dict(saved["target"]))
    arrays = load_file(folder / BASELINE)
    tagger._baseline, tagger._prior = None, arrays.pop("prior")
    if arrays:
        tagger._baseline = tagger.empty_baseline()
        for name, array in arrays.items():
            setattr(tagger._baseline, name, array)
    tagger.source_ = StepSource(**saved["source"])
    tagger.notes_, tagger.counts_ = list(saved["notes"]), dict(saved["sequences"])
    tagger.summary_, tagger._digest = str(saved["story"]), str(saved["digest"])
    tagger.n_features_in_ = tagger.input_.features
    tagger.raw_ = tagger.answers_ = tagger.parts_ = tagger.weights_ = None
    return tagger
