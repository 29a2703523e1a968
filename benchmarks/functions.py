"""Functions one by one over a million rows, against the best hand-written way: worst first.

For each function there are hand-written ways with numpy, pandas, pyarrow or polars, each with the data in its own
native form. All results are compared before anything is timed; the quickest way of the run counts, and a function
is held to at most ``bar`` times its time.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from benchmarks import data, functions_data, functions_dates, functions_numbers, functions_texts
from benchmarks.functions_tasks import Task, Way
from benchmarks.harness import OURS, Case, Inputs, Outcome, Side, run_case

NAME = "functions"
ROWS = 1_000_000

TASKS: tuple[Task, ...] = (*functions_numbers.TASKS, *functions_texts.TASKS, *functions_dates.TASKS)


def _used(formula: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"#(\w+)", formula)))


def _ours(task: Task) -> Side:
    def side(inputs: Inputs) -> Any:
        import sheetline as sl

        frame = data.pandas_frame(inputs["table"])
        compiled = sl.compile(task.formula, frame)  # what is written by hand is parsed before the clock starts, too
        return lambda: compiled(frame)

    return side


def _numpy(way: Way) -> Side:
    def side(inputs: Inputs) -> Any:
        frame = data.pandas_frame(inputs["table"])
        arrays = {name: frame[name].to_numpy() for name in frame.columns}
        return lambda: way(arrays)

    return side


def _pandas(way: Way) -> Side:
    def side(inputs: Inputs) -> Any:
        frame = data.pandas_frame(inputs["table"])
        return lambda: way(frame)

    return side


def _pyarrow(way: Way) -> Side:
    def side(inputs: Inputs) -> Any:
        table = inputs["table"].combine_chunks()
        arrays = {name: table.column(name).chunk(0) for name in table.column_names}
        return lambda: pa.table({"value": way(arrays)})

    return side


def _polars(way: Way) -> Side:
    def side(inputs: Inputs) -> Any:
        import polars as pl

        frame = data.polars_frame(inputs["table"])
        lazy = frame.lazy().select(value=way(pl.col))
        return lambda: lazy.collect()

    return side


_SIDES = {"numpy": _numpy, "pandas": _pandas, "pyarrow": _pyarrow, "polars": _polars}


def _case(task: Task, table: pa.Table) -> Case:
    sides: dict[str, Side] = {OURS: _ours(task)}
    sides.update({engine: _SIDES[engine](way) for engine, way in task.ways.items()})
    return Case(f"{NAME} {task.name}", NAME, ROWS, lambda _: {"table": table.select(_used(task.formula))}, sides)


def best(outcome: Outcome) -> str | None:
    """Return the quickest engine but ours."""
    others: Mapping[str, float] = {name: median for name, median in outcome.medians.items() if name != OURS}
    return min(others, key=lambda name: others[name]) if others else None


@dataclass(frozen=True, slots=True)
class Suite:
    """All functions under one name in the list of the benchmarks."""

    name: str = NAME

    def chosen(self, only: Sequence[str] | None) -> list[Task]:
        """Return the tasks that the texts of ``--only`` mean: all for "functions", else by "functions NAME"."""
        wanted = [text.lower() for text in only or [NAME]]
        if any(text in NAME for text in wanted):
            return list(TASKS)
        return [task for task in TASKS if any(text == f"{NAME} {task.name}".lower() for text in wanted)]

    def run(self, *, quick: bool, repeats: int, only: Sequence[str] | None = None) -> list[Outcome]:
        """Compare and time the tasks, and return their outcomes, the worst ratio to the best way first."""
        tasks = self.chosen(only)
        table = functions_data.columns(ROWS // 50 if quick else ROWS)
        outcomes = []
        gc.collect()
        gc.freeze()  # else the collections between the runs, which are thousands, take most of the time
        for task in tasks:
            times = min(repeats, 2) if task.slow or quick else repeats
            made = run_case(_case(task, table), quick=quick, engines=(OURS, *task.ways), repeats=times)
            quickest = best(made)
            limits = {} if quick or quickest is None else {quickest: task.bar}
            outcomes.append(replace(made, limits=limits))
        gc.unfreeze()
        return sorted(outcomes, key=lambda outcome: -(_ratio(outcome) or 0))


def _ratio(outcome: Outcome) -> float | None:
    quickest = best(outcome)
    return None if quickest is None else outcome.ratio(quickest)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the table as text: milliseconds, the ratio to the quickest way, its bar, and the other ways."""
    bars = {f"{NAME} {task.name}": task.bar for task in TASKS}
    lines = [("function", OURS, "best", "by", "ratio", "bar", "", "others")]
    for outcome in outcomes:
        quickest = best(outcome)
        ratio = _ratio(outcome)
        if quickest is None or ratio is None:
            continue
        bar = bars[outcome.name]
        others = [
            f"{name} {median * 1e3:.1f}" for name, median in outcome.medians.items() if name not in (OURS, quickest)
        ]
        lines.append(
            (
                outcome.name.removeprefix(f"{NAME} "),
                f"{outcome.medians[OURS] * 1e3:.1f} ms",
                f"{outcome.medians[quickest] * 1e3:.1f} ms",
                quickest,
                f"{ratio:.2f}",
                f"{bar:g}",
                "above" if ratio > bar else "",
                ", ".join(others),
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    right = {1, 2, 4, 5}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


SUITE = Suite()
