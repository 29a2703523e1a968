"""IP addresses as numbers: reading and writing whole columns of them, IPv4 and IPv6.

An address is a version (4, 6, or 0 for a text that is none) and two 64-bit halves; the upper one of an IPv4
address is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, filled, text_array, text_scalar
from sheetline.functions.text_bytes import I64, U8, Bools, Marks, rows_with
from sheetline.functions.text_support import TEXT, kernels, raw_bytes

U64 = npt.NDArray[np.uint64]
_COLON, _NEITHER = 16, 255
_HEX = np.full(256, _NEITHER, np.uint8)
_HEX[list(b"0123456789abcdef")] = range(16)
_HEX[list(b"ABCDEF")] = range(10, 16)
_HEX[ord(":")] = _COLON
_ALL = np.uint64(2**64 - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Addresses:
    """A column of addresses: ``version`` 4, 6 or 0 (none), and the halves of their numbers."""

    version: npt.NDArray[np.int64]
    high: U64
    low: U64

    def __len__(self) -> int:
        return len(self.version)

    def put(self, rows: I64, other: Addresses) -> None:
        """Write other addresses at ``rows``."""
        self.version[rows], self.high[rows], self.low[rows] = other.version, other.high, other.low


def _none(rows: int) -> Addresses:
    return Addresses(np.zeros(rows, np.int64), np.zeros(rows, np.uint64), np.zeros(rows, np.uint64))


def read_addresses(text: Any) -> Addresses:
    """Return the addresses of Arrow text; nulls and texts that are none have version 0.

    IPv4 is four decimal numbers without leading zeros; IPv6 as RFC 4291 writes it, also with an IPv4 address at
    its end or with a zone behind %, which is dropped.
    """
    data, offsets = raw_bytes(text)
    out = _read_four(data, offsets)
    six = rows_with(data == ord(":"), offsets)
    if six.any():
        rows = np.flatnonzero(six)
        out.put(rows, _read_six(text.take(arrow_array(rows))))
    return out


def _read_four(data: U8, offsets: I64) -> Addresses:
    out = _none(len(offsets) - 1)
    dots = Marks.of(data, ".")
    begin, end = offsets[:-1], offsets[1:]
    lengths = end - begin
    fits = (lengths >= 7) & (lengths <= 15) & (dots.count(begin, end) == 3)
    fits &= ~rows_with((data - np.uint8(48) > 9) & (data != ord(".")), offsets)
    rows = np.flatnonzero(fits)
    if not len(rows):
        return out
    begin, end = begin[rows], end[rows]
    first = np.searchsorted(dots.places, begin)
    edges = [begin - 1, *(dots.places[first + step] for step in range(3)), end]
    number = np.zeros(len(rows), np.int64)
    good = np.ones(len(rows), np.bool_)
    for low, high in pairwise(edges):
        part, right = _decimal(data, low + 1, high)
        number = number * 256 + part
        good &= right
    rows = rows[good]
    out.version[rows] = 4
    out.low[rows] = number[good].astype(np.uint64)
    return out


def _decimal(data: U8, low: I64, high: I64) -> tuple[I64, Bools]:
    """Return the numbers of one to three digits in each span, and whether they are bytes without leading zeros."""
    size = high - low
    last = len(data) - 1
    one, two, three = (data[np.clip(high - step, 0, last)].astype(np.int64) - 48 for step in (1, 2, 3))
    value = one + np.where(size > 1, two * 10, 0) + np.where(size > 2, three * 100, 0)
    leading = data[np.clip(low, 0, last)] == 48
    return value, (size >= 1) & (size <= 3) & (value <= 255) & (~leading | (size == 1))


def _read_six(text: Any) -> Addresses:
    """Read texts that hold a colon: plain ones at once, those with . or % one by one."""
    data, offsets = raw_bytes(text)
    out = _read_groups(data, offsets)
    rest = np.flatnonzero(rows_with((data == ord(".")) | (data == ord("%")), offsets))
    for row in rest.tolist():
        halves = _scalar_six(text[row].as_py() or "")
        if halves is not None:
            out.version[row], out.high[row], out.low[row] = 6, *halves
    return out


def _read_groups(data: U8, offsets: I64) -> Addresses:
    out = _none(len(offsets) - 1)
    lengths = np.diff(offsets)
    codes = _HEX[data]
    fits = (lengths >= 2) & (lengths <= 39) & ~rows_with(codes == _NEITHER, offsets)
    rows = np.flatnonzero(fits)
    if not len(rows):
        return out
    codes = codes[np.repeat(fits, lengths)]
    offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths[rows])))
    begin, end = offsets[:-1], offsets[1:]
    digit = codes < 16
    edge = np.zeros(len(codes) + 1, np.bool_)
    edge[offsets] = True
    starts = np.flatnonzero(digit & (np.append(True, ~digit[:-1]) | edge[:-1]))
    stops = np.flatnonzero(digit & (np.append(~digit[1:], True) | edge[1:])) + 1
    group_at = np.searchsorted(starts, offsets)
    groups = np.diff(group_at)
    row = np.repeat(np.arange(len(rows)), groups)
    colons = Marks(np.flatnonzero(~digit))
    doubles = Marks(np.flatnonzero(~digit[:-1] & ~digit[1:] & ~edge[1:-1]))
    double = doubles.first(begin, end)
    gaps = doubles.count(begin, end)
    before = np.searchsorted(starts, double) - group_at[:-1]  # groups before the double colon
    behind = groups - before
    good = ((gaps == 0) & (groups == 8) & (colons.count(begin, end) == 7)) | (
        (gaps == 1)
        & (groups <= 7)
        & (colons.count(begin, end) == groups + (before == 0).astype(np.int64) + (behind == 0).astype(np.int64))
    )
    good &= np.bincount(row[stops - starts > 4], minlength=len(rows)) == 0
    nth = np.arange(len(starts)) - group_at[:-1][row]
    slot = np.where(nth < before[row], nth, nth + 8 - groups[row])
    high, low = _halves(_group_values(codes, starts, stops), np.clip(slot, 0, 7), group_at)
    rows = rows[good]
    out.version[rows], out.high[rows], out.low[rows] = 6, high[good], low[good]
    return out


def _group_values(codes: U8, starts: I64, stops: I64) -> U64:
    """Return the numbers of the groups of (up to four) hexadecimal digits."""
    value = np.zeros(len(starts), np.uint64)
    for step in range(4, 0, -1):
        at = stops - step
        inside = at >= starts
        value = np.where(inside, value * np.uint64(16) + codes[np.maximum(at, 0)].astype(np.uint64), value)
    return value


def _halves(value: U64, slot: I64, group_at: I64) -> tuple[U64, U64]:
    """Return the halves of each row's number: its groups, shifted to their slots and added up."""
    shifted = value << (np.uint64(16) * (3 - slot % 4).astype(np.uint64))
    halves = []
    for upper in (True, False):
        sums = np.zeros(len(value) + 1, np.uint64)
        np.cumsum(np.where((slot < 4) == upper, shifted, np.uint64(0)), out=sums[1:])
        halves.append(sums[group_at[1:]] - sums[group_at[:-1]])
    return halves[0], halves[1]


