"""Geohashes: points as short texts, whose beginnings are the cells around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.columns import Array
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.geography import CATEGORY, LATITUDE, LONGITUDE
from sheetline.functions.list_columns import edges
from sheetline.functions.text_support import as_rows, raw_bytes

_LETTERS = np.frombuffer(b"0123456789bcdefghjkmnpqrstuvwxyz", np.uint8)
_WORTH = np.full(256, 255, np.uint8)
_WORTH[_LETTERS] = range(32)
_WORTH[list(b"BCDEFGHJKMNPQRSTUVWXYZ")] = _WORTH[list(b"bcdefghjkmnpqrstuvwxyz")]

#: Two letters at a time, for 10 bits.
_PAIRS = np.stack([np.repeat(_LETTERS, 32), np.tile(_LETTERS, 32)], axis=1).view(np.uint16)[:, 0]

_LONGEST = 12
_BITS = 30  #: of latitude and of longitude in 12 letters
_SOURCE = "G. Niemeyer, geohash.org (2008)."


def _steps(degrees: Array, half: int) -> npt.NDArray[np.uint64]:
    """Return the number of the cell, out of 2^30, in which degrees from -half to half lie.

    The edges of cells are multiples of 45 / 2^k, which floats hold exactly: what the division rounds is put right.
    A degree on an edge belongs to the cell above; the last one belongs to the last cell.
    """
    scale = 2.0 ** (_BITS - 1) / (half / 45)  # exact: half / 45 is 2 or 4
    scaled = degrees * scale
    cell = np.floor(scaled / 45.0)
    cell -= cell * 45.0 > scaled
    cell += (cell + 1.0) * 45.0 <= scaled
    return np.clip(cell + 2.0 ** (_BITS - 1), 0, 2.0**_BITS - 1).astype(np.uint64)


_SPREADS = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)


def _spread(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Put a zero bit before each of 32 bits."""
    for shift, mask in _SPREADS:
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return bits


def _gather(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Take every second bit of 64: the inverse of :func:`_spread`."""
    bits = bits & np.uint64(_SPREADS[-1][1])
    for (shift, _), mask in zip(_SPREADS[::-1], [0x3333333333333333, 0x0F0F0F0F0F0F0F0F, 0x00FF00FF00FF00FF,
                                                 0x0000FFFF0000FFFF, 0x00000000FFFFFFFF], strict=True):  # fmt: skip
        bits = (bits | (bits >> np.uint64(shift))) & np.uint64(mask)
    return bits


@function(
    "GEOHASH(lat:float; lon:float; [precision:int=9]) -> str",
    category=CATEGORY,
    summary="The geohash of a point: 1 to 12 letters and digits.",
    examples=[
        Example("GEOHASH(57.64911;10.40744;11)", "u4pruydqqvj"),
        Example("GEOHASH(48.2082;16.3738)", "u2edk8511"),
        Example("GEOHASH(0;0;5)", "s0000"),
        Example("GEOHASH(0;0;13)", Failure("RANGE")),
        Example("GEOHASH(91;0)", Failure("RANGE")),
        Example("GEOHASH(null;0)", None),
    ],
    domain={"lat": LATITUDE, "lon": LONGITUDE, "precision": (1, _LONGEST)},
    notes="A point on the edge of two cells belongs to the northern and the eastern one.",
    error_note="RANGE for a precision outside 1 to 12, a latitude outside ±90 and a longitude outside ±180.",
    source=_SOURCE,
)
def geohash(lat: Any, lon: Any, precision: Any, ctx: Call) -> Any:
    lat, lon = (np.nan_to_num(np.broadcast_to(np.asarray(x, np.float64), (ctx.rows,))) for x in (lat, lon))
    code = (_spread(_steps(lon, 180)) << np.uint64(1)) | _spread(_steps(lat, 90))
    sizes = np.broadcast_to(np.clip(precision, 1, _LONGEST), (ctx.rows,)).astype(np.int64)
    width = int(sizes.max(initial=1))
    pairs = np.empty((ctx.rows, (width + 1) // 2), np.uint16)
    for place in range(pairs.shape[1]):
        shift = np.uint64(5 * (_LONGEST - 2 - 2 * place))
        pairs[:, place] = _PAIRS[((code >> shift) & np.uint64(1023)).astype(np.int64)]
    letters = pairs.view(np.uint8)[:, :width]
    if sizes.min(initial=width) != width:
        letters = letters[np.arange(width) < sizes[:, None]]
    offsets: Any = edges(sizes)
    text: Any = np.ascontiguousarray(letters)
    return pa.LargeStringArray.from_buffers(ctx.rows, pa.py_buffer(offsets), pa.py_buffer(text))


def _middle(text: Any, ctx: Call, east: bool) -> Array:
    """Return the latitude or longitude of the middle of the cells of geohashes; text that is none fails."""
    data, offsets = raw_bytes(as_rows(text, ctx))
    sizes = np.diff(offsets)
    worth = _WORTH[data]
    good = (sizes > 0) & (sizes <= _LONGEST)
    code = np.zeros(ctx.rows, np.uint64)
    for place in range(_LONGEST):
        rows = np.flatnonzero(good & (sizes > place))
        if not len(rows):
            break
        letter = worth[offsets[rows] + place]
        good[rows[letter > 31]] = False
        code[rows] |= (letter & np.uint8(31)).astype(np.uint64) << np.uint64(5 * (_LONGEST - 1 - place))
    ctx.fail(~good, "PARSE", f"{ctx.function}: {{0}} is not a geohash of 1 to {_LONGEST} letters")
    # 5 bits a letter, the first of all is one of longitude
    bits = (5 * np.clip(sizes, 1, _LONGEST) + (1 if east else 0)) // 2
    cell = _gather(code >> np.uint64(1) if east else code).astype(np.float64)
    half = 180.0 if east else 90.0
    out: Array = (cell + np.ldexp(0.5, _BITS - bits)) * (half / 2.0 ** (_BITS - 1)) - half
    return out


@function(
    "GEOHASHLAT(geohash:str) -> float",
    category=CATEGORY,
    summary="The latitude of the middle of a geohash's cell.",
    examples=[
        Example('GEOHASHLAT("ezs42")', 42.60498046875),
        Example('GEOHASHLAT("s")', 22.5),
        Example('GEOHASHLAT("aeiou")', Failure("PARSE")),
        Example("GEOHASHLAT(null)", None),
    ],
    notes="Capital letters count as small ones.",
    error_note="PARSE for text that is no geohash of 1 to 12 letters.",
    source=_SOURCE,
)
def geohashlat(geohash: Any, ctx: Call) -> Any:
    return _middle(geohash, ctx, east=False)


@function(
    "GEOHASHLON(geohash:str) -> float",
    category=CATEGORY,
    summary="The longitude of the middle of a geohash's cell.",
    examples=[
        Example('GEOHASHLON("ezs42")', -5.60302734375),
        Example('GEOHASHLON("S")', 22.5),
        Example('GEOHASHLON("")', Failure("PARSE")),
        Example("GEOHASHLON(null)", None),
    ],
    notes="Capital letters count as small ones.",
    error_note="PARSE for text that is no geohash of 1 to 12 letters.",
    source=_SOURCE,
)
def geohashlon(geohash: Any, ctx: Call) -> Any:
    return _middle(geohash, ctx, east=True)
