"""Write the numbers of a run into the story, between the markers in README.md.

    python examples/telematics/tell.py            # simulates its events, runs the workbook, rewrites README.md
    python examples/telematics/tell.py --check    # the same, but only says whether README.md is up to date (1: not)

Everything between `<!-- tell:NAME -->` and `<!-- /tell -->` is replaced by the block NAME made here. The events are
always the same (50,000, seed 7), so the page changes only where the example or the engine does.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

import sheetline as sl

HERE = Path(__file__).parent
PAGE = HERE / "README.md"
EVENTS = 50_000
SEED = 7
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
    if isinstance(value, int):
        return f"{value:,}"
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


def blocks(frames: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Every block of the page, from the sheets of one run."""
    features = frames["Complete"]
    numbers = list(features.columns)[3:32]
    trip = features.iloc[0]
    sizes = [(name, len(frames[name]), len(frames[name].columns)) for name in SHEETS]
    lost = len(frames["Sessions"]) - len(frames["Clean"])
    place = ["Latitude", "Longitude", "Previous_Latitude", "Previous_Longitude"]
    return {
        "sheets": table(["sheet", "rows", "columns"], sizes),
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
    }


def tell(page: str, made: Mapping[str, str]) -> str:
    """The page with every block replaced; a marker without a block, or a block without a marker, is an error."""
    asked = {match[1] for match in BLOCK.findall(page)}
    if asked != set(made):
        raise SystemExit(f"README.md and tell.py name different blocks: {sorted(asked ^ set(made))}")
    fill: Callable[[re.Match[str]], str] = lambda match: match[1] + made[match[2]] + match[3]  # noqa: E731
    return BLOCK.sub(fill, page)


def run() -> dict[str, pd.DataFrame]:
    """Simulate the events and run the workbook on them; every sheet as a frame."""
    sys.path.insert(0, str(HERE))
    from simulate import Options, write

    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.parquet"
        write(Options(EVENTS, SEED), events)
        done = sl.Workbook.load(HERE / "trips.json").run(sources={"Events": events}, sheets=SHEETS)
        return {name: done[name].to_pandas() for name in SHEETS}


def main() -> int:
    """Rewrite the page, or with --check say whether that would change it."""
    parser = argparse.ArgumentParser(description="Write the numbers of a run into README.md.")
    parser.add_argument("--check", action="store_true")
    check: bool = parser.parse_args().check
    before = PAGE.read_text(encoding="utf-8")
    after = tell(before, blocks(run()))
    if check:
        return int(before != after)
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
