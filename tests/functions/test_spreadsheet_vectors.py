"""Plain calls of the functions that carry a spreadsheet's name, against what a spreadsheet gives for them.

The results in ``spreadsheet_vectors.jsonl`` are LibreOffice Calc's, which follows OpenFormula; its first line says
the version. An error there is an error here, or refused before the run, whatever its code.
"""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from evaluating import plain

from sheetline.formulas import ast
from sheetline.formulas.bind import bind_sheet
from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import Scope
from sheetline.formulas.evaluate import evaluate
from sheetline.formulas.parser import parse
from sheetline.formulas.printer import print_formula
from sheetline.functions.columns import Column, Table
from sheetline.functions.context import Environment
from sheetline.functions.declare import Failure
from sheetline.functions.registry import REGISTRY
from sheetline.functions.types import Kind

ROOT = Path(__file__).parents[2]
REFUSED = object()
ERROR = object()

#: Where Calc stands alone: the result here is the one that Excel's documentation or Excel itself gives.
AS_EXCEL: dict[str, list[str]] = {
    "a number in a text argument counts": [
        'SUM("3";2)', 'SUM("5";15;true)', 'SUMSQ("3";4)', 'AVERAGE("3";5)', 'MAX("5";3)', 'MIN("5";8)',
        *(f'{name}("3";5)' for name in ("STDEV", "STDEV.S", "STDEV.P", "STDEVP", "VAR", "VAR.S", "VAR.P", "VARP")),
    ],
    "the text of a truth value is TRUE or FALSE": [
        "LEFT(true;2)", "RIGHT(true;2)", "CODE(true)", "EXACT(0;false)", 'CONCATENATE(true;"yes")', "CONCAT(true;0)",
        'TEXTJOIN("-";false;"a";true)', 'TEXT(true;"0")',
    ],
    "no angle has the origin": ["ATAN2(0;0)"],
    "from none, one thing can be chosen in no way": ["COMBINA(0;1)"],
    "numerals in any order": ['ARABIC("VX")', 'ARABIC(" IX ")'],
    "an empty text is found at the start": ['FIND("";"abc")', 'FIND("";"")', 'FIND("";"abc";2)'],
    "no character has the code 0, an empty text no character": ["CHAR(0)", "UNICHAR(0)", 'CODE("")'],
    "codes are those of Windows-1252": ['CODE("€")'],
    "TRUE as a text is no number": ['VALUE("TRUE")'],
    "decimal digits are rounded": ['TEXT(0.285;"0%")'],
    "the point of a format stays": ['TEXT(0;"#.##")', 'TEXT(12;"#.##")'],
    "year/month/day is read": ['YEAR("2011/02/23")'],
    "no day lies before the first": ["DAY(-1)", "HOUR(-1)"],
    "the weeks of a year end with it": [
        "WEEKNUM(DATETIME(1999;12;31;23;59;59))",
        *(f"WEEKNUM(DATE(2024;12;31);{type_})" for type_ in (2, 12, 15, 17)),
    ],
    "the time of day does not count": ["DAYS(DATETIME(2020;1;2;1;0);DATETIME(2020;1;1;23;0))"],
    "one payment has a present value": ["XNPV(0.05;[100];[DATE(2020;1;1)])"],
    "successes are at least one": ["NEGBINOMDIST(10;0;0.25)"],
}  # fmt: skip

#: Where this library differs on purpose; the page of differences has the reasons.
ON_PURPOSE = {
    "INT": ["INT(-0.1)"],
    "TEXTJOIN": ['TEXTJOIN(" ";1;"Hello";"World")', 'TEXTJOIN("-";0;"a";"";"b")'],
    "T": ["T(19)", "T(true)", "T(5)"],
    "IFS": ["IFS(false;1)"],
    "SWITCH": ['SWITCH(3;1;"a")', 'SWITCH("B";"b";1;2)'],
    "WEEKDAY": [
        *(f"WEEKDAY(DATE({day}))" for day in ("2024;2;29", "1990;12;31", "2012;3;9", "2023;6;15", "2021;1;3")),
        "WEEKDAY(DATETIME(1999;12;31;23;59;59))",
        *(f"WEEKDAY(DATE({day}))" for day in ("2016;1;1", "2015;12;28", "2100;2;28")),
    ],
    "TIME": [f"TIME({time})" for time in ("12;0;0", "16;48;10", "1;1;1", "25;0;0", "0;90;0", "23;59;59", "11;11;11")],
    "GAMMADIST": ["GAMMA.DIST(-1;2;1;true)"],
    "CHISQDIST": ["CHISQ.DIST(-1;2;true)"],
    "TDIST": ["TDIST(1.959999998;60;2)", "TDIST(1.96;60;1)", "TDIST(1;5;2)"],
    "TINV": ["TINV(0.054644927;60)", "TINV(0.05;5)", "TINV(0.5;5)"],
}

KNOWN = {formula for listed in (*AS_EXCEL.values(), *ON_PURPOSE.values()) for formula in listed}


