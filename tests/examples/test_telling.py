"""The telematics page tells what really comes out, its commands work, and predictions find their way back."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import trips as oracle
from printed_commands import EXAMPLES, commands, copy, perform

import sheetline as sl

HERE = EXAMPLES / "telematics"
PAGE = HERE / "README.md"
DATA = os.environ.get("SHEETLINE_DATA")


@pytest.fixture(scope="module")
def teller() -> ModuleType:
    spec = importlib.util.spec_from_file_location("_example_tell", HERE / "tell.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone where the page's commands have been typed in, one after the other, those on real data excepted."""
    folder = copy("telematics", tmp_path_factory.mktemp("clone"))
    before = Path.cwd()
    os.chdir(folder)
    try:
        for words in commands(PAGE):
            if "--source" not in words:
                perform(words)
    finally:
        os.chdir(before)
    return folder / "examples" / "telematics"


def test_the_page_is_up_to_date(teller: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    page = PAGE.read_text(encoding="utf-8")
    made = teller.tell(page, teller.blocks(*teller.run()))
    assert teller.same(page, made), "run python examples/telematics/tell.py"
    assert "written by tell.py" not in page


def test_a_check_forgives_a_last_digit_and_nothing_else(teller: ModuleType) -> None:
    page = "| 1,204 | 0.2500 | S000001 |"
    assert teller.same(page, page.replace("0.2500", "0.2501"))
    for other in ("| 1,205 | 0.2500 | S000001 |", "| 1,204 | 0.2510 | S000001 |", "| 1,204 | 0.2500 | S000002 |"):
        assert not teller.same(page, other)


def test_the_page_has_no_block_too_many(teller: ModuleType) -> None:
    with pytest.raises(SystemExit, match="lost"):
        teller.tell("<!-- tell:lost -->\n<!-- /tell -->", {})


def test_the_commands_of_the_page_write_its_files(story: Path) -> None:
    asked = [words[:2] for words in commands(PAGE)]
    assert [words[0] for words in asked] == ["python", "sheetline", "python", "sheetline", "sheetline"]
    events = pd.read_parquet(story / "data" / "events.parquet")
    assert len(events) == 50_000
    wanted = oracle.trips(events.astype({"Sensor_Code": str}))
    wanted = wanted[wanted["Missing"] == 0]
    keys = pd.read_csv(story / "out" / "keys.csv", parse_dates=["Trip_Start"])
    features = pd.read_csv(story / "out" / "features.csv", header=None, names=oracle.FEATURES)
    got = pd.concat([keys, features], axis=1)
    got["Trip_Start"] = got["Trip_Start"].astype("datetime64[s]").astype("int64")
    both = got.merge(wanted, on=oracle.KEYS, how="outer", suffixes=("", " wanted"), validate="one_to_one")
    assert len(both) == len(wanted) == len(got)
    for name in ["Other_Driver", *oracle.FEATURES]:
        np.testing.assert_allclose(both[name], both[f"{name} wanted"], rtol=1e-9, atol=1e-12, err_msg=name)


def test_predictions_are_read_back_and_explored(story: Path) -> None:
    keys = pd.read_csv(story / "out" / "keys.csv")
    scores = pd.read_csv(story / "out" / "predictions.csv")
    judged = keys.assign(Score=scores["Score"])
    judged["Right"] = (judged["Score"] >= 0.5) == (judged["Other_Driver"] == 1)
    judged["Found"] = judged["Right"] & (judged["Other_Driver"] == 1)
    vehicles = judged.groupby("Sensor_Code", as_index=False).agg(
        Trips=("Row", "size"), Others=("Other_Driver", "sum"), Found=("Found", "sum"), Accuracy=("Right", "mean")
    )
    vehicles = vehicles.sort_values(["Accuracy", "Sensor_Code"], ignore_index=True)
    pd.testing.assert_frame_equal(pd.read_csv(story / "out" / "vehicles.csv"), vehicles, rtol=1e-12)

    run = sl.Workbook.load(story / "predictions.json").run(parameters={"threshold": 0.3})
    overall = run["Overall"].to_pandas().set_index("Other_Driver")
    bold = (judged["Score"] >= 0.3) == (judged["Other_Driver"] == 1)
    assert overall["Right"].to_dict() == bold.groupby(judged["Other_Driver"]).sum().to_dict()
    assert overall["Trips"].sum() == len(keys)


def test_the_model_knows_something_and_never_saw_the_vehicle(story: Path) -> None:
    keys = pd.read_csv(story / "out" / "keys.csv")
    scores = pd.read_csv(story / "out" / "predictions.csv")["Score"]
    assert scores.between(0, 1).all()
    other = keys["Other_Driver"] == 1
    above = (scores[other].to_numpy()[:, None] > scores[~other].to_numpy()[None, :]).mean()
    assert above > 0.55, "other drivers are brisker on average: their trips should score higher more often than not"


def test_one_prediction_too_few_is_noticed(story: Path, tmp_path: Path) -> None:
    """A score that is missing drops its trip from the join: the counts show it."""
    lines = (story / "out" / "predictions.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "short.csv").write_text("".join(lines[:-1]), encoding="utf-8")
    run = sl.Workbook.load(story / "predictions.json").run(sources={"Scores": tmp_path / "short.csv"})
    assert len(run["Judged"]) == len(run["Keys"]) - 1


def test_csv_and_parquet_of_one_seed_give_the_same_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressed CSV file in place of the Parquet file, by `--source` alone: the same bytes come out."""
    monkeypatch.chdir(copy("telematics", tmp_path))
    simulate = commands(PAGE)[0]
    results = []
    for file in ("events.parquet", "events.csv.gz"):
        words = [*simulate[: simulate.index("--events")], "--events", "10000", "--seed", "7", "--out", file]
        perform(words)
        book = "examples/telematics/trips.json"
        perform(["sheetline", "run", book, "--source", f"Events={file}", "--out", f"from_{file}"])
        written = sorted((tmp_path / f"from_{file}").rglob("*.csv"))
        assert [path.name for path in written] == ["features.csv", "keys.csv", "labelled.csv"]
        results.append([path.read_bytes() for path in written])
    assert results[0] == results[1]
    assert len(results[0][0].splitlines()) > 30


@pytest.mark.skipif(DATA is None, reason="the real taxi events are not here: SHEETLINE_DATA does not name their folder")
def test_the_command_on_real_taxis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy("telematics", tmp_path))
    (asked,) = [words for words in commands(PAGE) if "--source" in words]
    file = Path(DATA or "") / "telematics" / "sf_cabs_events.csv.gz"
    perform([word.replace("sf_cabs_events.csv.gz", str(file)) for word in asked])
    out = tmp_path / "examples" / "telematics" / "out"
    events = pd.read_csv(file).rename(
        columns={
            "cab_id": "Sensor_Code",
            "unix_time": "Timestamp",
            "latitude": "Latitude",
            "longitude": "Longitude",
            "occupied": "Other_Driver",
        }
    )
    wanted = oracle.trips(events)
    wanted = wanted[wanted["Missing"] == 0]
    keys = pd.read_csv(out / "keys.csv")
    assert len(keys) == len(wanted)
    assert keys["Other_Driver"].sum() == wanted["Other_Driver"].sum()
    lengths = pd.read_csv(out / "features.csv", header=None)[0]
    assert lengths.sum() == pytest.approx(wanted["Length"].sum(), rel=1e-9)
