"""Points in polygons: well-known text is read once, and rays are cast against the few edges beside each point."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.geography import CATEGORY, LATITUDE, LONGITUDE

Floats = npt.NDArray[np.float64]
Ring = Floats  #: corners as rows of longitude and latitude, the last one is the first one

_PAIRS = 1 << 18  #: pairs of points and edges that are looked at together
_SHOWN = 40  #: characters of the text that messages show


# ---------------------------------------------------------------- reading well-known text

#: A ring (brackets without brackets inside), a sign, or a word.
_TOKEN = re.compile(r"\s*(?:(?P<ring>\((?!\s*(?i:EMPTY))[^()]*\))|(?P<sign>[(),])|(?P<word>[^\s(),]+))")


class _Reader:
    """Reads POLYGON and MULTIPOLYGON from tokens; raises ValueError with a sentence."""

    def __init__(self, text: str) -> None:
        body = re.sub(r"\A\s*SRID\s*=\s*\d+\s*;", "", text, flags=re.IGNORECASE)
        self._words = [match[match.lastgroup or 0] for match in _TOKEN.finditer(body)]
        self._shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        self._at = 0

    def _next(self) -> str:
        """Return the next ring, sign or word; an empty text at the end."""
        self._at += 1
        return self._words[self._at - 1] if self._at <= len(self._words) else ""

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f'"{self._shown}" is no polygon of well-known text: {what}')

    def _expect(self, sign: str) -> None:
        found = self._next()
        if found != sign:
            raise self._wrong(f'"{sign}" is missing' + (f' before "{found[:_SHOWN]}"' if found else " at the end"))

    def _more(self) -> bool:
        """Whether a comma follows; else the bracket must close."""
        found = self._next()
        if found not in (",", ")"):
            raise self._wrong('a comma or ")" is missing' + (f' before "{found[:_SHOWN]}"' if found else " at the end"))
        return found == ","

    def geometry(self) -> list[list[Ring]]:
        """Return the polygons, each as its rings: the outline, then holes."""
        kind = self._next().upper()
        if kind not in ("POLYGON", "MULTIPOLYGON"):
            raise self._wrong("it must begin with POLYGON or MULTIPOLYGON")
        if self._peek() in ("Z", "M", "ZM"):
            self._next()
        if self._peek() == "EMPTY":
            self._next()
            found: list[list[Ring]] = []
        elif kind == "POLYGON":
            found = [self._polygon()]
        else:
            self._expect("(")
            found = [self._polygon()]
            while self._more():
                found.append(self._polygon())
        if self._at < len(self._words):
            raise self._wrong(f'"{self._next()[:_SHOWN]}" stands behind its end')
        return found

    def _peek(self) -> str:
        return self._words[self._at].upper() if self._at < len(self._words) else ""

    def _polygon(self) -> list[Ring]:
        if self._peek() == "EMPTY":
            self._next()
            return []
        self._expect("(")
        rings = [self._ring()]
        while self._more():
            rings.append(self._ring())
        return rings

    def _ring(self) -> Ring:
        body = self._next()
        if not (body.startswith("(") and body.endswith(")")):
            raise self._wrong("a ring is missing, or its bracket does not close")
        points = [point.split() for point in body[1:-1].split(",")]
        if not all(2 <= len(point) <= 4 for point in points):
            raise self._wrong("a point is a longitude and a latitude")
        ring = np.array([[self._number(word) for word in point[:2]] for point in points])
        if not np.isfinite(ring).all():
            raise self._wrong("a point must have finite numbers")
        if len(ring) < 4:
            raise self._wrong("a ring needs four points at least, the last of which is the first")
        if (ring[0] != ring[-1]).any():
            raise self._wrong("the last point of a ring must be its first")
        if (np.abs(ring[:, 0]) > LONGITUDE[1]).any() or (np.abs(ring[:, 1]) > LATITUDE[1]).any():
            raise self._wrong("points are longitude (±180), then latitude (±90)")
        return ring

    def _number(self, word: str) -> float:
        try:
            return float(word)
        except ValueError:
            raise self._wrong(f'"{word[:_SHOWN]}" is no number') from None


# ---------------------------------------------------------------- the area


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Edges, the southern end first."""

    x1: Floats
    y1: Floats
    x2: Floats
    y2: Floats
    west: Floats
    east: Floats
    polygon: Ints

    def take(self, places: Ints) -> _Edges:
        return _Edges(*(getattr(self, name)[places] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """Polygons, their edges sorted into bands of latitude.

    Attributes:
        bounds: west, south, east, north.
        edges: the edges of the first band, of the second …, in each band in the order of polygons.
        first: where the edges of each band start.
        height: of a band.
    """

    bounds: tuple[float, float, float, float]
    edges: _Edges
    first: Ints
    height: float

    @classmethod
    def of(cls, polygons: list[list[Ring]]) -> Area | None:
        """Return the area of polygons, None where there is none."""
        rings = [(number, ring) for number, rings in enumerate(polygons) for ring in rings]
        if not rings:
            return None
        begin = np.concatenate([ring[:-1] for _, ring in rings])
        end = np.concatenate([ring[1:] for _, ring in rings])
        polygon = np.repeat([number for number, _ in rings], [len(ring) - 1 for _, ring in rings])
        up = (begin[:, 1] <= end[:, 1])[:, None]
        (x1, y1), (x2, y2) = np.where(up, begin, end).T, np.where(up, end, begin).T
        edges = _Edges(x1, y1, x2, y2, np.minimum(x1, x2), np.maximum(x1, x2), polygon)
        west, south, east, north = (float(f) for f in (edges.west.min(), y1.min(), edges.east.max(), y2.max()))
        # so many bands that an edge lies in few of them and few edges lie in each, but never too many entries
        span = max(north - south, 1e-300)
        beside = max(float(np.sum(y2 - y1)) / span, 1.0)  # edges at a latitude, on average
        count = int(max(1.0, min(len(x1), 4096, 1e6 / beside)))
        height = span / count
        bottom, top = _band(y1, south, height, count), _band(y2, south, height, count)
        sizes = top - bottom + 1
        edge = np.repeat(np.arange(len(x1)), sizes)
        band = np.arange(len(edge)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(bottom, sizes)
        first = np.concatenate([[0], np.cumsum(np.bincount(band, minlength=count))])
        return cls((west, south, east, north), edges.take(edge[np.argsort(band, kind="stable")]), first, height)

    def holds(self, lon: Floats, lat: Floats) -> Mask:
        """Whether points lie in a polygon or on an edge of one."""
        west, south, east, north = self.bounds
        out = np.zeros(len(lon), np.bool_)
        rows = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        x, y = lon[rows], lat[rows]
        band = _band(y, south, self.height, len(self.first) - 1)
        ends = np.cumsum(self.first[band + 1] - self.first[band])
        start = 0
        while start < len(rows):  # as many points at once as have about _PAIRS edges beside them
            done = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, done + _PAIRS, side="right")))
            part = slice(start, stop)
            out[rows[part]] = self._cast(x[part], y[part], band[part])
            start = stop
        return out

    def _cast(self, lon: Floats, lat: Floats, band: Ints) -> Mask:
        """Cast rays to the east from points, against the edges of their bands."""
        out = np.zeros(len(lon), np.bool_)
        begin = self.first[band]
        sizes = self.first[band + 1] - begin
        ends = np.cumsum(sizes)
        point = np.repeat(np.arange(len(lon)), sizes)
        edge = np.repeat(begin - (ends - sizes), sizes)
        edge += np.arange(len(edge))
        y = lat[point]
        beside = np.flatnonzero((self.edges.y1[edge] <= y) & (y <= self.edges.y2[edge]))
        point, edge, y = point[beside], edge[beside], y[beside]
        x = lon[point]
        below = y < self.edges.y2[edge]  # the upper end belongs to the next edge; level edges are never crossed
        crossed = below & (x < self.edges.west[edge])
        near = np.flatnonzero((x >= self.edges.west[edge]) & (x <= self.edges.east[edge]))
        if len(near):
            side = _sides(self.edges.take(edge[near]), x[near], y[near])
            crossed[near] = below[near] & (side > 0)
            out[point[near[side == 0]]] = True
        crossing = np.flatnonzero(crossed)
        point, owner = point[crossing], self.edges.polygon[edge[crossing]]
        new = np.ones(len(point) + 1, np.bool_)  # where the crossings of another point or polygon begin
        new[1:-1] = (point[1:] != point[:-1]) | (owner[1:] != owner[:-1])
        starts = np.flatnonzero(new)
        odd = np.diff(starts) & 1 == 1
        out[point[starts[:-1][odd]]] = True
        return out