def _scalar_six(text: str) -> tuple[int, int] | None:
    """Return the halves of one IPv6 address that has a zone or an IPv4 address at its end, or None."""
    bare, percent, zone = text.partition("%")
    if (percent and (not zone or "%" in zone or "/" in zone)) or len(bare) > 45:
        return None
    head, _, tail = bare.rpartition(":")
    if "." in tail:
        four = _scalar_four(tail)
        if four is None:
            return None
        bare = f"{head}:{four >> 16:x}:{four & 0xFFFF:x}"
    read = _read_groups(*raw_bytes(text_array([bare])))
    return (int(read.high[0]), int(read.low[0])) if read.version[0] == 6 else None


def _scalar_four(text: str) -> int | None:
    read = _read_four(*raw_bytes(text_array([text])))
    return int(read.low[0]) if read.version[0] == 4 else None


# Writing.


def write_four(number: U64 | I64) -> Any:
    """Return IPv4 addresses as Arrow text."""
    pc = kernels()
    bytes_ = text_array([str(value) for value in range(256)])
    number = np.asarray(number).astype(np.int64)
    parts = [bytes_.take(arrow_array((number >> shift) & 255)) for shift in (24, 16, 8, 0)]
    return pc.binary_join_element_wise(*parts, text_scalar("."))


