"""Cell engines at 10 k rows: the same formulas in PyPI's ``formulas`` and ``pycel``, a cell a row.

Each of them gets an .xlsx file with the inputs as values and a formula in every row. What is timed is the
calculation alone: ``calculate()`` of a ``formulas`` model that is loaded and finished, ``recalculate()`` of a
``pycel`` model whose formulas are compiled, and sheetline's formula, parsed and bound, over a frame. Reading the
values out of the cells is not timed. How long it takes from the file (for sheetline: from the frame and the
formula's text) to the first result is told beside it. ``formulas`` can also compile a formula for whole arrays;
that is a side of its own, without a limit.
"""

import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks import data
from benchmarks.harness import ROOT, Case, Inputs, Side

ROWS = 10_000
#: at least a thousand times faster
LIMITS = {"formulas": 0.001, "pycel": 0.001}
FAMILY = "cell engines"
COLUMNS = "abcd"

DISTANCE = (
    "2*6366.70702*ASIN(SQRT(SIN(RADIANS({c}-{a})/2)^2+COS(RADIANS({a}))*COS(RADIANS({c}))*SIN(RADIANS({d}-{b})/2)^2))"
)
CHOICE = "IF({a}>20,IF({b}>0,{a}+{b},{c}*2),{c}-{d})"


def _formulas_package() -> Any:
    """Return PyPI's ``formulas``, also where this project's folder of the same name stands on the path."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # no bars of progress
    kept = list(sys.path)
    sys.path[:] = [place for place in kept if Path(place).resolve() != ROOT]
    try:
        return importlib.import_module("formulas")
    finally:
        sys.path[:] = kept


def _prepare(rows: int) -> Inputs:
    points = data.points(rows)
    named = zip(("lat1", "lon1", "lat2", "lon2"), COLUMNS, strict=True)
    return {"t": data.table({name: points.column(column) for column, name in named})}


def _ours(cell: str) -> str:
    """Return the formula as sheetline writes it."""
    return cell.format(**{name: f"#{name}" for name in COLUMNS}).replace(",", ";")


def _workbook(inputs: Inputs, cell: str, last: str | None) -> tuple[Path, Sequence[str]]:
    """Write the inputs and a formula a row, or the single formula ``last``; return the file and the result cells."""
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book: Any = Workbook()
    sheet = book.active
    sheet.title = "S"
    table = inputs["t"]
    rows = list(zip(*(table.column(name).to_pylist() for name in COLUMNS), strict=True))
    for number, values in enumerate(rows, start=1):
        texts = {name: f"{name.upper()}{number}" for name in COLUMNS}
        sheet.append([*values, *([] if last else [f"={cell.format(**texts)}"])])
    if last:
        sheet["F1"] = f"={last.format(rows=len(rows))}"
    path = Path(tempfile.mkdtemp(prefix="sheetline-cells-"), "cells.xlsx")
    book.save(path)
    return path, ["F1"] if last else [f"E{number}" for number in range(1, len(rows) + 1)]


def _sheetline(formula: str) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        import sheetline as sl

        frame = data.pandas_frame(inputs["t"])
        compiled = sl.compile(formula, dict.fromkeys(COLUMNS, "float"))
        return lambda: _values(compiled(frame))

    return side


def _values(result: Any) -> Any:
    return result if hasattr(result, "to_frame") else np.array([result], dtype=float)


class _Cells:
    """The results of a cell engine, which are read out of its cells only where they are compared."""

    def __init__(self, read: Callable[[], list[float]]) -> None:
        self._read = read

    def to_arrow(self) -> pa.Table:
        return data.table({"value": np.array(self._read(), dtype=float)})


def _pycel(cell: str, last: str | None = None) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        from pycel import ExcelCompiler  # type: ignore[import-untyped]

        path, cells = _workbook(inputs, cell, last)
        model = ExcelCompiler(filename=str(path))
        for name in cells:
            model.evaluate(f"S!{name}")  # compiles it
        path.unlink()

        def read() -> list[float]:
            return [model.cell_map[f"S!{name}"].value for name in cells]

        def run() -> Any:
            model.recalculate()
            return _Cells(read)

        return run

    return side


def _formulas(cell: str, last: str | None = None) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        formulas = _formulas_package()
        path, cells = _workbook(inputs, cell, last)
        model = formulas.ExcelModel().loads(str(path)).finish()
        path.unlink()

        def run() -> Any:
            solution = model.calculate()
            return _Cells(lambda: [solution[f"'[{path.name}]S'!{name}"].value[0, 0] for name in cells])

        return run

    return side


def _arrays(cell: str) -> Side:
    def side(inputs: Inputs) -> Callable[[], Any]:
        formulas = _formulas_package()
        text = "=" + cell.format(**{name: f"{name.upper()}1" for name in COLUMNS})
        function = formulas.Parser().ast(text)[1].compile()
        order = [name[0].lower() for name in function.inputs]
        arrays = [inputs["t"].column(name).to_numpy() for name in order]
        return lambda: np.asarray(function(*arrays), dtype=float)

    return side


def _case(name: str, ours: str, cell: str, last: str | None = None) -> Case:
    made: dict[str, Side] = {
        "sheetline": _sheetline(ours),
        "pycel": _pycel(cell, last),
        "formulas": _formulas(cell, last),
    }
    if last is None:
        made["formulas (arrays)"] = _arrays(cell)
    return Case(
        name=name,
        family=FAMILY,
        rows=ROWS,
        prepare=_prepare,
        sides=made,
        limits=LIMITS,
        quick_divisor=1_000,  # loading takes more than a millisecond a cell
        few=("formulas", "pycel", "formulas (arrays)"),
        setup=True,
    )


CASES = [
    _case("distance written out", _ours(DISTANCE), DISTANCE),
    _case("IF in IF, a cell a row", _ours(CHOICE), CHOICE),
    _case("SUM of a column", "GROUPSUM(#a)", "", "SUM(A1:A{rows})"),
]
