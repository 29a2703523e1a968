"""The trips workbook: 0.5, 5 and 20 M events in a Parquet file to 29 features a trip, reading included.

sheetline runs the example's own workbook; the others do by hand what its sheets say. Everything starts
at the file and ends with the table of complete trips, in memory; the cold command, from the shell, ends with
the two CSV files of features.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks import trips_by_hand as hand
from benchmarks.harness import ROOT, STORE, Case, Inputs, Probe, Side
from benchmarks.trips_polars import COLUMNS

ROWS = 5_000_000
LARGE = 20_000_000
EXAMPLE = ROOT / "examples" / "telematics"
SOURCES = ("simulate.py", "fleet.py")
FAMILY = "trips workbook"


def events_file(rows: int) -> Path:
    """Return the file of simulated events; it is made when there is none or the simulator is newer."""
    path = STORE / f"events-{rows}" / "events.parquet"
    newest = max((EXAMPLE / name).stat().st_mtime for name in SOURCES)
    if not path.exists() or path.stat().st_mtime < newest:
        options = ["--events", str(rows), "--seed", "7", "--out", str(path)]
        subprocess.run([sys.executable, str(EXAMPLE / "simulate.py"), *options], check=True, stdout=subprocess.DEVNULL)
    return path


def workbook_file(events: Path) -> Path:
    """Return the example's workbook as a copy beside the events that reads them."""
    workbook = json.loads((EXAMPLE / "trips.json").read_text("utf-8"))
    source = next(sheet for sheet in workbook["sheets"] if sheet["name"] == "Events")
    source["from"]["path"] = events.name
    path = events.with_name("trips.json")
    path.write_text(json.dumps(workbook), "utf-8")
    return path


def _prepare(rows: int) -> Inputs:
    events = events_file(rows)
    return {"events": events, "workbook": workbook_file(events)}


def _sheetline(inputs: Inputs) -> Callable[[], Any]:
    import sheetline as sl

    workbook = sl.Workbook.load(inputs["workbook"])
    return lambda: workbook.run(sheets=["Complete"])["Complete"].to_pandas()[COLUMNS]


def _command(make: Callable[[Inputs, str], list[str]], name: str) -> Side:
    """Return a side that starts a command which writes ``features.csv``, and gives the file."""

    def side(inputs: Inputs) -> Callable[[], Any]:
        out: Path = inputs["events"].parent / name
        command = make(inputs, str(out))

        def run() -> Path:
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600)
            (written,) = out.rglob("features.csv")
            return written

        return run

    return side


def _our_command(inputs: Inputs, out: str) -> list[str]:
    options = ["--sheet", "Complete", "--quiet", "--out", out]
    return [sys.executable, "-m", "sheetline", "run", str(inputs["workbook"]), *options]


def _polars_command(inputs: Inputs, out: str) -> list[str]:
    return [sys.executable, str(ROOT / "benchmarks" / "trips_polars.py"), str(inputs["events"]), out]


def _memory_share(quick: bool) -> float:
    """Return the peak memory of a process that does nothing but the trips run, as a multiple of the
    events as an Arrow table."""
    rows = ROWS // 200 if quick else ROWS
    peak = _alone if Path("/proc/self/status").exists() else _peak  # elsewhere the other engines' imports count too
    return peak(rows) / pq.read_table(events_file(rows)).nbytes


def _large_gigabytes(quick: bool) -> float:
    return _peak(LARGE // 200 if quick else LARGE) / 1e9


def _peak(rows: int) -> int:
    from benchmarks.memory import of_side

    return of_side(CASES[1], "sheetline", rows)


ALONE = """
import sys
import sheetline as sl
run = sl.Workbook.load(sys.argv[1]).run(sheets=["Complete"])
assert len(run["Complete"].to_pandas())
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


def _alone(rows: int) -> int:
    """Return the peak memory, in bytes, of a process that does nothing but the trips run."""
    command = [sys.executable, "-c", ALONE, str(workbook_file(events_file(rows)))]
    run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    return int(run.stdout) * 1024


SECOND = """
import sys, time
import sheetline as sl
workbook = sl.Workbook.load(sys.argv[1])
for _ in range(2):
    start = time.perf_counter()
    rows = len(workbook.run(sheets=["Complete"])["Complete"].to_pandas())
    seconds = time.perf_counter() - start
print(seconds)
"""


def _growth(quick: bool) -> float:
    """Return the time of an event among 20 M as a multiple of that among 5 M: second runs of fresh processes, in
    turns, the median of three ratios."""
    ratios = []
    for _ in range(1 if quick else 3):
        seconds = []
        for rows in (ROWS, LARGE):
            count = rows // 200 if quick else rows
            command = [sys.executable, "-c", SECOND, str(workbook_file(events_file(count)))]
            run = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
            seconds.append(float(run.stdout) / count)
        ratios.append(seconds[1] / seconds[0])
    return statistics.median(ratios)


def _case(name: str, rows: int, limits: dict[str, float], *, large: bool = False) -> Case:
    return Case(
        name=name,
        family=FAMILY,
        rows=rows,
        prepare=_prepare,
        sides={
            "sheetline": _sheetline,
            "pandas": hand.pandas_side,
            "polars": hand.polars_side,
            "duckdb": hand.duckdb_side,
        },
        limits=limits,
        keys=("Sensor_Code", "Trip_Start"),
        memory=True,
        large=large,
    )


CASES = [
    _case("trips, 0.5 M events", 500_000, {}),
    _case("trips, 5 M events", ROWS, {"pandas": 0.15, "polars": 0.45, "duckdb": 0.45}),
    _case("trips, 20 M events", LARGE, {}, large=True),
    Case(
        name="trips from the shell, cold",
        family=FAMILY,
        rows=ROWS,
        prepare=_prepare,
        sides={"sheetline": _command(_our_command, "ours"), "polars": _command(_polars_command, "polars")},
        limits={"polars": 1.0},
        keys=("f0",),  # the length: a computed float, but no two trips are equally long
    ),
]
PROBES = [
    Probe("peak memory of trips / events", FAMILY, "x", 4.0, _memory_share, exact=False),
    Probe("peak memory of trips, 20 M events", FAMILY, "GB", 6.0, _large_gigabytes, large=True, exact=False),
    Probe("an event of 20 M / of 5 M", FAMILY, "x", 1.15, _growth, large=True, exact=False),
]
