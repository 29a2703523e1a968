"""Points on the globe: where a way leads, middles, boxes, zones and tiles of maps, and written coordinates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, text_array, text_scalar
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.geography import CATEGORY, LATITUDE, LONGITUDE, kilometres
from sheetline.functions.text_support import as_rows, kernels

RADIUS = 6366.70702  #: kilometres, as HAVERSINE has it

_OUTSIDE = "A latitude outside ±90 or a longitude outside ±180 gives the error RANGE."
_SPHERE = (
    "On HAVERSINE's sphere, whose arc minute is a nautical mile of 1.852 km. The bearing is in degrees from north over"
    ' east. Units: "km", "mi" (1.609344 km), "m", "ft", "nmi".'
)


def _wrapped(longitude: Any) -> Any:
    """Bring longitudes that are at most one turn out back to ±180."""
    return np.where(longitude > 180.0, longitude - 360.0, np.where(longitude < -180.0, longitude + 360.0, longitude))


def _way(lat: Any, bearing: Any, distance: Any, unit: float) -> tuple[Any, Any, Any]:
    """Return the end of a way as a vector: ahead (along the start's meridian plane), east, and up the axis."""
    start, course = np.radians(lat), np.radians(np.fmod(bearing, 360.0))
    angle = np.multiply(distance, unit / RADIUS)
    cosine, sine = np.cos(angle), np.sin(angle)
    ahead = np.cos(start) * cosine - np.sin(start) * sine * np.cos(course)
    axis = np.sin(start) * cosine + np.cos(start) * sine * np.cos(course)
    return ahead, sine * np.sin(course), axis


@function(
    'DESTINATIONLAT(lat:float; lon:float; bearing:float; distance:float; [unit:str const="km"]) -> float',
    category=CATEGORY,
    summary="The latitude that one reaches from a point in a direction after a distance on a great circle.",
    examples=[
        Example('DESTINATIONLAT(0;0;0;60;"nmi")', 1.0, digits=6),
        Example('DESTINATIONLAT(89;0;0;120;"nmi")', 89.0, digits=6),
        Example("DESTINATIONLAT(91;0;0;1)", Failure("RANGE")),
        Example("DESTINATIONLAT(0;0;0;null)", None),
    ],
    domain={"lat": LATITUDE, "lon": LONGITUDE},
    prepare={"unit": kilometres},
    notes=f"{_SPHERE} A negative distance leads backwards.",
    error_note=_OUTSIDE,
)
def destinationlat(lat: Any, lon: Any, bearing: Any, distance: Any, unit: Any) -> Any:
    ahead, east, axis = _way(lat, bearing, distance, unit)
    return np.degrees(np.arctan2(axis, np.hypot(ahead, east)))


@function(
    'DESTINATIONLON(lat:float; lon:float; bearing:float; distance:float; [unit:str const="km"]) -> float',
    category=CATEGORY,
    summary="The longitude that one reaches from a point in a direction after a distance on a great circle.",
    examples=[
        Example('DESTINATIONLON(0;0;90;60;"nmi")', 1.0, digits=6),
        Example('DESTINATIONLON(0;179.5;90;60;"nmi")', -179.5, digits=6),
        Example("DESTINATIONLON(0;181;90;1)", Failure("RANGE")),
        Example("DESTINATIONLON(0;null;90;1)", None),
    ],
    domain={"lat": LATITUDE, "lon": LONGITUDE},
    prepare={"unit": kilometres},
    notes=f"{_SPHERE} The result lies within ±180; at a pole any longitude would be right.",
    error_note=_OUTSIDE,
)
def destinationlon(lat: Any, lon: Any, bearing: Any, distance: Any, unit: Any) -> Any:
    ahead, east, _ = _way(lat, bearing, distance, unit)
    return _wrapped(lon + np.degrees(np.arctan2(east, ahead)))


def _middle(lat1: Any, lon1: Any, lat2: Any, lon2: Any, ctx: Call) -> tuple[Any, Any, Any]:
    """Return the sum of two points as a vector: ahead (in the first one's meridian plane), east, and up the axis."""
    one, two, turn = np.radians(lat1), np.radians(lat2), np.radians(np.subtract(lon2, lon1))
    ahead = np.cos(one) + np.cos(two) * np.cos(turn)
    east = np.cos(two) * np.sin(turn)
    axis = np.sin(one) + np.sin(two)
    nothing = np.abs(ahead) + np.abs(east) + np.abs(axis) < 1e-12
    ctx.fail(nothing, "NUM", f"{ctx.function}: antipodes have no single midpoint")
    return ahead, east, axis


@function(
    "MIDPOINTLAT(lat1:float; lon1:float; lat2:float; lon2:float) -> float",
    category=CATEGORY,
    summary="The latitude of the point half way between two points on their great circle.",
    examples=[
        Example("MIDPOINTLAT(0;0;0;90)", 0.0),
        Example("MIDPOINTLAT(60;0;60;180)", 90.0),
        Example("MIDPOINTLAT(10;0;-10;180)", Failure("NUM")),
        Example("MIDPOINTLAT(0;0;0;null)", None),
    ],
    domain={"lat1": LATITUDE, "lon1": LONGITUDE, "lat2": LATITUDE, "lon2": LONGITUDE},
    error_note=f"{_OUTSIDE} Antipodes have no single midpoint: NUM.",
)
def midpointlat(lat1: Any, lon1: Any, lat2: Any, lon2: Any, ctx: Call) -> Any:
    ahead, east, axis = _middle(lat1, lon1, lat2, lon2, ctx)
    return np.degrees(np.arctan2(axis, np.hypot(ahead, east)))


@function(
    "MIDPOINTLON(lat1:float; lon1:float; lat2:float; lon2:float) -> float",
    category=CATEGORY,
    summary="The longitude of the point half way between two points on their great circle.",
    examples=[
        Example("MIDPOINTLON(0;0;0;90)", 45.0, digits=12),
        Example("MIDPOINTLON(0;170;0;-160)", -175.0, digits=12),
        Example("MIDPOINTLON(0;0;0;180)", Failure("NUM")),
        Example("MIDPOINTLON(0;0;null;90)", None),
    ],
    domain={"lat1": LATITUDE, "lon1": LONGITUDE, "lat2": LATITUDE, "lon2": LONGITUDE},
    notes="The result lies within ±180; at a pole any longitude would be right.",
    error_note=f"{_OUTSIDE} Antipodes have no single midpoint: NUM.",
)
def midpointlon(lat1: Any, lon1: Any, lat2: Any, lon2: Any, ctx: Call) -> Any:
    ahead, east, _ = _middle(lat1, lon1, lat2, lon2, ctx)
    return _wrapped(lon1 + np.degrees(np.arctan2(east, ahead)))


# ---------------------------------------------------------------- tests


@function(
    "ISLATITUDE(x:float) -> bool",
    category=CATEGORY,
    summary="Whether a number can be a latitude: from -90 to 90.",
    examples=[
        Example("ISLATITUDE(-90)", True),
        Example("ISLATITUDE(90.1)", False),
        Example("ISLATITUDE(null)", None),
    ],
)
def islatitude(x: Any) -> Any:
    return np.abs(x) <= LATITUDE[1]


@function(
    "ISLONGITUDE(x:float) -> bool",
    category=CATEGORY,
    summary="Whether a number can be a longitude: from -180 to 180.",
    examples=[
        Example("ISLONGITUDE(180)", True),
        Example("ISLONGITUDE(-180.5)", False),
        Example("ISLONGITUDE(null)", None),
    ],
)
def islongitude(x: Any) -> Any:
    return np.abs(x) <= LONGITUDE[1]


@function(
    "INBBOX(lat:float; lon:float; south:float; west:float; north:float; east:float) -> bool",
    category=CATEGORY,
    summary="Whether a point lies in a box of latitudes and longitudes, its edges included.",
    examples=[
        Example("INBBOX(48.2;16.37;46.4;9.5;49.1;17.2)", True),
        Example("INBBOX(10;-179;0;170;20;-170)", True),
        Example("INBBOX(10;0;0;170;20;-170)", False),
        Example("INBBOX(10;0;20;0;0;10)", Failure("VALUE")),
        Example("INBBOX(null;0;0;0;20;10)", None),
    ],
    domain={
        "lat": LATITUDE, "lon": LONGITUDE,
        "south": LATITUDE, "west": LONGITUDE, "north": LATITUDE, "east": LONGITUDE,
    },
    notes="A box whose west is greater than its east crosses the 180th meridian.",
    error_note=f"{_OUTSIDE} A south above the north gives VALUE.",
)  # fmt: skip
def inbbox(lat: Any, lon: Any, south: Any, west: Any, north: Any, east: Any, ctx: Call) -> Any:
    ctx.fail(np.greater(south, north), "VALUE", "INBBOX: the south {2} is above the north {4}")
    above, below = np.greater_equal(lon, west), np.less_equal(lon, east)
    across = np.where(np.less_equal(west, east), above & below, above | below)
    return across & np.greater_equal(lat, south) & np.less_equal(lat, north)


# ---------------------------------------------------------------- zones and tiles

_BANDS = "CDEFGHJKLMNPQRSTUVWX"  #: of 8 degrees from 80° S; the last one has 12
_ZONES = [f"{zone}{band}" for band in _BANDS for zone in range(1, 61)]
#: Svalbard: longitudes below which the zones of band X end, and the zones.
_SVALBARD_EDGES, _SVALBARD_ZONES = (9.0, 21.0, 33.0), (31, 33, 35, 37)


@function(
    "UTMZONE(lat:float; lon:float) -> str",
    category=CATEGORY,
    summary="The zone of the Universal Transverse Mercator grid, with the letter of its band.",
    examples=[
        Example("UTMZONE(48.2;16.37)", "33U"),
        Example("UTMZONE(60.39;5.32)", "32V"),
        Example("UTMZONE(78.2;15.6)", "33X"),
        Example("UTMZONE(-85;0)", Failure("RANGE")),
        Example("UTMZONE(48.2;null)", None),
    ],
    domain={"lat": (-80.0, 84.0), "lon": LONGITUDE},
    notes=(
        "Zone 32 is wider in southern Norway (band V), and the zones 31, 33, 35 and 37 share Svalbard (band X). A"
        " meridian between two zones belongs to the eastern one; 180 is -180."
    ),
    error_note="RANGE outside 80° S to 84° N, where the grid ends, and for a longitude outside ±180.",
    source="NGA.SIG.0012, The Universal Grids and the Transverse Mercator and Polar Stereographic Map Projections.",
)
def utmzone(lat: Any, lon: Any, ctx: Call) -> Any:
    lat, lon = (np.nan_to_num(np.broadcast_to(np.asarray(x, np.float64), (ctx.rows,))) for x in (lat, lon))
    band = np.clip(np.floor_divide(lat + 80.0, 8.0), 0, len(_BANDS) - 1).astype(np.int64)
    zone = np.clip(np.floor_divide(lon + 180.0, 6.0), 0, 60).astype(np.int64) % 60 + 1
    zone = np.where((band == _BANDS.index("V")) & (lon >= 3.0) & (lon < 12.0), 32, zone)
    high = np.flatnonzero((lat >= 72.0) & (lon >= 0.0) & (lon < 42.0))
    if len(high):
        zone[high] = np.asarray(_SVALBARD_ZONES)[np.searchsorted(_SVALBARD_EDGES, lon[high], side="right")]
    return pa.array(_ZONES, pa.large_string()).take(arrow_array(band * 60 + zone - 1))


@function(
    "TILE(lat:float; lon:float; zoom:int) -> str",
    category=CATEGORY,
    summary="The map tile that shows a point, as zoom/x/y (Web Mercator, y counted from the north).",
    examples=[
        Example("TILE(48.2;16.37;10)", "10/558/355"),
        Example("TILE(0;0;0)", "0/0/0"),
        Example("TILE(0;0;31)", Failure("RANGE")),
        Example("TILE(48.2;null;10)", None),
    ],
    domain={"lat": LATITUDE, "lon": LONGITUDE, "zoom": (0, 30)},
    notes="Points beyond ±85.0511° of latitude, where the map ends, belong to its first or last row of tiles.",
    error_note=f"{_OUTSIDE} So does a zoom outside 0 to 30.",
    source="The slippy map tile names of OpenStreetMap.",
)
def tile(lat: Any, lon: Any, zoom: Any, ctx: Call) -> Any:
    lat, lon = (np.nan_to_num(np.broadcast_to(np.asarray(x, np.float64), (ctx.rows,))) for x in (lat, lon))
    level = np.broadcast_to(np.clip(zoom, 0, 30), (ctx.rows,)).astype(np.int64)
    width = np.left_shift(np.int64(1), level)
    with np.errstate(all="ignore"):
        down = np.arcsinh(np.tan(np.radians(np.clip(lat, -89.0, 89.0)))) / math.pi
    x = np.clip(np.floor((lon / 360.0 + 0.5) * width), 0, width - 1).astype(np.int64)
    y = np.clip(np.floor((1.0 - down) / 2.0 * width), 0, width - 1).astype(np.int64)
    parts = [arrow_array(part).cast(pa.large_string()) for part in (level, x, y)]
    return kernels().binary_join_element_wise(*parts, text_scalar("/"))


# ---------------------------------------------------------------- written coordinates

_NUMBER = r"\d{1,2}(?:\.\d+)?"
_WRITTEN = (
    r"^\s*(?P<front>[NSEW]?)\s*(?P<sign>[+\-\x{2212}]?)\s*(?P<degrees>\d{1,3}(?:\.\d+)?)"
    r"(?:"
    r"(?:\s*[°º˚d:]\s*|\s+)(?P<minutes>" + _NUMBER + r")"
    r"(?:(?:\s*['′’´m:]\s*|\s+)(?P<seconds>" + _NUMBER + r")\s*(?:[\"″”“s]|''|′′|’’)?|\s*['′’´m]?)"
    r"|\s*[°º˚d]?)"
    r"\s*(?P<back>[NSEW]?)\s*$"
)


@function(
    "DMSTODECIMAL(text:str) -> float",
    category=CATEGORY,
    summary="Reads degrees, minutes and seconds as a number of degrees.",
    examples=[
        Example('DMSTODECIMAL("48°12\'30""N")', 48.208333333333336),
        Example('DMSTODECIMAL("W 16 22.5")', -16.375),
        Example('DMSTODECIMAL("-0:30:00")', -0.5),
        Example('DMSTODECIMAL("48°60\'N")', Failure("RANGE")),
        Example('DMSTODECIMAL("north")', Failure("PARSE")),
        Example("DMSTODECIMAL(null)", None),
    ],
    notes=(
        "Degrees, then minutes, then seconds; minutes and seconds may be left out, and only the last number may have a"
        " fraction. Between them stand signs (° ' \" and their typographic kin), colons, spaces, or d, m, s. South and"
        " west (S or W, before or behind) and a minus sign make the number negative; a text has one of them at most."
    ),
    error_note=(
        "PARSE for text that is no angle; RANGE for minutes or seconds from 60 on, and for degrees beyond 180, or 90"
        " with N or S."
    ),
)
def dmstodecimal(text: Any, ctx: Call) -> Any:
    pc = kernels()
    found = pc.extract_regex(as_rows(text, ctx), _WRITTEN)
    front, sign, degrees, minutes, seconds, back = (pc.struct_field(found, [i]) for i in range(6))
    nothing = text_scalar("")
    sides = pc.binary_join_element_wise(front, back, nothing)
    fine, exact = (pc.fill_null(pc.match_substring(part, "."), False) for part in (degrees, minutes))
    whole = [np.asarray(pc.fill_null(pc.equal(part, ""), True)) for part in (minutes, seconds, sign)]
    broken = (np.asarray(fine) & ~whole[0]) | (np.asarray(exact) & ~whole[1])
    twice = np.asarray(pc.fill_null(pc.greater(pc.binary_length(sides), 1), False))
    signed = np.asarray(pc.fill_null(pc.greater(pc.binary_length(sides), 0), False)) & ~whole[2]
    read = np.asarray(found.is_valid()) & ~broken & ~twice & ~signed
    ctx.fail(~read, "PARSE", f"{ctx.function}: {{0}} is not an angle such as 48°12'30\"N")
    d, m, s = (_numbers(part) for part in (degrees, minutes, seconds))
    out = (d * 3600.0 + m * 60.0 + s) / 3600.0
    upright = np.asarray(pc.fill_null(pc.is_in(sides, text_array(["N", "S"])), False))
    ctx.fail((m >= 60.0) | (s >= 60.0) | (out > np.where(upright, 90.0, 180.0)), "RANGE")
    negative = text_array(["S", "W", "-", "\u2212"])
    back_side = pc.is_in(pc.binary_join_element_wise(sides, sign, nothing), negative)
    return np.where(np.asarray(pc.fill_null(back_side, False)), 0.0 - out, out)


def _numbers(part: Any) -> Any:
    """Return texts of digits as floats, 0 where there is none."""
    pc = kernels()
    empty = pc.fill_null(pc.equal(part, ""), True)
    return np.asarray(pc.if_else(empty, text_scalar("0"), part).cast(pa.float64()))
