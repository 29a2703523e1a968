"""The report of a run, for people: sheets, errors with examples, notices, what was not read, files, seconds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sheetline.workbook.cli.show import Field, counted, print_fields, print_line, shortened
from sheetline.workbook.room import size_text

if TYPE_CHECKING:
    from rich.console import Console

    from sheetline.workbook.estimate import StepEstimate
    from sheetline.workbook.report import ErrorExample, RunReport, SheetReport, Written
    from sheetline.workbook.run import Run

#: How many examples of each column's errors, and of each notice, are shown.
EXAMPLES = 3


def print_report(out: Console, report: RunReport, seconds: float) -> None:
    """Print the report of a run; ``seconds`` is what the whole call took."""
    print_line(out, report.workbook, "bold")
    print_line(out)
    print_fields(out, _sheets(report.sheets))
    _errors(out, report.sheets)
    _notices(out, report.sheets)
    _checks(out, report)
    _not_read(out, report.sheets)
    _outputs(out, report.outputs)
    print_line(out)
    print_line(out, f"{counted(len(report.sheets), 'sheet')} in {seconds:.2f} s")


def print_plan(out: Console, run: Run) -> None:
    """Print of each sheet what was expected of it before the run, and what it was."""
    if run.estimate is None:
        return
    sheets = run.report.sheets
    steps = {step.sheet: step for step in run.estimate.steps}
    expected = [steps.get(sheet.name) for sheet in sheets]

    def made(sheet: SheetReport, step: StepEstimate | None) -> str:
        if sheet.cached and len(sheet.cached) == len(sheet.columns):
            return "taken from the cache"
        return "part by part" if step is not None and step.parts else "as a whole"

    heading(out, "plan")
    fields = [
        Field("sheet", [sheet.name for sheet in sheets]),
        Field("made", [made(*pair) for pair in zip(sheets, expected, strict=True)], style="dim"),
        Field("columns", [f"{len(sheet.columns)}" for sheet in sheets], right=True),
        Field("expected rows", ["" if one is None else one.rows_text for one in expected], right=True),
        Field("rows", [f"{sheet.rows:,}" for sheet in sheets], right=True),
        Field("expected size", ["" if one is None else size_text(one.bytes) for one in expected], right=True),
        Field("size", [size_text(sheet.bytes) for sheet in sheets], right=True),
        Field("seconds", [f"{sheet.seconds:.2f}" for sheet in sheets], right=True),
    ]
    print_fields(out, fields, indent=2)
    highest = run.estimate.highest
    if highest is not None:
        words = f"{size_text(run.estimate.peak)} at the most, expected while '{highest.sheet}' was made"
        print_line(out, f"  {words}; {size_text(run.estimate.least)} at the least")


def print_reasons(out: Console, report: RunReport) -> None:
    """Print of each sheet how many columns were made and taken, and why."""
    heading(out, "what was made, and why")
    fields = [
        Field("sheet", [sheet.name for sheet in report.sheets]),
        Field("made", [f"{len(sheet.columns) - len(sheet.cached)}" for sheet in report.sheets], right=True),
        Field("taken", [f"{len(sheet.cached)}" for sheet in report.sheets], right=True),
        Field("why", [sheet.why or "every run without a cache makes all" for sheet in report.sheets]),
    ]
    print_fields(out, fields, indent=2)


def _sheets(sheets: Sequence[SheetReport]) -> list[Field]:
    """Return the table of sheets; a column of nothing but zeros says so once, with a dot a row."""

    def numbers(values: Sequence[int]) -> list[str]:
        return [f"{value:,}" if value else "·" for value in values]

    return [
        Field("sheet", [sheet.name for sheet in sheets]),
        Field("kind", [sheet.kind for sheet in sheets], style="dim"),
        Field("rows", [f"{sheet.rows:,}" for sheet in sheets], right=True),
        Field("removed", numbers([sheet.removed for sheet in sheets]), right=True),
        Field("errors", numbers([sheet.errors for sheet in sheets]), right=True),
        Field("seconds", [f"{sheet.seconds:.2f}" for sheet in sheets], right=True),
    ]


def _errors(out: Console, sheets: Sequence[SheetReport]) -> None:
    found = [
        (f"{sheet.name}: column '{column.name}' has {counted(column.errors, 'error')}", column.examples, column.errors)
        for sheet in sheets
        for column in sheet.columns
        if column.errors
    ]
    found += [
        (
            f"{sheet.name}: {counted(sheet.removed, 'row')} removed, their condition is an error",
            tuple(sheet.removed_examples),
            sheet.removed,
        )
        for sheet in sheets
        if sheet.removed
    ]
    if found:
        heading(out, "errors in the data")
    for words, examples, count in found:
        print_line(out, f"  {words}", "yellow")
        print_examples(out, examples, count, "    ")


def print_examples(out: Console, examples: Sequence[ErrorExample], count: int, before: str) -> None:
    """Print the first errors of a column: row, code, and the message, which quotes the input."""
    for one in examples[:EXAMPLES]:
        print_line(out, f"{before}row {one.row:,}: {one.code} {one.message}")
    if count > min(len(examples), EXAMPLES):
        print_line(out, f"{before}and {count - min(len(examples), EXAMPLES):,} more", "dim")


def _notices(out: Console, sheets: Sequence[SheetReport]) -> None:
    noticed = [(sheet.name, notice) for sheet in sheets for notice in sheet.notices]
    if noticed:
        heading(out, "notices")
    for name, notice in noticed:
        style = {"broken": "red", "warning": "yellow"}.get(notice.severity, "")
        print_line(out, f"  {name}: {notice.message}", style)
        for example in notice.examples[:EXAMPLES]:
            print_line(out, f"    {example}")


def _checks(out: Console, report: RunReport) -> None:
    """Print how many checks passed, and of each other one what came out and the first rows."""
    if not report.checks:
        return
    heading(out, "checks")
    passed = sum(one.status == "passed" for _, one in report.checks)
    if passed:
        print_line(out, f"  {passed:,} passed", "green")
    for name, one in report.checks:
        if one.status == "passed":
            continue
        if one.status == "skipped":
            print_line(out, f"  {name}: {one.name}: not made, {one.note}", "yellow")
            continue
        style, warned = ("yellow", "warning: ") if one.severity == "warn" else ("red", "")
        print_line(out, f"  {warned}{name}: {one.name}: {one.words}", style)
        for example in one.examples[:EXAMPLES]:
            values = ", ".join(f"{key} {'null' if v is None else v}" for key, v in example.values.items())
            print_line(out, f"    row {example.row:,}{': ' if values else ''}{values}")


def _not_read(out: Console, sheets: Sequence[SheetReport]) -> None:
    left = [(sheet.name, sheet.not_read) for sheet in sheets if sheet.not_read]
    if not left:
        return
    heading(out, "columns that nobody needed, neither read nor computed")
    for name, columns in left:
        print_line(out, f"  {name}: {len(columns)} ({shortened(columns)})")


def _outputs(out: Console, outputs: Sequence[Written]) -> None:
    if not outputs:
        return
    heading(out, "written")
    fields = [
        Field("file", [near(one.path) for one in outputs]),
        Field("sheet", [one.sheet for one in outputs]),
        Field("rows", [f"{one.rows:,}" for one in outputs], right=True),
    ]
    if any(one.errors for one in outputs):
        fields.append(Field("errors, as null", [f"{one.errors:,}" for one in outputs], right=True))
    print_fields(out, fields, indent=2)
    for one in outputs:
        for warning in one.warnings:
            print_line(out, f"  {near(one.path)}: {warning}", "yellow")


def heading(out: Console, words: str) -> None:
    """Print the heading of a part."""
    print_line(out)
    print_line(out, words, "bold")


def near(path: str) -> str:
    """Return a path as seen from the current folder, where that is shorter."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return min(relative, path, key=len)
