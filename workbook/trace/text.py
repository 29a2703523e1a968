"""A trace as text and as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetline.functions.columns import Table
from sheetline.functions.errors import Ints
from sheetline.workbook.cli import cells
from sheetline.workbook.trace.contexts import Whole

if TYPE_CHECKING:
    from sheetline.workbook.trace.model import Trace, TracedSheet

#: Row numbers told of a context: the rest is counted.
NUMBERS = 12


def counted(number: int, word: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "row"), counted(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def numbers(rows: Ints, most: int = NUMBERS) -> str:
    """Return row numbers, given from 0, as people count them; runs are drawn together.

    >>> numbers(np.array([0, 1, 2, 6]))
    '1 to 3, 7'
    """
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    starts, stops = np.concatenate(([0], breaks)), np.concatenate((breaks, [len(rows)]))
    runs = [(int(rows[a]) + 1, int(rows[b - 1]) + 1) for a, b in zip(starts[:most], stops[:most], strict=True)]
    words = [
        str(low) if low == high else f"{low}, {high}" if high == low + 1 else f"{low} to {high}" for low, high in runs
    ]
    return ", ".join(words) + (", …" if len(starts) > most else "")


def trace_text(trace: Trace, head: int) -> str:
    """Return a trace as text."""
    what = trace.sheet if trace.column is None else f"{trace.sheet}!{trace.column}"
    lines = [f"{what}, row {trace.row + 1:,}"]
    lines += [f"changed: {words}" for words in trace.changed]
    for one in trace.sheets.values():
        lines += ["", *_sheet_lines(one, head, trace.timezone)]
    if trace.whole:
        lines += ["", "depends on whole sheets, too:", *(f"  {_whole_words(one)}" for one in trace.whole)]
    return "\n".join(lines)


def _whole_words(one: Whole) -> str:
    named = ", ".join(f"{one.of}!{column}" for column in one.columns) or f"the rows of {one.of}"
    return f"{named} for {one.sheet}: {one.why}"


def _sheet_lines(one: TracedSheet, head: int, timezone: str) -> list[str]:
    where = f" from {one.place}" if one.place else ""
    lines = [f"{one.name} ({one.kind}{where}): {_rows_words(one.rows)}"]
    lines += _table_lines(one, one.rows[:head], timezone)
    if 0 < head < len(one.rows):
        lines.append(f"  … the first {head:,} of {counted(len(one.rows), 'row')}")
    for context in one.context:
        lines.append(f"  context, {context.why} ({context.by}): {_rows_words(context.rows)}")
    if not len(one.rows):
        lines += _table_lines(one, one.shown(head), timezone)
    return lines


def _rows_words(rows: Ints) -> str:
    if not len(rows):
        return "no row gives a value"
    word = "row" if len(rows) == 1 else f"{len(rows):,} rows:" if len(rows) > 1 else ""
    return f"{word} {numbers(rows)}"


def _table_lines(one: TracedSheet, rows: Ints, timezone: str) -> list[str]:
    """Return rows as a table whose first columns tell the row, and of a file the line."""
    if not len(rows):
        return []
    table = one.values(rows)
    columns: list[tuple[list[str], bool]] = [(["row", *(f"{row + 1}" for row in rows)], True)]
    known = one.lines(rows.tolist()) if one.is_source else {}
    if known:
        columns.append((["line", *(str(known.get(row, "?")) for row in rows.tolist())], True))
    for name, column in table.columns.items():
        columns.append(([name, *cells.texts(column, timezone)], cells.is_right(column.type)))
    wide = [max(map(len, texts)) for texts, _ in columns]
    return [
        "    "
        + "  ".join(
            _padded(texts[place], width, right) for (texts, right), width in zip(columns, wide, strict=True)
        ).rstrip()
        for place in range(len(rows) + 1)
    ]


def _padded(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)


def trace_dict(trace: Trace, head: int) -> dict[str, Any]:
    """Return a trace as JSON values."""
    return {
        "sheet": trace.sheet,
        "row": trace.row + 1,
        "column": trace.column,
        "changed": list(trace.changed),
        "sheets": [_sheet_dict(one, head) for one in trace.sheets.values()],
        "whole": [
            {"sheet": one.sheet, "of": one.of, "columns": list(one.columns), "why": one.why} for one in trace.whole
        ],
    }


def _sheet_dict(one: TracedSheet, head: int) -> dict[str, Any]:
    rows = one.shown(head)
    shown = rows.tolist()
    known = one.lines(shown) if one.is_source else {}
    return {
        "sheet": one.name,
        "kind": one.kind,
        "place": one.place or None,
        "columns": list(one.columns),
        "rows": [row + 1 for row in one.rows.tolist()],
        "context": [
            {"why": some.why, "by": some.by, "rows": [row + 1 for row in some.rows.tolist()]} for some in one.context
        ],
        "head": [
            {"row": row + 1, "line": known.get(row), "values": values}
            for row, values in zip(shown, _records(one.values(rows)), strict=True)
        ],
    }


def _records(table: Table) -> Sequence[dict[str, Any]]:
    """Return the rows of a table as JSON objects; an error is an object that says its code and message."""
    columns = {}
    for name, column in table.columns.items():
        values = cells.plain_values(column)
        if column.errors is not None:
            for place, row in enumerate(column.errors.rows.tolist()):
                values[row] = {"error": column.errors.code(place), "message": column.errors.message(place)}
        columns[name] = values
    return [{name: values[row] for name, values in columns.items()} for row in range(table.rows)]
