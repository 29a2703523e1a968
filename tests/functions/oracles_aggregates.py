"""Every aggregate once more, as a plain Python loop over one group's rows; slow, and written independently.

``ORACLES[name](rows, *constants)``: ``rows`` holds a tuple of the row arguments for each row of the group,
None for null; the result is a Python value, or :class:`Failure` for an error value.
"""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from sheetline.functions.declare import Failure

Rows = list[tuple[Any, ...]]


def _values(rows: Rows) -> list[Any]:
    return [row[0] for row in rows if row[0] is not None]


def _pairs(rows: Rows) -> list[tuple[Any, ...]]:
    return [row for row in rows if None not in row]


def _sum(values: list[Any]) -> Any:
    if not values:
        return None
    if isinstance(values[0], float):
        total = 0.0
        for value in values:
            total += value
        return total
    total = sum(values)
    return total if -(2**63) <= total < 2**63 else Failure("OVERFLOW")


def _mean(values: list[Any]) -> Any:
    return float(sum(map(Fraction, values)) / len(values)) if values else None


def _central(values: list[Any], power: int) -> Fraction:
    mean = sum(map(Fraction, values)) / len(values)
    return sum((Fraction(v) - mean) ** power for v in values)  # type: ignore[return-value]


def _variance(values: list[Any], less: int) -> Any:
    return float(_central(values, 2) / (len(values) - less)) if len(values) > less else None


def _root(value: Any) -> Any:
    return None if value is None else math.sqrt(value)


def _percentile(values: list[Any], p: float) -> Any:
    if not values:
        return None
    ordered = sorted(map(Fraction, values))
    position = Fraction(p) / 100 * (len(values) - 1) + 1
    low = math.floor(position)
    if low >= len(ordered):
        return float(ordered[-1])
    return float(ordered[low - 1] + (position - low) * (ordered[low] - ordered[low - 1]))


def _skew(rows: Rows) -> Any:
    values = _values(rows)
    n = len(values)
    if n < 3:
        return None
    s = math.sqrt(_variance(values, 1))
    return n / ((n - 1) * (n - 2)) * float(_central(values, 3)) / s**3 if s else Failure("DIV0")


def _kurt(rows: Rows) -> Any:
    values = _values(rows)
    n = len(values)
    if n < 4:
        return None
    s = _variance(values, 1)
    if not s:
        return Failure("DIV0")
    first = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * float(_central(values, 4)) / s**2
    return first - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))


def _geomean(rows: Rows) -> Any:
    values = _values(rows)
    if any(v < 0 for v in values):
        return Failure("NUM")
    if not values:
        return None
    return 0.0 if 0 in values else math.prod(float(v) ** (1 / len(values)) for v in values)


def _harmean(rows: Rows) -> Any:
    values = _values(rows)
    if any(v <= 0 for v in values):
        return Failure("NUM")
    return float(len(values) / sum(1 / Fraction(v) for v in values)) if values else None


def _mad(rows: Rows) -> Any:
    values = _values(rows)
    middle = _percentile(values, 50)
    return _percentile([abs(v - middle) for v in values], 50)


def _key(value: Any) -> Any:
    return (value is None, 0 if value is None else value)


def _ordered(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: _key(row[-1]))


def _mode(rows: Rows) -> Any:
    counts = Counter(_values(rows))
    return min(counts, key=lambda v: (-counts[v], v)) if counts else None


def _list(rows: Rows) -> Any:
    return _values(rows) or None


def _concat(rows: Rows, sep: str = ",") -> Any:
    return sep.join(_values(rows)) if _values(rows) else None


def _select(rows: Rows) -> Any:
    for v, pick, on in rows:
        if pick is not None and pick == on:
            return v
    return None


def _map(rows: Rows) -> Any:
    made = dict(_pairs(rows))
    return json.dumps(made, separators=(",", ":"), ensure_ascii=False) if made else None


