"""Runs that are kept: what a changed formula costs with the cache, and what a record costs, for the trips workbook."""

import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.harness import Probe
from benchmarks.trips import events_file, workbook_file

FAMILY = "records and cache"
ROWS = 1_000_000
SHEETS = ("Complete", "Keys", "Tally", "Pace", "Dropped")


def _book(rows: int, change: Callable[[dict[str, Any]], None] | None = None) -> Any:
    """Return the workbook over so many events, changed by ``change`` of {"Sheet!Column": the column}."""
    import sheetline as sl

    path = workbook_file(events_file(rows))
    if change is not None:
        content = json.loads(path.read_text("utf-8"))
        columns = {
            f"{sheet['name']}!{column['name']}": column
            for sheet in content["sheets"]
            for column in sheet.get("columns", [])
        }
        change(columns)
        path = path.with_name("changed.json")
        path.write_text(json.dumps(content), "utf-8")
    return sl.Workbook.load(path)


def _feature(number: int) -> Callable[[dict[str, Any]], None]:
    """Return a change of one feature, a different one for each number."""

    def change(columns: dict[str, Any]) -> None:
        columns["Features!Fast"]["formula"] = f"GROUPCOUNTIF(#Moves!Acceleration > $fast + {number})"

    return change


def _step(number: int) -> Callable[[dict[str, Any]], None]:
    """Return a change of the speed, which half of the features is made of."""

    def change(columns: dict[str, Any]) -> None:
        columns["Speeds!Speed"]["formula"] = f"SAFEDIVIDE(#Miles;#Hours) + {number}"

    return change


def _settle() -> None:
    """Wait until the system has written what others left, so that each side pays for its own files alone."""
    gc.collect()
    if hasattr(os, "sync"):
        os.sync()


def _changed(
    maker: Callable[[int], Callable[[dict[str, Any]], None]], *, empty: bool = False
) -> Callable[[bool], float]:
    """Return a measure: the seconds of a run with the cache after one change, as a share of those of a cold run.

    A cold run is one without the cache, or with ``empty`` one that finds the cache empty and fills it. All outputs'
    and kept sheets are made, the results must be equal to the bit, and no two runs have the same change. Medians of
    runs in turns.
    """

    def measure(quick: bool) -> float:
        rows = ROWS // 10 if quick else ROWS
        cold, warm = [], []
        with tempfile.TemporaryDirectory() as folder:
            _book(rows).run(cache=folder)
            for number in range(1, 3 if quick else 8):
                book = _book(rows, maker(number))
                with tempfile.TemporaryDirectory() as other:
                    _settle()
                    start = time.perf_counter()
                    fresh = book.run(cache=other if empty else False)
                    cold.append(time.perf_counter() - start)
                _settle()
                start = time.perf_counter()
                kept = book.run(cache=folder)
                warm.append(time.perf_counter() - start)
                for sheet in SHEETS:
                    if not kept[sheet].to_arrow().equals(fresh[sheet].to_arrow()):
                        raise RuntimeError(f"sheet {sheet} from the cache differs from a run without it")
        return statistics.median(warm) / statistics.median(cold)

    return measure


def _recorded(quick: bool) -> float:
    """Return the processor time of a run with a record as a multiple of one without: the median of runs in turns."""
    book = _book(ROWS // 10 if quick else ROWS)
    book.run(record=True)
    ratios = []
    for _ in range(2 if quick else 7):
        start = time.process_time()
        book.run()
        middle = time.process_time()
        book.run(record=True)
        ratios.append((time.process_time() - middle) / (middle - start))
    return statistics.median(ratios)


def _folder_bytes(quick: bool) -> float:
    """Return the size of a record on disk, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        _book(ROWS // 10 if quick else ROWS).run(record=folder)
        return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6


PROBES = [
    Probe("one feature changed / cold, cache empty", FAMILY, "x", 0.2, _changed(_feature, empty=True), exact=False),
    Probe("one feature changed / cold, no cache", FAMILY, "x", None, _changed(_feature), exact=False),
    Probe("the speed changed / cold, cache empty", FAMILY, "x", None, _changed(_step, empty=True), exact=False),
    Probe("processor time with a record / without", FAMILY, "x", 1.1, _recorded, exact=False),
    Probe("size of a record", FAMILY, "MB", None, _folder_bytes, exact=False),
]
