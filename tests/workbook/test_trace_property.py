"""A row computed again from the rows that its trace names, and from nothing else, is the same row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from calling import values
from random_workbooks import KINDS, random_workbook

from sheetline.formulas.blocks import Workers
from sheetline.functions.columns import Table
from sheetline.functions.errors import Ints
from sheetline.workbook.rowmaps import RowMap
from sheetline.workbook.run import Run
from sheetline.workbook.steps import RunContext, Step, StepResult
from sheetline.workbook.trace.contexts import followed
from sheetline.workbook.trace.runs import placed, tracer_of
from sheetline.workbook.trace.tracing import Behind, Made

WORKBOOKS = 54
Mark = tuple[object, ...]


class Again:
    """Makes every sheet again, each only from the traced rows of those underneath (or the whole, where that is named).

    The rows of a sheet made so are known by the rows that they are made of.
    """

    def __init__(self, run: Run, made: Made, behind: Behind, forget: str = "") -> None:
        self.run, self.made, self.behind, self.forget = run, made, behind, forget
        self.kept: dict[str, Ints] = {}
        self.tables: dict[str, Table] = {}
        self.whole = self._whole()

    def _whole(self) -> set[str]:
        found = set() if self.forget == "whole" else {one.of for one in self.behind.whole}
        for name in reversed(list(self.behind.columns)):
            if name in found:
                found |= set(self.run.plan.steps[name].needs(list(self.behind.columns[name])))
        return found

    def make(self) -> None:
        for name, columns in self.behind.columns.items():
            step = self.run.plan.steps[name]
            wanted = self._wanted(name)
            if not step.needs(list(columns)):
                self.tables[name], self.kept[name] = self.made.tables[name].take(wanted), wanted
                continue
            known = [column for column in columns if column in step.schema]
            result = self._step(step, known)
            places = {mark: place for place, mark in enumerate(self._marks(step, result.maps, result.table, columns))}
            marks = list(self._marks(step, self.made.maps[name], self.made.tables[name], columns, original=True))
            found = [places[marks[row]] for row in wanted.tolist()]
            self.tables[name], self.kept[name] = result.table.take(np.array(found, np.int64)), wanted
            self._compare(name, known)

    def _wanted(self, name: str) -> Ints:
        if name in self.whole:
            return np.arange(self.made.tables[name].rows)
        rows = self.behind.rows.get(name)
        if rows is None:
            return np.zeros(0, np.int64)
        return rows.values if self.forget == "context" else rows.all

    def _step(self, step: Step, columns: Sequence[str]) -> StepResult:
        inputs = {sheet: self.tables[sheet] for sheet in step.needs(list(columns))}
        with Workers(1) as workers:
            env = replace(self.run.plan.env, sheet=step.name)
            ctx = RunContext(env, workers, lambda sheet, column: inputs[sheet].columns[column], trace=True)
            result = step.run(inputs, columns, ctx)
        if self.run.plan.workbook.errors.mode != "drop":
            return result
        bad = {row for one in result.table.columns.values() if one.errors is not None for row in one.errors.rows}
        good = np.array([row for row in range(result.table.rows) if row not in bad], np.int64)
        return StepResult(result.table.take(good), maps=tuple(one.through(good) for one in result.maps))

    def _marks(
        self, step: Step, maps: Sequence[RowMap], table: Table, columns: Sequence[str], *, original: bool = False
    ) -> Iterator[Mark]:
        """Yield what tells each row: the rows underneath, and which of those with the same ones it is."""
        seen: Counter[Mark] = Counter()
        for row in range(table.rows):
            mark: Mark = ()
            for one, some, why in followed(step, maps, np.array([row], np.int64), columns):
                rows = one.under(some)
                mark += (one.sheet, why, tuple((rows if original else self.kept[one.sheet][rows]).tolist()))
            seen[mark] += 1
            yield (*mark, seen[mark])

    def _compare(self, name: str, columns: Sequence[str]) -> None:
        for column in columns:
            now = values(self.tables[name].columns[column])
            then = values(self.made.tables[name].columns[column].take(self.kept[name]))
            assert now == then, (name, column)


def picks(rng: np.random.Generator, run: Run) -> Iterator[tuple[str, int, str | None]]:
    """Some rows and cells of every sheet."""
    for name, result in run.results.items():
        rows = run[name].table.rows
        if rows:
            yield name, int(rng.integers(rows)), None
            names = list(result.table.columns)
            yield name, int(rng.integers(rows)), names[int(rng.integers(len(names)))]


def runs() -> Iterator[tuple[int, np.random.Generator, Run]]:
    for seed in range(WORKBOOKS):
        rng = np.random.default_rng(seed)
        mode = "drop" if seed % 3 == 0 else None
        book, frames = random_workbook(rng, kind=KINDS[seed % len(KINDS)], errors=mode)
        yield seed, rng, book.run(sources=frames, sheets=[sheet.name for sheet in book.sheets], threads=1)


def test_a_row_computed_from_its_traced_rows_is_the_same() -> None:
    told: Counter[str] = Counter()
    for seed, rng, run in runs():
        for sheet, row, column in picks(rng, run):
            tracer = tracer_of(run)
            made, place = placed(tracer, sheet, row, column)
            behind = tracer.behind(made, sheet, place, column)
            try:
                Again(run, made, behind).make()
            except Exception as fault:
                raise AssertionError((seed, sheet, row, column)) from fault
            told[run.plan.workbook.sheet(sheet).kind] += 1
            told["without whole sheets"] += not behind.whole
    assert set(KINDS) < set(told)
    assert told["without whole sheets"] > 80


def test_a_sheet_run_over_the_traced_rows_of_its_sources_alone_has_the_row() -> None:
    """The same through runs of the workbook, for sheets that stand right on their sources."""
    told: Counter[str] = Counter()
    for seed in range(WORKBOOKS):
        rng = np.random.default_rng(5000 + seed)
        book, frames = random_workbook(rng, kind=KINDS[seed % len(KINDS)], errors="keep")
        for sheet in book.sheets:
            if not sheet.inputs or not set(sheet.inputs) <= set(frames):
                continue
            run = book.run(sources=frames, sheets=[sheet.name], threads=1)
            table = run[sheet.name].table
            if not table.rows:
                continue
            row = int(rng.integers(table.rows))
            trace = run.trace(sheet.name, row)
            if trace.whole:
                continue
            some = {}
            for name, frame in frames.items():
                found = trace.sheets.get(name)
                rows = [] if found is None else [found.rows, *(one.rows for one in found.context)]
                some[name] = frame.take(np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int64))
            again = book.run(sources=some, sheets=[sheet.name], threads=1)[sheet.name].table
            assert row_of(table, row) in [row_of(again, place) for place in range(again.rows)], (seed, sheet.name, row)
            told[sheet.kind] += 1
    assert {"formulas", "filter", "sort", "join", "union", "distinct", "pivot", "unpivot"} <= set(told)


def row_of(table: Table, row: int) -> dict[str, object]:
    return {name: values(column.slice(row, row + 1))[0] for name, column in table.columns.items()}


@pytest.mark.parametrize("forget", ["context", "whole"])
def test_without_what_a_trace_names_a_row_would_be_another(forget: str) -> None:
    """The trials are sharp enough to notice rows or sheets that a trace leaves out."""
    for _, rng, run in runs():
        for sheet, row, column in picks(rng, run):
            tracer = tracer_of(run)
            made, place = placed(tracer, sheet, row, column)
            try:
                Again(run, made, tracer.behind(made, sheet, place, column), forget).make()
            except (AssertionError, KeyError):
                return
    pytest.fail(f"nothing would be missed without {forget}")
