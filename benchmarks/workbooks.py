"""What workbooks cost beside the computing: 300 sheets, 5,000 columns, 1,000 formulas."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import data, sides
from benchmarks.harness import ROOT, Case, Inputs, Probe
from benchmarks.latency import SCHEMA, workbook_of_formulas

FAMILY = "large workbooks"
ROWS = 10_000
CHAINS = 10
SHEETS = 300
COLUMNS = 20
WIDE = 5_000


def _base(rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(data.SEED)
    return {f"c{i}": rng.uniform(0.5, 100, rows) for i in range(COLUMNS)}


def _formula(before: str, sheet: int, column: int) -> str:
    """Return one of four kinds of formula over two columns of the sheet before; none is like another."""
    here, there = f"#{before}!c{column}", f"#{before}!c{(column + 1) % COLUMNS}"
    constant = sheet * COLUMNS + column + 1
    return (
        f"({here} + {there}) / 2 + {constant}",
        f"IF({here} > {there}; {here} - {constant}; {there})",
        f"ABS({here} - {constant}) / ({there} * {there} + 1)",
        f"{here} * 0.5 - {there} * 0.25",
    )[column % 4]


def _by_hand(sheet: int, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of one sheet, as numpy makes them."""
    made = {}
    for column in range(COLUMNS):
        here, there = before[f"c{column}"], before[f"c{(column + 1) % COLUMNS}"]
        constant = sheet * COLUMNS + column + 1
        kind = column % 4
        if kind == 0:
            made[f"c{column}"] = (here + there) / 2 + constant
        elif kind == 1:
            made[f"c{column}"] = np.where(here > there, here - constant, there)
        elif kind == 2:
            made[f"c{column}"] = np.abs(here - constant) / (there * there + 1)
        else:
            made[f"c{column}"] = here * 0.5 - there * 0.25
    return made


def workbook(sheets: int = SHEETS) -> tuple[dict[str, Any], list[str]]:
    """Return a workbook of so many sheets in ten chains over one source, and the chains' last sheets."""
    listed = [{"name": f"c{i}", "type": "float"} for i in range(COLUMNS)]
    made: list[dict[str, Any]] = [
        {"name": "Base", "kind": "source", "from": {"type": "csv", "path": "base.csv"}, "columns": listed, "only": True}
    ]
    last = ["Base"] * CHAINS
    for sheet in range(sheets):
        chain = sheet % CHAINS
        columns = {f"c{column}": _formula(last[chain], sheet, column) for column in range(COLUMNS)}
        name = f"Sheet{sheet}"
        made.append({"name": name, "kind": "formulas", "of": last[chain], "columns": columns})
        last[chain] = name
    return {"format": "sheetline/1", "name": "Many sheets", "sheets": made}, last


PLAN = """
import sys, time
import sheetline as sl
sl.compile("1 + 1")  # the start: grammar and functions are loaded
sl.Workbook("start").check()
start = time.perf_counter()
sl.Workbook.load(sys.argv[1]).plan()
print(time.perf_counter() - start)
"""


def _planned(content: Mapping[str, object], times: int) -> float:
    """Return the median seconds of loading and planning a workbook, each in a fresh process after its start."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book.json")
        path.write_text(json.dumps(content), "utf-8")
        Path(folder, "events.csv").write_text(",".join(SCHEMA) + "\n1.5,2.5,30,s1,2024-02-29T10:00:00Z\n", "utf-8")
        command = [sys.executable, "-c", PLAN, str(path)]
        seconds = []
        for _ in range(times + 1):  # the first fills the disk's cache
            run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=300)
            seconds.append(float(run.stdout))
    return statistics.median(seconds[1:])


def _planning(quick: bool) -> float:
    content, _ = workbook(SHEETS // 10 if quick else SHEETS)
    return _planned(content, 1 if quick else 7)


def _thousand(quick: bool) -> float:
    return _planned(workbook_of_formulas(100 if quick else 1_000), 1 if quick else 7)


def _overhead(quick: bool) -> float:
    """Return the milliseconds a sheet that a run takes beyond its planning and beyond numpy by hand.

    Runs, plans and numpy's passes over the same columns take turns; the medians count.
    """
    import sheetline as sl

    sheets = SHEETS // 10 if quick else SHEETS
    content, last = workbook(sheets)
    base = _base(ROWS)
    frame = {"Base": pd.DataFrame(base)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book.json")
        path.write_text(json.dumps(content), "utf-8")
        book = sl.Workbook.load(path)
    times: dict[str, list[float]] = {"run": [], "plan": [], "numpy": []}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = work()
        times[name].append(time.perf_counter() - start)
        return result

    def numpy() -> list[dict[str, Any]]:
        chains = [dict(base) for _ in range(CHAINS)]
        for sheet in range(sheets):
            chains[sheet % CHAINS] = _by_hand(sheet, chains[sheet % CHAINS])
        return chains

    for _ in range(2 if quick else 7):
        run = timed("run", lambda: book.run(sources=frame, sheets=last))
        timed("plan", lambda: book.plan(sources=frame))
        chains = timed("numpy", numpy)
    for chain, name in zip(chains, last, strict=True):
        got = run[name].to_pandas()
        for column, values in chain.items():
            if not np.allclose(got[column], values, rtol=1e-9, atol=1e-9):
                raise RuntimeError(f"{name}!{column} differs from numpy's")
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    return (medians["run"] - medians["plan"] - medians["numpy"]) / sheets * 1_000


def _count(rows: int) -> int:
    """Return how many columns are made: fewer of fewer rows, so that a quick run is quick."""
    return WIDE if rows == ROWS else WIDE // 20


def _wide_sheetline(inputs: Inputs) -> Callable[[], Any]:
    formulas = {f"w{i}": f"#a * {i} + #b / {i + 1} - #c" for i in range(_count(inputs["t"].num_rows))}
    return sides.columns(formulas)(inputs)


def _wide_pandas(frame: Any) -> Any:
    a, b, c = (frame[name] for name in "abc")
    return pd.DataFrame({f"w{i}": a * i + b / (i + 1) - c for i in range(_count(len(frame)))}, copy=False)


def _wide_polars(inputs: Inputs) -> Callable[[], Any]:
    import polars as pl

    frame = data.polars_frame(inputs["t"])

    def run() -> Any:  # the expressions are made in it, as sheetline parses its formulas in it
        a, b, c = (pl.col(name) for name in "abc")
        return frame.lazy().select(**{f"w{i}": a * i + b / (i + 1) - c for i in range(_count(frame.height))}).collect()

    return run


def _wide_duckdb(inputs: Inputs) -> Callable[[], Any]:
    columns = ", ".join(f"a * {i} + b / {i + 1} - c AS w{i}" for i in range(_count(inputs["t"].num_rows)))
    return sides.duckdb(f"SELECT {columns} FROM t")(inputs)


CASES = [
    Case(
        name="5,000 columns of one sheet",
        family=FAMILY,
        rows=ROWS,
        prepare=lambda rows: {"t": data.numbers(rows)},
        sides={
            "sheetline": _wide_sheetline,
            "pandas": sides.pandas(_wide_pandas),
            "polars": _wide_polars,
            "duckdb": _wide_duckdb,
        },
    ),
]
PROBES = [
    Probe("300 sheets x 20 columns, load and plan", FAMILY, "s", 1.0, _planning, exact=False),
    Probe("300 sheets x 20 columns, beyond numpy", FAMILY, "ms/sheet", 3.0, _overhead, exact=False),
    Probe("1,000 formulas parsed and bound", FAMILY, "s", 1.0, _thousand, exact=False),
]
