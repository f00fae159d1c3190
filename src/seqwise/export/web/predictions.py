"""Predictions from raw input: Python's for a few rows, sequences or texts, which JavaScript's must equal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from seqwise.artifact import write_json
from seqwise.data import TimeSeries, Tokenizer
from seqwise.data.panels import Panel
from seqwise.data.texts import Texts
from seqwise.errors import BundleError
from seqwise.estimators.forecasting.forecaster import Forecaster
from seqwise.estimators.forecasting.interval_scores import STATED
from seqwise.estimators.sequences.number_input import NumberInput
from seqwise.estimators.sequences.source import Raw
from seqwise.estimators.sequences.text_input import TextInput, TokenInput
from seqwise.estimators.translation.translator import Translator
from seqwise.export.own_data import training_sequences
from seqwise.export.parity import TOLERANCE, Comparison
from seqwise.export.tfjs.node import NoNodeError, run_script
from seqwise.export.web.page import holds_module
from seqwise.export.web.pipeline import time_texts
from seqwise.export.web.rows_ahead import covariate_columns, rows_ahead, time_columns

PREDICTIONS = "predictions.json"
QUANTIZED_TOLERANCE = np.inf  # rounded weights may change any prediction
EXAMPLES = 4
MOST_SERIES = 1_000  # of many, that are all forecast
LENGTHS = (5, 1, 9, 3)  # of sequences that are made up
HERE = Path(__file__).parent
RUNNER = HERE / "predictions.mjs"


@dataclass(frozen=True)
class Predictions:
    """Raw inputs and what an estimator predicts for them, as JSON.

    Attributes:
        inputs: for a Forecaster ``{"rows": …, "future": …, "level": …}``, rows null for the data that it was trained
            on; else sequences or texts.
        outputs: by the name of the method, a prediction for each input: for a Forecaster, a forecast for each table.
        made_up: the inputs are drawn by the scaler or the vocabulary instead of taken from the training's data.
    """

    inputs: list[Any]
    outputs: dict[str, list[Any]]
    made_up: bool = False

    @classmethod
    def of(cls, estimator: Any) -> Predictions:
        """Take real inputs where the estimator keeps some, else make some up."""
        if isinstance(estimator, Forecaster):
            return _forecasts(estimator)
        if isinstance(estimator, Translator):
            real = estimator.test_pairs_[0][:EXAMPLES]
            inputs = [*(real or _made_up_texts(estimator.source_tokenizer_)), ""]
            outputs = {"predict": estimator.predict(inputs), "greedy": estimator.predict(inputs, beam=1)}
            return cls(inputs, outputs, not real)
        raw = training_sequences(estimator)
        inputs: list[Any] = _made_up(estimator.input_) if raw is None else _first(raw)
        outputs = {"predict": _plain(estimator.predict(inputs))}
        if hasattr(estimator, "predict_proba"):
            outputs["predictProba"] = _plain(estimator.predict_proba(inputs))
        return cls([_plain(sequence) for sequence in inputs], outputs, raw is None)

    def save(self, folder: Path) -> None:
        """Write ``predictions.json``."""
        write_json(folder / PREDICTIONS, {"inputs": self.inputs, "outputs": self.outputs, "made_up": self.made_up})

    @classmethod
    def load(cls, folder: Path) -> Predictions:
        """Undo `save`.

        Raises:
            BundleError: the file is missing or damaged.
        """
        try:
            saved: Any = json.loads((folder / PREDICTIONS).read_text(encoding="utf-8"))
            return cls(list(saved["inputs"]), dict(saved["outputs"]), bool(saved["made_up"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{folder / PREDICTIONS} cannot be read ({error}). Export the model again.") from error


def compare_predictions(folder: Path, quantized: bool = False) -> Comparison:
    """Let an exported folder's JavaScript predict the stored inputs under Node, and compare with the stored outputs.

    Texts, labels, times and shapes have to be equal: else the difference is infinite. They are not compared where the
    module in the folder is another than this Seqwise's: code from a folder is not run.

    Args:
        quantized: the weights are rounded, so predictions may differ; it only has to return some.
    """
    expected = Predictions.load(folder)
    tolerance = QUANTIZED_TOLERANCE if quantized else TOLERANCE
    if not holds_module(folder):
        reason = "its JavaScript is not this Seqwise's, and code from a folder is not run. Export the model again."
        return Comparison("predictions from raw input", "", float("nan"), tolerance, 0, 0, reason)
    try:
        (outputs,), version = javascript_outputs({folder: expected})
    except NoNodeError as error:
        return Comparison("predictions from raw input", "", float("nan"), tolerance, 0, 0, str(error))
    largest = 0.0 if quantized else difference(expected.outputs, outputs)
    runtime = f"seqwise.js on TensorFlow.js {version} in Node"
    count = len(expected.inputs)
    return Comparison("predictions from raw input", runtime, largest, tolerance, count, count * expected.made_up)


def javascript_outputs(expected: dict[Path, Predictions]) -> tuple[list[dict[str, Any]], str]:
    """Return the outputs of each exported folder's JavaScript for the stored inputs, and TensorFlow.js's version."""
    jobs = [{"folder": str(folder.resolve()), "inputs": stored.inputs} for folder, stored in expected.items()]
    result = run_script(RUNNER, jobs)
    return result["outputs"], result["version"]


def difference(expected: Any, output: Any) -> float:
    """Return the largest difference of the numbers in two values of JSON; infinite where anything else differs."""
    numbers = isinstance(expected, (int, float)) and not isinstance(expected, bool)
    if numbers and isinstance(output, (int, float)) and not isinstance(output, bool):
        return abs(output - expected) / max(abs(expected), 1.0)
    if isinstance(expected, list) and isinstance(output, list) and len(expected) == len(output):
        return max((difference(a, b) for a, b in zip(expected, output, strict=True)), default=0.0)
    if isinstance(expected, dict) and isinstance(output, dict) and set(expected) == set(output):
        return max((difference(value, output[name]) for name, value in expected.items()), default=0.0)
    return 0.0 if type(expected) is type(output) and expected == output else float("inf")


def _forecasts(forecaster: Forecaster) -> Predictions:
    """Forecasts of what follows the training's data, and of what follows some of its last rows, as a table."""
    known: TimeSeries | Panel = forecaster.panel_ if forecaster.panel_ is not None else forecaster.series_
    level = list(STATED) if forecaster.intervals_ is not None else None
    tables: list[Any] = [_table(known, forecaster.window)] if _begins_whole(known, forecaster.window) else []
    if not isinstance(known, Panel) or len(known) <= MOST_SERIES:
        tables.insert(0, None)
    inputs: list[Any] = []
    outputs: list[Any] = []
    for table in tables:
        data = None if table is None else pl.DataFrame(table)
        if data is not None and known.time is None and not isinstance(known, Panel):
            level = None  # counted rows begin at 0 again: Python's intervals would know the errors before them alone
        ahead = rows_ahead(known if data is None else forecaster.read_again(data), forecaster.horizon)
        columns, _ = forecaster.forecast_table(data, level, None if ahead is None else pl.DataFrame(ahead))
        inputs.append({"rows": table and _rows(table), "future": ahead and _rows(ahead), "level": level})
        outputs.append(_rows({name: time_texts(values) for name, values in columns.items()}))
    return Predictions(inputs, {"predict": outputs})


