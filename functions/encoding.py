"""Text in other clothes: Base64, hexadecimal digits, percent signs, HTML. Whole columns are recoded at once."""

from __future__ import annotations

import binascii
import html
from typing import Any

import numpy as np

from sheetline.functions.buffers import arrow_array, filled
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.text_bytes import (
    I64,
    U8,
    Bools,
    Marks,
    aligned,
    each_distinct,
    emptied,
    fitting,
    read_utf8,
    rows_with,
    without,
    without_last,
)
from sheetline.functions.text_support import kernels, raw_bytes
from sheetline.functions.text_view import text_of_bytes

CATEGORY = "encoding and hashing"
RFC4648 = "RFC 4648 (Base16 and Base64)"
_UTF8 = "Bytes that are no UTF-8 text are an error PARSE."
_LIMIT = "A result longer than 10 MB is an error LIMIT."

#: What stands for a byte that may not occur, one that is skipped, and the padding sign, in the tables below.
_WRONG, _BLANK, _PAD = 0, 32, 61
_BLANKS = b" \t\r\n\v\f"
_HEX = np.frombuffer(b"0123456789ABCDEF", np.uint8)


def _table(signs: bytes) -> U8:
    """Return a table that keeps ``signs`` and blanks, and marks every other byte as wrong."""
    table = np.full(256, _WRONG, np.uint8)
    table[list(signs)] = list(signs)
    table[list(_BLANKS)] = _BLANK
    return table


