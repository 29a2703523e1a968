"""Sheets that are made together, part by part: what one makes of a part is still in the cache for the next.

A region starts with a sheet whose rows can be divided, anywhere or by its own groups, and holds the sheets behind it
that give the same rows when they are made part by part. Of a sheet inside a region only what is needed outside is
ever whole.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sheetline.formulas.blocks import InternalError, Workers
from sheetline.formulas.diagnostics import SheetlineError
from sheetline.formulas.parts import Division
from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Errors
from sheetline.functions.extras import MissingExtraError
from sheetline.workbook.report import ColumnReport, ErrorExample, SheetReport, examples, null_count
from sheetline.workbook.steps import RunContext, Step, StepResult

if TYPE_CHECKING:
    from sheetline.workbook.planning import Plan
    from sheetline.workbook.run import Observer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Region:
    """Sheets that are made together.

    Attributes:
        base: the sheet underneath the first one.
        sheets: their names, each behind the one it takes.
        by_groups: whether the rows are divided by the groups of the first sheet.
    """

    base: str
    sheets: tuple[str, ...]
    by_groups: bool


def regions(plan: Plan, needed: Mapping[str, Sequence[str]]) -> dict[str, Region]:
    """Return the regions of a run by the name of their first sheet."""
    inputs = {name: list(plan.steps[name].needs(list(columns))) for name, columns in needed.items()}
    found: dict[str, Region] = {}
    taken: set[str] = set()
    names = list(needed)
    for place, name in enumerate(names):
        if name in taken or len(inputs[name]) != 1:
            continue
        step = plan.steps[name]
        own = step.divides()
        first = own or step.divided_on(Division())
        if first is None:
            continue
        members = {name: first}
        for later in names[place + 1 :]:
            if later not in taken and len(inputs[later]) == 1 and inputs[later][0] in members:
                division = plan.steps[later].divided_on(members[inputs[later][0]])
                if division is not None:
                    members[later] = division
        if len(members) > 1:
            taken.update(members)
            found[name] = Region(inputs[name][0], tuple(members), own is not None)
    return found


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one part gave for one sheet; of the table only the columns that somebody outside sees."""

    shown: Table
    rows: int
    base_rows: int
    nulls: Sequence[int]
    errors: Sequence[Errors | None]
    removed: Errors | None
    seconds: float


