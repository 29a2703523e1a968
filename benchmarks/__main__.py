"""``python -m benchmarks [--quick] [--only NAME] [--publish | --guard] …``: compare sheetline with other engines."""

import argparse
import gc
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import functions, guard, memory, publish, report
from benchmarks.catalogue import WORK, Work, chosen
from benchmarks.harness import OURS, Case, Outcome, Probe, run_case, run_probe


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a two-hundredth of the rows, and two timed runs")
    parser.add_argument("--large", action="store_true", help="the largest inputs too (20 M events)")
    parser.add_argument("--only", action="append", metavar="NAME", help="a family, or tasks whose name holds this text")
    parser.add_argument("--engines", metavar="A,B", help="comma-separated (default: all)")
    parser.add_argument("--repeats", type=int, metavar="N", help="timed runs a side (default: 7; 2 with --quick)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure as JSON")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a limit is not kept")
    parser.add_argument("--list", action="store_true", help="list the names and stop")
    parser.add_argument(
        "--publish", action="store_true", help="merge the figures into docs/benchmarks.json and its page"
    )
    parser.add_argument("--render", action="store_true", help="write the page from docs/benchmarks.json, run nothing")
    parser.add_argument("--guard", action="store_true", help="exit with 1 if a workload got 25 %% slower than stored")
    parser.add_argument("--store", action="store_true", help="with --guard: store the ratios instead")
    return parser.parse_args(argv)


def _order() -> list[str]:
    """Return the names of all that is measured, functions too."""
    names = []
    for work in WORK:
        single = isinstance(work, functions.Suite)
        names += [f"{functions.NAME} {task.name}" for task in functions.TASKS] if single else [work.name]
    return names


def _run(work: Work, options: argparse.Namespace, engines: Sequence[str] | None, repeats: int) -> list[Outcome]:
    if isinstance(work, functions.Suite):
        return work.run(quick=options.quick, repeats=repeats, only=options.only)
    if isinstance(work, Probe):
        return [run_probe(work, quick=options.quick)]
    sides = tuple(work.sides) if engines is None else engines
    outcome = run_case(work, quick=options.quick, engines=sides, repeats=repeats)
    if work.memory and not options.quick:
        found = {engine: memory.of_side(work, engine, outcome.rows) for engine in outcome.medians}
        outcome = replace(outcome, memory=found)
    return [outcome]


def _show(outcomes: Sequence[Outcome]) -> list[str]:
    """Print the tables, and return the limits that were missed."""
    singly = [outcome for outcome in outcomes if outcome.family == functions.NAME]
    others = [outcome for outcome in outcomes if outcome.family != functions.NAME]
    for text in ([report.table(others)] if others else []) + ([functions.table(singly)] if singly else []):
        print(text, end="\n\n")
    missed = [line for outcome in outcomes for line in outcome.misses()]
    print(*missed, sep="\n", end="\n" if missed else "")
    return missed


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for, print the tables, and return the exit code."""
    options = _arguments(argv)
    if options.guard:
        return guard.main(store=options.store)
    if options.render:
        publish.render(_order())
        return 0
    work = chosen(options.only, large=options.large)
    engines = None if options.engines is None else [name.strip() for name in options.engines.split(",")]
    known = {OURS, *(engine for case in WORK if isinstance(case, Case) for engine in case.sides)}
    if not work or set(engines or ()) - known:
        print(f"nothing called {options.only if not work else sorted(set(engines or ()) - known)}", file=sys.stderr)
        return 2
    if options.list:
        print(*(item.name for item in work), sep="\n")
        return 0
    if options.publish and (options.quick or engines is not None):
        print("only full sizes with all engines are published", file=sys.stderr)
        return 2
    repeats = options.repeats or (2 if options.quick else 7)
    outcomes: list[Outcome] = []
    for item in work:
        if engines is not None and OURS not in engines and not isinstance(item, Case):
            continue
        print(f"… {item.name}", file=sys.stderr, end="", flush=True)
        start = time.perf_counter()
        made = _run(item, options, engines, repeats)
        gc.unfreeze()
        print(f" ({time.perf_counter() - start:.1f} s)", file=sys.stderr, flush=True)
        outcomes += made
        if options.publish:  # at once: what is measured stays, whatever comes
            publish.merge(made)
    missed = _show(outcomes)
    if options.publish:
        publish.render(_order())
    if options.json:
        plain = {"quick": options.quick, "machine": report.machine(), "outcomes": list(map(report.as_dict, outcomes))}
        options.json.write_text(json.dumps(plain, indent=2) + "\n", "utf-8")
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
