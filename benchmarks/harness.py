"""The harness: sides of a case are first compared, then timed in turns; the medians and ratios count.

A *case* is one task with one hand-written side an engine. All sides get the same inputs in their own
native form, made before the clock starts, and give a whole result in their own native form. A *probe*
measures one number of sheetline alone (a latency, a share of memory).
"""

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.equality import difference

Inputs = dict[str, Any]
Side = Callable[[Inputs], Callable[[], Any]]

OURS = "sheetline"


@dataclass(frozen=True, slots=True)
class Case:
    """One task, its sizes, and how each engine does it.

    ``limits`` says how many seconds of sheetline a second of another engine may cost at most.
    ``keys`` sorts the results before they are compared, where engines give rows in their own order.
    """

    name: str
    rows: int
    prepare: Callable[[int], Inputs]
    sides: Mapping[str, Side]
    limits: Mapping[str, float] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    quick_divisor: int = 50


@dataclass(frozen=True, slots=True)
class Probe:
    """One number of sheetline alone; at most ``limit``. ``measure(quick)`` gives it in ``unit``."""

    name: str
    unit: str
    limit: float
    measure: Callable[[bool], float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case or a probe gave: seconds (or the probe's unit) an engine, and the limits."""

    name: str
    rows: int
    unit: str
    medians: Mapping[str, float]
    spread: Mapping[str, tuple[float, float]]
    limits: Mapping[str, float]

    def ratio(self, engine: str) -> float | None:
        """Return sheetline's median as a share of the engine's."""
        if OURS in self.medians and engine in self.medians and engine != OURS:
            return self.medians[OURS] / self.medians[engine]
        return None

    def misses(self) -> list[str]:
        """Return a line for each limit that was not kept."""
        missed = []
        for engine, limit in self.limits.items():
            measured = self.medians.get(OURS) if engine == OURS else self.ratio(engine)
            if measured is not None and measured > limit:
                what = self.unit if engine == OURS else f"of {engine}"
                missed.append(f"{self.name}: {measured:.2f} {what}, at most {limit:g}")
        return missed


class Disagreement(Exception):  # noqa: N818 - it is the finding of a benchmark, not a fault in it
    """Two engines gave different results, so that their times can't be compared."""


def run_case(case: Case, *, quick: bool, engines: Sequence[str], repeats: int) -> Outcome:
    """Prepare, compare and time one case."""
    rows = case.rows // case.quick_divisor if quick else case.rows
    inputs = case.prepare(rows)
    thunks = {name: case.sides[name](inputs) for name in engines if name in case.sides}
    _compare(case, thunks)
    seconds = _time_in_turns(thunks, repeats)
    return Outcome(
        name=case.name,
        rows=rows,
        unit="s",
        medians={name: statistics.median(times) for name, times in seconds.items()},
        spread={name: (min(times), max(times)) for name, times in seconds.items()},
        limits={} if quick else case.limits,  # at small sizes fixed costs weigh too much
    )


def run_probe(probe: Probe, *, quick: bool) -> Outcome:
    """Measure one number of sheetline."""
    value = probe.measure(quick)
    return Outcome(probe.name, 0, probe.unit, {OURS: value}, {OURS: (value, value)}, {OURS: probe.limit})


def _compare(case: Case, thunks: Mapping[str, Callable[[], Any]]) -> None:
    """Run every side once, which also warms it up, and hold its result against the first one's."""
    reference: tuple[str, Any] | None = None
    for name, thunk in thunks.items():
        result = thunk()
        if reference is None:
            reference = (name, result)
            continue
        found = difference(reference[1], result, case.keys)
        if found is not None:
            raise Disagreement(f"{case.name}: {reference[0]} and {name} differ: {found}")


def _time_in_turns(thunks: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Time the sides round by round, each round beginning with another one, so that a slow phase of
    the machine meets all of them."""
    names = list(thunks)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for round_number in range(repeats):
        shift = round_number % len(names) if names else 0
        for name in names[shift:] + names[:shift]:
            gc.collect()
            start = time.perf_counter()
            result = thunks[name]()
            seconds[name].append(time.perf_counter() - start)
            del result
    return seconds