def text_of_six(high: int, low: int) -> str:
    """Return one IPv6 address as RFC 5952 writes it: lower case, the longest run of zeros as a double colon."""
    number = high << 64 | low
    groups = [(number >> shift) & 0xFFFF for shift in range(112, -1, -16)]
    best, length = 0, 1  # one group of zeros alone is written
    at = 0
    while at < 8:
        stop = at
        while stop < 8 and groups[stop] == 0:
            stop += 1
        if stop - at > length:
            best, length = at, stop - at
        at = stop + 1
    shown = [f"{group:x}" for group in groups]
    if length == 1:
        return ":".join(shown)
    return ":".join(shown[:best]) + "::" + ":".join(shown[best + length :])


def write_addresses(addresses: Addresses) -> Any:
    """Return addresses as Arrow text; what is none gives an empty text."""
    out = write_four(np.where(addresses.version == 4, addresses.low, np.uint64(0)))
    other = addresses.version != 4
    if not other.any():
        return out
    rows = np.flatnonzero(other)
    halves = zip(
        addresses.version[rows].tolist(), addresses.high[rows].tolist(), addresses.low[rows].tolist(), strict=True
    )
    shown = [text_of_six(high, low) if version else "" for version, high, low in halves]
    return kernels().replace_with_mask(out, arrow_array(other), pa.array(shown, TEXT))


# Networks.


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """A column of networks: their first and last addresses. Version 0 stands for a text that is none."""

    first: Addresses
    last: Addresses


def read_networks(text: Any) -> Networks:
    """Return the networks that Arrow text names: an address and, behind a slash, the length of its prefix.

    Bits behind the prefix are ignored; without a slash the network is the one address.
    """
    pc = kernels()
    data, offsets = raw_bytes(text)
    begin, end = offsets[:-1], offsets[1:]
    slash = Marks.of(data, "/")
    size = (end - slash.first(begin, end) - 1).astype(np.int64)
    bare = pc.replace_substring_regex(text, pattern=r"/[0-9]{1,3}\z", replacement="")
    written = pc.replace_substring_regex(text, pattern=r"(?s)\A.*/", replacement="")
    number = _prefix_lengths(written, size)
    at = read_addresses(bare)
    width = np.where(at.version == 6, 128, 32)
    prefix = np.where(size < 0, width, number)
    good = (at.version > 0) & (prefix >= 0) & (prefix <= width)
    prefix = np.where(good, prefix, 0)
    version = np.where(good, at.version, 0)
    upper = _mask_bits(np.where(version == 6, np.minimum(prefix, 64), 64))
    lower = _mask_bits(np.where(version == 6, np.maximum(prefix - 64, 0), prefix + 32))
    first = Addresses(version, at.high & upper, at.low & lower)
    return Networks(first, Addresses(version, first.high | ~upper, first.low | (~lower & _width_bits(version))))


def _prefix_lengths(written: Any, size: I64) -> I64:
    """Return prefix lengths of one to three digits, -1 for others."""
    pc = kernels()
    right = np.asarray(filled(pc.match_substring_regex(written, pattern=r"\A[0-9]{1,3}\z"), False)) & (size > 0)
    digits = pc.if_else(arrow_array(right), written, text_scalar("0"))
    return np.where(right, np.asarray(digits.cast(pa.int64())), -1)


def _width_bits(version: I64) -> U64:
    return np.where(version == 6, _ALL, np.uint64(0xFFFF_FFFF))


def _mask_bits(prefix: I64) -> U64:
    """Return words whose upper ``prefix`` bits (0 … 64) are set."""
    some = prefix > 0
    shift = np.where(some, 64 - prefix, 0).astype(np.uint64)
    return np.where(some, _ALL << shift, np.uint64(0))


def inside(at: Addresses, networks: Networks) -> Bools:
    """Return whether addresses lie in networks of their version (arrays, or networks of one row)."""
    first, last = networks.first, networks.last
    above = (at.high > first.high) | ((at.high == first.high) & (at.low >= first.low))
    below = (at.high < last.high) | ((at.high == last.high) & (at.low <= last.low))
    out: Bools = (at.version == first.version) & above & below
    return out
