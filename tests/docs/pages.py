"""The pages of the documentation, cut into blocks, and how each kind of block is run.

Every fenced block of README.md and docs/*.md has a kind (the first word behind the fence) and is run in an empty
folder of its page, from top to bottom. What a block gives stands in the ``text`` block behind it.

``csv title=FILE``, ``jsonl title=FILE``
    Written to FILE.
``json title=FILE``
    A workbook: written to FILE, loaded, and checked; it must be right. ``text sheet=NAME`` behind it is that sheet,
    run: cells by two blanks or more, ``null`` for nulls, ``!CODE`` for errors. Several may follow.
``json title=FILE wrong``
    A workbook that is wrong; ``text`` behind it is what is said about it.
``formula``
    Lines ``FORMULA → result``, each evaluated alone; ``data=FILE`` over the columns of a file, the result being
    ``[value; value; …]`` then. An error value is ``error CODE``, a formula that is refused ``refused CODE``.
``formula wrong``
    One formula that is refused (``data=FILE`` gives its columns); ``text`` behind it is what is said about it.
``python``
    With ``>>>``: a doctest (white space counts once, ``...`` stands for anything). Else a script; ``text`` behind it is
    what it prints. All blocks of a page share their names.
``console``
    Lines ``$ sheetline …`` and what the terminal shows then (``…`` stands for anything inside a line, and the seconds
    of a run report are not compared); ``exit=N`` is the exit code of the last command, 0 without it. ``$ cat FILE``
    shows a file.
``text``
    What the block before gives. ``text figure`` is a drawing: nothing is run.
``shell``
    Not run: what needs the network, another folder, or makes an environment.

Any other kind, and a ``text`` that nothing gives, is a failure. ``python tests/docs/pages.py --write PAGE…`` writes
what ``text`` and ``console`` blocks and ``formula`` lines really give into the pages, for reading it before a commit.
"""

from __future__ import annotations

