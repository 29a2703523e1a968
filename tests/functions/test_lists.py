"""Functions of lists: layouts of Arrow, types, limits, and against plain loops on random lists."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from calling import apply, values
from evaluating import sheet
from hypothesis import given
from hypothesis import strategies as st
from oracles_lists import ORACLES

from sheetline.formulas.diagnostics import FormulaError
from sheetline.functions.columns import Column, Constant, arrow_type
from sheetline.functions.declare import Failure
from sheetline.functions.types import FLOAT, INTEGER, STRING, Type, list_of, pair_of

INTS = st.lists(st.none() | st.integers(-3, 3), max_size=24)
ROWS = st.lists(st.none() | INTS, max_size=12)


def column(rows: list[Any], item: Type = INTEGER) -> Column:
    return Column.of(rows, list_of(item))


def hidden(rows: list[Any], item: Any = None) -> Column:
    """The rows as an array that starts inside another one and has elements under its nulls."""
    item = item or pa.int64()
    filled = [[], *([9, 9] if row is None else row for row in rows), [7]]
    offsets = np.cumsum([0, *map(len, filled)])
    mask = np.array([False, *(row is None for row in rows), False])
    flat = pa.array([v for row in filled for v in row], item)
    data = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), flat, mask=pa.array(mask))
    return Column(list_of(INTEGER), data.slice(1, len(rows)))


def row_by_row(name: str, rows: list[Any], *rest: Any) -> list[Any]:
    """The oracle's answers; nulls are null."""
    out = []
    for number, row in enumerate(rows):
        args = [row, *(r[number] if isinstance(r, list) else r for r in rest)]
        out.append(None if any(arg is None for arg in args) else ORACLES[name](*args))
    return out


def like(got: list[Any], wanted: list[Any]) -> bool:
    return got == [pytest.approx(v, rel=1e-12, abs=1e-12) if isinstance(v, float) else v for v in wanted]


ONE = ["LISTSIZE", "FIRST", "LAST", "LISTREVERSE", "LISTCOUNT", "LISTDISTINCT", "LISTSUM", "LISTAVERAGE"]
ONE += ["LISTMIN", "LISTMAX", "LISTMEDIAN", "LISTSTDEV"]


@given(rows=ROWS)
def test_functions_of_one_list(rows: list[Any]) -> None:
    for name in ONE:
        wanted = row_by_row(name, rows)
        assert like(apply(name, column(rows)), wanted), name
        assert like(apply(name, hidden(rows)), wanted), name
    for order in ("asc", "desc"):
        assert apply("LISTSORT", hidden(rows), order) == row_by_row("LISTSORT", rows, order)
    assert apply("LISTJOIN", hidden(rows), "--") == row_by_row("LISTJOIN", rows, "--")


@given(rows=st.lists(st.tuples(st.none() | INTS, st.none() | INTS), max_size=8))
def test_functions_of_two_lists(rows: list[Any]) -> None:
    a, b = [list(part) for part in zip(*rows, strict=True)] or [[], []]
    for name in ("LISTCONCAT", "LISTUNION", "LISTINTERSECTION", "LISTDIFFERENCE", "LISTISSUBSET", "LISTZIP"):
        wanted = row_by_row(name, a, b)
        assert apply(name, column(a), column(b)) == wanted, name
        assert apply(name, hidden(a), hidden(b)) == wanted, name


@given(rows=st.lists(st.tuples(st.none() | INTS, st.none() | st.integers(-3, 3)), max_size=8))
def test_functions_of_a_list_and_a_value(rows: list[Any]) -> None:
    lists, found = [list(part) for part in zip(*rows, strict=True)] or [[], []]
    value = Column.of(found, INTEGER)
    names = ("LISTCONTAINS", "LISTINDEXOF", "LISTCOUNT", "LISTREMOVE", "LISTAPPEND", "LISTPREPEND")
    for name in names:
        assert apply(name, hidden(lists), value) == row_by_row(name, lists, found), name
        assert apply(name, hidden(lists), 2) == row_by_row(name, lists, 2), name
        fixed = [1, None, 2, 1]
        wanted = row_by_row(name, [fixed] * len(found), found)
        assert apply(name, Constant.of(fixed), value) == wanted, name
    for name in ("ELEMENT", "SUBLIST", "LISTSLICE"):
        assert apply(name, hidden(lists), value) == row_by_row(name, lists, found), name


