"""What differs between two workbooks: renamed, added, removed, changed; what it reaches; text, Markdown, JSON."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import sheetline as sl
from sheetline.workbook.cli.app import app
from sheetline.workbook.cli.command_diff import keys_of
from sheetline.workbook.diff.keys import differences
from sheetline.workbook.diff.markdown import code, text
from sheetline.workbook.diff.model import Change, Compared, Diff
from sheetline.workbook.diff.spelling import Renames, Speller
from sheetline.workbook.load import parse_workbook

Raw = dict[str, Any]
BOOK: Raw = {
    "format": "sheetline/1",
    "name": "Rides",
    "timezone": "Europe/Berlin",
    "parameters": {"least": {"type": "integer", "value": 5}},
    "sheets": [
        {
            "name": "Rides",
            "kind": "source",
            "from": {"type": "csv", "path": "rides.csv"},
            "columns": [
                {"name": "driver", "type": "string"},
                {"name": "km", "type": "float"},
                {"name": "minutes", "type": "integer"},
                {"name": "at", "type": "date", "source": "time"},
            ],
            "only": True,
        },
        {"name": "Long", "kind": "filter", "of": "Rides", "where": "#minutes >= $least"},
        {
            "name": "Speeds",
            "kind": "formulas",
            "of": "Long",
            "copy": ["driver", "at"],
            "columns": [
                {"name": "hours", "formula": "#minutes / 60"},
                {"name": "speed", "formula": "#km / #hours"},
            ],
        },
        {
            "name": "Fastest",
            "kind": "formulas",
            "of": "Speeds",
            "columns": [
                {"name": "driver", "formula": "GROUPBY(#Speeds!driver)"},
                {"name": "top", "formula": "GROUPMAX(#Speeds!speed)"},
                {"name": "rides", "formula": "GROUPCOUNT()"},
            ],
        },
        {"name": "Ranked", "kind": "sort", "of": "Fastest", "by": [{"column": "top", "order": "desc"}]},
        {"name": "Both", "kind": "join", "left": "Ranked", "right": "Long", "on": ["driver"]},
    ],
    "outputs": [{"sheet": "Ranked", "to": {"type": "csv", "path": "out/ranked.csv"}}],
}


def book(edit: Callable[[Raw], Any] | None = None, raw: Raw = BOOK) -> sl.Workbook:
    made = copy.deepcopy(raw)
    if edit is not None:
        edit(made)
    return parse_workbook(json.dumps(made))


def diff(edit: Callable[[Raw], Any]) -> sl.Diff:
    return sl.diff(book(), book(edit))


def replaced(*pairs: tuple[str, str]) -> sl.Workbook:
    made = json.dumps(BOOK)
    for old, new in pairs:
        assert old in made
        made = made.replace(old, new)
    return parse_workbook(made)


def said(found: sl.Diff) -> list[tuple[str, str, str | None, str | None, Any, Any]]:
    return [(one.kind, one.what, one.sheet, one.name, one.old, one.new) for one in found.changes]


def reach(found: sl.Diff) -> tuple[list[str], list[str]]:
    (change,) = found.changes
    assert change.reach is not None
    return list(change.reach.columns), list(change.reach.outputs)


def sheet(made: Raw, name: str) -> Raw:
    return next(one for one in made["sheets"] if one["name"] == name)


# --- nothing differs


def test_spelling_is_no_difference() -> None:
    other = replaced(
        ("#minutes >= $least", " #Rides!minutes>=$least /* why */"),
        ("#km / #hours", "km/hours"),
        ("GROUPMAX(#Speeds!speed)", "groupmax( #speed )"),
    )
    assert said(sl.diff(book(), other)) == []
    listed = sheet(copy.deepcopy(BOOK), "Speeds")["columns"]
    short = book(lambda b: sheet(b, "Speeds").update(columns={one["name"]: one["formula"] for one in listed}))
    assert sl.diff(book(), short).same
    assert sl.diff(book(), book(lambda b: b["sheets"].reverse())).same


def test_an_alias_is_no_difference() -> None:
    one = book(lambda b: sheet(b, "Speeds")["columns"][0].update(formula="AVG(#minutes;2)"))
    name = sl.functions.registry.REGISTRY.get("AVG")
    if name is None or name.name == "AVG":
        pytest.skip("there is no such alias")
    assert sl.diff(
        one, book(lambda b: sheet(b, "Speeds")["columns"][0].update(formula=f"{name.name}(#minutes;2)"))
    ).same


# --- formulas and what they reach


def test_a_changed_formula_names_what_it_reaches() -> None:
    found = diff(lambda b: sheet(b, "Speeds")["columns"][1].update(formula="round( #km/#hours ;1)"))
    assert said(found) == [("changed", "formula", "Speeds", "speed", "#km / #hours", "ROUND(#km / #hours;1)")]
    assert found.changes[0].words == "formula of Speeds.speed changed"
    # The join is by driver alone and the sort by top, so the order of all of Ranked is reached, and the join behind it.
    columns, outputs = reach(found)
    assert {"Fastest!top", "Ranked!top", "Ranked!driver", "Both!top"} <= set(columns)
    assert "Speeds!speed" not in columns
    assert "Fastest!driver" not in columns
    assert outputs == ["out/ranked.csv"]


def test_a_changed_key_of_groups_reaches_all_of_its_sheet() -> None:
    found = diff(lambda b: sheet(b, "Fastest")["columns"][0].update(formula="GROUPBY(UPPER(#Speeds!driver))"))
    columns, outputs = reach(found)
    assert {"Fastest!top", "Fastest!rides", "Ranked!rides"} <= set(columns)
    assert outputs == ["out/ranked.csv"]


def test_the_same_text_may_mean_another_column() -> None:
    """A new column takes the name of one underneath: formulas that name it read another column now."""

    def shadow(b: Raw) -> None:
        sheet(b, "Speeds")["columns"].append({"name": "km", "formula": "#Long!km * 2"})

    found = sl.diff(book(), book(shadow))
    assert ("changed", "formula", "Speeds", "speed", "#Long!km / #hours", "#km / #hours") in said(found)


def test_a_wrong_workbook_is_compared_all_the_same() -> None:
    found = diff(lambda b: sheet(b, "Speeds")["columns"][1].update(formula="#km / #houers"))
    assert said(found) == [("changed", "formula", "Speeds", "speed", "#km / #hours", "#km / #houers")]
    assert found.changes[0].reach is None
    assert "houers" in found.notes[0]
    assert diff(lambda b: sheet(b, "Speeds")["columns"][1].update(formula="#km / (")).changes[0].new == "#km / ("


# --- renamed, added, removed, moved


def test_a_column_renamed_everywhere_is_one_change() -> None:
    other = replaced(('"hours"', '"duration"'), ("#hours", "#duration"))
    assert said(sl.diff(book(), other)) == [("renamed", "column", "Speeds", "duration", "hours", "duration")]


def test_a_source_column_renamed_goes_through_all_sheets() -> None:
    """Filter, copy, group and join pass the column on under its new name, and nothing of that is a change."""
    other = replaced(
        ('{"name": "driver", "type": "string"}', '{"name": "who", "type": "string", "source": "driver"}'),
        ('["driver", "at"]', '["who", "at"]'),
        ("#Speeds!driver", "#Speeds!who"),
        ('"on": ["driver"]', '"on": [{"left": "driver", "right": "who"}]'),
    )
    assert said(sl.diff(book(), other)) == [("renamed", "column", "Rides", "who", "driver", "who")]


def test_a_renamed_sheet_is_one_change() -> None:
    found = sl.diff(book(), replaced(('"Long"', '"Kept rides"')))
    assert said(found) == [("renamed", "sheet", "Kept rides", None, "Long", "Kept rides")]
    assert found.changes[0].sure == 1
    assert found.changes[0].words == "sheet Long renamed to Kept rides (the same definition)"


def test_a_sheet_renamed_and_changed_is_told_as_such() -> None:
    found = sl.diff(book(), replaced(('"Long"', '"Kept"'), ("#minutes >= $least", "#minutes >= $least + 1")))
    renamed, changed = found.changes
    assert (renamed.old, renamed.new, renamed.kind) == ("Long", "Kept", "renamed")
    assert renamed.sure is not None
    assert 0.6 < renamed.sure < 1
    assert "nearly the same definition" in renamed.words
    assert (changed.what, changed.name, changed.old) == ("key", "where", "#minutes >= $least")


def test_another_sheet_in_its_place_is_no_rename() -> None:
    def other(b: Raw) -> None:
        b["sheets"][-1] = {"name": "Few", "kind": "sample", "of": "Rides", "rows": 4}

    assert [(one.kind, one.what, one.sheet) for one in diff(other).changes] == [
        ("added", "sheet", "Few"),
        ("removed", "sheet", "Both"),
    ]


def test_two_sheets_renamed_at_once() -> None:
    found = sl.diff(book(), replaced(('"Long"', '"A"'), ('"Speeds"', '"B"'), ("#Speeds!", "#B!")))
    assert [(one.old, one.new, one.sure) for one in found.changes] == [("Long", "A", 1), ("Speeds", "B", 1)]


def test_columns_added_removed_moved() -> None:
    found = diff(lambda b: sheet(b, "Fastest")["columns"].append({"name": "mean", "formula": "GROUPAVERAGE(#speed)"}))
    assert said(found) == [("added", "column", "Fastest", "mean", None, "GROUPAVERAGE(#speed)")]
    found = diff(lambda b: sheet(b, "Fastest")["columns"].pop())
    assert said(found) == [("removed", "column", "Fastest", "rides", "GROUPCOUNT()", None)]
    assert reach(found)[0] == ["Ranked!rides", "Both!rides"]
    found = diff(lambda b: sheet(b, "Fastest")["columns"].reverse())
    assert [(one.kind, one.old) for one in found.changes] == [("moved", ["driver", "top", "rides"])]


@pytest.mark.parametrize(
    ("name", "keys", "expected"),
    [
        ("Long", {"where": "#minutes > 1"}, ("key", "where", "#minutes >= $least", "#minutes > 1")),
        ("Ranked", {"limit": 10}, ("key", "limit", None, 10)),
        ("Ranked", {"by": [{"column": "top"}]},
         ("key", "by", [{"column": "top", "order": "desc"}], [{"column": "top"}])),
        ("Both", {"how": "left"}, ("key", "how", None, "left")),
        (
            "Both",
            {"on": [{"left": "UPPER(#driver)", "right": "driver"}]},
            ("key", "on", [{"left": "driver", "right": "driver"}], [{"left": "UPPER(#driver)", "right": "driver"}]),
        ),
        ("Rides", {"from": {"type": "csv", "path": "b.csv"}}, ("source", "path", "rides.csv", "b.csv")),
        ("Rides", {"from": {"type": "csv", "path": "rides.csv", "decimal": ",", "delimiter": ";"}},
         ("read option", "decimal", None, ",")),
        ("Speeds", {"copy": ["driver"]}, ("key", "copy", ["driver", "at"], ["driver"])),
        ("Speeds", {"of": "Rides"}, ("key", "of", "Long", "Rides")),
        ("Ranked", {"keep": True}, ("key", "kept", None, True)),
        ("Ranked", {"description": "The best."}, ("description", "description", None, "The best.")),
    ],
)  # fmt: skip
def test_a_changed_key(name: str, keys: Raw, expected: tuple[str, str, Any, Any]) -> None:
    found = diff(lambda b: sheet(b, name).update(keys))
    assert expected in [(one.what, one.name, one.old, one.new) for one in found.changes]
    assert {one.sheet for one in found.changes} <= {name, "Speeds"}


def test_a_changed_type_or_pattern_of_a_source_column() -> None:
    def edit(b: Raw) -> None:
        sheet(b, "Rides")["columns"][3]["pattern"] = "yyyy"

    found = diff(edit)
    assert said(found) == [("changed", "read option", "Rides", "at.pattern", None, "yyyy")]
    assert reach(found)[0] == ["Long!at", "Speeds!at", "Both!at"]


def test_settings_parameters_outputs() -> None:
    def edit(b: Raw) -> None:
        b["timezone"] = "UTC"
        b["errors"] = {"mode": "drop"}
        b["parameters"] = {"least": {"type": "integer", "value": 6}, "most": {"type": "float", "value": 1.5}}
        b["outputs"] = [{"sheet": "Ranked", "to": {"type": "csv", "path": "out/ranked.csv", "delimiter": ";"}}]

    changes = diff(edit).changes
    assert [(one.what, one.name, one.old, one.new) for one in changes] == [
        ("timezone", "timezone", "Europe/Berlin", "UTC"),
        ("errors", "errors.mode", "keep", "drop"),
        ("parameter", "least", 5, 6),
        ("parameter", "most", None, 1.5),
        ("output", "out/ranked.csv: delimiter", None, ";"),
    ]
    assert changes[2].reach is not None
    assert "Long!km" in changes[2].reach.columns
    assert "Rides!km" not in changes[2].reach.columns
    moved = diff(lambda b: b["outputs"][0]["to"].update(path="out/other.csv"))
    assert said(moved)[0][1:] == ("output", "Ranked", "out/other.csv: path", "out/ranked.csv", "out/other.csv")
    assert [one.kind for one in diff(lambda b: b.pop("outputs")).changes] == ["removed"]


def test_a_kind_changed() -> None:
    found = diff(lambda b: b["sheets"].__setitem__(4, {"name": "Ranked", "kind": "distinct", "of": "Fastest"}))
    assert [(one.what, one.sheet, one.words) for one in found.changes] == [
        ("kind", "Ranked", "kind of sheet Ranked changed from sort to distinct")
    ]


def test_without_its_sources_a_workbook_has_the_columns_that_it_names(tmp_path: Path) -> None:
    raw = copy.deepcopy(BOOK)
    del raw["sheets"][0]["columns"], raw["sheets"][0]["only"]
    other = book(lambda b: sheet(b, "Speeds")["columns"][0].update(formula="#minutes / 30"), raw)
    found = sl.diff(book(None, raw), other)
    columns, _ = reach(found)
    assert {"Speeds!speed", "Fastest!top", "Ranked!top"} <= set(columns)
    assert "can't be looked at" in found.notes[0]


def test_renamed_columns_of_pivots_and_unpivots() -> None:
    raw = copy.deepcopy(BOOK)
    raw["sheets"] += [
        {"name": "Wide", "kind": "pivot", "of": "Long", "rows": ["km"], "column": "driver",
         "values": [{"name": "n", "formula": "GROUPCOUNT()"}], "expected": ["ann"]},
        {"name": "Tall", "kind": "unpivot", "of": "Wide", "columns": ["ann_n"], "keep": ["km"]},
        {"name": "Use", "kind": "formulas", "of": "Tall", "columns": [{"name": "v", "formula": "#Value + #km"}]},
    ]  # fmt: skip
    made = json.dumps(raw).replace('"name": "n"', '"name": "many"').replace("ann_n", "ann_many")
    made = made.replace('"keep": ["km"]', '"keep": ["km"], "value": "Cell"').replace("#Value", "#Cell")
    found = sl.diff(book(None, raw), parse_workbook(made))
    assert [(one.kind, one.what, one.sheet, one.old, one.new) for one in found.changes] == [
        ("renamed", "column", "Wide", "ann_n", "ann_many"),
        ("renamed", "column", "Tall", "Value", "Cell"),
    ]


def test_checks() -> None:
    raw = copy.deepcopy(BOOK)
    checks: list[Raw] = [
        {"kind": "notNull", "column": "driver"},
        {"kind": "where", "where": "#rides > 0"},
        {"kind": "relation", "column": "driver", "in": "Long!driver"},
    ]
    sheet(raw, "Fastest")["checks"] = checks
    renamed = json.dumps(raw).replace('"rides"', '"count"').replace("#rides", "#count").replace('"Long', '"Kept')
    changes = sl.diff(book(None, raw), parse_workbook(renamed)).changes
    assert [(one.kind, one.what) for one in changes] == [("renamed", "sheet"), ("renamed", "column")]

    def edit(b: Raw) -> None:
        made = sheet(b, "Fastest")["checks"]
        made[1]["where"] = "#rides > 1"
        made[2] = {"kind": "rows", "min": 1}

    found = sl.diff(book(None, raw), book(edit, raw))
    assert [(one.kind, one.words, one.reach) for one in found.changes] == [
        ("changed", "check where of Fastest changed", None),
        ("added", "check rows of Fastest added", None),
        ("removed", "check relation of Fastest removed", None),
    ]


def test_a_speller_takes_columns_with_units_and_deep_formulas() -> None:
    speller = Speller(Renames(columns={("E", "Pace(mph)"): "Pace"}), lambda _: ["Pace(mph)"])
    assert speller.told("Pace(mph) + 1", "E") == "#E!Pace + 1"
    assert speller.told("(" * 50 + "x" + ")" * 50, "E") == "#E!x"
    assert speller.told("+".join(["x"] * 3000), "E").shown.count("x") == 3000


def test_differences_tell_types_apart() -> None:
    assert [*differences({"a": 1}, {"a": True})] == [(("a",), 1, True)]


# --- how it is shown

TEXT = """\
old.json → new.json
5 changes

