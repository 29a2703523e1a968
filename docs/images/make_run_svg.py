"""Draw docs/images/run.svg, the picture of a run in the README: python docs/images/make_run_svg.py

It really runs the demo: 50,000 events are simulated with a fixed seed into a temporary folder, the trips workbook is
run on them, and its report is recorded as it stands on a terminal. Only the seconds differ between two drawings.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sheetline.workbook.cli.command_run import compute
from sheetline.workbook.cli.report import print_report
from sheetline.workbook.model.workbook import Workbook

HERE = Path(__file__).resolve().parent
TELEMATICS = HERE.parents[1] / "examples" / "telematics"
COMMAND = "sheetline run examples/telematics/trips.json --out out/demo"


def draw(target: Path, events: int = 50_000, width: int = 100) -> None:
    """Run the demo workbook and write the picture of its report."""
    sys.path.insert(0, str(TELEMATICS))
    from fleet import Options
    from simulate import write

    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, highlight=False)
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that the paths in the report are the demo's
        try:
            write(Options(events, 7), Path("events.parquet"))
            started = time.perf_counter()
            book = Workbook.load(TELEMATICS / "trips.json")
            run = compute(book, {"sources": {"Events": "events.parquet"}, "sheets": None}, Path("out/demo"), None)
            seconds = time.perf_counter() - started
            console.print(Text.assemble(("$ ", "green"), COMMAND))
            print_report(console, run.report, seconds)
        finally:
            os.chdir(before)
    target.write_text(console.export_svg(title="sheetline", unique_id="sheetline"), encoding="utf-8")


if __name__ == "__main__":
    draw(HERE / "run.svg")
