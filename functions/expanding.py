"""Expanding functions: one row becomes several, one for each value; the other columns of the sheet repeat.

A kernel gets columns without nulls and without errors (rows with either give one such row), and gives
:class:`Expansion`: for each row the number of its values, and all the values below one another. A row
without values gives one null row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.errors import Ints
from sheetline.functions.execute_groups import Expansion
from sheetline.functions.regular import regex_extract_all, regex_split
from sheetline.functions.regular_engine import compile_pattern
from sheetline.functions.text_support import kernels, map_rows, numbers, whole
from sheetline.functions.types import DATE, INTEGER, NULL, STRING, Kind, Type

CATEGORY = "expanding"
_NULL = "A null in any argument gives one row with null."
#: One cell may give this many rows, and one call this many altogether; beyond it the cell is an error LIMIT.
MAX_ROWS = 10_000_000
MAX_TOTAL = 500_000_000


def expanded(lists: Any, item: Type) -> Expansion:
    """Return the expansion of Arrow lists: their elements below one another; a null list has none."""
    counts = numbers(kernels().list_value_length(lists))
    return Expansion(items_column(lists.flatten(), item), counts)


def items_column(items: Any, type_: Type) -> Column:
    """Return a column of the elements of lists."""
    if type_.is_arrow:
        return Column(type_, items)
    if type_.kind is Kind.NULL:
        return Column.nulls_of(type_, len(items))
    null = np.asarray(items.is_null()) if items.null_count else None
    if type_.is_big:
        values = items.to_pylist()
        convert: Any = int if type_.kind is Kind.BIGINTEGER else _shortened
        data = np.empty(len(values), np.object_)
        data[:] = [0 if value is None else convert(value) for value in values]
        return Column(type_, data, null)
    if type_.kind is Kind.FLOAT:
        return Column(type_, np.asarray(items.fill_null(float("nan"))))
    if type_.kind is Kind.DATE:
        items = items.cast(pa.int64())
    return Column(type_, np.array(items.fill_null(False if type_.kind is Kind.BOOLEAN else 0)), null)


def _shortened(value: Any) -> Any:
    """Return an exact number without the zeros that fill it up in a list."""
    exact = value.normalize()
    return exact.quantize(1) if exact.as_tuple().exponent > 0 else exact


def _item(types: Sequence[Type], _: Sequence[Any]) -> Type:
    return types[0].item or NULL


_LISTS = {"v": ["a b", None, "c"]}


@function(
    "EXPAND(l:list<any>) -> T",
    category=CATEGORY,
    form=Form.EXPAND,
    summary="One row for each element of a list.",
    examples=[
        Example('EXPAND(SPLIT(#v;" "))', ["a", "b", None, "c"], rows=_LISTS),
        Example("EXPAND([3;null;1])", [3, None, 1, 3, None, 1], rows={"v": [1, 2]}),
    ],
    returns=_item,
    big=True,
    null_note="A null or empty list gives one row with null; a null element is a row with null.",
)
def expand(l: Column) -> Expansion:  # noqa: E741 - the catalogue's name of the parameter
    return expanded(l.data, l.type.item or NULL)


# --- ranges ----------------------------------------------------------------------------------------------


def _range(start: Ints, stop: Ints, step: Ints, ctx: Call) -> tuple[Ints, Ints, Ints]:
    """Return counts, and for each row made its row and its number in it; too many rows are reported."""
    still = step == 0
    ctx.fail(still, "VALUE", f"{ctx.function}: a step of 0 never arrives")
    up = step > 0
    ahead = np.where(up, stop >= start, stop <= start) & ~still
    # distances and steps as unsigned numbers: the widest ones need all 64 bits
    with np.errstate(over="ignore"):
        distance = np.where(up, stop - start, start - stop).view(np.uint64)
        width = np.where(still, np.int64(1), np.where(up, step, -step)).view(np.uint64)
    steps = np.where(ahead, distance // width, 0)
    many = ahead & (steps >= MAX_ROWS)
    counts = np.where(ahead & ~many, steps.astype(np.int64) + 1, 0)
    many |= np.cumsum(counts) > MAX_TOTAL
    ctx.fail(many, "LIMIT", f"{ctx.function}({{0}};{{1}};{{2}}): more than {MAX_ROWS:,} rows")
    counts[many] = 0
    rows = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return counts, rows, number


@function(
    "EXPAND_RANGE(from:int; to:int; [step:int=1]) -> int",
    category=CATEGORY,
    form=Form.EXPAND,
    summary="One row for each whole number of a range, both ends included.",
    examples=[
        Example("EXPAND_RANGE(1;#n)", [1, 2, 3, None], rows={"n": [3, None]}),
        Example("EXPAND_RANGE(5;#n;-2)", [5, 3, 1], rows={"n": [0]}),
        Example("EXPAND_RANGE(1;#n;0)", [Failure("VALUE")], rows={"n": [3]}),
    ],
    null_note=_NULL,
    error_note=f"A step of 0 is an error VALUE; more than {MAX_ROWS:,} rows of one cell are an error LIMIT.",
    notes="A step below 0 counts down. A range whose end lies the other way gives one row with null.",
)
def expand_range(*bounds: Column, ctx: Call) -> Expansion:
    start, stop, step = (column.data for column in bounds)
    counts, rows, number = _range(start, stop, step, ctx)
    return Expansion(Column(INTEGER, start[rows] + number * step[rows]), counts)


@function(
    "EXPAND_DATE_RANGE(from:date; to:date; [step:duration=86400000]) -> date",
    category=CATEGORY,
    form=Form.EXPAND,
    summary="One row for each date of a range, both ends included, a day apart or the given step.",
    examples=[
        Example(
            'EXPAND_DATE_RANGE(ASDATE("2024-02-28");ASDATE(#d))',
            ["2024-02-28T00:00:00", "2024-02-29T00:00:00", "2024-03-01T00:00:00"],
            rows={"d": ["2024-03-01"]},
            date=True,
        ),
        Example(
            "EXPAND_DATE_RANGE(ASDATE(#d);ASDATE(#d);12h)",
            ["2024-03-01T00:00:00", None],
            rows={"d": ["2024-03-01", None]},
            date=True,
        ),
    ],
    null_note=_NULL,
    error_note=f"A step of 0 is an error VALUE; more than {MAX_ROWS:,} rows of one cell are an error LIMIT.",
    notes="Equal ends give one row. A step below 0 goes back. Steps are elapsed time: a day is 24 hours.",
)
def expand_date_range(*bounds: Column, ctx: Call) -> Expansion:
    start, stop, step = (column.data for column in bounds)
    micros = np.clip(step, -(2**53), 2**53) * 1000  # longer steps leave any range at once
    counts, rows, number = _range(start, stop, micros, ctx)
    return Expansion(Column(DATE, start[rows] + number * micros[rows]), counts)


# --- text ------------------------------------------------------------------------------------------------


def _without_empty(lists: Any) -> Expansion:
    """Return the expansion of lists of texts without the empty ones."""
    made = expanded(lists, STRING)
    keep = numbers(kernels().binary_length(made.column.data)) > 0
    rows = np.repeat(np.arange(len(made.counts)), made.counts)
    return Expansion(made.column.filter(keep), np.bincount(rows[keep], minlength=len(made.counts)))


@function(
    'TOKENIZE(text:str; [pattern:str const="\\W+"]) -> str',
    category=CATEGORY,
    form=Form.EXPAND,
    summary="One row for each part of a text between the matches of a regular expression: its words.",
    examples=[
        Example("TOKENIZE(#t)", ["to", "be", "or", "not", None], rows={"t": ["to be, or not!", None]}),
        Example('TOKENIZE(#t;";")', ["a b", "c", None], rows={"t": ["a b;;c", ";"]}),
    ],
    prepare={"pattern": compile_pattern},
    null_note=_NULL,
    notes="Empty parts are left out; a text without parts gives one row with null. Classes such as \\W are ASCII.",
    error_note="A malformed pattern, or one of more than 10,000 characters, is refused before the run.",
    source="The syntax is that of Python's re, with ASCII classes and $ as the end of the text.",
)
def tokenize(text: Column, pattern: Any, ctx: Call) -> Expansion:
    run: Any = regex_split.kernels[0].run
    return _without_empty(run(text.plain().data, pattern, ctx))


def _positive(value: Any) -> int:
    if int(value) < 1:
        raise ValueError("an n-gram has at least one word")
    return int(value)


@function(
    "NGRAM(text:str; n:int const) -> str",
    category=CATEGORY,
    form=Form.EXPAND,
    summary="One row for each run of n words of a text.",
    examples=[
        Example("NGRAM(#t;2)", ["to be", "be or", "or not"], rows={"t": ["to be  or not"]}),
        Example("NGRAM(#t;2)", [None, None], rows={"t": ["once", None]}),
    ],
    prepare={"n": _positive},
    null_note=_NULL,
    notes="Words are parted by white space and joined by one blank. A text of fewer words gives one row with null.",
)
def ngram(text: Column, n: Any, ctx: Call) -> Expansion:
    def grams(value: str) -> list[str]:
        words = value.split()
        return [" ".join(words[start : start + n]) for start in range(len(words) - n + 1)]

    return expanded(map_rows(ctx, grams, text.plain().data, give="list"), STRING)


@function(
    "EXPAND_REGEX(text:str; pattern:str const) -> str",
    category=CATEGORY,
    form=Form.EXPAND,
    summary="One row for each match of a regular expression, as REGEXEXTRACTALL has them.",
    examples=[
        Example('EXPAND_REGEX(#t;"[0-9]+")', ["12", "7", None], rows={"t": ["12 and 7", "none"]}),
        Example('EXPAND_REGEX(#t;"[a-z]+")', ["ab", "c", None], rows={"t": ["ab-c", None]}),
    ],
    prepare={"pattern": compile_pattern},
    null_note=_NULL + " So does a text without a match.",
    error_note="A malformed pattern, or one of more than 10,000 characters, is refused before the run.",
    source="The syntax is that of Python's re, with ASCII classes and $ as the end of the text.",
)
def expand_regex(text: Column, pattern: Any, ctx: Call) -> Expansion:
    run: Any = regex_extract_all.kernels[0].run
    return expanded(run(text.plain().data, pattern, ctx), STRING)


def _separator(value: Any) -> str:
    if not value:
        raise ValueError("the separator is not empty")
    return whole(str(value))


@function(
    "EXPAND_SPLIT(text:str; sep:str const) -> str",
    category=CATEGORY,
    form=Form.EXPAND,
    summary="One row for each part of a text between separators.",
    examples=[
        Example('EXPAND_SPLIT(#t;",")', ["a", "", "b", None], rows={"t": ["a,,b", None]}),
        Example('EXPAND_SPLIT(#t;", ")', ["a,b"], rows={"t": ["a,b"]}),
    ],
    prepare={"sep": _separator},
    null_note=_NULL,
    notes="Empty parts are kept. The separator is taken as it is, not as a pattern.",
)
def expand_split(text: Column, sep: Any) -> Expansion:
    return expanded(kernels().split_pattern(text.plain().data, pattern=sep), STRING)
