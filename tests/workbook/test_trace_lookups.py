"""Traces through look-ups: they name the rows that are found, and whole sheets only where all of them matter."""

from __future__ import annotations

from typing import Any

import pytest
from test_trace import DATA, OTHER, base, context, rows, traced, wholes
from test_trace_property import Again

import sheetline as sl
from sheetline.workbook.trace.model import Trace
from sheetline.workbook.trace.runs import placed, tracer_of

FOUND = "LOOKUP(#k;#O!k;#O!y)"


def row_sheet(**columns: str) -> sl.Workbook:
    return base().formulas("S", of="E", columns=columns)


def found(trace: Trace) -> tuple[list[int], dict[str, list[int]], list[Any]]:
    """Rows of O that give values, rows of it that matter otherwise, and whole sheets."""
    return rows(trace, "O"), context(trace, "O"), wholes(trace)


def test_a_look_up_names_the_row_that_it_finds() -> None:
    book = row_sheet(v=FOUND)
    assert found(traced(book, 0)) == ([1], {}, [])
    assert found(traced(book, 1)) == ([0], {}, [])
    assert found(traced(book, 3)) == ([], {}, []), "nothing has that key"
    assert traced(book, 0)["O"].columns == ("k", "y")
    assert rows(traced(book, 0)) == [0]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("LOOKUPCOUNT(#k;#O!k)", {"rows that LOOKUPCOUNT finds": [1]}),
        ("EXISTS(#k;#O!k)", {"rows that EXISTS finds": [1]}),
        ("EXISTS(LOWER(#k);#O!k)", {"rows that EXISTS finds": [1]}),
        ("IF(EXISTS(#k;#O!k);1;2)", {"rows that EXISTS finds": [1]}),
    ],
)
def test_rows_that_are_only_counted_are_context(formula: str, expected: dict[str, list[int]]) -> None:
    assert found(traced(row_sheet(v=formula), 2)) == ([], expected, [])


def test_of_several_rows_with_a_key_the_first_one_counts() -> None:
    book = base().formulas("S", of="O", columns={"v": "LOOKUP(#k;#E!k;#E!x)", "n": "LOOKUPCOUNT(#k;#E!k)"})
    trace = traced(book, 0)
    assert (rows(trace), context(trace)) == ([1], {"rows that LOOKUPCOUNT finds": [4]})
    trace = traced(book, 0, "n")
    assert (rows(trace), context(trace)) == ([], {"rows that LOOKUPCOUNT finds": [1, 4]})


def test_constants_and_numbers_of_two_types() -> None:
    assert found(traced(row_sheet(v='LOOKUP("z";#O!k;#O!y)'), 0)) == ([2], {}, [])
    assert found(traced(row_sheet(v="LOOKUP(#x * 2.0;#O!y;#O!k)"), 0)) == ([0], {}, [])
    assert found(traced(row_sheet(v="LOOKUP(LOOKUP(#k;#O!k;#O!y);#O!y;#O!k)"), 0)) == ([1], {}, [])


def test_in_groups_and_series() -> None:
    book = base().formulas("S", of="E", columns={"k": "GROUPBY(#E!k)", "s": f"GROUPSUM({FOUND.replace('#k', '#E!k')})"})
    assert found(traced(book, 1)) == ([0], {}, [])
    assert found(traced(book, 1, "k")) == ([], {}, []), "the key needs none"
    book = base().formulas("S", of="E", columns={"g": "GROUPBY(LOOKUP(#E!k;#O!k;#O!y))", "n": "GROUPCOUNT()"})
    trace = traced(book, 0, "n")
    assert (rows(trace), found(trace)) == ([0, 2], ([], {"rows that LOOKUP finds": [1]}, []))
    series = {"t": "GROUPBY(#E!t)", "o": "GROUP_SORT_ASC(#E!k)", "c": f"GROUP_CUMSUM({FOUND.replace('#k', '#E!k')})"}
    book = base().formulas("S", of="E", columns=series)
    assert found(traced(book, 1, "c")) == ([1], {}, [])  # a and c, of which O knows a
    after = {"t": "GROUPBY(#E!t)", "n": "GROUPCOUNT()", "v": 'LOOKUP(IF(#n > 2;"b";"z");#O!k;#O!y)'}
    book = base().formulas("S", of="E", columns=after)
    assert [found(traced(book, row, "v"))[0] for row in (0, 1)] == [[2], [0]]


