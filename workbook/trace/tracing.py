"""Making the sheets behind one again, from the same sources, with the rows that each row is made of.

A run keeps no such maps: they cost as much memory as the sheets. A trace makes what it needs when somebody asks, and
keeps it for the next question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sheetline.formulas.blocks import BLOCK_ROWS, Workers
from sheetline.formulas.diagnostics import WorkbookError
from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Ints
from sheetline.workbook.planning import Plan, unknown_sheets
from sheetline.workbook.problems import diagnostic, listed, quoted
from sheetline.workbook.regions import guarded
from sheetline.workbook.rowmaps import RowMap
from sheetline.workbook.sheets.unpivot import UnpivotStep
from sheetline.workbook.steps import RunContext, Step, StepResult
from sheetline.workbook.trace.contexts import Whole, followed, giving, no_rows, wholes
from sheetline.workbook.trace.lookups import Lookup, found_rows, lookups_of

if TYPE_CHECKING:
    from sheetline.workbook.run import Options


@dataclass(slots=True)
class Made:
    """Sheets that were made again.

    Attributes:
        needed: the columns of each sheet, in the order of the steps.
        tables: the sheets.
        maps: where the rows of each are from.
        kept: for sheets that lost rows with errors, the numbers that the others had before.
    """

    needed: Mapping[str, Sequence[str]]
    tables: dict[str, Table] = field(default_factory=dict)
    maps: dict[str, tuple[RowMap, ...]] = field(default_factory=dict)
    kept: dict[str, Ints] = field(default_factory=dict)


@dataclass(slots=True)
class Reached:
    """The rows of one sheet that stand behind what is traced: those that give values, and others, with why."""

    values: list[Ints] = field(default_factory=list)
    context: dict[tuple[str, str], list[Ints]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """The same, each row once: a row that gives a value is no context.

    ``context`` is by why, and the sheet for which the rows matter.
    """

    values: Ints
    context: Mapping[tuple[str, str], Ints]

    @property
    def all(self) -> Ints:
        """All of them, ascending."""
        return np.unique(np.concatenate([self.values, *self.context.values()]))


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind a row or cell.

    Attributes:
        rows: the rows of every sheet, from the traced sheet down.
        whole: sheets that matter as a whole.
        columns: the columns that are looked at, by sheet.
    """

    rows: Mapping[str, Rows]
    whole: Sequence[Whole]
    columns: Mapping[str, Sequence[str]]


