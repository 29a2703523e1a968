"""What group series give, written as plain loops over the records of one group.

Each oracle gets the records in order, a tuple of the row arguments each (None is null, :class:`Failure` an
error value), and the constants; it gives the values of the rows made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, pairwise
from statistics import median, stdev
from typing import Any

from oracles_math import haversine

from sheetline.functions.declare import Failure

Records = list[tuple[Any, ...]]
Oracle = Callable[..., list[Any]]
ORACLES: dict[str, Oracle] = {}
I64 = range(-(2**63), 2**63)


def oracle(name: str) -> Callable[[Oracle], Oracle]:
    def add(function: Oracle) -> Oracle:
        ORACLES[name] = function
        return function

    return add


def bad(value: Any) -> bool:
    return isinstance(value, Failure)


def whole(value: Any) -> Any:
    """An integer result, or its overflow."""
    return Failure("OVERFLOW") if isinstance(value, int) and value not in I64 else value


def running(records: Records, use: Callable[[list[Any]], Any]) -> list[Any]:
    """Apply ``use`` to the non-null values so far; errors are carried."""
    out: list[Any] = []
    seen: list[Any] = []
    broken: Failure | None = None
    for (value,) in records:
        if value is None:
            out.append(None)
            continue
        if bad(value):
            broken = broken or value
        else:
            seen.append(value)
        out.append(broken or whole(use(seen)))
    return out


def windows(records: Records, size: int, use: Callable[[list[Any]], Any]) -> list[Any]:
    out: list[Any] = []
    for place, (value,) in enumerate(records):
        inside = [v for (v,) in records[max(place - size + 1, 0) : place + 1] if v is not None]
        broken = next((v for v in inside if bad(v)), None)
        out.append(None if value is None else broken or whole(use(inside)))
    return out


def over_all(records: Records, use: Callable[[list[Any], Any], Any]) -> list[Any]:
    """Apply ``use`` to all values of the group and the record's own; one error is everybody's."""
    values = [v for (v,) in records if v is not None]
    broken = next((v for v in values if bad(v)), None)
    return [None if v is None else broken or use(values, v) for (v,) in records]


def shifted(records: Records, step: int) -> list[Any]:
    places = range(len(records))
    return [records[p + step][0] if p + step in places else None for p in places]


def sum_left(values: list[Any]) -> Any:
    total: Any = 0.0 if values and isinstance(values[0], float) else 0
    for value in values:
        total += value
    return total


def mean(values: list[Any]) -> float:
    return float(sum(map(Fraction, values)) / len(values))


ORACLES["GROUP_SORT_ASC"] = ORACLES["GROUP_SORT_DESC"] = lambda records: [v for (v,) in records]
ORACLES["GROUP_PREVIOUS"] = lambda records, k=1: shifted(records, -k)
ORACLES["GROUP_NEXT"] = lambda records, k=1: shifted(records, k)
ORACLES["GROUPROWNUMBER"] = lambda records: list(range(1, len(records) + 1))
ORACLES["GROUP_CUMSUM"] = lambda records: running(records, sum_left)
ORACLES["GROUP_CUMMAX"] = lambda records: running(records, max)
ORACLES["GROUP_CUMMIN"] = lambda records: running(records, min)
ORACLES["GROUP_CUMCOUNT"] = lambda records: (
    running(records, len) if records and records[0] else list(range(1, len(records) + 1))
)
ORACLES["GROUP_CUMAVERAGE"] = lambda records: running(records, mean)
ORACLES["GROUP_MOVING_SUM"] = lambda records, size: windows(records, size, sum_left)
ORACLES["GROUP_MOVING_AVERAGE"] = lambda records, size: windows(records, size, mean)
ORACLES["GROUP_MOVING_MIN"] = lambda records, size: windows(records, size, min)
ORACLES["GROUP_MOVING_MAX"] = lambda records, size: windows(records, size, max)
ORACLES["GROUP_MOVING_MEDIAN"] = lambda records, size: windows(records, size, lambda vs: float(median(vs)))
ORACLES["GROUP_MOVING_STDEV"] = lambda records, size: windows(
    records, size, lambda vs: stdev(map(Fraction, vs)) if len(vs) > 1 else None
)


@oracle("GROUP_DIFF")
def diff(records: Records, initial: Any = None) -> list[Any]:
    out: list[Any] = [initial] if records else []
    for (before,), (value,) in pairwise(records):
        errors = [v for v in (value, before) if bad(v)]
        if errors:
            out.append(errors[0])
        else:
            out.append(None if value is None or before is None else whole(value - before))
    return out


@oracle("GROUPACCUMULATE")
def accumulate(records: Records) -> list[Any]:
    out: list[Any] = [order if bad(order) else None for order, _ in records]
    placed = [place for place, (order, _) in enumerate(records) if order is not None and not bad(order)]
    placed.sort(key=lambda place: records[place][0])
    for place, value in zip(placed, running([(records[p][1],) for p in placed], sum_left), strict=True):
        out[place] = value
    return out


def falls(values: list[Any], own: Any, order: str) -> int:
    """How many values stand before ``own``."""
    return sum(1 for v in values if (v > own if order == "desc" else v < own))


ORACLES["GROUP_RANK"] = lambda records, order="desc": over_all(records, lambda vs, v: falls(vs, v, order) + 1)
ORACLES["GROUP_DENSE_RANK"] = lambda records, order="desc": over_all(
    records, lambda vs, v: falls(list(set(vs)), v, order) + 1
)
ORACLES["GROUP_PERCENT_RANK"] = lambda records: over_all(
    records, lambda vs, v: falls(vs, v, "asc") / max(len(vs) - 1, 1)
)


@oracle("GROUP_NTILE")
def ntile(records: Records, n: int) -> list[Any]:
    placed = [place for place, (v,) in enumerate(records) if v is not None and not bad(v)]
    placed.sort(key=lambda place: records[place][0])
    size, larger = divmod(len(placed), n)
    part = [number for number in range(n) for _ in range(size + (number < larger))]
    found = dict(zip(placed, part, strict=True))
    broken = next((v for (v,) in records if bad(v)), None)
    return [None if v is None else broken or found[place] + 1 for place, (v,) in enumerate(records)]


def smooth(records: Records, h: int, use: Callable[[list[float]], tuple[float, float]]) -> list[Any]:
    out = running(records, lambda vs: use(vs)[0])
    values = [v for (v,) in records if v is not None]
    if h and records:
        broken = next((v for v in values if bad(v)), None)
        good = [v for v in values if not bad(v)]
        for step in range(1, h + 1):
            level, trend = use(good) if good else (math.nan, 0.0)
            out.append(broken or (level + step * trend if good else None))
    return out


@oracle("GROUP_EXP_SMOOTH")
def exp_smooth(records: Records, alpha: float) -> list[Any]:
    def level(values: list[float]) -> tuple[float, float]:
        now = float(values[0])
        for value in values[1:]:
            now = alpha * value + (1.0 - alpha) * now
        return now, 0.0

    return smooth(records, 0, level)


@oracle("GROUP_HOLT_WINTERS")
def holt(records: Records, alpha: float, beta: float, h: int = 1) -> list[Any]:
    values = [v for (v,) in records if v is not None and not bad(v)]
    slope = float(values[1]) - float(values[0]) if len(values) > 1 else 0.0

    def level(seen: list[float]) -> tuple[float, float]:
        now, trend = float(seen[0]), slope
        for value in seen[1:]:
            before = now
            now = alpha * value + (1.0 - alpha) * (before + trend)
            trend = beta * (now - before) + (1.0 - beta) * trend
        return now, trend

    return smooth(records, h, level)


@oracle("GROUP_FORWARD_FILL")
def forward(records: Records) -> list[Any]:
    out: list[Any] = []
    for (value,) in records:
        out.append(out[-1] if value is None and out else value)
    return out


ORACLES["GROUP_BACKWARD_FILL"] = lambda records: forward(records[::-1])[::-1]


@oracle("GROUP_LINEAR_FILL")
def linear(records: Records) -> list[Any]:
    values = [v for (v,) in records]
    out: list[Any] = []
    for place, value in enumerate(values):
        low = next((p for p in range(place, -1, -1) if values[p] is not None), None)
        high = next((p for p in range(place, len(values)) if values[p] is not None), None)
        if value is not None or low is None or high is None:
            out.append(value if value is None or bad(value) else float(value))
            continue
        a, b = values[low], values[high]
        broken = next((v for v in (a, b) if bad(v)), None)
        out.append(broken or a + (b - a) * (place - low) / (high - low))
    return out


@oracle("GROUP_ZSCORE")
def zscore(records: Records) -> list[Any]:
    def score(values: list[Any], own: Any) -> Any:
        exact = [Fraction(v) for v in values]
        centre = sum(exact) / len(exact)
        variance = sum((v - centre) ** 2 for v in exact) / len(exact)
        spread = math.sqrt(variance)  # 0 also where the squares are too small for a float
        return Failure("DIV0") if spread == 0 else float(Fraction(own) - centre) / spread

    return over_all(records, score)


@oracle("GROUP_SHARE")
def share(records: Records) -> list[Any]:
    return over_all(records, lambda vs, v: Failure("DIV0") if sum_left(vs) == 0 else v / sum_left(vs))


def text(value: Any) -> Any:
    if value is None or bad(value) or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if value == int(value) else repr(value)


def step(left: Any, right: Any) -> Any:
    return next((v for v in (left, right) if bad(v)), [left, right])


@oracle("GROUP_PATH")
def path(records: Records) -> list[Any]:
    places = ["external", *(text(v) for (v,) in records), "external"]
    return [step(a, b) for a, b in pairwise(places)] if records else []


@oracle("GROUP_PATH_CHANGES")
def changes(records: Records) -> list[Any]:
    values = [v for (v,) in records]
    kept = [0] + [p for p in range(1, len(values)) if bad(values[p]) or values[p] != values[p - 1]]
    steps = path(records)
    return [steps[p] for p in [*kept, len(values)]] if records else []


@oracle("GROUP_PAIR")
def pair(records: Records) -> list[Any]:
    return [step(a, b) for (a,), (b,) in pairwise(records)]


@oracle("GROUPCOMBIN")
def combin(records: Records, k: int = 2) -> list[Any]:
    values = [v for (v,) in records if v is not None]
    broken = [v for v in values if bad(v)]
    return broken[:1] or [list(c) for c in combinations(sorted(set(values)), k)]


def last_key(value: Any) -> int:
    return 2 if bad(value) else 1 if value is None else 0


def best(records: Records, n: int, *, largest: bool) -> list[Any]:
    places = [p for p, (v,) in enumerate(records) if last_key(v) == 0]
    places.sort(key=lambda p: records[p][0], reverse=largest)  # reverse keeps the order of equal values
    rest = sorted((p for p, (v,) in enumerate(records) if last_key(v)), key=lambda p: last_key(records[p][0]))
    return [records[p][0] for p in sorted([*places, *rest][:n])]


ORACLES["GROUPTOPN"] = lambda records, n: best(records, n, largest=True)
ORACLES["GROUPBOTTOMN"] = lambda records, n: best(records, n, largest=False)


@oracle("GROUPUNIQUES")
def uniques(records: Records) -> list[Any]:
    out: list[Any] = []
    for (value,) in records:
        if value not in out:
            out.append(value)
    return out


@oracle("GROUPDISTANCESTEP")
def distance_step(records: Records, unit: str = "mi") -> list[Any]:
    out: list[Any] = [None] if records else []
    for before, here in pairwise(records):
        values = [*here, *before]
        broken = next((v for v in values if bad(v)), None)
        out.append(broken or (None if None in values else haversine(before[0], before[1], here[0], here[1], unit)))
    first = next((v for v in records[0] if bad(v)), None) if records else None
    return [first or out[0], *out[1:]] if records else []


@oracle("GROUPPREDICTIVEWINDOWS")
def predictive(records: Records, centre: Any, size: int) -> list[Any]:
    """Times are ms; the pairs are (time, id)."""
    usable = [r for r in records if not any(v is None or bad(v) for v in (r[0], r[2]))]
    centres = sorted((r for r in usable if r[0] == centre), key=lambda r: r[2])
    out: list[Any] = []
    for event, _, time in records:
        broken = next((v for v in (event, time) if bad(v)), None)
        if broken:
            out.append(broken)
        elif event is not None and time is not None:
            near = [c for c in centres if 2 * abs(c[2] - time) <= size]
            out.extend(c[1] if bad(c[1]) else (time, c[1]) for c in near)
    return out
