"""What the baselines of sequences learn: the classes, labels or numbers as columns."""

from __future__ import annotations

import numpy as np


def as_columns(targets: np.ndarray, classes: int) -> np.ndarray:
    """Return encoded classes as 0 or 1 for each class, and labels or numbers as they are; float64.

    Args:
        targets: encoded classes, int, shape (samples,); else bool or float, shape (samples, outputs).
        classes: number of the classes; 0 for labels and numbers.

    Returns:
        shape (samples, outputs).
    """
    return np.eye(classes)[targets] if classes else targets.astype(np.float64)