def _merge(rows: Rows) -> Any:
    made: dict[str, Any] = {}
    for text in _values(rows):
        try:
            value = json.loads(text)
        except ValueError:
            return Failure("PARSE")
        if not isinstance(value, dict):
            return Failure("PARSE")
        made |= value
    return json.dumps(made, separators=(",", ":"), ensure_ascii=False) if _values(rows) else None


def _products(pairs: Rows) -> tuple[Fraction, Fraction, Fraction]:
    xs, ys = [Fraction(p[0]) for p in pairs], [Fraction(p[1]) for p in pairs]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    sxy = sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True))
    return Fraction(sxy), _central(xs, 2), _central(ys, 2)


def _correl(rows: Rows) -> Any:
    pairs = _pairs(rows)
    if len(pairs) < 2:
        return None
    sxy, sxx, syy = _products(pairs)
    return float(sxy) / math.sqrt(sxx * syy) if sxx and syy else Failure("DIV0")


def _ranks(values: list[Any]) -> list[Fraction]:
    return [Fraction(sum(w < v for w in values)) + Fraction(sum(w == v for w in values) + 1, 2) for v in values]


def _spearman(rows: Rows) -> Any:
    pairs = _pairs(rows)
    return _correl(list(zip(_ranks([p[0] for p in pairs]), _ranks([p[1] for p in pairs]), strict=True)))


def _covar(rows: Rows, less: int) -> Any:
    pairs = _pairs(rows)
    return float(_products(pairs)[0] / (len(pairs) - less)) if len(pairs) > less else None


def _slope(rows: Rows) -> Any:
    pairs = _pairs(rows)
    if len(pairs) < 2:
        return None
    sxy, _, sxx = _products(pairs)  # the second argument is x
    return float(sxy / sxx) if sxx else Failure("DIV0")


def _intercept(rows: Rows) -> Any:
    pairs = _pairs(rows)
    if len(pairs) < 2:
        return None
    sxy, _, sxx = _products(pairs)
    means = [sum(Fraction(p[i]) for p in pairs) / len(pairs) for i in (0, 1)]
    return float(means[0] - sxy / sxx * means[1]) if sxx else Failure("DIV0")


def _rsq(rows: Rows) -> Any:
    r = _correl(rows)
    return r if r is None or isinstance(r, Failure) else r * r


def _weighted(rows: Rows) -> Any:
    pairs = _pairs(rows)
    if not pairs:
        return None
    weight = sum(Fraction(w) for _, w in pairs)
    return float(sum(Fraction(v) * Fraction(w) for v, w in pairs) / weight) if weight else Failure("DIV0")


def _cosine(rows: Rows) -> Any:
    pairs = [(Fraction(x), Fraction(y)) for x, y in _pairs(rows)]
    if not pairs:
        return None
    length = math.sqrt(sum(x * x for x, _ in pairs)) * math.sqrt(sum(y * y for _, y in pairs))
    return float(sum(x * y for x, y in pairs)) / length if length else Failure("DIV0")


def _entropy(rows: Rows) -> Any:
    values = _values(rows)
    shares = [count / len(values) for count in Counter(values).values()]
    return -sum(p * math.log2(p) for p in shares) if values else None


def _gini(rows: Rows) -> Any:
    values = _values(rows)
    return 1 - sum((c / len(values)) ** 2 for c in Counter(values).values()) if values else None


def _jaccard(rows: Rows) -> Any:
    a, b = ({row[i] for row in rows if row[i] is not None} for i in (0, 1))
    return 1 - len(a & b) / len(a | b) if a | b else None


def _chisq(rows: Rows) -> Any:
    from scipy.special import chdtrc

    pairs = _pairs(rows)
    if not pairs:
        return None
    a, b, cells = Counter(p[0] for p in pairs), Counter(p[1] for p in pairs), Counter(pairs)
    freedom = (len(a) - 1) * (len(b) - 1)
    if freedom == 0:
        return 1.0
    expected = {(x, y): Fraction(a[x] * b[y], len(pairs)) for x in a for y in b}
    return float(chdtrc(freedom, float(sum((cells[c] - e) ** 2 / e for c, e in expected.items()))))