def test_in_rows_that_are_added() -> None:
    book = base().formulas("S", of="E", columns={"e": "EXPAND([1;2])", "v": FOUND, "w": "LOOKUP(#e * 10;#O!y;#O!k)"})
    assert found(traced(book, 3, "v"))[0] == [0]
    assert [found(traced(book, row, "w"))[0] for row in (2, 3)] == [[0], [1]]
    path = {"k": "GROUPBY(#E!k)", "p": "GROUP_PATH(#E!t)", "v": FOUND.replace("#k", "#E!k")}
    assert found(traced(base().formulas("S", of="E", columns=path), 0, "v"))[0] == [1]


def test_in_conditions_orders_and_keys() -> None:
    trace = traced(base().filter("S", of="E", where="LOOKUP(#k;#O!k;#O!y) > 5"), 1)
    assert (rows(trace), found(trace)) == ([1], ([], {"rows that LOOKUP finds": [0]}, []))
    by = [{"formula": FOUND}]
    assert found(traced(base().sort("S", of="E", by=by), 0)) == ([], {"rows that LOOKUP finds": [0]}, [])
    assert ("O", ("k", "y")) in wholes(traced(base().sort("S", of="E", by=by, limit=2), 0))
    other = base().formulas("P", of="E", columns={"n": "#x", "k": "#k"})
    on = [{"left": "LOOKUP(#k;#O!k;#O!y)", "right": "#x * 10"}]
    other = other.join("S", left="P", right="E", on=on, select={"n": "P!n"})
    trace = traced(other, 0)
    assert context(trace, "O") == {"rows that LOOKUP finds": [1]}
    pivot = base().pivot("S", of="E", rows=["k"], column="t", values={"v": f"GROUPSUM({FOUND})"}, expected=["p", "q"])
    assert found(traced(pivot, 0, "q_v")) == ([1], {}, [])


def test_a_look_up_in_the_sheet_underneath() -> None:
    trace = traced(row_sheet(n="LOOKUPCOUNT(#k;#k)"), 0)
    assert (rows(trace), context(trace), wholes(trace)) == ([0], {"rows that LOOKUPCOUNT finds": [2]}, [])
    grouped = base().formulas("S", of="E", columns={"k": "GROUPBY(#E!k)", "s": "GROUPSUM(LOOKUPCOUNT(#E!k;#E!k))"})
    assert wholes(traced(grouped, 0)) == [("E", ("k",))], "groups of other rows could change"


@pytest.mark.parametrize(
    ("formula", "whole"),
    [
        ("COLSUM(#O!y)", [("O", ("y",))]),
        (f"COLSUM({FOUND})", [("O", ("k", "y")), ("E", ("k",))]),
        ("LOOKUP(COLSUM(#O!y);#O!y;#O!k)", [("O", ("y",))]),
        ("COLRANK(LOOKUPCOUNT(#k;#O!k))", [("O", ("k",)), ("E", ("k",))]),
    ],
)
def test_the_whole_sheet_where_all_of_it_matters(formula: str, whole: list[Any]) -> None:
    trace = traced(row_sheet(v=formula), 0)
    assert set(wholes(trace)) == set(whole)
    assert all("looks at the whole column" in one.why for one in trace.whole)


def test_rows_found_are_followed_to_their_sources() -> None:
    book = (
        base()
        .filter("Some", of="O", where="#y < 30")
        .formulas("S", of="E", columns={"v": "LOOKUP(#k;#Some!k;#Some!y)"})
    )
    trace = traced(book, 0)
    assert (rows(trace, "Some"), rows(trace, "O"), wholes(trace)) == ([1], [1], [])
    text = str(trace)
    assert "Some (filter): row 2\n    row  k   y\n      2  a  20" in text
    counted = base().filter("Some", of="O", where="#y < 30").formulas("S", of="E", columns={"v": "EXISTS(#k;#Some!k)"})
    trace = traced(counted, 0)
    assert context(trace, "O") == {"rows that EXISTS finds": [1]}
    assert "context, rows that EXISTS finds (S): row 2" in str(trace)


