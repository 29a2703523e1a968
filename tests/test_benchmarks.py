"""The benchmarks' own machinery: comparing, judging, publishing, and the guard."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
pytest.importorskip("polars", reason="the extra 'bench' is not installed")

from benchmarks import catalogue, chart, guard, publish, report  # noqa: E402
from benchmarks.equality import difference  # noqa: E402
from benchmarks.harness import Case, Disagreement, Outcome, Probe, run_case, run_probe  # noqa: E402

Way = Callable[[], Any]
NUMBERS = np.random.default_rng(3).uniform(1, 9, 200_000)


def _summed() -> Any:
    return np.array([float(np.sqrt(NUMBERS).sum())])


def _workload(times: int) -> guard.Workload:
    """Return a workload whose own way does the reference's work so many times."""

    def make() -> tuple[Way, Way]:
        def ours() -> Any:
            for _ in range(times):
                result = _summed()
            return result

        return ours, _summed

    return guard.Workload("square roots", make)


def _outcome(name: str = "sums", **changes: Any) -> Outcome:
    seconds = {"sheetline": 1.0, "polars": 2.0}
    made = Outcome(
        name=name,
        rows=1_000,
        unit="s",
        medians=seconds,
        spread={engine: (value, value) for engine, value in seconds.items()},
        limits={"polars": 0.7},
        family="sums",
        runs=dict.fromkeys(seconds, 7),
    )
    return replace(made, **changes)


def _case(ours: Any, other: Any, **changes: Any) -> Case:
    sides = {"sheetline": lambda _: lambda: ours, "pandas": lambda _: lambda: other}
    return replace(Case("c", "f", 100, lambda _: {}, sides, limits={"pandas": 1e9}), **changes)


# the guard


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SECONDS", 0.1)


def test_the_guard_lets_pass_what_is_as_quick_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "guard.json"
    assert guard.main(store=True, workloads=[_workload(3)], path=path) == 0
    stored = json.loads(path.read_text("utf-8"))["ratios"]["square roots"]
    assert 2 < stored < 4.5
    assert guard.main(store=False, workloads=[_workload(3)], path=path) == 0
    assert "TOO SLOW" not in capsys.readouterr().out


def test_the_guard_fails_on_a_workload_that_was_made_slower(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "guard.json"
    guard.main(store=True, workloads=[_workload(3)], path=path)
    assert guard.main(store=False, workloads=[_workload(6)], path=path) == 1
    told = capsys.readouterr().out
    assert "TOO SLOW" in told
    assert f"measured {guard.ATTEMPTS} times" in told


def test_the_guard_counts_processor_time_and_not_waiting() -> None:
    def make() -> tuple[Way, Way]:
        def waiting() -> Any:
            time.sleep(0.02)
            return _summed()

        return waiting, _summed

    assert guard.measure(guard.Workload("waiting", make)) < 2


def test_a_workload_without_a_stored_ratio_fails() -> None:
    (verdict,) = guard.judge([_workload(1)], {})
    assert verdict.failed
    assert "NOT STORED" in guard.table([verdict])


def test_the_guard_does_not_time_different_results() -> None:
    workload = guard.Workload("wrong", lambda: (lambda: np.array([1.0]), lambda: np.array([2.0])))
    with pytest.raises(Disagreement, match="differ"):
        guard.measure(workload)


def test_every_workload_of_the_guard_has_a_stored_ratio() -> None:
    stored = json.loads(guard.STORED.read_text("utf-8"))["ratios"]
    assert list(stored) == [workload.name for workload in guard.WORKLOADS]


# comparing


def test_equal_results_in_different_forms_and_orders() -> None:
    frame = pd.DataFrame({"k": [2, 1, 3], "x": [0.5, None, 1.5], "t": ["b", "a", None]})
    table = pa.table({"t": ["a", "b", None], "k": pa.array([1, 2, 3], pa.int32()), "x": [None, 0.5, 1.5 + 1e-12]})
    assert difference(frame, table, ("k",)) is None
    assert difference(frame, table) is not None


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"x": [1.0, 2.1]}, "first in row 1"),
        ({"x": [1.0, None]}, "1 of 2 values"),
        ({"x": [1.0]}, "rows"),
        ({"y": [1.0, 2.0]}, "columns"),
    ],
)
def test_differences_are_found(other: dict[str, list[float]], told: str) -> None:
    found = difference(pd.DataFrame({"x": [1.0, 2.0]}), pa.table(other))
    assert found is not None
    assert told in found


