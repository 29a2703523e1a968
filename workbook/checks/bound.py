"""Bound checks: which columns each one needs, and which rows break it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import BoundSheet
from sheetline.formulas.evaluate import evaluate
from sheetline.functions.columns import Column, Table
from sheetline.functions.context import Environment
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.groups import Groups
from sheetline.workbook.matching import Matching
from sheetline.workbook.model.checks import CheckBase, RowCheck, RowsCheck
from sheetline.workbook.relational import texts
from sheetline.workbook.report import CheckExample, CheckReport

#: How many rows that break a check are shown.
EXAMPLES = 5
Needs = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What a check may use: the sheet, columns of other finished sheets, clock and zone, threads."""

    table: Table
    others: Callable[[str, str], Column]
    env: Environment
    workers: Workers


@dataclass(frozen=True, slots=True)
class BoundCheck(ABC):
    """A check of one sheet, bound.

    Attributes:
        sheet: the sheet that is checked.
        check: what the workbook says.
        says: what must be true, as a sentence.
        shown: the columns whose values are shown of rows that break it.
        needs: the columns that it reads, by sheet; its own sheet is always among them.
    """

    sheet: str
    check: CheckBase
    says: str
    shown: tuple[str, ...]
    needs: Needs

    @abstractmethod
    def made(self, ctx: CheckContext) -> CheckReport:
        """Make the check, and return what came out."""

    def skipped(self, why: str) -> CheckReport:
        """Return the report of a check that was not made."""
        one = self.check
        return CheckReport(one.label, one.kind, one.severity, "skipped", self.says, note=why)


@dataclass(frozen=True, slots=True)
class BoundRows(BoundCheck):
    """How many rows there are."""

    def made(self, ctx: CheckContext) -> CheckReport:
        """Count; what is reported are the rows too many or too few."""
        one, rows = self.check, ctx.table.rows
        assert isinstance(one, RowsCheck)
        few = 0 if one.min is None else max(one.min - rows, 0)
        many = 0 if one.max is None else max(rows - one.max, 0)
        note = f"{few:,} too few" if few else f"{many:,} too many" if many else ""
        status = "broken" if few or many else "passed"
        return CheckReport(one.label, one.kind, one.severity, status, self.says, few or many, 0, rows, note=note)


@dataclass(frozen=True, slots=True)
class BoundRowCheck(BoundCheck):
    """A check that each row passes or breaks."""

    @abstractmethod
    def broken(self, ctx: CheckContext) -> Mask:
        """Tell for every row whether it breaks the check."""

    def made(self, ctx: CheckContext) -> CheckReport:
        """Find the rows that break it, and show the first."""
        one, total = self.check, ctx.table.rows
        assert isinstance(one, RowCheck)
        rows = np.flatnonzero(self.broken(ctx)) if total else np.zeros(0, np.int64)
        allowed = allowance(one.allow, total)
        status = "broken" if len(rows) > allowed else "passed"
        found = _examples(ctx, self.shown, rows)
        return CheckReport(one.label, one.kind, one.severity, status, self.says, len(rows), allowed, total, found)


def allowance(allow: float, rows: int) -> int:
    """Return how many of ``rows`` rows may break a check; parts are rounded down, as they were written.

    >>> allowance(3, 1000), allowance(0.29, 100), allowance(0.5, 3)
    (3, 29, 1)
    """
    return allow if isinstance(allow, int) else int(Decimal(repr(allow)) * rows)


def _examples(ctx: CheckContext, shown: Sequence[str], rows: Ints) -> tuple[CheckExample, ...]:
    few = rows[:EXAMPLES]
    values: dict[str, list[str | None]] = {}
    for name in shown:
        column = ctx.table.columns[name].take(few)
        valid = column.valid()
        if column.errors is not None:
            valid[column.errors.rows] = True
        values[name] = [
            text if known else None for text, known in zip(texts(column, ctx.env), valid.tolist(), strict=True)
        ]
    return tuple(
        CheckExample(row + 1, {name: found[place] for name, found in values.items()})
        for place, row in enumerate(few.tolist())
    )


def _errors(columns: Sequence[Column], rows: int) -> Mask:
    """Tell for every row whether one of the columns is an error."""
    mask = np.zeros(rows, np.bool_)
    for column in columns:
        if column.errors is not None:
            mask[column.errors.rows] = True
    return mask


def _nulls(columns: Sequence[Column], rows: int) -> Mask:
    """Tell for every row whether one of the columns has no value (an error is none)."""
    mask = np.zeros(rows, np.bool_)
    for column in columns:
        null = column.nulls()
        if null is not None:
            mask |= null
    return mask


@dataclass(frozen=True, slots=True)
class BoundNotNull(BoundRowCheck):
    """Every row has a value in each column."""

    def broken(self, ctx: CheckContext) -> Mask:
        """Rows with a null or an error."""
        return _nulls([ctx.table.columns[name] for name in self.shown], ctx.table.rows)


@dataclass(frozen=True, slots=True)
class BoundUnique(BoundRowCheck):
    """No two rows have the same values."""

    def broken(self, ctx: CheckContext) -> Mask:
        """Rows that repeat an earlier one, and rows with an error; not rows with a null."""
        columns, rows = [ctx.table.columns[name] for name in self.shown], ctx.table.rows
        groups = Groups.of(columns)
        repeats = np.ones(rows, np.bool_)
        repeats[groups.first] = False
        return (repeats & ~_nulls(columns, rows)) | _errors(columns, rows)


@dataclass(frozen=True, slots=True)
class BoundAmong(BoundRowCheck):
    """Every value is among others: listed ones, or those of another sheet.

    Attributes:
        listed: the listed values, one column.
        target: the other sheet and its columns.
    """

    listed: Column | None = None
    target: tuple[str, tuple[str, ...]] | None = None

    def broken(self, ctx: CheckContext) -> Mask:
        """Rows whose values are not there, and rows with an error; not rows with a null."""
        columns, rows = [ctx.table.columns[name] for name in self.shown], ctx.table.rows
        matching = Matching.of(columns, self._there(ctx))
        absent: Mask = (matching.left >= 0) & (matching.hits == 0)
        return absent | _errors(columns, rows)

    def _there(self, ctx: CheckContext) -> list[Column]:
        if self.listed is not None:
            return [self.listed]
        assert self.target is not None
        sheet, names = self.target
        own = sheet == self.sheet
        return [ctx.table.columns[name] if own else ctx.others(sheet, name) for name in names]


@dataclass(frozen=True, slots=True)
class BoundFormula(BoundRowCheck):
    """A formula is true for every row.

    Attributes:
        bound: the formula.
        nulls_pass: whether rows where it is null are left out (a range), or break the check (``where``).
    """

    bound: BoundSheet
    nulls_pass: bool

    def broken(self, ctx: CheckContext) -> Mask:
        """Rows for which it is not true, or an error."""
        done = evaluate(self.bound, ctx.table, ctx.env, ctx.workers, others=ctx.others)
        condition = done.table.columns["Result"]
        untrue: Mask = ~np.asarray(condition.data, np.bool_)
        null = condition.nulls()
        if null is None:
            return untrue
        broken = untrue & ~null if self.nulls_pass else untrue | null
        return broken | _errors([condition], ctx.table.rows)