@dataclass(slots=True)
class _Sheet:
    """A sheet of the region, while its parts come in. Counts stand in the order of ``columns``."""

    step: Step
    base: str
    columns: list[str]
    shown: list[str]
    rows: int = 0
    base_rows: int = 0
    seconds: float = 0.0
    nulls: list[int] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    examples: list[list[ErrorExample]] = field(default_factory=list)
    removed: int = 0
    removed_examples: list[ErrorExample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nulls, self.errors = [0] * len(self.columns), [0] * len(self.columns)
        self.examples = [[] for _ in self.columns]

    def piece(self, result: StepResult, base_rows: int, seconds: float) -> _Piece:
        """Return what is kept of a part."""
        columns = result.table.columns
        errors = [columns[name].errors for name in self.columns]
        nulls = [null_count(columns[name]) for name in self.columns]
        shown = Table({name: columns[name] for name in self.shown}, result.table.rows)
        return _Piece(shown, result.table.rows, base_rows, nulls, errors, result.row_errors, seconds)

    def add(self, piece: _Piece, most: int) -> None:
        """Count what the next part gave."""
        for place, (nulls, errors) in enumerate(zip(piece.nulls, piece.errors, strict=True)):
            self.nulls[place] += nulls
            if errors is not None:
                self.errors[place] += len(errors)
                self.examples[place] += _shifted(errors, self.rows, most - len(self.examples[place]))
        if piece.removed is not None:
            self.removed += len(piece.removed)
            self.removed_examples += _shifted(piece.removed, self.base_rows, most - len(self.removed_examples))
        self.rows += piece.rows
        self.base_rows += piece.base_rows
        self.seconds += piece.seconds

    def report(self, kind: str) -> SheetReport:
        """Return the report of all parts."""
        facts = zip(self.columns, self.nulls, self.errors, self.examples, strict=True)
        types = self.step.schema
        columns = [
            ColumnReport(name, str(types[name]), nulls, errors, tuple(shown)) for name, nulls, errors, shown in facts
        ]
        not_read = [name for name in types if name not in self.columns]
        return SheetReport(
            self.step.name, kind, self.rows, self.seconds, columns, not_read, self.removed, self.removed_examples
        )


def _shifted(errors: Errors, by: int, most: int) -> list[ErrorExample]:
    return [replace(one, row=one.row + by) for one in examples(errors, most)]


class RegionRun:
    """One run of a region.

    Args:
        shown: for each sheet the columns that somebody outside the region sees.
        observer: shown all columns of every part, in the thread that made it.
        most: how many examples of errors are kept for a column.
    """

    def __init__(
        self,
        region: Region,
        plan: Plan,
        needed: Mapping[str, Sequence[str]],
        shown: Mapping[str, Sequence[str]],
        observer: Observer | None,
        most: int,
    ) -> None:
        self.region = region
        self.env = plan.env
        self.observer = observer
        self.most = most
        self.sheets: dict[str, _Sheet] = {}
        for name in region.sheets:
            columns, step = list(needed[name]), plan.steps[name]
            self.sheets[name] = _Sheet(step, next(iter(step.needs(columns))), columns, list(shown.get(name, ())))
        self._users = Counter(sheet.base for sheet in self.sheets.values())

    def run(self, base: Table, workers: Workers) -> Iterator[dict[str, Table]]:
        """Make all sheets, and yield part by part, in order, what is shown of them."""
        started = time.perf_counter()
        first = self.sheets[self.region.sheets[0]]
        if self.region.by_groups:
            context = self._context(first, workers)
            divided = guarded(first.step, lambda: first.step.divide({first.base: base}, first.columns, context))
            del base
            first.seconds = (time.perf_counter() - started) * workers.threads
            # where two groups show the same keys, grouping by these would unite what lies in two parts
            size = _rows_of_part(divided.rows, workers) if divided.told_apart() else divided.rows
            pieces = list(divided.parts(size))
            yield from self._parts(pieces, divided.part, workers)
        else:
            size = _rows_of_part(base.rows, workers)
            pieces = [(start, min(start + size, base.rows)) for start in range(0, max(base.rows, 1), size)]
            yield from self._parts(pieces, lambda start, stop, _: base.slice(start, stop), workers)
        total = sum(sheet.seconds for sheet in self.sheets.values())
        for sheet in self.sheets.values():  # the threads' time as parts of the time that has passed
            sheet.seconds *= (time.perf_counter() - started) / total if total else 0.0

    def report(self, name: str, kind: str) -> SheetReport:
        """Return the report of one sheet, after the run."""
        return self.sheets[name].report(kind)

    def _parts(
        self, pieces: Sequence[tuple[int, int]], cut: Callable[[int, int, Workers], Table], workers: Workers
    ) -> Iterator[dict[str, Table]]:
        inside = workers if len(pieces) == 1 else Workers(1, _BLOCKS_OF_PART * workers.block_rows)

        def work(numbered: tuple[int, tuple[int, int]]) -> dict[str, _Piece]:
            number, piece = numbered
            try:
                return self._part(number, lambda: cut(*piece, inside), inside)
            except BaseException:
                self._stop(number)
                raise

        done = map(work, enumerate(pieces)) if len(pieces) == 1 else workers.stream(work, enumerate(pieces))
        for part in done:
            for name, sheet in self.sheets.items():
                sheet.add(part[name], self.most)
            yield {name: part[name].shown for name in self.sheets}

    def _stop(self, number: int) -> None:
        for name in self.sheets:
            if self.observer is not None:
                self.observer.stop(name, number)

    def _part(self, number: int, cut: Callable[[], Table], workers: Workers) -> dict[str, _Piece]:
        """Make one part of every sheet from what ``cut`` gives: a part of the first sheet, or of the one underneath."""
        made: dict[str, _Piece] = {}
        tables: dict[str, Table] = {}
        left = self._users.copy()
        for name, sheet in self.sheets.items():
            started = time.perf_counter()
            if not made:
                table = guarded(sheet.step, cut)
                tables[sheet.base] = table
            base = tables[sheet.base]
            if self.region.by_groups and not made:
                result = StepResult(base)
            else:
                result = guarded(sheet.step, partial(self._make, sheet, base, workers))
            left[sheet.base] -= 1
            if not left[sheet.base]:
                del tables[sheet.base]
            if left[name]:
                tables[name] = result.table
            made[name] = sheet.piece(result, base.rows, time.perf_counter() - started)
            if self.observer is not None:
                seen = {column: result.table.columns[column] for column in sheet.columns}
                self.observer.part_in_turn(name, Table(seen, result.table.rows), number)
        return made

    def _make(self, sheet: _Sheet, base: Table, workers: Workers) -> StepResult:
        return sheet.step.run({sheet.base: base}, sheet.columns, self._context(sheet, workers))

    def _context(self, sheet: _Sheet, workers: Workers) -> RunContext:
        return RunContext(replace(self.env, sheet=sheet.step.name), workers, _no_other)


#: A part has so many blocks at the most: each costs the interpreter, which only one thread has at a time, some
#: milliseconds a sheet, and larger ones take more memory.
_BLOCKS_OF_PART = 3


def _rows_of_part(rows: int, workers: Workers) -> int:
    """Return how many rows a part has, so that all threads get equally many parts; no fewer than two blocks."""
    rounds = -(-rows // (_BLOCKS_OF_PART * workers.block_rows * workers.threads))
    return max(-(-rows // (max(rounds, 1) * workers.threads)), 2 * workers.block_rows)


def _no_other(sheet: str, column: str) -> Column:
    raise LookupError(f"a region sees no column of another sheet, such as {sheet}!{column}")


def guarded(step: Step, work: Callable[[], T]) -> T:
    """Do some work of a step; what goes wrong in the code itself names its sheet."""
    try:
        return work()
    except (SheetlineError, InternalError, MissingExtraError, MemoryError):
        raise
    except Exception as bug:
        raise InternalError(f"sheet '{step.name}' failed: {type(bug).__name__}: {bug}") from bug