def _samples(pairs: Rows) -> list[list[Any]]:
    return [[v for s, v in pairs if s == name] for name in sorted({s for s, _ in pairs})]


def _ttest(rows: Rows, alpha: float = 0.05) -> Any:
    from scipy.special import stdtr

    samples = _samples(_pairs(rows))
    if not samples:
        return None
    if len(samples) != 2:
        return Failure("VALUE")
    if min(map(len, samples)) < 2:
        return None
    errors = [_variance(s, 1) / len(s) for s in samples]
    if sum(errors) == 0:
        return Failure("DIV0")
    t = (_mean(samples[0]) - _mean(samples[1])) / math.sqrt(sum(errors))
    freedom = sum(errors) ** 2 / sum(e**2 / (len(s) - 1) for e, s in zip(errors, samples, strict=True))
    p = float(2 * stdtr(freedom, -abs(t)))
    return json.dumps({"t-value": t, "d.f.": freedom, "p-value": p, "isSignificant": p < alpha})


def _anova(rows: Rows, alpha: float = 0.05) -> Any:
    from scipy.special import fdtrc

    pairs = _pairs(rows)
    samples = _samples(pairs)
    if not samples:
        return None
    if len(samples) < 2:
        return Failure("VALUE")
    between, within = len(samples) - 1, len(pairs) - len(samples)
    if within == 0:
        return None
    inside = sum(_central(s, 2) for s in samples)
    if inside == 0:
        return Failure("DIV0")
    outside = _central([v for _, v in pairs], 2) - inside
    f = float((outside / between) / (inside / within))
    p = float(fdtrc(between, within, f))
    made = {"f-value": f, "d.f. between": between, "d.f. within": within, "p-value": p, "isSignificant": p < alpha}
    return json.dumps(made)


def _histogram(rows: Rows, bins: int) -> Any:
    values = [float(v) for v in _values(rows)]
    if not values:
        return None
    low, high = min(values), max(values)
    if low == high:
        return json.dumps([{"from": low, "to": high, "count": len(values)}])
    edges = [low + (high - low) * (i / bins) for i in range(bins)] + [high]
    made = [
        {
            "from": edges[i],
            "to": edges[i + 1],
            "count": sum(edges[i] <= v < edges[i + 1] or (i == bins - 1 and v == high) for v in values),
        }
        for i in range(bins)
    ]
    return json.dumps(made)


def _top(rows: Rows, n: int) -> Any:
    counts = Counter(_values(rows))
    best = sorted(counts, key=lambda v: (-counts[v], v))[:n]
    made = [{"value": value, "count": counts[value]} for value in best]
    return json.dumps(made, separators=(",", ":"), ensure_ascii=False) if made else None


def _distance(rows: Rows) -> Any:
    points = [row[:2] for row in _ordered(rows) if row[0] is not None and row[1] is not None]
    if any(abs(lat) > 90 or abs(lon) > 180 for lat, lon in points):
        return Failure("RANGE")
    if not points:
        return None
    total = 0.0
    for (lat1, lon1), (lat2, lon2) in itertools.pairwise(points):
        a = [(math.cos(math.radians(p)), math.sin(math.radians(p))) for p in (lat1, lat2)]
        b = [(math.cos(math.radians(p)), math.sin(math.radians(p))) for p in (lon1, lon2)]
        x, y = ((c[0] * d[0], c[0] * d[1], c[1]) for c, d in zip(a, b, strict=True))
        total += 2 * math.asin(min(math.dist(x, y) / 2, 1.0))
    return total * 6366.70702 / 1.609344


def _if(rows: Rows, then: Callable[[list[Any]], Any]) -> Any:
    return then([v for v, condition in rows if v is not None and condition])


