"""Time zones over whole arrays: instants to wall clocks and back.

The rules come from :mod:`zoneinfo`. A zone's transitions are found by asking it every few days and bisecting
where its answer changes; the table is made for the years that the data reach and kept with the zone. Beyond
the year 2500 the rules repeat with the calendar, every 400 years exactly, so instants are folded back.

Wall-clock times that no instant has (clocks put forward) move forward by the length of the gap; times that
two instants have (clocks put back) are the first of them: ``java.time`` and Joda's lenient rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt

from sheetline.functions.dates.calendar import DAY, I64, INAT, MAX_US, MIN_US, SECOND, Bools

_EPOCH: Final = datetime(1970, 1, 1)
_CYCLE: Final = 146_097 * DAY  # 400 Gregorian years, a whole number of weeks
# (first instant, sampling step in days): no zone left and regained a state within less than the step
_YEARS: Final = ((1800, 3), (1970, 3), (2040, 3), (2100, 20), (2500, 0))
_SHIFT: Final = 36  # instants share a bucket of 2**36 µs (19 hours), which holds one transition at most

# Abbreviations that are no zone names of their own, as fixed offsets in hours. North American ones follow
# Joda; "CET", "EET", "MET", "WET", "EST" and "MST" are zones of the tz database.
_ABBREVIATIONS: Final = {
    "EDT": -4, "CST": -6, "CDT": -5, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8,
    "CEST": 2, "MEZ": 1, "MESZ": 2, "EEST": 3, "WEST": 1, "BST": 1, "MSK": 3, "JST": 9, "KST": 9,
    "AEST": 10, "AEDT": 11, "AWST": 8, "NZST": 12, "NZDT": 13, "SAST": 2, "BRT": -3,
}  # fmt: skip
_UTC_NAMES: Final = frozenset({"UTC", "Z", "UT", "GMT", "UCT", "ZULU", "ETC/UTC", "ETC/GMT"})
#: What may be a name at all; a full stop would be a step between packages to the loader of the database.
_NAME = re.compile(r"[\w+\-/ ]{1,64}")
_FIXED = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?", re.ASCII | re.IGNORECASE)
_MACHINE_NAMES: Final = frozenset({"LOCALTIME", "POSIXRULES", "POSIX", "RIGHT"})  # depend on the machine


class ZoneError(ValueError):
    """A time zone nobody knows; ``candidates`` are known names close to it."""

    def __init__(self, name: str, candidates: tuple[str, ...] = ()) -> None:
        self.name, self.candidates = name, candidates
        hint = f": did you mean {' or '.join(candidates)}?" if candidates else ""
        super().__init__(f"unknown time zone {name!r}{hint}")


@dataclass(frozen=True, slots=True)
class Table:
    """A zone's history between two years: state ``i`` holds from ``starts[i-1]`` up to ``starts[i]``."""

    starts: I64  # transitions as instants, ascending, closed by the largest int64
    offsets: I64  # µs ahead of UTC, one more than the transitions
    local_starts: I64  # wall-clock reading from which the next state counts, closed likewise
    summer: Bools
    names: tuple[str, ...]
    base: int  # number of the first bucket
    buckets: npt.NDArray[np.int32]  # state at the beginning of each bucket
    local_buckets: npt.NDArray[np.int32]

    def state(self, us: I64) -> npt.NDArray[np.int64]:
        """Return the index of the state at each instant."""
        return _find(us, self.starts, self.base, self.buckets)

    def offset(self, us: I64) -> I64:
        """Return the offset at each instant."""
        return self._offset(us, self.starts, self.buckets)

    def local_offset(self, local: I64) -> I64:
        """Return the offset at each wall-clock reading."""
        return self._offset(local, self.local_starts, self.local_buckets)

    def _offset(self, us: I64, starts: I64, buckets: npt.NDArray[np.int32]) -> I64:
        bucket = us >> _SHIFT
        bucket -= self.base
        found = self.offsets.take(buckets).take(bucket, mode="clip")
        changing = np.append(buckets[1:] != buckets[:-1], True)  # in few buckets, so in few rows
        near = np.flatnonzero(changing.take(bucket, mode="clip"))
        if len(near):
            found[near] = self.offsets[_find(us[near], starts, self.base, buckets)]
        return found


