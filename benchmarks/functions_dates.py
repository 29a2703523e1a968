"""Functions of dates, and how one would write them by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
from pyarrow import compute

from benchmarks.functions_tasks import Task, textual

# the published stubs of pyarrow are narrower than pyarrow
pc: Any = compute


def _part(function: str, formula: str, arrow: Any, pandas: str, polars: str | None = None) -> Task:
    """Return a task that takes a part of a date, which every engine has under a name of its own."""
    return textual(
        function,
        formula,
        pandas=lambda t: getattr(t["d"].dt, pandas),
        pyarrow=lambda t: arrow(t["d"]),
        polars=lambda c: getattr(c("d").dt, polars or pandas)(),
    )


def _floored(unit: str, polars: str) -> dict[str, Any]:
    return {
        "pyarrow": lambda t: pc.floor_temporal(t["d"], unit=unit),
        "polars": lambda c: c("d").dt.truncate(polars),
    }


def _months_numpy(t: Any) -> Any:
    return t["d"].astype("datetime64[M]").astype("datetime64[us]")


def _end_of_month(t: Any) -> Any:
    return ((t["d"].astype("datetime64[M]") + 1).astype("datetime64[D]") - 1).astype("datetime64[us]")


def _next_month(t: Any) -> Any:
    """Return midnight of the same day of the next month, or of that month's last day."""
    month = t["d"].astype("datetime64[M]")
    day = (t["d"].astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64)
    last = ((month + 2).astype("datetime64[D]") - (month + 1).astype("datetime64[D]")).astype(np.int64) - 1
    return ((month + 1).astype("datetime64[D]") + np.minimum(day, last)).astype("datetime64[us]")


def _working_days(t: Any) -> Any:
    return np.busday_count(t["d"].astype("datetime64[D]"), t["e"].astype("datetime64[D]") + 1)


def _name(pandas: Any) -> Any:
    return pandas["d"].dt.day_name()


TASKS: tuple[Task, ...] = (
    _part("YEAR", "YEAR(#d)", pc.year, "year"),
    _part("MONTH", "MONTH(#d)", pc.month, "month"),
    _part("DAY", "DAY(#d)", pc.day, "day"),
    _part("HOUR", "HOUR(#d)", pc.hour, "hour"),
    _part("MINUTE", "MINUTE(#d)", pc.minute, "minute"),
    _part("QUARTER", "QUARTER(#d)", pc.quarter, "quarter"),
    _part("DAYOFYEAR", "DAYOFYEAR(#d)", pc.day_of_year, "dayofyear", "ordinal_day"),
    textual(
        "WEEKDAY",
        "WEEKDAY(#d)",
        pandas=lambda t: t["d"].dt.dayofweek + 1,
        pyarrow=lambda t: pc.day_of_week(t["d"], count_from_zero=False),
        polars=lambda c: c("d").dt.weekday(),
    ),
    textual("ISOWEEK", "ISOWEEK(#d)", pyarrow=lambda t: pc.iso_week(t["d"]), polars=lambda c: c("d").dt.week()),
    textual(
        "ISWEEKEND",
        "ISWEEKEND(#d)",
        pandas=lambda t: t["d"].dt.dayofweek > 4,
        pyarrow=lambda t: pc.greater(pc.day_of_week(t["d"]), 4),
        polars=lambda c: c("d").dt.weekday() > 5,
    ),
    textual(
        "DAYNAME",
        "DAYNAME(#d)",
        pandas=_name,
        pyarrow=lambda t: pc.strftime(t["d"], format="%A"),
        polars=lambda c: c("d").dt.strftime("%A"),
    ),
    textual("STARTOFDAY", "STARTOFDAY(#d)", **_floored("day", "1d")),
    textual("STARTOFMONTH", "STARTOFMONTH(#d)", numpy=_months_numpy, **_floored("month", "1mo")),
    textual("STARTOFHOUR", "STARTOFHOUR(#d)", **_floored("hour", "1h")),
    textual(
        "TIMEBUCKET",
        "TIMEBUCKET(#d;15m)",
        pyarrow=lambda t: pc.floor_temporal(t["d"], 15, unit="minute"),
        polars=lambda c: c("d").dt.truncate("15m"),
    ),
    textual("EOMONTH", "EOMONTH(#d;0)", numpy=_end_of_month, polars=lambda c: c("d").dt.month_end().dt.truncate("1d")),
    textual("EDATE", "EDATE(#d;1)", numpy=_next_month, polars=lambda c: c("d").dt.truncate("1d").dt.offset_by("1mo")),
    textual(
        "ADD (a day to a date)",
        "#d + 1d",
        numpy=lambda t: t["d"] + np.timedelta64(1, "D"),
        polars=lambda c: c("d") + timedelta(days=1),
    ),
    textual(
        "SUBTRACT (dates)",
        "#e - #d",
        numpy=lambda t: (t["e"] - t["d"]).astype(np.int64) // 1000,
        polars=lambda c: (c("e") - c("d")).dt.total_milliseconds(),
    ),
    textual(
        "DAYS",
        "DAYS(#e;#d)",
        numpy=lambda t: (t["e"].astype("datetime64[D]") - t["d"].astype("datetime64[D]")).astype(np.int64),
        pyarrow=lambda t: pc.days_between(t["d"], t["e"]),
    ),
    textual("NETWORKDAYS", "NETWORKDAYS(#d;#e)", numpy=_working_days),
    textual(
        "FORMATDATE",
        'FORMATDATE(#d;"yyyy-MM-dd")',
        pandas=lambda t: t["d"].dt.strftime("%Y-%m-%d"),
        pyarrow=lambda t: pc.strftime(t["d"], format="%Y-%m-%d"),
        polars=lambda c: c("d").dt.strftime("%Y-%m-%d"),
    ),
    textual(
        "FORMATDATE (with time)",
        'FORMATDATE(#d;"dd/MM/yyyy HH:mm")',
        pyarrow=lambda t: pc.strftime(t["d"], format="%d/%m/%Y %H:%M"),
        polars=lambda c: c("d").dt.strftime("%d/%m/%Y %H:%M"),
    ),
)
