"""Training, validation and test samples drawn at random, class by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqwise.errors import DataError, SettingError


@dataclass(frozen=True)
class RandomSplit:
    """The numbers of the samples of each part, ascending, int64."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def notes(self, *, validation: float, test: float) -> list[str]:
        """Tell which part is smaller than it was asked to be, one sentence each.

        Args:
            validation, test: see `split_at_random`.
        """
        samples = sum(len(chosen) for chosen in self.__dict__.values())
        found = []
        for name, size in (("validation", validation), ("test", test)):
            held, wanted = len(getattr(self, name)), part_size(size, samples, name)
            if held < wanted:
                found.append(
                    f"The {name} part holds {held:,} sequence(s), and not the {wanted:,} asked for: of each label, or "
                    "set of labels, one stays in the training part."
                )
        return found


def part_size(size: float, samples: int, name: str) -> int:
    """Return how many samples a part takes: a share, rounded to the nearest whole number, at least 1; or a number.

    Raises:
        SettingError: `size` is negative or no number.
    """
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)) or not 0 <= size < np.inf:
        raise SettingError(f"{name}={size!r}: expected a share (0.1) or a number of samples (20).")
    if size >= 1 and size != int(size):
        raise SettingError(f"{name}={size!r}: a number of samples must be whole; a share lies between 0 and 1.")
    if size == 0:
        return 0
    return int(size) if size >= 1 else max(round(samples * size), 1)


def split_at_random(
    samples: int, *, validation: float, test: float, strata: np.ndarray | None = None, seed: int = 0
) -> RandomSplit:
    """Draw validation and test parts at random.

    With `strata` each class gives its share to every part, to within one sample, as far as it has members: a class with
    a single one keeps it for the training.

    Args:
        validation, test: a share or a number of samples; 0 for none.
        strata: the class of each sample, int, shape (samples,); None draws from all alike.

    Raises:
        DataError: nothing would be left to train on.
    """
    wanted = {"test": part_size(test, samples, "test"), "validation": part_size(validation, samples, "validation")}
    if sum(wanted.values()) >= samples:
        raise DataError(
            f"{samples} sample(s) are too few to hold back {wanted['validation']} for validation and {wanted['test']} "
            "for the test: nothing is left to train on. Bring more, or set validation=0 and test=0."
        )
    rng = np.random.default_rng(seed)
    groups = np.zeros(samples, dtype=np.int64) if strata is None else np.unique(strata, return_inverse=True)[1]
    left = np.arange(samples)
    found = {}
    for name, size in wanted.items():
        taken = _draw(groups[left], size, rng)
        found[name] = left[taken]
        left = np.setdiff1d(left, found[name])
    return RandomSplit(left, found["validation"], found["test"])


def _draw(groups: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return positions of `size` members, each group's share as near to its due as whole numbers allow."""
    counts = np.bincount(groups)
    due = counts * size / len(groups)
    most = np.maximum(counts - 1, 0)  # each group keeps one
    share = np.minimum(np.floor(due).astype(int), most)
    # the largest remainders first, as elections have it; ties in a random order
    order = np.lexsort((rng.random(len(counts)), -(due - share)))
    while share.sum() < size and (share < most).any():
        for g in order:
            if share.sum() < size and share[g] < most[g]:
                share[g] += 1
    chosen = [rng.permutation(np.flatnonzero(groups == g))[:n] for g, n in enumerate(share)]
    return np.sort(np.concatenate(chosen))
