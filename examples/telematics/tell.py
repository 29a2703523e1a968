"""Write the numbers of a run into the story, between the markers in README.md.

    python examples/telematics/tell.py            # simulates its events, runs the workbook, rewrites README.md
    python examples/telematics/tell.py --check    # the same, but only says whether README.md is up to date (1: not)

Everything between `<!-- tell:NAME -->` and `<!-- /tell -->` is replaced by the block NAME made here. The events are
always the same (50,000, seed 7) and no time that a run took is told, so the page changes only where the example or
the engine does. Another machine may round a last digit otherwise: `--check` forgives that and nothing else.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from pathlib import Path

import pandas as pd

import sheetline as sl

HERE = Path(__file__).parent
PAGE = HERE / "README.md"
EVENTS = 50_000
SEED = 7
FLOAT = re.compile(r"-?\d+\.\d{4}\b")
BLOCK = re.compile(r"(<!-- tell:(\w+) -->\n).*?(<!-- /tell -->)", re.DOTALL)
#: sheets in the order of the story
SHEETS = [
    *("Events", "Sessions", "Clean", "Speeds", "Moves", "Features"),
    *("Complete", "Keys", "Trips", "Fate", "Dropped", "Tally", "Pace"),
]


def cell(value: object) -> str:
    """One cell of a printed table: four digits behind the point, empty for null."""
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, Integral):
        return f"{int(value):,}"
    return str(value)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def top(frame: pd.DataFrame, columns: Sequence[str], rows: int = 5) -> str:
    """The first rows of some columns, as a Markdown table."""
    shown = frame[list(columns)].head(rows)
    return table(columns, shown.itertuples(index=False, name=None))


def arrivals(events: pd.DataFrame) -> str:
    """How the events came in, in words."""
    lost = events[["Latitude", "Longitude"]].isna().any(axis=1).sum()
    again = events.duplicated(["Sensor_Code", "Timestamp"])
    late = (events[~again].groupby("Sensor_Code")["Timestamp"].diff() < pd.Timedelta(0)).sum()
    boxes = events["Sensor_Code"].nunique()
    return (
        f"{len(events):,} events of {boxes} boxes; {lost:,} lack a coordinate or both, {again.sum():,} arrived twice, "
        f"{late:,} are older than the one that the same box sent before.\n"
    )


def blocks(frames: Mapping[str, pd.DataFrame], overall: pd.DataFrame) -> dict[str, str]:
    """Every block of the page, from the sheets of one run and the model's answer."""
    features = frames["Complete"]
    numbers = list(features.columns)[3:32]
    trip = features.iloc[0]
    sizes = [(name, len(frames[name]), len(frames[name].columns)) for name in SHEETS]
    lost = len(frames["Sessions"]) - len(frames["Clean"])
    place = ["Latitude", "Longitude", "Previous_Latitude", "Previous_Longitude"]
    return {
        "sheets": table(["sheet", "rows", "columns"], sizes),
        "arrivals": arrivals(frames["Events"]),
        "events": top(frames["Events"], list(frames["Events"].columns)),
        "sessions": top(frames["Sessions"], ["Sensor_Code", "Trip_Start", "Timestamp", *place]),
        "clean": f"{lost:,} of {len(frames['Sessions']):,} rows went; {len(frames['Clean']):,} stay.\n",
        "moves": top(frames["Moves"], ["Timestamp", "Miles", "Kilometres", "Hours", "Speed", "Acceleration"]),
        "features": table(
            [f"feature of {trip['Sensor_Code']} from {cell(trip['Trip_Start'])}", "value"],
            [(name, trip[name]) for name in numbers],
        ),
        "tally": top(frames["Tally"], list(frames["Tally"].columns)),
        "dropped": top(frames["Dropped"], ["Sensor_Code", "Trip_Start", "Events"], 10),
        "pace": top(frames["Pace"], ["Sensor_Code", "EventsPerSec", "Speed(mph)", "Landing", "Speed Landing"]),
        "overall": top(overall, list(overall.columns)),
    }


def tell(page: str, made: Mapping[str, str]) -> str:
    """The page with every block replaced; a marker without a block, or a block without a marker, is an error."""
    asked = {match[1] for match in BLOCK.findall(page)}
    if asked != set(made):
        raise SystemExit(f"README.md and tell.py name different blocks: {sorted(asked ^ set(made))}")
    return BLOCK.sub(lambda match: match[1] + made[match[2]] + match[3], page)


def same(one: str, two: str) -> bool:
    """Whether two pages say the same: words and whole numbers exactly, printed floats to two of their last digit."""
    if FLOAT.sub("#", one) != FLOAT.sub("#", two):
        return False
    pairs = zip(FLOAT.findall(one), FLOAT.findall(two), strict=True)
    return all(math.isclose(float(a), float(b), rel_tol=0, abs_tol=2.5e-4) for a, b in pairs)


def run() -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Simulate the events and run the workbook on them, then the model and the workbook of its predictions.

    Returns:
        Every sheet of trips.json as a frame, and the sheet Overall of predictions.json.
    """
    sys.path.insert(0, str(HERE))
    import train
    from fleet import Options
    from simulate import write

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = folder / "events.parquet"
        write(Options(EVENTS, SEED), events)
        book = sl.Workbook.load(HERE / "trips.json")
        done = book.run(sources={"Events": events}, sheets=SHEETS, out=folder, write=True)
        out = folder / "out"
        train.main(["--out", str(out)])
        scored = sl.Workbook.load(HERE / "predictions.json").run(
            sources={"Keys": out / "keys.csv", "Scores": out / "predictions.csv"}, sheets=["Overall"]
        )
        return {name: done[name].to_pandas() for name in SHEETS}, scored["Overall"].to_pandas()


def main() -> int:
    """Rewrite the page, or with --check say whether that would change it."""
    parser = argparse.ArgumentParser(description="Write the numbers of a run into README.md.")
    parser.add_argument("--check", action="store_true")
    check: bool = parser.parse_args().check
    before = PAGE.read_text(encoding="utf-8")
    after = tell(before, blocks(*run()))
    if check:
        return int(not same(before, after))
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
