"""Why a row of one sheet became a row of another, or did not: conditions, keys, places, in words and with values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sheetline.formulas.blocks import Workers
from sheetline.functions.columns import Column
from sheetline.functions.errors import Ints
from sheetline.workbook.matching import Matching
from sheetline.workbook.rowmaps import RowMap
from sheetline.workbook.sheets.distinct import DistinctStep
from sheetline.workbook.sheets.filter import FilterStep
from sheetline.workbook.sheets.formulas import FormulasStep
from sheetline.workbook.sheets.join import JoinSheet, JoinStep, Key
from sheetline.workbook.sheets.pivot import PivotStep
from sheetline.workbook.sheets.sample import SampleStep
from sheetline.workbook.sheets.sort import SortSheet, SortStep
from sheetline.workbook.sheets.union import UnionStep
from sheetline.workbook.sheets.unpivot import UnpivotStep
from sheetline.workbook.steps import RunContext, Step
from sheetline.workbook.trace.explain import column_part, formula_part, parts_over, tree_of
from sheetline.workbook.trace.parts import Part
from sheetline.workbook.trace.text import counted
from sheetline.workbook.trace.tracing import Made, Tracer

_RESULT = "Result"


@dataclass(frozen=True, slots=True, eq=False)
class Reason:
    """Why rows are there, or a row is not.

    Attributes:
        sheet: the sheet.
        rows: its rows, from 0; none where the row underneath is not there.
        of, row: the row underneath, from 0; None where there is no single one.
        words: why: "where the condition is false".
        parts: what decided, with the values for the row: the condition, the keys.
    """

    sheet: str
    rows: tuple[int, ...]
    of: str = ""
    row: int | None = None
    words: str = ""
    parts: tuple[Part, ...] = ()


class Reasons:
    """Tells reasons for one run whose sheets were made again."""

    def __init__(self, tracer: Tracer, made: Made) -> None:
        self.tracer, self.made = tracer, made

    # --- rows that are there

    def there(self, sheet: str, row: int) -> Reason:
        """Return why a row of a sheet is there: the row underneath, where it is made of one, and what decided."""
        step, maps = self.tracer.plan.steps[sheet], self.made.maps[sheet]
        below = _single(maps, row)
        at: tuple[str, int | None] = below if below is not None else ("", None)
        words = ""
        parts: tuple[Part, ...] = ()
        if isinstance(step, FilterStep) and below is not None:
            parts = (self._condition(step, below[1]),)
            words = "where the condition is true"
        elif isinstance(step, SortStep) and below is not None:
            words, parts = self._sorted(step, below[1], row)
        elif isinstance(step, DistinctStep) and below is not None:
            words, parts = self._first(step, maps[1].of(row), below[1])
        elif isinstance(step, UnionStep) and below is not None and step.distinct:
            many = sum(len(one.of(row)) for one in maps[len(step.sheets) :])
            words = f"the first of {counted(many, 'row')} that are equal" if many > 1 else "equal to no other row"
        elif isinstance(step, SampleStep):
            words = f"which the sample took ({_sample(step)})"
        elif isinstance(step, JoinStep):
            return self._joined(step, maps, row)
        elif isinstance(step, UnpivotStep) and below is not None:
            table = self.made.tables[sheet]
            label = table.columns[step.label].slice(row, row + 1).to_list()[0] if step.label in table.columns else None
            words = "" if label is None else f"its column '{label}'"
        elif isinstance(step, FormulasStep):
            return self._made(step, maps, row)
        elif isinstance(step, PivotStep):
            many = len(maps[0].of(row))
            keys = tuple(self._cell(sheet, name, row) for name in step.rows if name in self.made.tables[sheet].columns)
            return Reason(
                sheet, (row,), step.base, None, f"{counted(many, 'row')} of {step.base} with these keys", keys
            )
        return Reason(sheet, (row,), *at, words, tuple(parts))

    def _condition(self, step: FilterStep, below: int) -> Part:
        return self._formula(step, step.base, step.text, below)

    def _sorted(self, step: SortStep, below: int, row: int) -> tuple[str, tuple[Part, ...]]:
        keys = tuple(self._sort_keys(step, below))
        return f"in place {row + step.offset + 1:,} of {self.made.tables[step.base].rows:,} by", keys

    def _sort_keys(self, step: SortStep, below: int) -> list[Part]:
        model = self.tracer.plan.workbook.sheet(step.name)
        assert isinstance(model, SortSheet)
        texts = [one.formula for one in model.by]
        found = []
        for key, text in zip(step.keys, texts, strict=True):
            if key.column is not None:
                found.append(self._cell(step.base, key.column, below))
            else:
                found.append(self._formula(step, step.base, str(text), below))
        return found

    def _first(self, step: DistinctStep, equals: Ints, below: int) -> tuple[str, tuple[Part, ...]]:
        what = "last" if step.last else "first"
        if len(equals) < 2:
            return "equal to no other row", self._compared(step, below)
        return f"the {what} of {counted(len(equals), 'row')} that are equal in", self._compared(step, below)

    def _compared(self, step: DistinctStep, below: int) -> tuple[Part, ...]:
        return () if step.whole else tuple(self._cell(step.base, name, below) for name in step.by)

    def _joined(self, step: JoinStep, maps: Sequence[RowMap], row: int) -> Reason:
        left, right = maps[0].of(row), maps[1].of(row)
        if not len(left):
            keys = self._join_keys(step, None, int(right[0]))
            return Reason(step.name, (row,), step.right, int(right[0]), f"without a match in {step.left}", keys)
        own = int(left[0])
        if not len(right):
            keys = self._join_keys(step, own, None)
            return Reason(step.name, (row,), step.left, own, f"without a match in {step.right}", keys)
        few = ", ".join(f"{one + 1:,}" for one in right[:3]) + (", …" if len(right) > 3 else "")
        matched = f"{'row' if len(right) == 1 else 'rows'} {few} of {step.right}"
        words = f"beside {matched}" if step.how == "cross" else f"which matches {matched}, by"
        return Reason(step.name, (row,), step.left, own, words, self._join_keys(step, own, int(right[0])))

    def _join_keys(self, step: JoinStep, left: int | None, right: int | None) -> tuple[Part, ...]:
        """Return the keys of a row of each side, pair by pair."""
        model = self.tracer.plan.workbook.sheet(step.name)
        assert isinstance(model, JoinSheet)
        found = []
        for pair, text in zip(step.keys, model.on, strict=True):
            if left is not None:
                found.append(self._key(step, pair.left, text.left, left))
            if right is not None:
                found.append(self._key(step, pair.right, text.right, right))
        return tuple(found)

    def _key(self, step: JoinStep, key: Key, text: str, row: int) -> Part:
        if key.column is not None:
            return self._cell(key.sheet, key.column, row)
        return self._formula(step, key.sheet, text, row)

    def _made(self, step: FormulasStep, maps: Sequence[RowMap], row: int) -> Reason:
        """Return where a row of a formula sheet is from: a row, a group, or both."""
        bound, sheet = step.bound, step.name
        table = self.made.tables[sheet]
        keys = tuple(self._cell(sheet, one, row) for one in self._keys(step) if one in table.columns)
        makers = [node.app.function.name for node in (*bound.changes, *bound.expansions) if node.app is not None]
        own = next((one for one in maps if not one.context and one.offsets is None), None)
        if own is None:
            many = len(maps[0].of(row))
            words = f"{counted(many, 'row')} of {step.base}{' with these keys' if keys else ''}"
            return Reason(sheet, (row,), step.base, None, words, keys)
        below = own.of(row)
        if not len(below):
            return Reason(sheet, (row,), step.base, None, f"added to its group by {makers[0]}", keys)
        group = maps[1].of(row) if len(maps) > 1 else below[:0]
        words = f"one of {counted(len(group), 'row')} with these keys" if len(maps) > 1 and keys else ""
        if makers:
            words = ", ".join(filter(None, [words, f"by {', '.join(dict.fromkeys(makers))}"]))
        return Reason(sheet, (row,), step.base, int(below[0]), words, keys)

    @staticmethod
    def _keys(step: FormulasStep) -> list[str]:
        nodes = {key.id for key in step.bound.keys}
        found = []
        for name, node in step.bound.columns.items():
            while node.op == "move":
                node = node.args[0]
            if node.id in nodes:
                found.append(name)
        return found

    # --- rows that are not

    def gone(self, sheet: str, of: str, row: int) -> Reason:
        """Return why a row of a sheet underneath has no row in a sheet."""
        step, maps = self.tracer.plan.steps[sheet], self.made.maps[sheet]
        broken = self._with_errors(step, of, row)
        if broken is not None:
            return broken
        words = "it has no row"
        parts: tuple[Part, ...] = ()
        if isinstance(step, FilterStep):
            parts = (self._condition(step, row),)
            words = f"where {_not_true(parts[0])}"
        elif isinstance(step, SortStep):
            words, parts = self._cut(step, row)
        elif isinstance(step, DistinctStep):
            kept = maps[0].of(int(maps[1].above(np.array([row]))[0]))
            what = "last" if step.last else "first"
            words, parts = f"equal to row {kept[0] + 1:,}, the {what} of them, in", self._compared(step, row)
        elif isinstance(step, UnionStep) and step.distinct:
            words = f"equal to {self._kept_in_union(step, maps, of, row)}, which is kept"
        elif isinstance(step, SampleStep):
            words = f"which the sample did not take ({_sample(step)})"
            parts = tuple(self._cell(step.base, name, row) for name in step.by)
        elif isinstance(step, JoinStep):
            words, parts = self._unmatched(step, of, row)
        elif isinstance(step, UnpivotStep):
            words = f"null in all of {', '.join(step.columns)}"
        elif isinstance(step, FormulasStep):
            names = [node.app.function.name for node in step.bound.changes if node.app is not None]
            words = f"which {' and '.join(dict.fromkeys(names))} left out of its group" if names else words
        return Reason(sheet, (), of, row, words, tuple(parts))

    def _with_errors(self, step: Step, of: str, row: int) -> Reason | None:
        """Return that the row was dropped since a cell is an error, if that is so."""
        if step.name not in self.made.kept:
            return None
        with Workers(self.tracer.threads, self.tracer.block_rows) as workers:
            before = self.tracer.remade(step, self.made.needed[step.name], self.made, workers)
        for one in before.maps:
            if one.sheet != of or one.context:
                continue
            for above in one.above(np.array([row])).tolist():
                for name, column in before.table.columns.items():
                    if column.errors is not None and above in column.errors.rows:
                        words = f"dropped with its errors: '{name}' is one"
                        return Reason(step.name, (), of, row, words, self._erroneous(step, name, column, above))
        return None

    def _erroneous(self, step: Step, name: str, column: Column, row: int) -> tuple[Part, ...]:
        if isinstance(step, FormulasStep):
            return (tree_of(self.tracer, self.made, step, name, row),)
        return (column_part(step.name, name, row, column),)

    def _cut(self, step: SortStep, row: int) -> tuple[str, tuple[Part, ...]]:
        base = self.made.tables[step.base]
        env = replace(self.tracer.plan.env, sheet=step.name)
        with Workers(self.tracer.threads, self.tracer.block_rows) as workers:
            ctx = RunContext(env, workers, lambda sheet, name: self.made.tables[sheet].columns[name], trace=True)
            order = replace(step, limit=None, offset=0).run({step.base: base}, [], ctx).maps[0].rows
        place = int(np.flatnonzero(order == row)[0]) + 1
        first = step.offset + 1
        kept = (
            f"places from {first:,} on" if step.limit is None else f"places {first:,} to {step.offset + step.limit:,}"
        )
        return f"in place {place:,} of {base.rows:,} (kept are {kept}) by", tuple(self._sort_keys(step, row))

    def _kept_in_union(self, step: UnionStep, maps: Sequence[RowMap], of: str, row: int) -> str:
        many = len(step.sheets)
        for own, sheet in zip(maps[many:], step.sheets, strict=True):
            above = own.above(np.array([row])) if sheet == of else ()
            for one in above:
                for kept, other in zip(maps[:many], step.sheets, strict=True):
                    found = kept.of(int(one))
                    if len(found):
                        return f"row {found[0] + 1:,} of {other}"
        return "another row"

    def _unmatched(self, step: JoinStep, of: str, row: int) -> tuple[str, tuple[Part, ...]]:
        left = of == step.left
        other = step.right if left else step.left
        if step.how == "cross":
            return f"since {other} has no rows", ()
        keys = self._join_keys(step, row if left else None, None if left else row)
        if step.how in ("semi", "anti") and not left:
            return f"which only decides about rows of {step.left}, by", keys
        if any(one.error is not None or one.value is None for one in keys):
            return "which matches nothing, since a key is null or an error", keys
        if step.how == "anti":
            return f"which matches {self._matches(step, row)} of {other}, by", keys
        return f"without a match in {other}", keys

    def _matches(self, step: JoinStep, row: int) -> str:
        env = replace(self.tracer.plan.env, sheet=step.name)
        with Workers(self.tracer.threads, self.tracer.block_rows) as workers:
            ctx = RunContext(env, workers, lambda sheet, name: self.made.tables[sheet].columns[name])
            sides = [[side.values(self.made.tables, ctx) for side in pair] for pair in
                     zip(*((one.left, one.right) for one in step.keys), strict=True)]  # fmt: skip
        found = Matching.of(sides[0], sides[1])
        rows = np.flatnonzero(found.right == found.left[row])
        few = ", ".join(f"{one + 1:,}" for one in rows[:3]) + (", …" if len(rows) > 3 else "")
        return f"{'row' if len(rows) == 1 else 'rows'} {few}"

    # --- parts

    def _cell(self, sheet: str, column: str, row: int) -> Part:
        return column_part(sheet, column, row, self.made.tables[sheet].columns[column].slice(row, row + 1))

    def _formula(self, step: Step, base: str, text: str, row: int) -> Part:
        parts = parts_over(self.tracer, self.made, step, base, {_RESULT: text}, (), anonymous=True)
        return formula_part(self.tracer, parts, _RESULT, row)


def _single(maps: Sequence[RowMap], row: int) -> tuple[str, int] | None:
    """Return the row underneath that a row is made of, if it is a single one."""
    for one in maps:
        found = one.of(row)
        if not one.context and one.offsets is None and len(found) == 1:
            return one.sheet, int(found[0])
    return None


def _not_true(condition: Part) -> str:
    if condition.error is not None:
        return "the condition is an error, and so not true"
    return "the condition is null, and so not true" if condition.value is None else "the condition is false"


def _sample(step: SampleStep) -> str:
    many = f"{step.rows:,} rows" if step.rows is not None else f"{step.fraction:g} of the rows"
    return f"{many}{' of each ' + ', '.join(step.by) if step.by else ''}, seed {step.seed}"
