"""Every row function against a scalar oracle, through the language, on generated columns with nulls and errors."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import pytest
from calling import values
from evaluating import sheet
from generating import call
from oracles_logic import Err
from oracles_math import agrees
from oracles_rows import LAZY, ORACLES, UNKNOWN, Instant

from sheetline.formulas import ast
from sheetline.formulas.blocks import Workers
from sheetline.formulas.diagnostics import FormulaError
from sheetline.formulas.parser import parse
from sheetline.formulas.printer import print_formula
from sheetline.functions.columns import Column, Constant
from sheetline.functions.declare import Failure, Form, Function
from sheetline.functions.registry import REGISTRY
from sheetline.functions.resolve import Mismatch, resolve
from sheetline.functions.types import DATE, FLOAT, INTEGER, Type

#: A float that an integer parameter can't hold.
BEYOND = object()

ROWS = 12
SEEDS = 6

#: Row functions that no scalar oracle can answer for, and why; each has tests of its own.
WITHOUT = {
    "RAND": "random: its range and its seed are tested below",
    "RANDBETWEEN": "random: its range and its seed are tested below",
    "ROWNUMBER": "has no arguments to look at: its numbers are tested below",
    "FORMATNUMBER": "a language of patterns, with tests of its own by pattern",
    "XNPV": "takes lists of dates, which are not generated: test_finance_flows",
    "XIRR": "takes lists of dates, which are not generated: test_finance_flows",
}
#: Functions of lists only: the generated columns hold none.
FUNCTIONS = [f for f in REGISTRY if f.form is Form.ELEMENT]


def test_every_row_function_has_an_oracle() -> None:
    names = {f.name for f in FUNCTIONS}
    assert names - set(ORACLES) == set(WITHOUT) & names
    assert not set(WITHOUT) & set(ORACLES)
    assert set(WITHOUT) <= names, "a reason for a function that is gone"


@cache
def constant(text: str) -> tuple[Type, Any]:
    """The type and value of a constant argument."""
    with Workers(1) as workers:
        column = sheet({"Result": text}, workers=workers)["Result"]
    return column.type, plain(values(column)[0])


def typed(value: Any, type_: Type, wanted: Type) -> Any:
    """A value as the function gets it: dates told apart, integers widened."""
    if value is None or isinstance(value, Failure):
        return value
    if type_ == DATE:
        return Instant(value)
    if type_ == FLOAT and wanted == INTEGER:  # a fraction is cut off
        return int(value) if -(2.0**63) <= value < 2.0**63 else BEYOND
    return float(value) if wanted == FLOAT else value


def arguments(function: Function, text: str, columns: dict[str, Column]) -> list[list[Any]]:
    """The rows of arguments of a generated call, defaults included."""
    root = parse(text)
    assert isinstance(root, ast.Call)
    given: list[tuple[Type, list[Any], Constant | None]] = []
    for arg in root.args:
        if isinstance(arg, ast.ColumnRef):
            column = columns[arg.name]
            given.append((column.type, values(column), None))
        else:
            type_, value = constant(print_formula(arg))
            plain = None if isinstance(value, Failure) else value
            given.append((type_, [value] * ROWS, Constant(type_, plain)))
    app, defaults = resolve(function, [g[0] for g in given], [g[2] for g in given])
    made = [
        [typed(value, type_, wanted) for value in listed]
        for (type_, listed, _), wanted in zip(given, app.types, strict=False)
    ]
    made += [[d.value] * ROWS for d in defaults if d.value is not None]
    return [list(row) for row in zip(*made, strict=True)] if made else [[] for _ in range(ROWS)]


def expected(function: Function, row: list[Any]) -> Any:
    if function.name in LAZY:
        found = ORACLES[function.name](*(Err(v.code) if isinstance(v, Failure) else v for v in row))
        return Failure(found.code) if isinstance(found, Err) else found
    if function.errors == "strict":
        for value in row:
            if isinstance(value, Failure):
                return value
    if function.nulls == "strict" and None in row:
        return None
    if BEYOND in row:
        return Failure("OVERFLOW")
    return ORACLES[function.name](*row)


def plain(value: Any) -> Any:
    """Dates and instants as whole numbers, also in lists; mixed pairs as lists."""
    if isinstance(value, list | dict):
        return [plain(item) for item in (value.values() if isinstance(value, dict) else value)]
    if isinstance(value, datetime):
        return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return int(value) if isinstance(value, Instant) else value


def widened(wanted: Any, got: Any) -> Any:
    """Whole numbers in lists as floats where the list holds floats."""
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [
            float(w) if isinstance(g, float) and type(w) is int else widened(w, g)
            for w, g in zip(wanted, got, strict=True)
        ]
    return wanted


def same(function: Function, got: Any, wanted: Any) -> bool:
    got, wanted = plain(got), plain(wanted)
    if isinstance(got, float) and isinstance(wanted, float) and function.category == "distributions":
        return math.isclose(got, wanted, rel_tol=1e-8, abs_tol=1e-13)
    return agrees(function.name, got, widened(wanted, got))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_row_function_is_its_oracle(function: Function) -> None:
    if function.name in WITHOUT:
        return
    compared = 0
    with Workers(1) as workers:
        for kernel in function.kernels:
            for seed in range(SEEDS):
                made = call(function, kernel, ROWS, Random(seed * 7919 + len(kernel.signature.parameters)), errors=True)
                if made is None:
                    continue
                compared += compare(function, *made, workers)
    assert compared, "nothing was compared"


def compare(function: Function, text: str, columns: dict[str, Column], workers: Workers) -> int:
    """Compare one generated call; the number of rows compared."""
    given = columns or {"only": Column.of(list(range(ROWS)))}
    try:
        got = values(sheet({"Result": text}, given, workers=workers)["Result"])
    except FormulaError:
        return 0  # constants or types that don't fit, refused before the run
    try:
        rows = arguments(function, text, columns)
    except Mismatch:
        return 0  # constants that were taken as another type
    compared = 0
    for number, row in enumerate(rows):
        wanted = expected(function, row)
        if wanted is not UNKNOWN:
            compared += 1
            assert same(function, got[number], wanted), (text, row, got[number], wanted)
    return compared


#: What was wrong once, at the ends of what numbers can be.
ENDS = {
    "LOG(5e-324;96.5575464988681)": -162.89221064305704,
    "ROUNDUP(26.2;-400)": Failure("OVERFLOW"),
    "ROUND(1e308;-400)": 0.0,
    "ROUNDUP(0.0;-400)": 0.0,
    "GAMMALN(5e-324)": 744.4400719213812,
    "COMBINA(53;1e300)": Failure("OVERFLOW"),
    "MULTINOMIAL(1e300;0.0)": 1.0,
    'ERRORMESSAGE(ERROR(""))': "an error without a message",
}


@pytest.mark.parametrize("formula", ENDS)
def test_ends(formula: str) -> None:
    with Workers(1) as workers:
        (got,) = values(sheet({"Result": formula}, {"v": [1]}, workers=workers)["Result"])
    assert agrees("", got, ENDS[formula])


def test_random_numbers() -> None:
    rows: dict[str, list[Any]] = {"lo": [1, None, 5, -3], "hi": [1, 2, 9, 2**62]}
    formulas = {"a": "RAND(3)", "b": "RAND(4)", "c": "RANDBETWEEN(#lo;#hi;1)"}
    got = {name: values(column) for name, column in sheet(formulas, rows).items()}
    again = {name: values(column) for name, column in sheet(formulas, rows).items()}
    assert got == again, "a seed gives the same numbers"
    assert got["a"] != got["b"]
    assert all(0 <= v < 1 for v in got["a"] + got["b"])
    assert len(set(got["a"])) == 4
    assert got["c"][:2] == [1, None]
    assert 5 <= got["c"][2] <= 9
    assert -3 <= got["c"][3] <= 2**62


def test_row_numbers() -> None:
    with Workers(2, block_rows=3) as workers:
        assert values(sheet({"n": "ROWNUMBER()"}, {"v": [None] * 8}, workers=workers)["n"]) == list(range(1, 9))
