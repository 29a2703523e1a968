"""Upper and lower case of words: Python's own for single texts, by bytes for all-ASCII columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.text_support import TEXT, kernels, raw_bytes
from sheetline.functions.text_view import text_of_bytes


def capitalize(text: str) -> str:
    """Return the text with its first character in title case."""
    return text[:1].title() + text[1:]


def ascii_capitalize(text: Any) -> Any:
    """Do what :func:`capitalize` does, for an array of ASCII."""
    pc = kernels()
    first = pc.ascii_upper(pc.utf8_slice_codeunits(text, 0, 1))
    return pc.binary_join_element_wise(first, pc.utf8_slice_codeunits(text, 1), pa.scalar("", TEXT))


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
