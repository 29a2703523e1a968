"""What a run will need, before it begins: rows, columns and bytes of every sheet, and the most at one time.

Rows are known where a source's are and every sheet on the way keeps its rows; else they are the most there can be, or,
of joins, a guess. Nothing is read but footers of Parquet files and the first lines of text files.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sheetline.formulas.blocks import BLOCK_ROWS
from sheetline.formulas.bound import Shape
from sheetline.workbook.io.sizes import SourceSize
from sheetline.workbook.optimisations import Optimisation, as_run
from sheetline.workbook.planning import Plan
from sheetline.workbook.regions import Region, regions
from sheetline.workbook.room import SMALL, TEXT_BYTES, Guard, MemoryLimitError, size_text, width
from sheetline.workbook.sheets.formulas import FormulasStep
from sheetline.workbook.sources import SourceStep
from sheetline.workbook.steps import Rows

#: Bytes a row of the sheets underneath that a kind takes while it works: codes, keys to sort by, row numbers.
_WORK = {"sort": 24, "join": 40, "distinct": 24, "pivot": 40, "formulas": 24, "sample": 16}
#: Rows of a part of sheets that are made together, and how many parts are at hand at a time.
_PART, _PARTS = 2 * BLOCK_ROWS, 3


@dataclass(frozen=True, slots=True)
class StepEstimate:
    """What one sheet will need.

    Attributes:
        sheet: its name.
        kind: its kind.
        columns: how many columns are made.
        rows: how many rows it will have; where ``sure`` is false, at most, or about.
        sure: whether that is no estimate.
        bytes: what it adds to the memory: nothing for columns that are passed on as they are, nor for a sheet that is
            only ever there in parts.
        work: what making it takes beside that.
        live: what is in memory while it is made, itself and ``work`` included.
        parts: whether it is made part by part, together with others.
    """

    sheet: str
    kind: str
    columns: int
    rows: int
    sure: bool
    bytes: int
    work: int
    live: int
    parts: bool

    @property
    def rows_text(self) -> str:
        """The rows, with a mark where they are no more than an estimate.

        >>> StepEstimate("S", "filter", 2, 1200, False, 0, 0, 0, False).rows_text
        '≤ 1,200'
        """
        mark = "" if self.sure else "~ " if self.kind in ("source", "join") else "≤ "
        return f"{mark}{self.rows:,}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will need.

    Attributes:
        steps: the sheets in the order in which they are made.
        least: bytes that are needed at one time at the least: of sheets whose rows nobody knows nothing is counted.
    """

    steps: tuple[StepEstimate, ...]
    least: int

    @property
    def peak(self) -> int:
        """The most bytes at one time, if every sheet has the rows that are estimated."""
        return max((step.live for step in self.steps), default=0)

    @property
    def highest(self) -> StepEstimate | None:
        """The step with the most bytes at one time."""
        return max(self.steps, key=lambda step: step.live, default=None)

    def step(self, sheet: str) -> StepEstimate:
        """Return the estimate of one sheet.

        Raises:
            KeyError: it is not made.
        """
        for one in self.steps:
            if one.sheet == sheet:
                return one
        raise KeyError(sheet)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        names = ("sheet", "kind", "columns", "rows", "sure", "bytes", "work", "live", "parts")
        steps = [{name: getattr(one, name) for name in names} for one in self.steps]
        return {"peak": self.peak, "least": self.least, "steps": steps}

    def expect(self, guard: Guard) -> None:
        """Refuse a run for which there is no memory for certain; a small one is not looked at.

        Raises:
            MemoryLimitError: it needs more than it may take.
        """
        if self.least < SMALL and guard.limit is None:
            return
        free = guard.free()
        if self.least <= free:
            return
        known = [step for step in self.steps if step.sure or step.kind == "source"]
        top = sorted(known, key=lambda step: -(step.bytes + step.work))[:3]
        told = ", ".join(
            f"'{one.sheet}' {size_text(one.bytes + one.work)} ({one.rows_text} rows, {one.columns} columns)"
            for one in top
        )
        raise MemoryLimitError(
            f"this run needs at least {size_text(self.least)} of memory at one time, but {size_text(max(free, 0))} "
            f"may be taken; the largest sheets: {told}; use fewer columns or rows (filters, --sample), or allow more",
            self.least,
            free,
        )