ORACLES: dict[str, Callable[..., Any]] = {
    "GROUPCOUNT": lambda rows: len(_values(rows)) if rows and rows[0] else len(rows),
    "GROUPCOUNTDISTINCT": lambda rows: len(set(_values(rows))),
    "GROUPAPPROXCOUNTDISTINCT": lambda rows: len(set(_values(rows))),
    "GROUPCOUNTIF": lambda rows: sum(_values(rows)),
    "GROUPSUM": lambda rows: _sum(_values(rows)),
    "GROUPSUMIF": lambda rows: _if(rows, _sum),
    "GROUPAVERAGE": lambda rows: _mean(_values(rows)),
    "GROUPAVERAGEIF": lambda rows: _if(rows, _mean),
    "GROUPMIN": lambda rows: min(_values(rows), default=None),
    "GROUPMAX": lambda rows: max(_values(rows), default=None),
    "GROUPRANGE": lambda rows: max(_values(rows)) - min(_values(rows)) if _values(rows) else None,
    "GROUPPRODUCT": lambda rows: float(math.prod(map(float, _values(rows)))) if _values(rows) else None,
    "GROUPPERCENTILE": lambda rows, p=50: _percentile(_values(rows), p),
    "GROUPMEDIAN": lambda rows: _percentile(_values(rows), 50),
    "GROUPAND": lambda rows: all(_values(rows)) if _values(rows) else None,
    "GROUPOR": lambda rows: any(_values(rows)) if _values(rows) else None,
    "GROUPXOR": lambda rows: sum(_values(rows)) % 2 == 1 if _values(rows) else None,
    "GROUP_JACCARD_DIST": _jaccard,
    "GROUPSTDEVS": lambda rows: _root(_variance(_values(rows), 1)),
    "GROUPSTDEVP": lambda rows: _root(_variance(_values(rows), 0)),
    "GROUPVARS": lambda rows: _variance(_values(rows), 1),
    "GROUPVARP": lambda rows: _variance(_values(rows), 0),
    "GROUPSKEW": _skew,
    "GROUPKURT": _kurt,
    "GROUPGEOMEAN": _geomean,
    "GROUPHARMEAN": _harmean,
    "GROUPMAD": _mad,
    "GROUPSUMSQ": lambda rows: float(sum(Fraction(v) ** 2 for v in _values(rows))) if _values(rows) else None,
    "GROUPRMS": lambda rows: _root(_mean([Fraction(v) ** 2 for v in _values(rows)])),
    "GROUPFIRST": lambda rows: _ordered(rows)[0][0] if rows else None,
    "GROUPLAST": lambda rows: _ordered(rows)[-1][0] if rows else None,
    "GROUPANY": lambda rows: next(iter(_values(rows)), None),
    "GROUPMODE": _mode,
    "GROUPSELECT": _select,
    "GROUPLIST": lambda rows: _list(_ordered(rows) if rows and len(rows[0]) == 2 else rows),
    "GROUPSET": lambda rows: sorted(set(_values(rows))) or None,
    "GROUPCONCAT": lambda rows, sep=",": _concat(_ordered(rows) if rows and len(rows[0]) == 2 else rows, sep),
    "GROUPCONCATDISTINCT": lambda rows, sep=",": _concat([(v,) for v in sorted(set(_values(rows)))], sep),
    "GROUPMAP": _map,
    "GROUPJSONOBJECTMERGE": _merge,
    "GROUPCORREL": _correl,
    "GROUPSPEARMAN": _spearman,
    "GROUPCOVARS": lambda rows: _covar(rows, 1),
    "GROUPCOVARP": lambda rows: _covar(rows, 0),
    "GROUPSLOPE": _slope,
    "GROUPINTERCEPT": _intercept,
    "GROUPRSQ": _rsq,
    "GROUPWEIGHTEDAVERAGE": _weighted,
    "GROUPCOSINE": _cosine,
    "GROUPENTROPY": _entropy,
    "GROUPGINI": _gini,
    "GROUPCHISQTEST": _chisq,
    "GROUPTTEST": _ttest,
    "GROUPANOVA": _anova,
    "GROUPHISTOGRAM": _histogram,
    "GROUPTOPVALUES": _top,
    "GROUPDISTANCE": _distance,
}