def test_sides_that_disagree_are_not_timed() -> None:
    with pytest.raises(Disagreement, match="sheetline and pandas differ"):
        run_case(_case(np.array([1.0]), np.array([3.0])), quick=False, engines=("sheetline", "pandas"), repeats=2)


def test_repeats_and_the_first_result() -> None:
    same = np.array([1.0])
    case = _case(same, same, few=("pandas",), setup=True)
    outcome = run_case(case, quick=False, engines=("sheetline", "pandas"), repeats=5)
    assert outcome.runs == {"sheetline": 5, "pandas": 3}
    assert set(outcome.setup) == {"sheetline", "pandas"}
    assert outcome.limits
    assert not run_case(case, quick=True, engines=("sheetline", "pandas"), repeats=1).limits


def test_probes_and_their_limits() -> None:
    probe = Probe("p", "f", "s", 2.0, lambda quick: 3.0)
    assert run_probe(probe, quick=False).misses() == ["p: 3 s, at most 2"]
    assert not run_probe(replace(probe, exact=False), quick=True).misses()
    assert not run_probe(replace(probe, least=True), quick=False).misses()
    assert not run_probe(replace(probe, limit=None), quick=False).misses()


def test_what_is_large_runs_only_when_it_is_asked_for() -> None:
    large = {work.name for work in catalogue.WORK if isinstance(work, Case | Probe) and work.large}
    assert "trips, 20 M events" in large
    assert large.isdisjoint(work.name for work in catalogue.chosen(None))
    assert large <= {work.name for work in catalogue.chosen(None, large=True)}
    assert [work.name for work in catalogue.chosen(["trips, 20 M events"])][:1] == ["trips, 20 M events"]
    assert {work.family for work in catalogue.chosen(["joins"]) if isinstance(work, Case)} == {"joins"}


def test_names_are_unique() -> None:
    names = [work.name for work in catalogue.WORK]
    assert len(names) == len(set(names))


# publishing


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "benchmarks.md").write_text(f"Before.\n\n{publish.BEGIN}\nold\n{publish.END}\n\nAfter.\n", "utf-8")
    return tmp_path


def test_publishing_marks_limits_and_keeps_what_was_there(docs: Path) -> None:
    publish.merge([_outcome("sums"), _outcome("means")], docs)
    slow = _outcome("sums", medians={"sheetline": 3.0, "polars": 2.0}, memory={"sheetline": 2_000_000_000})
    publish.merge([slow], docs)
    publish.render(["sums", "means", "gone"], docs)
    page = (docs / "benchmarks.md").read_text("utf-8")
    (sums,) = (line for line in page.splitlines() if line.startswith("| sums"))
    (means,) = (line for line in page.splitlines() if line.startswith("| means"))
    assert "🔴 ≤ 0.70 polars" in sums
    assert "2 GB" in sums
    assert "(1.50)" in sums
    assert "🟢 ≤ 0.70 polars" in means
    assert "1 of 2 limits are kept, 1 are missed." in page
    assert "old" not in page
    assert page.startswith("Before.")
    assert page.endswith("After.\n")
    kept = json.loads((docs / "benchmarks.json").read_text("utf-8"))
    assert report.outcome_of(kept["sums"]) == slow
    assert kept["means"]["machine"]["versions"]["numpy"] == np.__version__


def test_the_picture_is_well_formed_and_red_where_a_limit_is_missed(docs: Path) -> None:
    outcomes = [
        _outcome("kept & well"),
        _outcome("missed", limits={"polars": 0.1}),
        _outcome("without", limits={}),
        _outcome("probe", medians={"sheetline": 4.0}, limits={"sheetline": 2.0}),
    ]
    root = ElementTree.fromstring(chart.svg(outcomes))
    fills = [element.get("fill") for element in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert fills[1:] == [chart.GREEN, chart.RED, chart.GREY, chart.RED]
    assert [round(bar.value, 3) for bar in chart.bars(outcomes)] == [0.5, 0.5, 0.5, 2.0]


def test_tiny_ratios_are_told_as_fractions() -> None:
    assert report.share(0.001) == "1/1,000"
    assert report.share(0.25) == "0.25"
