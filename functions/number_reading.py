"""Numbers from text: which texts are numbers, decided over the bytes of a whole column, and their values.

A number is an optional sign, digits with at most one point among or around them, and an optional exponent,
with white space around it: ``42``, ``-3.5``, ``.5``, ``1e-3``. Words (``nan``, ``inf``), hexadecimal digits,
blanks or separators inside are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, fixed_values, null_mask, text_scalar
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.text_bytes import rows_of
from sheetline.functions.text_support import kernels, raw_bytes
from sheetline.functions.types import INT64_MAX, INT64_MIN

_ZERO, _NINE, _PLUS, _MINUS, _POINT, _SMALL_E, _LARGE_E = b"09+-.eE"
#: Decimal texts up to this length have a float of their own, so that cutting off the fraction is exact.
_EXACT_LENGTH = 15
#: Integers of so many digits fit into 64 bits whatever they are.
_SAFE_DIGITS = 18
#: Exact numbers may have so many digits before the point, or zeros behind it.
MAX_DIGITS = 4000


@dataclass(frozen=True, slots=True)
class NumberTexts:
    """A text column looked at: the trimmed texts, their lengths, which are numbers, which have a point or exponent."""

    texts: Any
    lengths: Ints
    good: Mask
    fractional: Mask
    signed: Mask


def look(text: Any) -> NumberTexts:
    """Find the texts that are numbers; nulls and empty texts are none."""
    texts = text
    data, at = raw_bytes(texts)
    if len(data) and not _tight(data):
        texts = kernels().utf8_trim_whitespace(text)
        data, at = raw_bytes(texts)
    lengths = np.diff(at)
    good = lengths > 0
    fractional, signed = np.zeros(len(good), np.bool_), np.zeros(len(good), np.bool_)
    other = (data - np.uint8(_ZERO)) > 9  # bytes below "0" wrap around
    if other.any():
        _check_special(data, at, np.flatnonzero(other), good, fractional, signed)
    return NumberTexts(texts, lengths, good, fractional, signed)


def _tight(data: npt.NDArray[np.uint8]) -> bool:
    """Whether no byte is white space, nor begins any."""
    return int(data.min()) > 32 and int(data.max()) < 128


def _check_special(
    data: npt.NDArray[np.uint8], at: Ints, special: Ints, good: Mask, fractional: Mask, signed: Mask
) -> None:
    """Take out of ``good`` the rows whose bytes other than digits make no number."""
    row = rows_of(special, at)
    byte = data[special]
    if (byte == _POINT).all() and (row[1:] != row[:-1]).all():  # as of most amounts: a point each
        fractional[row] = True
        good[row] = np.diff(at)[row] > 1
        return
    place = special - at[row]
    behind_e = (place > 0) & np.isin(data[special - 1], (_SMALL_E, _LARGE_E))
    sign, point = (byte == _PLUS) | (byte == _MINUS), byte == _POINT
    power = (byte == _SMALL_E) | (byte == _LARGE_E)
    good[row[~(sign | point | power) | (sign & (place > 0) & ~behind_e)]] = False
    for once in (point, power):
        rows = row[once]
        good[rows[1:][rows[1:] == rows[:-1]]] = False
        fractional[rows] = True
    leading = sign & (place == 0)
    signed[row[leading]] = True
    mantissa = np.diff(at)  # its length, then without what is no digit
    mantissa[row[leading]] -= 1
    if power.any():
        end = np.diff(at)
        end[row[power]] = place[power]
        mantissa[row[power]] -= np.diff(at)[row[power]] - place[power]
        good[row[point & (place > end[row])]] = False
        last = data[at[1:][row[power]] - 1]
        good[row[power][(last - np.uint8(_ZERO)) > 9]] = False
    mantissa[row[point]] -= 1
    good &= mantissa > 0


def _castable(found: NumberTexts, keep: Mask) -> Any:
    """Return the texts, with "0" for those that are not kept."""
    if keep.all():
        return found.texts
    return kernels().if_else(arrow_array(keep), found.texts, text_scalar("0"))


def _at_once(text: Any, kind: Any) -> Any:
    """Return what Arrow reads where it reads all the texts and they hold no letters, as most columns; else None.

    Of texts without letters it reads what is a number here, and nothing else; of others also ``nan`` and ``0x1F``.
    """
    data, _ = raw_bytes(text)
    if not len(data) or int(data.max()) > _NINE:
        return None
    try:
        return text.cast(kind)
    except pa.ArrowInvalid:
        return None


def _nulls(values: Any) -> Mask:
    gone = null_mask(values)
    return np.zeros(len(values), np.bool_) if gone is None else gone


def read_floats(text: Any) -> tuple[npt.NDArray[np.float64], Mask]:
    """Return the nearest floats (infinite beyond their range) and the mask of texts that are no numbers."""
    values = _at_once(text, pa.float64())
    if values is not None:
        return fixed_values(values, np.float64), _nulls(values)
    found = look(text)
    values = _castable(found, found.good).cast(pa.float64())
    return fixed_values(values, np.float64), ~found.good


def read_integers(text: Any) -> tuple[Ints, Mask, Mask]:
    """Return integers with fractions cut off, the mask of texts that are no numbers, and of those beyond 64 bits."""
    values = _at_once(text, pa.int64())
    if values is not None:
        return fixed_values(values, np.int64), _nulls(values), np.zeros(len(values), np.bool_)
    found = look(text)
    digits = found.lengths - found.signed
    plain = found.good & ~found.fractional & (digits <= _SAFE_DIGITS)
    texts = _castable(found, plain)
    if found.signed.any():
        texts = kernels().utf8_ltrim(texts, characters="+")
    out = np.array(texts.cast(pa.int64()))
    beyond = np.zeros(len(out), np.bool_)
    short = found.good & found.fractional & (found.lengths <= _EXACT_LENGTH)
    if short.any():
        floats = np.asarray(_castable(found, short).cast(pa.float64()))
        beyond = np.abs(floats) >= 2.0**63
        out = np.where(short, np.where(beyond, 0.0, floats).astype(np.int64), out)
    for row in np.flatnonzero(found.good & ~plain & ~short).tolist():
        exact = Decimal(found.texts[row].as_py())
        number = int(exact) if exact.adjusted() < 20 else INT64_MAX + 1
        beyond[row] = not INT64_MIN <= number <= INT64_MAX
        out[row] = 0 if beyond[row] else number
    return out, ~found.good, beyond


def read_exact(text: Any) -> tuple[npt.NDArray[Any], Mask, Mask]:
    """Return exact Decimals, the mask of texts that are no numbers, and of those with far too many digits."""
    found = look(text)
    encoded = _castable(found, found.good).dictionary_encode()
    known = [Decimal(value or "0") for value in encoded.dictionary.to_pylist()]
    long = np.array([value != 0 and abs(value.adjusted()) > MAX_DIGITS for value in known], np.bool_)
    distinct = np.empty(len(known), np.object_)
    distinct[:] = [Decimal(0) if skip else value for value, skip in zip(known, long.tolist(), strict=True)]
    codes = np.asarray(encoded.indices)
    return distinct[codes], ~found.good, long[codes]
