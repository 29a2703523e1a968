"""What a sheet becomes when it is bound: a step of the run, with its schema, its lineage and its execution.

A kind of sheet binds itself (``sheet.bind(ctx)``) knowing only the schemas of the sheets it takes, and gives a
:class:`Step`. A step is a plain value: tables in, table out; it looks at nothing global and knows nothing of
where or in which order it runs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from sheetline.formulas.bind import bind_formula
from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import ROWS, BoundSheet, Reference, Scope
from sheetline.formulas.diagnostics import Diagnostic
from sheetline.formulas.parts import DividedSheet, Division
from sheetline.formulas.suggest import closest
from sheetline.functions.columns import Column, Constant, Table
from sheetline.functions.context import Environment
from sheetline.functions.errors import Errors
from sheetline.functions.types import Type
from sheetline.workbook.problems import Path, diagnostic, listed, quoted
from sheetline.workbook.room import Guard
from sheetline.workbook.rowmaps import RowMap

if TYPE_CHECKING:
    from sheetline.workbook.io.rowgroups import Unread

Schema = Mapping[str, Type]


@dataclass(slots=True)
class BindContext:
    """What a sheet may know when it is bound, and where it reports what is wrong.

    Attributes:
        schemas: the schemas of all sheets that are bound already, among them those it takes.
        parameters: the workbook's parameters.
        env: the time zone and clock of the run.
        name: the sheet's name.
        open_sheets: the names of bound sheets whose step has an ``open_schema``.
    """

    name: str
    schemas: Mapping[str, Schema]
    parameters: Mapping[str, Constant]
    env: Environment
    found: list[tuple[Path, Diagnostic]] = field(default_factory=list)
    open_sheets: frozenset[str] = frozenset()

    def scope(self, base: str, taken: Iterable[str] = ()) -> Scope:
        """Return the scope of formulas over the sheet ``base``."""
        own = {name: self.schemas[name] for name in (base, *taken)}
        others = {name: schema for name, schema in self.schemas.items() if name not in own}
        return Scope(self.name, base, own, others, self.parameters)

    def complain(self, path: Path, code: str, **words: object) -> None:
        """Report a problem of the value at ``path`` below the sheet, with a wording of the catalogue."""
        self.found.append((path, diagnostic(code, words, sheet=self.name)))

    def add(self, path: Path, diagnostics: Iterable[Diagnostic]) -> None:
        """Report problems of a formula that stands at ``path`` below the sheet."""
        for one in diagnostics:
            found = one.with_place(sheet=self.name)
            if one.code == "F102":  # an unknown column; of a sheet that has more than its schema says?
                named = [_open_advice(sheet) for sheet in sorted(self.open_sheets) if f"'{sheet}'" in one.message]
                found = replace(found, hint=named[0]) if named else found
            self.found.append((path, found))

    def formula(self, path: Path, text: str, base: str, place: str) -> BoundSheet | None:
        """Bind one row formula over ``base``; what is wrong is reported. ``place`` is "a filter", "a sort" …."""
        bound, problems = bind_formula(text, self.scope(base), self.env, place=place)
        self.add(path, [replace(one, column=None) for one in problems])  # it belongs to no column of the sheet
        return None if any(p.severity == "error" for p in problems) else bound

    def column(self, path: Path, name: str, sheet: str) -> Type | None:
        """Return the type of a column of ``sheet``; an unknown one is reported."""
        schema = self.schemas[sheet]
        if name in schema:
            return schema[name]
        near = closest(name, list(schema))
        others = [other for other, columns in self.schemas.items() if name in columns]
        if sheet in self.open_sheets:
            advice = _open_advice(sheet)
        elif near:
            advice = f"did you mean {listed([quoted(one) for one in near], 'or')}?"
        elif others:
            advice = f"sheet {listed([quoted(one) for one in others[:3]], 'or')} has a column of that name"
        else:
            advice = f"its columns are {listed([quoted(one) for one in list(schema)[:12]])}" if schema else ""
        self.complain(path, "W216", sheet=quoted(sheet), name=quoted(name), advice=advice)
        return None


def _open_advice(sheet: str) -> str:
    return (
        f"the columns of {quoted(sheet)} that a pivot makes are known only after a run: list its values under "
        "'expected' of the pivot to name them"
    )


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a step may use while it runs.

    Attributes:
        env: time zone, clock and seed; ``env.sheet`` is the step's own name.
        workers: the threads.
        others: gives a column of another finished sheet (for lookups): ``others(sheet, column)``.
        given_away: sheets that nobody needs behind this step: it may let their columns go as it uses them.
        known: columns of the step's own sheet that are at hand, and need not be made.
        trace: whether the step is to say which rows underneath each row was made of.
        guard: is told what a step is about to make whose rows nobody could foresee, and stops it for want of memory.
    """

    env: Environment
    workers: Workers
    others: Callable[[str, str], Column]
    given_away: frozenset[str] = frozenset()
    trace: bool = False
    guard: Guard | None = None
    known: Mapping[str, Column] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a run reports about a sheet's data: how many rows, and some examples.

    ``severity`` "info" and "warning" are reported; "broken" says that the data broke an expectation (exit code 1).
    """

    severity: str
    message: str
    count: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StepResult:
    """What a step gives.

    Attributes:
        table: the sheet.
        notices: what is to be reported.
        row_errors: errors that removed their row (a filter's condition), at the rows of the sheet underneath.
        maps: where its rows are from, if that was asked for.
        unread: rows of a source that are not in the table, since nobody needs them.
    """

    table: Table
    notices: tuple[Notice, ...] = ()
    row_errors: Errors | None = None
    maps: tuple[RowMap, ...] = ()
    unread: Unread | None = None


class Rows(NamedTuple):
    """How many rows a sheet will have: an estimate, or, if ``sure``, the number."""

    number: int
    sure: bool


class Step(ABC):
    """A bound sheet.

    With ``open_schema`` a run gives columns beyond the schema (a pivot without ``expected``, and sheets that pass
    its columns on): they stand behind those asked for, whatever was asked for.
    """

    name: str
    schema: Schema
    open_schema: bool = False

    @abstractmethod
    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """Return the columns of other sheets that are needed to make ``columns`` of this one.

        Every sheet that it takes rows from has an entry, if only an empty one.
        """

    def needs_beside(self, columns: Sequence[str], known: Container[str]) -> dict[str, set[str]]:
        """Return what is needed to make ``columns`` where other columns of the sheet are at hand (``ctx.known``)."""
        return self.needs(columns)

    @abstractmethod
    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Make the sheet with ``columns`` (in their order) from the tables of the sheets that it takes."""

    def rows_from(self, inputs: Mapping[str, Rows]) -> Rows:
        """Return how many rows the sheet will have; ``inputs`` says it of the sheets that it takes rows from.

        Unless a kind knows better: at most as many as the sheet underneath.
        """
        return Rows(next(iter(inputs.values())).number, sure=False)

    def passes_on(self, column: str) -> tuple[str, str] | None:
        """Return the sheet and column of which a column is the very array, so that it takes no memory of its own."""
        return None

    def divided_on(self, division: Division) -> Division | None:
        """Return how this sheet is divided if it is made part by part from a sheet divided so; None: it can't be."""
        return None

    def divides(self) -> Division | None:
        """Return how the sheet's own groups divide its rows, where :meth:`divide` can put these in order first."""
        return None

    def divide(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> DividedSheet:
        """Put the rows in order and return the sheet, to be made some groups at a time."""
        raise NotImplementedError(self.name)

    @abstractmethod
    def references(self, column: str) -> list[Reference]:
        """Return every column that decides about values or rows of ``column``, with its role.

        ``column`` may be :data:`~sheetline.formulas.bound.ROWS`: what decides which rows there are, and their order.
        References to ``ROWS`` of another sheet stand where no column of it is named.
        """


def with_role(bound: BoundSheet, role: str) -> list[Reference]:
    """Return the references of a row formula, all in one role (its whole-column ones stay "lookup")."""
    found = bound.references("Result")
    return [Reference(r.sheet, r.column, role if r.role == "value" else r.role) for r in found]


def merged(*needs: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return needed columns by sheet, united."""
    out: dict[str, set[str]] = {}
    for one in needs:
        for sheet, columns in one.items():
            out.setdefault(sheet, set()).update(columns)
    return out


def unique(references: Iterable[Reference]) -> list[Reference]:
    """Return references without repetition, in order."""
    return list(dict.fromkeys(references))


def with_rows(references: Iterable[Reference], sheets: Iterable[str], role: str = "position") -> list[Reference]:
    """Return references without repetition, and the rows of each of ``sheets`` of which no column is named."""
    found = unique(references)
    named = {one.sheet for one in found if one.column != ROWS}
    return unique([*found, *(Reference(sheet, ROWS, role) for sheet in sheets if sheet not in named)])
