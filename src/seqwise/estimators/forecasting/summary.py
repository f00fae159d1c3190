"""What the tensors of a forecasting problem will be, before anything is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass

from seqwise.axes import format_shape


@dataclass(frozen=True)
class Part:
    """One part of the split: its rows, and the first and last window in it.

    Attributes:
        first, last: times of the part's first and last row.
        windows: how many windows have all their targets in the part.
        first_window, last_window: what they read and forecast, in words; empty where there is none.
    """

    name: str
    rows: int
    first: str
    last: str
    windows: int
    first_window: str = ""
    last_window: str = ""


@dataclass(frozen=True)
class SeriesSummary:
    """The shapes of a windowed series; `str()` says them in words.

    Attributes:
        features: name of the column behind each feature, in order.
        targets: names of the target columns.
        every_step: an output for each timestep.
        step: the time index's step in words.
        parts: train, validation, test.
        used_bytes: memory of the scaled series that the windows are views of.
        available: numeric columns that are not used yet.
    """

    window: int
    horizon: int
    features: list[str]
    targets: list[str]
    every_step: bool
    step: str
    parts: list[Part]
    used_bytes: int
    available: list[str]

    @property
    def input_shape(self) -> tuple[int, int]:
        """(timesteps, features)"""
        return self.window, len(self.features)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """(horizon, targets), or (timesteps, horizon, targets) with `every_step`."""
        last_step = (self.horizon, len(self.targets))
        return (self.window, *last_step) if self.every_step else last_step

    @property
    def materialised_bytes(self) -> int:
        """Memory of all windows and targets as separate float32 arrays."""
        values = self.window * len(self.features) + math.prod(self.output_shape)
        return 4 * values * sum(part.windows for part in self.parts)

    @property
    def keras_input(self) -> str:
        return f"keras.Input(shape={self.input_shape})"

    @property
    def tfjs_input(self) -> str:
        return f"inputShape: [{self.window}, {len(self.features)}]"

    def __str__(self) -> str:
        train = self.parts[0]
        size = format_shape(samples=train.windows, timesteps=self.window, features=len(self.features))
        axes = {"horizon": self.horizon, "targets": len(self.targets)}
        if self.every_step:
            axes = {"timesteps": self.window} | axes
        lines = [
            f"input  x  {size}",
            f"          each sample is {self.window} rows in a row, {self.step} apart",
            *(
                f"          feature {i}: {name}{'  (its past; it is a target)' if name in self.targets else ''}"
                for i, name in enumerate(self.features)
            ),
            f"output y  {format_shape(samples=train.windows, **axes)}",
            f"          the {self.horizon} row(s) after {'each timestep' if self.every_step else 'the window'}: "
            + ", ".join(self.targets),
        ]
        if self.available:
            lines.append(f"          not used: {', '.join(self.available)} (add them with features)")
        for part in self.parts:
            lines += ["", f"{part.name}: {part.rows:,} rows, {part.first} to {part.last}; {part.windows:,} windows"]
            if part.first_window:
                lines.append(f"          first {part.first_window}")
                if part.windows > 1:
                    lines.append(f"          last  {part.last_window}")
        lines += [
            "",
            f"memory    {_size(self.materialised_bytes)} if every window were copied; "
            f"{_size(self.used_bytes)} used: windows are views on one array",
            f"Keras     {self.keras_input}",
            f"tf.js     {self.tfjs_input}",
        ]
        return "\n".join(lines)


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
