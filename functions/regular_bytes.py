"""Regular expressions that need no engine, or an engine once for many matches, over the bytes of whole columns.

* A class of ASCII characters, once or in runs, such as ``\\d+``, ``[aeiou]`` or ``[^;]+``: bytes are compared.
* Alternatives of plain text, such as ``over|under``: each is looked for.
* All matches of a text: RE2 puts marks around them that no text can hold, and the texts are cut at the marks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import _constants as _op
from typing import Any

import numpy as np

from sheetline.functions import text_finding
from sheetline.functions.regular_engine import Regex, class_ranges
from sheetline.functions.text_bytes import U8, Bools, kept
from sheetline.functions.text_support import is_ascii, kernels, raw_bytes
from sheetline.functions.text_view import I64, rank, spans, text_of_bytes
from sheetline.functions.text_words import lists, marked, run_starts, runs

#: Alternatives of plain text are looked for one by one; more of them are RE2's.
_MANY = 6
#: A longer replacement is RE2's.
_LONG = 16
#: What RE2 puts around a match: bytes that UTF-8 never has.
_OPENING, _CLOSING = 0xFF, 0xFE
_LAST = 0x10FFFF


@dataclass(frozen=True, slots=True)
class ByteClass:
    """A pattern that is one class.

    Attributes:
        table: which of the 256 bytes belong to it.
        run: whether the pattern is the class and ``+``.
        wide: whether all characters beyond ASCII belong to it.
    """

    table: Bools
    run: bool
    wide: bool

    def fits(self, text: Any) -> bool:
        """Whether bytes say what characters would: a single character beyond ASCII has several."""
        return self.run or not self.wide or is_ascii(text)

    def starts(self, data: U8, offsets: I64) -> Bools:
        """Return the bytes at which matches begin."""
        inside = marked(data, self.table)
        return run_starts(inside, offsets) if self.run else inside


def byte_class(pattern: Regex) -> ByteClass | None:
    """Return a pattern as a class of bytes, or None where it is something else."""
    items, flags = list(pattern.parsed), pattern.flags
    run = False
    if len(items) == 1 and items[0][0] is _op.MAX_REPEAT:
        low, high, body = items[0][1]
        if low != 1 or high != _op.MAXREPEAT:
            return None
        items, run = list(body), True
    if len(items) != 1 or items[0][0] not in (_op.IN, _op.LITERAL, _op.NOT_LITERAL, _op.ANY):
        return None
    op, value = items[0]
    ranges = class_ranges(op, value, flags)
    table = np.zeros(256, np.bool_)
    for low, high in ranges:
        table[low : min(high, 127) + 1] = True
    beyond = sorted((max(low, 128), high) for low, high in ranges if high > 127)
    if not beyond:
        return ByteClass(table, run, wide=False)
    reached = 127
    for low, high in beyond:
        if low > reached + 1:
            return None
        reached = max(reached, high)
    if reached < _LAST:
        return None
    table[128:] = True
    return ByteClass(table, run, wide=True)


def count(found: ByteClass, text: Any) -> I64:
    """Return how often a class matches in each text."""
    data, offsets = raw_bytes(text)
    return np.diff(rank(found.starts(data, offsets), offsets))


def matches(found: ByteClass, text: Any) -> Bools:
    """Return which texts are of this class altogether."""
    data, offsets = raw_bytes(text)
    sizes = np.diff(offsets)
    inside = np.diff(rank(marked(data, found.table), offsets))
    out: Bools = (inside == sizes) & (sizes > 0 if found.run else sizes == 1)
    return out


def all_matches(found: ByteClass, text: Any) -> Any:
    """Return the matches of a class as lists."""
    if found.run:
        parts = runs(text, found.table)
        return lists(parts.offsets, parts.texts())
    data, offsets = raw_bytes(text)
    inside = marked(data, found.table)
    letters = np.compress(inside, data)
    return lists(rank(inside, offsets), text_of_bytes(np.arange(len(letters) + 1), letters))


def replaced(found: ByteClass, text: Any, new: bytes) -> Any:
    """Return the texts with all matches of a class replaced, or None where that is left to RE2."""
    if len(new) > _LONG:
        return None
    data, offsets = raw_bytes(text)
    inside = marked(data, found.table)
    if not inside.any():
        return text
    if not new:
        data, offsets = kept(data, offsets, ~inside)
        return text_of_bytes(offsets, data)
    starts = run_starts(inside, offsets) if found.run else inside
    data = np.where(starts, np.uint8(new[0]), data)
    keep = np.logical_not(inside, out=inside) if found.run else None
    if keep is not None:
        keep |= starts
    if len(new) > 1:
        return _longer(data, offsets, starts, keep, new)
    if keep is not None:
        data, offsets = kept(data, offsets, keep)
    return text_of_bytes(offsets, data)


def _longer(data: U8, offsets: I64, starts: Bools, keep: Bools | None, new: bytes) -> Any:
    """Return texts in which the bytes ``starts`` become a replacement of several bytes."""
    added = rank(starts, offsets) * (len(new) - 1)
    if keep is not None:
        starts = np.compress(keep, starts)
        data, offsets = kept(data, offsets, keep)
    places = np.flatnonzero(starts)
    places += np.arange(len(places)) * (len(new) - 1)
    out = np.empty(len(data) + len(places) * (len(new) - 1), np.uint8)
    old = np.ones(len(out), np.bool_)
    for place in range(1, len(new)):
        old[places + place] = False
    out[old] = data
    for place in range(1, len(new)):
        out[places + place] = new[place]
    return text_of_bytes(offsets + added, out)


def plain_alternatives(pattern: Regex) -> list[str] | None:
    """Return the texts one of which a pattern looks for, where these are few and that is all."""
    found = None if pattern.flags & re.IGNORECASE else _expanded(pattern.parsed)
    return None if found is None or "" in found else found


def _expanded(items: Any) -> list[str] | None:
    out = [""]
    for op, value in items:
        if op is _op.LITERAL:
            more: list[str] | None = [chr(value)]
        elif op is _op.BRANCH:
            parts = [_expanded(part) for part in value[1]]
            more = None if any(part is None for part in parts) else [text for part in parts for text in part or ()]
        elif op is _op.SUBPATTERN and not value[1] and not value[2]:
            more = _expanded(value[3])
        else:
            more = None
        if more is None or len(out) * len(more) > _MANY:
            return None
        out = [before + behind for before in out for behind in more]
    return out


def contains_any(parts: list[str], text: Any) -> Bools:
    """Return which texts hold one of some parts."""
    out = text_finding.contains(text, parts[0])
    for part in parts[1:]:
        out = out | text_finding.contains(text, part)
    return out


def cut_matches(pattern: str, text: Any) -> Any:
    """Return all matches of a pattern of RE2, which never matches nothing, as lists."""
    found = kernels().replace_substring_regex(
        text, pattern=pattern, replacement=bytes((_OPENING,)) + rb"\0" + bytes((_CLOSING,))
    )
    data, offsets = raw_bytes(found)
    opening = np.flatnonzero(data == _OPENING)
    closing = np.flatnonzero(data == _CLOSING)
    texts = spans(data, opening + 1, closing, len(opening))
    return lists(np.searchsorted(opening, offsets).astype(np.int64), texts)


def open_ends(pattern: Regex, text: Any) -> tuple[bool, bool]:
    """Return at which ends ``.*`` lets a pattern of whole texts match anything that the texts hold there."""
    items = list(pattern.parsed)
    front = bool(items) and _anything(items[0])
    back = len(items) > front and _anything(items[-1])
    if not (front or back) or pattern.groups:
        return False, False
    if not pattern.flags & re.DOTALL and (raw_bytes(text)[0] == 10).any():
        return False, False  # a dot does not match line breaks
    return front, back


def _anything(item: Any) -> bool:
    op, value = item
    return (
        op in (_op.MAX_REPEAT, _op.MIN_REPEAT)
        and value[0] == 0
        and value[1] == _op.MAXREPEAT
        and [part[0] for part in value[2]] == [_op.ANY]
    )
