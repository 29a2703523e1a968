"""Distances and directions on the globe."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sheetline.functions.columns import Array
from sheetline.functions.declare import Example, Failure, function

CATEGORY = "geography"

LATITUDE = (-90.0, 90.0)
LONGITUDE = (-180.0, 180.0)

#: Kilometres in each unit of length.
KILOMETRES = {"km": 1.0, "mi": 1.609344, "m": 0.001, "ft": 0.0003048, "nmi": 1.852}

_HALF_DEGREE = math.pi / 360.0
#: The polynomial nearest to sin²(√z)/z for z up to (π/2)², in relative error (7e-17); the highest power first.
_SQUARED_SINE = (
    -1.9362582230099212e-13,
    2.035966956513887e-11,
    -1.565814625156796e-09,
    9.396778148651494e-08,
    -4.2755592180615135e-06,
    0.00014109347402247008,
    -0.0031746031744498983,
    0.04444444444441492,
    -0.33333333333333115,
    1.0,
)
_FAR = 0.99  #: from this haversine on (169°) the arc sine loses digits


def kilometres(unit: Any) -> float:
    """Return the kilometres in a unit of length.

    Raises:
        ValueError: no such unit.
    """
    if unit not in KILOMETRES:
        raise ValueError(f'"{unit}" is no unit of length: write one of ' + ", ".join(f'"{u}"' for u in KILOMETRES))
    return KILOMETRES[unit]


def _radius(value: Any) -> float:
    if not 0 < value < math.inf:
        raise ValueError("the radius of the globe must be above 0 km")
    return float(value)


def half_angle(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    """Return half the angle between points, in radians, from degrees.

    hav = s + t·(c - s), where s = sin²(Δφ/2), c = cos²(Σφ/2) and t = sin²(Δλ/2): cos φ1 · cos φ2 is c - s. That is
    one cosine less than in the usual form, and just as exact, since s never exceeds c. Complements are taken in
    degrees, where they are exact: near the poles, and across the 180th meridian.
    """
    s = _squared_sine(np.asarray(np.subtract(lat2, lat1)))
    c = _squared_sine(_complement(np.asarray(np.add(lat1, lat2)), 180.0))
    turn = np.asarray(np.subtract(lon2, lon1))
    np.abs(turn, out=turn)
    if np.fmax.reduce(turn, axis=None, initial=0.0) > 180.0:
        np.minimum(turn, 360.0 - turn, out=turn)
    t = _squared_sine(turn)
    if c.ndim:  # the usual case: no further array
        c -= s
        c *= t
        c += s
    else:
        c = s + t * (c - s)
    if np.fmax.reduce(c, initial=0.0) < _FAR:
        np.sqrt(c, out=c)
        np.arcsin(c, out=c)
        return c
    return _with_antipodes(c, lat1, lon1, lat2, lon2)


def _complement(degrees: Array, whole: float) -> Array:
    """Turn an array of angles, in place, into what is missing to ``whole``."""
    np.abs(degrees, out=degrees)
    np.subtract(whole, degrees, out=degrees)
    return degrees


def _squared_sine(degrees: Array) -> Array:
    """Turn an array of angles from -180 to 180, in place, into the squared sines of their halves.

    Plain arithmetic on whole arrays takes half the time of the library's sine, and gives the same bits on every
    processor.
    """
    degrees *= _HALF_DEGREE
    degrees *= degrees
    series = degrees * _SQUARED_SINE[0]
    for coefficient in _SQUARED_SINE[1:-1]:
        series += coefficient
        series *= degrees
    series += _SQUARED_SINE[-1]
    degrees *= series
    return degrees


def _with_antipodes(hav: Array, lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Array:
    """Finish where some points lie far apart: for them, the angle from the antipode is what is exact."""
    far = np.flatnonzero(hav >= _FAR)
    a, b, c, d = (np.broadcast_to(np.asarray(x, np.float64), hav.shape)[far] for x in (lat1, lon1, lat2, lon2))
    turn = np.abs(d - b)
    opposite = _squared_sine(_complement(turn.copy(), 180.0)) * _squared_sine(_complement(c - a, 180.0))
    rest = opposite + _squared_sine(turn) * _squared_sine(c + a)
    np.minimum(hav, 1.0, out=hav)
    np.sqrt(hav, out=hav)
    np.arcsin(hav, out=hav)
    hav[far] = math.pi / 2 - np.arcsin(np.sqrt(np.minimum(rest, 1.0)))
    return hav


@function(
    'HAVERSINE(lat1:float; lon1:float; lat2:float; lon2:float; [unit:str const="km"];'
    " [radius_km:float const=6366.70702]) -> float",
    category=CATEGORY,
    summary="The great-circle distance of two points given in degrees.",
    examples=[
        Example("HAVERSINE(36.27923;-109.258527;36.274785;-109.271242)", 1.24150773, digits=8),
        Example('HAVERSINE(0;0;0;90;"nmi")', 5400.0, digits=4),
        Example("HAVERSINE(48.2;16.37;48.2;16.37)", 0.0),
        Example('HAVERSINE(0;0;0;180;"km";1000)', 1000 * math.pi),
        Example("HAVERSINE(91;0;0;0)", Failure("RANGE")),
        Example("HAVERSINE(null;0;0;0)", None),
    ],
    propagates=True,
    domain={"lat1": LATITUDE, "lon1": LONGITUDE, "lat2": LATITUDE, "lon2": LONGITUDE},
    prepare={"unit": kilometres, "radius_km": _radius},
    notes=(
        "The default radius, 6366.70702 km, is that of a sphere whose arc minute is a nautical mile of 1.852 km; pass "
        '6371.0088 for the mean radius of the Earth. Units: "km", "mi" (1.609344 km), "m", "ft", "nmi". Identical '
        "points give exactly 0; points near the antipodes are measured from the antipode."
    ),
    error_note="A latitude outside ±90 or a longitude outside ±180 gives the error RANGE.",
    source="R. W. Sinnott, Virtues of the Haversine, Sky and Telescope 68 (1984).",
)
def haversine(lat1: Any, lon1: Any, lat2: Any, lon2: Any, unit: Any, radius_km: Any) -> Any:
    half = half_angle(lat1, lon1, lat2, lon2)
    half *= 2.0 * radius_km / unit
    return half


@function(
    "BEARING(lat1:float; lon1:float; lat2:float; lon2:float) -> float",
    category=CATEGORY,
    summary="The initial direction from the first point to the second, in degrees from north over east, 0 to 360.",
    examples=[
        Example("BEARING(0;0;0;1)", 90.0),
        Example("BEARING(0;0;-1;0)", 180.0),
        Example("BEARING(0;0;0;-1)", 270.0),
        Example("BEARING(0;181;0;0)", Failure("RANGE")),
        Example("BEARING(0;0;0;null)", None),
    ],
    propagates=True,
    domain={"lat1": LATITUDE, "lon1": LONGITUDE, "lat2": LATITUDE, "lon2": LONGITUDE},
    notes="360 itself is never given; identical points give 0.",
    error_note="A latitude outside ±90 or a longitude outside ±180 gives the error RANGE.",
)
def bearing(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    one, two = np.radians(lat1), np.radians(lat2)
    delta, turn = np.radians(np.subtract(lat2, lat1)), np.radians(np.subtract(lon2, lon1))
    east = np.sin(turn) * np.cos(two)
    # cos φ1 sin φ2 - sin φ1 cos φ2 cos Δλ, written so that close points keep all their digits
    north = np.sin(delta) + 2.0 * np.sin(one) * np.cos(two) * np.square(np.sin(turn / 2.0))
    degrees = np.degrees(np.arctan2(east, north))
    degrees = np.where(degrees < 0, degrees + 360.0, degrees) + 0.0
    return np.where(degrees >= 360.0, 0.0, degrees)
