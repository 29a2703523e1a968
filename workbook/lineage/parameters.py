"""The parameters of a workbook in its lineage: their values, and which columns and rows they decide about."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sheetline.formulas import ast
from sheetline.formulas.bound import ROWS
from sheetline.formulas.parser import parse
from sheetline.workbook.cli import cells
from sheetline.workbook.lineage.definitions import pivoted_value
from sheetline.workbook.lineage.graph import Facts, Node, in_order
from sheetline.workbook.sheets.filter import FilterStep
from sheetline.workbook.sheets.formulas import FormulasSheet
from sheetline.workbook.sheets.join import JoinStep
from sheetline.workbook.sheets.pivot import PivotSheet
from sheetline.workbook.sheets.sort import SortStep

if TYPE_CHECKING:
    from sheetline.functions.columns import Constant
    from sheetline.workbook.model.base import SheetBase
    from sheetline.workbook.planning import Plan
    from sheetline.workbook.steps import Step

Given = dict[Node, tuple[str, ...]]
"""Parameters, each with its roles."""


def parameter_facts(plan: Plan) -> dict[Node, Facts]:
    """Return all parameters of a plan, with their types and the values that the plan has for them."""
    written = plan.workbook.parameters
    return {
        Node("parameter", name): Facts(
            type=str(constant.type),
            text=_shown(constant, plan.env.timezone),
            detail="parameter",
            description=written[name].description if name in written else None,
        )
        for name, constant in plan.parameters.items()
    }


def _shown(constant: Constant, timezone: str) -> str:
    if isinstance(constant.value, str):
        return json.dumps(constant.value, ensure_ascii=False)
    return cells.text(constant.value, constant.type, timezone)


def parameters_of(sheet: SheetBase, step: Step, columns: Iterable[str]) -> dict[str, Given]:
    """Return the parameters that the formulas of a sheet name, by column; those that decide about rows by ``ROWS``.

    A parameter in the formula of a key, an order or an expansion is a value of its column: the rows depend on that
    column, and through it on the parameter.
    """
    found: dict[str, dict[Node, list[str]]] = {}
    for path, text in sheet.formula_texts():
        names = {one.name for one in ast.walk(parse(text)) if isinstance(one, ast.Parameter)}
        if not names:
            continue
        targets, roles = _targets(sheet, step, path, columns)
        for target in targets:
            for name in sorted(names):
                found.setdefault(target, {}).setdefault(Node("parameter", name), []).extend(roles)
    return {target: {node: in_order(roles) for node, roles in some.items()} for target, some in found.items()}


def _targets(
    sheet: SheetBase, step: Step, path: tuple[str | int, ...], columns: Iterable[str]
) -> tuple[list[str], tuple[str, ...]]:
    """Return what the formula at a place of a sheet makes: columns, or the rows; and what its parameters are to it."""
    place = path[1] if len(path) > 1 and isinstance(path[1], int) else 0
    if isinstance(sheet, FormulasSheet):
        return [sheet.columns[place].name], ("value",)
    if isinstance(sheet, PivotSheet):
        value = sheet.values[place].name
        return [name for name in columns if pivoted_value(sheet, name) == value], ("value",)
    if isinstance(step, SortStep):
        return [ROWS], ("order",) if step.limit is None and not step.offset else ("order", "limit")
    if isinstance(step, JoinStep):
        return [ROWS], ("join",)
    assert isinstance(step, FilterStep), f"a {sheet.kind} sheet has formulas of another kind"
    return [ROWS], ("filter",)


__all__ = ["Given", "parameter_facts", "parameters_of"]
