"""Numbers that a text shows as a spreadsheet would: VALUE and NUMBERVALUE."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from sheetline.functions.buffers import filled
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.number_reading import read_floats
from sheetline.functions.text_support import kernels
from sheetline.functions.value_reading import read_rest

CATEGORY = "conversion"


_VALUE = r"^\s*([+-]?)\s*((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)\s*(%?)\s*$"


@function(
    "VALUE(text:str) -> float",
    category=CATEGORY,
    summary="The number that a text shows: with commas, a percent or dollar sign, as a fraction, time or date.",
    examples=[
        Example('VALUE("1,234.5")', 1234.5),
        Example('VALUE("12.5%")', 0.125),
        Example('VALUE("($5.50)")', -5.5),
        Example('VALUE("1 1/2")', 1.5),
        Example('VALUE("2020-01-15")', 43845.0),
        Example('VALUE("1,23")', Failure("PARSE")),
        Example("VALUE(null)", None),
    ],
    fails="never",
    source="OASIS OpenFormula 1.3, VALUE",
    notes="A time is a part of a day, a date (2020-01-15, 2020/1/15, 15-Jan-20, Jan 15, 2020) the number of days "
    "since 30 December 1899, as in spreadsheets: ASDATE gives dates. Dates as 1/2/2020 are not read: no one knows the "
    "month.",
)
def value(text: Any, ctx: Call) -> Any:
    pc = kernels()
    percent = filled(pc.ends_with(pc.utf8_trim_whitespace(text), pattern="%"), False)
    shaped = np.asarray(filled(pc.match_substring_regex(text, pattern=_VALUE), False))
    digits = pc.replace_substring_regex(text, pattern=r"[\s,%]", replacement="")
    out, unread = read_floats(digits)
    rest = (~shaped | unread) & np.asarray(pc.is_valid(text))
    others, bad = read_rest(text, rest)
    _fail_unread(ctx, bad, ~rest & np.isinf(out))
    return np.where(rest, others, np.where(np.asarray(percent), out / 100.0, out))


def _fail_unread(ctx: Call, bad: Any, beyond: Any) -> None:
    ctx.fail(bad, "PARSE", f"{ctx.function}: {{0}} is no number")
    ctx.fail(beyond, "OVERFLOW")


def _read_percent(digits: Any, bad: Any, percents: Any, ctx: Call) -> Any:
    out, unread = read_floats(digits)
    _fail_unread(ctx, bad | unread, np.isinf(out))
    return np.where(percents > 0, out / np.power(100.0, np.minimum(percents, 150)), out)


def _sign(name: str, given: str) -> str:
    if not given:
        raise ValueError(f"the {name} is one character, not an empty text")
    return given[0]


@function(
    'NUMBERVALUE(text:str; [decimal:str const="."]; [grouping:str const=","]) -> float',
    category=CATEGORY,
    summary="The number that a text shows, with the given decimal and grouping signs.",
    examples=[
        Example('NUMBERVALUE("1.234,5";",";".")', 1234.5),
        Example('NUMBERVALUE("2 500")', 2500.0),
        Example('NUMBERVALUE("3.5%")', 0.035),
        Example('NUMBERVALUE("1.2.3")', Failure("PARSE")),
        Example('NUMBERVALUE("1.2";".";".")', Failure("PARSE")),
        Example("NUMBERVALUE(null)", None),
    ],
    fails="never",
    prepare={"decimal": lambda s: _sign("decimal sign", s), "grouping": lambda s: _sign("grouping sign", s)},
    source="OASIS OpenFormula 1.3, NUMBERVALUE",
    notes="White space is left out, also inside; each percent sign at the end divides by 100. "
    "Grouping signs behind the decimal sign are errors, and so is one sign for both.",
)
def number_value(text: Any, decimal: str, grouping: str, ctx: Call) -> Any:
    pc = kernels()
    digits = pc.replace_substring_regex(text, pattern=r"\s", replacement="")
    bare = pc.utf8_rtrim(digits, characters="%")
    percents = np.asarray(filled(pc.subtract(pc.utf8_length(digits), pc.utf8_length(bare)), 0)).astype(np.int64)
    bad = np.full(ctx.rows, grouping == decimal != ",")  # the grouping sign's default gives way to a decimal comma
    if grouping != decimal:
        behind = pc.match_substring_regex(bare, pattern=f"{re.escape(decimal)}.*{re.escape(grouping)}")
        bad |= np.asarray(filled(behind, False))
        bare = pc.replace_substring(bare, pattern=grouping, replacement="")
    if decimal != ".":
        strange = np.asarray(filled(pc.match_substring(bare, pattern="."), False))
        bad |= strange
        bare = pc.replace_substring(bare, pattern=decimal, replacement=".")
    return _read_percent(bare, bad, percents, ctx)
