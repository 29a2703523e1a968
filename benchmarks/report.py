"""The figures as tables for people, and as plain values for files."""

import importlib.metadata
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.harness import OURS, Outcome

LIBRARIES = ("numpy", "pyarrow", "pandas", "polars", "duckdb", "formulas", "pycel")


def _rows(number: int) -> str:
    if number >= 1_000_000:
        return f"{number / 1e6:g} M"
    return f"{number / 1e3:g} k" if number >= 1_000 else (str(number) if number else "")


def share(ratio: float) -> str:
    """Return a ratio as people read it: two digits, and below a hundredth as a fraction."""
    return f"1/{1 / ratio:,.0f}" if 0 < ratio < 0.01 else f"{ratio:.2f}"


def _quantity(value: float, unit: str) -> str:
    if unit == "s" and value < 0.1:
        return f"{value * 1e3:.3g} ms"
    return f"{value:.3g} {unit}" if value < 100 else f"{value:,.0f} {unit}"


def _figure(outcome: Outcome, engine: str) -> str:
    if engine not in outcome.medians:
        return ""
    ratio = outcome.ratio(engine)
    return _quantity(outcome.medians[engine], outcome.unit) + (f" ({share(ratio)})" if ratio is not None else "")


def _limits(outcome: Outcome, kept: str, missed: str) -> str:
    """Return each limit with its verdict."""
    texts = []
    for engine, limit in outcome.limits.items():
        measured = outcome.medians.get(OURS) if engine == OURS else outcome.ratio(engine)
        if measured is None:
            continue
        bad = measured < limit if outcome.least else measured > limit
        bound = "≥" if outcome.least else "≤"
        what = f"{limit:g} {outcome.unit}" if engine == OURS else f"{share(limit)} {engine}"
        texts.append(f"{missed if bad else kept} {bound} {what}")
    return ", ".join(texts)


def _memory(outcome: Outcome) -> str:
    return ", ".join(
        f"{size / 1e9:.2g} GB" if engine == OURS else f"{engine} {size / 1e9:.2g}"
        for engine, size in outcome.memory.items()
    )


def _setup(outcome: Outcome) -> str:
    return ", ".join(
        _quantity(seconds, "s") if engine == OURS else f"{engine} {_quantity(seconds, 's')}"
        for engine, seconds in outcome.setup.items()
    )


def _engines(outcomes: Iterable[Outcome]) -> list[str]:
    return list(dict.fromkeys(engine for outcome in outcomes for engine in outcome.medians))


def cells(outcomes: Sequence[Outcome], *, kept: str = "kept", missed: str = "MISSED") -> list[tuple[str, ...]]:
    """Return a table, its headings first; columns that would be empty are left out."""
    engines = _engines(outcomes)
    head = ("task", "rows", *engines, "limits", "peak memory", "to the first result")
    lines = [
        (
            outcome.name,
            _rows(outcome.rows),
            *(_figure(outcome, engine) for engine in engines),
            _limits(outcome, kept, missed),
            _memory(outcome),
            _setup(outcome),
        )
        for outcome in outcomes
    ]
    used = [place for place in range(len(head)) if place == 0 or any(line[place] for line in lines)]
    return [tuple(line[place] for place in used) for line in (head, *lines)]


def families(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Return the outcomes by family, in the order in which they come."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(outcome.family, []).append(outcome)
    return found


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the tables of the families as text: medians, and in parentheses sheetline's share of the other's time."""
    return "\n\n".join(f"{family}\n{_aligned(cells(part))}" for family, part in families(outcomes).items())


def _aligned(lines: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 or lines[0][i] in ("limits", "peak memory") else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def markdown(outcomes: Sequence[Outcome]) -> str:
    """Return the tables of the families as Markdown: limits that are kept are green, those that are missed red."""
    parts = []
    for family, part in families(outcomes).items():
        lines = cells(part, kept="🟢", missed="🔴")
        rule = tuple("---" if name in ("task", "limits", "peak memory") else "---:" for name in lines[0])
        body = "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))
        parts.append(f"### {family.capitalize()}\n\n{body}")
    return "\n\n".join(parts)


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain values, with its ratios."""
    ratios = {engine: outcome.ratio(engine) for engine in outcome.medians if engine != OURS}
    plain = {key: dict(value) if isinstance(value, Mapping) else value for key, value in asdict(outcome).items()}
    return plain | {"ratios": ratios, "missed": outcome.misses()}


def outcome_of(plain: Mapping[str, Any]) -> Outcome:
    """Return the outcome that was made plain by ``as_dict``."""
    known = {key: plain[key] for key in Outcome.__dataclass_fields__ if key in plain}
    known["spread"] = {engine: (low, high) for engine, (low, high) in plain["spread"].items()}
    return Outcome(**known)


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "processor": _processor(),
        "processors": os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
        if hasattr(os, "sysconf")
        else None,
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: found for name in (OURS, *LIBRARIES) if (found := _version(name)) is not None},
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """Return the name of the processor as Linux tells it, else its kind."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as told:  # noqa: PTH123 - a file of the kernel
            names = [line.split(":", 1)[1].strip() for line in told if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()