def estimate(plan: Plan, sheets: Sequence[str] | None = None, off: Collection[Optimisation] = frozenset()) -> Estimate:
    """Return what a run of a plan will need.

    Args:
        plan: the plan.
        sheets: the sheets that the run is for; default as in a run.
        off: the optimisations that the run does without.
    """
    keeps = plan.workbook.errors.mode == "keep"
    wanted = plan.wanted(sheets)
    needed = plan.needed(wanted, everything=not keeps or "projection" in off)
    run = as_run(plan, needed, wanted, {*off, "share"})  # what is shared takes no other rows, and no other columns
    together = regions(run, needed) if "fuse" not in off and keeps else {}
    return _Simulation(run, needed, wanted, together, frees="free" not in off).run()


class _Arrays:
    """The arrays that are in memory: each counts once, in however many sheets it stands."""

    def __init__(self) -> None:
        self.bytes = 0
        self._times: dict[object, int] = {}

    def add(self, columns: Mapping[str, tuple[object, int]]) -> int:
        """Enter the columns of a sheet; return the bytes that were not there before."""
        before = self.bytes
        for key, size in columns.values():
            times = self._times.get(key, 0)
            self._times[key] = times + 1
            self.bytes += 0 if times else size
        return self.bytes - before

    def remove(self, columns: Mapping[str, tuple[object, int]]) -> None:
        """Let the columns of a sheet go."""
        for key, size in columns.values():
            self._times[key] -= 1
            if not self._times[key]:
                del self._times[key]
                self.bytes -= size


