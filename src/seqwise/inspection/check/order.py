"""The order in which arrays fit: several inputs those of a model, validation data the training data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from seqwise.inspection.check.context import Input
from seqwise.inspection.data import Array


def fitting_order(inputs: list[Input]) -> tuple[int, ...] | None:
    """Return the only order in which the arrays fit; None where they fit as they are, or not at all.

    An array fits where its axes and their sizes are those that the input declares (or the number of axes is what its
    first layer needs), and where it holds whole numbers if an Embedding reads it.
    """
    arrays = [entry.data for entry in inputs]
    if not 2 <= len(arrays) <= 5 or None in arrays:
        return None
    fits = [[array is not None and _fits(entry, array) for array in arrays] for entry in inputs]
    orders = [order for order in permutations(range(len(arrays))) if all(fits[i][order[i]] for i in range(len(arrays)))]
    return orders[0] if len(orders) == 1 and orders[0] != tuple(range(len(arrays))) else None


def _fits(entry: Input, array: Array) -> bool:
    if array.values is None or (entry.embedded is not None and not array.whole):
        return False
    if entry.declared is None:
        return entry.needs is None or entry.needs == len(array.shape)
    sizes = array.shape[1:]
    if len(sizes) == len(entry.declared) - 2 and entry.declared[-1] == 1:  # Keras adds the axis
        sizes = (*sizes, 1)
    declared = entry.declared[1:]
    return len(sizes) == len(declared) and all(a in (None, b) for a, b in zip(declared, sizes, strict=True))


def is_exchanged(x: Sequence[Array], y: Sequence[Array], first: Sequence[Array], second: Sequence[Array]) -> bool:
    """Tell whether validation data (first, second) has the shapes of (y, x) and not of (x, y)."""
    for squeezed in (False, True):
        inputs, targets, first_sizes, second_sizes = (
            [[size for size in array.shape[1:] if size != 1 or not squeezed] for array in part]
            for part in (x, y, first, second)
        )
        if (first_sizes, second_sizes) == (inputs, targets):
            return False
        if (first_sizes, second_sizes) == (targets, inputs):
            return True
    return False
