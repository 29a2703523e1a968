"""Looking into text: where a part stands, whether and how often it occurs, what lies before and behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import text_finding
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.text_finding import first_byte
from sheetline.functions.text_support import (
    CellError,
    as_rows,
    checked,
    folded,
    is_ascii,
    kernels,
    map_rows,
    raw_bytes,
    truths,
    whole,
)
from sheetline.functions.text_view import View, spans
from sheetline.functions.text_wildcards import MAX_LENGTH, Wildcard, like, spreadsheet, too_long
from sheetline.functions.text_words import SOLID_BYTES, run_counts, with_plain_blanks

CATEGORY = "text"
OPENFORMULA = "OASIS OpenFormula 1.2, section 6.20 (text functions)"


#: A longer pattern of LIKE may be too much for RE2.
_ARROWS = 1_000


# Where a part stands.


def _places(text: Any, part: str, ctx: Call) -> Any:
    """Return the 0-based place of a constant part in each text, or -1."""
    at = first_byte(text, part)
    return at if is_ascii(text) else np.where(at < 0, -1, View(text, ctx).char_at(np.maximum(at, 0)))


def _found(places: Any, ctx: Call) -> Any:
    ctx.fail(places < 0, "VALUE", f"{ctx.function}: {{0}} does not occur in {{1}}")
    return places + 1


def _start_inside(text: Any, start: Any, ctx: Call) -> None:
    chars = View(text, ctx).chars
    ctx.fail(
        (np.asarray(start) < 1) | (start > chars + 1), "VALUE", f"{ctx.function}: the start {{2}} is outside the text"
    )


def _rest_places(text: Any, part: str, start: Any, ctx: Call) -> Any:
    """Return the 0-based place of a constant part at or behind ``start`` (from 1), or -1."""
    if isinstance(start, int) and start == 1:
        return _places(text, part, ctx)
    view = View(text, ctx)
    skipped = np.clip(start, 1, view.chars + 1) - 1
    places = _places(view.cut(skipped, view.chars), part, ctx)
    return np.where(places < 0, -1, places + skipped)


@function(
    "FIND(part:str; text:str; [start:whole=1]) -> int",
    category=CATEGORY,
    summary="Where a part stands in a text, counted from 1; upper and lower case are different.",
    examples=[
        Example('FIND("b";"abcb")', 2),
        Example('FIND("b";"abcb";3)', 4),
        Example('FIND("B";"abcb")', Failure("VALUE")),
        Example('FIND("b";"abcb";0)', Failure("VALUE")),
        Example('FIND(null;"a")', None),
    ],
    error_note="A part that does not occur, or a start outside the text, is an error VALUE.",
    source=OPENFORMULA,
)
def find(part: Any, text: Any, start: Any, ctx: Call) -> Any:
    part, text = checked(part, ctx), checked(text, ctx)
    _start_inside(text, start, ctx)
    if isinstance(part, str):
        return _found(_rest_places(as_rows(text, ctx), part, start, ctx), ctx)
    places = map_rows(ctx, lambda p, t, s: t.find(p, max(s, 1) - 1), part, text, start, give="int")
    return _found(places, ctx)


def _within_limit(compile_one: Callable[[str], Wildcard]) -> Callable[[str], Wildcard]:
    """Return the function for patterns of rows: a long one is an error LIMIT of its row."""

    def made(pattern: str) -> Wildcard:
        if too_long(pattern):
            raise CellError("LIMIT", too_long(pattern))
        return compile_one(pattern)

    return made


def _like_pattern(pattern: str) -> str:
    if too_long(pattern):
        raise ValueError(too_long(pattern))
    return whole(pattern)


def _search(text: str, pattern: Wildcard, start: int) -> int:
    return pattern.find(text, max(start, 1) - 1)


@function(
    "SEARCH(part:str; text:str; [start:whole=1]) -> int",
    category=CATEGORY,
    summary="Where a part stands in a text, counted from 1; upper and lower case are the same, * and ? are wildcards.",
    examples=[
        Example('SEARCH("B";"abc")', 2),
        Example('SEARCH("c*e";"abcde")', 3),
        Example('SEARCH("~?";"why?")', 4),
        Example('SEARCH("x";"abc")', Failure("VALUE")),
        Example('SEARCH("a";null)', None),
    ],
    notes="* stands for any run of characters, ? for any one, ~ before * ? or ~ for that character itself.",
    error_note="A part that does not occur, or a start outside the text, is an error VALUE; a part of more than "
    f"{MAX_LENGTH:,} characters is an error LIMIT.",
    source=OPENFORMULA,
)
def search(part: Any, text: Any, start: Any, ctx: Call) -> Any:
    part, text = checked(part, ctx), checked(text, ctx)
    _start_inside(text, start, ctx)
    if isinstance(part, str):
        if not re.search(r"[*?~]", part) and part.isascii() and is_ascii(text):
            lowered = kernels().ascii_lower(as_rows(text, ctx))
            return _found(_rest_places(lowered, part.lower(), start, ctx), ctx)
        if too_long(part):
            ctx.fail(np.ones(1, np.bool_), "LIMIT", f"SEARCH: {too_long(part)}")
            return np.zeros(ctx.rows, np.int64)
        pattern = spreadsheet(part)
        return _found(map_rows(ctx, lambda t, s: _search(t, pattern, s), text, start, give="int"), ctx)
    compiled = lru_cache(maxsize=1024)(_within_limit(spreadsheet))
    return _found(map_rows(ctx, lambda p, t, s: _search(t, compiled(p), s), part, text, start, give="int"), ctx)


@function(
    "INDEXOF(text:str; part:str) -> int",
    category=CATEGORY,
    summary="The position, counted from 0, at which a part first stands in a text; -1 when it does not.",
    examples=[
        Example('INDEXOF("abcb";"b")', 1),
        Example('INDEXOF("abc";"x")', -1),
        Example('INDEXOF(null;"x")', None),
    ],
)
def index_of(text: Any, part: Any, ctx: Call) -> Any:
    part = checked(part, ctx)
    if isinstance(part, str):
        return _places(as_rows(text, ctx), part, ctx)
    return map_rows(ctx, str.find, text, part, give="int")


@function(
    "LASTINDEXOF(text:str; part:str) -> int",
    category=CATEGORY,
    summary="The position, counted from 0, at which a part last stands in a text; -1 when it does not.",
    examples=[
        Example('LASTINDEXOF("abcb";"b")', 3),
        Example('LASTINDEXOF("abc";"x")', -1),
        Example('LASTINDEXOF("abc";null)', None),
    ],
)
def last_index_of(text: Any, part: Any, ctx: Call) -> Any:
    return map_rows(ctx, str.rfind, text, part, give="int")


# Whether a part occurs.


def _has(text: Any, part: Any, ctx: Call) -> Any:
    if not isinstance(part, str):
        return map_rows(ctx, str.__contains__, text, part, give="bool")
    if isinstance(text, str):
        return np.full(ctx.rows, part in text)
    return text_finding.contains(text, part)


def _any_of(text: Any, parts: tuple[Any, ...], ctx: Call) -> Any:
    text, *rest = (checked(value, ctx) for value in (text, *parts))
    out = _has(text, rest[0], ctx)
    for part in rest[1:]:
        out = out | _has(text, part, ctx)
    return out


@function(
    "CONTAINS(text:str; part:str...) -> bool",
    category=CATEGORY,
    summary="Whether a text contains any of the parts.",
    examples=[
        Example('CONTAINS("motorway";"way")', True),
        Example('CONTAINS("motorway";"Way";"x")', False),
        Example('CONTAINS(null;"a")', None),
    ],
)
def contains(text: Any, *part: Any, ctx: Call) -> Any:
    return _any_of(text, part, ctx)


@function(
    "CONTAINS_IC(text:str; part:str...) -> bool",
    category=CATEGORY,
    summary="Whether a text contains any of the parts, upper and lower case being the same.",
    examples=[Example('CONTAINS_IC("Motorway";"WAY")', True), Example('CONTAINS_IC("a";null)', None)],
)
def contains_ic(text: Any, *part: Any, ctx: Call) -> Any:
    return _any_of(folded(checked(text, ctx)), tuple(folded(checked(p, ctx)) for p in part), ctx)


@function(
    "CONTAINSALL(text:str; part:str...) -> bool",
    category=CATEGORY,
    summary="Whether a text contains every one of the parts.",
    examples=[
        Example('CONTAINSALL("motorway";"motor";"way")', True),
        Example('CONTAINSALL("motorway";"motor";"x")', False),
        Example('CONTAINSALL("a";null)', None),
    ],
)
def contains_all(text: Any, *part: Any, ctx: Call) -> Any:
    text = checked(text, ctx)
    out = np.ones(ctx.rows, np.bool_)
    for one in part:
        out = out & _has(text, checked(one, ctx), ctx)
    return out


def _edge(text: Any, part: Any, ctx: Call, *, at_end: bool) -> Any:
    """Whether each text begins (ends) with a part; UTF-8 allows to compare bytes."""
    text, part = checked(text, ctx), checked(part, ctx)
    pc = kernels()
    if isinstance(part, str):
        kernel = pc.ends_with if at_end else pc.starts_with
        return truths(kernel(as_rows(text, ctx), pattern=part))
    rows, part = as_rows(text, ctx), as_rows(part, ctx)
    data, offsets = raw_bytes(rows)
    begin, end = offsets[:-1], offsets[1:]
    size = np.diff(raw_bytes(part)[1])
    fits = size <= end - begin
    size = np.where(fits, size, 0)
    piece = spans(data, end - size, end, ctx.rows) if at_end else spans(data, begin, begin + size, ctx.rows)
    return fits & truths(pc.equal(piece.cast(pa.large_binary()), part.cast(pa.large_binary())))


@function(
    "STARTSWITH(text:str; part:str) -> bool",
    category=CATEGORY,
    summary="Whether a text begins with a part.",
    examples=[
        Example('STARTSWITH("abc";"ab")', True),
        Example('STARTSWITH("abc";"B")', False),
        Example('STARTSWITH(null;"a")', None),
    ],
)
def starts_with(text: Any, part: Any, ctx: Call) -> Any:
    return _edge(text, part, ctx, at_end=False)


@function(
    "STARTSWITH_IC(text:str; part:str) -> bool",
    category=CATEGORY,
    summary="Whether a text begins with a part, upper and lower case being the same.",
    examples=[Example('STARTSWITH_IC("Abc";"aB")', True), Example('STARTSWITH_IC("a";null)', None)],
)
def starts_with_ic(text: Any, part: Any, ctx: Call) -> Any:
    return _edge(folded(checked(text, ctx)), folded(checked(part, ctx)), ctx, at_end=False)


@function(
    "ENDSWITH(text:str; part:str) -> bool",
    category=CATEGORY,
    summary="Whether a text ends with a part.",
    examples=[
        Example('ENDSWITH("abc";"bc")', True),
        Example('ENDSWITH("abc";"b")', False),
        Example('ENDSWITH("abc";null)', None),
    ],
)
def ends_with(text: Any, part: Any, ctx: Call) -> Any:
    return _edge(text, part, ctx, at_end=True)


@function(
    "ENDSWITH_IC(text:str; part:str) -> bool",
    category=CATEGORY,
    summary="Whether a text ends with a part, upper and lower case being the same.",
    examples=[Example('ENDSWITH_IC("abC";"Bc")', True), Example('ENDSWITH_IC(null;"a")', None)],
)
def ends_with_ic(text: Any, part: Any, ctx: Call) -> Any:
    return _edge(folded(checked(text, ctx)), folded(checked(part, ctx)), ctx, at_end=True)


@function(
    "LIKE(text:str; pattern:str) -> bool",
    category=CATEGORY,
    summary="Whether the whole text matches a pattern in which % stands for any run and _ for any character.",
    examples=[
        Example('LIKE("motorway";"mot%y")', True),
        Example('LIKE("abc";"a_")', False),
        Example(r'LIKE("50%";"50\\%")', True),
        Example('LIKE(null;"a%")', None),
    ],
    notes=r"A \ before % _ or \ stands for that character itself. Upper and lower case are different.",
    error_note=f"A constant pattern of more than {MAX_LENGTH:,} characters is refused before the run; in a row it is "
    "an error LIMIT.",
    prepare={"pattern": _like_pattern},
)
def like_pattern(text: Any, pattern: Any, ctx: Call) -> Any:
    if not isinstance(pattern, str):
        compiled = lru_cache(maxsize=1024)(_within_limit(like))
        return map_rows(ctx, lambda t, p: compiled(p).matches(t), text, pattern, give="bool")
    if "\\" not in pattern and len(pattern) <= _ARROWS and not isinstance(text, str):
        return truths(kernels().match_like(text, pattern=pattern))
    return map_rows(ctx, like(pattern).matches, text, give="bool")


# How often.


@function(
    "COUNTMATCHES(text:str; part:str) -> int",
    category=CATEGORY,
    summary="How often a part occurs in a text, without overlaps.",
    examples=[
        Example('COUNTMATCHES("banana";"an")', 2),
        Example('COUNTMATCHES("aaa";"aa")', 1),
        Example('COUNTMATCHES("abc";"")', 0),
        Example('COUNTMATCHES("abc";null)', None),
    ],
    notes="An empty part occurs nowhere.",
)
def count_matches(text: Any, part: Any, ctx: Call) -> Any:
    part = checked(part, ctx)
    if not isinstance(part, str):
        return map_rows(ctx, lambda t, p: t.count(p) if p else 0, text, part, give="int")
    if not part:
        return np.zeros(ctx.rows, np.int64)
    return text_finding.count(as_rows(text, ctx), part)


@function(
    "COUNTWORDS(text:str) -> int",
    category=CATEGORY,
    summary="The number of words, that is of runs without white space.",
    examples=[Example('COUNTWORDS(" to  be or ")', 3), Example('COUNTWORDS("")', 0), Example("COUNTWORDS(null)", None)],
)
def count_words(text: Any) -> Any:
    return run_counts(with_plain_blanks(text), SOLID_BYTES)


# What lies before, behind and between.


def _around(text: Any, part: Any, ctx: Call, python: Callable[[str, str], str], *, after: bool) -> Any:
    """Return what lies behind (before) the first occurrence of a part, by bytes where the part is constant."""
    text, part = checked(text, ctx), checked(part, ctx)
    if isinstance(text, str) or not isinstance(part, str):
        return map_rows(ctx, python, text, part)
    at = first_byte(text, part)
    data, offsets = raw_bytes(text)
    begin, end = offsets[:-1], offsets[1:]
    if after:
        return spans(data, np.where(at < 0, end, begin + at + len(part.encode())), end, ctx.rows)
    return spans(data, begin, np.where(at < 0, end, begin + at), ctx.rows)


@function(
    "SUBSTRINGBEFORE(text:str; part:str) -> str",
    category=CATEGORY,
    summary="What lies before the first occurrence of a part; the whole text where it does not occur.",
    examples=[
        Example('SUBSTRINGBEFORE("key=a=b";"=")', "key"),
        Example('SUBSTRINGBEFORE("key";"=")', "key"),
        Example('SUBSTRINGBEFORE(null;"=")', None),
    ],
)
def substring_before(text: Any, part: Any, ctx: Call) -> Any:
    return _around(text, part, ctx, lambda t, p: t[: t.find(p)] if p in t else t, after=False)


@function(
    "SUBSTRINGAFTER(text:str; part:str) -> str",
    category=CATEGORY,
    summary="What lies behind the first occurrence of a part; an empty text where it does not occur.",
    examples=[
        Example('SUBSTRINGAFTER("key=a=b";"=")', "a=b"),
        Example('SUBSTRINGAFTER("key";"=")', ""),
        Example('SUBSTRINGAFTER("key";null)', None),
    ],
)
def substring_after(text: Any, part: Any, ctx: Call) -> Any:
    return _around(text, part, ctx, lambda t, p: t[t.find(p) + len(p) :] if p in t else "", after=True)


def _between(text: str, start: str, end: str) -> str | None:
    at = text.find(start)
    if at < 0:
        return None
    stop = text.find(end, at + len(start))
    return None if stop < 0 else text[at + len(start) : stop]


@function(
    "SUBSTRINGBETWEEN(text:str; opening:str; closing:str) -> str",
    category=CATEGORY,
    summary="What lies between the first opening part and the next closing part; null where there is none.",
    examples=[
        Example('SUBSTRINGBETWEEN("f(a)(b)";"(";")")', "a"),
        Example('SUBSTRINGBETWEEN("f(a";"(";")")', None),
        Example('SUBSTRINGBETWEEN(null;"(";")")', None),
    ],
    null_note="Null also where one of the parts does not occur.",
)
def substring_between(text: Any, opening: Any, closing: Any, ctx: Call) -> Any:
    opening, closing = checked(opening, ctx), checked(closing, ctx)
    if isinstance(text, str) or not (isinstance(opening, str) and isinstance(closing, str)):
        return map_rows(ctx, _between, text, opening, closing)
    at = first_byte(text, opening)
    data, offsets = raw_bytes(text)
    begin, end = offsets[:-1], offsets[1:]
    low = np.where(at < 0, end, begin + at + len(opening.encode()))
    rest = spans(data, low, end, ctx.rows)
    size = first_byte(rest, closing)
    gone = (at < 0) | (size < 0)
    ctx.nullify(gone)
    return spans(data, low, np.where(gone, low, low + size), ctx.rows)