import contextlib
import difflib
import doctest
import io
import os
import re
import runpy
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import sheetline as sl
from sheetline.formulas.diagnostics import render
from sheetline.functions.columns import Column, Table
from sheetline.functions.registry import REGISTRY
from sheetline.functions.types import Kind

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\S*)([^\n`]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Block:
    """A fenced block: its kind, the words and keys behind it, its text, and the line of its fence."""

    kind: str
    words: set[str]
    keys: dict[str, str]
    text: str
    line: int
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    found = []
    for match in FENCE.finditer(page):
        parts = shlex.split(match[2])
        keys = dict(part.split("=", 1) for part in parts if "=" in part)
        words = {part for part in parts if "=" not in part}
        line = page.count("\n", 0, match.start()) + 1
        found.append(Block(match[1], words, keys, match[3], line, match.start(3), match.end(3)))
    return found


@dataclass(slots=True)
class PageRun:
    """Runs the blocks of one page in the current folder.

    ``failures`` says what is not as the page says, ``given`` what really came out, by place in the page.
    """

    failures: list[str] = field(default_factory=list)
    given: list[tuple[int, int, str]] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    output: Callable[[Block], str] | None = None

    def run(self, page: str) -> None:
        """Run all blocks."""
        found = blocks(page)
        if page.count("\n```") + page.startswith("```") != 2 * len(found):
            self.failures.append("a fence is never closed")
        for block in found:
            runner = getattr(self, f"_{block.kind}", None)
            if runner is None or not block.kind.isalpha():
                self.failures.append(f"line {block.line}: a block of no known kind: {block.kind!r}")
                continue
            try:
                runner(block)
            except (sl.SheetlineError, OSError, ValueError, KeyError, SyntaxError) as error:
                self.failures.append(f"line {block.line}: {type(error).__name__}: {error}")

    def _compare(self, block: Block, got: str) -> None:
        """Note what came out, and whether it is what the page says."""
        self.given.append((block.start, block.end, got))
        if not _same(block.text, got):
            diff = difflib.ndiff(block.text.splitlines(), got.splitlines())
            self.failures.append(f"line {block.line}: came out differently\n" + "\n".join(diff))

    # --- one method a kind

    def _csv(self, block: Block) -> None:
        _write(block)
        self.output = None

    _jsonl = _csv

    def _json(self, block: Block) -> None:
        path = _write(block)
        wrong = _problems(path)
        if "wrong" in block.words:
            if not wrong:
                self.failures.append(f"line {block.line}: nothing is wrong with this workbook")
            self.output = lambda _: wrong + "\n"
            return
        if wrong:
            self.failures.append(f"line {block.line}: {wrong}")
        self.output = lambda text: _sheet(path, text.keys["sheet"])

    def _formula(self, block: Block) -> None:
        data = table_of(block.keys["data"]) if "data" in block.keys else None
        if "wrong" in block.words:
            said = _refused(block.text.rstrip("\n"), data)
            if said is None:
                self.failures.append(f"line {block.line}: nothing is wrong with this formula")
            self.output = lambda _: f"{said}\n"
            return
        lines = []
        for line in block.text.splitlines():
            formula, arrow, _ = line.rpartition("→")
            lines.append(f"{formula}→ {result_of(formula, data)}" if arrow else f"{line}  → {result_of(line, data)}")
        self._compare(block, "\n".join(lines) + "\n")
        self.output = None

    def _python(self, block: Block) -> None:
        if ">>>" in block.text:
            self.output = None
            self._doctest(block)
            return
        script = Path("_script.py")
        script.write_text(block.text, encoding="utf-8")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            self.names = runpy.run_path(str(script), init_globals=self.names, run_name="page")
        script.unlink()
        self.output = lambda _: printed.getvalue()

    def _doctest(self, block: Block) -> None:
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        # The parser copies the names, so a page's own dict is put back for what comes behind.
        test = doctest.DocTestParser().get_doctest(block.text, {}, f"line {block.line}", None, block.line)
        test.globs = self.names
        said = io.StringIO()
        doctest.DocTestRunner(optionflags=flags, verbose=False).run(test, out=said.write, clear_globs=False)
        if said.getvalue():
            self.failures.append(f"line {block.line}: {said.getvalue()}")

    def _console(self, block: Block) -> None:
        shown: list[str] = []
        code = 0
        for command in _commands(block.text):
            shown.append(f"$ {command}\n")
            code, text = call(shlex.split(command.replace("\\\n", " ")))
            shown.append(text)
        wanted = int(block.keys.get("exit", "0"))
        if code != wanted:
            self.failures.append(f"line {block.line}: exit code {code}, not {wanted}")
        self._compare(block, "".join(shown))
        self.output = None

    def _text(self, block: Block) -> None:
        if "figure" in block.words:
            return
        if self.output is None:
            self.failures.append(f"line {block.line}: nothing gives this text")
            return
        self._compare(block, self.output(block))

    def _shell(self, block: Block) -> None:
        self.output = None


def _write(block: Block) -> Path:
    path = Path(block.keys["title"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")
    return path


def _same(page: str, got: str) -> bool:
    """Whether texts agree: blanks count once, ends of lines don't count, ``…`` stands for anything in a line."""
    wanted, found = (_timeless(text.rstrip("\n")).split("\n") for text in (page, got))
    if len(wanted) != len(found):
        return False
    return all(_line_pattern(one).fullmatch(" ".join(other.split())) for one, other in zip(wanted, found, strict=True))


def _timeless(text: str) -> str:
    """Put ``…`` where a run report tells seconds."""
    text = re.sub(r"\bin \d+\.\d+ s$", "in … s", text, flags=re.MULTILINE)
    lines = []
    in_table = False
    for line in text.split("\n"):
        lines.append(re.sub(r"\d+\.\d+$", "…", line) if in_table else line)
        in_table = line.endswith(" seconds") or (in_table and line != "")
    return "\n".join(lines)


def _line_pattern(line: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in " ".join(line.split()).split("…")))


def _problems(path: Path) -> str:
    """Return what is wrong with a workbook, as a terminal shows it; nothing when all is right."""
    try:
        return render(sl.Workbook.load(path).check())
    except sl.WorkbookError as error:
        return str(error)


def _refused(formula: str, data: Table | None) -> str | None:
    try:
        sl.evaluate(formula, data, errors="coerce")
    except sl.FormulaError as error:
        return str(error)
    return None


def table_of(file: str) -> Table:
    """Read a file as a source."""
    return sl.Workbook("Page").source("Data", file).run()["Data"].table


def result_of(formula: str, data: Table | None) -> str:
    """Return the result of a formula as a page writes it."""
    try:
        columns = sl.compile(formula, {} if data is None else data.types).bound
    except sl.FormulaError as error:
        return f"refused {error.diagnostics[0].code}"
    from sheetline.formulas.blocks import Workers
    from sheetline.formulas.evaluate import evaluate
    from sheetline.functions.context import Environment

    with Workers() as workers:
        found = evaluate(columns, data or Table({}, 1), Environment(), workers).table.columns["Result"]
    cells = shown(found, quotes=True)
    alone = data is None or (len(cells) == 1 and data.rows > 1)
    return cells[0].replace("!", "error ") if alone else f"[{'; '.join(cells)}]"


def shown(column: Column, *, quotes: bool = False) -> list[str]:
    """Return the cells of a column as text: ``null``, ``!CODE`` for errors, dates as ISO 8601."""
    errors = {}
    if column.errors is not None:
        errors = {int(row): column.errors.code(place) for place, row in enumerate(column.errors.rows)}
    values = column.to_list()
    if column.type.kind is Kind.DATE:
        values = [None if value is None else _moment(value) for value in values]
        quotes = False
    return [f"!{errors[row]}" if row in errors else _cell(value, quotes) for row, value in enumerate(values)]


def _moment(value: int) -> str:
    return (EPOCH + timedelta(microseconds=value)).replace(tzinfo=None).isoformat()


def _cell(value: Any, quotes: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + "; ".join(_cell(item, True) for item in value) + "]"
    if isinstance(value, float):
        return f"{value:.10g}" if not value.is_integer() else f"{value:.1f}"
    return f'"{value}"' if quotes and isinstance(value, str) else str(value)


def _sheet(path: Path, name: str) -> str:
    """Run a workbook and return one of its sheets as text."""
    table = sl.Workbook.load(path).run(sheets=[name])[name].table
    columns = [[column, *shown(values)] for column, values in table.columns.items()]
    wide = [max(map(len, cells)) for cells in columns]
    right = [values.type.is_number for values in table.columns.values()]
    return "".join(
        "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, wide, right, strict=True)).rstrip() + "\n"
        for row in zip(*columns, strict=True)
    )


def _commands(text: str) -> Iterator[str]:
    for match in re.finditer(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)$", text, re.MULTILINE):
        yield match[1]


def call(words: list[str]) -> tuple[int, str]:
    """Run a command of a console block; give its exit code and what a terminal would show."""
    if words[0] == "cat":
        return 0, Path(words[1]).read_text(encoding="utf-8")
    if words[0] != "sheetline":
        raise ValueError(f"{words[0]!r} is not run here: use a block of kind 'shell'")
    from sheetline.workbook.cli import main

    screen = io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen), mock.patch.object(sys, "argv", words):
        try:
            main()
        except SystemExit as end:
            code = end.code
    return (code if isinstance(code, int) else 0 if code is None else 1), screen.getvalue()


@contextlib.contextmanager
def place_of_its_own() -> Iterator[None]:
    """An empty folder, the surroundings of a piped command, and functions that are forgotten behind the page."""
    here = Path.cwd()
    len(REGISTRY)  # loads all functions
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, {"NO_COLOR": "1", "COLUMNS": "110"}),
        mock.patch.dict(REGISTRY._functions),
        mock.patch.dict(REGISTRY._names),
    ):
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)


def run_page(path: Path) -> PageRun:
    """Run a page in a folder of its own."""
    done = PageRun()
    text = path.read_text(encoding="utf-8")
    with place_of_its_own():
        done.run(text)
    return done


def rewritten(path: Path) -> str:
    """Return the page with what its blocks really give."""
    page = path.read_text(encoding="utf-8")
    for start, end, text in sorted(run_page(path).given, reverse=True):
        if not _same(page[start:end], text):
            page = page[:start] + text.rstrip("\n") + "\n" + page[end:]
    return page


if __name__ == "__main__":
    write = "--write" in sys.argv
    for name in [one for one in sys.argv[1:] if not one.startswith("--")] or PAGES:
        place = Path(name)
        if write:
            place.write_text(rewritten(place.resolve()), encoding="utf-8")
        for failure in run_page(place.resolve()).failures:
            print(f"{place}: {failure}")
