"""Time zones of a time column: which one it has, its clock on the wall, and times that carry it again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import numpy as np

from seqwise.data.columns import ColumnTable, Words
from seqwise.errors import DataError

OFFSET = re.compile(r"(?:UTC)?([+-])(\d{2})(?::?(\d{2}))?")
AFTER_TIME = re.compile(r":\d{2}(?:\.\d+)?\s?([Zz]|UTC|[+-]\d{2}(?::?\d{2})?)$")  # not the last part of a date alone
QUARTER = "M8[15m]"  # clocks change at full quarters of an hour


def time_zone(name: str) -> tzinfo:
    """Return a zone by its IANA name or its offset, ``"+01:00"``.

    Raises:
        ValueError: there is no such zone.
    """
    offset = OFFSET.fullmatch(name)
    if offset is not None:
        sign, hours, minutes = offset.groups()
        return timezone((1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes or 0)))
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # it looks for its files: not where no data have a zone

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"there is no time zone {name!r} on this machine") from error


def zone_name(name: str) -> str:
    """Return the one way in which Seqwise writes a zone: ``"UTC"``, ``"+01:00"`` or an IANA name."""
    offset = OFFSET.fullmatch(name)
    if name in ("UTC", "Z", "z", "Etc/UTC", "Zulu") or (offset is not None and not int(offset[2] + (offset[3] or ""))):
        return "UTC"
    return name if offset is None else f"{offset[1]}{offset[2]}:{offset[3] or '00'}"


def zone_of(table: ColumnTable, name: str, zones: Sequence[str | None]) -> str | None:
    """Return the zone that all rows of a time column have; None where none has one.

    Args:
        zones: the zone of each row, as they came.

    Raises:
        DataError: two rows differ, and the message names both; or there is no such zone.
    """
    written = {zone: None if zone is None else zone_name(zone) for zone in dict.fromkeys(zones)}
    names = [written[zone] for zone in zones]
    row = next((row for row, zone in enumerate(names) if zone != names[0]), None)
    if row is None:
        return _known(table, name, names[0]) if names else None
    there, here = (f"the zone {zone}" if zone else "no time zone" for zone in (names[0], names[row]))
    raise DataError(
        f"{table.label}: the time column {name!r} mixes time zones: {there} on {table.where(0)}, {here} on "
        f"{table.where(row)}. Give all rows one, with pandas: df[{name!r}] = pd.to_datetime(df[{name!r}], utc=True), "
        "and for a local clock that changes .dt.tz_convert('Europe/Berlin')."
    )


def _known(table: ColumnTable, name: str, zone: str | None) -> str | None:
    """Return a zone; raise `DataError` where there is none of that name."""
    if zone is not None:
        try:
            time_zone(zone)
        except ValueError as error:
            raise DataError(f"{table.label}: the time column {name!r} has a zone that is not known: {error}.") from None
    return zone


def zone_of_texts(table: ColumnTable, name: str, words: Words, read: Callable[[], np.ndarray]) -> str | None:
    """Return the zone of a column of texts, from the offsets that they end in; see `zone_of`.

    Two offsets an hour apart that change twice a year are a clock's summer and winter time. They do not say which
    clock: the zone is UTC.

    Args:
        read: reads the times in UTC, datetime64, shape (rows,).
    """
    matches = map(AFTER_TIME.search, words)
    names: dict[str, str] = {}  # one text for all of the rows that have a zone
    zones = [None if match is None else names.setdefault(match[1], match[1]) for match in matches]
    if len(names) == 2 and None not in zones:
        first, second = (datetime.now(time_zone(zone_name(zone))).utcoffset() or timedelta() for zone in names)
        times = read()
        ordered = np.array(zones, dtype=str)[np.argsort(times, kind="stable")]
        changes = int((ordered[1:] != ordered[:-1]).sum())
        years = int((times.max() - times.min()) / np.timedelta64(365, "D")) + 1
        if abs(first - second) <= timedelta(hours=1) and changes <= 2 * years:
            return "UTC"
    return zone_of(table, name, zones)


def to_wall(times: np.ndarray, zone: str) -> np.ndarray:
    """Return what the clocks of a zone show at times in UTC; both datetime64[us], of any shape."""
    quarters, places = np.unique(times.astype(QUARTER), return_inverse=True)
    known = time_zone(zone)
    offsets = [_offset(moment.replace(tzinfo=UTC).astimezone(known)) for moment in _moments(quarters)]
    return times + np.array(offsets, dtype="m8[us]")[places.reshape(times.shape)]


def from_wall(times: np.ndarray, zone: str) -> np.ndarray:
    """Undo `to_wall`: take the first of a time that the clocks show twice, and the end of a gap that they skip."""
    known = time_zone(zone)
    moments = [moment.replace(tzinfo=known).astimezone(UTC).replace(tzinfo=None) for moment in _moments(times.ravel())]
    return np.array(moments, dtype="M8[us]").reshape(times.shape)


def aware(times: np.ndarray, zone: str) -> np.ndarray:
    """Return times in UTC, shape (n,), as datetimes of a zone, dtype object."""
    known = time_zone(zone)
    carrying = np.empty(len(times), dtype=object)
    carrying[:] = [moment.replace(tzinfo=UTC).astimezone(known) for moment in _moments(times)]
    return carrying


def zone_of_datetimes(values: np.ndarray) -> tzinfo | None:
    """Return the zone of an array of datetimes that `aware` returned; None for any other array."""
    first: Any = values[0] if values.dtype == object and values.ndim == 1 and len(values) else None
    return first.tzinfo if isinstance(first, datetime) else None


def in_utc(values: np.ndarray) -> np.ndarray:
    """Undo `aware`."""
    return np.array([moment.astimezone(UTC).replace(tzinfo=None) for moment in values], dtype="M8[us]")


def _moments(times: np.ndarray) -> list[datetime]:
    return times.astype("M8[us]").tolist()


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta()
