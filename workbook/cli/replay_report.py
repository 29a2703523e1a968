"""A replay for people: its chapters, then whether it is as recorded, or where and why it is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sheetline.workbook.cli.show import counted, print_head, print_line, shortened
from sheetline.workbook.record.compare import CLOSE, HARMLESS, IDENTICAL, INCOMPARABLE, NEW, SheetComparison

if TYPE_CHECKING:
    from rich.console import Console

    from sheetline.workbook.record.chapters import Chapter
    from sheetline.workbook.record.replay import Replay


def print_replay(out: Console, done: Replay, timezone: str, *, check: bool) -> None:
    """Print a replay."""
    record = done.record
    print_line(out, f"{record.name}, from the record {record.id[:12]} of {record.circumstances.started}", "bold")
    for chapter in done.chapters:
        print_line(out)
        _chapter(out, chapter, timezone)
    if check or done.missing:
        print_line(out)
        _verdict(out, done)


def _chapter(out: Console, chapter: Chapter, timezone: str) -> None:
    print_line(out, f"{chapter.number}. {chapter.sheet} ({chapter.kind})", "bold")
    if chapter.description:
        print_line(out, f"   {chapter.description}")
    for key, value in chapter.does.items():
        print_line(out, f"   {key}: {value}")
    width = max((len(name) for name in chapter.formulas), default=0)
    for name, formula in chapter.formulas.items():
        if name not in chapter.does:
            print_line(out, f"   {name.ljust(width)} = {formula}")
    came = ", ".join(f"{name} {counted(rows, 'row')}" for name, rows in chapter.rows_in.items())
    arrow = "->" if not str(out.encoding).lower().startswith("utf") else "→"
    rows = f"{came} {arrow} {counted(chapter.rows_out, 'row')}" if came else counted(chapter.rows_out, "row")
    print_line(out, f"   {rows}{', taken from the record' if chapter.from_record else ''}")
    if chapter.head.columns and chapter.head.rows:
        print_line(out)
        print_head(out, chapter.head, chapter.head.rows, timezone)
    if chapter.comparison is not None:
        print_line(out)
        words, style = _status(chapter.comparison)
        print_line(out, f"   {words}", style)


def _status(found: SheetComparison) -> tuple[str, str]:
    """Return what is said about one sheet, and its style."""
    by_status: dict[str, list[str]] = {}
    for one in found.columns:
        by_status.setdefault(one.status, []).append(one.name)
    if set(by_status) <= {IDENTICAL} and found.identical:
        return f"identical: {counted(len(found.columns), 'column')}", "green"
    words = []
    if found.rows_then != found.rows_now:
        words.append(f"{counted(found.rows_then, 'row')} then, {found.rows_now:,} now")
    if found.moved:
        words.append("its columns stand in another order")
    words += [f"{_SAID.get(status, status)}: {shortened(names)}" for status, names in by_status.items()]
    return "; ".join(words), "yellow" if found.identical else "red"


_SAID = {CLOSE: "within 1e-9, on another processor", INCOMPARABLE: "not comparable on another processor", NEW: "new"}


def _verdict(out: Console, done: Replay) -> None:
    sheets = list(done.comparisons.values())
    columns = [one for sheet in sheets for one in sheet.columns]
    if done.place is None:
        same = sum(one.status == IDENTICAL for one in columns)
        other = f" of {len(columns):,}" if same < len(columns) else ""
        words = f"identical: {counted(len(sheets), 'sheet')}, {same:,}{other} {'column' if same == 1 else 'columns'}"
        print_line(out, words, "green")
    elif done.missing:
        assert done.cause is not None
        print_line(out, f"source '{done.place.sheet}' can't be read: {done.cause.words}", "red")
        return
    else:
        print_line(out, f"first difference: {done.place}", "yellow" if done.altered else "red")
        if done.cause is not None:
            print_line(out, f"cause: {done.cause.kind}: {done.cause.words}")
        if done.witness is not None and done.witness.name != done.place.sheet:
            print_line(out, f"cells of '{done.witness.name}', the first sheet behind it that was kept:")
        for cell in done.examples:
            print_line(out, f"  {cell.column}, row {cell.row:,}: {_cell(cell.then)} then, {_cell(cell.now)} now")
        differ = [sheet for sheet in sheets if not sheet.identical]
        bad = sum(one.status not in HARMLESS for one in columns)
        words = f"{len(differ):,} of {counted(len(sheets), 'sheet')} and {bad:,} of {counted(len(columns), 'column')}"
        print_line(out, f"{words} differ{', as other things were asked for' if done.altered else ''}")
    rest = [one for one in done.causes if one != done.cause]
    if rest:
        print_line(out, "other than it was:" if done.place is None else "also other than it was:")
        for one in rest:
            where = f"sheet '{one.sheet}': " if one.sheet else ""
            print_line(out, f"  {one.kind}: {where}{one.words}")


def _cell(value: Any) -> str:
    if isinstance(value, str) and not value.startswith("error ") and value != "no row":
        return json.dumps(value, ensure_ascii=False)
    return "null" if value is None else str(value)
