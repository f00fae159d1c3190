"""What surrounds an estimator's networks, as JSON: how raw data become their inputs, and outputs predictions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import numpy as np

from seqwise.data.time_zones import in_utc, zone_of_datetimes
from seqwise.errors import BundleError
from seqwise.estimators.base import Estimator, own_class
from seqwise.estimators.forecasting.forecaster import Forecaster
from seqwise.estimators.sequences.classifier import Classifier
from seqwise.estimators.sequences.number_input import NumberInput
from seqwise.estimators.sequences.regressor import Regressor
from seqwise.estimators.sequences.tagger import Tagger
from seqwise.estimators.sequences.text_input import SpelledInput
from seqwise.estimators.translation.translator import Translator
from seqwise.export.web.series_pipeline import describe_forecaster

FORMAT, VERSION = "seqwise-pipeline", 1
PIPELINE = "pipeline.json"


def describe_pipeline(estimator: Estimator[Any, Any, Any], networks: Mapping[str, str]) -> dict[str, Any]:
    """Describe what a trained estimator does before and after its networks.

    The description holds ``format``, ``version``, ``kind`` (the estimator's class), ``networks``, ``input`` (columns
    and scaler, or vocabulary) and ``target`` (names and scaler, or classes); for a Forecaster also ``series`` (its
    columns, time index, gap rule, the last windows of the data) and ``intervals``, for a Translator ``search`` (beam
    and limits).

    Args:
        networks: the file of each network, relative to the description's, by the network's name.
    """
    head = {"format": FORMAT, "version": VERSION, "kind": own_class(estimator).__name__, "networks": dict(networks)}
    for kind, describe in _DESCRIBE.items():
        if isinstance(estimator, kind):
            return head | describe(estimator)
    raise BundleError(f"A {type(estimator).__name__} has no pipeline to export.")


def _classifier(estimator: Classifier | Tagger) -> dict[str, Any]:
    classes = estimator.target_.classes
    return {"input": _sequences(estimator), "target": {"values": classes.values.tolist(), "form": classes.form}}


def _tagger(tagger: Tagger) -> dict[str, Any]:
    described = _classifier(tagger)
    described["target"]["transitions"] = tagger.target_.save()["transitions"]
    return described


def _regressor(regressor: Regressor) -> dict[str, Any]:
    target = regressor.target_
    return {
        "input": _sequences(regressor),
        "target": {"names": target.names, "flat": target.flat, "scaler": target.scaler.to_dict()},
    }


def _translator(translator: Translator) -> dict[str, Any]:
    return {
        "input": {
            "kind": "pairs",
            "source": translator.source_tokenizer_.to_dict(),
            "target": translator.target_tokenizer_.to_dict(),
        },
        "target": {"kind": "tokens"},
        "search": {
            "beam": int(translator.beam),
            "length_penalty": float(translator.length_penalty),
            "longest": list(translator.longest_),
        },
    }


def _sequences(estimator: Classifier | Regressor | Tagger) -> dict[str, Any]:
    inputs = estimator.input_
    if inputs.tokens is None:
        return _numbers(inputs)
    spelling = {"spelling": inputs.speller.to_dict()} if isinstance(inputs, SpelledInput) else {}
    return {"kind": inputs.kind, "tokenizer": inputs.tokenizer.to_dict(), **spelling}


def _numbers(inputs: NumberInput) -> dict[str, Any]:
    return {"kind": inputs.kind, "columns": inputs.columns, "scaler": inputs.scaler.to_dict()}


_DESCRIBE: dict[Any, Any] = {
    Forecaster: describe_forecaster,
    Classifier: _classifier,
    Tagger: _tagger,
    Regressor: _regressor,
    Translator: _translator,
}


def time_texts(values: np.ndarray) -> np.ndarray:
    """Return times as JavaScript writes them, and any other column as it is.

    ISO texts, in a time zone with the offset; without one, or in UTC, dates alone where all are at midnight.
    """
    zone = zone_of_datetimes(values)
    if zone not in (None, UTC):
        return np.array([moment.isoformat() for moment in values.tolist()])
    times = values if zone is None else in_utc(values)
    if times.dtype.kind != "M":
        return times
    if (times == times.astype("M8[D]")).all():
        return times.astype("M8[D]").astype(str)
    texts = times.astype("M8[us]").astype(str)
    return np.array([text.removesuffix(".000000") for text in texts])