class _Simulation:
    """Goes through the steps as a run does, with sizes in place of data."""

    def __init__(
        self,
        plan: Plan,
        needed: Mapping[str, Sequence[str]],
        wanted: Mapping[str, Sequence[str]],
        together: Mapping[str, Region],
        *,
        frees: bool,
    ) -> None:
        self.plan = plan
        self.frees = frees
        self.needed = needed
        self.wanted = wanted
        self.inputs = {name: plan.steps[name].needs(list(columns)) for name, columns in needed.items()}
        self.rows: dict[str, Rows] = {}
        self.sizes: dict[str, SourceSize] = {}
        self.text: dict[str, float] = {}
        self.usual = TEXT_BYTES
        self.region: dict[str, Region] = {name: one for one in together.values() for name in one.sheets}
        self.users: dict[str, list[str]] = {}  #: the sheets that take each
        for name, taken in self.inputs.items():
            for sheet in taken:
                self.users.setdefault(sheet, []).append(name)
        self.shown = {name: self._shown(name) for name in needed}

    def run(self) -> Estimate:
        """Return the estimate."""
        last = {sheet: name for name, taken in self.inputs.items() for sheet in taken}
        made: dict[str, dict[str, tuple[object, int]]] = {}
        all_there, certain = _Arrays(), _Arrays()
        steps: list[StepEstimate] = []
        least = 0
        for name, columns in self.needed.items():
            self._look(name)
            parts = self._in_parts(name)
            made[name] = self._arrays(name, self.shown[name] if parts else columns, made, parts=parts)
            rows, sure = self.rows[name]
            own = all_there.add(made[name])
            if sure:
                certain.add(made[name])
            work = self._work(name, columns, parts=parts)
            live = all_there.bytes + work
            kind = self.plan.workbook.sheet(name).kind
            steps.append(
                StepEstimate(name, kind, len(columns), rows + self._unread(name), sure, own, work, live, parts)
            )
            known = (sure and all(self.rows[sheet].sure for sheet in self.inputs[name])) or not self.inputs[name]
            least = max(least, certain.bytes + (work if known else 0))
            for sheet in {*self.inputs[name], name} if self.frees else ():
                if last.get(sheet, name) == name and sheet not in self.wanted and name != sheet:
                    gone = made.pop(sheet, {})
                    all_there.remove(gone)
                    if self.rows[sheet].sure:
                        certain.remove(gone)
        return Estimate(tuple(steps), least)

    def _unread(self, name: str) -> int:
        """Return how many rows of a source are known without being read."""
        step = self.plan.steps[name]
        return step.unread.rows if isinstance(step, SourceStep) and step.unread is not None else 0

    def _look(self, name: str) -> None:
        step = self.plan.steps[name]
        if isinstance(step, SourceStep):
            self.sizes[name] = step.size()
            widths = self.sizes[name].text
            self.text.update({f"{name}!{column}": bytes_ for column, bytes_ in widths.items()})
            if widths:
                self.usual = max(self.text.values())
        rows = step.rows_from({sheet: self.rows[sheet] for sheet in self.inputs[name]})
        drops = self.plan.workbook.errors.mode == "drop"
        self.rows[name] = Rows(rows.number, rows.sure and not drops)

    def _in_parts(self, name: str) -> bool:
        region = self.region.get(name)
        return region is not None and self.rows[region.base].number > BLOCK_ROWS

    def _shown(self, name: str) -> list[str]:
        """Return the columns of a sheet that are needed as a whole: outside the region it is made in."""
        region = self.region.get(name)
        columns = set(self.wanted.get(name, ()))
        if name in self.wanted and self.plan.workbook.sheet(name).kept:
            columns.update(self.needed[name])
        for other in self.users.get(name, ()):
            if region is None or other not in region.sheets:
                columns.update(self.inputs[other][name])
        return [column for column in self.needed[name] if column in columns]

    def _arrays(
        self, name: str, columns: Sequence[str], made: Mapping[str, Mapping[str, tuple[object, int]]], *, parts: bool
    ) -> dict[str, tuple[object, int]]:
        """Return for each column whose array it is, and its bytes."""
        step, rows = self.plan.steps[name], self.rows[name].number
        found: dict[str, tuple[object, int]] = {}
        for column in columns:
            origin = None if parts else step.passes_on(column)
            known = None if origin is None else made.get(origin[0], {}).get(origin[1])
            text = self.text.get(f"{name}!{column}", self.usual)
            found[column] = known or ((name, column), int(rows * width(step.schema[column], text)))
        return found

    def _work(self, name: str, columns: Sequence[str], *, parts: bool) -> int:
        """Return the bytes that making a sheet takes beside its columns."""
        step = self.plan.steps[name]
        if isinstance(step, SourceStep):
            return self.sizes[name].reading
        under = sum(self.rows[sheet].number for sheet in self.inputs[name])
        kind = self.plan.workbook.sheet(name).kind
        if not parts:
            still = kind == "formulas" and all(step.passes_on(column) for column in columns)
            return 0 if still else under * _WORK.get(kind, 0)
        region = self.region[name]
        if name != region.sheets[0]:
            return 0
        rows = [sheet for sheet in region.sheets if self._has_rows(sheet)]
        wide = max((self._wide(sheet) + sum(map(self._wide, self.inputs[sheet])) for sheet in rows), default=0.0)
        return int(_PARTS * min(_PART, under) * wide) + (under * _WORK["formulas"] if region.by_groups else 0)

    def _wide(self, sheet: str) -> float:
        """Return the bytes of a row of a sheet."""
        schema = self.plan.steps[sheet].schema
        return sum(
            width(schema[column], self.text.get(f"{sheet}!{column}", self.usual)) for column in self.needed[sheet]
        )

    def _has_rows(self, sheet: str) -> bool:
        """Whether a sheet of a region has rows and not groups."""
        step = self.plan.steps[sheet]
        return not (isinstance(step, FormulasStep) and step.bound.shape is Shape.AGGREGATE)
