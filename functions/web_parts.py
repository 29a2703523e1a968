"""Where the parts of addresses stand: URLs by RFC 3986, taken apart over whole columns, and e-mail addresses."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from sheetline.functions.text_bytes import I64, U8, Bools, Marks
from sheetline.functions.text_finding import hits
from sheetline.functions.text_support import raw_bytes
from sheetline.functions.text_view import spans
from sheetline.functions.text_words import marked

_SCHEME_SIGN = np.zeros(256, np.bool_)
_SCHEME_SIGN[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.")] = True
#: What may not stand in the domain of an e-mail address, and brackets, which may only stand around it.
_PARTING, _BRACKET = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
_PARTING[list(b'\t\n\v\f\r <>"(),;:')] = True
_BRACKET[list(b"[]")] = True
#: What ends a host, and what may stand before or around one.
_BEHIND_HOST, _AROUND_HOST = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
_BEHIND_HOST[list(b"/?#:")] = True
_AROUND_HOST[list(b"@[]")] = True
_HTTPS = len("https://")
_LETTER = np.zeros(256, np.bool_)
_LETTER[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] = True


def _word(eight: bytes) -> np.uint64:
    """Return eight bytes as one number."""
    return np.uint64(int.from_bytes(eight, "little"))


class Urls:
    """A column of URLs as places in its bytes. Blanks and control characters around a URL are no part of it.

    Attributes:
        begin, end: where each URL begins and ends.
    """

    def __init__(self, text: Any) -> None:
        self.data, offsets = raw_bytes(text)
        self.rows = len(text)
        self.begin, self.end = self._trimmed(offsets[:-1], offsets[1:])

    @cached_property
    def ahead(self) -> U8:
        """The bytes and two more, so that one may look ahead of the last URL."""
        return np.concatenate((self.data, np.zeros(2, np.uint8)))

    @cached_property
    def fragment(self) -> I64:
        """Where each URL's # stands, or ``end``."""
        return Marks.of(self.data, "#").first(self.begin, self.end)

    @cached_property
    def query(self) -> I64:
        """Where its ? stands, or ``fragment``."""
        return Marks.of(self.data, "?").first(self.begin, self.fragment)

    @cached_property
    def plain_authority(self) -> I64 | None:
        """Where the part for the host begins where all URLs are of http or https, as it is written mostly; else None.

        Empty texts are let through.
        """
        if len(self.data) < _HTTPS:
            return None
        empty = self.begin == self.end
        eight = np.lib.stride_tricks.sliding_window_view(self.data, 8)
        # the last URLs' eight bytes may not be there; then it is the other way's turn
        begin = np.where(empty, 0, self.begin)
        if int(begin.max(initial=0)) > len(self.data) - 8:
            return None
        words = eight[begin].reshape(-1).view("<u8")
        secure = words == _word(b"https://")
        other = (words & _word(b"\xff" * 7 + b"\0")) == _word(b"http://\0")
        size = np.where(secure, _HTTPS, _HTTPS - 1)
        if not ((secure | other) & (self.begin + size <= self.end) | empty).all():
            return None
        return np.where(empty, self.begin, self.begin + size)

    @cached_property
    def plain_hosts(self) -> tuple[I64, I64] | None:
        """Where hosts begin and end where all URLs are plain ones, without users and brackets; else None."""
        low = self.plain_authority
        if low is None or marked(self.data, _AROUND_HOST).any():
            return None
        return low, Marks(np.flatnonzero(marked(self.data, _BEHIND_HOST))).first(low, self.end)

    @cached_property
    def slashes(self) -> Marks:
        """Where slashes stand."""
        return Marks.of(self.data, "/")

    @cached_property
    def colons(self) -> Marks:
        """Where colons stand."""
        return Marks.of(self.data, ":")

    @cached_property
    def colon(self) -> I64:
        """Where the colon behind the scheme stands, or -1."""
        colon = self.colons.first(self.begin, self.query)
        odd = Marks(np.flatnonzero(~_SCHEME_SIGN[self.data])).first(self.begin, self.query)  # a colon is odd as well
        named = (colon < self.query) & (colon > self.begin) & (odd == colon) & _LETTER[self.ahead[self.begin]]
        return np.where(named, colon, -1)

    @cached_property
    def _rest(self) -> tuple[I64, Bools]:
        """Where what follows the scheme begins, and whether it begins with two slashes: then a host follows."""
        rest = np.where(self.colon >= 0, self.colon + 1, self.begin)
        pair = (self.ahead[rest] == ord("/")) & (self.ahead[np.minimum(rest + 1, len(self.data))] == ord("/"))
        return rest, pair & (rest + 2 <= self.query)

    @property
    def host_part(self) -> Bools:
        """Whether there are two slashes and behind them a part for the host."""
        return self._rest[1]

    @cached_property
    def authority(self) -> I64:
        """Where that part begins."""
        return np.where(self.host_part, self._rest[0] + 2, self._rest[0])

    @cached_property
    def path(self) -> I64:
        """Where the path begins, that is, where the part for the host ends."""
        return np.where(self.host_part, self.slashes.first(self.authority, self.query), self._rest[0])

    def _trimmed(self, begin: I64, end: I64) -> tuple[I64, I64]:
        if not len(self.data):
            return begin, end
        some = begin < end
        last = len(self.data) - 1
        blank_ends = (self.data[np.minimum(begin, last)] <= 32) | (self.data[end - 1] <= 32)
        if not (some & blank_ends).any():
            return begin, end
        ink = Marks(np.flatnonzero(self.data > 32))
        first = ink.first(begin, end)
        return first, np.maximum(ink.last(begin, end) + 1, first)

    def cut(self, low: I64, high: I64, there: Bools | None = None) -> Any:
        """Return the bytes ``low`` … ``high``-1 of each row as Arrow text, null where not ``there``."""
        if there is None:
            return spans(self.data, low, high, self.rows)
        return spans(self.data, np.where(there, low, self.begin), np.where(there, high, self.begin), self.rows, there)

    @cached_property
    def host(self) -> tuple[I64, I64, I64, Bools]:
        """Where the host begins and ends (without brackets), what follows it, and where brackets are amiss."""
        stop = self.path
        low = Marks.of(self.data, "@").last(self.authority, stop) + 1
        opening, closing = Marks.of(self.data, "["), Marks.of(self.data, "]")
        if not len(opening.places) and not len(closing.places):
            high = self.colons.first(low, stop)
            return low, high, high, np.zeros(self.rows, np.bool_)
        boxed = self.host_part & (self.ahead[low] == ord("[")) & (low < stop)
        close = closing.first(low, stop)
        after = np.where(boxed, np.minimum(close + 1, stop), self.colons.first(low, stop))
        follows = self.ahead[after]
        strange = opening.count(self.authority, stop) != boxed
        strange |= closing.count(self.authority, stop) != boxed
        strange |= boxed & (after < stop) & (follows != ord(":"))
        return np.where(boxed, low + 1, low), np.where(boxed, np.minimum(close, stop), after), after, strange

    @cached_property
    def port(self) -> tuple[I64, Bools]:
        """Where the port begins (behind its colon; it ends at ``path``), and where there is one."""
        _, _, after, _ = self.host
        there = self.host_part & (after < self.path) & (self.ahead[after] == ord(":"))
        return after + 1, there & (after + 1 < self.path)