class Tracer:
    """Traces rows of one run.

    Args:
        plan: what was run.
        options: how it was run.
    """

    def __init__(self, plan: Plan, options: Options) -> None:
        self.plan = plan
        self.threads = options.threads
        self.block_rows = options.block_rows or BLOCK_ROWS
        self._made: Made | None = None

    # --- what is asked for

    def columns(self, sheet: str, column: str | None) -> list[str]:
        """Return the columns to make of a sheet for a trace of ``column``, or of all.

        Raises:
            WorkbookError: there is no such sheet or column.
        """
        problems = unknown_sheets(self.plan.workbook, [sheet])
        if problems:
            raise WorkbookError(problems)
        step = self.plan.steps[sheet]
        if column is None:
            return list(step.schema)
        if column not in step.schema and not step.open_schema:
            raise unknown_column(sheet, column, step.schema)
        return [column] if column in step.schema else []

    def made(self, sheet: str, columns: Sequence[str]) -> Made:
        """Return a sheet and all that it is made of, made again unless that was done for the last question.

        Raises:
            SourceError: a source can't be read any more.
        """
        known = self._made
        if known is not None and sheet in known.needed and set(columns) <= set(known.needed[sheet]):
            return known
        made = self._make({sheet: list(columns)})
        self._made = made
        return made

    def _make(self, wanted: Mapping[str, list[str]]) -> Made:
        mode = self.plan.workbook.errors.mode
        everything = mode != "keep"
        needed = self.plan.needed(wanted, everything=everything)
        labels = {
            name: [*columns, step.label]
            for name, columns in needed.items()
            if isinstance(step := self.plan.steps[name], UnpivotStep)  # which column a row was is said there
        }
        needed = self.plan.needed({**wanted, **labels}, everything=everything) if labels else needed
        found = Made(needed)
        with Workers(self.threads, self.block_rows) as workers:
            for name, columns in needed.items():
                result = self.remade(self.plan.steps[name], columns, found, workers)
                table, maps = result.table, result.maps
                if mode == "drop":
                    kept = _without_errors(table)
                    if kept is not None:
                        table, maps = table.take(kept), tuple(one.through(kept) for one in maps)
                        found.kept[name] = kept
                found.tables[name], found.maps[name] = table, maps
        return found

    def remade(self, step: Step, columns: Sequence[str], found: Made, workers: Workers) -> StepResult:
        """Make one sheet from those that were made before it; rows with errors are still there."""
        inputs = {sheet: found.tables[sheet] for sheet in step.needs(list(columns))}
        env = replace(self.plan.env, sheet=step.name)
        context = RunContext(env, workers, _others(inputs), trace=True)
        return guarded(step, lambda: step.run(inputs, columns, context))

    # --- from a row down

    def behind(self, made: Made, sheet: str, row: int, column: str | None) -> Behind:
        """Return the rows of every sheet behind one row or cell, from that sheet down, and what matters as a whole."""
        drops = self.plan.workbook.errors.mode == "drop"  # a row is there if none of its cells is an error
        columns = self.columns(sheet, column)
        asked: dict[str, Sequence[str]] = dict(self.plan.needed({sheet: columns}, everything=drops))
        if column is not None and not columns:  # it is known after a run only
            asked[sheet] = [column]
        gives: dict[str, set[str]] = {sheet: set(asked[sheet] if column is None else [column])}
        reached = {sheet: Reached([np.array([row], np.int64)])}
        found: dict[str, Rows] = {}
        whole: list[Whole] = []
        for name in reversed(list(asked)):
            if name not in reached:
                continue
            step = self.plan.steps[name]
            columns = list(asked[name])
            rows = found[name] = _merged(reached.pop(name))
            valued = [one for one in columns if one in gives.get(name, ())]
            gave = self._pass_on(made, step, columns, valued, rows, reached)
            for base, some in giving(step, valued).items():
                gives.setdefault(base, set()).update(some)
            own = [one for one in columns if one in step.schema]
            lookups = lookups_of(step, own, [one for one in valued if one in step.schema])
            for base, some in self._look_up(made, step, own, lookups, rows, reached).items():
                gives.setdefault(base, set()).update(some)
            named = {one.node for one in lookups}
            # the columns of a pivot matter to a row of all of them, and to a cell that has no rows of its own
            cell = column is not None and (gave or len(own) == len(columns))
            whole += [one for one in wholes(step, own, named) if not (cell and one.decides == "columns")]
            if step.open_schema and len(own) < len(columns):  # columns known after a run pass through by their name
                for base in step.needs(own):
                    if self.plan.steps[base].open_schema:
                        asked[base] = [*asked[base], *(one for one in columns if one not in step.schema)]
        return Behind(found, whole, asked)

    def _pass_on(
        self,
        made: Made,
        step: Step,
        columns: Sequence[str],
        gives: Sequence[str],
        rows: Rows,
        reached: dict[str, Reached],
    ) -> bool:
        """Add the rows underneath to what is reached; tell whether any of them gives a value."""
        maps = made.maps[step.name]
        gave = False
        if not maps:
            return gave
        for one, some, why in followed(step, maps, rows.values, columns, gives):
            below = reached.setdefault(one.sheet, Reached())
            under = one.under(some)
            if why:
                below.context.setdefault((why, step.name), []).append(under)
            else:
                below.values.append(under)
                gave = gave or len(under) > 0
        for key, some in rows.context.items():
            for one, others, why in followed(step, maps, some, columns):
                below = reached.setdefault(one.sheet, Reached())
                below.context.setdefault((why, step.name) if why else key, []).append(one.under(others))
        return gave

    def _look_up(
        self,
        made: Made,
        step: Step,
        columns: Sequence[str],
        lookups: Sequence[Lookup],
        rows: Rows,
        reached: dict[str, Reached],
    ) -> dict[str, set[str]]:
        """Add the rows that look-ups find to what is reached; return the columns that they take values from."""
        gives: dict[str, set[str]] = {}
        env = replace(self.plan.env, sheet=step.name)

        def others(sheet: str, column: str) -> Column:
            return made.tables[sheet].columns[column]

        for formulas in dict.fromkeys(one.formulas for one in lookups):
            some = [one for one in lookups if one.formulas is formulas]
            for asked, valued in ((rows.values, True), (np.setdiff1d(rows.all, rows.values), False)):
                if not len(asked):
                    continue
                before = made.kept[step.name][asked] if step.name in made.kept else asked
                maps = followed(step, made.maps[step.name], asked, columns)
                under = [one.under(few) for one, few, _ in maps if one.sheet == formulas.base]
                base = np.unique(np.concatenate([no_rows(), *under]))
                with Workers(self.threads, self.block_rows) as workers:
                    found = found_rows(some, made.tables[formulas.base], env, workers, others, base, before)
                for one, below in zip(some, found, strict=True):
                    there = reached.setdefault(one.sheet, Reached())
                    if one.gives and valued:
                        there.values.append(below)
                        gives.setdefault(one.sheet, set()).update(one.reads)
                    else:
                        there.context.setdefault((f"rows that {one.function} finds", step.name), []).append(below)
        return gives


def _merged(reached: Reached) -> Rows:
    values = np.unique(np.concatenate(reached.values)) if reached.values else no_rows()
    seen = values
    context: dict[tuple[str, str], Ints] = {}
    for key, some in reached.context.items():
        rows = np.setdiff1d(np.concatenate(some), seen)
        if len(rows):
            context[key] = rows
            seen = np.union1d(seen, rows)
    return Rows(values, context)


def _others(inputs: Mapping[str, Table]) -> Callable[[str, str], Column]:
    return lambda sheet, column: inputs[sheet].columns[column]


def _without_errors(table: Table) -> Ints | None:
    """Return the rows without an error, or None where that is all of them."""
    bad = np.zeros(table.rows, np.bool_)
    for column in table.columns.values():
        if column.errors is not None:
            bad[column.errors.rows] = True
    return np.flatnonzero(~bad) if bad.any() else None


def unknown_column(sheet: str, column: str, known: Mapping[str, object]) -> WorkbookError:
    """Return the error of a column that a sheet has not."""
    from sheetline.formulas.suggest import closest

    near = closest(column, list(known))
    names = listed([quoted(one) for one in list(known)[:12]])
    advice = f"did you mean {listed([quoted(one) for one in near], 'or')}?" if near else f"its columns are {names}"
    return WorkbookError([diagnostic("W216", {"sheet": quoted(sheet), "name": quoted(column), "advice": advice})])
