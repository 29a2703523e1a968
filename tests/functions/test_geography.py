"""HAVERSINE and BEARING: printed values, exactness near 0 and near the antipodes, errors."""

from __future__ import annotations

import math
from typing import Any

import pytest
from calling import apply
from hypothesis import given
from hypothesis import strategies as st
from oracles_math import haversine

from sheetline.functions.declare import Failure
from sheetline.functions.registry import REGISTRY
from sheetline.functions.resolve import Mismatch

RADIUS = 6366.70702
LATITUDE = st.floats(-90, 90)
LONGITUDE = st.floats(-180, 180)
RANGE = Failure("RANGE")


def test_printed_distances() -> None:
    rows = (36.27923, -109.258527, 36.274785, -109.271242)
    (kilometres,) = apply("HAVERSINE", *([x] for x in rows))
    assert kilometres == pytest.approx(1.241507731, rel=2e-9)
    (miles,) = apply("HAVERSINE", *([x] for x in rows), "mi")
    assert miles == pytest.approx(kilometres / 1.609344, rel=1e-15)


@pytest.mark.parametrize(("unit", "km"), [("km", 1.0), ("mi", 1.609344), ("m", 1e-3), ("ft", 3.048e-4), ("nmi", 1.852)])
def test_units_and_radius(unit: str, km: float) -> None:
    assert apply("HAVERSINE", [0.0], [0.0], [0.0], [90.0], unit) == [pytest.approx(RADIUS * math.pi / 2 / km)]
    assert apply("HAVERSINE", [0.0], 0, [0.0], 90, unit, 6371.0088) == [pytest.approx(6371.0088 * math.pi / 2 / km)]


@given(LATITUDE, LONGITUDE)
def test_identical_points_are_nothing_apart(lat: float, lon: float) -> None:
    assert apply("HAVERSINE", [lat], [lon], [lat], [lon]) == [0.0]
    assert apply("HAVERSINE", lat, [lon], lat, [lon]) == [0.0]


@given(LATITUDE, st.floats(0, 180))
def test_antipodes(lat: float, lon: float) -> None:
    (got,) = apply("HAVERSINE", [lat], [lon], [-lat], [lon - 180.0])
    assert got == pytest.approx(math.pi * RADIUS, rel=1e-12)


@given(LATITUDE, st.floats(0.001, 179), st.floats(-1e-3, 1e-3), st.floats(-1e-3, 1e-3))
def test_near_antipodes_as_exact_as_near_points(lat: float, lon: float, up: float, right: float) -> None:
    other = max(-90.0, min(90.0, -lat + up))
    (got,) = apply("HAVERSINE", [lat], [lon], [other], [lon - 180.0 + right])
    assert got == pytest.approx(haversine(lat, lon, other, lon - 180.0 + right), rel=1e-13)


@given(st.floats(-89, 89), LONGITUDE, st.floats(-1e-4, 1e-4), st.floats(-1e-4, 1e-4))
def test_close_points(lat: float, lon: float, up: float, right: float) -> None:
    lat2, lon2 = lat + up, max(-180.0, min(180.0, lon + right))
    (got,) = apply("HAVERSINE", [lat], [lon], [lat2], [lon2])
    assert got == pytest.approx(haversine(lat, lon, lat2, lon2), rel=1e-9, abs=1e-150)


def test_near_the_pole() -> None:
    """Half sums and differences of latitude lose nothing where cos φ1 · cos φ2 nearly vanishes."""
    (got,) = apply("HAVERSINE", [89.9999], [0.0], [89.9999], [180.0])
    assert got == pytest.approx(math.radians(0.0002) * RADIUS, rel=1e-9)


def test_one_meridian_has_two_names() -> None:
    assert apply("HAVERSINE", [12.5], [-180.0], [12.5], [180.0]) == [0.0]
    assert apply("HAVERSINE", [90.0], [10.0], [90.0], [-170.0]) == [0.0]


def test_errors_and_nulls() -> None:
    lat = [90.0, 90.5, None, 0.0, -91.0, 10.0]
    lon = [0.0, 0.0, 0.0, 180.5, None, -180.0]
    zero = [0.0] * 6
    got = apply("HAVERSINE", lat, lon, zero, zero)
    assert got[1:5] == [RANGE, None, RANGE, None]
    assert got[0] == pytest.approx(math.pi / 2 * RADIUS)
    assert apply("HAVERSINE", zero, zero, lat, lon)[1:5] == [RANGE, None, RANGE, None]
    assert apply("BEARING", lat, lon, zero, zero)[1:5] == [RANGE, None, RANGE, None]
    assert apply("HAVERSINE", [0.0], 0, 91, 0) == [RANGE]


@pytest.mark.parametrize(("unit", "radius"), [("mile", 6371.0), ("", 6371.0), ("km", 0.0), ("km", -1.0)])
def test_wrong_constants_are_found_before_the_run(unit: str, radius: float) -> None:
    with pytest.raises(Mismatch) as caught:
        apply("HAVERSINE", [0.0], [0.0], [0.0], [1.0], unit, radius)
    assert caught.value.reason == "value"
    assert caught.value.detail


@pytest.mark.parametrize(
    ("point", "wanted"), [((1.0, 0.0), 0.0), ((0.0, 1.0), 90.0), ((-1.0, 0.0), 180.0), ((0.0, -1.0), 270.0)]
)
def test_bearings(point: tuple[float, float], wanted: float) -> None:
    assert apply("BEARING", [0.0], [0.0], [point[0]], [point[1]]) == [pytest.approx(wanted)]


@given(LATITUDE, LONGITUDE, LATITUDE, LONGITUDE)
def test_bearing_is_below_a_full_turn(a: float, b: float, c: float, d: float) -> None:
    (got,) = apply("BEARING", [a], [b], [c], [d])
    assert 0 <= got < 360


def test_declared_as_in_the_catalogue() -> None:
    function: Any = REGISTRY.get("haversine")
    assert str(function.kernels[0].signature) == (
        'HAVERSINE(lat1:float; lon1:float; lat2:float; lon2:float; [unit:str const="km"]; '
        "[radius_km:float const=6366.70702]) -> float"
    )