class Addresses:
    """A column of e-mail addresses as places in its bytes.

    Attributes:
        begin, end: where each text begins and ends.
        at: where its last @ stands, or ``begin``-1.
    """

    def __init__(self, text: Any) -> None:
        self.data, offsets = raw_bytes(text)
        self.rows = len(text)
        self.begin, self.end = offsets[:-1], offsets[1:]
        self.at = Marks.of(self.data, "@").last(self.begin, self.end)

    @cached_property
    def good(self) -> Bools:
        """Whether it can be taken for an address: something, @, and something without signs that part words."""
        low, high = self.at + 1, self.end
        good: Bools = (self.at > self.begin) & (low < high)
        if not marked(self.data, _PARTING | _BRACKET).any():
            return good
        brackets = Marks(np.flatnonzero(marked(self.data, _BRACKET)))
        parting = Marks(np.flatnonzero(marked(self.data, _PARTING)))
        literal = good & (brackets.count(low, high) > 0)
        if literal.any():  # [127.0.0.1]: brackets around all of it, and in them colons may stand
            ahead = np.append(self.data, np.uint8(0))
            boxed = (ahead[low] == ord("[")) & (ahead[high - 1] == ord("]")) & (high - low > 2)
            boxed &= brackets.count(low, high) == 2
            colons = Marks.of(self.data, ":").count(low, high)
            good &= np.where(literal, boxed & (parting.count(low, high) == colons), True)
        good &= literal | (parting.first(low, high) == high)
        return good

    def cut(self, low: I64, high: I64, there: Bools) -> Any:
        """Return the bytes ``low`` … ``high``-1 of each row as Arrow text, empty where not ``there``."""
        return spans(self.data, np.where(there, low, self.begin), np.where(there, high, self.begin), self.rows)


