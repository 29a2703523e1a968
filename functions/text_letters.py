"""Upper and lower case beyond ASCII: Arrow's kernels where they do what Python does, Python for the other rows.

Arrow maps letters one to one; Python's full mapping makes ``SS`` of ``ß``. Which characters differ is found out by
comparing the two, a page of characters at a time, when a text first holds one of the page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
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

    def change(self, text: Any) -> Any:
        """Return Arrow text with every letter changed."""
        pc = kernels()
        if is_ascii(text):
            return getattr(pc, self.ascii_name)(text)
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
        leads = np.flatnonzero(data >= 0xC0)
        pairs = data.take(leads).astype(np.uint16)
        pairs <<= 8
        pairs |= data[1:].take(leads)
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
