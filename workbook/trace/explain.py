"""How a cell came to its value: where it is from, and each part of the formula that made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import Scope
from sheetline.formulas.evaluate import Evaluation
from sheetline.formulas.literals import write_name
from sheetline.formulas.noting import NotingBinder
from sheetline.functions.columns import Column, Table
from sheetline.workbook.rowmaps import RowMap
from sheetline.workbook.sheets.distinct import DistinctStep
from sheetline.workbook.sheets.filter import FilterStep
from sheetline.workbook.sheets.formulas import FormulasSheet, FormulasStep
from sheetline.workbook.sheets.join import JoinStep
from sheetline.workbook.sheets.pivot import PivotSheet, PivotStep, inner_formulas
from sheetline.workbook.sheets.sample import SampleStep
from sheetline.workbook.sheets.sort import SortStep
from sheetline.workbook.sheets.union import UnionStep
from sheetline.workbook.sheets.unpivot import UnpivotStep
from sheetline.workbook.steps import Step
from sheetline.workbook.trace.lines import place_of
from sheetline.workbook.trace.parts import Part, Parts
from sheetline.workbook.trace.runs import changed_since, placed, tracer_of
from sheetline.workbook.trace.tracing import Made, Tracer

if TYPE_CHECKING:
    from sheetline.workbook.run import Run

Cell = tuple[str, int, str]
"""A sheet, a row (from 0) and a column."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """How a cell came to its value.

    Attributes:
        sheet, column, row: the cell; ``row`` counts from 0.
        cell: the cell itself, a column of one.
        path: the cells that it is a copy of, from sheet to sheet: the last one was computed, or read.
        part: the formula of the last cell with all its parts; None where it has no formula.
        note: why there is none.
        changed: what is other than it was when the run was made.
        timezone: the zone in which dates are shown.
    """

    sheet: str
    column: str
    row: int
    cell: Column
    path: tuple[Cell, ...]
    part: Part | None
    note: str = ""
    changed: tuple[str, ...] = ()
    timezone: str = "UTC"

    @property
    def value(self) -> object:
        """The cell's value; None for null and errors, microseconds for dates."""
        return self.cell.to_list()[0]

    @property
    def error(self) -> tuple[str, str] | None:
        """Code and message, where the cell is an error."""
        found = self.cell.errors
        return None if found is None or not len(found) else (found.code(0), found.message(0))

    def to_text(self) -> str:
        """Return the explanation as a tree for people; rows count from 1 there."""
        from sheetline.workbook.trace.tree import explanation_text

        return explanation_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON values; rows count from 1 there."""
        from sheetline.workbook.trace.tree import explanation_dict

        return explanation_dict(self)

    def __str__(self) -> str:
        return self.to_text()


def explain_cell(run: Run, sheet: str, column: str, row: int) -> Explanation:
    """Return how a cell came to its value; see :meth:`Run.explain`."""
    tracer = tracer_of(run)
    made, place = placed(tracer, sheet, row, column)
    path: list[Cell] = []
    at: Cell | str = (sheet, place, column)
    while not isinstance(at, str):
        path.append(at)
        at = _underneath(tracer, made, at)
    part = None if at else _computed(tracer, made, path[-1])
    return Explanation(
        sheet, column, place, _cell(made, path[0]), tuple(path[1:]), part, at,
        changed_since(run, sheet, made), run.plan.env.timezone,
    )  # fmt: skip


def _cell(made: Made, cell: Cell) -> Column:
    sheet, row, column = cell
    return made.tables[sheet].columns[column].slice(row, row + 1)


# ---------------------------------------------------------------- cells that are copies


def _underneath(tracer: Tracer, made: Made, cell: Cell) -> Cell | str:
    """Return the cell that one is a copy of; "" where a formula makes it, else words that say where it is from."""
    sheet, row, column = cell
    step, maps = tracer.plan.steps[sheet], made.maps[sheet]
    if isinstance(step, FilterStep | SortStep | SampleStep | DistinctStep):
        return step.base, int(maps[0].of(row)[0]), column
    if isinstance(step, JoinStep):
        return _joined(step, maps, row, column)
    if isinstance(step, UnionStep):
        return _united(step, maps, row, column)
    if isinstance(step, UnpivotStep):
        return _turned(step, maps, row, column, made.tables[sheet])
    if isinstance(step, PivotStep) and column in step.rows:
        return step.base, int(maps[0].of(row)[0]), column
    return "" if isinstance(step, FormulasStep | PivotStep) else _read(step)


def _read(step: Step) -> str:
    place = place_of(step)
    return f"read from {place}" if place else "taken from the record"


def _joined(step: JoinStep, maps: Sequence[RowMap], row: int, column: str) -> Cell | str:
    output = step.outputs[column]
    for side, sheet, one in (("left", step.left, maps[0]), ("right", step.right, maps[1])):
        if output.side in (side, "either"):
            found = one.of(row)
            if len(found):
                return sheet, int(found[0]), output.column
    missing = step.left if output.side == "left" else step.right
    return f"no row of {missing} matches"


def _united(step: UnionStep, maps: Sequence[RowMap], row: int, column: str) -> Cell | str:
    if column == step.origin:
        return "the name of the sheet that the row is from"
    for place, sheet in enumerate(step.sheets):
        found = maps[place].of(row)
        if len(found):
            source = step.parts[column][place]
            return f"{sheet} has no such column" if source is None else (sheet, int(found[0]), source)
    return "no sheet has the row"


def _turned(step: UnpivotStep, maps: Sequence[RowMap], row: int, column: str, table: Table) -> Cell | str:
    if column == step.label:
        return "the name of the column that the row is made of"
    below = int(maps[0].of(row)[0])
    if column in step.kept:
        return step.base, below, column
    (name,) = table.columns[step.label].slice(row, row + 1).to_list()
    return step.base, below, str(name)


# ---------------------------------------------------------------- cells that a formula makes


def _computed(tracer: Tracer, made: Made, cell: Cell) -> Part:
    sheet, row, column = cell
    step = tracer.plan.steps[sheet]
    if isinstance(step, PivotStep):
        with Workers(tracer.threads, tracer.block_rows) as workers:
            return _pivoted(tracer, made, step, cell, workers)
    assert isinstance(step, FormulasStep)
    before = int(made.kept[sheet][row]) if sheet in made.kept else row
    return tree_of(tracer, made, step, column, before, row)


def tree_of(tracer: Tracer, made: Made, step: FormulasStep, column: str, before: int, row: int | None = None) -> Part:
    """Return the formula of a column with all its parts.

    Args:
        tracer, made: the run.
        step: the sheet.
        column: the column.
        before: the row's number, counted before rows with errors were dropped.
        row: its number in the sheet; None where it was dropped.
    """
    model = tracer.plan.workbook.sheet(step.name)
    assert isinstance(model, FormulasSheet)
    own = {one.name: one.formula for one in model.columns}
    formulas = {name: own.get(name, "") for name in step.bound.columns}
    parts = parts_over(tracer, made, step, step.base, formulas, [name for name in formulas if name not in own])
    parts.row = row
    return formula_part(tracer, parts, column, before)


def formula_part(tracer: Tracer, parts: Parts, column: str, row: int) -> Part:
    """Return one of some bound formulas with all its parts."""
    with Workers(tracer.threads, tracer.block_rows) as workers:
        return parts.of(column, row, workers)


def column_part(sheet: str, column: str, row: int, values: Column) -> Part:
    """Return a cell as a part: the name of its column, with its value."""
    return Part(f"#{write_name(column)}", "column", values, None, (row,), sheet)


def _pivoted(tracer: Tracer, made: Made, step: PivotStep, cell: Cell, workers: Workers) -> Part:
    """Return the aggregate of one cell of a pivot; a cell without rows is null."""
    sheet, row, column = cell
    model = tracer.plan.workbook.sheet(sheet)
    assert isinstance(model, PivotSheet)
    if column in step.made:
        value = step.made[column].value
    else:  # all columns stand there, for each pivoted value one an aggregate
        names = [name for name in made.tables[sheet].columns if name not in step.rows]
        value = step.values[names.index(column) % len(step.values)]
    rows = next(one for one in made.maps[sheet] if one.columns is not None and column in one.columns).of(row)
    formula = next(one.formula for one in model.values if one.name == value)
    if not len(rows):
        return Part(formula, "function", _cell(made, cell), 0, (), step.base)
    parts = parts_over(tracer, made, step, step.base, inner_formulas(model), ())

    def group(work: Evaluation) -> int:
        assert work.groups is not None
        return int(work.groups.codes[rows[0]])

    return parts.of(value, group, workers)


def parts_over(
    tracer: Tracer,
    made: Made,
    step: Step,
    base: str,
    formulas: dict[str, str],
    copied: Sequence[str],
    *,
    anonymous: bool = False,
) -> Parts:
    """Bind formulas of a sheet again, to be explained.

    Args:
        tracer, made: the run.
        step: the sheet.
        base: the sheet that the formulas are over.
        formulas: by column.
        copied: which of them are columns that are passed on.
        anonymous: whether the names of the formulas are no columns that they may refer to.
    """
    plan = tracer.plan
    schemas = {name: one.schema for name, one in plan.steps.items() if name != step.name}
    others = {name: schema for name, schema in schemas.items() if name != base}
    scope = Scope(step.name, base, {base: schemas[base]}, others, plan.parameters)
    env = replace(plan.env, sheet=step.name)
    binder = NotingBinder(scope, env, formulas, copied, anonymous=anonymous)
    return Parts(binder, step.name, base, made.tables[base], env, lambda sheet, name: made.tables[sheet].columns[name])
