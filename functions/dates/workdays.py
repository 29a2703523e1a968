"""Workdays, Monday to Friday without holidays, on int64 arrays of local µs."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from sheetline.functions.dates.calendar import DAY, I64, MAX_DAY, MIN_DAY, Bools, day_number

_WEEKMASK: Final = "1111100"


def _dates(days: I64) -> npt.NDArray[np.datetime64]:
    # numpy's calendar takes only sane days; null slots may hold anything
    return np.clip(days, MIN_DAY - 1, MAX_DAY + 1).astype("datetime64[D]")


def _holidays(holidays: I64 | None) -> npt.NDArray[np.datetime64]:
    return _dates(np.empty(0, np.int64) if holidays is None else day_number(holidays))


def is_workday(us: I64, holidays: I64 | None = None) -> Bools:
    """Tell which local dates are Monday to Friday and not in ``holidays`` (local µs)."""
    return np.asarray(np.is_busday(_dates(day_number(us)), _WEEKMASK, _holidays(holidays)))


def workday(us: I64, count: I64 | int, holidays: I64 | None = None) -> tuple[I64, Bools]:
    """Return WORKDAY: midnight of the ``count``-th workday after (before, if negative) the date; 0 the date.

    The second array marks results outside the years 1 to 9999.
    """
    start = day_number(us)
    steps = np.broadcast_to(np.clip(np.asarray(count, dtype=np.int64), -4_000_000, 4_000_000), start.shape)
    dates, free = _dates(start), _holidays(holidays)
    ahead = np.busday_offset(dates, np.maximum(steps, 0), "backward", _WEEKMASK, free)
    back = np.busday_offset(dates, np.minimum(steps, 0), "forward", _WEEKMASK, free)
    found = np.where(steps > 0, ahead, back).astype(np.int64)
    days = np.where(steps == 0, start, found)
    return days * DAY, np.asarray((days < MIN_DAY) | (days > MAX_DAY))


def _weekdays_before(days: I64) -> I64:
    """Count the days from Monday to Friday since 1969-12-29, a Monday."""
    since = days + 3
    weeks = since // 7
    since -= weeks * 7
    np.minimum(since, 5, out=since)
    weeks *= 5
    weeks += since
    return weeks


def networkdays(a: I64, b: I64, holidays: I64 | None = None) -> I64:
    """Count the workdays from ``a`` to ``b``, both included; negative where ``b`` is before ``a``."""
    first, last = day_number(np.minimum(a, b)), day_number(np.maximum(a, b))
    if holidays is None:
        count = _weekdays_before(last + 1)
        count -= _weekdays_before(first)
        return np.where(a <= b, count, -count)
    count = np.busday_count(_dates(first), _dates(last + 1), _WEEKMASK, _holidays(holidays)).astype(np.int64)
    return np.where(a <= b, count, -count)
