"""Sheetline: spreadsheet formulas over whole columns, and workbooks whose sheets tell where each column comes from.

>>> import sheetline as sl
>>> sl.evaluate("ROUND(HYPOT(3;4);1)")
5.0

The names are loaded when they are first used, so importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sheetline.formulas.api import CellErrors, Formula, compile, evaluate, evaluate_sheet
    from sheetline.formulas.diagnostics import Diagnostic, FormulaError, SheetlineError, WorkbookError
    from sheetline.functions.declare import Example, Failure, Form
    from sheetline.functions.registry import function
    from sheetline.workbook.checks.drift import ColumnDrift, Drift
    from sheetline.workbook.checks.gate import DriftError
    from sheetline.workbook.diff.compare import diff
    from sheetline.workbook.diff.model import Diff
    from sheetline.workbook.estimate import Estimate
    from sheetline.workbook.io import SourceError
    from sheetline.workbook.model.workbook import Workbook
    from sheetline.workbook.record.faults import RecordError
    from sheetline.workbook.record.model import RunRecord
    from sheetline.workbook.record.replay import Replay, replay
    from sheetline.workbook.room import MemoryLimitError
    from sheetline.workbook.run import DataError, Run

__version__ = "0.1.0"

_HOMES = {
    "CellErrors": "formulas.api",
    "Formula": "formulas.api",
    "compile": "formulas.api",
    "evaluate": "formulas.api",
    "evaluate_sheet": "formulas.api",
    "Diagnostic": "formulas.diagnostics",
    "FormulaError": "formulas.diagnostics",
    "SheetlineError": "formulas.diagnostics",
    "WorkbookError": "formulas.diagnostics",
    "Example": "functions.declare",
    "Failure": "functions.declare",
    "Form": "functions.declare",
    "function": "functions.registry",
    "diff": "workbook.diff.compare",
    "Diff": "workbook.diff.model",
    "ColumnDrift": "workbook.checks.drift",
    "Drift": "workbook.checks.drift",
    "DriftError": "workbook.checks.gate",
    "Estimate": "workbook.estimate",
    "MemoryLimitError": "workbook.room",
    "SourceError": "workbook.io",
    "Workbook": "workbook.model.workbook",
    "RecordError": "workbook.record.faults",
    "RunRecord": "workbook.record.model",
    "Replay": "workbook.record.replay",
    "replay": "workbook.record.replay",
    "DataError": "workbook.run",
    "Run": "workbook.run",
}

__all__ = [
    "CellErrors",
    "ColumnDrift",
    "DataError",
    "Diagnostic",
    "Diff",
    "Drift",
    "DriftError",
    "Estimate",
    "Example",
    "Failure",
    "Form",
    "Formula",
    "FormulaError",
    "MemoryLimitError",
    "RecordError",
    "Replay",
    "Run",
    "RunRecord",
    "SheetlineError",
    "SourceError",
    "Workbook",
    "WorkbookError",
    "compile",
    "diff",
    "evaluate",
    "evaluate_sheet",
    "function",
    "functions",
    "replay",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if name == "functions":
        return import_module("sheetline.functions")
    if home is None:
        raise AttributeError(f"module 'sheetline' has no attribute {name!r}")
    value = getattr(import_module(f"sheetline.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
