"""Regular expressions: matching, extracting, replacing, counting, splitting. See ``regular_engine.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions import regular_bytes
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.regular_bytes import byte_class
from sheetline.functions.regular_engine import Clock, Regex, compile_pattern
from sheetline.functions.text_support import (
    MAX_CELL,
    TEXT,
    TEXTS,
    CellError,
    Give,
    checked,
    kernels,
    map_rows,
    numbers,
    raw_bytes,
    truths,
    whole,
)

#: What all functions with a pattern share.
SHARED: dict[str, Any] = {
    "category": "regular expressions",
    "prepare": {"pattern": compile_pattern, "replacement": whole},
    "source": "The syntax is that of Python's re, with ASCII classes and $ as the end of the text.",
    "error_note": "A malformed constant pattern, one of more than 10,000 characters, or one with groups more than 50 "
    "deep is refused before the run; in a row it is an error PARSE. "
    "A text on which a pattern with look-around or back-references takes more than a second, and "
    "another for every 100,000 characters, is an error TIMEOUT.",
}


def _each(ctx: Call, operation: Callable[..., Any], text: Any, pattern: Any, *more: Any, give: Give = "str") -> Any:
    """Apply ``operation(regex, text, *more, clock)`` to rows, one text at a time."""
    clock = Clock()
    if isinstance(pattern, Regex):
        return map_rows(ctx, lambda t, *m: operation(pattern, t, *m, clock), text, *more, give=give)
    known: dict[str, Regex | CellError] = {}

    def with_pattern(t: str, source: str, *m: Any) -> Any:
        found = known.get(source)
        if found is None:
            try:
                found = compile_pattern(source)
            except ValueError:
                found = CellError("PARSE", f"{ctx.function}: {{1}} is no regular expression")
            known[source] = found
        if isinstance(found, CellError):
            raise found
        return operation(found, t, *m, clock)

    return map_rows(ctx, with_pattern, text, pattern, *more, give=give)


def _vector(text: Any, pattern: Any) -> bool:
    """Whether an Arrow kernel may serve: texts in an array, one pattern."""
    return isinstance(pattern, Regex) and not isinstance(text, str)


@function(
    "REGEXMATCH(text:str; pattern:str) -> bool",
    summary="Whether the whole text matches a regular expression.",
    examples=[
        Example(r'REGEXMATCH("A-17";"[A-Z]-\\d+")', True),
        Example('REGEXMATCH("abc";"b")', False),
        Example('REGEXMATCH(null;"b")', None),
    ],
    aliases=["MATCHES"],
    **SHARED,
)
def regex_match(text: Any, pattern: Any, ctx: Call) -> Any:
    if _vector(text, pattern):
        found = byte_class(pattern)
        if found is not None and found.fits(text):
            return regular_bytes.matches(found, text)
        front, back = regular_bytes.open_ends(pattern, text)
        frame = ("" if front else r"\A") + "{}" + ("" if back else r"\z")
        fast = pattern.re2(frame=frame, cut=(front, back))
        if fast is not None:
            return truths(kernels().match_substring_regex(text, pattern=fast))
    return _each(ctx, Regex.matches, text, pattern, give="bool")


@function(
    "REGEXCONTAINS(text:str; pattern:str) -> bool",
    summary="Whether a regular expression matches somewhere in a text.",
    examples=[
        Example(r'REGEXCONTAINS("room 17b";"\\d+")', True),
        Example('REGEXCONTAINS("abc";"^b")', False),
        Example('REGEXCONTAINS("abc";null)', None),
    ],
    **SHARED,
)
def regex_contains(text: Any, pattern: Any, ctx: Call) -> Any:
    if _vector(text, pattern):
        parts = regular_bytes.plain_alternatives(pattern)
        if parts is not None:
            return regular_bytes.contains_any(parts, text)
        fast = pattern.re2()
        if fast is not None:
            return truths(kernels().match_substring_regex(text, pattern=fast))
    return _each(ctx, lambda p, t, clock: p.search(t, clock) is not None, text, pattern, give="bool")


def _extracted(text: Any, pattern: Any, group: int | None, ctx: Call) -> Any:
    """Return a group of the first match; None for the first group, or the match where there is none."""
    if not _vector(text, pattern):
        return _each(ctx, lambda p, t, clock: _group(p, t, group, clock), text, pattern)
    number = min(pattern.groups, 1) if group is None else group
    if not 0 <= number <= pattern.groups:
        ctx.fail(np.ones(1, np.bool_), "VALUE", f"{ctx.function}: {{1}} has no group {number}")
        return pa.nulls(ctx.rows, TEXT)
    fast = pattern.re2_extract(number)
    if fast is not None:
        pc = kernels()
        return pc.struct_field(pc.extract_regex(text, pattern=fast), [0])
    return _each(ctx, lambda p, t, clock: p.extract(t, number, clock), text, pattern)


def _group(pattern: Regex, text: str, group: int | None, clock: Clock) -> str | None:
    number = min(pattern.groups, 1) if group is None else group
    if not 0 <= number <= pattern.groups:
        raise CellError("VALUE", f"{{1}} has no group {number}")
    return pattern.extract(text, number, clock)


@function(
    "REGEXEXTRACT(text:str; pattern:str; [group:int const=0]) -> str",
    summary="The first match of a regular expression in a text, or one of its groups; null without a match.",
    examples=[
        Example(r'REGEXEXTRACT("room 17b";"\\d+")', "17"),
        Example(r'REGEXEXTRACT("k=v";"(\\w)=(\\w)";2)', "v"),
        Example(r'REGEXEXTRACT("room";"\\d+")', None),
        Example('REGEXEXTRACT("abc";"b";1)', Failure("VALUE")),
    ],
    aliases=["REGEXTRACT"],
    null_note="Null also where nothing matches, or the group takes no part in the match.",
    **SHARED,
)
def regex_extract(text: Any, pattern: Any, group: Any, ctx: Call) -> Any:
    return _extracted(text, pattern, group, ctx)


def _all(pattern: Regex, text: str, clock: Clock) -> list[str]:
    return [match[0] for match in pattern.each(text, clock)]


@function(
    "REGEXEXTRACTALL(text:str; pattern:str) -> list<str>",
    summary="All matches of a regular expression in a text, as a list.",
    examples=[
        Example(r'REGEXEXTRACTALL("1, 22 and 333";"\\d+")', ["1", "22", "333"]),
        Example('REGEXEXTRACTALL("abc";"x")', []),
        Example('REGEXEXTRACTALL(null;"x")', None),
    ],
    notes="Whole matches, whatever groups the pattern has.",
    **SHARED,
)
def regex_extract_all(text: Any, pattern: Any, ctx: Call) -> Any:
    if _vector(text, pattern):
        found = byte_class(pattern)
        if found is not None and found.fits(text):
            return regular_bytes.all_matches(found, text)
        fast = pattern.re2() if pattern.never_empty else None
        if fast is not None and _grows(text, 3) <= MAX_CELL:
            return regular_bytes.cut_matches(fast, text)
    return _each(ctx, _all, text, pattern, give="list")


def _replace_row(pattern: Regex, text: str, replacement: str, clock: Clock) -> str:
    try:
        template = pattern.template(replacement)
    except ValueError as problem:
        raise CellError("VALUE", str(problem)) from None
    return pattern.replace(text, template, clock)


def _replaced(text: Any, pattern: Any, replacement: Any, ctx: Call) -> Any:
    replacement = checked(replacement, ctx)
    if _vector(text, pattern) and isinstance(replacement, str):
        try:
            template = pattern.template(replacement)
        except ValueError as problem:
            ctx.fail(np.ones(1, np.bool_), "VALUE", f"{ctx.function}: {problem}")
            return pa.nulls(ctx.rows, TEXT)
        found, new = byte_class(pattern), _constant(template)
        if found is not None and new is not None and found.fits(text) and _grows(text, 1 + len(new)) <= MAX_CELL:
            made = regular_bytes.replaced(found, text, new)
            if made is not None:
                return made
        fast = _fast_replacement(text, pattern, template)
        if fast is not None:
            return kernels().replace_substring_regex(text, pattern=fast[0], replacement=fast[1])
    return _each(ctx, _replace_row, text, pattern, replacement)


def _grows(text: Any, factor: int) -> int:
    """Return how many bytes the longest text has, so many times."""
    return int(np.diff(raw_bytes(text)[1]).max(initial=0)) * factor


def _constant(template: list[str | int]) -> bytes | None:
    """Return a replacement without groups, or None."""
    parts = [part for part in template if isinstance(part, str)]
    return "".join(parts).encode() if len(parts) == len(template) else None


def _fast_replacement(text: Any, pattern: Regex, template: list[str | int]) -> tuple[str, str] | None:
    """Return pattern and replacement for RE2, or None where it would do something else or too much."""
    used = [part for part in template if isinstance(part, int)]
    if not pattern.never_empty or max(used, default=0) > 9:
        return None
    literal = sum(len(part.encode()) for part in template if isinstance(part, str))
    if _grows(text, 1 + literal + len(used)) > MAX_CELL:
        return None
    written = pattern.re2(None if any(used) else frozenset())
    if written is None:
        return None
    made = "".join(part.replace("\\", "\\\\") if isinstance(part, str) else f"\\{part}" for part in template)
    return written, made


_REPLACEMENTS = (
    "In the replacement $1 or \\1 is a group, $0 the whole match, ${name} a named group, $$ a dollar. "
    "A text that would grow beyond 10 MB is an error LIMIT."
)


@function(
    "REGEXREPLACE(text:str; pattern:str; replacement:str) -> str",
    summary="The text with all matches of a regular expression replaced.",
    examples=[
        Example(r'REGEXREPLACE("a1b22";"\\d+";"#")', "a#b#"),
        Example(r'REGEXREPLACE("Doe, Jane";"(\\w+), (\\w+)";"$2 $1")', "Jane Doe"),
        Example('REGEXREPLACE("5";"5";"$$5")', "$5"),
        Example('REGEXREPLACE("a";"a";"$1")', Failure("VALUE")),
        Example('REGEXREPLACE("a";"a";null)', None),
    ],
    aliases=["REPLACEALL"],
    notes=_REPLACEMENTS,
    **SHARED,
)
def regex_replace(text: Any, pattern: Any, replacement: Any, ctx: Call) -> Any:
    return _replaced(text, pattern, replacement, ctx)


@function(
    "REGEX(text:str; pattern:str) -> str",
    summary="The first group, or the match where there is no group, of a regular expression; or its replacement.",
    examples=[
        Example(r'REGEX("room 17b";"room (\\d+)")', "17"),
        Example('REGEX("abc";"b.")', "bc"),
        Example('REGEX("abc";"(b)";"[$1]")', "a[b]c"),
        Example('REGEX("abc";"x")', None),
    ],
    notes="With a replacement all matches are replaced, and a text without a match stays. " + _REPLACEMENTS,
    null_note="Null also where nothing matches.",
    **SHARED,
)
def regex(text: Any, pattern: Any, ctx: Call) -> Any:
    return _extracted(text, pattern, None, ctx)


@regex.overload("REGEX(text:str; pattern:str; replacement:str) -> str")
def _regex_replacement(text: Any, pattern: Any, replacement: Any, ctx: Call) -> Any:
    return _replaced(text, pattern, replacement, ctx)


@function(
    "REGEXCOUNT(text:str; pattern:str) -> int",
    summary="How often a regular expression matches in a text, without overlaps.",
    examples=[
        Example(r'REGEXCOUNT("1, 22 and 333";"\\d+")', 3),
        Example('REGEXCOUNT("aaa";"^a")', 1),
        Example('REGEXCOUNT(null;"a")', None),
    ],
    **SHARED,
)
def regex_count(text: Any, pattern: Any, ctx: Call) -> Any:
    if _vector(text, pattern):
        found = byte_class(pattern)
        if found is not None and found.fits(text):
            return regular_bytes.count(found, text)
        fast = pattern.re2_each()
        if fast is not None:
            return numbers(kernels().count_substring_regex(text, pattern=fast))
    return _each(ctx, lambda p, t, clock: sum(1 for _ in p.each(t, clock)), text, pattern, give="int")


@function(
    "REGEXSPLIT(text:str; pattern:str) -> list<str>",
    summary="The parts of a text between the matches of a regular expression, as a list.",
    examples=[
        Example(r'REGEXSPLIT("a, b;c";"[,;]\\s*")', ["a", "b", "c"]),
        Example('REGEXSPLIT("abc";"x")', ["abc"]),
        Example('REGEXSPLIT("abc";null)', None),
    ],
    notes="What groups of the pattern match is not part of the list.",
    **SHARED,
)
def regex_split(text: Any, pattern: Any, ctx: Call) -> Any:
    if _vector(text, pattern):
        fast = pattern.re2_each()
        if fast is not None:
            return kernels().split_pattern_regex(text, pattern=fast).cast(TEXTS)
    return _each(ctx, Regex.split, text, pattern, give="list")
