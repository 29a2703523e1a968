"""The harness: sides of a case are first compared, then timed in turns; the medians and ratios count.

A *case* is one task with one hand-written side an engine. All sides get the same inputs in their own
native form, made before the clock starts, and give a whole result in their own native form. A *probe*
measures one number about sheetline (a latency, a share of memory, one run as a share of another).
"""

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.equality import difference

Inputs = dict[str, Any]
Side = Callable[[Inputs], Callable[[], Any]]

OURS = "sheetline"
ROOT = Path(__file__).resolve().parents[1]
STORE = ROOT / ".benchmarks"  # inputs that are files, made once
SLOW = 8.0  # seconds
FEW = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One task, its sizes, and how each engine does it.

    ``limits`` says how many seconds of sheetline a second of another engine may cost at most.
    ``keys`` sorts the results before they are compared, where engines give rows in their own order.
    ``memory`` asks for the peak memory of each side too, ``large`` cases run only when they are asked for.
    Engines in ``few`` are so slow that they are timed three times only. ``setup`` asks for the seconds to the first
    result, which nothing else counts.
    """

    name: str
    family: str
    rows: int
    prepare: Callable[[int], Inputs]
    sides: Mapping[str, Side]
    limits: Mapping[str, float] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    quick_divisor: int = 200
    memory: bool = False
    large: bool = False
    few: tuple[str, ...] = ()
    setup: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """One number of sheetline alone, in ``unit``: at most ``limit``, or at least where ``least`` is set, if it has one.

    ``measure(quick)`` gives it; it is free to ignore ``quick``, unless ``exact`` is not set: then small sizes say
    too little for the limit to count.
    """

    name: str
    family: str
    unit: str
    limit: float | None
    measure: Callable[[bool], float]
    least: bool = False
    large: bool = False
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case or a probe gave: seconds (or the probe's unit) an engine, bytes, and the limits.

    ``runs`` is how often each side was timed, ``setup`` the seconds from its inputs to its first result where a
    case asks for them; ``least`` tells that limits are lower ones.
    """

    name: str
    rows: int
    unit: str
    medians: Mapping[str, float]
    spread: Mapping[str, tuple[float, float]]
    limits: Mapping[str, float]
    family: str = ""
    memory: Mapping[str, int] = field(default_factory=dict)
    runs: Mapping[str, int] = field(default_factory=dict)
    setup: Mapping[str, float] = field(default_factory=dict)
    least: bool = False

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
            if measured is not None and (measured < limit if self.least else measured > limit):
                what = self.unit if engine == OURS else f"of {engine}"
                missed.append(f"{self.name}: {measured:.3g} {what}, at {'least' if self.least else 'most'} {limit:g}")
        return missed


class Disagreement(Exception):  # noqa: N818 - it is the finding of a benchmark, not a fault in it
    """Two engines gave different results, so that their times can't be compared."""


def run_case(case: Case, *, quick: bool, engines: Sequence[str], repeats: int) -> Outcome:
    """Prepare, compare and time one case."""
    rows = case.rows // case.quick_divisor if quick else case.rows
    inputs = case.prepare(rows)
    thunks: dict[str, Callable[[], Any]] = {}
    setup = {}
    for name in (name for name in case.sides if name in engines):
        start = time.perf_counter()
        thunks[name] = case.sides[name](inputs)
        setup[name] = time.perf_counter() - start
    del inputs
    took = _compare(case, thunks)
    # what takes so long that nobody waits for it, and decides about no limit, is timed a few times only
    few = {name for name, seconds in took.items() if seconds > SLOW and name != OURS and name not in case.limits}
    few.update(case.few)
    seconds = _time_in_turns(thunks, {name: min(repeats, FEW) if name in few else repeats for name in thunks})
    return Outcome(
        name=case.name,
        family=case.family,
        rows=rows,
        unit="s",
        medians={name: statistics.median(times) for name, times in seconds.items()},
        spread={name: (min(times), max(times)) for name, times in seconds.items()},
        limits={} if quick else case.limits,  # at small sizes fixed costs weigh too much
        runs={name: len(times) for name, times in seconds.items()},
        setup={name: setup[name] + took[name] for name in thunks} if case.setup else {},
    )


def run_probe(probe: Probe, *, quick: bool) -> Outcome:
    """Measure one number of sheetline."""
    value = probe.measure(quick)
    return Outcome(
        name=probe.name,
        family=probe.family,
        rows=0,
        unit=probe.unit,
        medians={OURS: value},
        spread={OURS: (value, value)},
        limits={OURS: probe.limit} if probe.limit is not None and (probe.exact or not quick) else {},
        least=probe.least,
    )


def _compare(case: Case, thunks: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Run every side once, which also warms it up, hold its result against the first one's, and return the seconds."""
    reference: tuple[str, Any] | None = None
    took = {}
    for name, thunk in thunks.items():
        start = time.perf_counter()
        result = thunk()
        took[name] = time.perf_counter() - start
        if reference is None:
            reference = (name, result)
            continue
        found = difference(reference[1], result, case.keys)
        if found is not None:
            raise Disagreement(f"{case.name}: {reference[0]} and {name} differ: {found}")
    return took


def _time_in_turns(thunks: Mapping[str, Callable[[], Any]], repeats: Mapping[str, int]) -> dict[str, list[float]]:
    """Time the sides round by round, each round beginning with another one, so that a slow phase of
    the machine meets all of them."""
    names = list(thunks)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    gc.freeze()  # else each collection between the runs goes through all that the engines' modules hold
    for round_number in range(max(repeats.values(), default=0)):
        shift = round_number % len(names)
        for name in names[shift:] + names[:shift]:
            if len(seconds[name]) == repeats[name]:
                continue
            gc.collect()
            start = time.perf_counter()
            result = thunks[name]()
            seconds[name].append(time.perf_counter() - start)
            del result
    return seconds
