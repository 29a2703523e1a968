"""Sheets that are made together, part by part, are the sheets that are made one after the other."""

from __future__ import annotations

import itertools
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sheetline as sl
from sheetline.workbook.execution import execute
from sheetline.workbook.record.recorder import Recorder
from sheetline.workbook.regions import regions
from sheetline.workbook.run import Options, Run

EVENTS = {"car": ["b", "a", None], "zone": [0.0, -0.0, 1.5, None]}


def book() -> sl.Workbook:
    """Every way in which a region can go on: rows, filters, groups again, series again, and a sheet beside."""
    return (
        sl.Workbook("Regions")
        .source("Events", type="frame")
        .formulas(
            "Sessions",
            of="Events",
            columns={
                "car": "GROUPBY(#Events!car)",
                "zone": "GROUPBY(#Events!zone)",
                "start": "GROUPBYGAP(#Events!t;5)",
                "t": "GROUP_SORT_ASC(#Events!t)",
                "before": "GROUP_PREVIOUS(#Events!v)",
                "v": "#Events!v",
                "text": 'CONCAT(#Events!car;"-";#Events!n)',
                "ratio": "#Events!v / #Events!n",
            },
        )
        .filter("Clean", of="Sessions", where="#before < 4 || #ratio > 0.5")
        .formulas("Rows", of="Clean", copy=True, columns={"twice": "2 * #v", "root": "SQRT(#v)"})
        .formulas(
            "Moves",
            of="Rows",
            columns={
                "zone": "GROUPBY(#Rows!zone)",
                "car": "GROUPBY(#Rows!car)",
                "first": "GROUPBY(#Rows!start)",
                "by": "GROUP_SORT_DESC(#Rows!v)",
                "step": "GROUP_DIFF(#Rows!v)",
                "sum": "GROUP_CUMSUM(#Rows!twice)",
                "root": "#Rows!root",
            },
        )
        .formulas(
            "Trips",
            of="Moves",
            columns={
                "car": "GROUPBY(#Moves!car)",
                "zone": "GROUPBY(#Moves!zone)",
                "first": "GROUPBY(#Moves!first)",
                "rows": "GROUPCOUNT()",
                "mean": "GROUPAVERAGE(#Moves!step)",
                "p70": "GROUPPERCENTILE(#Moves!sum;70)",
                "roots": "GROUPSUM(#Moves!root)",
            },
        )
        .filter("Long", of="Trips", where="#rows > 1")
        .formulas("Beside", of="Sessions", columns={"car": "GROUPBY(#Sessions!car)", "rows": "GROUPCOUNT()"})
        .formulas("Numbered", of="Clean", columns={"n": "ROWNUMBER()", "v": "#v"})
    )


def plain_rows() -> sl.Workbook:
    """Without groups: rows may be divided anywhere."""
    return (
        sl.Workbook("Rows")
        .source("Events", type="frame")
        .filter("Some", of="Events", where="1 / #n > 0.2")
        .formulas("Sums", of="Some", copy=True, columns={"sum": "#v + #n", "where": 'IF(#sum > 5;"far";#car)'})
        .filter("Far", of="Sums", where='#where == "far"')
        .formulas("Walk", of="Sums", copy=["car"], columns={"word": 'EXPAND_SPLIT(#where;"a")'})
    )


def events(rows: int, seed: int) -> dict[str, list[Any]]:
    random = np.random.default_rng(seed)

    def some(values: list[Any]) -> list[Any]:
        return [values[place] for place in random.integers(0, len(values), rows)]

    return {
        "car": some(["b", "a", "c", None]),
        "zone": some([0.0, -0.0, 1.5, None]),
        "t": some([*range(0, 60, 2), None]),
        "v": some([-1.0, 0.5, 2.25, 3.0, 7.0, None]),
        "n": some([0, 1, 2, 3, None]),
    }


def made(workbook: sl.Workbook, frame: dict[str, list[Any]], **options: Any) -> Run:
    plan = workbook.plan(sources={"Events": frame})
    return execute(plan, Options(tuple(name for name in plan.steps if name != "Events"), **options))


def told(run: Run) -> dict[str, Any]:
    """All that a run tells, but its seconds."""
    out: dict[str, Any] = {}
    for sheet in run.report.sheets:
        facts = (sheet.kind, sheet.rows, sheet.columns, sheet.not_read, sheet.removed, sheet.removed_examples)
        out[sheet.name] = (*facts, sheet.notices)
    return out


