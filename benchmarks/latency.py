"""What a person waits for: one formula parsed and bound, a workbook checked, the command started."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Probe

FAMILY = "waiting"
SCHEMA = {"Latitude": "float", "Longitude": "float", "Speed": "float", "Sensor": "string", "Time": "date"}


def _formula(number: int) -> str:
    """Return one of many different formulas of everyday size, so that no cache can answer."""
    return (
        f"IF(ISNULL(#Speed) || #Speed > {number}; ROUND(HAVERSINE(#Latitude;#Longitude;0;{number % 90}); 3); "
        f"ABS(#Latitude - {number}) * 1.609344 + {number})"
    )


def _bind_milliseconds(quick: bool) -> float:
    """Return the median milliseconds of parsing and binding one formula, in a warm process."""
    import sheetline as sl

    count = 50 if quick else 500
    for number in range(10):
        sl.compile(_formula(number), SCHEMA)
    seconds = []
    for number in range(10, 10 + count):
        formula = _formula(number)
        start = time.perf_counter()
        sl.compile(formula, SCHEMA)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1_000


def workbook_of_formulas(count: int) -> dict[str, object]:
    """Return a workbook with ``count`` formulas in one sheet, each also using the one before."""
    columns = [{"name": "c0", "formula": _formula(1)}]
    columns += [{"name": f"c{i}", "formula": f"{_formula(i)} + #c{i - 1}"} for i in range(1, count)]
    listed = [{"name": name, "type": kind} for name, kind in SCHEMA.items()]
    return {
        "format": "sheetline/1",
        "name": "Many formulas",
        "sheets": [
            {
                "name": "Events",
                "kind": "source",
                "from": {"type": "csv", "path": "events.csv"},
                "columns": listed,
            },
            {"name": "Many", "kind": "formulas", "of": "Events", "columns": columns},
        ],
    }


CHECK = """
import sys, time
import sheetline as sl
sl.compile("1 + 1")  # the start: grammar and functions are loaded
sl.Workbook("start").check()
start = time.perf_counter()
found = sl.Workbook.load(sys.argv[1]).check()
print(time.perf_counter() - start)
"""


def _check_seconds(quick: bool) -> float:
    """Return the seconds of loading and checking 100 formulas, in a fresh process after its start."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "many.json")
        path.write_text(json.dumps(workbook_of_formulas(100)), "utf-8")
        Path(folder, "events.csv").write_text(",".join(SCHEMA) + "\n1.5,2.5,30,s1,2024-02-29T10:00:00Z\n", "utf-8")
        command = [sys.executable, "-c", CHECK, str(path)]
        return _median(lambda: float(_output(command)), quick)


def _cold_eval_seconds(quick: bool) -> float:
    """Return the seconds of ``sheetline eval 'ABS(-3)'`` from the start of the process to its end."""
    command = [sys.executable, "-m", "sheetline", "eval", "ABS(-3)"]

    def once() -> float:
        start = time.perf_counter()
        answer = _output(command)
        seconds = time.perf_counter() - start
        if answer.split() != ["3"]:
            raise RuntimeError(f"sheetline eval 'ABS(-3)' printed {answer!r}")
        return seconds

    return _median(once, quick)


def _median(measure: Callable[[], float], quick: bool) -> float:
    measure()  # the disk's cache and the compiled modules
    return statistics.median(measure() for _ in range(1 if quick else 7))


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


PROBES = [
    Probe("parse and bind one formula", FAMILY, "ms", 1.0, _bind_milliseconds),
    Probe("load and check 100 formulas", FAMILY, "s", 0.3, _check_seconds),
    Probe("cold sheetline eval 'ABS(-3)'", FAMILY, "s", 1.0, _cold_eval_seconds),
]
