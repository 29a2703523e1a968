"""Every aggregate and every series function, through the language, against a plain loop over one group's rows."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from calling import values
from comparing import bits, plain
from evaluating import sheet
from generating import call, column, one_value
from oracles_aggregates import ORACLES as AGGREGATES
from oracles_rows import date_text
from oracles_series import ORACLES as SERIES

from sheetline.formulas import ast
from sheetline.formulas.blocks import Workers
from sheetline.formulas.diagnostics import FormulaError
from sheetline.formulas.parser import parse
from sheetline.formulas.printer import print_formula
from sheetline.functions.columns import Column, Constant
from sheetline.functions.declare import Failure, Form, Function
from sheetline.functions.registry import REGISTRY
from sheetline.functions.resolve import resolve
from sheetline.functions.types import DATE, FLOAT, INTEGER

ROWS = 40
SEEDS = 5
OF_GROUPS = [f for f in REGISTRY if f.form is Form.REDUCE]
OF_RECORDS = [f for f in REGISTRY if f.form is Form.SERIES]
JSON = ["{}", '{"a":1}', '{"b":[null,1.5],"a":"x"}', '{"a":{"c":2}}', "[1]", "{"]


def test_every_function_of_groups_has_an_oracle() -> None:
    assert {f.name for f in OF_GROUPS} == set(AGGREGATES)
    assert {f.name for f in OF_RECORDS} == set(SERIES)


def group_value(word: str, parameter: str, random: Random) -> Any:
    """A value with many ties; some parameters want values of their own."""
    if parameter in ("lat", "lon"):
        return random.randint(-91, 91) if word == "int" else random.uniform(-90.2, 90.2)
    if parameter == "json":
        return random.choice(JSON[:4] if random.random() < 0.97 else JSON)
    if parameter == "sample" and word in ("int", "float", "str"):
        samples: dict[str, list[Any]] = {"int": [1, 2], "float": [0.5, 1.0], "str": ["a", "b"]}
        return random.choice(samples[word])
    if parameter in ("event", "pick", "on") and word == "str":
        return random.choice(["sale", "a", "b"])
    if word == "float":
        return random.choice([random.randint(-4, 4) / 2, round(random.uniform(-1e4, 1e4), 3)])
    if word == "int":
        return random.choice([random.randint(-3, 4), random.randint(-(10**9), 10**9)])
    if word == "date":
        return random.randrange(20) * 86_400_000_000
    return random.choice(["", "a", "b", "é", "😀", "ab", 'q"\\']) if word == "str" else one_value(word, random)


def keys(random: Random, rows: int) -> list[int | None]:
    """Groups of many rows, of few, of one; null is a group as well."""
    return [random.choice([1, 1, 1, 2, 2, 3, None, random.randint(10, 30)]) for _ in range(rows)]


def parts(text: str, function: Function, columns: dict[str, Column], rows: int) -> tuple[list[list[Any]], list[Any]]:
    """The row arguments of a generated call, widened as the function gets them, and its constants."""
    root = parse(text)
    assert isinstance(root, ast.Call)
    given: list[tuple[Any, Any]] = []
    for arg in root.args:
        if isinstance(arg, ast.ColumnRef):
            given.append((columns[arg.name], None))
        else:
            made = sheet({"Result": print_formula(arg)})["Result"]
            given.append((made, Constant(made.type, values(made)[0])))
    app, _ = resolve(function, [g.type for g, _ in given], [c for _, c in given])
    places = app.kernel.signature.places(len(given))
    assert places is not None
    row_arguments, constants = [], []
    written = function.name in ("GROUPTOPVALUES", "GROUPMAP", "GROUP_PATH", "GROUP_PATH_CHANGES")
    for (made, constant), wanted, place in zip(given, app.types, places, strict=False):
        listed = [
            float(v) if wanted == FLOAT and v is not None and not isinstance(v, Failure) else v for v in values(made)
        ]
        if wanted == DATE and written:
            listed = [date_text(v) if isinstance(v, int) else v for v in listed]
        if place.const:
            assert constant is not None
            constants.append(listed[0])
        else:
            row_arguments.append(listed * rows if constant is not None else listed)
    return row_arguments, constants


def same(name: str, got: Any, wanted: Any, scale: float) -> bool:
    got, wanted = plain(got), plain(wanted)
    if isinstance(wanted, float) and isinstance(got, float):
        return math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-9 * max(scale, 1.0))
    if isinstance(wanted, str) and wanted[:1] in ("[", "{") and got != wanted and isinstance(got, str):
        return same_json(json.loads(got), json.loads(wanted))
    if isinstance(wanted, tuple):
        wanted = list(wanted)
    return type(got) is type(wanted) and bool(got == wanted)


def same_json(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return list(got) == list(wanted) and all(same_json(got[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(same_json, got, wanted))
    if isinstance(wanted, float):
        return math.isclose(got, wanted, rel_tol=1e-6, abs_tol=1e-9)
    return type(got) is type(wanted) and bool(got == wanted)


def size_of(rows: Sequence[Sequence[Any]], power: int = 1) -> float:
    """The sum of absolute values, or of their powers."""
    numbers = [abs(float(v)) for row in rows for v in row if isinstance(v, int | float) and not isinstance(v, bool)]
    return math.fsum(v**power for v in numbers)


SQUARES = {"GROUPVARS", "GROUPVARP", "GROUPCOVARS", "GROUPCOVARP", "GROUPSUMSQ"}
#: Quotients and their like: far from zero in their own size, or between -1 and 1.
PLAIN_SIZE = {"GROUPCORREL", "GROUPSPEARMAN", "GROUPRSQ", "GROUPCOSINE", "GROUPKURT", "GROUPSKEW", "GROUPDISTANCE"}


def scale(name: str, rows: Sequence[Sequence[Any]]) -> float:
    if name in PLAIN_SIZE:
        return 1e3
    return size_of(rows, 2 if name in SQUARES else 1) if name != "GROUPPRODUCT" else 0.0


def aggregate(name: str, rows: list[tuple[Any, ...]], constants: list[Any]) -> Any:
    """An oracle's answer; a group that holds an error gives its first."""
    for row in rows:
        for value in row:
            if isinstance(value, Failure):
                return value
    return AGGREGATES[name](rows, *constants)


