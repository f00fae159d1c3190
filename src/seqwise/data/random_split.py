"""Stratified random splits into training, validation and test set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqwise.errors import DataError, SettingError


@dataclass(frozen=True)
class RandomSplit:
    """The indices of the samples in each part, ascending, int64."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def warnings(self, *, validation: float, test: float) -> list[str]:
        """Return a sentence for each part that is smaller than requested.

        Args:
            validation, test: see `split_at_random`.
        """
        samples = len(self.train) + len(self.validation) + len(self.test)
        sentences = []
        for name, part, size in (("validation", self.validation, validation), ("test", self.test, test)):
            requested = part_size(size, samples, name)
            if len(part) < requested:
                sentences.append(
                    f"The {name} set has {len(part):,} sequence(s) instead of {requested:,}: one sequence of each "
                    "label, or set of labels, stays in the training set."
                )
        return sentences


def part_size(size: float, samples: int, name: str) -> int:
    """Return the number of samples in a part: `size` itself, or a share rounded to the nearest number, at least 1.

    Raises:
        SettingError: see `check_part_size`.
    """
    check_part_size(size, name, "samples", example=20)
    if size == 0:
        return 0
    return int(size) if size >= 1 else max(round(samples * size), 1)


def check_part_size(size: float, name: str, unit: str, example: int) -> None:
    """Raise `SettingError` unless `size` is a share from 0 up to 1 or a whole number of `unit`."""
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)) or not 0 <= size < np.inf:
        raise SettingError(f"{name}={size!r}: expected a share (0.1) or a number of {unit} ({example}).")
    if size >= 1 and size != int(size):
        raise SettingError(f"{name}={size!r}: a number of {unit} must be whole; a share lies between 0 and 1.")


def split_at_random(
    samples: int, *, validation: float, test: float, strata: np.ndarray | None = None, seed: int = 0
) -> RandomSplit:
    """Draw validation and test samples at random.

    With `strata`, each set is stratified to within one sample per class, as far as a class has enough members; one
    member of each class always stays in the training set.

    Args:
        validation, test: a share or a number of samples; 0 for none.
        strata: the class of each sample, int, shape (samples,); None ignores classes.

    Raises:
        DataError: nothing would be left to train on.
    """
    sizes = {"test": part_size(test, samples, "test"), "validation": part_size(validation, samples, "validation")}
    if sum(sizes.values()) >= samples:
        raise DataError(
            f"{samples} sample(s) are too few to hold back {sizes['validation']} for validation and {sizes['test']} "
            "for the test: nothing is left to train on. Bring more, or set validation=0 and test=0."
        )
    rng = np.random.default_rng(seed)
    groups = np.zeros(samples, dtype=np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
    left = np.arange(samples)
    drawn = {}
    for name, size in sizes.items():
        drawn_rows = _draw(groups[left], size, rng)
        drawn[name] = left[drawn_rows]
        left = np.setdiff1d(left, drawn[name])
    return RandomSplit(left, drawn["validation"], drawn["test"])


def _draw(groups: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `size` positions, the groups as close to proportional as whole numbers allow."""
    counts = np.bincount(groups)
    exact = counts * size / len(groups)
    most = np.maximum(counts - 1, 0)  # each group keeps one
    share = np.minimum(np.floor(exact).astype(int), most)
    # the largest remainders first; ties in a random order
    order = np.lexsort((rng.random(len(counts)), -(exact - share)))
    while share.sum() < size and (share < most).any():
        for g in order:
            if share.sum() < size and share[g] < most[g]:
                share[g] += 1
    chosen = [rng.permutation(np.flatnonzero(groups == g))[:n] for g, n in enumerate(share)]
    return np.sort(np.concatenate(chosen))