@given(
    rows=st.lists(
        st.tuples(INTS, st.integers(-30, 30), st.integers(-30, 30), st.integers(-4, 4)), min_size=1, max_size=8
    )
)
def test_slices(rows: list[Any]) -> None:
    lists, start, stop, step = (list(part) for part in zip(*rows, strict=True))
    wanted = row_by_row("LISTSLICE", lists, start, stop, step)
    assert apply("LISTSLICE", column(lists), start, stop, step) == wanted
    assert apply("SUBLIST", column(lists), start, stop) == row_by_row("SUBLIST", lists, start, stop)


@pytest.mark.parametrize("end", [2**63 - 1, -(2**63)])
def test_slices_at_the_ends_of_integers(end: int) -> None:
    for start, stop, step in [(end, 0, 1), (0, end, 1), (1, 4, end), (end, end, end), (end, -end - 1, -1)]:
        items = [1, 2, 3, 4]
        assert apply("LISTSLICE", column([items]), start, stop, step) == [items[start:stop:step]]
    assert apply("ELEMENT", column([[1, 2]]), [end]) == [None]


@given(rows=st.lists(st.tuples(*[st.integers(-20, 20)] * 3), min_size=1, max_size=8))
def test_ranges(rows: list[Any]) -> None:
    start, stop, step = (list(part) for part in zip(*rows, strict=True))
    assert apply("LISTRANGE", start, stop, step) == row_by_row("LISTRANGE", start, stop, step)


def test_ranges_at_the_ends() -> None:
    low, high = -(2**63), 2**63 - 1
    assert apply("LISTRANGE", [high - 1, low], [high, low], 1) == [[high - 1, high], [low]]
    assert apply("LISTRANGE", [low], [high], high) == [[low, -1, high - 1]]
    assert apply("LISTRANGE", [low, 1], [high, 1_000_000], 1)[0] == Failure("LIMIT")
    assert len(apply("LISTRANGE", [1], [1_000_000])[0]) == 1_000_000
    assert apply("LISTRANGE", [1], [1_000_001]) == [Failure("LIMIT")]
    assert apply("LISTRANGE", [None, 1, 3], [5, None, 4]) == [None, None, [3, 4]]
    hidden_nulls = Column(INTEGER, np.array([high, 2]), np.array([True, False]))
    assert apply("LISTRANGE", 1, hidden_nulls) == [None, [1, 2]]


TEXTS = st.lists(st.none() | st.sampled_from(["", "a", "B", "ß", "😀", "a\x00", "e\u0301"]), max_size=20)


@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6))
def test_text(rows: list[Any]) -> None:
    a, b = (list(part) for part in zip(*rows, strict=True))
    left, right = column(a, STRING), column(b, STRING)
    for name in ("LISTUNION", "LISTINTERSECTION", "LISTDIFFERENCE", "LISTISSUBSET", "LISTCONCAT"):
        assert apply(name, left, right) == row_by_row(name, a, b), name
    for name in ("LISTMIN", "LISTMAX", "LISTDISTINCT", "LISTREVERSE"):
        assert apply(name, left) == row_by_row(name, a), name
    for order in ("asc", "DESC "):
        assert apply("LISTSORT", left, order) == row_by_row("LISTSORT", a, order.strip().lower())
    assert apply("LISTJOIN", left, ["é"] * len(a)) == row_by_row("LISTJOIN", a, "é")
    assert apply("LISTINDEXOF", left, "ß") == row_by_row("LISTINDEXOF", a, "ß")


