"""Text basics: characters and their codes, case, length, parts by position, padding, joining."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import text_case, text_codes, text_letters
from sheetline.functions.buffers import arrow_array, text_scalar
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.text_filling import bounded, from_one, not_negative, padded, padding
from sheetline.functions.text_support import (
    MAX_BLOCK,
    MAX_CELL,
    TEXT,
    CellError,
    as_rows,
    by_ascii,
    checked,
    folded,
    is_ascii,
    kernels,
    lengths,
    map_rows,
    numbers,
    operand,
    raw_bytes,
    truths,
)
from sheetline.functions.text_view import View, characters, sliced

CATEGORY = "text"
OPENFORMULA = "OASIS OpenFormula 1.2, section 6.20 (text functions)"


# Characters and codes.


def _first_char(text: Any, ctx: Call) -> Any:
    """Return the first character of each text; empty ones are errors."""
    view = View(text, ctx)
    ctx.fail(view.chars == 0, "VALUE", f"{ctx.function}: an empty text has no first character")
    return view.cut(0, 1)


@function(
    "ASCII(text:str) -> int",
    category=CATEGORY,
    summary="The ASCII code (0 to 127) of the first character.",
    examples=[
        Example('ASCII("A")', 65),
        Example('ASCII("€")', Failure("RANGE")),
        Example('ASCII("")', Failure("VALUE")),
        Example("ASCII(null)", None),
    ],
    error_note="An empty text is an error VALUE, another character than ASCII an error RANGE.",
)
def ascii_code(text: Any, ctx: Call) -> Any:
    out = map_rows(ctx, lambda char: ord(char) if char else 0, _first_char(text, ctx), give="int")
    ctx.fail(out > 127, "RANGE", "ASCII: the first character of {0} is not ASCII")
    return out


@function(
    "UNICODE(text:str) -> int",
    category=CATEGORY,
    summary="The Unicode code point of the first character.",
    examples=[
        Example('UNICODE("A")', 65),
        Example('UNICODE("€uro")', 8364),
        Example('UNICODE("")', Failure("VALUE")),
        Example("UNICODE(null)", None),
    ],
    source=OPENFORMULA,
)
def unicode_code(text: Any, ctx: Call) -> Any:
    return map_rows(ctx, lambda char: ord(char) if char else 0, _first_char(text, ctx), give="int")


@function(
    "CODE(text:str) -> int",
    category=CATEGORY,
    summary="The code (0 to 255, Windows-1252) of the first character.",
    examples=[
        Example('CODE("A")', 65),
        Example('CODE("€")', 128),
        Example('CODE("Ω")', Failure("VALUE")),
        Example("CODE(null)", None),
    ],
    notes="UNICODE takes any character.",
    source=OPENFORMULA,
)
def code(text: Any, ctx: Call) -> Any:
    return map_rows(ctx, text_codes.code_of, _first_char(text, ctx), give="int")


@function(
    "CHAR(code:whole) -> str",
    category=CATEGORY,
    summary="The character of a code from 1 to 255 (Windows-1252).",
    examples=[
        Example("CHAR(65)", "A"),
        Example("CHAR(128)", "€"),
        Example("CHAR(256)", Failure("VALUE")),
        Example("CHAR(null)", None),
    ],
    notes="UNICHAR gives any character.",
    source=OPENFORMULA,
)
def char(code: Any, ctx: Call) -> Any:
    code = np.broadcast_to(code, (ctx.rows,))
    bad = (code < 1) | (code > 255)
    ctx.fail(bad, "VALUE", "CHAR: the code {0} is outside 1 … 255")
    chars: Any = pa.array(text_codes.CHARS, TEXT)
    return chars.take(arrow_array(np.where(bad, 63, code)))


def _unichar(code: int) -> str:
    if not 1 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise CellError("VALUE", "UNICHAR: {0} is no character of Unicode")
    return chr(code)


@function(
    "UNICHAR(code:whole) -> str",
    category=CATEGORY,
    summary="The character of a Unicode code point.",
    examples=[
        Example("UNICHAR(8364)", "€"),
        Example("UNICHAR(55296)", Failure("VALUE")),
        Example("UNICHAR(null)", None),
    ],
    source=OPENFORMULA,
)
def unichar(code: Any, ctx: Call) -> Any:
    return map_rows(ctx, _unichar, np.broadcast_to(code, (ctx.rows,)))


# Case.


@function(
    "UPPER(text:str) -> str",
    category=CATEGORY,
    summary="The text in upper case.",
    examples=[Example('UPPER("straße")', "STRASSE"), Example('UPPER("abc1")', "ABC1"), Example("UPPER(null)", None)],
    notes="Unicode's full mapping without regard to a language: ß becomes SS.",
)
def upper(text: Any) -> Any:
    return text_letters.upper().change(text)


@function(
    "LOWER(text:str) -> str",
    category=CATEGORY,
    summary="The text in lower case.",
    examples=[Example('LOWER("ÄB")', "äb"), Example('LOWER("ΟΔΟΣ")', "οδος"), Example("LOWER(null)", None)],
    notes="Unicode's full mapping without regard to a language; a Σ at the end of a word becomes ς.",
)
def lower(text: Any) -> Any:
    return text_letters.lower().change(text)


@function(
    "SWAPCASE(text:str) -> str",
    category=CATEGORY,
    summary="The text with upper and lower case exchanged.",
    examples=[Example('SWAPCASE("aBc")', "AbC"), Example("SWAPCASE(null)", None)],
)
def swapcase(text: Any) -> Any:
    return text_letters.swapped().change(text)


@function(
    "CAPITALIZE(text:str) -> str",
    category=CATEGORY,
    summary="The text with its first letter in upper case; the rest stays as it is.",
    examples=[
        Example('CAPITALIZE("new York")', "New York"),
        Example('CAPITALIZE("")', ""),
        Example("CAPITALIZE(null)", None),
    ],
)
def capitalize(text: Any) -> Any:
    return text_case.capitalized(text)


@function(
    "PROPER(text:str) -> str",
    category=CATEGORY,
    summary="The text with the first letter of each run of letters in upper case and the others in lower case.",
    examples=[
        Example('PROPER("2-way STREET")', "2-Way Street"),
        Example('PROPER("they\'re")', "They'Re"),
        Example("PROPER(null)", None),
    ],
    notes="As in spreadsheets, a letter behind anything but a letter begins a word; INITCAP goes by white space.",
    source=OPENFORMULA,
)
def proper(text: Any) -> Any:
    return by_ascii(text, kernels().ascii_title, str.title)


@function(
    "INITCAP(text:str) -> str",
    category=CATEGORY,
    summary="The text with each word's first character in upper case and the others in lower case.",
    examples=[
        Example('INITCAP("they\'re HERE")', "They're Here"),
        Example('INITCAP("2nd ave")', "2nd Ave"),
        Example("INITCAP(null)", None),
    ],
    notes="Words are separated by white space; PROPER begins a word behind anything but a letter.",
)
def initcap(text: Any) -> Any:
    return by_ascii(text, text_case.ascii_initcap, text_case.initcap)


@function(
    "LEN(text:str) -> int",
    category=CATEGORY,
    summary="The number of characters (code points).",
    examples=[Example('LEN("abc")', 3), Example('LEN("🙂é")', 2), Example('LEN("")', 0), Example("LEN(null)", None)],
    aliases=["LENGTH"],
    source=OPENFORMULA,
)
def length(text: Any, ctx: Call) -> Any:
    return lengths(text, ctx.out) if is_ascii(text) else characters(text, ctx.out)


@function(
    "LENB(text:str) -> int",
    category=CATEGORY,
    summary="The number of bytes of the text in UTF-8.",
    examples=[Example('LENB("abc")', 3), Example('LENB("€")', 3), Example("LENB(null)", None)],
)
def length_bytes(text: Any, ctx: Call) -> Any:
    return lengths(text, ctx.out)


# Parts by position.


@function(
    "LEFT(text:str; [count:whole=1]) -> str",
    category=CATEGORY,
    summary="The first characters of a text.",
    examples=[
        Example('LEFT("abc";2)', "ab"),
        Example('LEFT("abc")', "a"),
        Example('LEFT("abc";9)', "abc"),
        Example('LEFT("abc";-1)', Failure("VALUE")),
        Example('LEFT("abc";null)', None),
    ],
    source=OPENFORMULA,
)
def left(text: Any, count: Any, ctx: Call) -> Any:
    not_negative(count, "count", 1, ctx)
    if isinstance(count, int) and not isinstance(text, str):
        return sliced(text, 0, count)
    return View(text, ctx).cut(0, count)


@function(
    "RIGHT(text:str; [count:whole=1]) -> str",
    category=CATEGORY,
    summary="The last characters of a text.",
    examples=[
        Example('RIGHT("abc";2)', "bc"),
        Example('RIGHT("abc";9)', "abc"),
        Example('RIGHT("abc";-1)', Failure("VALUE")),
        Example("RIGHT(null;1)", None),
    ],
    source=OPENFORMULA,
)
def right(text: Any, count: Any, ctx: Call) -> Any:
    not_negative(count, "count", 1, ctx)
    if isinstance(count, int) and count > 0 and is_ascii(text) and not isinstance(text, str):
        return sliced(text, -count, None)
    view = View(text, ctx)
    return view.cut(view.chars - np.clip(count, 0, view.chars), view.chars)


@function(
    "MID(text:str; start:whole; count:whole) -> str",
    category=CATEGORY,
    summary="The characters from a position, counted from 1.",
    examples=[
        Example('MID("abcdef";2;3)', "bcd"),
        Example('MID("abc";9;1)', ""),
        Example('MID("abc";0;1)', Failure("VALUE")),
        Example('MID("abc";1;-1)', Failure("VALUE")),
        Example('MID("abc";null;1)', None),
    ],
    source=OPENFORMULA,
)
def mid(text: Any, start: Any, count: Any, ctx: Call) -> Any:
    from_one(start, "start", 1, ctx)
    not_negative(count, "count", 2, ctx)
    if isinstance(start, int) and isinstance(count, int) and not isinstance(text, str):
        return sliced(text, start - 1, max(start, 1) - 1 + max(count, 0))
    view = View(text, ctx)
    low = np.clip(start, 1, view.chars + 1) - 1
    return view.cut(low, low + np.clip(count, 0, view.chars))


@function(
    "SUBSTR(text:str; start:int; end:int) -> str",
    category=CATEGORY,
    summary="The characters from a position, counted from 0, up to but without the position end.",
    examples=[
        Example('SUBSTR("abcdef";1;3)', "bc"),
        Example('SUBSTR("abcdef";4)', "ef"),
        Example('SUBSTR("abc";1;99)', "bc"),
        Example('SUBSTR("abc";-1)', Failure("VALUE")),
        Example('SUBSTR("abc";2;1)', Failure("VALUE")),
        Example("SUBSTR(null;1)", None),
    ],
    aliases=["SUBSTRING"],
    error_note="A negative position, or an end before the start, is an error VALUE.",
)
def substr(text: Any, start: Any, end: Any, ctx: Call) -> Any:
    not_negative(start, "start", 1, ctx)
    ctx.fail(np.less(end, start), "VALUE", "SUBSTR: the end {2} lies before the start {1}")
    if isinstance(start, int) and isinstance(end, int) and not isinstance(text, str):
        return sliced(text, start, end)
    return View(text, ctx).cut(start, end)


@substr.overload("SUBSTR(text:str; start:int) -> str")
def _substr_to_end(text: Any, start: Any, ctx: Call) -> Any:
    not_negative(start, "start", 1, ctx)
    view = View(text, ctx)
    return view.cut(start, view.chars)


# Repeating, padding, reversing.


@function(
    "REPEAT(text:str; count:whole) -> str",
    category=CATEGORY,
    summary="The text repeated.",
    examples=[
        Example('REPEAT("ab";3)', "ababab"),
        Example('REPEAT("ab";0)', ""),
        Example('REPEAT("ab";-1)', Failure("VALUE")),
        Example('REPEAT("ab";1000000000)', Failure("LIMIT")),
        Example('REPEAT("ab";null)', None),
    ],
    aliases=["REPT"],
    error_note="A negative count is an error VALUE; a text longer than 10 MB an error LIMIT.",
    source=OPENFORMULA,
)
def repeated(text: Any, count: Any, ctx: Call) -> Any:
    not_negative(count, "count", 1, ctx)
    text = operand(text, ctx)
    pc = kernels()
    if isinstance(count, int) and count >= 0 and not isinstance(text, pa.Scalar) and _surely_fits(text, count):
        return pc.binary_repeat(text, count)
    size = len(text.as_py().encode()) if isinstance(text, pa.Scalar) else numbers(pc.binary_length(text))
    times = np.maximum(np.broadcast_to(count, (ctx.rows,)), 0)
    times = np.where(bounded(np.multiply(size, times, dtype=np.float64), ctx) & (np.asarray(size) > 0), times, 0)
    return pc.binary_repeat(text, arrow_array(times))


def _surely_fits(text: Any, times: int) -> bool:
    """Whether no text so often repeated is too long, nor all of them together."""
    data, offsets = raw_bytes(text)
    return len(data) * times <= MAX_BLOCK and int(np.diff(offsets).max(initial=0)) * times <= MAX_CELL


_PADDING: dict[str, Any] = {
    "category": CATEGORY,
    "notes": "A text that is long enough stays as it is. The filling may be longer than one character.",
    "error_note": "A negative length, or nothing to fill with, is an error VALUE; more than 10 MB an error LIMIT.",
}


@function(
    'LPAD(text:str; length:int; [fill:str=" "]) -> str',
    summary="The text filled on the left up to a length.",
    examples=[
        Example('LPAD("7";3;"0")', "007"),
        Example('LPAD("abcd";3)', "abcd"),
        Example('LPAD("a";3;"")', Failure("VALUE")),
        Example("LPAD(null;3)", None),
    ],
    **_PADDING,
)
def lpad(text: Any, length: Any, fill: Any, ctx: Call) -> Any:
    plain = padded(text, length, fill, ctx, left=True)
    if plain is not None:
        return plain
    added = padding(text, length, fill, ctx)
    return kernels().binary_join_element_wise(added, operand(text, ctx), text_scalar(""))


@function(
    'RPAD(text:str; length:int; [fill:str=" "]) -> str',
    summary="The text filled on the right up to a length.",
    examples=[
        Example('RPAD("ab";5;"-+")', "ab-+-"),
        Example('RPAD("ab";-5)', Failure("VALUE")),
        Example('RPAD("ab";null)', None),
    ],
    **_PADDING,
)
def rpad(text: Any, length: Any, fill: Any, ctx: Call) -> Any:
    plain = padded(text, length, fill, ctx, left=False)
    if plain is not None:
        return plain
    added = padding(text, length, fill, ctx)
    return kernels().binary_join_element_wise(operand(text, ctx), added, text_scalar(""))


@function(
    "REVERSE(text:str) -> str",
    category=CATEGORY,
    summary="The characters (code points) of the text in opposite order.",
    examples=[Example('REVERSE("abc")', "cba"), Example("REVERSE(null)", None)],
    notes="Combining marks are characters of their own and change places too.",
)
def reverse(text: Any) -> Any:
    return kernels().ascii_reverse(text) if is_ascii(text) else kernels().utf8_reverse(text)


# Comparing.


@function(
    "EXACT(a:str; b:str) -> bool",
    category=CATEGORY,
    summary="Whether two texts are equal, upper and lower case being different.",
    examples=[
        Example('EXACT("a";"a")', True),
        Example('EXACT("a";"A")', False),
        Example('EXACT("a";null)', None),
    ],
    notes="The operator == says the same of two texts, but is true for two nulls.",
    source=OPENFORMULA,
)
def exact(a: Any, b: Any, ctx: Call) -> Any:
    return truths(kernels().equal(as_rows(a, ctx), operand(b, ctx)))


@function(
    "EQUALS_IC(a:str; b:str) -> bool",
    category=CATEGORY,
    summary="Whether two texts are equal, upper and lower case being the same.",
    examples=[
        Example('EQUALS_IC("Straße";"STRASSE")', True),
        Example('EQUALS_IC("a";"b")', False),
        Example('EQUALS_IC("a";null)', None),
    ],
    notes="Compares by Unicode's case folding, so that ß equals ss.",
)
def equals_ic(a: Any, b: Any, ctx: Call) -> Any:
    return truths(kernels().equal(folded(as_rows(a, ctx)), operand(folded(checked(b, ctx)), ctx)))
