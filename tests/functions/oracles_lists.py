"""What each function of lists gives for single values, in plain Python: the oracle of the vectorised kernels."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from oracles_text import text_form

from sheetline.functions.declare import Failure

VALUE, LIMIT, OVERFLOW = Failure("VALUE"), Failure("LIMIT"), Failure("OVERFLOW")


def element(items: list[Any], index: int) -> Any:
    return items[index] if -len(items) <= index < len(items) else None


def sublist(items: list[Any], start: int, *to: int) -> Any:
    stop = to[0] if to else max(len(items), start)
    return VALUE if start < 0 or stop < start else items[start:stop]


def list_slice(items: list[Any], start: int, *rest: int) -> Any:
    if len(rest) == 2 and rest[1] == 0:
        return VALUE
    return items[start:] if not rest else items[start : rest[0] : (rest[1] if len(rest) == 2 else 1)]


def sort(items: list[Any], order: str) -> list[Any]:
    some = [v for v in items if v is not None]
    return sorted(some, reverse=order == "desc") + [None] * (len(items) - len(some))


def distinct(items: list[Any]) -> list[Any]:
    out: list[Any] = []
    for v in items:
        if not any(same(v, w) for w in out):
            out.append(v)
    return out


def same(a: Any, b: Any) -> bool:
    return a is b if a is None or b is None else bool(a == b)


def has(items: list[Any], v: Any) -> bool:
    return any(same(v, w) for w in items)


def flat(lists: tuple[list[Any], ...]) -> list[Any]:
    return [v for part in lists for v in part]


def numbers(compute: Callable[[list[Any]], Any], least: int = 1) -> Callable[[list[Any]], Any]:
    """An oracle of the values that are not null."""

    def oracle(items: list[Any]) -> Any:
        some = [v for v in items if v is not None]
        return compute(some) if len(some) >= least else None

    return oracle


def total(values: list[Any]) -> Any:
    out = sum(values)
    if isinstance(out, float):
        return out if math.isfinite(out) else OVERFLOW
    return out if -(2**63) <= out < 2**63 else OVERFLOW


def average(values: list[Any]) -> Any:
    out = sum(values)
    if isinstance(out, float):
        return out / len(values) if math.isfinite(out) else OVERFLOW
    return float(Fraction(out, len(values)))


def deviation(values: list[Any]) -> Any:
    if max(map(abs, values)) > 1e150:
        return OVERFLOW if max(values) - min(values) > 1e200 else math.nan
    return statistics.stdev(map(Fraction, values)) if len(values) > 1 else None


def ranged(start: int, stop: int, step: int) -> Any:
    if step == 0:
        return VALUE
    out = range(start, stop + (1 if step > 0 else -1), step)
    try:
        return LIMIT if len(out) > 1_000_000 else list(out)
    except OverflowError:
        return LIMIT


def zipped(a: list[Any], b: list[Any]) -> Any:
    count = max(len(a), len(b))
    a, b = a + [None] * (count - len(a)), b + [None] * (count - len(b))
    return [list(pair) for pair in zip(a, b, strict=True)]


ORACLES: dict[str, Callable[..., Any]] = {
    "LISTSIZE": len,
    "ELEMENT": element,
    "FIRST": lambda items: element(items, 0),
    "LAST": lambda items: element(items, -1),
    "SUBLIST": sublist,
    "LISTSLICE": list_slice,
    "LISTCONCAT": lambda *lists: flat(lists),
    "LISTAPPEND": lambda items, v: [*items, v],
    "LISTPREPEND": lambda items, v: [v, *items],
    "LISTREVERSE": lambda items: items[::-1],
    "LISTFLATTEN": lambda items: [v for part in items if part is not None for v in part],
    "LISTCONTAINS": has,
    "LISTINDEXOF": lambda items, v: next((i for i, w in enumerate(items) if same(v, w)), -1),
    "LISTCOUNT": lambda items, *v: sum(same(v[0], w) if v else w is not None for w in items),
    "LISTREMOVE": lambda items, v: [w for w in items if not same(v, w)],
    "LISTSORT": sort,
    "LISTDISTINCT": distinct,
    "LISTUNION": lambda *lists: distinct(flat(lists)),
    "LISTINTERSECTION": lambda items, *others: [v for v in distinct(items) if all(has(o, v) for o in others)],
    "LISTDIFFERENCE": lambda items, *others: [v for v in distinct(items) if not any(has(o, v) for o in others)],
    "LISTISSUBSET": lambda a, b: all(has(b, v) for v in a),
    "LISTJOIN": lambda items, sep: sep.join(text_form(v) for v in items if v is not None),
    "LISTSUM": numbers(total),
    "LISTAVERAGE": numbers(average),
    "LISTMIN": numbers(min),
    "LISTMAX": numbers(max),
    "LISTMEDIAN": numbers(lambda values: float(statistics.median(map(Fraction, values)))),
    "LISTSTDEV": numbers(deviation, 2),
    "LISTRANGE": ranged,
    "LISTZIP": zipped,
}
