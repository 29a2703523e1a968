"""Time zones against zoneinfo, instant by instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sheetline.functions.dates import calendar as cal
from sheetline.functions.dates import zones

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
OTHERS = ("Africa/Casablanca", "Europe/Dublin", "Pacific/Apia", "Asia/Manila", "Asia/Gaza", "CET")


def micros(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1)


def utc_offset(us: int, name: str) -> int:
    found = (EPOCH + timedelta(microseconds=us)).astimezone(ZoneInfo(name)).utcoffset()
    assert found is not None
    return found // timedelta(microseconds=1)


@pytest.fixture(scope="module")
def instants() -> np.ndarray:
    rng = np.random.default_rng(11)
    eras = [(1, 1700), (1840, 1960), (1960, 2040), (1970, 2030), (2038, 2110), (2090, 2510), (2500, 9998)]
    return np.concatenate(
        [
            rng.integers(micros(datetime(a, 1, 2, tzinfo=UTC)), micros(datetime(b, 12, 30, tzinfo=UTC)), 400)
            for a, b in eras
        ]
    )


@pytest.mark.parametrize("name", ZONES + OTHERS)
def test_offsets_match_zoneinfo(name: str, instants: np.ndarray) -> None:
    expected = [utc_offset(us, name) for us in instants.tolist()]
    assert zones.offset(instants, name).tolist() == expected
    for part in np.array_split(np.sort(instants), 7):  # other years, other tables, same answers
        assert zones.offset(part, name).tolist() == [utc_offset(us, name) for us in part.tolist()]


@pytest.mark.parametrize("name", ZONES)
def test_every_transition_to_the_microsecond(name: str) -> None:
    zone = zones.Zone(name, ZoneInfo(name))
    table, _ = zone.table(
        np.array([micros(datetime(1850, 1, 1, tzinfo=UTC)), micros(datetime(2105, 1, 1, tzinfo=UTC))])
    )
    near = np.concatenate([table.starts[:-1] + shift for shift in (-1, 0, 1)])
    assert zones.offset(near, zone).tolist() == [utc_offset(us, name) for us in near.tolist()]


@pytest.mark.parametrize("name", ZONES)
def test_local_times_back_to_instants(name: str, instants: np.ndarray) -> None:
    """zoneinfo with fold=0 takes the first of two instants, and the old offset in a gap: our rule."""
    info = ZoneInfo(name)
    zone = zones.load_zone(name)
    table, _ = zone.table(instants)
    starts = table.starts[(table.starts > micros(datetime(1880, 1, 1, tzinfo=UTC)))][:-1]
    steps = np.arange(-7_200, 7_201, 600) * cal.SECOND
    around = (starts[:, None] + np.concatenate([steps, steps - 1]) + zones.offset(starts, zone)[:, None]).ravel()
    local = np.concatenate([instants, around[::7]])

    def oracle(us: int) -> int:
        reading = (datetime(1970, 1, 1) + timedelta(microseconds=us)).replace(tzinfo=info)
        return micros(reading.astimezone(UTC))

    assert zones.to_utc(local, zone).tolist() == [oracle(us) for us in local.tolist()]
    back = zones.to_utc(zones.to_local(instants, zone), zone, zones.offset(instants, zone))
    assert (back == instants).all()


def test_gap_and_overlap() -> None:
    def at(*fields: int) -> int:
        return micros(datetime(*fields, tzinfo=UTC))

    local = np.array([at(2024, 3, 31, 2, 30), at(2024, 10, 27, 2, 30)])
    got = zones.to_utc(local, "Europe/Berlin")
    assert got.tolist() == [at(2024, 3, 31, 1, 30), at(2024, 10, 27, 0, 30)]
    assert zones.to_local(got, "Europe/Berlin").tolist() == [at(2024, 3, 31, 3, 30), at(2024, 10, 27, 2, 30)]
    second = zones.to_utc(local, "Europe/Berlin", np.full(2, cal.HOUR))
    assert second.tolist() == [at(2024, 3, 31, 1, 30), at(2024, 10, 27, 1, 30)]
    half = zones.to_utc(np.array([at(2024, 10, 6, 2, 15)]), "Australia/Lord_Howe")  # a gap of 30 minutes
    assert zones.to_local(half, "Australia/Lord_Howe").tolist() == [at(2024, 10, 6, 2, 45)]


@pytest.mark.parametrize("name", ZONES)
def test_daylight_saving_matches_zoneinfo(name: str, instants: np.ndarray) -> None:
    info = ZoneInfo(name)
    expected = [bool((EPOCH + timedelta(microseconds=us)).astimezone(info).dst()) for us in instants.tolist()]
    assert zones.is_dst(instants, name).tolist() == expected


def test_daylight_saving_where_winter_is_the_exception() -> None:
    days = np.array([micros(datetime(2024, month, 1, tzinfo=UTC)) for month in (1, 7)])
    assert zones.is_dst(days, "Europe/Dublin").tolist() == [False, True]


def test_abbreviations(instants: np.ndarray) -> None:
    codes, names = zones.abbreviation_codes(instants, "Europe/Berlin")
    info = ZoneInfo("Europe/Berlin")
    expected = [(EPOCH + timedelta(microseconds=us)).astimezone(info).tzname() for us in instants.tolist()]
    assert [names[code] for code in codes.tolist()] == expected


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("UTC", 0),
        ("z", 0),
        ("GMT", 0),
        ("+02:00", 2),
        ("-0330", -3.5),
        ("UTC+5", 5),
        ("PST", -8),
        ("cest", 2),
        ("EST", -5),
    ],
)
def test_fixed_zones(name: str, hours: float) -> None:
    us = np.array([0, 1_720_000_000_000_000])
    assert (zones.to_local(us, name) - us).tolist() == [int(hours * cal.HOUR)] * 2
    assert (zones.to_utc(zones.to_local(us, name), name) == us).all()


def test_names_in_any_case_and_candidates() -> None:
    assert zones.load_zone("europe/berlin").name == "Europe/Berlin"
    for wrong, hint in (
        ("Europe/Berln", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
    ):
        with pytest.raises(zones.ZoneError, match="did you mean") as caught:
            zones.load_zone(wrong)
        assert hint in caught.value.candidates
    for hopeless in ("", "Europe", "../etc/passwd", "+25:00", "localtime", "\0", "x" * 300):
        with pytest.raises(ValueError, match="unknown time zone"):
            zones.load_zone(hopeless)


def test_null_slots_and_empty_arrays() -> None:
    odd = np.array([cal.INAT, np.iinfo(np.int64).max, 0])
    for name in (*ZONES, "UTC", "+02:00"):
        zones.to_local(odd, name)
        zones.to_utc(odd, name)
        zones.is_dst(odd, name)
        assert len(zones.to_local(odd[:0], name)) == 0
        assert len(zones.to_utc(odd[:0], name)) == 0
