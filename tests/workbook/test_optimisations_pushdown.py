"""Row groups that a filter can't take a row from are not read: the same rows come out, and the report tells."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet as pq
from test_optimisations import same

import sheetline as sl
from sheetline.workbook.io.read import left_out
from sheetline.workbook.io.rowgroups import Comparison, Unread
from sheetline.workbook.pushdown import comparisons
from sheetline.workbook.report import SheetReport

DAY = dt.datetime(2024, 1, 1)


def write(folder: Path, columns: dict[str, pa.Array], **options: Any) -> Path:
    path = folder / f"{len(list(folder.iterdir()))}.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return path


def over(path: Path, where: str, *, columns: Any = None, only: bool = False, errors: str = "keep") -> sl.Workbook:
    more = {} if columns is None else {"columns": columns, "only": only}
    book = sl.Workbook("W", errors=errors).source("E", str(path), **more)
    return book.filter("F", of="E", where=where)


def source(run: sl.Run) -> SheetReport:
    return run.report.sheet("E")


def skipped(run: sl.Run) -> int:
    """How many rows were not read, as the report says."""
    return sum(one.count for one in source(run).notices if "row groups" in one.message)


# ---------------------------------------------------------------- any file, any condition


def random_columns(rng: np.random.Generator, rows: int) -> dict[str, pa.Array]:
    """Columns that mostly rise with the row, so that groups differ, with nulls and what is special of each type."""

    def rising(step: float) -> np.ndarray[Any, Any]:
        return np.arange(rows) * step + rng.integers(-2, 3, rows)

    def nulls(values: list[Any], type_: Any) -> pa.Array:
        chance = float(rng.choice([0.0, 0.2, 1.0], p=[0.4, 0.5, 0.1]))
        return pa.array([None if rng.random() < chance else value for value in values], type_)

    floats = rising(0.5).tolist()
    for special in (math.nan, math.inf, -0.0):
        if rng.random() < 0.4:
            for place in rng.integers(0, rows, 3):
                floats[place] = special
    days = [DAY + dt.timedelta(hours=int(hours)) for hours in rising(1)]
    made = {
        "n": nulls(rising(1).astype(int).tolist(), rng.choice([pa.int64(), pa.int32()])),
        "x": nulls(floats, rng.choice([pa.float64(), pa.float32()])),
        "s": nulls([f"{int(value):03}é" for value in rising(0.25)], rng.choice([pa.string(), pa.large_string()])),
        "t": nulls(days, rng.choice([pa.timestamp("us"), pa.timestamp("ms", "Europe/Berlin"), pa.timestamp("ns")])),
        "d": nulls([day.date() for day in days], pa.date32()),
        "b": nulls([bool(place > rows // 2) for place in range(rows)], pa.bool_()),
        "big": nulls([2**53 + int(value) for value in rising(1)], pa.int64()),
        "u": nulls(np.abs(rising(1)).astype(int).tolist(), rng.choice([pa.uint8(), pa.uint32(), pa.uint64()])),
    }
    chosen = [name for name in made if name in "nx" or rng.random() < 0.5]
    return {name: made[name] for name in chosen}


def random_condition(rng: np.random.Generator, names: list[str], rows: int) -> str:
    """One comparison, or several, also such as nothing can be concluded from."""
    parts = []
    for _ in range(int(rng.integers(1, 4))):
        name, at = names[int(rng.integers(len(names)))], int(rng.integers(-3, rows + 3))
        day = (DAY + dt.timedelta(hours=at)).isoformat()
        value = {
            "n": str(at),
            "x": f"{at / 2}",
            "s": f'"{at // 4:03}é"',
            "t": f'ASDATE("{day}")',
            "d": f'ASDATE("{day}")',
            "b": "true",
            "big": f"{float(2**53 + at)}" if rng.random() < 0.5 else str(2**53 + at),
            "u": str(abs(at)),
        }[name]
        sign = str(rng.choice(["<", "<=", ">", ">=", "==", "!="]))
        sign = "==" if name == "b" else sign
        forms = [f"#{name} {sign} {value}"] * 6 + [
            f"{value} {sign} #{name}",
            f"ISNULL(#{name})",
            f"ISNOTNULL(#{name})",
            f"!ISNULL(#{name})",
            f"IN(#{name};{value};{value})",
            f"BETWEEN(#{name};{value};{value})",
            f"#{name} == null",
            f"(#{name} {sign} {value} || #n > {rows - 5})",
            "ROWNUMBER() > 5",
            "10 / #n > 1",
            "#n < COLAVERAGE(#n)",
        ]
        parts.append(forms[int(rng.integers(len(forms)))])
    return " && ".join(parts)


def test_random_files_and_conditions(tmp_path: Path) -> None:
    spared = 0
    for seed in range(110):
        rng = np.random.default_rng(seed)
        rows = int(rng.integers(1, 80))
        columns = random_columns(rng, rows)
        options: dict[str, Any] = {"row_group_size": int(rng.integers(1, 20))}
        if rng.random() < 0.2:
            options["write_statistics"] = [name for name in columns if rng.random() < 0.5]
        path = write(tmp_path, columns, **options)
        mode = str(rng.choice(["keep", "drop"], p=[0.8, 0.2]))
        book = over(path, random_condition(rng, list(columns), rows), errors=mode)
        if rng.random() < 0.5:
            book = book.formulas("G", of="F", columns={"m": "#n + 1", "p": "COLPREVIOUS(#n)"})
        usual, whole = book.run(), book.run(without=["pushdown"])
        assert not skipped(whole)
        spared += skipped(usual)
        mine, theirs = source(usual), source(whole)
        said = " ".join(one.message for one in mine.notices)
        assert (mine.rows, mine.errors) == (theirs.rows, theirs.errors)
        for one, other in zip(mine.columns, theirs.columns, strict=True):
            assert one.examples == other.examples
            assert one.nulls == other.nulls or (one.nulls < other.nulls and f"'{one.name}'" in said), one
        for report in (usual.report, whole.report):
            report.sheets.pop(0)
        same(usual, whole)
    assert spared > 400, "there was something to spare"


# ---------------------------------------------------------------- what is told


def counting(folder: Path, **more: pa.Array) -> Path:
    return write(folder, {"n": pa.array(range(100)), **more}, row_group_size=10)


def test_the_report_tells_what_was_not_read(tmp_path: Path) -> None:
    some = pa.array([None if place % 4 == 0 else place / 2 for place in range(100)])
    words = pa.array([None if place % 10 == 0 else "w" for place in range(100)])
    run = over(counting(tmp_path, x=some, s=words), "#n >= 75").run()
    assert run["F"].to_pandas()["n"].tolist() == list(range(75, 100))
    assert source(run).rows == 100
    assert [(one.name, one.nulls) for one in source(run).columns] == [("n", 0), ("x", 7), ("s", 10)]
    (told,) = source(run).notices
    assert (told.severity, told.count) == ("info", 70)
    assert told.message == (
        "7 of 10 row groups (70 of 100 rows) were not read: as the file says of them, none is in 'F'; "
        "the nulls of 'x' are those of the rows read"
    )
    assert len(run["E"]) == 100, "who asks for the source gets all of it"


def test_the_estimate_knows(tmp_path: Path) -> None:
    book = over(counting(tmp_path), "#n < 20 && 5 < #n")
    usual, whole = book.estimate(), book.estimate(without=["pushdown"])
    assert usual.step("E").rows == whole.step("E").rows == 100
    assert usual.step("E").bytes == 160
    assert whole.step("E").bytes == 800
    assert usual.step("F").rows == 20


@pytest.mark.parametrize(
    ("where", "spared"),
    [
        ("#n < 10", 90),
        ("10 > #n", 90),
        ("#n <= 10", 80),
        ("#n > 89", 90),
        ("#n >= 90", 90),
        ("#n == 45", 90),
        ("45 == #n", 90),
        ("IN(#n;3;98)", 80),
        ("BETWEEN(#n;35;44)", 80),
        ("#n > 20 && (#n < 40 && #n != 30)", 80),
        ("#n > 1000", 100),
        ("ISNULL(#n)", 100),
        ("#n == null", 0),
        ("#n != 3", 0),
        ("#n > 89 || #n < 5", 0),
        ("#n > 89 && ROWNUMBER() > 3", 0),
        ("#n > 89 && 10 / #n > 0", 0),
        ("#n > 89 && #n > COLAVERAGE(#n)", 0),
        ("#n + 1 > 89", 0),
    ],
)
def test_conditions(tmp_path: Path, where: str, spared: int) -> None:
    book = over(counting(tmp_path), where)
    run = book.run()
    assert skipped(run) == spared
    assert run["F"].to_pandas().equals(book.run(without=["pushdown"])["F"].to_pandas())


def test_who_else_needs_the_source_gets_all_of_it(tmp_path: Path) -> None:
    path = counting(tmp_path)
    book = over(path, "#n < 10")
    assert skipped(book.run()) == 90
    assert skipped(book.run(sheets=["E", "F"])) == 0
    assert skipped(book.run(record=True)) == 0
    assert skipped(book.run(sample=50)) == 0
    assert skipped(book.run(cache=tmp_path / "cache")) == 0
    assert skipped(book.formulas("G", of="E", columns={"m": "#n + 1"}).run()) == 0
    assert skipped(book.formulas("G", of="F", columns={"m": "EXISTS(#n;#E!n)"}).run()) == 0
    kept = sl.Workbook("W").source("E", str(path), keep=True).filter("F", of="E", where="#n < 10")
    assert skipped(kept.output("F", "f.csv").run()) == 0
    run = book.checks("E", {"kind": "range", "column": "n", "min": 0}).run()
    assert skipped(run) == 0
    assert source(run).checks[0].rows == 100


def test_text_files_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("n\n1\n2\n")
    assert skipped(over(path, "#n > 1").run()) == 0


# ---------------------------------------------------------------- what statistics do not tell


def test_a_group_that_may_hold_errors_is_read(tmp_path: Path) -> None:
    """An infinity is an error value: it is reported, at its row, also where no row of its group comes out."""
    infinite = pa.array([math.inf if place == 35 else float(place) for place in range(100)])
    run = over(counting(tmp_path, x=infinite), "#n >= 90").run()
    assert skipped(run) == 0, "rows behind what is left out would be told with wrong numbers"
    assert [one.row for column in source(run).columns for one in column.examples] == [36]
    lost = pa.array([math.nan if place == 35 else float(place) for place in range(100)])
    assert skipped(over(counting(tmp_path, x=lost), "#n >= 90").run()) == 90
    assert skipped(over(counting(tmp_path, x=lost), "#x >= 90").run()) == 90
    assert skipped(over(counting(tmp_path, x=lost), "ISNULL(#x)").run()) == 0
    nothing = pa.array([math.nan if place < 10 else float(place) for place in range(100)])
    assert skipped(over(counting(tmp_path, x=nothing), "#x >= 90").run()) == 80, "bounds of NaN alone are not written"


def test_dates_beyond_the_calendar_are_read(tmp_path: Path) -> None:
    dates = pa.array([2**60 if place == 5 else place for place in range(100)], pa.timestamp("us"))
    run = over(counting(tmp_path, t=dates), "#n >= 90").run()
    assert skipped(run) == 0
    assert source(run).errors == 1


def test_columns_that_change_while_they_are_read(tmp_path: Path) -> None:
    words = pa.array(["x" if place < 50 else str(place) for place in range(100)])
    path = counting(tmp_path, s=words)
    assert skipped(over(path, "#n >= 90", columns=[{"name": "n"}], only=True).run()) == 90
    assert skipped(over(path, "#m >= 90", columns=[{"name": "m", "source": "n"}]).run()) == 90
    assert skipped(over(path, "#n >= 90", columns={"n": "integer"}, only=True).run()) == 90
    assert skipped(over(path, "#n >= 90", columns={"n": "float"}, only=True).run()) == 0
    asked = over(path, "#n >= 90", columns=[{"name": "s", "type": "integer"}]).run()
    assert skipped(asked) == 0, "texts that are no numbers are told"
    assert source(asked).errors == 50
    assert skipped(over(path, '#s == "x"', columns=[{"name": "s", "nulls": ["x"]}]).run()) == 0
    assert skipped(over(path, "#n >= 90").run(mappings={"E": {"s": None}})) == 0


def test_without_statistics_all_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, {"n": pa.array(range(100))}, row_group_size=10, write_statistics=False)
    assert skipped(over(path, "#n < 10").run()) == 0


def test_long_texts_and_other_letters(tmp_path: Path) -> None:
    """Bounds of long texts are left out or cut; texts are ordered by code point, as their bytes are."""
    texts = [chr(0x61 + place // 10) + "é" * (3000 if place % 20 == 0 else 1) for place in range(100)]
    path = counting(tmp_path, s=pa.array(texts), o=pa.array(["\U0001f600" if n < 50 else "\uffff" for n in range(100)]))
    for where in ('#s >= "j"', '#s < "b"', '#o > "\uffff"', '#o == "\uffff"'):
        book = over(path, where)
        run = book.run()
        assert skipped(run) > 0
        assert run["F"].to_pandas().equals(book.run(without=["pushdown"])["F"].to_pandas())


def test_structs_and_names_that_stand_twice(tmp_path: Path) -> None:
    inner = pa.array([{"n": 100 - place} for place in range(100)])
    path = write(tmp_path, {"n": pa.array(range(100)), "a": inner, "a.n": pa.array(range(100))}, row_group_size=10)
    assert skipped(over(path, "#n < 10").run()) == 0, "a struct becomes text, of which nothing is known"
    listed = [{"name": "v", "source": "a.n"}]
    book = over(path, "#v < 10", columns=listed, only=True)
    assert book.run()["F"].to_pandas()["v"].tolist() == list(range(10))
    twice = pa.Table.from_arrays([pa.array(range(20)), pa.array(range(20, 0, -1))], ["n", "n"])
    pq.write_table(twice, tmp_path / "twice.parquet", row_group_size=5)
    book = over(tmp_path / "twice.parquet", "#n < 5")
    assert book.run()["F"].to_pandas().equals(book.run(without=["pushdown"])["F"].to_pandas())


def test_a_file_that_changes_meanwhile_is_read_whole(tmp_path: Path) -> None:
    path = counting(tmp_path)
    book = over(path, "#n >= 90")

    def change(name: str, number: int, count: int) -> None:
        if name == "E":
            pq.write_table(pa.table({"n": pa.array(range(200, 100, -1))}), path, row_group_size=50)

    run = book.run(progress=change)
    assert len(run["F"]) == 100
    assert skipped(run) == 0


def test_what_is_left_out_of_a_file(tmp_path: Path) -> None:
    from sheetline.functions.types import Kind
    from sheetline.workbook.model.endpoints import ParquetSource

    endpoint = ParquetSource(type="parquet", path=str(counting(tmp_path)))
    where = [Comparison("n", ">=", Kind.INTEGER, (85,))]
    found = left_out(endpoint, where, needed={"n"})
    assert found is not None
    assert replace(found, state=(0, 0)) == Unread((8, 9), 10, 20, 80, {"n": 0})
    assert left_out(endpoint, where, needed={"m"}) is None
    gone = ParquetSource(type="parquet", path=str(tmp_path / "gone.parquet"))
    assert left_out(gone, where, needed={"n"}) is None, "reading it will tell"


def test_comparisons_of_a_condition(tmp_path: Path) -> None:
    where = "#n > 1 && (2.5 >= #n && !ISNULL(#n)) && (#n < 3 || #n > 4)"
    bound: Any = over(counting(tmp_path), where).plan().steps["F"]
    assert {(one.op, one.values) for one in comparisons(bound.bound)} == {
        (">", (1,)), ("<=", (2.5,)), ("not null", ()),
    }  # fmt: skip
