"""Points in polygons against shapely: any polygons, holes, corners and edges, hostile text."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np
import pytest
import shapely
from calling import apply
from hypothesis import given
from hypothesis import strategies as st

from sheetline.functions.declare import Failure
from sheetline.functions.resolve import Mismatch

RANGE = Failure("RANGE")
SQUARE = "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0))"
FRAME = "POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 3 1, 3 3, 1 3, 1 1))"


def star(random: Random, corners: int, x: float, y: float, size: float) -> list[tuple[float, float]]:
    angles = [2 * math.pi * k / corners for k in range(corners)]
    made = [(x + r * math.cos(a), y + r * math.sin(a)) for a, r in ((a, size * random.uniform(0.3, 1)) for a in angles)]
    return [*made, made[0]]


def text_of(geometry: Any) -> str:
    """Well-known text with all digits, which shapely's own leaves out."""

    def ring(line: Any) -> str:
        return "(" + ",".join(f"{x!r} {y!r}" for x, y in line.coords) + ")"

    parts = [geometry] if geometry.geom_type == "Polygon" else geometry.geoms
    texts = ["(" + ",".join(map(ring, [part.exterior, *part.interiors])) + ")" for part in parts]
    return "MULTIPOLYGON(" + ",".join(texts) + ")"


def check(geometry: Any, lon: list[float], lat: list[float]) -> None:
    wanted = shapely.intersects_xy(geometry, lon, lat)
    assert apply("INPOLYGON", lat, lon, text_of(geometry)) == wanted.tolist()


@pytest.mark.parametrize("corners", [3, 4, 7, 60, 3000])
def test_any_polygon(corners: int) -> None:
    random = Random(corners)
    polygon = shapely.Polygon(star(random, corners, 10, 50, 8), [star(random, corners, 10, 50, 2)])
    lon, lat = ([random.uniform(a - 9, a + 9) for _ in range(3000)] for a in (10, 50))
    ring = polygon.exterior.coords[: min(corners, 200)]
    check(polygon, lon + [x for x, _ in ring], lat + [y for _, y in ring])


def test_many_polygons_with_holes() -> None:
    random = Random(1)
    parts = []
    for k in range(40):
        x, y = -150 + k % 8 * 40, -60 + k // 8 * 25
        parts.append(shapely.Polygon(star(random, 12, x, y, 11), [star(random, 5, x, y, 3)]))
    lon, lat = ([random.uniform(-s, s) for _ in range(5000)] for s in (180, 80))
    check(shapely.MultiPolygon(parts), lon, lat)


def test_polygons_that_overlap_are_united() -> None:
    wkt = "MULTIPOLYGON(((0 0, 4 0, 4 4, 0 4, 0 0)), ((2 2, 6 2, 6 6, 2 6, 2 2)))"
    assert apply("INPOLYGON", [1.0, 3.0, 5.0, 5.0], [1.0, 3.0, 5.0, 1.0], wkt) == [True, True, True, False]


@given(
    st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=3, max_size=9, unique=True),
    st.lists(st.tuples(st.integers(-10, 10), st.integers(-10, 10)), min_size=1, max_size=30),
)
def test_corners_and_edges_belong_to_the_polygon(corners: list[tuple[int, int]], halves: list[tuple[int, int]]) -> None:
    polygon = shapely.Polygon(corners)
    if polygon.is_valid and polygon.area:
        check(polygon, [x / 2 for x, _ in halves], [y / 2 for _, y in halves])


def test_edges_of_holes_belong_to_the_polygon() -> None:
    lat, lon = [1.0, 2.0, 3.0, 2.0, 0.0, 4.0], [2.0, 1.0, 3.0, 2.0, 0.0, 5.0]
    assert apply("INPOLYGON", lat, lon, FRAME) == [True, True, True, False, True, False]


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1), st.integers(-2, 2))
def test_points_beside_an_edge(x1: float, y1: float, x2: float, y2: float, part: float, steps: int) -> None:
    """A rounding away from an edge is enough."""
    if (x1, y1) == (x2, y2) or min(map(abs, (x1, y1, x2, y2))) < 1e-100:
        return
    x, y = x1 + (x2 - x1) * part, y1 + (y2 - y1) * part
    for _ in range(abs(steps)):
        x = math.nextafter(x, math.copysign(math.inf, steps))
    triangle = shapely.Polygon([(x1, y1), (x2, y2), (-(y2 - y1) * 3 + x1, (x2 - x1) * 3 + y1)])
    if triangle.is_valid and abs(x) <= 180:
        check(triangle, [x], [y])