def test_long_lists_among_short_ones() -> None:
    random = np.random.default_rng(3)
    a = [random.integers(0, 300, size).tolist() for size in (0, 500, 1, 17, 3, 60, 49)]
    b = [random.integers(0, 300, size).tolist() for size in (4, 200, 0, 30, 3, 16, 400)]
    for name in ("LISTUNION", "LISTINTERSECTION", "LISTDIFFERENCE", "LISTISSUBSET"):
        assert apply(name, column(a), column(b)) == row_by_row(name, a, b), name
    for name in ("LISTDISTINCT", "LISTMEDIAN"):
        assert apply(name, column(a)) == row_by_row(name, a), name
    assert apply("LISTSORT", column(a), "desc") == row_by_row("LISTSORT", a, "desc")


def test_widening() -> None:
    big = 2**53 + 1
    assert apply("LISTCONCAT", column([[big]]), column([[0.5]], FLOAT)) == [[float(big), 0.5]]
    assert apply("LISTAPPEND", column([[1, None]]), [2.5]) == [[1.0, None, 2.5]]
    assert apply("LISTCONTAINS", column([[1.0, None]], FLOAT), [1]) == [True]
    assert apply("LISTISSUBSET", column([[1, 2]]), column([[2.0, 1.0]], FLOAT)) == [True]
    assert apply("LISTUNION", column([[0.0]], FLOAT), column([[-0.0]], FLOAT)) == [[0.0]]
    for formula in ('LISTAPPEND([1];"a")', 'LISTUNION([1];["a"])', 'LISTCONTAINS(["a"];1)', '[1] + ["a"]'):
        with pytest.raises(FormulaError, match=r"F11[14]"):
            sheet({"Result": formula})


