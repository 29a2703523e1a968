"""Aggregates that write JSON: objects and lists of the group's values, and the reports of statistical tests.

Numbers are computed for all groups at once; only the text is written group by group.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.columns import Column
from sheetline.functions.context import Call
from sheetline.functions.declare import Example, Failure, Form, function
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.grouped import Grouped
from sheetline.functions.json_objects import dump_object, load_object
from sheetline.functions.json_text import json_text

CATEGORY = "aggregates"
_PAIRS = "Pairs with a null are skipped; a group without pairs gives null."
_ERRORS = "A group that holds an error gives its first error"
_TRIAL: dict[str, list[Any]] = {
    "s": ["x", "x", "x", "x", "y", "y", "y", "y"],
    "v": [520, 460, 500, 470, 230, 270, 280, 250],
}


def _texts(texts: list[str | None]) -> Any:
    return pa.array(texts, pa.large_string())


def _values(column: Column, rows: Ints) -> Column:
    return Column(column.type, column.data, column.null).take(rows).plain()


@function(
    "GROUPMAP(k:str; v:any) -> str",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="A JSON object of the group's keys and values; the last value of a key wins.",
    examples=[
        Example("GROUPMAP(#k;#v)", ['{"a":3,"b":2}'], rows={"k": ["a", "b", "a"], "v": [1, 2, 3]}),
        Example("GROUPMAP(#k;#v)", ['{"b":2}'], rows={"k": [None, "b", "a"], "v": [1, 2, None]}),
    ],
    big=True,
    volatile=["timezone"],
    null_note=_PAIRS,
    error_note=f"{_ERRORS}.",
    notes="Keys stand in the order in which they first appear. Dates are ISO 8601 texts.",
)
def group_map(k: Grouped, v: Grouped, ctx: Call) -> Any:
    rows = k.rows[k.places]
    keys = json_text(_values(k.column, rows), ctx).to_pylist()
    values = json_text(_values(v.column, rows), ctx).to_pylist()
    bounds = k.offsets.tolist()
    return _texts(
        [
            "{" + ",".join(map(":".join, dict(zip(keys[a:b], values[a:b], strict=True)).items())) + "}"
            for a, b in pairwise(bounds)
        ]
    )


@function(
    "GROUPJSONOBJECTMERGE(json:str) -> str",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="One JSON object of all members of the group's JSON objects; later values of a key win.",
    examples=[
        Example("GROUPJSONOBJECTMERGE(#j)", ['{"a":2,"b":[1]}'], rows={"j": ['{"a": 1}', None, '{"a":2,"b":[1]}']}),
        Example("GROUPJSONOBJECTMERGE(#j)", [Failure("PARSE")], rows={"j": ['{"a": 1}', "[1]"]}),
    ],
    null_note="Nulls are skipped; a group without values gives null.",
    error_note=f"{_ERRORS}; a text that is not a JSON object gives PARSE, one that nests too deeply LIMIT.",
    notes="Members stand in the order in which their keys first appear; members of members are not merged.",
)
def group_json_object_merge(json: Grouped, ctx: Call) -> Any:
    rows = json.rows[json.places]
    texts: list[str] = _values(json.column, rows).to_list()
    bounds = json.offsets.tolist()
    out: list[str | None] = []
    failed: dict[str, Mask] = {code: np.zeros(json.count, np.bool_) for code in ("PARSE", "LIMIT")}
    for group, (a, b) in enumerate(pairwise(bounds)):
        merged: dict[str, Any] = {}
        out.append(None)
        try:
            for text in texts[a:b]:
                merged.update(load_object(text))
            out[-1] = dump_object(merged)
        except ValueError:
            failed["PARSE"][group] = True
        except RecursionError:
            failed["LIMIT"][group] = True
    ctx.fail(failed["PARSE"], "PARSE", "GROUPJSONOBJECTMERGE: a text of the group is not a JSON object")
    ctx.fail(failed["LIMIT"], "LIMIT", "GROUPJSONOBJECTMERGE: a text of the group nests too deeply")
    return _texts(out)


def bins(number: int) -> int:
    """Return a number of bins as it is; what lies outside 1 to 10,000 is refused before the run."""
    if not 1 <= number <= 10_000:
        raise ValueError(f"the number of bins lies between 1 and 10000, not at {number}")
    return number


@function(
    "GROUPHISTOGRAM(v:num; bins:int const) -> str",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="A histogram of the group with bins of equal width from the smallest to the largest value, as JSON.",
    examples=[
        Example(
            "GROUPHISTOGRAM(#v;2)",
            ['[{"from":1.0,"to":2.0,"count":1},{"from":2.0,"to":3.0,"count":2}]'],
            rows={"v": [1, 2, 3, None]},
        ),
        Example("GROUPHISTOGRAM(#v;2)", ['[{"from":1.0,"to":1.0,"count":2}]'], rows={"v": [1, None, 1]}),
    ],
    big=True,
    prepare={"bins": bins},
    null_note="Nulls are skipped; a group without values gives null.",
    error_note=f"{_ERRORS}; a range beyond that of floats gives OVERFLOW.",
    notes="A bin holds its lower bound, the last one also its upper bound. Equal values make one bin.",
)
def group_histogram(v: Grouped, bins: int, ctx: Call) -> Any:
    values = v.derived(v.floats)
    low, high = values.min() + 0.0, values.max() + 0.0
    width = (high - low) / bins
    ctx.fail(~np.isfinite(width), "OVERFLOW")
    edges = low[:, None] + (high - low)[:, None] * (np.arange(bins + 1) / bins)
    edges[:, -1] = high
    flat = width[v.codes] == 0
    guess = np.where(flat, 0.0, (v.floats - low[v.codes]) / np.where(flat, 1.0, width[v.codes]))
    label = np.clip(np.nan_to_num(guess), 0, bins - 1).astype(np.int64)
    label -= (v.floats < edges[v.codes, label]) & (label > 0)  # rounding: the bounds themselves decide
    label += (v.floats >= edges[v.codes, label + 1]) & (label < bins - 1) & ~flat
    counts = v.count_labels(label, bins)
    out: list[str | None] = []
    for bounds, number, empty in zip(edges.tolist(), counts.tolist(), (width == 0).tolist(), strict=True):
        last = 1 if empty else bins
        parts = (
            f'{{"from":{bounds[i]!r},"to":{bounds[i + 1]!r},"count":{sum(number) if empty else number[i]}}}'
            for i in range(last)
        )
        out.append("[" + ",".join(parts) + "]")
    return _texts(out)


def at_least_one(number: int) -> int:
    """Return a number of values as it is; less than 1 is refused before the run."""
    if number < 1:
        raise ValueError(f"the number of values is at least 1, not {number}")
    return number


@function(
    "GROUPTOPVALUES(v:any; n:int const) -> str",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="The n most frequent values of the group with their counts, as JSON.",
    examples=[
        Example(
            "GROUPTOPVALUES(#v;2)",
            ['[{"value":"b","count":2},{"value":"a","count":1}]'],
            rows={"v": ["b", "c", "a", "b", None]},
        ),
        Example("GROUPTOPVALUES(#v;2)", ['[{"value":7,"count":1}]'], rows={"v": [None, 7]}),
    ],
    big=True,
    prepare={"n": at_least_one},
    volatile=["timezone"],
    null_note="Nulls are skipped; a group without values gives null.",
    error_note=f"{_ERRORS}.",
    notes="Equally frequent values stand in ascending order. Dates are ISO 8601 texts.",
)
def group_top_values(v: Grouped, n: int, ctx: Call) -> Any:
    found = v.distinct
    order = found.by_count()
    place = np.arange(len(order)) - found.offsets[found.codes]
    order = order[place < n]
    values = json_text(v.restore(found.values[order]).plain(), ctx).to_pylist()
    parts = [
        f'{{"value":{value},"count":{count}}}'
        for value, count in zip(values, found.counts[order].tolist(), strict=True)
    ]
    bounds = np.concatenate(([0], np.cumsum(np.minimum(found.sizes, n)))).tolist()
    return _texts(["[" + ",".join(parts[a:b]) + "]" for a, b in pairwise(bounds)])


def level(alpha: float) -> float:
    """Return a level of significance as it is; what is not between 0 and 1 is refused before the run."""
    if not 0 < alpha < 1:
        raise ValueError(f"a level of significance lies between 0 and 1, not at {alpha}")
    return alpha


def _report(ctx: Call, names: tuple[str, ...], numbers: tuple[Any, ...], alpha: float, good: Mask) -> Any:
    """Return a JSON object of the numbers for each good group; the last number is the p-value."""
    ctx.nullify(~good)
    columns = [np.asarray(number).tolist() for number in numbers]
    out: list[str | None] = []
    for group, fine in enumerate(good.tolist()):
        if not fine:
            out.append(None)
            continue
        members = ",".join(f'"{name}":{column[group]!r}' for name, column in zip(names, columns, strict=True))
        out.append(f'{{{members},"isSignificant":{"true" if columns[-1][group] < alpha else "false"}}}')
    return _texts(out)


@function(
    ["GROUPTTEST(sample:int|str; v:num; [alpha:num const=0.05]) -> str"],
    category=CATEGORY,
    form=Form.REDUCE,
    summary="Welch's t-test of the two samples of the group, as JSON.",
    examples=[
        Example('CONTAINS(GROUPTTEST(#s;#v);"13.01076")', [True], rows=_TRIAL),
        Example("GROUPTTEST(#s;#v)", [None], rows={"s": [1, 2, 2, None], "v": [1, 2, 3, 4]}),
    ],
    big=True,
    prepare={"alpha": level},
    null_note="Pairs with a null are skipped; a sample with fewer than two values gives null.",
    error_note=f"{_ERRORS}; another number of samples than two gives VALUE, equal values in both samples DIV0.",
    notes='The members are "t-value", "d.f.", "p-value" (two-sided) and "isSignificant". The t-value is positive '
    "where the sample with the smaller name has the larger mean.",
    source="Welch (1947), with the degrees of freedom of Satterthwaite.",
)
def group_t_test(sample: Grouped, v: Grouped, alpha: float, ctx: Call) -> Any:
    from scipy.special import stdtr

    found = sample.distinct
    two = found.sizes == 2
    ctx.fail((found.sizes != 2) & (v.sizes > 0), "VALUE", "GROUPTTEST: a t-test needs exactly two samples")
    values = v.regroup(sample.entry, len(found.counts))
    first = np.where(two, found.offsets[:-1], 0)
    if not two.any():
        return _report(ctx, (), (), alpha, two)
    n1, n2 = values.sizes[first].astype(np.float64), values.sizes[first + two].astype(np.float64)
    part1 = values.squares[first] / (n1 - 1) / n1
    part2 = values.squares[first + two] / (n2 - 1) / n2
    enough, error = two & (n1 >= 2) & (n2 >= 2), part1 + part2
    ctx.fail(enough & (error == 0), "DIV0")
    center = values.center()
    t = (center[first] - center[first + two]) / np.sqrt(error)
    freedom = error**2 / (part1**2 / (n1 - 1) + part2**2 / (n2 - 1))
    ctx.fail(enough & ~(np.isfinite(t) & np.isfinite(freedom)), "OVERFLOW")
    p = 2.0 * stdtr(freedom, -np.abs(t))
    good = enough & np.isfinite(t) & np.isfinite(p)
    return _report(ctx, ("t-value", "d.f.", "p-value"), (t, freedom, p), alpha, good)


@function(
    "GROUPANOVA(sample:any; v:num; [alpha:num const=0.05]) -> str",
    category=CATEGORY,
    form=Form.REDUCE,
    summary="A one-way analysis of variance over the samples of the group, as JSON.",
    examples=[
        Example('CONTAINS(GROUPANOVA(#s;#v);"169.28")', [True], rows=_TRIAL),
        Example("GROUPANOVA(#s;#v)", [None], rows={"s": [1, 2, None], "v": [1, 2, 4]}),
    ],
    big=True,
    prepare={"alpha": level},
    null_note="Pairs with a null are skipped; a group with no more values than samples gives null.",
    error_note=f"{_ERRORS}; fewer than two samples give VALUE, samples of equal values DIV0.",
    notes='The members are "f-value", "d.f. between", "d.f. within", "p-value" and "isSignificant".',
    source="Fisher's one-way analysis of variance.",
)
def group_anova(sample: Grouped, v: Grouped, alpha: float, ctx: Call) -> Any:
    from scipy.special import fdtrc

    found = sample.distinct
    ctx.fail(
        (found.sizes < 2) & (v.sizes > 0), "VALUE", "GROUPANOVA: an analysis of variance needs two samples or more"
    )
    values = v.regroup(sample.entry, len(found.counts))
    between, within = found.sizes - 1, v.sizes - found.sizes
    enough = (between >= 1) & (within >= 1)
    inside = found.sum(values.squares)
    ctx.fail(enough & (inside == 0), "DIV0")
    # means of samples about the group's mean, both taken from deviations, so that nothing cancels
    means = v.regroup(sample.entry, len(found.counts)).derived(v.deviations).mean()
    outside = found.sum(found.counts * means * means)
    f = (outside / between) / (inside / within)
    bounded = np.isfinite(f) & np.isfinite(inside)
    ctx.fail(enough & ~bounded, "OVERFLOW")
    p = fdtrc(np.maximum(between, 1), np.maximum(within, 1), np.nan_to_num(f))
    good = enough & bounded & (inside > 0)
    names = ("f-value", "d.f. between", "d.f. within", "p-value")
    return _report(ctx, names, (f, between, within, p), alpha, good)
