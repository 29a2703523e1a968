"""The page of the benchmarks: figures are kept as JSON, outcome by outcome, and drawn into the page and its picture.

Whatever was measured takes the place of the earlier figures of the same task; all else stays, with the day and
the machine of its own, so that a long suite can be published some families at a time.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import chart, functions, report
from benchmarks.harness import ROOT, Outcome

BEGIN = "<!-- figures: written by `python -m benchmarks --publish` -->"
END = "<!-- end of figures -->"


def merge(outcomes: Iterable[Outcome], docs: Path = ROOT / "docs") -> None:
    """Put the outcomes into ``benchmarks.json`` below ``docs``."""
    path = docs / "benchmarks.json"
    kept: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    facts = {"measured": datetime.now(UTC).date().isoformat(), "machine": report.machine()}
    for outcome in outcomes:
        kept[outcome.name] = report.as_dict(outcome) | facts
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


def render(order: Sequence[str], docs: Path = ROOT / "docs") -> None:
    """Write what ``benchmarks.json`` holds into the page and the picture, in the order of the names.

    Names that are no longer measured are left out of both.
    """
    kept: dict[str, Any] = json.loads((docs / "benchmarks.json").read_text("utf-8"))
    plain = [kept[name] for name in order if name in kept]
    outcomes = [report.outcome_of(entry) for entry in plain]
    singly = [outcome for outcome in outcomes if outcome.family == functions.NAME]
    others = [outcome for outcome in outcomes if outcome.family != functions.NAME]
    (docs / "images").mkdir(parents=True, exist_ok=True)
    (docs / "images" / "benchmarks.svg").write_text(chart.svg(others), "utf-8")
    page = docs / "benchmarks.md"
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or not after:
        raise ValueError(f"{page} has no lines {BEGIN} and {END}")
    parts = [_summary(others, plain), "![Ratios of all workloads](images/benchmarks.svg)", report.markdown(others)]
    if singly:
        parts.append(_functions(singly))
    page.write_text(f"{before}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{after}", "utf-8")


def _summary(outcomes: Sequence[Outcome], plain: Sequence[dict[str, Any]]) -> str:
    """Return how many limits are kept, and where and when the figures were measured."""
    limits = sum(len(outcome.limits) for outcome in outcomes)
    missed = sum(len(outcome.misses()) for outcome in outcomes)
    lines = [f"{limits - missed} of {limits} limits are kept, {missed} are missed."]
    for entry in _distinct(plain):
        facts = entry["machine"]
        versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
        memory = f", {facts['memory_gb']} GB" if facts.get("memory_gb") else ""
        where = f"{facts['processors']} × {facts['processor']}{memory}, {facts['system']}, Python {facts['python']}"
        lines.append(f"Measured on {entry['measured']}: {where}; {versions}.")
    return "\n".join(lines)


def _distinct(plain: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    found = {json.dumps([entry["measured"], entry["machine"]]): entry for entry in plain}
    return sorted(found.values(), key=lambda entry: entry["measured"])


def _functions(outcomes: Sequence[Outcome]) -> str:
    """Return the table of the functions one by one, the worst ratio first."""
    rows = []
    for outcome in outcomes:
        best = functions.best(outcome)
        ratio = None if best is None else outcome.ratio(best)
        if best is None or ratio is None:
            continue
        mark = "🔴" if outcome.misses() else "🟢"
        ours, other = (outcome.medians[name] * 1e3 for name in ("sheetline", best))
        name = outcome.name.removeprefix(f"{functions.NAME} ")
        limit = outcome.limits.get(best)
        bound = f"{mark} ≤ {limit:g}" if limit is not None else ""
        rows.append((ratio, f"| {name} | {ours:.1f} ms | {best} {other:.1f} ms | {ratio:.2f} | {bound} |"))
    rows.sort(reverse=True)
    head = "| function | sheetline | best other way | ratio | limit |\n| --- | ---: | ---: | ---: | --- |"
    return f"### Functions one by one\n\n{head}\n" + "\n".join(row for _, row in rows)
