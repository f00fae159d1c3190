"""Columns made of the time itself: they are known for every row to come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqwise.errors import SettingError, nearest

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
COLUMNS = {
    "hour": ["hour: sine", "hour: cosine"],
    "weekday": list(DAYS),
    "month": ["month: sine", "month: cosine"],
}
HOLIDAYS = "holidays:"  # a country follows


def check_calendar(names: Sequence[str]) -> None:
    """Raise `SettingError` unless all names are known: ``"hour"``, ``"weekday"``, ``"month"``, ``"holidays:DE"``."""
    for name in names:
        if name in COLUMNS:
            continue
        if not str(name).startswith(HOLIDAYS):
            raise SettingError(
                f"calendar holds {name!r}; expected some of 'hour', 'weekday', 'month' and 'holidays:COUNTRY', for "
                f"example 'holidays:DE'.{nearest(str(name), COLUMNS)}"
            )
        _holidays(name, [2000])


def calendar_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that each of `names` becomes."""
    return [column for name in names for column in COLUMNS.get(name, [name])]


def calendar_values(names: Sequence[str], times: np.ndarray) -> np.ndarray:
    """Return the columns of `calendar_columns`, float64, shape (rows, columns).

    Hour and month are a place on a circle, so that 23 o'clock lies beside 0; a weekday and a holiday are 0 or 1.

    Args:
        times: datetime64, shape (rows,), as the clocks of their zone show them.

    Raises:
        SettingError: rows are numbered, not dated.
    """
    if times.dtype.kind != "M" and names:
        raise SettingError("calendar needs rows with dates: name their column, time='day'.")
    if not names:
        return np.empty((len(times), 0))
    days = times.astype("M8[D]")
    parts: list[np.ndarray] = []
    for name in names:
        if name == "hour":
            parts.append(_circle((times - days) / np.timedelta64(1, "D")))
        elif name == "weekday":
            number = (days.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
            parts.append((number[:, None] == np.arange(7)).astype(np.float64))
        elif name == "month":
            years = times.astype("M8[Y]")
            length = ((years + 1).astype("M8[D]") - years.astype("M8[D]")) / np.timedelta64(1, "D")
            parts.append(_circle(((times - years.astype(times.dtype)) / np.timedelta64(1, "D")) / length))
        else:
            first, last = (int(day.astype("M8[Y]").astype(np.int64)) + 1970 for day in (days.min(), days.max()))
            free = holiday_dates(name, range(first, last + 1))
            parts.append(np.isin(days, free).astype(np.float64)[:, None])
    return np.hstack(parts)


def holiday_dates(name: str, years: Sequence[int]) -> np.ndarray:
    """Return the public holidays of ``"holidays:DE"`` in these years, datetime64[D], ascending."""
    return np.array(sorted(_holidays(name, years)), dtype="M8[D]")


def _circle(phase: np.ndarray) -> np.ndarray:
    return np.stack([np.sin(2 * np.pi * phase), np.cos(2 * np.pi * phase)], axis=1)


def _holidays(name: str, years: Sequence[int]) -> list[Any]:
    """Return the public holidays of ``"holidays:DE"``, or of a part of a country: ``"holidays:DE-BY"``."""
    try:
        import holidays
    except ImportError:
        raise SettingError("Holidays come from the holidays library: pip install 'seqwise[holidays]'.") from None
    country, _, part = name.removeprefix(HOLIDAYS).partition("-")
    try:
        return list(holidays.country_holidays(country, subdiv=part or None, years=years))
    except NotImplementedError:
        raise SettingError(
            f"calendar: the holidays library knows no {name.removeprefix(HOLIDAYS)!r}. Countries are named by two "
            "letters, and parts after a hyphen: 'holidays:DE', 'holidays:DE-BY'."
        ) from None
