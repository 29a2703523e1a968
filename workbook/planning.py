"""The plan of a run: all sheets bound in the order of their dependencies, and what each must compute.

The same plan serves ``check`` (which stops here), runs and lineage: there is one static graph of sheets and columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sheetline.formulas import ast
from sheetline.formulas.bound import Reference
from sheetline.formulas.diagnostics import Diagnostic, FormulaError, WorkbookError
from sheetline.formulas.names import in_order
from sheetline.formulas.parser import parse
from sheetline.functions.columns import Constant
from sheetline.functions.context import Environment
from sheetline.workbook.collecting import collection_paused
from sheetline.workbook.io import SourceError
from sheetline.workbook.model.base import SheetBase
from sheetline.workbook.problems import Path, diagnostic, quoted
from sheetline.workbook.steps import BindContext, Schema, Step

if TYPE_CHECKING:
    from sheetline.workbook.checks.bound import BoundCheck
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.sheets.source import SourceSheet
    from sheetline.workbook.sources import Sources


_WORD = re.compile(r"\w+")
_BEHIND_SHEET = re.compile("!(?!=)")


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps in the order in which they can run.

    Attributes:
        workbook: what was planned.
        steps: the bound sheets by name, each behind those it needs.
        parameters: the values that formulas see.
        env: zone, clock and seed.
        sources: where the source sheets read from.
        warnings: diagnostics that do not stop a run.
        checks: what must be true of the rows of some sheets.
    """

    workbook: Workbook
    steps: Mapping[str, Step]
    parameters: Mapping[str, Constant]
    env: Environment
    sources: Sources
    warnings: tuple[Diagnostic, ...] = ()
    checks: Mapping[str, tuple[BoundCheck, ...]] = field(default_factory=dict)

    def wanted(self, sheets: Sequence[str] | None) -> dict[str, list[str]]:
        """Return the sheets and columns that a run is for: those named, else outputs and kept sheets, else leaves.

        Where no sheets are named, every sheet with checks is part of the run, with no columns of its own.
        """
        book = self.workbook
        if sheets is not None:
            return {name: list(self.steps[name].schema) for name in sheets}
        found: dict[str, dict[str, None]] = {}
        for sheet in book.sheets:
            if sheet.kept:
                found[sheet.name] = dict.fromkeys(self.steps[sheet.name].schema)
        for output in book.outputs:
            columns = getattr(output.to, "columns", None) or self.steps[output.sheet].schema
            found.setdefault(output.sheet, {}).update(dict.fromkeys(columns))
        if not found:
            used = {name for step in self.steps.values() for name in step.needs(list(step.schema))}
            found = {name: dict.fromkeys(step.schema) for name, step in self.steps.items() if name not in used}
        found.update({name: {} for name in self.checks if name not in found})
        return {name: [c for c in self.steps[name].schema if c in columns] for name, columns in found.items()}

    def needed(self, wanted: Mapping[str, Sequence[str]], *, everything: bool) -> dict[str, list[str]]:
        """Return what every sheet on the way must compute, in the order of the steps.

        ``everything``: all columns of every sheet on the way, so that each error is seen. The columns that the
        checks of the sheets on the way look at are needed too.
        """
        columns: dict[str, set[str]] = {name: set(names) for name, names in wanted.items()}
        self._spread(columns, everything=everything)
        while self._add_checked(columns):  # what a check looks at may bring other sheets with checks
            self._spread(columns, everything=everything)
        return {
            name: [column for column in step.schema if column in columns[name]]
            for name, step in self.steps.items()
            if name in columns
        }

    def with_checked(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Return what is wanted, and beside it what the checks of all sheets on the way look at."""
        found = {name: dict.fromkeys(columns) for name, columns in wanted.items()}
        if self.checks:
            for name in self.needed(wanted, everything=False):
                for check in self.checks.get(name, ()):
                    for sheet, columns in check.needs.items():
                        found.setdefault(sheet, {}).update(dict.fromkeys(sorted(columns)))
        return {name: list(columns) for name, columns in found.items()}

    def _add_checked(self, columns: dict[str, set[str]]) -> bool:
        """Add what the checks of some sheets look at; tell whether anything was new."""
        new = False
        for name in [name for name in self.checks if name in columns]:
            for check in self.checks[name]:
                for sheet, names in check.needs.items():
                    new = new or sheet not in columns or not names <= columns[sheet]
                    columns.setdefault(sheet, set()).update(names)
        return new

    def _spread(self, columns: dict[str, set[str]], *, everything: bool) -> None:
        """Add what the columns of some sheets are made from, down to the sources."""
        for name in reversed(list(self.steps)):
            if name not in columns:
                continue
            step = self.steps[name]
            if everything:
                columns[name] = set(step.schema)
            ordered = [column for column in step.schema if column in columns[name]]
            for sheet, names in step.needs(ordered).items():
                columns.setdefault(sheet, set()).update(names)

    def references(self, sheet: str, column: str) -> list[Reference]:
        """Return the columns that one column is made from directly, with their roles."""
        return self.steps[sheet].references(column)


@dataclass(slots=True)
class _Planner:
    workbook: Workbook
    sources: Sources
    parameters: Mapping[str, Constant]
    env: Environment
    problems: list[tuple[Path, Diagnostic]] = field(default_factory=list)
    steps: dict[str, Step] = field(default_factory=dict)
    schemas: dict[str, Schema] = field(default_factory=dict)
    unreached: list[tuple[str, SourceError]] = field(default_factory=list)
    out_of_reach: list[tuple[Path, Diagnostic]] = field(default_factory=list)
    open_sheets: frozenset[str] = frozenset()

    def run(self) -> Plan:
        book = self.workbook
        index = {sheet.name: number for number, sheet in enumerate(book.sheets)}
        uses = {sheet.name: self._uses(sheet, index) for sheet in book.sheets}
        order, circles = in_order(list(index), uses)
        broken: set[str] = set()
        for circle in circles:
            sheet = book.sheets[index[circle[0]]]
            words = {"cycle": " → ".join(quoted(name) for name in circle)}
            path: Path = ("sheets", index[sheet.name], *_place_of(sheet, circle[1]))
            self.problems.append((path, diagnostic("W204", words, sheet=sheet.name)))
            broken.update(circle)
        for name in order:
            if name in broken or broken.intersection(uses[name]):
                broken.add(name)  # what is wrong was reported where it is wrong
                self._syntax_only(book.sheets[index[name]], index[name])
                continue
            if not self._bind(book.sheets[index[name]], index[name]):
                broken.add(name)
        checks = self._bind_checks()
        self._check_outputs(broken)
        found = self._placed()
        if any(one.severity == "error" for one in found):
            raise WorkbookError(found)
        if self.unreached:
            raise _together(self.unreached)
        steps = {name: self.steps[name] for name in order}
        return Plan(book, steps, self.parameters, self.env, self.sources, tuple(found), checks)

    def _uses(self, sheet: SheetBase, known: Mapping[str, int]) -> list[str]:
        """Return the sheets that one needs: those it takes, and those its formulas name."""
        found = dict.fromkeys(sheet.inputs)
        plain = [f"#{name}!" for name in (*found, sheet.name) if _WORD.fullmatch(name)]
        for _, text in sheet.formula_texts():
            for node in _nodes(text) if _may_name_more(text, plain) else ():
                named = node.sheet if isinstance(node, ast.ColumnRef) else None
                if named is not None and named in known and named != sheet.name:
                    found[named] = None
        return list(found)

    def _bind(self, sheet: SheetBase, number: int) -> bool:
        from sheetline.workbook.sheets.source import SourceSheet as Source

        env = replace(self.env, sheet=sheet.name)
        ctx = BindContext(sheet.name, self.schemas, self.parameters, env, open_sheets=self.open_sheets)
        step = self._look(sheet, number, ctx) if isinstance(sheet, Source) else sheet.bind(ctx)
        self.problems.extend((("sheets", number, *path), one) for path, one in ctx.found)
        if step is None or any(one.severity == "error" for _, one in ctx.found):
            return False
        self.steps[sheet.name] = step
        self.schemas[sheet.name] = step.schema
        if step.open_schema:
            self.open_sheets |= {sheet.name}
        return True

    def _bind_checks(self) -> dict[str, tuple[BoundCheck, ...]]:
        """Bind the checks of all sheets that could be bound; they may look at any sheet."""
        checked = [(number, sheet) for number, sheet in enumerate(self.workbook.sheets) if sheet.checks]
        if not checked:
            return {}
        from sheetline.workbook.checks.binding import bind_checks

        names = [sheet.name for sheet in self.workbook.sheets]
        found: dict[str, tuple[BoundCheck, ...]] = {}
        for number, sheet in checked:
            if sheet.name in self.steps:
                env = replace(self.env, sheet=sheet.name)
                ctx = BindContext(sheet.name, self.schemas, self.parameters, env, open_sheets=self.open_sheets)
                found[sheet.name] = bind_checks(sheet, ctx, names)
                self.problems.extend((("sheets", number, *path), one) for path, one in ctx.found)
        return found

    def _look(self, sheet: SourceSheet, number: int, ctx: BindContext) -> Step | None:
        """Look at a source; one that can't be reached is told with the other mistakes, or by itself."""
        try:
            return self.sources.bind(sheet, ctx)
        except SourceError as error:
            self.unreached.append((sheet.name, error))
            words = {"fault": str(error)}
            self.out_of_reach.append((("sheets", number, "from"), diagnostic("W219", words, sheet=sheet.name)))
            return None

    def _syntax_only(self, sheet: SheetBase, number: int) -> None:
        """Report mistakes of spelling in a sheet that can't be bound because one underneath is broken."""
        for path, text in (*sheet.formula_texts(), *sheet.check_texts()):
            try:
                parse(text)
            except FormulaError as error:
                place = ("sheets", number, *path)
                column = sheet.column_at(path)
                told = (one.with_place(sheet=sheet.name, column=column) for one in error.diagnostics)
                self.problems.extend((place, one) for one in told)

    def _check_outputs(self, broken: set[str]) -> None:
        for number, output in enumerate(self.workbook.outputs):
            columns = getattr(output.to, "columns", None)
            if columns is None or output.sheet in broken:
                continue
            step = self.steps[output.sheet]
            if step.open_schema:
                continue
            ctx = BindContext(output.sheet, self.schemas, self.parameters, self.env)
            for place, name in enumerate(columns):
                ctx.column(("outputs", number, "to", "columns", place), name, output.sheet)
            self.problems.extend(ctx.found)

    def _placed(self) -> list[Diagnostic]:
        """Return all diagnostics with line and column of the workbook file, in the order of the file."""
        book = self.workbook
        placed = []
        told = [*self.problems, *self.out_of_reach] if self.problems else []
        for path, one in told:
            position = None
            if one.span is not None and self._text_at(path) == one.text:  # not a formula made from conditions
                position = book.position_inside(path, one.span.start)
            position = position or book.position(path)
            if position is not None:
                one = one.with_place(
                    file=None if book.path is None else str(book.path), line=position[0], col=position[1]
                )
            placed.append((path, one))
        numbers = {id(one): number for number, (_, one) in enumerate(placed)}

        def place(item: tuple[Path, Diagnostic]) -> tuple[object, ...]:
            path, one = item
            return (*_order(path), one.line or 0, one.col or 0, numbers[id(one)])

        return [one for _, one in sorted(placed, key=place)]

    def _text_at(self, path: Path) -> str | None:
        """Return the formula that stands at a path of the workbook."""
        if len(path) < 2 or path[0] != "sheets" or not isinstance(path[1], int):
            return None
        sheet = self.workbook.sheets[path[1]]
        texts = (*sheet.formula_texts(), *sheet.check_texts())
        return next((text for place, text in texts if place == path[2:]), None)


def _place_of(sheet: SheetBase, other: str) -> Path:
    """Return where a sheet names another one: in the keys for its inputs, or in a formula."""
    for path, name in zip(sheet.input_paths(), sheet.inputs, strict=True):
        if name == other:
            return path
    for path, text in sheet.formula_texts():
        if any(isinstance(node, ast.ColumnRef) and node.sheet == other for node in _nodes(text)):
            return path
    return ()


def _together(unreached: Sequence[tuple[str, SourceError]]) -> SourceError:
    """Return the sources that can't be reached as one error, which names their sheets."""
    sheet, first = unreached[0]
    if len(unreached) == 1:
        where = f"sheet '{sheet}': {first.where}" if first.where else f"sheet '{sheet}'"
        return SourceError(first.what, where, first.advice, first.line)
    lines = "; ".join(f"sheet '{name}': {error}" for name, error in unreached)
    return SourceError(f"{len(unreached)} sources can't be read: {lines}")


def _order(path: Path) -> tuple[int, int]:
    """Return where a problem stands in the file: sheets in their order, then outputs."""
    if len(path) > 1 and path[0] == "sheets" and isinstance(path[1], int):
        return 0, path[1]
    return 1, path[1] if len(path) > 1 and isinstance(path[1], int) else 0


def _may_name_more(text: str, plain: Iterable[str]) -> bool:
    """Tell, without parsing it, whether a formula may name another sheet than some: ``plain``, such as "#Trips!".

    Behind a sheet's name stands "!" and no "="; those of ``plain`` have nothing in their names but letters.
    """
    if "!" not in text:
        return False
    for start in plain:
        text = text.replace(start, " ")
    return _BEHIND_SHEET.search(text) is not None


def _nodes(text: str) -> Iterator[ast.Node]:
    try:
        yield from ast.walk(parse(text))
    except FormulaError:
        return


def plan(workbook: Workbook, sources: Sources, parameters: Mapping[str, Constant], env: Environment) -> Plan:
    """Bind every sheet of a workbook.

    Raises:
        WorkbookError: with all mistakes of all sheets, each with its place in the file.
        SourceError: a source can't be looked at.
    """
    with collection_paused():
        return _Planner(workbook, sources, parameters, env).run()


def unknown_sheets(workbook: Workbook, names: Iterable[str]) -> list[Diagnostic]:
    """Return a diagnostic for every name that is no sheet of the workbook."""
    from sheetline.formulas.suggest import closest

    known = [sheet.name for sheet in workbook.sheets]
    found = []
    for name in names:
        if name not in known:
            near = closest(name, known)
            advice = (
                f"did you mean {quoted(near[0])}?" if near else f"the sheets are {', '.join(map(quoted, known[:20]))}"
            )
            found.append(diagnostic("W203", {"name": quoted(name), "advice": advice}))
    return found