def _find(us: I64, starts: I64, base: int, buckets: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Equal ``searchsorted(starts, us, 'right')``, by buckets: unordered instants miss no cache."""
    bucket = np.clip((us >> _SHIFT) - base, 0, len(buckets) - 1)
    state = buckets[bucket].astype(np.int64)
    state += us >= starts[state]
    return np.asarray(state)


@dataclass(slots=True)
class Zone:
    """A time zone: get one from :func:`load_zone`. ``fixed`` is the offset in µs if it never changes."""

    name: str
    info: tzinfo
    fixed: int | None = None
    # made on first use; two threads may both make one, they are equal
    tables: dict[tuple[int, int], Table] = field(default_factory=dict, repr=False, compare=False)

    def table(self, us: I64) -> tuple[Table, I64]:
        """Return the table that covers the instants or readings, and these folded into its years."""
        low, high = _span(us)
        if high >= _era_start(len(_YEARS) - 1) - 2 * DAY:
            limit = _era_start(len(_YEARS) - 1) - _CYCLE
            us = np.where(us >= limit, limit + (us - limit) % _CYCLE, us)
            low, high = min(low, limit), limit + _CYCLE
        first, last = 0, len(_YEARS) - 2
        while first < last and low >= _era_start(first + 1) + 2 * DAY:
            first += 1
        while last > first and high < _era_start(last) - 2 * DAY:
            last -= 1
        key = (first, last)
        if key not in self.tables:
            self.tables[key] = _make_table(self.info, first, last)
        return self.tables[key], us


def _span(us: I64) -> tuple[int, int]:
    low, high = int(us.min()), int(us.max())
    if low < MIN_US - DAY:  # null slots hold iNaT: they need no table of their own
        usual = us[us != INAT]
        low = int(usual.min()) if len(usual) else high
    return low, high


def _era_start(era: int) -> int:
    return (datetime(_YEARS[era][0], 1, 1) - _EPOCH).days * DAY


# ---------------------------------------------------------------- reading zoneinfo

State = tuple[timedelta, timedelta, str]


def _state(info: tzinfo, second: int) -> State:
    local = info.fromutc((_EPOCH + timedelta(seconds=second)).replace(tzinfo=info))
    zero = timedelta()
    return local.utcoffset() or zero, local.dst() or zero, local.tzname() or ""


def _transitions(info: tzinfo, first: int, last: int) -> tuple[list[int], list[State]]:
    """Find all changes of state in the eras, as seconds since the epoch, and the states between them."""
    second = _era_start(first) // SECOND
    instants: list[int] = []
    states = [_state(info, second)]
    for era in range(first, last + 1):
        end, step = _era_start(era + 1) // SECOND, _YEARS[era][1] * 86_400
        while second < end:
            ahead = min(second + step, end)
            target = _state(info, ahead)
            low = second
            while states[-1] != target:  # mostly one change, seldom two of different kinds
                low = _first_change(info, low, ahead, states[-1])
                instants.append(low)
                states.append(_state(info, low))
            second = ahead
    return instants, states


def _first_change(info: tzinfo, low: int, high: int, state: State) -> int:
    while high - low > 1:
        middle = (low + high) // 2
        if _state(info, middle) == state:
            low = middle
        else:
            high = middle
    return high


def _make_table(info: tzinfo, first: int, last: int) -> Table:
    instants, states = _transitions(info, first, last)
    closing = np.iinfo(np.int64).max
    starts = np.array([*(second * SECOND for second in instants), closing], dtype=np.int64)
    offsets = np.array([state[0] // timedelta(microseconds=1) for state in states], dtype=np.int64)
    # At a gap the old offset counts up to the gap's end (so the time moves forward by the gap); at an
    # overlap up to its end (so the first occurrence wins): in both cases up to the greater offset's reading.
    local = starts.copy()
    local[:-1] += np.maximum(offsets[:-1], offsets[1:])
    low, high = _era_start(first) - 2 * DAY, _era_start(last + 1) + 2 * DAY
    edges = np.arange(low >> _SHIFT, (high >> _SHIFT) + 2, dtype=np.int64) << _SHIFT
    return Table(
        starts,
        offsets,
        local,
        _summer(states),
        tuple(state[2] for state in states),
        low >> _SHIFT,
        np.searchsorted(starts, edges, side="right").astype(np.int32),
        np.searchsorted(local, edges, side="right").astype(np.int32),
    )


def _summer(states: list[State]) -> Bools:
    """Mark daylight-saving states: those ahead of their neighbours, also where winter is the exception.

    For Ireland and Morocco the database calls the *winter* (the fasting month) time the deviating one, with
    a negative saving; the months between are then the summer time, as everyone there says.
    """
    zero = timedelta()
    saving = [state[1] for state in states]
    around = zip([zero, *saving[:-1]], saving, [*saving[1:], zero], strict=True)
    return np.array([now > zero or (now == zero and min(before, after) < zero) for before, now, after in around])


# ---------------------------------------------------------------- loading by name


@lru_cache(maxsize=1024)
def load_zone(name: str) -> Zone:
    """Return a zone by name: ``Europe/Berlin``, ``UTC``, ``CET``, ``PST``, ``+02:00``, ``UTC-5``, ``-0330``.

    A name that is not exact is taken in any case (``europe/berlin``). Raises :class:`ZoneError` (a
    ValueError) with close names for any other.
    """
    fixed = _fixed_offset(name)
    if fixed is not None:
        return Zone("UTC" if fixed == 0 else name, timezone(timedelta(microseconds=fixed)), fixed)
    if not _NAME.fullmatch(name):  # neither loaded nor compared with known names: it may be of any length
        raise ZoneError(name)
    info = None if name.upper() in _MACHINE_NAMES else _database_zone(name)
    if info is not None:
        return Zone(name, info)
    by_folded = _names_by_folded()
    if name.upper() in _ABBREVIATIONS:
        hours = _ABBREVIATIONS[name.upper()]
        return Zone(name.upper(), timezone(timedelta(hours=hours), name.upper()), hours * 3600 * SECOND)
    known = by_folded.get(name.casefold())
    if known is not None:
        return Zone(known, ZoneInfo(known))
    raise ZoneError(name, _candidates(name, by_folded))


def _fixed_offset(name: str) -> int | None:
    if name.upper() in _UTC_NAMES:
        return 0
    match = _FIXED.fullmatch(name)
    if match is None:
        return None
    hours, minutes = int(match[2]), int(match[3] or 0)
    if hours > 18 or minutes > 59:
        raise ZoneError(name)
    size = (hours * 60 + minutes) * 60 * SECOND
    return -size if match[1] == "-" else size


def _database_zone(name: str) -> ZoneInfo | None:
    try:
        info = ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found; not a key ("../x"); a directory ("Europe")
        return None
    return info


@lru_cache(maxsize=1)
def _names_by_folded() -> dict[str, str]:
    names = (name for name in available_timezones() if name.upper() not in _MACHINE_NAMES)
    return {name.casefold(): name for name in sorted(names)}


def _candidates(name: str, by_folded: dict[str, str]) -> tuple[str, ...]:
    """Return up to three close names; ``Berlin`` and ``New York`` find the zone of the city."""
    wanted = name.casefold().replace(" ", "_")
    cities = {known.rpartition("/")[2]: known for known in reversed(by_folded)}
    close = get_close_matches(wanted, by_folded, n=3, cutoff=0.75)
    close += [cities[city] for city in get_close_matches(wanted.rpartition("/")[2], cities, n=3, cutoff=0.8)]
    close += [known for known in _ABBREVIATIONS if known.casefold() == wanted]
    return tuple(dict.fromkeys(by_folded.get(known, known) for known in close))[:3]


UTC_ZONE: Final = Zone("UTC", UTC, 0)


def _zone(zone: Zone | str) -> Zone:
    return load_zone(zone) if isinstance(zone, str) else zone


# ---------------------------------------------------------------- kernels


def offset(us: I64, zone: Zone | str) -> I64:
    """Return the zone's offset at each instant, in µs ahead of UTC."""
    zone = _zone(zone)
    if zone.fixed is not None or not len(us):
        return np.full(len(us), zone.fixed or 0, dtype=np.int64)
    table, folded = zone.table(us)
    return table.offset(folded)


def to_local(us: I64, zone: Zone | str) -> I64:
    """Return the wall-clock reading of each instant, in local µs.

    Example: ``to_local(np.array([0]), "Europe/Berlin")`` gives one hour, 3_600_000_000.
    """
    zone = _zone(zone)
    if zone.fixed == 0:
        return us
    if zone.fixed is not None:
        return us + np.int64(zone.fixed)
    reading = offset(us, zone)
    reading += us
    return reading


def to_utc(local: I64, zone: Zone | str, prefer: I64 | None = None) -> I64:
    """Return the instant of each wall-clock reading (local µs).

    A reading in a gap moves forward by the gap; of two instants with one reading the first is taken, unless
    ``prefer`` (offsets in µs, one a row) is the other's offset: arithmetic keeps the offset it came from.
    """
    zone = _zone(zone)
    if zone.fixed is not None or not len(local):
        return local if not zone.fixed else local - np.int64(zone.fixed)
    if prefer is None:
        table, folded = zone.table(local)
        ahead = table.local_offset(folded)
        return np.subtract(local, ahead, out=ahead)
    us = local - prefer
    moved = np.flatnonzero(offset(us, zone) != prefer)
    if len(moved):
        us[moved] = to_utc(local[moved], zone)
    return us


def is_dst(us: I64, zone: Zone | str) -> Bools:
    """Tell at which instants daylight-saving time is in force."""
    zone = _zone(zone)
    if zone.fixed is not None or not len(us):
        return np.zeros(len(us), dtype=np.bool_)
    table, folded = zone.table(us)
    return table.summer[table.state(folded)]


def abbreviation_codes(us: I64, zone: Zone | str) -> tuple[I64, tuple[str, ...]]:
    """Return the zone's abbreviation at each instant (``CET``, ``CEST``) as codes into the names given."""
    zone = _zone(zone)
    if zone.fixed is not None or not len(us):
        return np.zeros(len(us), dtype=np.int64), (zone.name,)
    table, folded = zone.table(us)
    return table.state(folded), table.names


def clamp(us: I64) -> I64:
    """Bring arbitrary values of null slots into the years 1 to 9999."""
    return np.clip(us, MIN_US, MAX_US)