def _begins_whole(known: TimeSeries | Panel, window: int) -> bool:
    """Tell whether the last rows of one series can be written as a table: a first row without a target would not be
    read."""
    return isinstance(known, Panel) or known.observed is None or bool(known.observed[-window].all())


def _table(known: TimeSeries | Panel, window: int) -> dict[str, list[Any]]:
    """Return the last rows of a series as columns of a table; of many, some, and one that the training lacks."""
    if isinstance(known, Panel):
        chosen = [*range(min(EXAMPLES, len(known))), 0]
        names = [*known.names[chosen[:-1]].tolist(), _new_name(known.names)]
        parts = [_table(known.one(s), window) for s in chosen]
        lengths = [len(part[known.target]) for part in parts]
        named = [name for name, length in zip(names, lengths, strict=True) for _ in range(length)]
        return {known.series: named} | {name: [v for part in parts for v in part[name]] for name in parts[0]}
    first = max(len(known) - window, 0)
    rows = slice(first, len(known))
    values = known.values[rows]
    if known.gaps == "mask" and known.observed is not None:
        values = np.where(known.observed[rows], values, np.nan)
    targets = {name: _plain(values[:, j]) for j, name in enumerate(known.target_names)}
    return time_columns(known, known.times[rows]) | targets | covariate_columns(known, known.covariates.sources, rows)


def _new_name(names: np.ndarray) -> Any:
    known = names.tolist()
    return max(known) + 1 if all(isinstance(name, int) for name in known) else "a new series"


def _rows(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    names, values = list(columns), [_plain(column) for column in columns.values()]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _first(raw: Raw) -> list[Any]:
    first = raw.take(np.arange(min(EXAMPLES, len(raw))))
    return list(first.values) if isinstance(first, Texts) else list(first)


def _made_up(inputs: NumberInput | TextInput) -> list[Any]:
    if isinstance(inputs, NumberInput):
        rng = np.random.default_rng(0)
        return [inputs.scaler.inverse(rng.normal(size=(n, inputs.features))) for n in LENGTHS]
    texts = _made_up_texts(inputs.tokenizer)
    return [text.split() for text in texts] if isinstance(inputs, TokenInput) else texts


def _made_up_texts(tokenizer: Tokenizer) -> list[str]:
    """Return texts of known words, each with an unknown one at its end."""
    rng = np.random.default_rng(0)
    words = [token.replace("▁", "") for token in tokenizer.tokens_[4:]]
    words = [word for word in words if word.strip()] or ["word"]
    return [" ".join([*rng.choice(words, n), "zzyzx"]) for n in LENGTHS]


def _plain(value: Any) -> Any:
    """Return arrays and NumPy's numbers as JSON; a missing value as null."""
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value
