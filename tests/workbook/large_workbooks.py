"""A large workbook: many sheets in layers, many columns, for tests of what must stay fast and readable."""

from __future__ import annotations

import json

import numpy as np

import sheetline as sl
from sheetline.workbook.load import parse_workbook


def large_workbook(sheets: int = 200, columns: int = 25, *, errors: str = "keep", seed: int = 0) -> sl.Workbook:
    """Return a workbook of that many sheets with about that many columns each; nothing of it can be run."""
    rng = np.random.default_rng(seed)
    names = [f"Column {number}" for number in range(columns)]
    made: list[dict[str, object]] = []
    for number in range(sheets):
        name = f"Sheet {number}"
        if number < max(2, sheets // 20):
            listed = [{"name": column, "type": "float"} for column in names]
            kind = {"from": {"type": "csv", "path": f"data/{number}.csv"}, "columns": listed, "only": True}
            made.append({"name": name, "kind": "source", **kind})
            continue
        below = [f"Sheet {place}" for place in rng.integers(max(0, number - 40), number, 2)]
        one, two = (names[place] for place in rng.permutation(columns)[:2])
        keys: dict[str, object]
        choice = number % 5
        if choice == 0 and below[0] != below[1]:
            select = [
                {"name": column, "from": f"[{below[place % 2]}]![{column}]"} for place, column in enumerate(names)
            ]
            on = [{"left": one, "right": two}]
            keys = {"kind": "join", "left": below[0], "right": below[1], "on": on, "select": select}
        elif choice == 1:
            keys = {"kind": "filter", "of": below[0], "where": f"#[{one}] > 0"}
        elif choice == 2:
            keys = {"kind": "sort", "of": below[0], "by": [{"column": one}], "limit": 10}
        elif choice == 3:
            formulas = {column: f"GROUPSUM(#[{below[0]}]![{column}])" for column in names[1:]}
            keys = {
                "kind": "formulas",
                "of": below[0],
                "columns": {names[0]: f"GROUPBY(#[{below[0]}]![{one}])", **formulas},
            }
        else:
            formulas = {column: f"#[{below[0]}]![{column}] + #[{below[0]}]![{two}]" for column in names}
            keys = {"kind": "formulas", "of": below[0], "columns": formulas}
        made.append({"name": name, **keys})
    outputs = [
        {"sheet": f"Sheet {number}", "to": {"type": "csv", "path": f"out/{number}.csv"}}
        for number in range(sheets - 5, sheets)
    ]
    written = {
        "format": "sheetline/1", "name": "Large", "errors": {"mode": errors}, "sheets": made, "outputs": outputs
    }  # fmt: skip
    return parse_workbook(json.dumps(written))
