"""Changing text: replacing, trimming, cleaning, splitting."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, text_scalar
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.text_support import (
    MAX_CELL,
    TEXTS,
    CellError,
    as_rows,
    by_ascii,
    checked,
    kernels,
    map_rows,
    numbers,
    operand,
    raw_bytes,
    whole,
)
from sheetline.functions.text_view import View, replaced, text_of_bytes
from sheetline.functions.text_words import BLANK_BYTE, BLANK_BYTES, squeezed, with_plain_blanks

CATEGORY = "text"
OPENFORMULA = "OASIS OpenFormula 1.2, section 6.20 (text functions)"


# Replacing.


@function(
    "REPLACE(text:str; start:whole; count:whole; new:str) -> str",
    category=CATEGORY,
    summary="The text with some characters from a position, counted from 1, replaced by others.",
    examples=[
        Example('REPLACE("abcdef";2;3;"-")', "a-ef"),
        Example('REPLACE("abc";9;1;"x")', "abcx"),
        Example('REPLACE("abc";0;1;"x")', Failure("VALUE")),
        Example('REPLACE("abc";1;1;null)', None),
    ],
    notes="REPLACEALL replaces what matches a regular expression, SUBSTITUTE what equals a text.",
    source=OPENFORMULA,
)
def replace(text: Any, start: Any, count: Any, new: Any, ctx: Call) -> Any:
    ctx.fail(np.less(start, 1), "VALUE", "REPLACE: the start {1} is below 1")
    ctx.fail(np.less(count, 0), "VALUE", "REPLACE: the count {2} is negative")
    new = checked(new, ctx)
    if isinstance(start, int) and isinstance(count, int) and isinstance(new, str) and not isinstance(text, str):
        low = max(start, 1) - 1
        return replaced(text, low, low + max(count, 0), new)
    view = View(text, ctx)
    low = np.clip(start, 1, view.chars + 1) - 1
    high = low + np.clip(count, 0, view.chars)
    parts = (view.cut(0, low), operand(new, ctx), view.cut(high, view.chars))
    return kernels().binary_join_element_wise(*parts, text_scalar(""))


@function(
    "INSERT(text:str; position:int; part:str) -> str",
    category=CATEGORY,
    summary="The text with a part put in before a position, counted from 1.",
    examples=[
        Example('INSERT("abc";2;"-")', "a-bc"),
        Example('INSERT("abc";4;"-")', "abc-"),
        Example('INSERT("abc";5;"-")', Failure("VALUE")),
        Example('INSERT(null;1;"-")', None),
    ],
    error_note="A position below 1, or more than one behind the end, is an error VALUE.",
)
def insert(text: Any, position: Any, part: Any, ctx: Call) -> Any:
    view = View(text, ctx)
    outside = np.less(position, 1) | (position > view.chars + 1)
    ctx.fail(outside, "VALUE", "INSERT: the position {1} is outside the text")
    low = np.clip(position, 1, view.chars + 1) - 1
    parts = (view.cut(0, low), operand(part, ctx), view.cut(low, view.chars))
    return kernels().binary_join_element_wise(*parts, text_scalar(""))


def _substitute(text: str, old: str, new: str) -> str:
    if not old:
        return text
    if len(new) > len(old):
        _within(len(text.encode()) + text.count(old) * (len(new.encode()) - len(old.encode())))
    return text.replace(old, new)


def _within(size: int) -> None:
    if size > MAX_CELL:
        raise CellError("LIMIT", f"the text would be longer than {MAX_CELL:,} bytes")


def _nth(text: str, old: str, new: str, nth: int) -> str:
    if nth < 1:
        raise CellError("VALUE", "SUBSTITUTE: the occurrence {3} is below 1")
    if not old or nth > len(text):
        return text
    at = -len(old)
    for _ in range(nth):
        at = text.find(old, at + len(old))
        if at < 0:
            return text
    _within(len(text.encode()) + len(new.encode()))
    return text[:at] + new + text[at + len(old) :]


@function(
    "SUBSTITUTE(text:str; old:str; new:str) -> str",
    category=CATEGORY,
    summary="The text with every occurrence of one text, or only the nth, replaced by another.",
    examples=[
        Example('SUBSTITUTE("a-b-c";"-";"+")', "a+b+c"),
        Example('SUBSTITUTE("a-b-c";"-";"+";2)', "a-b+c"),
        Example('SUBSTITUTE("a-b-c";"-";"+";0)', Failure("VALUE")),
        Example('SUBSTITUTE("abc";"";"x")', "abc"),
        Example('SUBSTITUTE(null;"a";"b")', None),
    ],
    notes="An empty text to replace occurs nowhere.",
    error_note="An occurrence below 1 is an error VALUE; a text longer than 10 MB an error LIMIT.",
    source=OPENFORMULA,
)
def substitute(text: Any, old: Any, new: Any, ctx: Call) -> Any:
    return _substituted(checked(text, ctx), checked(old, ctx), checked(new, ctx), ctx)


def _substituted(text: Any, old: Any, new: Any, ctx: Call) -> Any:
    plain = isinstance(old, str) and isinstance(new, str) and not isinstance(text, str)
    if not plain or not old or _may_outgrow(text, old, new):
        return map_rows(ctx, _substitute, text, old, new)
    if len(old) == len(new) == 1 and (old + new).isascii():  # bytes of other characters never look like ASCII
        data, offsets = raw_bytes(text)
        changed = (data == ord(old)).view(np.uint8)
        changed *= np.uint8(ord(old) ^ ord(new))
        changed ^= data
        return text_of_bytes(offsets, changed)
    return kernels().replace_substring(text, pattern=old, replacement=new)


def _may_outgrow(text: Any, old: str, new: str) -> bool:
    """Whether a text could get too long by the replacement: then it is looked at one by one."""
    longest = int(np.diff(raw_bytes(text)[1]).max(initial=0))
    return longest * max(len(new.encode()) / len(old.encode()), 1) > MAX_CELL


@substitute.overload("SUBSTITUTE(text:str; old:str; new:str; nth:whole) -> str")
def _substitute_nth(text: Any, old: Any, new: Any, nth: Any, ctx: Call) -> Any:
    return map_rows(ctx, _nth, text, old, new, nth)


@function(
    "SUBSTITUTEALL(text:str; (old:str; new:str)...) -> str",
    category=CATEGORY,
    summary="The text with every occurrence of several texts replaced, one pair after the other.",
    examples=[
        Example('SUBSTITUTEALL("a-b_c";"-";" ";"_";" ")', "a b c"),
        Example('SUBSTITUTEALL("a";"a";"b";"b";"c")', "c"),
        Example('SUBSTITUTEALL("a";"a";null)', None),
    ],
    notes="A later pair sees what earlier ones have put in.",
    error_note="A text longer than 10 MB is an error LIMIT.",
)
def substitute_all(text: Any, *pairs: Any, ctx: Call) -> Any:
    out = as_rows(text, ctx)
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        out = _substituted(out, checked(old, ctx), checked(new, ctx), ctx)
    return out


def _translate(text: str, old: str, new: str) -> str:
    return text.translate(_table(old, new))


def _table(old: str, new: str) -> dict[int, str | None]:
    """Return what becomes of each character: the first one counts where a character stands twice."""
    table: dict[int, str | None] = {}
    for place, char in enumerate(old):
        table.setdefault(ord(char), new[place] if place < len(new) else None)
    return table


@function(
    "TRANSLATE(text:str; from:str; to:str) -> str",
    category=CATEGORY,
    summary="The text with each character of one list replaced by the character at the same place of another.",
    examples=[
        Example('TRANSLATE("2/3";"/23";"-ab")', "a-b"),
        Example('TRANSLATE("(06) 12";"() ";"")', "0612"),
        Example('TRANSLATE("a";null;"b")', None),
    ],
    notes="Characters without a partner are removed.",
)
def translate(text: Any, old: Any, new: Any, ctx: Call) -> Any:
    text, old, new = (checked(value, ctx) for value in (text, old, new))
    if not (isinstance(old, str) and isinstance(new, str)):
        return map_rows(ctx, _translate, text, old, new)
    table = _table(old, new)
    one_byte = len(new) >= len(old) and (old + new).isascii()
    if one_byte and not isinstance(text, str):  # bytes of other characters never look like ASCII
        lookup = np.arange(256, dtype=np.uint8)
        for code, char in table.items():
            lookup[code] = ord(char or "\0")
        data, offsets = raw_bytes(text)
        return text_of_bytes(offsets, lookup[data])
    return map_rows(ctx, lambda value: value.translate(table), text)


# Trimming and cleaning.


@function(
    "TRIM(text:str) -> str",
    category=CATEGORY,
    summary="The text without blanks at its ends, inner runs of blanks becoming one.",
    examples=[Example('TRIM("  a   b ")', "a b"), Example("TRIM(null)", None)],
    notes="Only the blank (U+0020) counts; NORMALIZEWHITESPACE does the same for all white space.",
    source=OPENFORMULA,
)
def trim(text: Any) -> Any:
    return squeezed(text, BLANK_BYTE)


@function(
    "LTRIM(text:str) -> str",
    category=CATEGORY,
    summary="The text without blanks at its beginning.",
    examples=[Example('LTRIM("  a b ")', "a b "), Example("LTRIM(null)", None)],
)
def ltrim(text: Any) -> Any:
    return kernels().ascii_ltrim(text, characters=" ")


@function(
    "RTRIM(text:str) -> str",
    category=CATEGORY,
    summary="The text without blanks at its end.",
    examples=[Example('RTRIM(" a b  ")', " a b"), Example("RTRIM(null)", None)],
)
def rtrim(text: Any) -> Any:
    return kernels().ascii_rtrim(text, characters=" ")


@function(
    "STRIP(text:str) -> str",
    category=CATEGORY,
    summary="The text without white space, or without given characters, at its ends.",
    examples=[
        Example(r'STRIP("\t a b\n")', "a b"),
        Example('STRIP("--a-b--";"-")', "a-b"),
        Example("STRIP(null)", None),
    ],
)
def strip(text: Any) -> Any:
    return by_ascii(text, lambda rows: kernels().ascii_trim(rows, characters=_ASCII_BLANKS), str.strip)


_ASCII_BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f "


@strip.overload("STRIP(text:str; chars:str) -> str")
def _strip_chars(text: Any, chars: Any, ctx: Call) -> Any:
    chars = checked(chars, ctx)
    if not chars and isinstance(chars, str):
        return as_rows(text, ctx)
    if isinstance(chars, str) and chars.isascii() and not isinstance(text, str):
        return kernels().ascii_trim(text, characters=chars)
    return map_rows(ctx, lambda t, c: t.strip(c) if c else t, text, chars)


@function(
    "NORMALIZEWHITESPACE(text:str) -> str",
    category=CATEGORY,
    summary="The text without white space at its ends, inner runs of white space becoming one blank.",
    examples=[Example(r'NORMALIZEWHITESPACE(" a\n\t b ")', "a b"), Example("NORMALIZEWHITESPACE(null)", None)],
    aliases=["COMPRESSWHITESPACE"],
)
def normalize_white_space(text: Any) -> Any:
    return squeezed(with_plain_blanks(text), BLANK_BYTES)


@function(
    "CLEAN(text:str) -> str",
    category=CATEGORY,
    summary="The text without control characters, such as line breaks and tabs.",
    examples=[Example(r'CLEAN("a\tb\n")', "ab"), Example("CLEAN(null)", None)],
    notes="Removes the characters 0 to 31 and 127 to 159.",
    source=OPENFORMULA,
)
def clean(text: Any) -> Any:
    return kernels().replace_substring_regex(text, pattern=r"[\x00-\x1f\x7f-\x{9f}]+", replacement="")


def _without_accents(text: str) -> str:
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in apart if unicodedata.category(c) != "Mn"))


@function(
    "REMOVEACCENTS(text:str) -> str",
    category=CATEGORY,
    summary="The text without accents and other marks on its letters.",
    examples=[
        Example('REMOVEACCENTS("Übergröße café")', "Ubergroße cafe"),
        Example("REMOVEACCENTS(null)", None),
    ],
    notes="Letters that are no letter with a mark (ß, ø, ł) stay.",
    source="Unicode Standard Annex 15: canonical decomposition, without marks of category Mn.",
)
def remove_accents(text: Any) -> Any:
    return by_ascii(text, lambda rows: rows, _without_accents)


def _slug(text: str) -> str:
    plain = _without_accents(unicodedata.normalize("NFKC", text)).casefold()
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def _ascii_slug(text: Any) -> Any:
    pc = kernels()
    dashed = pc.replace_substring_regex(pc.ascii_lower(text), pattern="[^a-z0-9]+", replacement="-")
    return pc.ascii_trim(dashed, characters="-")


@function(
    "SLUG(text:str) -> str",
    category=CATEGORY,
    summary="The text as a name for addresses: lower case, without accents, words joined by hyphens.",
    examples=[
        Example('SLUG("Straße nach Köln, 2. Teil")', "strasse-nach-koln-2-teil"),
        Example('SLUG("?!")', ""),
        Example("SLUG(null)", None),
    ],
    notes="Letters of any script stay.",
)
def slug(text: Any) -> Any:
    return by_ascii(text, _ascii_slug, _slug)


# Splitting.


def _separator(text: str) -> str:
    """Check a constant separator before the run."""
    if not text:
        raise ValueError("a separator must not be empty")
    return whole(text)


def _split(text: str, separator: str) -> list[str]:
    if not separator:
        raise CellError("VALUE", "the separator is empty")
    return text.split(separator)


@function(
    "SPLIT(text:str; separator:str) -> list<str>",
    category=CATEGORY,
    summary="The parts of a text between separators, as a list.",
    examples=[
        Example('SPLIT("a,b,,c";",")', ["a", "b", "", "c"]),
        Example('SPLIT("";",")', [""]),
        Example('SPLIT(null;",")', None),
    ],
    notes="The separator is taken literally; REGEXSPLIT takes a pattern.",
    error_note="An empty separator is refused, or an error VALUE where it is no constant.",
    prepare={"separator": _separator},
)
def split(text: Any, separator: Any, ctx: Call) -> Any:
    if isinstance(text, str) or not isinstance(separator, str):
        return map_rows(ctx, _split, text, separator, give="list")
    return kernels().split_pattern(text, pattern=separator).cast(TEXTS)


def pick(parts: Any, number: Any, ctx: Call) -> Any:
    """Return item ``number`` of each list (from 1; from the end where negative) as text, else null."""
    offsets = numbers(parts.offsets.cast(pa.int64()))
    low, high = offsets[:-1], offsets[1:]
    number = np.clip(np.broadcast_to(number, (ctx.rows,)), -(2**40), 2**40)
    at = np.where(number > 0, low + number - 1, high + number)
    missing = (at < low) | (at >= high) | (number == 0)
    return parts.values.take(arrow_array(at, missing))


def _part(text: str, separator: str, number: int) -> str | None:
    parts = _split(text, separator)
    place = number - 1 if number > 0 else number
    return parts[place] if -len(parts) <= place < len(parts) else None


@function(
    "SPLITPART(text:str; separator:str; number:int) -> str",
    category=CATEGORY,
    summary="One of the parts of a text between separators: from 1, or from -1 backwards from the end.",
    examples=[
        Example('SPLITPART("a/b/c";"/";2)', "b"),
        Example('SPLITPART("a/b/c";"/";-1)', "c"),
        Example('SPLITPART("a/b/c";"/";4)', None),
        Example('SPLITPART("a/b";"/";0)', Failure("VALUE")),
        Example('SPLITPART(null;"/";1)', None),
    ],
    null_note="Null also where there is no such part.",
    error_note="The number 0 is an error VALUE; so is an empty separator that is no constant.",
    prepare={"separator": _separator},
)
def split_part(text: Any, separator: Any, number: Any, ctx: Call) -> Any:
    ctx.fail(np.equal(number, 0), "VALUE", "SPLITPART: parts are counted from 1")
    if isinstance(text, str) or not isinstance(separator, str):
        return map_rows(ctx, _part, text, separator, number)
    return pick(kernels().split_pattern(text, pattern=separator), number, ctx)


@function(
    "WORDPART(text:str; number:int) -> str",
    category=CATEGORY,
    summary="One of the words of a text: from 1, or from -1 backwards from the end.",
    examples=[
        Example('WORDPART("to be or";2)', "be"),
        Example('WORDPART(" to be or ";-1)', "or"),
        Example('WORDPART("to be";3)', None),
        Example('WORDPART("to be";0)', Failure("VALUE")),
        Example("WORDPART(null;1)", None),
    ],
    notes="Words are runs without white space.",
    null_note="Null also where there is no such word.",
    error_note="The number 0 is an error VALUE.",
)
def word_part(text: Any, number: Any, ctx: Call) -> Any:
    ctx.fail(np.equal(number, 0), "VALUE", "WORDPART: words are counted from 1")
    pc = kernels()
    words = pc.split_pattern(squeezed(with_plain_blanks(as_rows(text, ctx)), BLANK_BYTES), pattern=" ")
    word = pick(words, number, ctx)
    return pc.if_else(pc.equal(word, ""), text_scalar(None), word)
