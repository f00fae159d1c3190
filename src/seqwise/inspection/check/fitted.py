"""A fitted Seqwise Forecaster as a model with its windows; asked by its attributes, since it lives further right."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.inspection.data import SAMPLE


def read_forecaster(forecaster: Any) -> tuple[Any, Any, Any, Any]:
    """Return (x, y, validation, model): at most `SAMPLE` windows of each part, scaled; None after `load`."""
    plan = forecaster.plan_
    if plan is None:
        return None, None, None, forecaster.model_
    scaled = forecaster.scaler_.transform(plan.series.values)

    def part(name: str) -> Any:
        windows = plan.windows(name, scaled)
        if not len(windows):
            return None
        first = slice(0, SAMPLE)
        x, y = windows.batch(first)
        visible = plan.series.visible_steps()
        if visible is not None:
            origins = np.asarray(windows.origins)[first]
            x = [x, visible[origins[:, None] + np.arange(-plan.window, 0)]]
        return x, y

    train, validation = part("train"), part("validation")
    x, y = train if train is not None else (None, None)
    return x, y, validation, forecaster.model_
