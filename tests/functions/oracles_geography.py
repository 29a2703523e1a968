"""Scalar oracles of geography: plain formulas, bisection, geographiclib, regular expressions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import shapely
from geographiclib.geodesic import Geodesic

from sheetline.functions.declare import Failure

RANGE, NUM, PARSE, VALUE = (Failure(code) for code in ("RANGE", "NUM", "PARSE", "VALUE"))
RADIUS = 6366.70702
KILOMETRES = {"km": 1.0, "mi": 1.609344, "m": 0.001, "ft": 0.0003048, "nmi": 1.852}
LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"

Vector = tuple[float, float, float]


def outside(*points: float) -> bool:
    """Whether a latitude or longitude, in turns, is none."""
    return any(abs(x) > (90, 180)[place % 2] for place, x in enumerate(points))


def vector(lat: float, lon: float) -> Vector:
    p, q = math.radians(lat), math.radians(lon)
    return math.cos(p) * math.cos(q), math.cos(p) * math.sin(q), math.sin(p)


def angles(v: Vector) -> tuple[float, float]:
    return math.degrees(math.atan2(v[2], math.hypot(v[0], v[1]))), math.degrees(math.atan2(v[1], v[0]))


def destination(part: int) -> Callable[..., Any]:
    """By vectors of the globe: the point, and the directions north and east of it."""

    def oracle(lat: float, lon: float, bearing: float, distance: float, unit: str = "km") -> Any:
        if outside(lat, lon):
            return RANGE
        if max(abs(bearing), abs(distance)) > 1e6:
            return None  # nobody knows the digits of such an angle
        p, q = math.radians(lat), math.radians(lon)
        here = vector(lat, lon)
        north = (-math.sin(p) * math.cos(q), -math.sin(p) * math.sin(q), math.cos(p))
        east = (-math.sin(q), math.cos(q), 0.0)
        course, way = math.radians(bearing), distance * KILOMETRES[unit] / RADIUS
        ahead = [math.cos(course) * n + math.sin(course) * e for n, e in zip(north, east, strict=True)]
        end = tuple(math.cos(way) * h + math.sin(way) * a for h, a in zip(here, ahead, strict=True))
        return angles(end)[part]  # type: ignore[arg-type]

    return oracle


def midpoint(part: int) -> Callable[..., Any]:
    def oracle(lat1: float, lon1: float, lat2: float, lon2: float) -> Any:
        if outside(lat1, lon1, lat2, lon2):
            return RANGE
        x, y, z = (a + b for a, b in zip(vector(lat1, lon1), vector(lat2, lon2), strict=True))
        return NUM if abs(x) + abs(y) + abs(z) < 1e-12 else angles((x, y, z))[part]

    return oracle


def vincenty(lat1: float, lon1: float, lat2: float, lon2: float, unit: str = "km") -> Any:
    if outside(lat1, lon1, lat2, lon2):
        return RANGE
    return Geodesic.WGS84.Inverse(lat1, lon1, lat2, lon2)["s12"] / 1000 / KILOMETRES[unit]


def geohash(lat: float, lon: float, precision: int = 9) -> Any:
    """By halving."""
    if outside(lat, lon) or not 1 <= precision <= 12:
        return RANGE
    spans = [[Fraction(-180), Fraction(180)], [Fraction(-90), Fraction(90)]]
    code = 0
    for bit in range(5 * precision):
        low, high = spans[bit % 2]
        middle, value = (low + high) / 2, (lon, lat)[bit % 2]
        above = value >= middle
        spans[bit % 2] = [middle, high] if above else [low, middle]
        code = code * 2 + above
    return "".join(LETTERS[code >> 5 * place & 31] for place in range(precision - 1, -1, -1))


def geohash_middle(part: int) -> Callable[[str], Any]:
    def oracle(text: str) -> Any:
        if not text.isascii() or not 1 <= len(text) <= 12 or set(text.lower()) - set(LETTERS):
            return PARSE
        spans = [[Fraction(-90), Fraction(90)], [Fraction(-180), Fraction(180)]]
        bits = "".join(f"{LETTERS.index(letter):05b}" for letter in text.lower())
        for number, bit in enumerate(bits):
            span = spans[1 - number % 2]
            span[bit == "0"] = sum(span) / 2  # type: ignore[assignment]
        return float(sum(spans[part]) / 2)

    return oracle


def in_box(lat: float, lon: float, south: float, west: float, north: float, east: float) -> Any:
    if south > north:
        return VALUE
    if outside(lat, lon, south, west, north, east):
        return RANGE
    across = west <= lon <= east if west <= east else lon >= west or lon <= east
    return south <= lat <= north and across


def in_polygon(lat: float, lon: float, wkt: str) -> Any:
    if outside(lat, lon):
        return RANGE
    return bool(shapely.from_wkt(wkt).intersects(shapely.Point(lon, lat)))


def utm_zone(lat: float, lon: float) -> Any:
    if not -80 <= lat <= 84 or abs(lon) > 180:
        return RANGE
    band = "CDEFGHJKLMNPQRSTUVWXX"[int((lat + 80) // 8)]
    zone = 1 if lon == 180 else int((lon + 180) // 6) + 1
    if 56 <= lat < 64 and 3 <= lon < 12:
        zone = 32
    if lat >= 72 and 0 <= lon < 42:
        zone = 31 if lon < 9 else 33 if lon < 21 else 35 if lon < 33 else 37
    return f"{zone}{band}"


def tile(lat: float, lon: float, zoom: int) -> Any:
    if outside(lat, lon) or not 0 <= zoom <= 30:
        return RANGE
    width = 2**zoom
    x = math.floor((lon + 180) / 360 * width)
    sine = math.sin(math.radians(max(-89.0, min(89.0, lat))))
    y = math.floor((0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * width)
    return f"{zoom}/{min(max(x, 0), width - 1)}/{min(max(y, 0), width - 1)}"


SPLIT = re.compile(r"([NSEW]?)([+\-\u2212]?)(\d{1,3}(?:\.\d+)?)(.*?)([NSEW]?)", re.DOTALL)


def dms(text: str) -> Any:
    """By hand: cut off the side and the sign, then number by number with the sign behind each."""
    if not text.isascii() and not set(text) & set("°′″’”º\u2212"):
        return PARSE
    rest = text.strip("\t\n\x0b\x0c\r ")
    side = ""
    for found in (rest[:1], rest[-1:]):
        if found and found in "NSEW":
            side += found
    rest = rest.strip("NSEW") if len(side) < 2 else "x"
    rest = rest.strip()
    negative = side in ("S", "W") if side else False
    if rest[:1] and rest[0] in "+-\u2212":
        if side:
            return PARSE
        negative, rest = rest[0] != "+", rest[1:].strip()
    marks = ["°º˚d:", "'′’´m:", '"″”“s']
    found_numbers: list[str] = []
    for place in range(3):
        match = re.match(r"\d+(\.\d+)?", rest, re.ASCII)
        if match is None:
            break
        found_numbers.append(match[0])
        rest = rest[match.end() :]
        blank = rest.lstrip()
        if place == 2 and blank[:2] in ("''", "′′", "’’"):
            rest = blank[2:].lstrip()
        elif blank[:1] and blank[0] in marks[place]:
            rest = blank[1:].lstrip()
            if blank[0] == ":" and not rest:
                return PARSE
        elif rest != blank:
            rest = blank
        elif rest:
            return PARSE
    if rest or not found_numbers or any("." in number for number in found_numbers[:-1]):
        return PARSE
    whole = [len(number.partition(".")[0]) for number in found_numbers]
    if whole[0] > 3 or any(length > 2 for length in whole[1:]):
        return PARSE
    numbers = [float(number) for number in found_numbers]
    total = sum(Fraction(number) / 60**place for place, number in enumerate(found_numbers))
    if any(number >= 60 for number in numbers[1:]) or total > (90 if side in ("N", "S") and side else 180):
        return RANGE
    return -float(total) if negative else float(total)


_PLAIN: dict[str, Callable[..., Any]] = {
    "DESTINATIONLAT": destination(0),
    "DESTINATIONLON": destination(1),
    "MIDPOINTLAT": midpoint(0),
    "MIDPOINTLON": midpoint(1),
    "VINCENTY": vincenty,
    "GEOHASH": geohash,
    "GEOHASHLAT": geohash_middle(0),
    "GEOHASHLON": geohash_middle(1),
    "INBBOX": in_box,
    "INPOLYGON": in_polygon,
    "UTMZONE": utm_zone,
    "TILE": tile,
    "DMSTODECIMAL": dms,
    "ISLATITUDE": lambda x: abs(x) <= 90,
    "ISLONGITUDE": lambda x: abs(x) <= 180,
}

LOOSE = {"VINCENTY": 1e-9}
#: A millionth of a degree is 0.1 m; the last digits of longitudes near a pole mean nothing.
NEAR = dict.fromkeys(("DESTINATIONLAT", "DESTINATIONLON", "MIDPOINTLAT", "MIDPOINTLON"), 1e-9) | {"VINCENTY": 1e-6}


def oracles(unknown: Any = None) -> dict[str, Callable[..., Any]]:
    """The oracles by name; they answer ``unknown`` where they can't judge."""

    def made(plain: Callable[..., Any]) -> Callable[..., Any]:
        def oracle(*args: Any) -> Any:
            found = plain(*args)
            return unknown if found is None else found

        return oracle

    return {name: made(plain) for name, plain in _PLAIN.items()}
