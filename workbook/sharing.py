"""Expressions that stand in more than one sheet are computed once: where a sheet underneath holds one as a column.

Only columns that the run makes in any case are taken, so nothing is made in addition, and no report changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sheetline.formulas.bound import BoundSheet
from sheetline.formulas.sharing import Values, roots_of, taking
from sheetline.workbook.sheets.distinct import DistinctStep
from sheetline.workbook.sheets.filter import FilterStep
from sheetline.workbook.sheets.formulas import FormulasStep
from sheetline.workbook.sheets.sample import SampleStep
from sheetline.workbook.sheets.sort import SortStep
from sheetline.workbook.steps import Step

#: Sheets whose rows are rows of the sheet underneath.
_SOME_ROWS = (FilterStep, SortStep, SampleStep, DistinctStep)


def sharing(steps: Mapping[str, Step], needed: Mapping[str, Sequence[str]]) -> dict[str, Step]:
    """Return the steps that take expressions from columns underneath, by name; ``needed``: what a run makes of each."""
    values = Values()
    found: dict[str, Step] = {}
    for name, columns in needed.items():
        step = steps[name]
        if isinstance(step, FormulasStep):
            held = values.held(name, step.bound, roots_of(step.bound, columns))
            if held:
                found[name] = replace(step, bound=taking(step.bound, held))
            values.enter(name, step.bound, columns)
        elif isinstance(step, _SOME_ROWS):
            if any(made := [_condition(values, name, bound) for bound in _conditions(step)]):
                found[name] = _with_conditions(step, made)
            values.carry(name, step.base, columns)
    return found


def _condition(values: Values, name: str, bound: BoundSheet) -> BoundSheet | None:
    held = values.held(name, bound, bound.columns.values())
    return taking(bound, held) if held else None


def _conditions(step: Step) -> Iterator[BoundSheet]:
    """Yield the formulas of a filter or a sort."""
    if isinstance(step, FilterStep):
        yield step.bound
    elif isinstance(step, SortStep):
        yield from (key.bound for key in step.keys if key.bound is not None)


def _with_conditions(step: Step, made: Sequence[BoundSheet | None]) -> Step:
    """Return a filter or a sort with other formulas, in the order of :func:`_conditions`."""
    if isinstance(step, FilterStep):
        return replace(step, bound=made[0] or step.bound)
    assert isinstance(step, SortStep)
    others = iter(made)
    keys = [key if key.bound is None else replace(key, bound=next(others) or key.bound) for key in step.keys]
    return replace(step, keys=tuple(keys))