@cache
def vectors() -> dict[str, Any]:
    """Return each formula with Calc's result: a number, text, truth value, datetime, or ERROR."""
    lines = (ROOT / "tests" / "spec" / "spreadsheet_vectors.jsonl").read_text("utf-8").splitlines()[1:]
    out: dict[str, Any] = {}
    for line in map(json.loads, lines):
        ((kind, value),) = ((k, v) for k, v in line.items() if k != "formula")
        out[line["formula"]] = ERROR if kind == "error" else datetime.fromisoformat(value) if kind == "date" else value
    return out


def computed(formulas: dict[str, str], rows: dict[str, list[Any]]) -> dict[str, Any]:
    """Return the only row's value of each formula, bound together in one sheet; REFUSED where binding refuses it."""
    table = Table.of({name: Column.of(values) for name, values in rows.items()}) if rows else Table({}, 1)
    scope, env = Scope("Result", "Sheet", {"Sheet": table.types}, {}, {}), Environment()
    fine = dict(formulas)
    while True:
        bound, found = bind_sheet(fine, scope, env)
        wrong = {one.column for one in found if one.severity == "error"}
        if not wrong:
            break
        assert wrong <= fine.keys()
        fine = {name: text for name, text in fine.items() if name not in wrong}
    with Workers() as pool:
        columns = evaluate(bound, table, env, pool).table.columns
    values = {name: moment(columns[name]) for name in fine}
    return {name: values.get(name, REFUSED) for name in formulas}


def moment(column: Column) -> Any:
    (value,) = plain(column)
    return datetime.fromisoformat(value) if column.type.kind is Kind.DATE and isinstance(value, str) else value


@cache
def results() -> dict[str, Any]:
    names = {f"v{at}": formula for at, formula in enumerate(vectors())}
    got = computed(names, {})
    return {formula: got[name] for name, formula in names.items()}


def serial(value: Any) -> Any:
    """Return a date as a spreadsheet's number of days, others as they are."""
    return (value - datetime(1899, 12, 30)) / timedelta(days=1) if isinstance(value, datetime) else value


def agree(got: Any, wanted: Any) -> bool:
    if wanted is ERROR:
        return got is REFUSED or isinstance(got, Failure)
    if got is REFUSED or got is None or isinstance(got, Failure):
        return False
    got, wanted = serial(got), serial(wanted)
    if isinstance(got, bool | str) or isinstance(wanted, bool | str):
        return type(got) is type(wanted) and bool(got == wanted)
    return math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-9)


def test_calls_agree() -> None:
    wrong = [formula for formula, wanted in vectors().items() if not agree(results()[formula], wanted)]
    assert {formula: results()[formula] for formula in wrong if formula not in KNOWN} == {}
    on_purpose = {formula for listed in ON_PURPOSE.values() for formula in listed}
    assert len(on_purpose) / len(vectors()) < 0.03
    assert len(wrong) / len(vectors()) < 0.06  # with those where Calc stands alone


@pytest.mark.parametrize("formula", sorted(KNOWN))
def test_what_differs_is_known(formula: str) -> None:
    assert not agree(results()[formula], vectors()[formula]), "it agrees now: take it off the list"


def test_what_differs_on_purpose_has_its_reason_on_the_page() -> None:
    page = (ROOT / "docs" / "differences.md").read_text("utf-8")
    for name in ON_PURPOSE:
        assert any(name in row.split("|")[1].strip(" `").split(", ") for row in page.splitlines() if row[:3] == "| `")


def test_many_functions_have_vectors() -> None:
    names = {REGISTRY.get(formula.partition("(")[0]) for formula in vectors()}
    assert None not in names
    assert len(names) > 170
    assert len(vectors()) > 1500


def with_columns(call: ast.Call, at: int) -> tuple[str, dict[str, list[Any]]]:
    """Return a call with its constants as columns of one row, and these."""
    rows: dict[str, list[Any]] = {}
    args: list[ast.Node] = []
    for place, arg in enumerate(call.args):
        negative = isinstance(arg, ast.Unary) and arg.op == "-"
        value = arg.operand if isinstance(arg, ast.Unary) and negative else arg
        if isinstance(value, ast.Literal) and value.value is not None and isinstance(value.value, int | float | str):
            name = f"c{at}_{place}"
            rows[name] = [-value.value if negative and not isinstance(value.value, str) else value.value]
            args.append(ast.ColumnRef(name))
        else:
            args.append(arg)
    return print_formula(ast.Call(call.name, tuple(args))), rows


def test_columns_give_what_constants_give() -> None:
    formulas: dict[str, str] = {}
    rows: dict[str, list[Any]] = {}
    of: dict[str, str] = {}
    for at, formula in enumerate(vectors()):
        call = parse(formula)
        assert isinstance(call, ast.Call)
        text, given = with_columns(call, at)
        if given:
            rows |= given
            formulas[f"v{at}"], of[f"v{at}"] = text, formula
    got = {name: value for name, value in computed(formulas, rows).items() if value is not REFUSED}
    assert len(got) > 1000  # the others have constants of another type, or parameters that are constants
    for name, value in got.items():
        inline = results()[of[name]]
        failed = inline is REFUSED or isinstance(inline, Failure)
        assert value is None is inline or agree(value, ERROR if failed else inline), (of[name], value, inline)