def same(one: Run, other: Run) -> None:
    assert told(one) == told(other)
    for name, sheet in one.results.items():
        left, right = sheet.table, other.results[name].table
        assert left.types == right.types
        for column in left.columns:
            mine, theirs = left.columns[column], right.columns[column]
            assert list(map(repr, mine.to_list())) == list(map(repr, theirs.to_list())), (name, column)
        assert sheet.errors.to_dict("list") == other.results[name].errors.to_dict("list"), name


@pytest.mark.parametrize("make", [book, plain_rows])
@settings(max_examples=25)
@given(
    rows=st.integers(0, 120),
    seed=st.integers(0, 2**32),
    block_rows=st.sampled_from([1, 3, 16, 50]),
    threads=st.sampled_from([1, 2]),
)
def test_together_or_one_after_the_other(make: Any, rows: int, seed: int, block_rows: int, threads: int) -> None:
    frame = events(rows, seed)
    apart = made(make(), frame, without=frozenset({"fuse"}), threads=1)
    same(made(make(), frame, block_rows=block_rows, threads=threads), apart)


def test_the_regions_of_the_workbooks() -> None:
    plan = book().plan(sources={"Events": events(9, 1)})
    found = regions(plan, {name: list(step.schema) for name, step in plan.steps.items()})
    assert {name: (one.sheets, one.by_groups) for name, one in found.items()} == {
        "Sessions": (("Sessions", "Clean", "Rows", "Moves", "Trips", "Long"), True)
    }
    plan = plain_rows().plan(sources={"Events": events(9, 1)})
    found = regions(plan, {name: list(step.schema) for name, step in plan.steps.items()})
    assert {name: (one.sheets, one.by_groups) for name, one in found.items()} == {
        "Some": (("Some", "Sums", "Far", "Walk"), False)
    }


class Watcher:
    """Puts the parts of every sheet together again."""

    def __init__(self) -> None:
        self.rows: dict[str, list[list[Any]]] = {}
        self.ended: list[str] = []
        self.parts: dict[str, dict[int, Any]] = {}
        self.numbers: dict[str, list[int]] = {}

    def part_in_turn(self, sheet: str, table: Any, number: int) -> None:
        assert self.parts.setdefault(sheet, {}).setdefault(number, table) is table

    def stop(self, sheet: str, number: int) -> None:
        raise AssertionError("no part fails")

    def part(self, sheet: str, table: Any) -> None:
        assert sheet not in self.ended
        known = self.rows.setdefault(sheet, [[] for _ in table.columns])
        for mine, column in zip(known, table.columns.values(), strict=True):
            mine.extend(column.to_list())

    def done(self, report: Any) -> None:
        for number, table in sorted(self.parts.pop(report.name, {}).items()):
            assert number == len(self.numbers.setdefault(report.name, []))
            self.numbers[report.name].append(number)
            self.part(report.name, table)
        self.ended.append(report.name)


def test_an_observer_sees_every_row_in_order() -> None:
    frame = events(100, 7)
    whole, parts = Watcher(), Watcher()
    made(book(), frame, without=frozenset({"fuse"}), observer=whole)
    made(book(), frame, block_rows=11, threads=2, observer=parts)
    assert repr(parts.rows) == repr(whole.rows)
    assert parts.ended == whole.ended
    assert max(map(len, parts.numbers.values())) > 4


def test_a_part_that_fails_stops_those_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of the part is what one sees, while its successors wait for the hashes before theirs."""
    from sheetline.formulas.blocks import InternalError
    from sheetline.workbook.sheets.filter import FilterStep

    real, lock, calls = FilterStep.run, threading.Lock(), itertools.count()

    def broken(*args: Any) -> Any:
        with lock:
            number = next(calls)
        if number == 2:
            time.sleep(0.05)  # so that later parts are waiting
            raise ZeroDivisionError("oh")
        return real(*args)

    monkeypatch.setattr(FilterStep, "run", broken)
    for threads in (1, 2, 4):
        calls = itertools.count()
        observer = Recorder(book().plan(sources={"Events": events(400, 7)}), threads=threads)
        with pytest.raises(InternalError, match=r"sheet .(Clean|Long). failed: ZeroDivisionError: oh"):
            made(book(), events(400, 7), threads=threads, block_rows=8, observer=observer)


def test_a_bug_in_a_kernel_names_the_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    from sheetline.formulas.blocks import InternalError
    from sheetline.workbook.sheets.filter import FilterStep

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(FilterStep, "run", broken)
    with pytest.raises(InternalError, match="sheet 'Clean' failed: ZeroDivisionError: oh"):
        made(book(), events(50, 3), block_rows=8)
