"""The figures as a table for people, as Markdown and as JSON."""

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from typing import Any

from benchmarks.harness import OURS, Outcome

COMPETITORS = ("pandas", "polars", "duckdb")
HEADINGS = ("task", "rows", OURS, *COMPETITORS, "limit")


def _rows(number: int) -> str:
    if number >= 1_000_000:
        return f"{number / 1e6:g} M"
    return f"{number / 1e3:g} k" if number >= 1_000 else (str(number) if number else "")


def _figure(outcome: Outcome, engine: str) -> str:
    if engine not in outcome.medians:
        return ""
    value = outcome.medians[engine]
    ratio = outcome.ratio(engine)
    return f"{value:.3g} {outcome.unit}" + (f" ({ratio:.2f})" if ratio is not None else "")


def _limits(outcome: Outcome) -> str:
    if not outcome.limits:
        return ""
    verdict = "missed" if outcome.misses() else ("kept" if OURS in outcome.medians else "not run")
    texts = [f"{limit:g}" if engine == OURS else f"{engine} {limit:g}" for engine, limit in outcome.limits.items()]
    return f"{', '.join(texts)}: {verdict}"


def _cells(outcomes: Sequence[Outcome]) -> list[tuple[str, ...]]:
    return [
        (
            outcome.name,
            _rows(outcome.rows),
            *(_figure(outcome, engine) for engine in (OURS, *COMPETITORS)),
            _limits(outcome),
        )
        for outcome in outcomes
    ]


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the table as text: medians, and in parentheses sheetline's share of the other's time."""
    lines = [HEADINGS, *_cells(outcomes)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in (0, len(widths) - 1) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def markdown(outcomes: Sequence[Outcome], *, quick: bool) -> str:
    """Return the table and where it was measured as Markdown."""
    facts = machine()
    where = f"{facts['processors']} processors ({facts['machine']}), Python {facts['python']}"
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    lines = [HEADINGS, ("---",) + ("---:",) * (len(HEADINGS) - 2) + ("---",), *_cells(outcomes)]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    size = " Small sizes: only the ratios' order of magnitude counts." if quick else ""
    return (
        f"Medians of runs in turns; in parentheses sheetline's time as a share of the other's.{size}\n"
        f"{where}; {versions}.\n\n{body}\n"
    )


def as_dict(outcomes: Sequence[Outcome], *, quick: bool) -> dict[str, Any]:
    """Return every figure for a file that programs read."""
    return {
        "quick": quick,
        "machine": machine(),
        "outcomes": [
            {
                "name": outcome.name,
                "rows": outcome.rows,
                "unit": outcome.unit,
                "medians": dict(outcome.medians),
                "min_max": {engine: list(spread) for engine, spread in outcome.spread.items()},
                "ratios": {e: outcome.ratio(e) for e in COMPETITORS if outcome.ratio(e) is not None},
                "limits": dict(outcome.limits),
                "missed": outcome.misses(),
            }
            for outcome in outcomes
        ],
    }


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    packages = (OURS, "numpy", "pyarrow", *COMPETITORS)
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processors": os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count(),
        "versions": {name: importlib.metadata.version(name) for name in packages},
    }