def _band(latitude: Floats, floor: float, height: float, count: int) -> Ints:
    return np.clip(np.floor((latitude - floor) / height), 0, count - 1).astype(np.int64)


def _sides(edges: _Edges, x: Floats, y: Floats) -> Floats:
    """Return on which side of edges points lie: above 0 on the left of an edge that leads up, exactly 0 on its line.

    What rounding could turn is reckoned again with whole fractions.
    """
    along, rise = edges.x2 - edges.x1, edges.y2 - edges.y1
    across, up = x - edges.x1, y - edges.y1
    one, two = along * up, across * rise
    side: Floats = one - two
    unsure = np.flatnonzero(np.abs(side) < 4e-16 * (np.abs(one) + np.abs(two)))
    if not len(unsure):
        return side
    # most are on the line: nothing was rounded but the products, and what these lost is known
    sums = ((along, edges.x1, edges.x2), (rise, edges.y1, edges.y2), (across, edges.x1, x), (up, edges.y1, y))
    plain = one[unsure] == two[unsure]
    for difference, less, more in sums:
        plain &= _rest(difference[unsure], less[unsure], more[unsure]) == 0
    lost = _lost(along[unsure], up[unsure]) - _lost(across[unsure], rise[unsure])
    side[unsure] = lost
    for at in unsure[~plain].tolist():
        ends = (edges.x1, edges.y1, edges.x2, edges.y2, x, y)
        x1, y1, x2, y2, px, py = (Fraction(float(values[at])) for values in ends)
        exact = (x2 - x1) * (py - y1) - (px - x1) * (y2 - y1)
        side[at] = (exact > 0) - (exact < 0)
    return side