def test_dates_and_truth_values() -> None:
    days = [datetime(2024, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
    dates = Column.of([days, None, []])
    assert apply("LISTSORT", dates)[0] == sorted(days)
    micros = [int(day.timestamp()) * 1_000_000 for day in days]
    assert apply("LISTMIN", dates) == [micros[1], None, None]
    assert apply("ELEMENT", dates, 0) == [micros[0], None, None]
    assert apply("LISTINDEXOF", dates, days[2]) == [2, None, -1]
    truths = Column.of([[True, None, False], [None]])
    assert apply("LISTMAX", truths) == [True, None]
    assert apply("LISTSORT", truths, "desc") == [[True, False, None], [None]]
    assert apply("LISTJOIN", truths, "|") == ["true|false", ""]


def test_exact_numbers() -> None:
    one, two = Decimal("1.50"), Decimal("99999999999999999999.25")
    exact = Column.of([[one, two, None], []])
    assert apply("LISTSUM", exact) == [one + two, None]
    assert apply("LISTMAX", exact) == [two, None]
    assert apply("LISTCONTAINS", exact, Decimal("1.5")) == [True, False]
    assert apply("LISTDISTINCT", Column.of([[one, Decimal("1.5")]])) == [[Decimal("1.5")]]
    assert apply("LISTAPPEND", Column.of([[2**70]]), Decimal("0.5")) == [[Decimal(2**70), Decimal("0.5")]]
    assert apply("LISTAPPEND", Column.of([[10**60], [2**70]]), Decimal(1)) == [
        Failure("LIMIT"),
        [Decimal(2**70), Decimal(1)],
    ]
    assert apply("LISTAPPEND", Column.of([[2**70]]), Decimal(10**80)) == [Failure("LIMIT")]
    assert apply("LISTMEDIAN", Column.of([[2**70, 2**70]])) == [float(2**70)]


def test_lists_in_lists_and_pairs() -> None:
    nested = Column.of([[[1], [2], [1]], [], None, [[], [None]]])
    assert apply("LISTDISTINCT", nested) == [[[1], [2]], [], None, [[], [None]]]
    assert apply("LISTFLATTEN", nested) == [[1, 2, 1], [], None, [None]]
    assert apply("LISTCONTAINS", nested, Column.of([[2]] * 4)) == [True, False, None, False]
    assert apply("LAST", nested) == [[1], None, None, [None]]
    assert apply("LISTSORT", nested) == [[[1], [1], [2]], [], None, [[], [None]]]
    kind = pair_of(INTEGER, STRING)
    pairs = Column(kind, pa.array([{"0": 1, "1": "a"}, None], arrow_type(kind)))
    assert apply("LISTSIZE", pairs) == [2, None]
    assert apply("FIRST", pairs) == [1, None]
    assert apply("ELEMENT", pairs, -1) == ["a", None]
    zipped = apply("LISTZIP", column([[1, 2], None]), column([["x"], []], STRING), raw=True)
    assert str(zipped.type) == "list<[integer; string]>"
    assert apply("FIRST", apply("LAST", zipped, raw=True)) == [2, None]


def test_limits_of_text() -> None:
    long = "x" * 1_000_000
    rows = Column.of([["a", "b"], ["a"] * 12, [long] * 11, []])
    assert apply("LISTJOIN", rows, long)[1:] == [Failure("LIMIT"), Failure("LIMIT"), ""]
    assert values(apply("LISTJOIN", rows, ",", raw=True))[1] == ",".join("a" * 12)


def test_floats_at_the_ends() -> None:
    wide = column([[1.7e308, 1.7e308], [1e308, -1e308], [5e-324, 5e-324], [1.0, None]], FLOAT)
    assert apply("LISTSUM", wide) == [Failure("OVERFLOW"), 0.0, 1e-323, 1.0]
    assert apply("LISTAVERAGE", wide) == [Failure("OVERFLOW"), 0.0, 5e-324, 1.0]
    assert apply("LISTMEDIAN", wide) == [1.7e308, 0.0, 5e-324, 1.0]
    assert apply("LISTSTDEV", wide) == [0.0, Failure("OVERFLOW"), 0.0, None]


def test_no_rows_and_constants() -> None:
    empty = column([])
    for name in ("LISTSIZE", "LISTSORT", "LISTDISTINCT", "LISTSUM", "FIRST", "LISTMEDIAN", "LISTJOIN"):
        assert apply(name, empty) == []
    assert apply("LISTUNION", empty, empty) == []
    rows = {"v": ["b", None, "c"]}
    formulas = {"at": 'LISTINDEXOF(["a";"b";null];#v)', "is": 'LISTCONTAINS(["a";"b";null];#v)'}
    formulas["el"] = "ELEMENT([7;8];1)"
    got = {name: values(found) for name, found in sheet(formulas, rows).items()}
    assert got["at"] == [1, None, -1]
    assert got["is"] == [True, None, False]
    assert got["el"] == [8, 8, 8]


def test_many_codes_and_few() -> None:
    random = np.random.default_rng(11)
    for spread in (3, 40, 10_000):
        a, b = ([random.integers(0, spread, size).tolist() for size in random.integers(0, 12, 300)] for _ in "ab")
        for name in ("LISTUNION", "LISTINTERSECTION", "LISTDIFFERENCE", "LISTISSUBSET"):
            assert apply(name, column(a), column(b)) == row_by_row(name, a, b), (name, spread)
        assert apply("LISTDISTINCT", column(a)) == row_by_row("LISTDISTINCT", a), spread


def test_sorting_at_the_ends() -> None:
    low, high = -(2**63), 2**63 - 1
    rows = column([[high, None, low, high], [0, low], [], [None]])
    assert apply("LISTSORT", rows) == [[low, high, high, None], [low, 0], [], [None]]
    assert apply("LISTSORT", rows, "desc") == [[high, high, low, None], [0, low], [], [None]]
    floats = column([[0.5, None, -1e308, 1e308]], FLOAT)
    assert apply("LISTSORT", floats, "desc") == [[1e308, 0.5, -1e308, None]]