_BASE64_SIGNS = _table(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
_BASE64_SIGNS[list(b"-_")] = list(b"+/")  # the alphabet for addresses and file names
_HEX_SIGNS = _table(b"0123456789abcdefABCDEF")
#: The value of each hexadecimal digit, 255 for other bytes.
_HEX_VALUE = np.full(256, 255, np.uint8)
_HEX_VALUE[list(b"0123456789abcdef")] = range(16)
_HEX_VALUE[list(b"ABCDEF")] = range(10, 16)


# Base64 and hexadecimal digits.


@function(
    "BASE64ENCODE(text:str) -> str",
    category=CATEGORY,
    summary="The UTF-8 bytes of a text in Base64.",
    examples=[
        Example('BASE64ENCODE("foobar")', "Zm9vYmFy"),
        Example('BASE64ENCODE("é€")', "w6nigqw="),
        Example('BASE64ENCODE("")', ""),
        Example("BASE64ENCODE(null)", None),
    ],
    notes="The usual alphabet with + and /, padded with =, without line breaks.",
    error_note=_LIMIT,
    source=RFC4648,
)
def base64_encode(text: Any, ctx: Call) -> Any:
    data, offsets = raw_bytes(fitting(text, 4 / 3, ctx))
    padded, edges = aligned(data, offsets, 3)
    coded = np.frombuffer(binascii.b2a_base64(padded.data, newline=False), np.uint8).copy()
    edges = edges // 3 * 4
    missing = -np.diff(offsets) % 3
    for signs in (1, 2):
        coded[edges[1:][missing >= signs] - signs] = _PAD
    return text_of_bytes(edges, coded)


@function(
    "BASE64DECODE(text:str) -> str",
    category=CATEGORY,
    summary="The text whose UTF-8 bytes stand in Base64.",
    examples=[
        Example('BASE64DECODE("Zm9vYmFy")', "foobar"),
        Example('BASE64DECODE("w6nigqw")', "é€"),
        Example('BASE64DECODE("Zm9v!")', Failure("PARSE")),
        Example('BASE64DECODE("/w==")', Failure("PARSE")),
        Example("BASE64DECODE(null)", None),
    ],
    notes="Takes - and _ for + and / as well, leaves white space out, and does not insist on the padding.",
    error_note="Other signs, padding inside, or one sign too many are an error PARSE. " + _UTF8,
    source=RFC4648,
)
def base64_decode(text: Any, ctx: Call) -> Any:
    data, offsets, bad = _signs(text, _BASE64_SIGNS)
    begin, end = offsets[:-1], offsets[1:]
    pads = Marks(np.flatnonzero(data == _PAD))
    count = pads.count(begin, end)
    filled = (end - begin) % 4 == 0
    if len(pads.places):  # padding stands at the end, and fills up four signs
        bad |= (count > 2) | ((count > 0) & ((pads.first(begin, end) + count != end) | ~filled))
    if bad.any() or not filled.all():
        data, offsets = without(data, offsets, pads.places)
        bad |= np.diff(offsets) % 4 == 1
        ctx.fail(bad, "PARSE", "BASE64DECODE: {0} is no Base64")
        data, offsets = emptied(data, offsets, bad)
        count = -np.diff(offsets) % 4
        data, offsets = aligned(data, offsets, 4, ord("A"))
    else:  # as it should be: nothing has to be moved
        data[pads.places] = ord("A")
    plain = np.frombuffer(binascii.a2b_base64(data.data), np.uint8)
    # two signs are one byte, three are two
    return read_utf8(*without_last(plain, offsets // 4 * 3, count), ctx)


def _signs(text: Any, table: U8) -> tuple[U8, I64, Bools]:
    """Return the signs of each row without blanks, and which rows have wrong ones."""
    data, offsets = raw_bytes(text)
    signs = table[data]
    if len(signs) and (signs == _BLANK).any():
        signs, offsets = without(signs, offsets, np.flatnonzero(signs == _BLANK))
    return signs, offsets, rows_with(signs == _WRONG, offsets)


@function(
    "HEXENCODE(text:str) -> str",
    category=CATEGORY,
    summary="The UTF-8 bytes of a text as hexadecimal digits, two a byte.",
    examples=[
        Example('HEXENCODE("hello")', "68656c6c6f"),
        Example('HEXENCODE("é")', "c3a9"),
        Example("HEXENCODE(null)", None),
    ],
    notes="Lower-case letters. DEC2HEX writes a number.",
    error_note=_LIMIT,
    source=RFC4648,
)
def hex_encode(text: Any, ctx: Call) -> Any:
    data, offsets = raw_bytes(fitting(text, 2, ctx))
    return text_of_bytes(offsets * 2, binascii.hexlify(data.data))


@function(
    "HEXDECODE(text:str) -> str",
    category=CATEGORY,
    summary="The text whose UTF-8 bytes stand as hexadecimal digits.",
    examples=[
        Example('HEXDECODE("68656C6c6f")', "hello"),
        Example('HEXDECODE("c3 a9")', "é"),
        Example('HEXDECODE("abc")', Failure("PARSE")),
        Example('HEXDECODE("ff")', Failure("PARSE")),
        Example("HEXDECODE(null)", None),
    ],
    notes="Upper and lower case are the same; white space is left out.",
    error_note="Other signs, or an odd number of digits, are an error PARSE. " + _UTF8,
    source=RFC4648,
)
def hex_decode(text: Any, ctx: Call) -> Any:
    data, offsets, bad = _signs(text, _HEX_SIGNS)
    bad |= np.diff(offsets) % 2 == 1
    ctx.fail(bad, "PARSE", "HEXDECODE: {0} are no pairs of hexadecimal digits")
    data, offsets = emptied(data, offsets, bad)
    return read_utf8(np.frombuffer(binascii.unhexlify(data.data), np.uint8), offsets // 2, ctx)


# Percent signs.

_UNRESERVED = np.zeros(256, np.bool_)
_UNRESERVED[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")] = True


@function(
    "URLENCODE(text:str) -> str",
    category=CATEGORY,
    summary="The text as part of an address: every byte but letters, digits and - . _ ~ as % and two digits.",
    examples=[
        Example('URLENCODE("a b&c=ü")', "a%20b%26c%3D%C3%BC"),
        Example('URLENCODE("a-b_c.d~e")', "a-b_c.d~e"),
        Example("URLENCODE(null)", None),
    ],
    aliases=["ENCODEURL"],
    notes="A blank becomes %20, not +, so that the result stands anywhere in an address.",
    error_note=_LIMIT,
    source="RFC 3986, section 2 (percent-encoding of all but unreserved characters)",
)
def url_encode(text: Any, ctx: Call) -> Any:
    text = fitting(text, 3, ctx)
    data, offsets = raw_bytes(text)
    special = np.flatnonzero(~_UNRESERVED[data])
    if not len(special):
        return text
    at = special + 2 * np.arange(len(special))
    out = np.empty(len(data) + 2 * len(special), np.uint8)
    plain = np.ones(len(out), np.bool_)
    for step in range(3):
        plain[at + step] = False
    coded = data[special]
    out[plain] = data[_UNRESERVED[data]]
    out[at], out[at + 1], out[at + 2] = ord("%"), _HEX[coded >> 4], _HEX[coded & 15]
    return text_of_bytes(offsets + 2 * np.searchsorted(special, offsets), out)


@function(
    "URLDECODE(text:str) -> str",
    category=CATEGORY,
    summary="The text that is written with percent signs in an address, or in a form.",
    examples=[
        Example('URLDECODE("a%20b%26c%3D%C3%BC")', "a b&c=ü"),
        Example('URLDECODE("a+b")', "a b"),
        Example('URLDECODE("100%")', "100%"),
        Example('URLDECODE("%FF")', Failure("PARSE")),
        Example("URLDECODE(null)", None),
    ],
    notes="A + is a blank. A % without two hexadecimal digits behind it stays as it is.",
    error_note=_UTF8,
    source="WHATWG URL Standard, application/x-www-form-urlencoded parsing",
)
def url_decode(text: Any, ctx: Call) -> Any:
    return percent_decoded(text, ctx)


def percent_decoded(text: Any, ctx: Call) -> Any:
    """Return Arrow text with + as blanks and percent signs resolved; rows that are no UTF-8 are errors PARSE.

    Nulls come out as empty texts: the caller knows where they are.
    """
    data, offsets = raw_bytes(text)
    plus, at = np.flatnonzero(data == ord("+")), np.flatnonzero(data == ord("%"))
    if not len(plus) and not len(at):
        return text
    data = data.copy()
    data[plus] = 32
    ends = offsets[Marks(at).rows(offsets) + 1]
    at = at[at + 2 < ends]
    high, low = _HEX_VALUE[data[at + 1]], _HEX_VALUE[data[at + 2]]
    good = (high < 16) & (low < 16)
    at = at[good]
    data[at] = (high[good] << 4) | low[good]
    return read_utf8(*without(data, offsets, (at[:, None] + np.array([1, 2])).reshape(-1)), ctx)


# HTML.


@function(
    "HTMLESCAPE(text:str) -> str",
    category=CATEGORY,
    summary="The text as it is written in HTML: & < > and both quotation marks as entities.",
    examples=[
        Example('HTMLESCAPE("a < b & c")', "a &lt; b &amp; c"),
        Example('HTMLESCAPE("it\'s")', "it&#x27;s"),
        Example("HTMLESCAPE(null)", None),
    ],
    error_note=_LIMIT,
    source="WHATWG HTML, named and numeric character references",
)
def html_escape(text: Any, ctx: Call) -> Any:
    data, _ = raw_bytes(text)
    present = [(sign, entity) for sign, entity in _ESCAPES if (data == ord(sign)).any()]
    if present:
        text = fitting(text, 6, ctx)
    for sign, entity in present:
        text = kernels().replace_substring(text, pattern=sign, replacement=entity)
    return text


_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;"))
_BASIC = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&#39;": "'", "&amp;": "&"}


def unescaped(text: Any) -> Any:
    """Return Arrow text with HTML's entities resolved: the usual ones by text kernels, others by Python."""
    pc = kernels()
    data, offsets = raw_bytes(text)
    marks = Marks.of(data, "&")
    if not len(marks.places):
        return text
    basic = filled(pc.count_substring_regex(text, pattern="&(?:lt|gt|quot|#x27|#39|amp);"), 0)
    rare = np.asarray(basic) != marks.count(offsets[:-1], offsets[1:])
    out = text
    for entity, sign in _BASIC.items():  # &amp; last: what it gives is not resolved again
        out = pc.replace_substring(out, pattern=entity, replacement=sign)
    if not rare.any():
        return out
    mask = arrow_array(rare & np.asarray(text.is_valid()))
    return pc.replace_with_mask(out, mask, each_distinct(html.unescape, text.filter(mask)))


@function(
    "HTMLUNESCAPE(text:str) -> str",
    category=CATEGORY,
    summary="The text with HTML's entities, named and numbered, as the characters that they stand for.",
    examples=[
        Example('HTMLUNESCAPE("a &lt; b &amp;amp; c")', "a < b &amp; c"),
        Example('HTMLUNESCAPE("caf&eacute; &#8364;5 &#x41;")', "café €5 A"),
        Example('HTMLUNESCAPE("&xyz;")', "&xyz;"),
        Example("HTMLUNESCAPE(null)", None),
    ],
    notes="What is no entity stays. Numbers of no character become U+FFFD, as browsers do it.",
    source="WHATWG HTML, named and numeric character references",
)
def html_unescape(text: Any) -> Any:
    return unescaped(text)


#: What holds no text: comments and declarations, scripts and styles; to the end where they aren't closed.
_SILENT = (
    r"(?is)<!--(?:>|->|.*?(?:-->|--!>|\z))|<script(?:[\s/][^>]*)?>.*?(?:</script(?:[\s/][^>]*)?>|\z)"
    r"|<style(?:[\s/][^>]*)?>.*?(?:</style(?:[\s/][^>]*)?>|\z)|<[!?][^>]*>"
)
_INSIDE = r"""(?:[\s/](?:[^>"']|"[^"]*"|'[^']*')*)?"""
_BLOCKS = (
    "address|article|aside|blockquote|body|br|caption|center|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|"
    "footer|form|h[1-6]|head|header|hgroup|hr|html|legend|li|main|menu|nav|ol|optgroup|option|p|pre|search|section|"
    "select|summary|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
_SPACES = r"[\t\n\f\r ]+"


@function(
    "HTMLTEXT(html:str) -> str",
    category=CATEGORY,
    summary="The text of a piece of HTML: without tags, comments, scripts and styles, with entities resolved.",
    examples=[
        Example('HTMLTEXT("<p>Tom &amp; <b>Jer</b>ry</p><p>run</p>")', "Tom & Jerry run"),
        Example('HTMLTEXT("a<script>if (1<2) x()</script>b<!-- no -->")', "ab"),
        Example('HTMLTEXT("1 < 2")', "1 < 2"),
        Example("HTMLTEXT(null)", None),
    ],
    notes="Tags that begin something new (paragraphs, lines, cells) part words; runs of white space become one blank.",
)
def html_text(text: Any) -> Any:
    pc = kernels()
    data, _ = raw_bytes(text)
    if (data == ord("<")).any():
        if pc.any(pc.match_substring_regex(text, pattern="(?i)<(?:[!?]|script|style)")).as_py():
            text = pc.replace_substring_regex(text, pattern=_SILENT, replacement="")
        text = pc.replace_substring_regex(text, pattern=f"(?i)</?(?:{_BLOCKS}){_INSIDE}>", replacement=" ")
        text = pc.replace_substring_regex(text, pattern=f"</?[A-Za-z][^\\s/>]*{_INSIDE}>", replacement="")
    text = pc.replace_substring_regex(text, pattern=_SPACES, replacement=" ")
    return unescaped(pc.ascii_trim(text, characters=" "))