def first_parameters(query: Any, name: str) -> tuple[Any, Bools]:
    """Return what stands behind the first ``name=`` of each query, as written, and which may have encoded names.

    Args:
        query: Arrow text, what stands behind the ?.
        name: a name, not empty.

    Returns:
        Arrow text, null where the name does not stand; and the rows some name of which holds % or +, which
        have to be decoded to be compared.
    """
    data, offsets = raw_bytes(query)
    rows, amps = len(query), Marks.of(data, "&")
    found = None if set("=&") & set(name) else hits(query, name)
    if found is None:  # much is found, or the name is an odd one: every parameter is looked at
        place, row = _named(data, offsets, amps, name.encode())
    else:
        place, row = found.places, found.row
        behind = data[np.minimum(place + found.size, len(data) - 1)]
        named = (place == offsets[row]) | (data[place - 1] == ord("&"))
        named &= (place + found.size == offsets[row + 1]) | (behind == ord("=")) | (behind == ord("&"))
        place, row = place[named], row[named]
    if len(row) > 1:
        ahead = np.append(True, row[1:] != row[:-1])
        place, row = place[ahead], row[ahead]
    low, high = offsets[:-1].copy(), offsets[:-1].copy()
    place = place + len(name.encode())
    high[row] = amps.first(place, offsets[row + 1])
    low[row] = np.minimum(place + 1, high[row])
    there = np.zeros(rows, np.bool_)
    there[row] = True
    return spans(data, low, high, rows, there), _encoded_names(data, offsets, amps)


def _named(data: U8, offsets: I64, amps: Marks, wanted: bytes) -> tuple[I64, I64]:
    """Return where parameters of a name begin, and in which rows."""
    starts = np.sort(np.concatenate((offsets[:-1], amps.places + 1)))
    row = np.clip(np.searchsorted(offsets, starts, side="right") - 1, 0, max(len(offsets) - 2, 0))
    stops = amps.first(starts, offsets[row + 1])
    same = Marks.of(data, "=").first(starts, stops) - starts == len(wanted)
    starts, row = starts[same], row[same]
    for place, byte in enumerate(wanted):
        same = data[starts + place] == byte
        starts, row = starts[same], row[same]
    return starts, row


def _encoded_names(data: Any, offsets: I64, amps: Marks) -> Bools:
    """Return the rows in which % or + stands in the name of a parameter."""
    signs = Marks(np.flatnonzero((data == ord("%")) | (data == ord("+"))))
    out = np.zeros(len(offsets) - 1, np.bool_)
    if len(signs.places):
        equals = Marks.of(data, "=")
        row = signs.rows(offsets)
        begin = np.maximum(amps.last(offsets[row], signs.places) + 1, offsets[row])
        out[row[equals.first(begin, signs.places) == signs.places]] = True
    return out