workbook
  ~ parameter least changed: 5 → 8
    reaches 17 columns and 1 output: Kept!driver, Kept!km, Kept!minutes, Kept!at, Speeds!driver, Speeds!at, \
Speeds!duration, Speeds!speed and 10 more

Kept
  ~ sheet Long renamed to Kept (the same definition)

Speeds
  ~ column hours of Speeds renamed to duration
    reaches 9 columns and 1 output: Speeds!speed, Fastest!top, Ranked!driver, Ranked!top, Both!driver, Both!top, \
Both!km, Both!minutes and 2 more
  ~ formula of Speeds.speed changed
    - #km / #hours
    + ROUND(#km / #duration;1)
    reaches 8 columns and 1 output: Fastest!top, Ranked!driver, Ranked!top, Both!driver, Both!top, Both!km, \
Both!minutes, Both!at and 1 more

Fastest
  - column Fastest.rides removed: GROUPCOUNT()
    reaches 2 columns and 1 output: Ranked!rides, Both!rides, out/ranked.csv
"""
MARKDOWN = """\
### `old.json → new.json`

**2 changes**

#### `Long`

| | Change | Old | New | Reaches |
|---|---|---|---|---|
| `~` | condition (where) of Long changed | `#minutes >= $least` | `#minutes >= $least \\|\\| #km > 100` | \
21 columns and 1 output |

#### `Speeds`

| | Change | Old | New | Reaches |
|---|---|---|---|---|
| `+` | column Speeds.a\\_b added |  | ``"a`b"`` | 0 columns |

<details><summary>What the changes reach</summary>
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.json").write_text(json.dumps(BOOK))
    return tmp_path


def call(*arguments: str, code: int) -> Result:
    result = CliRunner().invoke(app, ["diff", *arguments])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def test_text(folder: Path) -> None:
    replaced(
        ('"value": 5', '"value": 8'),
        ('"Long"', '"Kept"'),
        ('"hours"', '"duration"'),
        ("#km / #hours", "round(#km / #duration;1)"),
        (', {"name": "rides", "formula": "GROUPCOUNT()"}', ""),
    ).save("new.json")
    assert call("old.json", "new.json", code=1).stdout == TEXT
    assert f"{sl.diff('old.json', 'new.json')}\n" == TEXT
    assert call("old.json", "old.json", code=0).stdout == "old.json → old.json\nnothing differs\n"


def test_markdown(folder: Path) -> None:
    def edit(b: Raw) -> None:
        sheet(b, "Long")["where"] += " || #km > 100"
        sheet(b, "Speeds")["columns"].append({"name": "a_b", "formula": '"a`b"'})

    book(edit).save("new.json")
    shown = call("old.json", "new.json", "--format", "markdown", code=1).stdout
    assert shown.startswith(MARKDOWN.replace("0 columns |", "nothing |"))
    assert shown.count("<details>") == shown.count("</details>") == 1


def test_json(folder: Path) -> None:
    book(lambda b: sheet(b, "Ranked").update(limit=3)).save("new.json")
    found = json.loads(call("old.json", "new.json", "--format", "json", code=1).stdout)
    assert list(found) == ["format", "same", "old", "new", "changes", "data", "notes"]
    assert found["format"] == "sheetline-diff/1"
    assert found["old"] == {"kind": "workbook", "name": "Rides", "label": "old.json", "id": None}
    (change,) = found["changes"]
    assert list(change) == ["kind", "what", "sheet", "name", "old", "new", "words", "reaches", "sure"]
    assert change["reaches"]["outputs"] == ["out/ranked.csv"]
    assert json.loads(sl.diff("old.json", "new.json").to_json()) == found
    assert json.loads(call("old.json", "old.json", "--format", "json", code=0).stdout)["same"] is True


def test_exit_codes(folder: Path) -> None:
    assert "can't be read" in call("old.json", "nowhere.json", code=3).stderr
    (folder / "empty").mkdir()
    assert "no run record" in call("old.json", "empty", code=3).stderr
    (folder / "wrong.json").write_text("{}")
    call("old.json", "wrong.json", code=2)
    call("old.json", "old.json", "--key", "Ranked", code=2)
    call("old.json", "old.json", "--key", "None=a", code=2)
    call("old.json", "old.json", "--examples", "-1", code=2)
    with pytest.raises(TypeError, match="not int"):
        sl.diff(1, 2)  # type: ignore[arg-type]


def test_keys_of_the_command_line() -> None:
    assert keys_of(["A=x, y", "B=[a,b],[c]]d]"]) == {"A": ["x", "y"], "B": ["a,b", "c]d"]}


def test_nothing_of_a_workbook_is_read_as_markdown() -> None:
    assert code("a``b") == "```a``b```"
    assert code("`") == "`` ` ``"
    assert code("x | y", cell=True) == r"`x \| y`"
    assert text("<b> [x](y) @me #12 http://z") == r"&lt;b&gt; \[x\](y) &#64;me &#35;12 http&#58;//z"
    words = 'sheet </details><script>alert("|")'
    change = Change("added", "sheet", words, None, None, {"kind": "filter"}, words)
    shown = Diff(Compared("workbook", "a", "a"), Compared("workbook", "b", "b"), (change,)).to_markdown()
    outside = "".join(shown.split("`")[::2])
    assert "<script>" not in outside
    assert "</details>" not in outside
