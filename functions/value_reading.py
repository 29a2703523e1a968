"""Numbers as spreadsheets show them: amounts of money, vulgar fractions, times of day and dates.

What is read here is the rest that is no plain number: ``$1,000``, ``(5)``, ``5-``, ``1 1/2``, ``1:30 PM``,
``2020-01-15``, ``2020/1/15``, ``15-Jan-20``. A time is a part of a day, a date the number of days since 30 December
1899, as in spreadsheets. A date whose year comes last (``1/2/2020``) is not read, for nobody can tell its month from
its day.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sheetline.functions.buffers import filled
from sheetline.functions.dates.patterns import MONTHS
from sheetline.functions.errors import Mask

_NUMBER = r"(?P<number>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)"
_MONEY: Final = (
    re.compile(rf"(?P<sign>[+-]?)\s*\$?\s*{_NUMBER}"),
    re.compile(rf"\$\s*(?P<sign>[+-]?)\s*{_NUMBER}"),
    re.compile(rf"(?P<sign>[+-]?)\s*{_NUMBER}\s*\$"),
    re.compile(rf"{_NUMBER}\s*(?P<sign>-)"),
    re.compile(rf"(?P<sign>\()\s*\$?\s*{_NUMBER}\s*\)"),
    re.compile(rf"\$\s*(?P<sign>\()\s*{_NUMBER}\s*\)"),
)
_FRACTION: Final = re.compile(r"([+-]?)\s*([0-9]{1,15})\s+([0-9]{1,9})/([0-9]{1,9})")
_TIME = r"([0-9]{1,6}):([0-9]{1,2})(?::([0-9]{1,2}(?:\.[0-9]*)?))?(?:\s*([AP])M)?"
_CLOCK: Final = re.compile(rf"([+-]?){_TIME}", re.IGNORECASE)
_HOUR: Final = re.compile(r"([0-9]{1,2})\s*([AP])M", re.IGNORECASE)
_DATES: Final = (
    re.compile(r"(?P<year>[0-9]{4})(?P<sign>[-/])(?P<month>[0-9]{1,2})(?P=sign)(?P<day>[0-9]{1,2})"),
    re.compile(r"(?P<day>[0-9]{1,2})(?:-|\s+)(?P<month>[A-Za-z]{3,9})(?:-|\s+)(?P<year>[0-9]{4}|[0-9]{2}(?![0-9]))"),
    re.compile(r"(?P<month>[A-Za-z]{3,9})\s+(?P<day>[0-9]{1,2}),?\s+(?P<year>[0-9]{4})"),
)
_MONTH: Final = {name.lower(): number for number, name in enumerate(MONTHS, 1)} | {
    name[:3].lower(): number for number, name in enumerate(MONTHS, 1)
}
_EPOCH: Final = date(1899, 12, 30).toordinal()


def read_shown(text: str) -> float | None:
    """Return the number that a text shows, or None.

    >>> read_shown("($1,000.50)"), read_shown("1 1/2"), read_shown("6:00 PM"), read_shown("2020-01-15")
    (-1000.5, 1.5, 0.75, 43845.0)
    """
    text = text.strip()
    for form in _MONEY:
        found = form.fullmatch(text)
        if found:
            size = float(found["number"].replace(",", ""))
            return -size if found["sign"] in ("-", "(") else size
    fraction = _FRACTION.fullmatch(text)
    if fraction:
        sign, whole, above, below = fraction.groups()
        if not int(below):
            return None
        value = int(whole) + int(above) / int(below)
        return -value if sign == "-" else value
    clock = _CLOCK.fullmatch(text)
    if clock:
        part = _day_part(*clock.groups()[1:])
        return -part if part is not None and clock[1] == "-" else part
    hour = _HOUR.fullmatch(text)
    if hour:
        return _day_part(hour[1], "0", None, hour[2])
    return _read_date(text)


def _day_part(hours: str, minutes: str, seconds: str | None, half: str | None) -> float | None:
    """Return a time as a part of a day, or None where no clock shows it."""
    hour, minute, second = int(hours), int(minutes), float(seconds or 0)
    if minute >= 60 or second >= 60 or (half and not 1 <= hour <= 12):
        return None
    if half:
        hour = hour % 12 + (12 if half.upper() == "P" else 0)
    return (hour * 3600 + minute * 60 + second) / 86_400


def _read_date(text: str) -> float | None:
    for form in _DATES:
        found = form.match(text)
        if not found:
            continue
        named = found["month"].lower()
        month = int(named) if named.isdigit() else _MONTH.get(named, 0)
        try:
            days = date(_year(found["year"]), month, int(found["day"])).toordinal() - _EPOCH
        except ValueError:
            return None
        rest = text[found.end() :]
        if not rest:
            return float(days)
        clock = re.fullmatch(rf"(?:\s+|T){_TIME}", rest, re.IGNORECASE)
        part = None if clock is None else _day_part(*clock.groups())
        return None if part is None or part >= 1 else days + part
    return None


def _year(digits: str) -> int:
    """Return the year of four digits, or of two: 30 to 99 are of the twentieth century, as in spreadsheets."""
    year = int(digits)
    return year if len(digits) > 2 else year + (1900 if year >= 30 else 2000)


def read_rest(texts: Any, rows: Mask) -> tuple[npt.NDArray[np.float64], Mask]:
    """Return the numbers that the texts of ``rows`` show, and the mask of those that show none.

    Each distinct text is read once.
    """
    picked = np.flatnonzero(rows)
    out, bad = np.zeros(len(rows), np.float64), np.zeros(len(rows), np.bool_)
    if not len(picked):
        return out, bad
    coded = texts.take(picked).dictionary_encode()
    known = [None if text is None else read_shown(text) for text in coded.dictionary.to_pylist()]
    codes = np.asarray(filled(coded.indices, 0))
    values = np.array([0.0 if value is None else value for value in known] or [0.0])
    none = np.array([value is None for value in known] or [False], np.bool_)
    out[picked], bad[picked] = values[codes], none[codes]
    return out, bad
