"""Hiding parts of texts. Error messages here never quote the text that was to be hidden."""

from __future__ import annotations

from typing import Any

import numpy as np

from sheetline.functions.buffers import arrow_array, filled, text_scalar
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.text_filling import bounded
from sheetline.functions.text_support import as_rows, checked, is_ascii, kernels, raw_bytes
from sheetline.functions.text_view import View, text_of_bytes
from sheetline.functions.web_parts import Addresses

CATEGORY = "encoding and hashing"


@function(
    'MASK(text:str; [keep:int=4]; [char:str="*"]) -> str',
    category=CATEGORY,
    summary="The text with all characters but the last ones replaced by asterisks, or by another character.",
    examples=[
        Example('MASK("4111111111111111")', "************1111"),
        Example('MASK("Zürich";2;"#")', "####ch"),
        Example('MASK("abc";0)', "***"),
        Example('MASK("abc")', "abc"),
        Example('MASK("abc";-1)', Failure("VALUE")),
        Example('MASK("abc";1;"ab")', Failure("VALUE")),
        Example("MASK(null)", None),
    ],
    notes="A text that is no longer than what is kept stays as it is, and the length shows. PSEUDONYM hides both.",
    error_note="A negative number, or a mask that is not one character, is an error VALUE.",
)
def mask(text: Any, keep: Any, char: Any, ctx: Call) -> Any:
    ctx.fail(np.less(keep, 0), "VALUE", "MASK: the number of characters to keep is negative")
    char = checked(char, ctx)
    text = as_rows(text, ctx)
    pc = kernels()
    lengths = len(char) if isinstance(char, str) else np.asarray(filled(pc.utf8_length(char), 1))
    ctx.fail(np.not_equal(lengths, 1), "VALUE", "MASK: the mask is not one character")
    keep = np.maximum(keep, 0)
    if isinstance(char, str) and len(char) == 1 and char.isascii() and is_ascii(text):
        return _masked_bytes(text, keep, ord(char))
    view = View(text, ctx)
    hidden = np.maximum(view.chars - keep, 0)
    one = np.equal(lengths, 1) & bounded(np.asarray(hidden * 4.0 + view.end - view.begin), ctx)
    hidden = np.where(one, hidden, 0)
    sign = text_scalar(char) if isinstance(char, str) else char
    stars = pc.binary_repeat(sign, arrow_array(hidden))
    return pc.binary_join_element_wise(stars, view.cut(hidden, view.chars), text_scalar(""))


def _masked_bytes(text: Any, keep: Any, sign: int) -> Any:
    """Mask texts of ASCII: a byte is hidden where more bytes begin behind it in its row than are kept."""
    data, offsets = raw_bytes(text)
    lengths = np.diff(offsets)
    shown = np.minimum(np.broadcast_to(keep, (len(lengths),)), lengths)
    turns = np.zeros(2 * len(lengths), np.int64)
    turns[0::2], turns[1::2] = lengths - shown, shown
    hide = np.repeat(np.tile(np.array([True, False]), len(lengths)), turns)
    return text_of_bytes(offsets, np.where(hide, np.uint8(sign), data))


@function(
    "MASKEMAIL(email:str) -> str",
    category=CATEGORY,
    summary="An e-mail address with all of the user's name but its first character hidden by three asterisks.",
    examples=[
        Example('MASKEMAIL("jane.doe@example.com")', "j***@example.com"),
        Example('MASKEMAIL("j@example.com")', "j***@example.com"),
        Example('MASKEMAIL("jane.doe")', Failure("PARSE")),
        Example("MASKEMAIL(null)", None),
    ],
    notes="There are always three asterisks, so that the length of the name does not show.",
    error_note="A text that is no e-mail address is an error PARSE; the message does not quote it.",
)
def mask_email(email: Any, ctx: Call) -> Any:
    parts = Addresses(email)
    ctx.fail(~parts.good, "PARSE", "MASKEMAIL: the text is no e-mail address")
    lead = np.append(parts.data, np.uint8(0))[np.where(parts.good, parts.begin, 0)]
    size = 1 + (lead >= 0xC0).astype(np.int64) + (lead >= 0xE0) + (lead >= 0xF0)  # bytes of the first character
    first = parts.cut(parts.begin, parts.begin + size, parts.good)
    domain = parts.cut(parts.at, parts.end, parts.good)
    return kernels().binary_join_element_wise(first, domain, text_scalar("***"))
