"""Expanding functions against Python's own loops, with nulls, errors and limits."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from calling import apply, values
from hypothesis import given
from hypothesis import strategies as st

import sheetline.functions.expanding_documents  # noqa: F401 - declares its functions
from sheetline.functions import errors as err
from sheetline.functions.columns import Column
from sheetline.functions.declare import Failure
from sheetline.functions.expanding import MAX_ROWS
from sheetline.functions.resolve import Mismatch
from sheetline.functions.types import BIGDECIMAL, DATE, FLOAT, INTEGER, STRING, list_of

TEXT = st.one_of(st.none(), st.text(alphabet="ab ,;.é1\n", max_size=12))


def spread(name: str, *args: Any) -> list[list[Any]]:
    """The values that each row gave."""
    made = apply(name, *args, raw=True)
    flat = values(made.column)
    ends = np.cumsum(made.counts).tolist()
    return [flat[end - count : end] for end, count in zip(ends, made.counts.tolist(), strict=True)]


def texts(column: list[Any]) -> Column:
    return Column.of(column, STRING)


@given(st.lists(st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(-9, 9)), max_size=4)), max_size=8))
def test_expand(lists: list[Any]) -> None:
    got = spread("EXPAND", Column.of(lists, list_of(INTEGER)))
    assert got == [one or [None] for one in lists]


def test_expand_keeps_types() -> None:
    from decimal import Decimal

    assert spread("EXPAND", Column.of([["a", None], []], list_of(STRING))) == [["a", None], [None]]
    assert spread("EXPAND", Column.of([[1.5, None]], list_of(FLOAT))) == [[1.5, None]]
    exact = Column.of([[Decimal("1.50"), None, Decimal(100)]], list_of(BIGDECIMAL))
    assert spread("EXPAND", exact) == [[Decimal("1.5"), None, Decimal(100)]]
    made = apply("EXPAND", Column.of([["a"], ["b"]], list_of(STRING)).slice(1, 2), raw=True)
    assert values(made.column) == ["b"]


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20), st.integers(-4, 4)), min_size=1, max_size=6))
def test_expand_range(rows: list[tuple[int, int, int]]) -> None:
    got = spread("EXPAND_RANGE", *(Column.of([row[i] for row in rows], INTEGER) for i in range(3)))
    for one, (start, stop, step) in zip(got, rows, strict=True):
        if step == 0:
            assert one == [Failure("VALUE")]
        else:
            assert one == (list(range(start, stop + (1 if step > 0 else -1), step)) or [None])


def test_expand_range_at_the_edges() -> None:
    low, high = -(2**63), 2**63 - 1
    assert spread("EXPAND_RANGE", [low], high, 2**62) == [[low, low + 2**62, 0, 2**62]]
    assert spread("EXPAND_RANGE", [high], low, low) == [[high, -1]]
    assert spread("EXPAND_RANGE", [1, 1], [MAX_ROWS + 1, 2], 1) == [[Failure("LIMIT")], [1, 2]]
    assert spread("EXPAND_RANGE", [low], high, 1) == [[Failure("LIMIT")]]
    assert len(spread("EXPAND_RANGE", [1], 100_000)[0]) == 100_000


def test_errors_and_nulls_give_one_row() -> None:
    start = Column.of([1, None, 1]).with_errors(err.make(np.array([2]), "NUM", err.Origin("TEST", "broken")))
    assert spread("EXPAND_RANGE", start, 2) == [[1, 2], [None], [Failure("NUM")]]


@given(st.integers(-400, 400), st.integers(-3, 5), st.sampled_from([None, 6 * 3600_000, -86_400_000]))
def test_expand_date_range(hours: int, days: int, step: int | None) -> None:
    first = datetime(2024, 2, 27, tzinfo=UTC) + timedelta(hours=hours)
    last = first + timedelta(days=days)
    micros = [int(d.timestamp()) * 1_000_000 for d in (first, last)]
    columns = [Column(DATE, np.array([m], np.int64)) for m in micros]
    got = spread("EXPAND_DATE_RANGE", *columns, *([] if step is None else [step]))[0]
    width = timedelta(milliseconds=86_400_000 if step is None else step)
    wanted: list[Any] = []
    now = first
    while now <= last if width > timedelta(0) else now >= last:
        wanted.append(int(now.timestamp()) * 1_000_000)
        now += width
    assert got == (wanted or [None])


@given(st.lists(TEXT, min_size=1, max_size=6), st.sampled_from([None, ";", "[,;]+", "b", "(a)|x"]))
def test_tokenize(column: list[Any], pattern: str | None) -> None:
    got = spread("TOKENIZE", texts(column), *([] if pattern is None else [pattern]))
    compiled = re.compile((pattern or r"\W+").replace("(a)", "(?:a)"), re.ASCII)
    for one, text in zip(got, column, strict=True):
        wanted = None if text is None else [part for part in compiled.split(text) if part]
        assert one == (wanted or [None])


@given(st.lists(TEXT, min_size=1, max_size=6), st.integers(1, 3))
def test_ngram(column: list[Any], n: int) -> None:
    for one, text in zip(spread("NGRAM", texts(column), n), column, strict=True):
        words = (text or "").split()
        assert one == ([" ".join(gram) for gram in zip(*(words[i:] for i in range(n)), strict=False)] or [None])


@given(st.lists(TEXT, min_size=1, max_size=6), st.sampled_from([",", " ", "ab", "é"]))
def test_expand_split(column: list[Any], sep: str) -> None:
    for one, text in zip(spread("EXPAND_SPLIT", texts(column), sep), column, strict=True):
        assert one == ([None] if text is None else text.split(sep))


@given(st.lists(TEXT, min_size=1, max_size=6), st.sampled_from(["[ab]+", "a.", "1", r"\s"]))
def test_expand_regex(column: list[Any], pattern: str) -> None:
    for one, text in zip(spread("EXPAND_REGEX", texts(column), pattern), column, strict=True):
        assert one == (re.findall(pattern, text or "", re.ASCII) or [None])


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.text(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=1), inner, max_size=2)),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=4))
def test_json_expand(items: list[Any]) -> None:
    document = json.dumps({"a": [0, {"b": items}]})
    got = spread("JSON_EXPAND", texts([document, None]), "$.a[1].b")
    assert len(got[0]) == max(len(items), 1)
    for one, item in zip(got[0], items, strict=False):
        if item is None or isinstance(item, str):
            assert one == item
        else:
            assert json.loads(one) == item
    assert got[1] == [None]


def test_json_paths_and_mistakes() -> None:
    document = '{"a b": {"x": 1, "y": [true]}, "n": 7, "s": "\\ud800"}'
    assert spread("JSON_EXPAND", texts([document]), "$['a b']") == [["1", "[true]"]]
    assert spread("JSON_EXPAND", texts([document]), "n") == [["7"]]
    assert spread("JSON_EXPAND", texts([document]), "n.m[3]") == [[None]]
    assert spread("JSON_EXPAND", texts([document]), "s") == [["?"]]
    parse = [Failure("PARSE")]
    assert spread("JSON_EXPAND", texts(["[1,", "[NaN]", ""])) == [parse] * 3
    assert spread("JSON_EXPAND", texts(["[" * 100_000])) == [[Failure("LIMIT")]]
    with pytest.raises(Mismatch):
        spread("JSON_EXPAND", texts(["{}"]), "$.a[x]")


XML = '<n:l xmlns:n="u"><i k="1">a<b>!</b></i><m><i k="2">é</i></m><i/></n:l>'


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/l/i", ["a!", ""]),
        ("//i", ["a!", "é", ""]),
        ("//i/@k", ["1", "2"]),
        ("//i[@k='2']", ["é"]),
        ("/l/i/text()", ["a"]),
        ("/n:l/m/*", ["é"]),
        ("/l/i[1]/b", ["!"]),
        ("/x", [None]),
    ],
)
def test_xpath(path: str, found: list[Any]) -> None:
    assert spread("EXPAND_XPATH", texts([XML]), path) == [found]


def test_xml_that_is_refused() -> None:
    bomb = '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><l>&b;</l>'
    outside = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/hostname">]><l>&a;</l>'
    deep = "<a>" * 10_000 + "</a>" * 10_000
    refused, broken = [Failure("VALUE")], [Failure("PARSE")]
    got = spread("EXPAND_XPATH", texts([bomb, outside, deep, "<a>", "", "<a>&x;</a>", None]), "/l")
    assert got == [refused, refused, refused, broken, broken, broken, [None]]


@pytest.mark.parametrize(
    ("name", "constant"),
    [("TOKENIZE", "("), ("NGRAM", 0), ("EXPAND_SPLIT", ""), ("EXPAND_REGEX", "["), ("EXPAND_XPATH", "//i[")],
)
def test_impossible_constants_are_refused(name: str, constant: Any) -> None:
    with pytest.raises(Mismatch):
        spread(name, texts(["a"]), constant)


def test_no_rows() -> None:
    for name, *constants in (("TOKENIZE",), ("NGRAM", 2), ("EXPAND_SPLIT", ","), ("JSON_EXPAND",)):
        assert spread(name, texts([]), *constants) == []
    assert spread("EXPAND", Column.of([], list_of(INTEGER))) == []
    assert spread("EXPAND_RANGE", Column.of([], INTEGER), 3) == []
