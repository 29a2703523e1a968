"""The checks of a run: each is made as soon as the sheets that it looks at are there, which stay until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sheetline.functions.columns import Column
from sheetline.workbook.checks.bound import BoundAmong, BoundCheck, BoundRows, CheckContext
from sheetline.workbook.report import CheckReport, SheetReport

if TYPE_CHECKING:
    from sheetline.formulas.blocks import Workers
    from sheetline.functions.columns import Table
    from sheetline.workbook.planning import Plan

_SAMPLED = "the sources were read in part"


@dataclass(slots=True)
class Checking:
    """The checks that are still to be made in a run, and where their results go."""

    plan: Plan
    waiting: list[tuple[int, BoundCheck]]
    finished: dict[str, SheetReport] = field(default_factory=dict)
    made: dict[str, dict[int, CheckReport]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, sheets: Mapping[str, object]) -> Checking:
        """Return the checks of the sheets that a run makes."""
        return cls(plan, [one for name in sheets for one in enumerate(plan.checks.get(name, ()))])

    def needs(self) -> list[Mapping[str, frozenset[str]]]:
        """Return what each waiting check needs."""
        return [check.needs for _, check in self.waiting]

    def done(self, report: SheetReport, tables: Mapping[str, Table], workers: Workers) -> list[str]:
        """Make every check that waited for a sheet; return the sheets that each of them needs no longer."""
        self.finished[report.name] = report
        ready = [one for one in self.waiting if all(name in self.finished for name in one[1].needs)]
        self.waiting = [one for one in self.waiting if one not in ready]
        for place, check in ready:
            found = self.made.setdefault(check.sheet, {})
            found[place] = self._made(check, tables, workers)
            own = self.finished[check.sheet]
            own.checks = [found[number] for number in sorted(found)]
        return [name for _, check in ready for name in check.needs]

    def _made(self, check: BoundCheck, tables: Mapping[str, Table], workers: Workers) -> CheckReport:
        related = isinstance(check, BoundAmong) and check.target is not None
        if self.plan.sources.sample is not None and (related or isinstance(check, BoundRows)):
            return check.skipped(_SAMPLED)

        def other(sheet: str, column: str) -> Column:
            return tables[sheet].columns[column]

        env = replace(self.plan.env, sheet=check.sheet)
        return check.made(CheckContext(tables[check.sheet], other, env, workers))
