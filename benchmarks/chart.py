"""The published ratios as a picture: one bar a limit, on a logarithmic scale, red where the limit is missed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.harness import OURS, Outcome
from benchmarks.report import families, share

WIDTH = 900
LEFT = 330  # of the labels
RIGHT = 90  # of the figures
ROW = 20
GREEN, RED, GREY, INK, PALE = "#2e9e5b", "#d1383d", "#8a94a0", "#24292f", "#d8dee4"
TICKS = (0.0001, 0.001, 0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a ratio to another engine or, of a probe, to its limit; and the limit in the same measure."""

    label: str
    value: float
    limit: float | None
    missed: bool


def bars(outcomes: Sequence[Outcome]) -> list[Bar]:
    """Return a bar for each limit; what has none is compared with polars, if it can be."""
    made = []
    for outcome in outcomes:
        for engine, limit in outcome.limits.items():
            measured = outcome.medians.get(OURS) if engine == OURS else outcome.ratio(engine)
            if measured is None or measured <= 0:
                continue
            bad = measured < limit if outcome.least else measured > limit
            if engine == OURS:
                made.append(Bar(f"{outcome.name} / its limit", measured / limit, 1.0, bad))
            else:
                made.append(Bar(f"{outcome.name} / {engine}", measured, limit, bad))
        ratio = outcome.ratio("polars")
        if not outcome.limits and ratio:
            made.append(Bar(f"{outcome.name} / polars", ratio, None, False))
    return made


def svg(outcomes: Sequence[Outcome]) -> str:
    """Return the picture; the longer a bar to the left of 1, the faster sheetline is."""
    grouped = [(family, bars(part)) for family, part in families(outcomes).items()]
    grouped = [(family, part) for family, part in grouped if part]
    values = [x for _, part in grouped for bar in part for x in (bar.value, bar.limit or 1.0)] or [1.0]
    low, high = math.log10(min(0.1, *values) / 1.3), math.log10(max(2.0, *values) * 1.3)
    inner = WIDTH - LEFT - RIGHT

    def at(value: float) -> float:
        return LEFT + (math.log10(value) - low) / (high - low) * inner

    height = 64 + sum(ROW * (len(part) + 1) + 8 for _, part in grouped)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12" fill="{INK}">',
        "<title>sheetline's time as a share of another engine's; left of 1 it is faster</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="18">time as a share of the other\'s: left of 1 sheetline is faster</text>',
        f'<text x="{LEFT}" y="34" fill="{GREY}">green: the limit (black mark) is kept; red: it is missed</text>',
    ]
    for tick in TICKS:
        if 10**low <= tick <= 10**high:
            stroke = GREY if tick == 1 else PALE
            lines.append(f'<path d="M{at(tick):.1f} 56V{height - 6}" stroke="{stroke}"/>')
            lines.append(f'<text x="{at(tick):.1f}" y="52" text-anchor="middle" fill="{GREY}">{tick:g}</text>')
    top = 62
    for family, part in grouped:
        lines.append(f'<text x="8" y="{top + 14}" font-weight="bold">{escape(family)}</text>')
        top += ROW
        for bar in part:
            lines += _drawn(bar, top, at(bar.value), at(1.0), None if bar.limit is None else at(bar.limit))
            top += ROW
        top += 8
    return "\n".join([*lines, "</svg>"]) + "\n"


def _drawn(bar: Bar, top: int, end: float, one: float, limit: float | None) -> list[str]:
    colour = RED if bar.missed else (GREY if bar.limit is None else GREEN)
    start, width = min(end, one), max(abs(end - one), 1.0)
    made = [
        f'<text x="{LEFT - 8}" y="{top + 14}" text-anchor="end">{escape(bar.label)}</text>',
        f'<rect x="{start:.1f}" y="{top + 4}" width="{width:.1f}" height="{ROW - 8}" fill="{colour}"/>',
        f'<text x="{WIDTH - 8}" y="{top + 14}" text-anchor="end" fill="{colour}">{share(bar.value)}</text>',
    ]
    if limit is not None:
        made.append(f'<path d="M{limit:.1f} {top + 1}v{ROW - 2}" stroke="{INK}" stroke-width="2"/>')
    return made
