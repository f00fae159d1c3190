"""A saved Forecaster on NumPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.artifact.last_window import CONTEXT, load_last_window
from seqwise.artifact.network import Network
from seqwise.artifact.numpy.run import NumpyRun
from seqwise.data.plain_tables import PlainSource, read_plain_table
from seqwise.data.scaling import Scaler
from seqwise.data.series import TimeSeries, series_from_table
from seqwise.errors import BundleError, DataError


class NumpyForecaster(NumpyRun):
    """A saved Forecaster that forecasts with NumPy alone.

    Attributes:
        window: rows that it reads. horizon: rows that it forecasts. targets: names of what it forecasts.
        scaler: of all columns.
        series: the last window of the data that it was trained on.
    """

    files = (CONTEXT,)

    def _load(self, description: Network) -> None:
        saved_input, target = self.manifest["input"], self.manifest["target"]
        if saved_input["kind"] != "windows":
            raise BundleError("A run of many series predicts with Keras, not with NumPy: sw.load(run).")
        if saved_input.get("known"):
            raise BundleError(
                "A run that reads columns of the rows to come (future=, calendar=) predicts with Keras, not with "
                "NumPy: sw.load(run)."
            )
        if target.get("distribution") == "negative-binomial":
            raise BundleError("A run that forecasts counts predicts with Keras, not with NumPy: sw.load(run).")
        self.window, self.masked = int(saved_input["window"]), bool(saved_input["masked"])
        self.horizon, self.targets = int(target["horizon"]), list(target["names"])
        self.scaler = Scaler.from_dict(saved_input["scaler"])
        self._outputs = int(target.get("outputs", 1))  # of a distribution the first one is the forecast
        self._every_step = target["timesteps"] is not None
        self.series = load_last_window(
            self.folder, self.manifest["data"], self.window, str(self.manifest["settings"]["gaps"])
        )

    def predict(self, data: PlainSource | None = None) -> np.ndarray | list[dict[str, Any]]:
        """Forecast the `horizon` rows after the end of `data` (None: of the data it was trained on).

        Args:
            data: an array (rows, columns) in the order of the training's columns, a list of rows (each a mapping from
                column to value), or the path of a CSV file; with the training's columns, at least `window` rows.

        Returns:
            of an array an array, shape (horizon, targets); else a list of rows: the time (a ``datetime``, or a number
            where the rows are only counted), then each target.

        Raises:
            DataError: a column or a value cannot be used, or there are too few rows; the message names it.
        """
        series = self._read(data)
        times, values = self._forecast(series)
        if series.kind == "numpy":
            return values
        name = "step" if series.time is None else series.time if isinstance(series.time, str) else "time"
        rows = zip(series.time_index.with_zone(times).tolist(), values.tolist(), strict=True)
        return [{name: time} | dict(zip(self.targets, row, strict=True)) for time, row in rows]

    def forecast(self, data: PlainSource | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the times of the forecast, shape (horizon,), and its values, shape (horizon, targets).

        Args: as for `predict`.
        """
        return self._forecast(self._read(data))

    def _read(self, data: PlainSource | None) -> TimeSeries:
        if data is None:
            return self.series
        known = self.series
        return series_from_table(
            read_plain_table(data),
            target=known.target_names,
            time=known.time,
            gaps=known.gaps,
            time_index=known.time_index if known.time is not None else None,
            covariates=known.covariates,
        )

    def _forecast(self, series: TimeSeries) -> tuple[np.ndarray, np.ndarray]:
        rows = len(series)
        if rows < self.window:
            raise DataError(
                f"{series.label} has {rows} usable rows, but the model reads {self.window} (its window): bring "
                f"{self.window - rows} more."
            )
        inputs: list[np.ndarray] = [self.scaler.transform(series.values[-self.window :])[None]]
        visible = series.visible_steps()
        if visible is not None:
            inputs.append(visible[None, -self.window :])
        (outputs,) = self.network(*inputs)
        outputs = outputs[..., :: self._outputs]
        if self._every_step:
            outputs = outputs[:, -1]
        times = series.time_index.at(np.arange(rows, rows + self.horizon))
        return times, self.scaler.inverse(outputs, len(self.targets))[0]
