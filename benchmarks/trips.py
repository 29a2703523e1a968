"""The trips workbook: 5 M events in a Parquet file to 29 features a trip, reading included.

sheetline runs the example's own workbook; the others do by hand what its sheets say. Everything starts
at the file and ends with the table of complete trips.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks import trips_by_hand as hand
from benchmarks.harness import Case, Inputs, Probe

ROWS = 5_000_000
ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "telematics"
STORE = ROOT / ".benchmarks"
SOURCES = ("simulate.py", "fleet.py")


def events_file(rows: int) -> Path:
    """Return the file of simulated events; it is made when there is none or the simulator is newer."""
    path = STORE / f"events-{rows}" / "events.parquet"
    newest = max((EXAMPLE / name).stat().st_mtime for name in SOURCES)
    if not path.exists() or path.stat().st_mtime < newest:
        options = ["--events", str(rows), "--seed", "7", "--out", str(path)]
        subprocess.run([sys.executable, str(EXAMPLE / "simulate.py"), *options], check=True)
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
    return lambda: workbook.run(sheets=["Complete"])["Complete"].to_pandas()[hand.COLUMNS]


MEMORY = """
import resource, sys
import sheetline as sl
run = sl.Workbook.load(sys.argv[1]).run(sheets=["Complete"])
rows = len(run["Complete"].to_pandas())
assert rows > 0
try:
    with open("/proc/self/status") as status:
        (peak,) = (int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if sys.platform == "darwin":
        peak //= 1024
print(peak * 1024)
"""


def _memory_ratio(_quick: bool) -> float:
    """Return the peak memory of a process that does nothing but the trips run, as a multiple of the
    events as an Arrow table.

    On Linux the peak is the kernel's VmHWM, since ``ru_maxrss`` of a started process begins with what
    its parent held. The interpreter and all libraries count, so that small sizes would say nothing and
    there are none.
    """
    events = events_file(ROWS)
    command = [sys.executable, "-c", MEMORY, str(workbook_file(events))]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout)
    return peak / pq.read_table(events).nbytes


CASES = [
    Case(
        name="trips workbook from Parquet",
        rows=ROWS,
        prepare=_prepare,
        sides={
            "sheetline": _sheetline,
            "pandas": hand.pandas_side,
            "polars": hand.polars_side,
            "duckdb": hand.duckdb_side,
        },
        limits={"pandas": 0.35, "polars": 1.0},
        keys=("Sensor_Code", "Trip_Start"),
    )
]
PROBES = [Probe("peak memory of trips / events", "x", 4.0, _memory_ratio)]
