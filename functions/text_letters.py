"""Upper and lower case beyond ASCII: in place, by Arrow's kernels where they do what Python does, or by Python.

Most letters of two bytes become letters of two bytes, and their texts stay as long as they are. Arrow maps letters one
to one; Python's full mapping makes ``SS`` of ``ß``. Which characters differ is found out by comparing the two, a page
of characters at a time, when a text first holds one of the page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, null_mask
from sheetline.functions.text_bytes import rows_of
from sheetline.functions.text_support import TEXT, is_ascii, kernels, mapped_rows, raw_bytes

Bools = npt.NDArray[np.bool_]

_PAGE = 1 << 12
_SURROGATES = range(0xD800, 0xE000)


class Letters:
    """One way to change letters: Arrow's for ASCII, Arrow's for Unicode, and Python's, which says what is right.

    Args:
        ascii_name, utf8_name: names of Arrow's kernels.
        python: the function of one text.
        apart: characters whose change hangs on what stands beside them.
    """

    def __init__(self, ascii_name: str, utf8_name: str, python: Callable[[str], str], apart: str = "") -> None:
        self.ascii_name, self.utf8_name, self.python, self.apart = ascii_name, utf8_name, python, apart
        self._known = np.zeros(0x110000 // _PAGE, np.bool_)
        self._differ = np.zeros(0x110000, np.bool_)
        #: by the first two bytes of a character: whether one that begins so differs, or may
        self._open = np.ones(1 << 16, np.bool_)
        #: by the first two bytes of a character: what they become; 0 if that can't be told, or not yet
        self._pairs = np.zeros(1 << 16, np.uint16)
        self._asked = np.zeros(1 << 16, np.bool_)

    def change(self, text: Any) -> Any:
        """Return Arrow text with every letter changed."""
        pc = kernels()
        if is_ascii(text):
            return getattr(pc, self.ascii_name)(text)
        made, others = self._in_place(text)
        if others is None:
            return made
        if 2 * np.count_nonzero(others) > len(text):
            return self._by_arrow(text)
        mask = arrow_array(others)
        return pc.replace_with_mask(made, mask, self._by_arrow(text.filter(mask)))

    def _in_place(self, text: Any) -> tuple[Any, Bools | None]:
        """Return the text changed without moving a letter, and the rows that can't be changed so."""
        data, offsets = raw_bytes(text)
        made = getattr(kernels(), self.ascii_name)(text)
        out, _ = raw_bytes(made)  # memory that nobody else has seen yet
        if len(out) != len(data) or not out.flags.writeable:
            return made, np.ones(len(text), np.bool_)
        leads, pairs = _pairs(data)
        new = self._pairs.take(pairs)
        others = None
        if not new.all():
            for pair in np.unique(pairs[new == 0]).tolist():
                if not self._asked[pair]:
                    self._pairs[pair] = self._changed(pair.to_bytes(2))
                    self._asked[pair] = True
            new = self._pairs.take(pairs)
            if not new.all():
                others = np.zeros(len(text), np.bool_)
                others[rows_of(leads[new == 0], offsets)] = True
        changed = np.flatnonzero((new != pairs) & (new != 0))
        new, at = new.take(changed), leads.take(changed)
        out[at] = new >> 8
        at += 1
        out[at] = new & 255
        return made, others

    def _changed(self, first: bytes) -> int:
        """Return what becomes of a character's first two bytes, whatever follows; 0 if that is no other two."""
        if first[0] < 0xE0:
            char = first.decode(errors="replace")
            new = self.python(char).encode()
            return 0 if len(new) != 2 or char in self.apart else int.from_bytes(new)
        behind = product(range(0x80, 0xC0), repeat=1 if first[0] < 0xF0 else 2)
        chars = b"".join(first + bytes(rest) for rest in behind).decode(errors="replace")
        return int.from_bytes(first) if self.python(chars) == chars else 0

    def _by_arrow(self, text: Any) -> Any:
        """Return the text changed by Arrow, and by Python in rows where Arrow does something else."""
        pc = kernels()
        made = getattr(pc, self.utf8_name)(text)
        rows = self._strange(text)
        gone = null_mask(text)
        if rows is not None and gone is not None:
            rows &= ~gone
        if rows is None or not rows.any():
            return made
        mask = arrow_array(rows)
        return pc.replace_with_mask(made, mask, mapped_rows(self.python, text.filter(mask)))

    def _strange(self, text: Any) -> Bools | None:
        """Return the rows with a character that Arrow changes in another way than Python, None if there is none."""
        data, offsets = raw_bytes(text)
        leads, pairs = _pairs(data)
        open_ = self._open.take(pairs)
        if not open_.any():
            return None
        leads = leads[open_]
        strange = leads[self._differs(_code_points(data, leads))]
        if not len(strange):
            return None
        out = np.zeros(len(text), np.bool_)
        out[rows_of(strange, offsets)] = True
        return out

    def _differs(self, codes: npt.NDArray[np.int32]) -> Bools:
        for page in np.flatnonzero(np.bincount(codes // _PAGE, minlength=len(self._known))).tolist():
            if not self._known[page]:
                self._fill(page)
        return self._differ[codes]

    def _fill(self, page: int) -> None:
        codes = [code for code in range(page * _PAGE, (page + 1) * _PAGE) if code not in _SURROGATES]
        chars = list(map(chr, codes))
        arrow = getattr(kernels(), self.utf8_name)(pa.array(chars, TEXT)).to_pylist()
        differ = [
            python != other or char in self.apart
            for char, other, python in zip(chars, arrow, map(self.python, chars), strict=True)
        ]
        self._differ[codes] = differ
        self._known[page] = True
        pairs = np.array([int.from_bytes(char.encode()[:2]) for char in chars])
        self._open[np.setdiff1d(pairs, pairs[differ])] = False


def _pairs(data: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
    """Return where characters of several bytes begin, and their first two bytes as one number."""
    leads = np.flatnonzero(data >= 0xC0)
    pairs = data.take(leads).astype(np.uint16)
    pairs <<= 8
    pairs |= data[1:].take(leads)
    return leads, pairs


def _code_points(data: npt.NDArray[np.uint8], leads: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Return the code points whose first of two to four bytes stand at ``leads``."""
    first = data[leads]
    codes = ((first & 0x1F).astype(np.int32) << 6) | (data[leads + 1] & 0x3F)
    long = first >= 0xE0
    if long.any():
        at, head = leads[long], first[long]
        three = ((head & 0x0F).astype(np.int32) << 12) | ((data[at + 1] & 0x3F).astype(np.int32) << 6)
        three |= data[at + 2] & 0x3F
        four = head >= 0xF0
        if four.any():
            place = at[four]
            three[four] = (three[four] << 6) | (data[place + 3] & 0x3F)
        codes[long] = three
    return codes


@cache
def upper() -> Letters:
    """Return the way to upper case."""
    return Letters("ascii_upper", "utf8_upper", str.upper)


@cache
def lower() -> Letters:
    """Return the way to lower case; Σ at the end of a word becomes ς."""
    return Letters("ascii_lower", "utf8_lower", str.lower, "Σ")


@cache
def swapped() -> Letters:
    """Return the way to exchange cases."""
    return Letters("ascii_swapcase", "utf8_swapcase", str.swapcase, "Σ")


@cache
def folding() -> Letters:
    """Return the way to text that is compared without case."""
    return Letters("ascii_lower", "utf8_lower", str.casefold)
