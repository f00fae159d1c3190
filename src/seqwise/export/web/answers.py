"""Answers from raw input: what Python says of a few rows, sequences or texts, for JavaScript to say again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.artifact import write_json
from seqwise.data.texts import Texts
from seqwise.errors import BundleError, SeqwiseError
from seqwise.estimators.forecasting.forecaster import Forecaster
from seqwise.estimators.sequences.text_input import TokenInput
from seqwise.estimators.translation.translator import Translator
from seqwise.export.parity import TOLERANCE, Comparison
from seqwise.export.tfjs.node import NoNodeError, run_script
from seqwise.export.web.pipeline import time_texts

ANSWERS = "answers.json"
QUANTIZED_TOLERANCE = np.inf  # rounded weights may change any answer; they only have to come
EXAMPLES = 4
LENGTHS = (5, 1, 9, 3)  # of sequences that are made up
HERE = Path(__file__).parent
RUNNER = HERE / "answers.mjs"


@dataclass(frozen=True)
class Answers:
    """Raw inputs and what an estimator answers, as JSON.

    Attributes:
        inputs: of a Forecaster tables, null for the data that it was trained on; else sequences or texts.
        outputs: by the method: of a Forecaster a forecast for each table; else an answer for each sequence.
    """

    inputs: list[Any]
    outputs: dict[str, list[Any]]

    @classmethod
    def of(cls, estimator: Any) -> Answers:
        """Take real inputs where the estimator keeps some, else such as its scaler or vocabulary suggests."""
        if isinstance(estimator, Forecaster):
            return _forecasts(estimator)
        if isinstance(estimator, Translator):
            texts = estimator.test_pairs_[0][:EXAMPLES] or _made_up_texts(estimator.source_tokenizer_)
            inputs = [*texts, ""]
            outputs = {"predict": estimator.predict(inputs), "greedy": estimator.predict(inputs, beam=1)}
            return cls(inputs, outputs)
        inputs: list[Any] = _sequences(estimator)
        outputs = {"predict": _plain(estimator.predict(inputs))}
        if hasattr(estimator, "predict_proba"):
            outputs["predictProba"] = _plain(estimator.predict_proba(inputs))
        return cls([_plain(sequence) for sequence in inputs], outputs)

    def save(self, folder: Path) -> None:
        """Write ``answers.json``."""
        write_json(folder / ANSWERS, {"inputs": self.inputs, "outputs": self.outputs})

    @classmethod
    def load(cls, folder: Path) -> Answers:
        """Undo `save`.

        Raises:
            BundleError: the file is missing or damaged.
        """
        try:
            saved: Any = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))
            return cls(list(saved["inputs"]), dict(saved["outputs"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{folder / ANSWERS} cannot be read ({error}). Export the model again.") from error


def compare_answers(folder: Path, quantized: bool = False) -> Comparison:
    """Let an exported folder's JavaScript answer the stored inputs under Node.

    Texts, labels, times and shapes have to be equal: else the difference is infinite.

    Args:
        quantized: the weights are rounded, so answers may differ; they only have to come.
    """
    expected = Answers.load(folder)
    tolerance = QUANTIZED_TOLERANCE if quantized else TOLERANCE
    try:
        (outputs,), version = javascript_answers({folder: expected})
    except NoNodeError as error:
        return Comparison("answers from raw input", "", float("nan"), tolerance, 0, str(error))
    largest = 0.0 if quantized else difference(expected.outputs, outputs)
    runtime = f"seqwise.js on TensorFlow.js {version} in Node"
    return Comparison("answers from raw input", runtime, largest, tolerance, len(expected.inputs))


def javascript_answers(expected: dict[Path, Answers]) -> tuple[list[dict[str, Any]], str]:
    """Return the outputs of each exported folder's JavaScript for the stored inputs, and TensorFlow.js's version."""
    asked = [{"folder": str(folder.resolve()), "inputs": answers.inputs} for folder, answers in expected.items()]
    came = run_script(RUNNER, asked)
    return came["answers"], came["version"]


def difference(expected: Any, came: Any) -> float:
    """Return the largest difference of the numbers in two values of JSON; infinite where anything else differs."""
    numbers = isinstance(expected, (int, float)) and not isinstance(expected, bool)
    if numbers and isinstance(came, (int, float)) and not isinstance(came, bool):
        return abs(came - expected) / max(abs(expected), 1.0)
    if isinstance(expected, list) and isinstance(came, list) and len(expected) == len(came):
        return max((difference(a, b) for a, b in zip(expected, came, strict=True)), default=0.0)
    if isinstance(expected, dict) and isinstance(came, dict) and set(expected) == set(came):
        return max((difference(value, came[name]) for name, value in expected.items()), default=0.0)
    return 0.0 if type(expected) is type(came) and expected == came else float("inf")


def _forecasts(forecaster: Forecaster) -> Answers:
    series = forecaster.series_
    times, forecast = forecaster.forecast(series)
    rows = _rows(forecaster.forecast_columns(series, time_texts(times), forecast))
    inputs: list[Any] = [None]
    outputs = [rows]
    head = series.observed is None or bool(series.observed[-forecaster.window].all())
    if head and not isinstance(series.time, list):  # the rows of the last window, as a table
        first = len(series) - forecaster.window
        values = series.values[first:]
        if series.gaps == "mask" and series.observed is not None:
            values = np.where(series.observed[first:], values, np.nan)
        columns = {name: values[:, j] for j, name in enumerate(series.columns)}
        known = {} if series.time is None else {series.time: time_texts(series.times[first:])}
        inputs.append(_rows(known | columns))
        table = known | columns
        outputs.append(_answer(forecaster, table))
    return Answers(inputs, {"predict": outputs})


def _answer(forecaster: Forecaster, columns: dict[str, Any]) -> list[dict[str, Any]]:
    import polars as pl

    series = forecaster.read_again(pl.DataFrame({name: list(values) for name, values in columns.items()}))
    times, forecast = forecaster.forecast(series)
    return _rows(forecaster.forecast_columns(series, time_texts(times), forecast))


def _rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    names, values = list(columns), [_plain(column) for column in columns.values()]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _sequences(estimator: Any) -> list[Any]:
    raw, inputs = _training_sequences(estimator), estimator.input_
    if raw is not None:
        chosen = np.arange(min(EXAMPLES, len(raw)))
        some = raw.take(chosen)
        return list(some.values) if isinstance(some, Texts) else list(some)
    if inputs.tokens is None:
        rng = np.random.default_rng(0)
        return [inputs.scaler.inverse(rng.normal(size=(n, inputs.features))) for n in LENGTHS]
    texts = _made_up_texts(inputs.tokenizer)
    return [text.split() for text in texts] if isinstance(inputs, TokenInput) else texts


def _training_sequences(estimator: Any) -> Any:
    """Return the raw sequences that it was trained on; of a loaded run those of its file, None if that is not there."""
    raw, file = estimator.raw_, estimator.data_
    if raw is None and file is not None and Path(file).exists():
        try:
            return estimator.source_.read(file, labelled=False)
        except SeqwiseError:  # the file holds something else by now
            return None
    return raw


def _made_up_texts(tokenizer: Any) -> list[str]:
    """Texts of known words, and one that is unknown."""
    rng = np.random.default_rng(0)
    words = [token.replace("▁", "") for token in tokenizer.tokens_[4:]]
    words = [word for word in words if word.strip()] or ["word"]
    return [" ".join([*rng.choice(words, n), "zzyzx"]) for n in LENGTHS]


def _plain(value: Any) -> Any:
    """Arrays and NumPy's numbers as JSON; a missing value as null."""
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value
