"""What columns and rows are defined by, in words of the workbook: formulas, conditions, keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sheetline.formulas import ast
from sheetline.formulas.literals import write_name
from sheetline.formulas.parser import parse
from sheetline.formulas.printer import print_formula
from sheetline.functions.declare import Form
from sheetline.functions.registry import REGISTRY
from sheetline.workbook.sheets.distinct import DistinctSheet
from sheetline.workbook.sheets.filter import FilterStep
from sheetline.workbook.sheets.formulas import FormulasSheet, FormulasStep
from sheetline.workbook.sheets.join import JoinSheet
from sheetline.workbook.sheets.pivot import PivotSheet
from sheetline.workbook.sheets.sample import SampleSheet
from sheetline.workbook.sheets.sort import SortSheet
from sheetline.workbook.sheets.source import SourceSheet
from sheetline.workbook.sheets.union import UnionSheet
from sheetline.workbook.sheets.unpivot import UnpivotSheet

if TYPE_CHECKING:
    from sheetline.workbook.model.base import SheetBase
    from sheetline.workbook.steps import Step

Doing = Literal["identity", "transformation", "aggregation"]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a column is: its formula, if it has one, and what that does with values."""

    text: str | None = None
    step: Doing = "identity"
    description: str | None = None


def column_definition(sheet: SheetBase, step: Step, column: str) -> Definition:
    """Return what defines a column; most sheets pass their columns on."""
    if isinstance(sheet, FormulasSheet):
        for one in sheet.columns:
            if one.name == column:
                return _formula(one.formula, one.description)
    elif isinstance(sheet, PivotSheet):
        value = pivoted_value(sheet, column)
        if value is not None:
            return _formula(next(one.formula for one in sheet.values if one.name == value))
    elif isinstance(sheet, SourceSheet):
        described = {one.name: one.description for one in sheet.columns}
        return Definition(description=described.get(column))
    elif isinstance(sheet, UnionSheet) and column == sheet.origin:
        return Definition("the name of the sheet", "transformation")
    elif isinstance(sheet, UnpivotSheet) and column == sheet.label:
        return Definition("the name of the column", "transformation")
    return Definition()


def pivoted_value(sheet: PivotSheet, column: str) -> str | None:
    """Return the name of the value that a column of a pivot holds; None for columns that are no values."""
    values = [one.name for one in sheet.values if column not in sheet.rows and f"_{one.name}" in column]
    return max(values, key=lambda name: (column.rfind(f"_{name}") + len(name), len(name)), default=None)


def _formula(text: str, description: str | None = None) -> Definition:
    node = parse(text)
    return Definition(print_formula(node), _doing(node), description)


def _doing(node: ast.Node) -> Doing:
    """Tell what a formula does with its values: takes them, aggregates them, or makes something else of them."""
    inner = node.args[0] if isinstance(node, ast.Call) and node.name == "GROUPBY" and len(node.args) == 1 else node
    if isinstance(inner, ast.ColumnRef):
        return "identity"
    called = (REGISTRY.get(one.name) for one in ast.walk(node) if isinstance(one, ast.Call))
    reduces = any(function is not None and function.form is Form.REDUCE for function in called)
    return "aggregation" if reduces else "transformation"


# --- rows


def rows_text(sheet: SheetBase, step: Step) -> str | None:
    """Return what makes a sheet's rows, in the words of its keys: ``where #Speed > 0``; None: those underneath."""
    if isinstance(step, FilterStep):
        return f"where {_text(step.text)}"
    if isinstance(step, FormulasStep):
        return _formula_rows(step)
    tell = _ROWS.get(type(sheet))
    return tell(sheet) if tell is not None else _plain(sheet)


def _formula_rows(step: FormulasStep) -> str | None:
    bound = step.bound
    parts = []
    if bound.keys:
        parts.append(f"grouped by {_names(key.name for key in bound.keys)}")
    elif bound.shape == "aggregate":
        parts.append("one row")
    if bound.sorts:
        parts.append("ordered in each group")
    for node in (*bound.changes, *bound.expansions):
        assert node.app is not None
        parts.append(f"rows of {node.app.function.name}")
    return ", ".join(dict.fromkeys(parts)) or None


def _names(names: object) -> str:
    return ", ".join(f"#{write_name(name)}" for name in names)  # type: ignore[attr-defined]


def _text(formula: str) -> str:
    return print_formula(parse(formula))


def _sort(sheet: SortSheet) -> str:
    keys = []
    for key in sheet.by:
        what = f"#{write_name(key.column)}" if key.column is not None else _text(key.formula or "")
        keys.append(f"{what} descending" if key.order == "desc" else what)
    cut = "" if sheet.limit is None else f", the first {sheet.limit:,}"
    behind = f" behind {sheet.offset:,}" if sheet.offset else ""
    return f"sorted by {', '.join(keys)}{cut}{behind}"


def _join(sheet: JoinSheet) -> str:
    def side(text: str) -> str:
        return _text(text) if "#" in text else f"#{write_name(text)}"

    pairs = []
    for key in sheet.on:
        left, right = side(key.left), side(key.right)
        pairs.append(left if left == right else f"{left} = {right}")
    on = f" on {', '.join(pairs)}" if pairs else ""
    return f"{sheet.how} join of {write_name(sheet.left)} and {write_name(sheet.right)}{on}"


def _union(sheet: UnionSheet) -> str:
    return f"rows of {', '.join(map(write_name, sheet.of))}{', equal ones once' if sheet.distinct else ''}"


def _distinct(sheet: DistinctSheet) -> str:
    by = "equal rows" if sheet.columns is None else f"rows equal in {_names(sheet.columns)}"
    return f"the {sheet.which} of {by}"


def _pivot(sheet: PivotSheet) -> str:
    return f"a row for each {_names(sheet.rows)}"


def _pivoted(sheet: UnpivotSheet) -> str:
    return f"a row for each of {_names(sheet.columns)}{' that is not null' if sheet.drop_nulls else ''}"


def _sample(sheet: SampleSheet) -> str:
    many = f"{sheet.rows:,} rows" if sheet.rows is not None else f"{sheet.fraction:g} of the rows"
    of_each = f" of each {_names(sheet.by)}" if sheet.by else ""
    return f"a sample of {many}{of_each}, seed {sheet.seed}"


_ROWS: Final[Mapping[type, Callable[..., str | None]]] = {
    SourceSheet: lambda sheet: None,
    SortSheet: _sort,
    JoinSheet: _join,
    UnionSheet: _union,
    DistinctSheet: _distinct,
    PivotSheet: _pivot,
    UnpivotSheet: _pivoted,
    SampleSheet: _sample,
}


def _plain(sheet: SheetBase) -> str:
    """Tell the keys of a sheet of any other kind as the file has them."""
    import json

    shown = {key: value for key, value in sheet.written().items() if key not in ("name", "kind", "description", "of")}
    return ", ".join(f"{key} {json.dumps(value, ensure_ascii=False)}" for key, value in shown.items())
