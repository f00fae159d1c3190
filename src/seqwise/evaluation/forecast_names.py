"""What a table and a picture call a forecast, by its key."""

from __future__ import annotations

from seqwise.baselines.series import BASELINES

NAMES = {"model": "this model"} | {kind: baseline.name for kind, baseline in BASELINES.items()}
