"""Upper and lower case of words: Python's own for single texts, by bytes for all-ASCII columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.buffers import arrow_array
from sheetline.functions.text_support import kernels, mapped_rows, raw_bytes
from sheetline.functions.text_view import text_of_bytes


def capitalize(text: str) -> str:
    """Return the text with its first character in title case."""
    return text[:1].title() + text[1:]


def capitalized(text: Any) -> Any:
    """Do what :func:`capitalize` does, for an array: a first byte is changed in place if it is a small letter."""
    data, offsets = raw_bytes(text)
    if not len(data):
        return text
    at = np.minimum(offsets[:-1], len(data) - 1)
    first = data[at]
    there = offsets[:-1] < offsets[1:]
    made = data.copy()
    made[at[there & (first >= 97) & (first <= 122)]] -= 32
    valid = np.asarray(text.is_valid()) if text.null_count else there
    out = text_of_bytes(offsets, made)
    wide = there & (first >= 128) & valid
    if not wide.any():
        return out
    mask = arrow_array(wide)
    return kernels().replace_with_mask(out, mask, mapped_rows(capitalize, text.filter(mask)))


def initcap(text: str) -> str:
    """Return the text with each word's first character in title case, the others in lower case."""
    out = []
    inside = False
    for char in text:
        out.append(char.lower() if inside else char.title())
        inside = not char.isspace()
    return "".join(out)


def ascii_initcap(text: Any) -> Any:
    """Change letters byte by byte: those at a row's beginning or behind white space to upper case."""
    data, offsets = raw_bytes(kernels().ascii_lower(text))
    begins = np.zeros(len(data) + 1, np.bool_)
    # white space of str.isspace: 9 to 13, 28 to 32
    begins[1:] = ((data >= 9) & (data <= 13)) | ((data >= 28) & (data <= 32))
    begins[offsets] = True
    letters = begins[:-1] & (data >= 97) & (data <= 122)
    return text_of_bytes(offsets, data - (letters * np.uint8(32)))