def by_group(codes: Sequence[Any], rows: Sequence[tuple[Any, ...]]) -> dict[Any, list[tuple[Any, ...]]]:
    """The rows of each group, in order of first appearance."""
    groups: dict[Any, list[tuple[Any, ...]]] = {}
    for code, row in zip(codes, rows, strict=True):
        groups.setdefault(code, []).append(row)
    return groups


def evaluated(formulas: dict[str, str], rows: dict[str, Column], workers: Workers) -> dict[str, Column] | None:
    try:
        return sheet(formulas, rows, name="Base", workers=workers)
    except FormulaError:
        return None  # constants or types that don't fit


def through_blocks(text: str, columns: dict[str, Column]) -> str:
    """The same call with every column computed block by block."""
    for name in columns:
        text = text.replace(f"#{name}", f"COPY(#{name})")
    return text


@pytest.mark.parametrize("function", OF_GROUPS, ids=lambda f: f.name)
def test_aggregate_is_a_loop_over_its_group(function: Function) -> None:
    compared = 0
    for kernel in function.kernels:
        for seed in range(SEEDS):
            random = Random(seed * 31 + len(str(kernel.signature)))
            rows = ROWS if seed else 0
            made = call(function, kernel, rows, random, errors=seed > 1, make=group_value)
            if made is not None:
                compared += check_aggregate(function, *made, keys(random, rows), random)
    assert compared > 1, "hardly anything was compared"