def _rest(difference: Floats, less: Floats, more: Floats) -> Floats:
    """Return what ``difference = more - less`` lost by rounding (D. E. Knuth's two-sum)."""
    back = difference - more
    out: Floats = (more - (difference - back)) - (less + back)
    return out


def _lost(a: Floats, b: Floats) -> Floats:
    """Return what the product a·b lost by rounding (T. J. Dekker's two-product)."""
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    out: Floats = a2 * b2 - (((a * b - a1 * b1) - a2 * b1) - a1 * b2)
    return out


def _halves(a: Floats) -> tuple[Floats, Floats]:
    big = a * 134217729.0
    upper = big - (big - a)
    return upper, a - upper


def _area(text: Any) -> Area | str:
    """Return the area of well-known text; an empty text for one without any."""
    return Area.of(_Reader(text).geometry()) or ""


@function(
    "INPOLYGON(lat:float; lon:float; wkt:str const) -> bool",
    category=CATEGORY,
    summary="Whether a point lies in a polygon, given as well-known text.",
    examples=[
        Example('INPOLYGON(48.2;16.37;"POLYGON((16 48, 17 48, 17 49, 16 49, 16 48))")', True),
        Example('INPOLYGON(2;2;"POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 3 1, 3 3, 1 3, 1 1))")', False),
        Example('INPOLYGON(1;2;"POLYGON((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 3 1, 3 3, 1 3, 1 1))")', True),
        Example('INPOLYGON(6;5;"MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((4 4, 9 4, 4 9, 4 4)))")', True),
        Example('INPOLYGON(95;0;"POLYGON((0 0, 1 0, 1 1, 0 0))")', Failure("RANGE")),
        Example('INPOLYGON(null;0;"POLYGON((0 0, 1 0, 1 1, 0 0))")', None),
    ],
    domain={"lat": LATITUDE, "lon": LONGITUDE},
    prepare={"wkt": _area},
    notes=(
        "POLYGON or MULTIPOLYGON, with holes; each point is a longitude and a latitude, in this order. Edges are"
        " straight lines of the map, not great circles, and none crosses the 180th meridian: a polygon that does is"
        " written as two. A point on an edge, also on that of a hole, lies in the polygon. Text that is no polygon is"
        " refused before the run."
    ),
    error_note="A latitude outside ±90 or a longitude outside ±180 gives the error RANGE.",
    source="OGC 06-103r4, Simple Feature Access, part 1 (well-known text); ray casting after M. Shimrat (1962).",
)
def inpolygon(lat: Any, lon: Any, wkt: Any, ctx: Call) -> Any:
    if not isinstance(wkt, Area):
        return False
    points = [np.broadcast_to(np.asarray(x, np.float64), (ctx.rows,)) for x in (lon, lat)]
    with np.errstate(all="ignore"):
        return wkt.holds(*points)
