"""Points, zones, tiles and geohashes against other formulas, geographiclib, pygeohash and published values."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pygeohash
import pytest
from calling import apply
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st
from oracles_geography import NEAR, oracles, outside

from sheetline.functions.declare import Failure

ORACLES = oracles()
NUM, PARSE, RANGE, VALUE = (Failure(code) for code in ("NUM", "PARSE", "RANGE", "VALUE"))
LATITUDE, LONGITUDE = st.floats(-90, 90), st.floats(-180, 180)


def points(random: Random, count: int) -> list[tuple[float, float]]:
    special = [0.0, 90.0, -90.0, 45.0, -45.0, 84.0, 72.0, 64.0, 56.0, -80.0, 33.75, 12.0, 9.0, 3.0, 21.0, 42.0]
    made = []
    for _ in range(count):
        lat = random.choice(special) if random.random() < 0.3 else random.uniform(-90, 90)
        lon = random.choice([*special, 180.0, -180.0, 179.999]) if random.random() < 0.3 else random.uniform(-180, 180)
        made.append((lat, lon))
    return made


def columns(rows: list[Any]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def turned(a: float, b: float) -> float:
    """How far longitudes are apart."""
    return abs((a - b + 180) % 360 - 180)


@pytest.mark.parametrize("unit", ["km", "mi", "m", "ft", "nmi"])
def test_destinations(unit: str) -> None:
    random = Random(unit)
    rows = [
        (*p, random.uniform(-400, 400), random.uniform(-1, 1) * 10 ** random.randint(0, 5)) for p in points(random, 400)
    ]
    lats, lons = (apply(f"DESTINATION{part}", *columns(rows), unit) for part in ("LAT", "LON"))
    for row, lat, lon in zip(rows, lats, lons, strict=True):
        assert lat == pytest.approx(ORACLES["DESTINATIONLAT"](*row, unit), abs=1e-7), row
        assert abs(lon) <= 180
        if abs(row[0]) < 89.999 and abs(lat) < 89.999:
            assert turned(lon, ORACLES["DESTINATIONLON"](*row, unit)) < 1e-7, row


def test_destinations_lead_where_bearing_and_distance_say() -> None:
    random = Random(8)
    rows = [(*a, *b) for a, b in zip(points(random, 300), points(random, 300), strict=True)]
    rows = [row for row in rows if abs(row[0]) < 89 and turned(row[1], row[3]) < 179]
    lat1, lon1, lat2, lon2 = columns(rows)
    bearing, distance = (apply(name, lat1, lon1, lat2, lon2) for name in ("BEARING", "HAVERSINE"))
    assert apply("DESTINATIONLAT", lat1, lon1, bearing, distance) == pytest.approx(lat2, abs=1e-6)
    middle = [apply(f"MIDPOINT{part}", lat1, lon1, lat2, lon2) for part in ("LAT", "LON")]
    half = [d / 2 for d in distance]
    assert apply("HAVERSINE", lat1, lon1, *middle) == pytest.approx(half, abs=1e-6)
    assert apply("HAVERSINE", *middle, lat2, lon2) == pytest.approx(half, abs=1e-6)


def test_midpoints() -> None:
    random = Random(9)
    rows = [(*a, *b) for a, b in zip(points(random, 500), points(random, 500), strict=True)]
    lats, lons = (apply(f"MIDPOINT{part}", *columns(rows)) for part in ("LAT", "LON"))
    for row, lat, lon in zip(rows, lats, lons, strict=True):
        wanted = [ORACLES[f"MIDPOINT{part}"](*row) for part in ("LAT", "LON")]
        assert lat == pytest.approx(wanted[0], abs=NEAR["MIDPOINTLAT"]) if wanted[0] != NUM else lat == NUM, row
        if lat != NUM and abs(lat) < 89.99:
            assert turned(lon, wanted[1]) < 1e-8, row
            assert abs(lon) <= 180
    assert apply("MIDPOINTLAT", [30.0], 20.0, -30.0, -160.0) == [NUM]
    assert apply("MIDPOINTLON", [10.0, None, 91.0], 5.0, 10.0, 5.0) == [5.0, None, RANGE]


# ---------------------------------------------------------------- the ellipsoid


def test_published_geodesics() -> None:
    # T. Vincenty (1975) has other ellipsoids; Geoscience Australia's line is on GRS80, which is WGS84 to 0.1 mm
    (got,) = apply("VINCENTY", [-37.95103341666667], 144.42486788888888, -37.65282113888889, 143.92649552777777, "m")
    assert got == pytest.approx(54972.271, abs=1e-3)
    (quadrant,) = apply("VINCENTY", [0.0], 0.0, 90.0, 0.0)
    assert quadrant == pytest.approx(10001.965729, abs=1e-6)


@pytest.mark.parametrize("near", [None, 2.0, 0.5, 1e-2, 1e-5, 1e-9, 0.0])
def test_distances_on_the_ellipsoid(near: float | None) -> None:
    """Any two points, and nearly antipodal ones."""
    random = Random(str(near))
    rows = []
    for lat, lon in points(random, 150):
        lat2, lon2 = points(random, 1)[0]
        if near is not None:
            lat2 = max(-90.0, min(90.0, -lat + random.uniform(-near, near)))
            lon2 = lon + (180 if lon <= 0 else -180) + (-1 if lon <= 0 else 1) * random.uniform(0, near)
        rows.append((lat, lon, lat2, lon2))
    got = apply("VINCENTY", *columns(rows), "m")
    for row, value in zip(rows, got, strict=True):
        assert value == pytest.approx(Geodesic.WGS84.Inverse(*row)["s12"], abs=2e-4), row


def test_close_and_equal_points() -> None:
    lat, lon, other = [48.2, 90.0, 0.0, -90.0], [16.4, 10.0, 180.0, 5.0], [16.4, -50.0, -180.0, 9.0]
    same = apply("VINCENTY", lat, lon, lat, other)
    assert same[0] == 0.0
    assert same == pytest.approx([0.0] * 4, abs=1e-12)
    (got,) = apply("VINCENTY", [48.2], 16.4, 48.20001, 16.4, "m")
    assert got == pytest.approx(Geodesic.WGS84.Inverse(48.2, 16.4, 48.20001, 16.4)["s12"], abs=1e-7)
    assert apply("VINCENTY", [None, 95.0], 0.0, 0.0, 0.0) == [None, RANGE]


def test_a_row_of_distances_stands_for_itself() -> None:
    random = Random(11)
    rows = [
        (lat, lon, -lat + random.uniform(-0.4, 0.4), lon - 180)
        for lat, lon in points(random, 40)
        if lon >= 0 and abs(lat) < 89
    ]
    rows += [(*a, *b) for a, b in zip(points(random, 40), points(random, 40), strict=True)]
    assert apply("VINCENTY", *columns(rows)) == [apply("VINCENTY", *columns([row]))[0] for row in rows]


# ---------------------------------------------------------------- geohashes


@given(LATITUDE, LONGITUDE, st.integers(1, 12))
def test_geohashes_by_halving(lat: float, lon: float, precision: int) -> None:
    assert apply("GEOHASH", [lat], [lon], [precision]) == [ORACLES["GEOHASH"](lat, lon, precision)]
    assert apply("GEOHASH", [lat], lon, precision) == [ORACLES["GEOHASH"](lat, lon, precision)]


@given(st.integers(-(2**20), 2**20), st.integers(-(2**20), 2**20), st.sampled_from([-1, 0, 1]))
def test_geohashes_at_the_edges_of_cells(up: int, right: int, step: int) -> None:
    lat, lon = up * 90 / 2**20, right * 180 / 2**20
    for _ in range(abs(step)):
        lat, lon = math.nextafter(lat, step * math.inf), math.nextafter(lon, step * math.inf)
    if not outside(lat, lon):
        assert apply("GEOHASH", [lat], [lon], 12) == [ORACLES["GEOHASH"](lat, lon, 12)]


def test_geohashes_against_a_library() -> None:
    random = Random(5)
    rows = [(random.uniform(-90, 90), random.uniform(-180, 180), random.randint(1, 12)) for _ in range(500)]
    got = apply("GEOHASH", *columns(rows))
    assert got == [pygeohash.encode(lat, lon, precision) for lat, lon, precision in rows]
    middles = list(zip(apply("GEOHASHLAT", got), apply("GEOHASHLON", got), strict=True))
    for text, middle in zip(got, middles, strict=True):
        exact = pygeohash.decode_exactly(text)
        assert middle == pytest.approx((exact[0], exact[1]), abs=1e-9)
        assert middle == (ORACLES["GEOHASHLAT"](text), ORACLES["GEOHASHLON"](text))


def test_published_geohashes() -> None:
    lat, lon = [57.64911, 42.6, 0.0, 90.0, -90.0], [10.40744, -5.6, 0.0, 180.0, -180.0]
    assert apply("GEOHASH", lat, lon, [11, 5, 3, 3, 3]) == ["u4pruydqqvj", "ezs42", "s00", "zzz", "000"]
    assert apply("GEOHASH", [0.0, None, 0.0, 0.0], 0.0, [0, 5, None, 13]) == [RANGE, None, None, RANGE]


@pytest.mark.parametrize("text", ["", "a", "ezs4i", "s" * 13, "é", "😀", "ezs 42", "s\x00", "EZS42", "z" * 12])
def test_texts_that_may_be_geohashes(text: str) -> None:
    for name in ("GEOHASHLAT", "GEOHASHLON"):
        assert apply(name, [None, text]) == [None, ORACLES[name](text)]


# ---------------------------------------------------------------- zones, tiles, boxes

ZONES = {
    (48.2, 16.37): "33U", (60.39, 5.32): "32V", (59.9, 2.99): "31V", (64.0, 5.0): "31W", (56.0, 3.0): "32V",
    (78.2, 15.6): "33X", (72.0, 8.9): "31X", (72.0, 9.0): "33X", (80.0, 21.0): "35X", (84.0, 41.9): "37X",
    (84.0, 42.0): "38X", (71.99, 8.0): "32W", (0.0, 0.0): "31N", (-0.1, -0.1): "30M", (-80.0, -180.0): "1C",
    (10.0, 180.0): "1P", (-33.9, 151.2): "56H", (40.7, -74.0): "18T",
}  # fmt: skip


def test_zones() -> None:
    assert apply("UTMZONE", *columns(list(ZONES))) == list(ZONES.values())
    rows = points(Random(2), 2000)
    assert apply("UTMZONE", *columns(rows)) == [ORACLES["UTMZONE"](*row) for row in rows]
    assert apply("UTMZONE", [84.01, -80.01, None, 1.0], [0.0, 0.0, 0.0, 181.0]) == [RANGE, RANGE, None, RANGE]


def test_tiles() -> None:
    random = Random(3)
    rows = [(*point, random.randint(0, 22)) for point in points(random, 1000)]
    assert apply("TILE", *columns(rows)) == [ORACLES["TILE"](*row) for row in rows]
    assert apply("TILE", [85.06, -85.06, 90.0, -90.0], [-180.0, 180.0, 0.0, 179.99], 3) == [
        "3/0/0",
        "3/7/7",
        "3/4/0",
        "3/7/7",
    ]
    assert apply("TILE", [0.0, None, 0.0], 0.0, [-1, 5, None]) == [RANGE, None, None]


def test_boxes() -> None:
    random = Random(4)
    rows = []
    for point in points(random, 1500):
        (south, west), (north, east) = points(random, 2)
        rows.append((*point, south, west, north, east))
    got = apply("INBBOX", *columns(rows))
    assert got == [ORACLES["INBBOX"](*row) for row in rows]
    assert {True, False, VALUE} == set(got)
    assert apply("INBBOX", [1.0, None], 1.0, 1.0, 1.0, 1.0, 1.0) == [True, None]


def test_what_can_be_a_latitude() -> None:
    values = [90.0, -90.0, 90.0000001, 180.0, -180.0, 180.1, None, 1e300]
    assert apply("ISLATITUDE", values) == [True, True, False, False, False, False, None, False]
    assert apply("ISLONGITUDE", values) == [True, True, True, True, True, False, None, False]


# ---------------------------------------------------------------- written coordinates

WRITTEN = {
    "48°12'30\"N": 48 + 12.5 / 60, "48° 12′ 30″ N": 48 + 12.5 / 60, "N48°12.5'": 48 + 12.5 / 60,
    "48 12 30": 48 + 12.5 / 60,
    "48:12:30.36": 48.2084333333333333, "48d12m30s": 48 + 12.5 / 60, "48.2083°": 48.2083, "-48.2083": -48.2083,
    "16°22'0''W": -(16 + 22 / 60), "S 33 52": -(33 + 52 / 60), "180": 180.0, "-0°30'": -0.5, "+7": 7.0,
    "\u22127°": -7.0,
    "122°W": -122.0, " 7° E ": 7.0, "90 S": -90.0, "0°0'0.0\"": 0.0,
}  # fmt: skip
UNREAD = [
    "",
    "N",
    "north",
    "48,2",
    "4812",
    "48°12.5'30\"",
    "48.5°30'",
    "N 48 S",
    "-48 N",
    "48 12 30 15",
    "48°12'3x",
    "1234",
    "48-12",
    "é",
]


def test_written_coordinates() -> None:
    assert apply("DMSTODECIMAL", list(WRITTEN)) == pytest.approx(list(WRITTEN.values()), rel=1e-15)
    assert [ORACLES["DMSTODECIMAL"](text) for text in WRITTEN] == pytest.approx(list(WRITTEN.values()), rel=1e-15)
    assert apply("DMSTODECIMAL", UNREAD) == [PARSE] * len(UNREAD)
    assert apply("DMSTODECIMAL", ["48°60'", "48°0'60\"", "90°0'1\"N", "181 E", None]) == [RANGE] * 4 + [None]


@given(st.lists(st.text(st.sampled_from("0123456789 NSEWnsd°′″'\":.m-+é"), max_size=14), min_size=1, max_size=6))
def test_any_text_as_coordinates(texts: list[str]) -> None:
    got = apply("DMSTODECIMAL", texts)
    for text, value in zip(texts, got, strict=True):
        wanted = ORACLES["DMSTODECIMAL"](text)
        assert value == (pytest.approx(wanted, rel=1e-14, abs=1e-300) if isinstance(wanted, float) else wanted), text