def test_points_that_are_none() -> None:
    assert apply("INPOLYGON", [None, 1.0, 91.0, 1.0], [1.0, None, 1.0, 200.0], SQUARE) == [None, None, RANGE, RANGE]
    assert apply("INPOLYGON", [1.0, 2.0], 1.0, SQUARE) == [True, True]
    assert apply("INPOLYGON", 1.0, [1.0, 9.0], SQUARE) == [True, False]


@pytest.mark.parametrize(
    "wkt",
    [
        "polygon ((0 0,4 0,4 4,0 4,0 0))",
        "SRID=4326;POLYGON((0 0, 4 0, 4 4, 0 4, 0 0))",
        "POLYGON Z ((0 0 7, 4 0 7, 4 4 7, 0 4 7, 0 0 7))",
        "  MULTIPOLYGON\n(((0 0, 4e0 0, 4 4, 0 4, 0 0)), EMPTY)  ",
    ],
)
def test_ways_to_write_a_square(wkt: str) -> None:
    assert apply("INPOLYGON", [1.0, 5.0], 2.0, wkt) == [True, False]


@pytest.mark.parametrize("wkt", ["POLYGON EMPTY", "MULTIPOLYGON EMPTY", "MULTIPOLYGON(EMPTY)"])
def test_nothing_lies_in_nothing(wkt: str) -> None:
    assert apply("INPOLYGON", [1.0, None], 2.0, wkt) == [False, None]


@pytest.mark.parametrize(
    ("wkt", "said"),
    [
        ("", "must begin with POLYGON"),
        ("POINT(1 2)", "must begin with POLYGON"),
        ("POLYGON", '"(" is missing at the end'),
        ("POLYGON((0 0, 4 0, 4 4, 0 4, 0 0)", "at the end"),
        ("POLYGON((0 0, 4 0, 4 4, 0 4, 0 0)) x", "stands behind its end"),
        ("POLYGON((0 0, 4 0, 4 4, 0 4))", "the last point of a ring must be its first"),
        ("POLYGON((0 0, 4 0, 0 0))", "four points"),
        ("POLYGON((0 0, 4 x, 4 4, 0 0))", '"x" is no number'),
        ("POLYGON((0 0, 4, 4 4, 0 0))", "a longitude and a latitude"),
        ("POLYGON((0 0, 4 nan, 4 4, 0 0))", "finite"),
        ("POLYGON((0 0, 4 inf, 4 4, 0 0))", "finite"),
        ("POLYGON((48 160, 49 160, 49 161, 48 160))", "longitude (±180), then latitude (±90)"),
        ("POLYGON((((((((", "a ring is missing"),
        ("POLYGON" + "(" * 100_000, "a ring is missing"),
        ("POLYGON((" + "1 2, " * 100_000, "a ring is missing"),
        ("POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), ())", "a longitude and a latitude"),
        ("😀\x00", "must begin with POLYGON"),
    ],
)
def test_text_that_is_no_polygon_is_refused(wkt: str, said: str) -> None:
    with pytest.raises(Mismatch) as caught:
        apply("INPOLYGON", [1.0], [1.0], wkt)
    assert said in caught.value.detail
    assert len(caught.value.detail) < 250


def test_a_comb_of_tall_teeth() -> None:
    """Every edge stands beside every point: slow, but neither wrong nor beyond memory."""
    teeth = 4000
    xs = np.linspace(-170, 170, 2 * teeth + 1)
    top = [(float(x), 80.0 if k % 2 else -79.0) for k, x in enumerate(xs)]
    polygon = shapely.Polygon([*top, (170.0, -80.0), (-170.0, -80.0)])
    random = Random(6)
    check(polygon, [random.uniform(-170, 170) for _ in range(200)], [random.uniform(-80, 80) for _ in range(200)])
