"""``python -m benchmarks [--quick] [--only NAME] [--engines …] [--json FILE] [--markdown FILE]``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import elements, functions, groups, latency, report, texts, trips
from benchmarks.harness import OURS, Case, Outcome, Probe, run_case, run_probe

ENGINES = (OURS, "pandas", "polars", "duckdb")
WORK: tuple[Case | Probe | functions.Suite, ...] = (
    *elements.CASES,
    *texts.CASES,
    *groups.CASES,
    *trips.CASES,
    *trips.PROBES,
    *latency.PROBES,
    functions.SUITE,
)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the rows")
    parser.add_argument("--only", action="append", metavar="NAME", help="cases whose name holds this text")
    parser.add_argument("--engines", default=",".join(ENGINES), help="comma-separated (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="timed runs a side (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table as Markdown")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a limit is not kept")
    parser.add_argument("--list", action="store_true", help="list the names and stop")
    return parser.parse_args(argv)


def _chosen(only: Sequence[str] | None) -> list[Case | Probe | functions.Suite]:
    if not only:
        return list(WORK)
    chosen = []
    for work in WORK:
        inside = isinstance(work, functions.Suite) and work.chosen(only)
        if inside or any(text.lower() in work.name.lower() for text in only):
            chosen.append(work)
    return chosen


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for, print the table, and return the exit code."""
    options = _arguments(argv)
    chosen = _chosen(options.only)
    engines = [name.strip() for name in options.engines.split(",")]
    unknown = set(engines) - set(ENGINES)
    if unknown or not chosen:
        print(f"nothing called {options.only if not chosen else sorted(unknown)}; see --list", file=sys.stderr)
        return 2
    if options.list:
        print(*(work.name for work in chosen), sep="\n")
        return 0
    outcomes: list[Outcome] = []
    singly: list[Outcome] = []
    for work in chosen:
        print(f"… {work.name}", file=sys.stderr, flush=True)
        if isinstance(work, Case):
            outcomes.append(run_case(work, quick=options.quick, engines=engines, repeats=options.repeats))
        elif OURS not in engines:
            continue
        elif isinstance(work, functions.Suite):
            singly.extend(work.run(quick=options.quick, repeats=options.repeats, only=options.only))
        else:
            outcomes.append(run_probe(work, quick=options.quick))
    if outcomes:
        print(report.table(outcomes))
    if singly:
        print(functions.table(singly))
    outcomes.extend(singly)
    missed = [line for outcome in outcomes for line in outcome.misses()]
    print(*missed, sep="\n", end="\n" if missed else "")
    if options.json:
        options.json.write_text(json.dumps(report.as_dict(outcomes, quick=options.quick), indent=2) + "\n", "utf-8")
    if options.markdown:
        options.markdown.write_text(report.markdown(outcomes, quick=options.quick), "utf-8")
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