def check_aggregate(function: Function, text: str, columns: dict[str, Column], codes: list[Any], random: Random) -> int:
    rows = len(codes)
    base = {**columns, "g": Column.of(codes, INTEGER)}
    formulas = {"key": "GROUPBY(#Base!g)", "Result": text}
    with Workers(1) as workers:
        whole = evaluated(formulas, base, workers)
        alone = evaluated({"Result": text}, base, workers)
    if whole is None or alone is None:
        return 0
    row_arguments, constants = parts(text, function, columns, rows)
    records = list(zip(*row_arguments, strict=True)) if row_arguments else [()] * rows
    groups = by_group(codes, records)
    assert values(whole["key"]) == list(groups)
    found = values(whole["Result"])
    for got, part in zip(found, groups.values(), strict=True):
        wanted = aggregate(function.name, part, constants)
        assert same(function.name, got, wanted, scale(function.name, part)), (text, part, got, wanted)
    (got,) = values(alone["Result"])
    assert same(function.name, got, aggregate(function.name, records, constants), scale(function.name, records)), text
    with Workers(2, block_rows=3) as workers:
        blocks = evaluated({"key": "GROUPBY(#Base!g)", "Result": through_blocks(text, columns)}, base, workers)
    assert blocks is not None
    assert bits(blocks["Result"]) == bits(whole["Result"]), text
    permuted(function, formulas, base, whole, groups, random)
    return len(groups) + 1


#: What depends on the order of rows, by what it is.
IN_ROW_ORDER = {"GROUPANY", "GROUPSELECT", "GROUPLIST", "GROUPCONCAT", "GROUPMAP", "GROUPJSONOBJECTMERGE"} | {
    "GROUPFIRST",
    "GROUPLAST",
    "GROUPDISTANCE",
}
#: Float sums, means and moments: any other aggregate gives the same bits whatever the order of the rows.
SUMS = (
    SQUARES
    | {"GROUPCORREL", "GROUPRSQ", "GROUPCOSINE", "GROUPKURT", "GROUPSKEW", "GROUPSPEARMAN"}
    | {
        "GROUPSUM",
        "GROUPSUMIF",
        "GROUPAVERAGE",
        "GROUPAVERAGEIF",
        "GROUPPRODUCT",
        "GROUPSTDEVS",
        "GROUPSTDEVP",
        "GROUPGEOMEAN",
        "GROUPHARMEAN",
        "GROUPRMS",
        "GROUPSLOPE",
        "GROUPINTERCEPT",
        "GROUPWEIGHTEDAVERAGE",
        "GROUPTTEST",
        "GROUPANOVA",
    }
)


def permuted(
    function: Function,
    formulas: dict[str, str],
    base: dict[str, Column],
    whole: dict[str, Column],
    groups: dict[Any, list[tuple[Any, ...]]],
    random: Random,
) -> None:
    """Shuffle the rows: equal bits, but for sums of floats and their like."""
    if function.name in IN_ROW_ORDER:
        return
    import numpy as np

    order = np.array(random.sample(range(len(base["g"])), len(base["g"])), np.int64)
    moved = sheet(formulas, {name: c.take(order) for name, c in base.items()}, name="Base")
    again = dict(zip(values(moved["key"]), values(moved["Result"]), strict=True))
    for key, got in zip(values(whole["key"]), values(whole["Result"]), strict=True):
        other = again[key]
        if isinstance(got, float) and isinstance(other, float) and function.name in SUMS:
            sum_of = size_of(groups[key], 2 if function.name in SQUARES else 1)
            limit = abs(got) * 1e-9 if function.name in PLAIN_SIZE | {"GROUPPRODUCT"} else 1e-12 * max(sum_of, abs(got))
            assert abs(got - other) <= limit, (formulas, key, got, other)
        elif function.name in ("GROUPTTEST", "GROUPANOVA") and isinstance(got, str):
            assert same_json(json.loads(got), json.loads(other)), (formulas, key, got, other)
        elif isinstance(got, Failure):
            assert isinstance(other, Failure), (formulas, key, got, other)
        else:
            assert repr(got) == repr(other), (formulas, key, got, other)


