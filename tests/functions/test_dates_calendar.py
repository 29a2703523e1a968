"""The calendar against the standard library's datetime, date by date."""

from __future__ import annotations

import calendar as stdlib_calendar
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from sheetline.functions.dates import calendar as cal
from sheetline.functions.dates import workdays

EPOCH = datetime(1970, 1, 1)
EXTREMES = np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max, 0, -1, cal.MIN_US, cal.MAX_US])


def moment(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


def micros(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1)


def days(*dates: date) -> np.ndarray:
    return np.array([(each - EPOCH.date()).days * cal.DAY for each in dates])


@pytest.fixture(scope="module")
def instants() -> np.ndarray:
    rng = np.random.default_rng(7)
    anywhere = rng.integers(cal.MIN_US, cal.MAX_US, 3000)
    edges = [
        micros(datetime(y, m, d, 23, 59, 59, 999_999)) + extra
        for y in (1, 4, 100, 400, 1600, 1900, 1969, 1970, 2000, 2023, 2024, 2100, 9996)
        for m, d in ((1, 1), (2, 28), (3, 1), (12, 31))
        for extra in (0, 1)
    ]
    return np.concatenate([anywhere, np.array(edges), [cal.MIN_US, cal.MAX_US]])


def test_months_of_many_dates_match_single_ones(instants: np.ndarray) -> None:
    many = np.tile(instants, 2)
    assert len(many) >= 2 * 3000  # enough for the tables of months
    for months in (0, 1, -1, 25, -9_000 * 12, 200_000):
        for move in (cal.edate, cal.eomonth, cal.add_months):
            singly = np.concatenate([move(part, months) for part in np.array_split(instants, 300)])
            assert np.array_equal(move(many, months), np.tile(singly, 2)), (move, months)
    each = np.resize(np.arange(-50, 50), len(many))
    singly = np.concatenate([cal.edate(many[k : k + 99], each[k : k + 99]) for k in range(0, len(many), 99)])
    assert np.array_equal(cal.edate(many, each), singly)


def test_parts_match_datetime(instants: np.ndarray) -> None:
    got = np.stack(cal.parts(instants), axis=1).tolist()
    assert got == [
        [t.year, t.month, t.day, t.hour, t.minute, t.second, t.microsecond] for t in map(moment, instants.tolist())
    ]


@pytest.mark.parametrize(
    ("kernel", "oracle"),
    [
        (cal.year, lambda t: t.year),
        (cal.month, lambda t: t.month),
        (cal.day, lambda t: t.day),
        (cal.quarter, lambda t: (t.month + 2) // 3),
        (cal.hour, lambda t: t.hour),
        (cal.minute, lambda t: t.minute),
        (cal.second, lambda t: t.second),
        (cal.millisecond, lambda t: t.microsecond // 1000),
        (cal.weekday, lambda t: t.isoweekday()),
        (cal.day_of_year, lambda t: t.timetuple().tm_yday),
        (cal.days_in_month, lambda t: stdlib_calendar.monthrange(t.year, t.month)[1]),
        (lambda us: cal.is_leap_year(cal.year(us)), lambda t: stdlib_calendar.isleap(t.year)),
        (lambda us: cal.iso_year_week(us)[0], lambda t: t.isocalendar().year),
        (lambda us: cal.iso_year_week(us)[1], lambda t: t.isocalendar().week),
    ],
)
def test_single_parts_match_datetime(instants: np.ndarray, kernel, oracle) -> None:
    assert kernel(instants).tolist() == [oracle(moment(us)) for us in instants.tolist()]


def test_every_kernel_takes_the_whole_int64_range() -> None:
    cal.parts(EXTREMES)
    for unit in cal.UNITS:
        cal.start_of(EXTREMES, unit)
        cal.end_of(EXTREMES, unit)
    for kind in (1, 2, 11, 12, 13, 14, 15, 16, 17, 21):
        cal.week_number(EXTREMES, kind)
    for basis in range(5):
        cal.yearfrac(EXTREMES, EXTREMES[::-1], basis)
    for unit in ("y", "m", "d", "md", "ym", "yd"):
        cal.datedif(EXTREMES, EXTREMES[::-1], unit)
    workdays.workday(EXTREMES, EXTREMES)
    workdays.networkdays(EXTREMES, EXTREMES[::-1])
    cal.eomonth(EXTREMES)
    assert cal.in_range(EXTREMES).tolist() == [False, False, True, True, True, True]


def test_far_dates_come_back() -> None:
    far = np.arange(-106_000_000, 106_000_000, 9_973)
    assert (cal.days_from_civil(*cal.civil_from_days(far)) == far).all()


def test_days_from_civil_and_valid_dates() -> None:
    grid = [(y, m, d) for y in (0, 1, 1900, 2000, 2023, 2024, 9999, 10_000) for m in range(14) for d in range(33)]

    def ordinal(y: int, m: int, d: int) -> int | None:
        try:
            return date(y, m, d).toordinal() - date(1970, 1, 1).toordinal()
        except ValueError:
            return None

    expected = [ordinal(*each) for each in grid]
    year, month, day = np.array(grid).T
    assert cal.valid_date(year, month, day).tolist() == [each is not None for each in expected]
    got = cal.days_from_civil(year, month, day).tolist()
    assert all(want is None or want == have for want, have in zip(expected, got, strict=True))


def test_month_starts() -> None:
    starts = cal.month_starts()
    assert starts[2024 * 12 + 2] == (date(2024, 3, 1) - date(1970, 1, 1)).days
    assert starts[9999 * 12 + 12] == cal.MAX_DAY + 1


def test_starts_and_ends(instants: np.ndarray) -> None:
    def begin(t: datetime, unit: str) -> datetime:
        midnight = t.replace(hour=0, minute=0, second=0, microsecond=0)
        return {
            "year": midnight.replace(month=1, day=1),
            "quarter": midnight.replace(month=(t.month - 1) // 3 * 3 + 1, day=1),
            "month": midnight.replace(day=1),
            "week": midnight - timedelta(days=t.weekday()),
            "day": midnight,
            "hour": t.replace(minute=0, second=0, microsecond=0),
            "minute": t.replace(second=0, microsecond=0),
            "second": t.replace(microsecond=0),
            "millisecond": t.replace(microsecond=t.microsecond // 1000 * 1000),
        }[unit]

    for unit in cal.UNITS:
        got = cal.start_of(instants, unit)
        assert got.tolist() == [micros(begin(moment(us), unit)) for us in instants.tolist()], unit
        inside = instants[instants < cal.MAX_US - 400 * cal.DAY]
        following = cal.end_of(inside, unit) + cal.MS
        assert (cal.start_of(following, unit) == following).all()
        assert (cal.start_of(following - 1, unit) == cal.start_of(inside, unit)).all()
    with pytest.raises(ValueError, match="calendar unit"):
        cal.start_of(instants, "fortnight")


def test_week_numbers_by_counting() -> None:
    first_weekday = {1: 7, 2: 1, 11: 1, 12: 2, 13: 3, 14: 4, 15: 5, 16: 6, 17: 7}
    for year in (2019, 2020, 2023, 2024, 2028):
        all_days = [date(year, 1, 1) + timedelta(days=n) for n in range(365 + stdlib_calendar.isleap(year))]
        for kind, start in first_weekday.items():
            week, expected = 1, []
            for each in all_days:
                if each.isoweekday() == start and each != all_days[0]:
                    week += 1
                expected.append(week)
            assert cal.week_number(days(*all_days), kind).tolist() == expected, (year, kind)
        assert cal.week_number(days(*all_days), 21).tolist() == [d.isocalendar().week for d in all_days]
    with pytest.raises(ValueError, match="type"):
        cal.week_number(days(date(2024, 1, 1)), 3)


def test_iso_weeks_come_back(instants: np.ndarray) -> None:
    year, week = cal.iso_year_week(instants)
    assert (cal.days_from_iso_week(year, week, cal.weekday(instants)) == cal.day_number(instants)).all()


def test_easter() -> None:
    known = {1961: (4, 2), 1981: (4, 19), 2000: (4, 23), 2008: (3, 23), 2019: (4, 21), 2024: (3, 31), 2038: (4, 25)}
    got = cal.easter(np.array(list(known))) * cal.DAY
    assert got.tolist() == days(*(date(y, *md) for y, md in known.items())).tolist()
    span = cal.easter(np.arange(1600, 4000))
    assert (cal.weekday_of_days(span) == 7).all()


def test_months_clamp() -> None:
    start = days(date(2024, 1, 31), date(2023, 1, 31), date(2024, 3, 31), date(2024, 2, 29)) + 5
    assert (cal.add_months(start, 1) - 5).tolist() == days(
        date(2024, 2, 29), date(2023, 2, 28), date(2024, 4, 30), date(2024, 3, 29)
    ).tolist()
    assert (
        cal.edate(start, np.array([-1, 13, -13, 12])).tolist()
        == days(date(2023, 12, 31), date(2024, 2, 29), date(2023, 2, 28), date(2025, 2, 28)).tolist()
    )
    assert (
        cal.eomonth(start, np.array([0, 1, -1, 48])).tolist()
        == days(date(2024, 1, 31), date(2023, 2, 28), date(2024, 2, 29), date(2028, 2, 29)).tolist()
    )


@pytest.mark.parametrize(
    ("a", "b", "unit", "expected"),
    [
        (date(2001, 1, 1), date(2003, 1, 1), "Y", 2),
        (date(2001, 6, 1), date(2002, 8, 15), "d", 440),
        (date(2001, 6, 1), date(2002, 8, 15), "yd", 75),
        (date(2001, 6, 1), date(2002, 8, 15), "md", 14),
        (date(2001, 6, 1), date(2002, 8, 15), "ym", 2),
        (date(2001, 6, 1), date(2002, 8, 15), "m", 14),
        (date(2023, 1, 31), date(2023, 2, 28), "m", 0),
        (date(2023, 1, 31), date(2023, 3, 1), "md", -2),
        (date(2024, 2, 29), date(2025, 2, 28), "y", 0),
        (date(2024, 2, 29), date(2025, 3, 1), "y", 1),
        (date(2024, 2, 29), date(2025, 3, 1), "yd", 0),
    ],
)
def test_datedif(a: date, b: date, unit: str, expected: int) -> None:
    values, bad = cal.datedif(days(a), days(b), unit)
    assert values.tolist() == [expected]
    assert not bad.any()
    assert cal.datedif(days(b), days(a), unit)[1].all()


def test_complete_months_are_signed() -> None:
    a, b = days(date(2024, 1, 15)) + 10, days(date(2024, 3, 15)) + 9
    assert cal.complete_months(a, b).tolist() == [1]
    assert cal.complete_months(b, a).tolist() == [-1]
    assert cal.complete_months(a, b + 1).tolist() == [2]
    with pytest.raises(ValueError, match="unit"):
        cal.datedif(a, b, "w")


@pytest.mark.parametrize(
    ("a", "b", "european", "expected"),
    [
        (date(2011, 1, 30), date(2011, 2, 1), False, 1),
        (date(2011, 1, 1), date(2011, 12, 31), False, 360),
        (date(2011, 1, 1), date(2011, 2, 1), False, 30),
        (date(2011, 1, 1), date(2011, 12, 31), True, 359),
        (date(2011, 2, 28), date(2011, 3, 31), False, 30),
        (date(2011, 2, 28), date(2011, 3, 31), True, 32),
        (date(2012, 2, 28), date(2012, 3, 31), False, 33),
        (date(2011, 12, 31), date(2011, 1, 1), False, -359),
    ],
)
def test_days360(a: date, b: date, european: bool, expected: int) -> None:
    assert cal.days360(days(a), days(b), european).tolist() == [expected]


@pytest.mark.parametrize(
    ("a", "b", "basis", "expected"),
    [
        (date(2012, 1, 1), date(2012, 7, 30), 0, 209 / 360),
        (date(2012, 1, 1), date(2012, 7, 30), 1, 211 / 366),
        (date(2012, 1, 1), date(2012, 7, 30), 3, 211 / 365),
        (date(2009, 12, 15), date(2010, 6, 30), 2, 197 / 360),
        (date(2009, 12, 15), date(2010, 6, 30), 4, 195 / 360),
        (date(2007, 2, 28), date(2008, 2, 29), 0, 1.0),
        (date(2000, 1, 1), date(2001, 1, 1), 1, 366 / 366),
        (date(2000, 3, 1), date(2001, 3, 1), 1, 1.0),
        (date(2007, 1, 1), date(2009, 7, 1), 1, 912 / (1096 / 3)),
        (date(2009, 7, 1), date(2007, 1, 1), 0, 2.5),
        (date(2024, 2, 29), date(2024, 2, 29), 1, 0.0),
    ],
)
def test_yearfrac(a: date, b: date, basis: int, expected: float) -> None:
    assert cal.yearfrac(days(a), days(b), basis)[0] == pytest.approx(expected, abs=1e-15)


def test_workdays_by_walking() -> None:
    free = [date(2024, 1, 1), date(2024, 3, 29), date(2024, 4, 1), date(2024, 5, 1)]
    works = lambda d: d.isoweekday() < 6 and d not in free  # noqa: E731
    rng = np.random.default_rng(3)
    starts = [date(2024, 1, 1) + timedelta(days=int(n)) for n in rng.integers(0, 150, 200)]
    counts = rng.integers(-40, 40, 200)

    def walk(start: date, count: int) -> date:
        while count:
            start += timedelta(days=1 if count > 0 else -1)
            if works(start):
                count += -1 if count > 0 else 1
        return start

    got, bad = workdays.workday(days(*starts), counts, days(*free))
    assert got.tolist() == days(*(walk(s, int(c)) for s, c in zip(starts, counts, strict=True))).tolist()
    assert not bad.any()
    assert workdays.is_workday(days(*starts), days(*free)).tolist() == [works(d) for d in starts]
    ends = starts[::-1]

    def count_between(a: date, b: date) -> int:
        low, high = min(a, b), max(a, b)
        n = sum(works(low + timedelta(days=k)) for k in range((high - low).days + 1))
        return n if a <= b else -n

    expected = [count_between(a, b) for a, b in zip(starts, ends, strict=True)]
    assert workdays.networkdays(days(*starts), days(*ends), days(*free)).tolist() == expected
    assert workdays.workday(days(date(9999, 12, 30)), 10)[1].all()
