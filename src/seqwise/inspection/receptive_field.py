"""Which timesteps of the input a step of a tensor can depend on: its receptive field.

Exact for every step, with two exceptions where a step may be said to see more than it does (the step that sees most is
counted rightly): what was cropped and then padded again, and steps that were pooled and then repeated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

MOST_COUNTED = 600  # steps of a long tensor that are counted one by one
MOST_BANDS = 256  # of a tensor; beyond, the gaps between them are ignored


@dataclass(frozen=True)
class Band:
    """Step t depends on the input's timesteps ``jump·t + first … jump·t + last``, cut at the input's ends.

    `jump` is 0 where there is no time axis, or where every step depends on the same timesteps.
    """

    jump: float
    first: float
    last: float


@dataclass(frozen=True)
class ReceptiveField:
    """The bands of a tensor for each input of the model, by the input's name.

    Attributes:
        bands: an input that is absent has no influence.
        known: False after a layer whose inner workings are not known.
    """

    bands: Mapping[str, frozenset[Band]]
    known: bool = True

    @classmethod
    def of_input(cls, name: str, has_time: bool) -> ReceptiveField:
        return cls({name: frozenset([Band(1, 0, 0)])} if has_time else {})

    @classmethod
    def unknown(cls) -> ReceptiveField:
        return cls({}, False)

    def window(self, stride: float, before: float, after: float) -> ReceptiveField:
        """For a layer whose step t reads the steps ``stride·t + before … stride·t + after`` of this tensor."""
        return self._each(lambda b: Band(b.jump * stride, b.jump * before + b.first, b.jump * after + b.last))

    def taps(self, stride: float, before: float, count: int, apart: int) -> ReceptiveField:
        """For a layer whose step t reads `count` steps from ``stride·t + before`` on, `apart` from each other."""
        if apart == 1:
            return self.window(stride, before, before + count - 1)
        whole = union(self.window(stride, before + apart * i, before + apart * i) for i in range(count))
        bands = {name: _joined(stride_bands) for name, stride_bands in whole.bands.items()}
        if max(map(len, bands.values()), default=0) > MOST_BANDS:
            return self.window(stride, before, before + apart * (count - 1))
        return ReceptiveField(bands, self.known)

    def so_far(self) -> ReceptiveField:
        """For a layer whose step t reads all steps up to t."""
        return self._each(lambda b: Band(b.jump, -math.inf, b.last) if b.jump else b)

    def reversed(self, length: int | None) -> ReceptiveField:
        """For a layer that reads the `length` steps from last to first and gives its outputs in that order."""
        if length is None:
            return self._each(lambda b: Band(0, -math.inf, math.inf) if b.jump else b)
        return self._each(lambda b: Band(-b.jump, b.jump * (length - 1) + b.first, math.inf) if b.jump else b)

    def everything(self, length: int | None) -> ReceptiveField:
        """For a layer that reads all `length` steps for each of its outputs."""

        def whole(band: Band) -> Band:
            if not band.jump:
                return band
            if length is None:
                return Band(0, -math.inf if band.jump < 0 else band.first, math.inf)
            ends = (0, band.jump * (length - 1))
            return Band(0, min(ends) + band.first, max(ends) + band.last)

        return self._each(whole)

    def at(self, step: int, length: int | None) -> ReceptiveField:
        """For one step, counted from the end where it is negative; the time axis is gone."""
        if step < 0 and length is None:
            unbounded = all(math.isinf(band.first) for bands in self.bands.values() for band in bands)
            return self._each(lambda b: Band(0, b.first, math.inf)) if unbounded else ReceptiveField.unknown()
        place = step if step >= 0 or length is None else length + step
        return self._each(lambda b: Band(0, b.jump * place + b.first, b.jump * place + b.last) if b.jump else b)

    def counts(self, name: str, timesteps: int, steps: int | None) -> list[int]:
        """Return how many of an input's `timesteps` each of the tensor's `steps` can depend on (None: no time axis)."""
        bands = self.bands.get(name, frozenset())
        return [_covered(bands, t, timesteps) for t in _some(1 if steps is None else steps)]

    def sees_ahead(self, name: str) -> bool:
        """Tell whether some step depends on a timestep after its own (meant for tensors as long as the input)."""
        return any(band.jump != 1 or band.last > 0 for band in self.bands.get(name, ()))

    def _each(self, change: Callable[[Band], Band]) -> ReceptiveField:
        bands = {name: frozenset(change(b) for b in old) for name, old in self.bands.items()}
        return ReceptiveField(bands, self.known)


def _joined(bands: frozenset[Band]) -> frozenset[Band]:
    """Bands that touch each other become one."""
    joined: list[Band] = []
    for band in sorted(bands, key=lambda b: (b.jump, b.first, b.last)):
        last = joined[-1] if joined else None
        if last is not None and last.jump == band.jump and band.first <= last.last + 1:
            joined[-1] = Band(band.jump, last.first, max(last.last, band.last))
        else:
            joined.append(band)
    return frozenset(joined)


def union(fields: Iterable[ReceptiveField]) -> ReceptiveField:
    """Return the receptive field of a tensor that is made of several."""
    bands: dict[str, frozenset[Band]] = {}
    known = True
    for field in fields:
        known = known and field.known
        for name, more in field.bands.items():
            bands[name] = bands.get(name, frozenset()) | more
    return ReceptiveField(bands, known)


def words(field: ReceptiveField, name: str, timesteps: int | None, steps: int | None) -> str:
    """Say how many timesteps of the input `name` can have an influence.

    Args:
        timesteps: of the input; None where any number may come.
        steps: of the tensor; None where it has no time axis.
    """
    bands = field.bands.get(name, frozenset())
    if not bands:
        return "none"
    if timesteps is None or (steps is None and any(band.jump for band in bands)):
        return _words_without_length(bands)
    counts = field.counts(name, timesteps, steps)
    if min(counts) == timesteps:
        return f"all {timesteps:,}" if timesteps > 1 else "the only one"
    so_far = all(math.isinf(band.first) for band in bands) and not field.sees_ahead(name)
    if steps is not None and so_far:
        return f"all so far, up to {max(counts):,}"
    return f"{max(counts):,} of {timesteps:,}" if max(counts) == min(counts) else f"up to {max(counts):,}"


def _words_without_length(bands: frozenset[Band]) -> str:
    if all(math.isinf(band.first) and band.jump and band.last <= 0 for band in bands):
        return "all so far"
    finite = [band for band in bands if math.isfinite(band.last - band.first)]
    if len(finite) < len(bands):
        return "all"
    return f"{math.floor(max(b.last for b in finite)) - math.ceil(min(b.first for b in finite)) + 1:,}"


def _some(steps: int) -> list[int]:
    if steps <= MOST_COUNTED:
        return list(range(steps))
    return sorted({round(i * (steps - 1) / (MOST_COUNTED - 1)) for i in range(MOST_COUNTED)})


def _covered(bands: Iterable[Band], step: int, timesteps: int) -> int:
    spans: list[tuple[int, int]] = []
    for band in bands:
        first = max(band.jump * step + band.first, 0)
        last = min(band.jump * step + band.last, timesteps - 1)
        if math.ceil(first) <= math.floor(last):
            spans.append((math.ceil(first), math.floor(last)))
    covered, end = 0, -1
    for first, last in sorted(spans):
        covered += max(last - max(first, end + 1) + 1, 0)
        end = max(end, last)
    return covered
