"""The commands that the examples' pages print, so that tests can run them as they stand there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from sheetline.workbook.cli.app import app

EXAMPLES = Path(__file__).parents[2] / "examples"
FENCE = re.compile(r"^```\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[list[str]]:
    """Every command of the page's plain blocks, in order, split into words."""
    blocks = "".join(FENCE.findall(page.read_text(encoding="utf-8"))).replace("\\\n", " ")
    return [shlex.split(line) for line in blocks.splitlines() if line.strip()]


def copy(name: str, folder: Path) -> Path:
    """An example as a clone has it, without what earlier runs wrote, below `folder`; returns `folder`."""
    made = ["out", "__pycache__", *(["data"] if name == "telematics" else [])]
    shutil.copytree(EXAMPLES / name, folder / "examples" / name, ignore=shutil.ignore_patterns(*made))
    return folder


def perform(words: list[str]) -> str:
    """Run a command of a page in the current folder; what it printed. `sheetline` runs inside this process."""
    program, *arguments = words
    if program == "sheetline":
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return done.stdout
    assert program == "python"
    run = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True)
    return run.stdout
