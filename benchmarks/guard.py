"""The guard against getting slower: ``python -m benchmarks --guard``.

For a few workloads the processor time of sheetline, all threads together, is divided by that of the hand-written
pandas or numpy way over the same input in the same process. The two take turns, and of each the least of many runs
counts: what else the machine does adds to a run, and never takes away. Processor time does not grow while others
run, and the quotient hardly depends on how fast the machine is, so that ratios stored on one machine can be held
against those of another.

A ratio that is more than a quarter above the stored one is measured again, up to three times, before it counts.
"""

import gc
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import conditions, elements, groups, joins, report, series, texts, trips
from benchmarks.equality import difference
from benchmarks.harness import OURS, Case, Disagreement

STORED = Path(__file__).with_name("guard.json")
TOLERANCE = 0.25
ATTEMPTS = 4  # the first, and three more
ROUNDS = (5, 40)  # at least, at most
SECONDS = 2.0  # of processor time: a workload's rounds end then
REFERENCE = "pandas"


@dataclass(frozen=True, slots=True)
class Workload:
    """Two ways to one result. ``make`` prepares the inputs and gives sheetline's way and the reference."""

    name: str
    make: Callable[[], tuple[Callable[[], Any], Callable[[], Any]]]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a workload's ratio is, and was when it was stored (None: never)."""

    name: str
    ratio: float
    stored: float | None
    attempts: int

    @property
    def change(self) -> float | None:
        """Return by which share the ratio grew."""
        return None if self.stored is None else self.ratio / self.stored - 1

    @property
    def failed(self) -> bool:
        """Return whether it is too slow, or nobody knows how slow it may be."""
        return self.change is None or self.change > TOLERANCE


def _of_case(cases: Sequence[Case], name: str, rows: int) -> Workload:
    (case,) = (case for case in cases if case.name == name)

    def make() -> tuple[Callable[[], Any], Callable[[], Any]]:
        inputs = case.prepare(rows)
        return case.sides[OURS](inputs), case.sides[REFERENCE](inputs)

    return Workload(name, make, case.keys)


def _many_sheets() -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return a workbook of 20 sheets over few rows, so that planning and the steps' own cost are what counts, and as
    its reference operations on small frames, of which pandas' own cost is what counts."""
    import sheetline as sl

    columns = {name: f"IF(#{name} > 50; #{name} * 2; ABS(#{name} - 1))" for name in "abcd"}
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({name: rng.uniform(0, 100, 200) for name in "abcd"})
    book: Any = sl.Workbook("Small").source("S0", type="frame")
    for number in range(20):
        formulas = {name: text.replace("#", f"#S{number}!") for name, text in columns.items()}
        book = book.formulas(f"S{number + 1}", of=f"S{number}", columns=formulas)

    def reference() -> Any:
        made = frame
        for _ in range(20):
            new = {}
            for name in "abcd":
                doubled, far = made[name] * 2, (made[name] - 1).abs()
                new[name] = doubled.where(made[name] > 50, far)
            made = pd.DataFrame(new)
        return made

    return lambda: book.run(sources={"S0": frame}, sheets=["S20"])["S20"].to_pandas(), reference


WORKLOADS = (
    _of_case(elements.CASES, "HAVERSINE", 1_000_000),
    _of_case(elements.CASES, "ten arithmetic columns", 1_000_000),
    _of_case(conditions.CASES, "AND, OR over columns", 1_000_000),
    _of_case(texts.CASES, "CONCAT", 500_000),
    _of_case(groups.CASES, "12 percentiles, 30 k groups", 1_000_000),
    _of_case(groups.CASES, "8 aggregates, 30 k groups", 1_000_000),
    _of_case(series.CASES, "sessions", 500_000),
    _of_case(joins.CASES, "join 1:n, by number", 500_000),
    _of_case(trips.CASES, "trips, 0.5 M events", 200_000),
    Workload("20 small sheets", _many_sheets),
)


def measure(workload: Workload) -> float:
    """Return the ratio: the least processor time of sheetline's way by the least of the reference's.

    Both run once before, which warms them up and shows that they agree.
    """
    ours, reference = workload.make()
    found = difference(ours(), reference(), workload.keys)
    if found is not None:
        raise Disagreement(f"{workload.name}: {OURS} and its reference differ: {found}")
    least = [float("inf"), float("inf")]
    gc.collect()
    gc.freeze()  # what stands is not looked through again before each run
    begin = time.process_time()
    for number in range(1, ROUNDS[1] + 1):
        for place, way in enumerate((ours, reference)):
            gc.collect()
            start = time.process_time()
            way()
            least[place] = min(least[place], time.process_time() - start)
        if number >= ROUNDS[0] and time.process_time() - begin > SECONDS:
            break
    gc.unfreeze()
    return least[0] / least[1]


def judge(workloads: Sequence[Workload], stored: Mapping[str, float]) -> list[Verdict]:
    """Measure all workloads; one that seems too slow again, and its best ratio counts."""
    verdicts = []
    for workload in workloads:
        best = float("inf")
        for attempt in range(1, ATTEMPTS + 1):
            best = min(best, measure(workload))
            verdict = Verdict(workload.name, best, stored.get(workload.name), attempt)
            if not verdict.failed or verdict.stored is None:
                break
        verdicts.append(verdict)
    return verdicts


def table(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as text."""
    lines = [f"{'workload':30} {'ratio':>7} {'stored':>7} {'change':>7}"]
    for verdict in verdicts:
        stored = "" if verdict.stored is None else f"{verdict.stored:.3f}"
        change = "" if verdict.change is None else f"{verdict.change:+.0%}"
        word = "TOO SLOW" if verdict.change is not None and verdict.failed else ("NOT STORED" if verdict.failed else "")
        again = f"  (measured {verdict.attempts} times)" if verdict.attempts > 1 else ""
        lines.append(f"{verdict.name:30} {verdict.ratio:7.3f} {stored:>7} {change:>7}  {word}{again}".rstrip())
    return "\n".join(lines)


def main(*, store: bool, workloads: Sequence[Workload] = WORKLOADS, path: Path = STORED) -> int:
    """Hold the workloads against the stored ratios, or store them; return the exit code."""
    versions = {name: report.machine()["versions"][name] for name in ("numpy", "pandas", "pyarrow")}
    if store:
        # the middle of three: the least would be luck that later runs are held against
        ratios = {workload.name: sorted(measure(workload) for _ in range(3))[1] for workload in workloads}
        rounded = {name: round(ratio, 4) for name, ratio in ratios.items()}
        path.write_text(json.dumps({"versions": versions, "ratios": rounded}, indent=2) + "\n", "utf-8")
        print(table([Verdict(name, ratio, ratio, 1) for name, ratio in ratios.items()]))
        return 0
    kept = json.loads(path.read_text("utf-8"))
    if kept["versions"] != versions:
        print(f"stored with {kept['versions']}, here are {versions}: the references may have changed")
    verdicts = judge(workloads, kept["ratios"])
    print(table(verdicts))
    failed = [verdict.name for verdict in verdicts if verdict.failed]
    if failed:
        print(f"\n{len(failed)} of {len(verdicts)} workloads are more than {TOLERANCE:.0%} slower than stored.")
        print("If that is meant: python -m benchmarks --guard --store")
    return 1 if failed else 0