# ---------------------------------------------------------------- series

SORTING = {"GROUP_SORT_ASC": False, "GROUP_SORT_DESC": True}


def in_order(rows: list[Any], keys_: list[Any], *, descending: bool = False) -> list[Any]:
    """Stable order by values; nulls, then errors, last in either direction."""
    some = [(k, r) for k, r in zip(keys_, rows, strict=True) if k is not None and not isinstance(k, Failure)]
    ordered = [r for _, r in sorted(some, key=lambda pair: pair[0], reverse=descending)]  # stable in either direction
    none = [r for k, r in zip(keys_, rows, strict=True) if k is None]
    return ordered + none + [r for k, r in zip(keys_, rows, strict=True) if isinstance(k, Failure)]


@pytest.mark.parametrize("function", OF_RECORDS, ids=lambda f: f.name)
def test_series_is_a_loop_over_its_records(function: Function) -> None:
    compared = 0
    for kernel in function.kernels:
        for seed in range(SEEDS):
            random = Random(seed * 37 + len(str(kernel.signature)))
            rows = ROWS if seed else 0
            made = call(function, kernel, rows, random, errors=seed > 1, make=group_value)
            if made is not None:
                compared += check_series(function, *made, keys(random, rows), seed % 2 == 0, random)
    assert compared, "nothing was compared"


def check_series(
    function: Function, text: str, columns: dict[str, Column], codes: list[Any], sort: bool, random: Random
) -> int:
    rows = len(codes)
    base = {**columns, "g": Column.of(codes, INTEGER), "o": column("int", rows, random, errors=True, make=group_value)}
    formulas = {"key": "GROUPBY(#Base!g)"}
    sorts = sort and function.name not in SORTING
    if sorts:
        formulas["at"] = "GROUP_SORT_ASC(#Base!o)"
    with Workers(1) as workers:
        whole = evaluated({**formulas, "Result": text}, base, workers)
    if whole is None:
        return 0
    row_arguments, constants = parts(text, function, columns, rows)
    records = list(zip(*row_arguments, strict=True)) if row_arguments else [()] * rows
    wanted_keys, wanted = [], []
    order_values = values(base["o"])
    for key, part in by_group(codes, list(enumerate(records))).items():
        ordered = [row for _, row in part]
        if sorts:
            ordered = in_order(ordered, [order_values[place] for place, _ in part])
        elif function.name in SORTING:
            ordered = in_order(ordered, [row[0] for row in ordered], descending=SORTING[function.name])
        made = series(function.name, ordered, constants, columns)
        wanted += made
        wanted_keys += [key] * len(made)
    got = values(whole["Result"])
    assert values(whole["key"]) == wanted_keys, (text, codes)
    size = size_of(records) if rows else 1.0
    for one, other in zip(got, wanted, strict=True):
        assert same(function.name, one, other, size), (text, records, codes, one, other)
    with Workers(2, block_rows=3) as workers:
        blocks = evaluated({**formulas, "Result": through_blocks(text, columns)}, base, workers)
    assert blocks is not None
    assert bits(blocks["Result"]) == bits(whole["Result"]), text
    return rows


def series(name: str, records: list[tuple[Any, ...]], constants: list[Any], columns: dict[str, Column]) -> list[Any]:
    if name == "GROUPPREDICTIVEWINDOWS":  # its oracle counts milliseconds
        centre, width = constants
        return SERIES[name](records, centre, width * 1000)
    if name == "GROUP_DIFF" and columns["c0"].type == DATE:
        records = [(row[0] // 1000 if isinstance(row[0], int) else row[0],) for row in records]
    return SERIES[name](records, *constants)
