"""Distances on the ellipsoid of the Earth (WGS84)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.geography import CATEGORY, LATITUDE, LONGITUDE, kilometres

Floats = npt.NDArray[np.float64]

#: The semi-major axis in kilometres and the flattening of WGS84.
AXIS, FLATTENING = 6378.137, 1 / 298.257223563
_POLAR = AXIS * (1 - FLATTENING)
_BULGE = (AXIS**2 - _POLAR**2) / _POLAR**2

_STEPS = 20  #: after which points count as nearly antipodal; others need 3 to 8
_CLOSE = 1e-13  #: radians
_HALVES = 60
_EQUATOR = 1e-100  #: stands for 0, so that a direction along the equator has a sign


@dataclass(frozen=True, slots=True, eq=False)
class _Arc:
    """An arc of the auxiliary sphere: its length, twice the angle of its middle, and its azimuth at the equator."""

    length: Floats
    sine: Floats
    cosine: Floats
    middle: Floats  #: the cosine of twice the angle from the equator to the middle
    crossing: Floats  #: the sine of the azimuth where the arc meets the equator

    @property
    def upright(self) -> Floats:
        """The squared cosine of the azimuth at the equator."""
        out: Floats = 1.0 - self.crossing**2
        return out

    def turn(self) -> Floats:
        """How much wider the arc is in longitude on the sphere than on the ellipsoid."""
        c = FLATTENING / 16.0 * self.upright * (4.0 + FLATTENING * (4.0 - 3.0 * self.upright))
        inner = self.middle + c * self.cosine * (2.0 * self.middle**2 - 1.0)
        out: Floats = (1.0 - c) * FLATTENING * self.crossing * (self.length + c * self.sine * inner)
        return out

    def distance(self) -> Floats:
        """The kilometres on the ellipsoid."""
        u = self.upright * _BULGE
        a = 1.0 + u / 16384.0 * (4096.0 + u * (-768.0 + u * (320.0 - 175.0 * u)))
        b = u / 1024.0 * (256.0 + u * (-128.0 + u * (74.0 - 47.0 * u)))
        m = self.middle
        last = b / 6.0 * m * (4.0 * self.sine**2 - 3.0) * (4.0 * m**2 - 3.0)
        out: Floats = (
            _POLAR * a * (self.length - b * self.sine * (m + b / 4.0 * (self.cosine * (2.0 * m**2 - 1.0) - last)))
        )
        return out


def _reduced(latitude: Floats) -> tuple[Floats, Floats]:
    """Return sine and cosine of reduced latitudes."""
    sine, cosine = np.sin(np.radians(latitude)) * (1.0 - FLATTENING), np.cos(np.radians(latitude))
    size = np.hypot(sine, cosine)
    return sine / size, cosine / size


def _between(turn: Floats, one: tuple[Floats, Floats], two: tuple[Floats, Floats]) -> _Arc:
    """Return the arc between two points of the auxiliary sphere that are so far apart in longitude."""
    (sine1, cosine1), (sine2, cosine2) = one, two
    east = cosine2 * np.sin(turn)
    north = cosine1 * sine2 - sine1 * cosine2 * np.cos(turn)
    sine = np.hypot(east, north)
    product = sine1 * sine2
    cosine = product + cosine1 * cosine2 * np.cos(turn)
    crossing = np.where(sine == 0, 0.0, cosine1 * east / np.where(sine == 0, 1.0, sine))
    upright = 1.0 - crossing**2
    flat = upright < 1e-15  # along the equator
    middle = np.where(flat, 0.0, cosine - 2.0 * product / np.where(flat, 1.0, upright))
    return _Arc(np.arctan2(sine, cosine), sine, cosine, np.clip(middle, -1.0, 1.0), np.clip(crossing, -1.0, 1.0))


def geodesic(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    """Return the kilometres between points on WGS84; latitudes and longitudes in degrees, NaN gives NaN.

    Vincenty's iteration for most points. Where it does not come to an end, the points are nearly antipodal, and
    the azimuth of the geodesic is found by bisection instead. A row's steps depend on that row alone.
    """
    apart = np.abs(lon2 - lon1)
    apart = np.radians(np.where(apart > 180.0, 360.0 - apart, apart))
    out = np.full(len(apart), np.nan)
    one, two = _reduced(lat1), _reduced(lat2)
    rows = np.flatnonzero(~np.isnan(apart + lat1 + lat2))
    goal = turn = apart[rows]
    for _ in range(_STEPS):
        if not len(rows):
            return out
        arc = _between(turn, (one[0][rows], one[1][rows]), (two[0][rows], two[1][rows]))
        further = goal + arc.turn()
        done = np.abs(further - turn) <= _CLOSE
        if done.any():
            out[rows[done]] = arc.distance()[done]
        going = ~done & (further <= math.pi)
        if not going.all():
            stray = rows[~done & ~going]
            if len(stray):
                out[stray] = _antipodal(lat1[stray], lat2[stray], apart[stray])
            rows, goal, further = rows[going], goal[going], further[going]
        turn = further
    out[rows] = _antipodal(lat1[rows], lat2[rows], apart[rows])
    return out


def _antipodal(lat1: Floats, lat2: Floats, apart: Floats) -> Floats:
    """Return the distance of any points by bisection of the azimuth at the point that is further from the equator.

    Seen from there, with that point in the south, the longitude at which a geodesic reaches the other latitude on
    its way north grows with the azimuth from 0 to 180 degrees, so that there is exactly one that fits.
    """
    swap = np.abs(lat1) < np.abs(lat2)
    far, near = np.where(swap, lat2, lat1), np.where(swap, lat1, lat2)
    near = np.where(far > 0, -near, near)
    sine1, cosine1 = _reduced(-np.abs(far))
    sine2, _ = _reduced(near)
    sine1 = np.minimum(sine1, -_EQUATOR)
    rise = np.maximum((sine1 - sine2) * (sine1 + sine2), 0.0)

    def reached(azimuth: Floats) -> tuple[Floats, _Arc]:
        east, north = np.sin(azimuth), np.cos(azimuth) * cosine1
        crossing = east * cosine1
        north2 = np.sqrt(north**2 + rise)
        begin, end = np.arctan2(sine1, north), np.arctan2(sine2, north2)
        turn = np.arctan2(crossing * sine2, north2) - np.arctan2(crossing * sine1, north)
        length = end - begin
        arc = _Arc(length, np.sin(length), np.cos(length), np.cos(begin + end), crossing)
        return turn - arc.turn(), arc

    low, high = np.zeros(len(apart)), np.full(len(apart), math.pi)
    for _ in range(_HALVES):
        azimuth = (low + high) / 2.0
        short = reached(azimuth)[0] < apart
        low, high = np.where(short, azimuth, low), np.where(short, high, azimuth)
    return reached((low + high) / 2.0)[1].distance()


@function(
    'VINCENTY(lat1:float; lon1:float; lat2:float; lon2:float; [unit:str const="km"]) -> float',
    category=CATEGORY,
    summary="The distance of two points along the ellipsoid of the Earth (WGS84).",
    examples=[
        Example(
            'VINCENTY(-37.95103341666667;144.42486788888888;-37.65282113888889;143.92649552777777;"m")',
            54972.271,
            digits=3,
        ),
        Example("VINCENTY(48.2;16.37;48.2;16.37)", 0.0),
        Example("VINCENTY(0;0;0;180)", 20003.931459, digits=6),
        Example("VINCENTY(91;0;0;0)", Failure("RANGE")),
        Example("VINCENTY(0;0;0;null)", None),
    ],
    domain={"lat1": LATITUDE, "lon1": LONGITUDE, "lat2": LATITUDE, "lon2": LONGITUDE},
    prepare={"unit": kilometres},
    notes=(
        "Exact to a tenth of a millimetre. Nearly antipodal points, where Vincenty's method finds no end, are measured"
        ' by bisection of the azimuth, with the same series. Units: "km", "mi" (1.609344 km), "m", "ft", "nmi".'
    ),
    error_note="A latitude outside ±90 or a longitude outside ±180 gives the error RANGE.",
    source=(
        "T. Vincenty, Direct and inverse solutions of geodesics on the ellipsoid, Survey Review 23 (1975); the"
        " bisection after C. F. F. Karney, Algorithms for geodesics, Journal of Geodesy 87 (2013)."
    ),
)
def vincenty(lat1: Any, lon1: Any, lat2: Any, lon2: Any, unit: Any, ctx: Call) -> Any:
    points = [np.broadcast_to(np.asarray(x, np.float64), (ctx.rows,)) for x in (lat1, lon1, lat2, lon2)]
    with np.errstate(all="ignore"):
        return geodesic(*points) / unit