def test_rows_dropped_for_errors_are_counted_out() -> None:
    book = sl.Workbook("W", errors="drop").source("E", type="frame").source("O", type="frame")
    book = book.formulas("P", of="O", columns={"k": "#k", "y": "10 / (#y - 10)"})
    book = book.formulas(
        "S", of="E", columns={"e": "EXPAND([1;2])", "z": "1 / (#e - 1 + #n)", "v": "LOOKUP(#k;#P!k;#P!y)"}
    )
    frames = {"E": {"k": ["a", "z"], "n": [0, 0]}, "O": OTHER["O"]}
    trace = book.run(sources=frames, sheets=["S"]).trace("S", 1)
    assert (rows(trace), rows(trace, "P"), rows(trace, "O")) == ([1], [1], [2])


BOOKS: list[dict[str, str]] = [
    {"v": FOUND, "n": "LOOKUPCOUNT(#t;#E!t)", "w": "#v + 1"},
    {"k": "GROUPBY(#E!k)", "s": "GROUPSUM(LOOKUP(#E!t;#T!t;#T!w))", "x": "LOOKUP(#k;#O!k;#O!y)"},
    {"g": "GROUPBY(EXISTS(#E!k;#O!k))", "s": "GROUPSUM(#E!x)"},
    {"k": "GROUPBY(#E!t)", "o": "GROUP_SORT_DESC(LOOKUP(#E!k;#O!k;#O!y))", "c": "GROUP_CUMSUM(#E!x)",
     "v": "GROUP_PREVIOUS(LOOKUP(#E!k;#O!k;#O!y))"},
    {"k": "GROUPBY(#E!k)", "p": "GROUPTOPN(LOOKUP(#E!t;#T!t;#T!w);1)", "x": "#E!x"},
    {"k": "GROUPBY(#E!t)", "n": "GROUPCOUNT()", "e": "EXPAND([1;2])", "v": 'LOOKUP(IF(#e > 1;"b";"z");#O!k;#O!y)'},
    {"s": "GROUPBYGAP(LOOKUP(#E!k;#O!k;#O!y);5)", "n": "GROUPCOUNT()"},
]  # fmt: skip


@pytest.mark.parametrize("columns", BOOKS)
def test_a_row_computed_from_the_rows_found_is_the_same(columns: dict[str, str]) -> None:
    book = base().source("T", type="frame").formulas("S", of="E", columns=columns)
    book = book.filter("Kept", of="S", where=f"EXISTS(#{list(columns)[-1]};#S!{list(columns)[-1]}) || true")
    frames = {**DATA, **OTHER, "T": {"t": ["q", "p", "q"], "w": [1.5, 2.5, 3.5]}}
    run = book.run(sources=frames, sheets=["S", "Kept"])
    for sheet in ("S", "Kept"):
        for row in range(run[sheet].table.rows):
            for column in (None, *columns):
                tracer = tracer_of(run)
                made, place = placed(tracer, sheet, row, column)
                Again(run, made, tracer.behind(made, sheet, place, column)).make()


def test_an_explanation_shows_the_rows_that_were_found() -> None:
    run = row_sheet(v=f"{FOUND} + 1", n="LOOKUPCOUNT(#t;#E!t)").run(sources={**DATA, **OTHER}, sheets=["S"])
    assert str(run.explain("S", "v", 0)).splitlines()[1:] == [
        f"{FOUND} + 1 = 21",
        f"├─ {FOUND} = 20",
        '│  ├─ #k = "a"  (E, row 1)',
        '│  ├─ #O!k: 1 row: "a"  (O, row 2)',
        "│  └─ #O!y: 1 row: 20  (O, row 2)",
        "└─ 1",
    ]
    assert "#O!k: no rows" in str(run.explain("S", "v", 3))
    assert '#E!t: 3 rows: "q", "q", "q"  (E, rows 2, 3, 5)' in str(run.explain("S", "n", 1))
