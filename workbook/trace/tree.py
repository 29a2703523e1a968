"""An explanation as a tree of text, and as JSON values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetline.functions.columns import Column
from sheetline.workbook.cli import cells
from sheetline.workbook.trace.text import counted, numbers

if TYPE_CHECKING:
    from sheetline.workbook.trace.explain import Cell, Explanation
    from sheetline.workbook.trace.parts import Part
    from sheetline.workbook.trace.presence import Presence
    from sheetline.workbook.trace.reasons import Reason


def explanation_text(found: Explanation) -> str:
    """Return an explanation as text."""
    shown = _shown(found.cell, found.timezone)
    lines = [f"{found.sheet}!{found.column}, row {found.row + 1:,} = {shown}"]
    lines += [f"changed: {words}" for words in found.changed]
    lines += [f"is {_cell_words(cell)}" for cell in found.path]
    if found.note:
        lines.append(found.note)
    if found.part is not None:
        lines += _tree(found.part, found.timezone)
    return "\n".join(lines)


def _cell_words(cell: Cell) -> str:
    sheet, row, column = cell
    return f"{sheet}!{column}, row {row + 1:,}"


def _tree(root: Part, timezone: str) -> Iterator[str]:
    stack = [(root, "", "")]
    while stack:
        part, before, below = stack.pop()
        yield f"{before}{_words(part, timezone)}"
        last = len(part.parts) - 1
        stack += [
            (one, f"{below}{'└─ ' if place == last else '├─ '}", f"{below}{'   ' if place == last else '│  '}")
            for place, one in reversed(list(enumerate(part.parts)))
        ]


def _words(part: Part, timezone: str) -> str:
    """Return a part with its value, and where that is from."""
    if part.count is not None:
        return f"{part.text}: {_rows_words(part, timezone)}"
    shown = _shown(part.values, timezone)
    if part.kind == "constant" and shown in (part.text, f'"{part.text}"'):
        return part.text
    words = f"{part.text} = {shown}"
    if part.arises and part.error is not None:
        words += f": {part.error[1]}"
    if part.kind == "parameter":
        words += "  (a parameter)"
    elif part.kind == "column":
        words += f"  ({part.sheet}{f', row {part.rows[0] + 1:,}' if part.rows else ''})" if part.sheet else ""
    return words


def _rows_words(part: Part, timezone: str) -> str:
    assert part.count is not None
    if not part.count:
        return "no rows"
    values = ", ".join(_shown(part.values.slice(place, place + 1), timezone) for place in range(len(part.values)))
    less = "…, " if part.before else ""
    more = ", …" if part.before + len(part.values) < part.count else ""
    words = f"{counted(part.count, 'row')}: {less}{values}{more}"
    if part.whole:
        return f"{words}  (all of {part.sheet})" if part.sheet else f"{words}  (the whole column)"
    if part.kind == "column" and part.rows:
        in_order = list(part.rows) == sorted(part.rows)
        told = numbers(np.array(part.rows, np.int64)) if in_order else ", ".join(f"{row + 1}" for row in part.rows)
        word = "row" if part.count == 1 else "rows"
        words += f"  ({part.sheet}, {word} {less}{told}{more})"
    return words


def _shown(column: Column, timezone: str) -> str:
    """Return a single value as text: text in quotes, floats with all their digits."""
    if column.errors is not None and len(column.errors):
        return f"error {column.errors.code(0)}"
    (value,) = column.to_list()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return cells.text(value, column.type, timezone)


def explanation_dict(found: Explanation) -> dict[str, Any]:
    """Return an explanation as JSON values."""
    return {
        "sheet": found.sheet,
        "column": found.column,
        "row": found.row + 1,
        **_value(found.cell),
        "changed": list(found.changed),
        "path": [{"sheet": sheet, "column": column, "row": row + 1} for sheet, row, column in found.path],
        "note": found.note or None,
        "formula": None if found.part is None else _part_dict(found.part),
    }


def _value(column: Column) -> dict[str, Any]:
    if column.errors is not None and len(column.errors):
        return {"value": None, "error": {"code": column.errors.code(0), "message": column.errors.message(0)}}
    return {"value": cells.plain_values(column)[0]}


def _part_dict(part: Part) -> dict[str, Any]:
    """Return a part with those inside it; nesting is bounded by the parser."""
    found: dict[str, Any] = {"text": part.text, "kind": part.kind}
    if part.sheet:
        found["sheet"] = part.sheet
    if part.rows is not None:
        found["rows"] = [row + 1 for row in part.rows]
    if part.count is None:
        found |= _value(part.values)
    else:
        found |= {"count": part.count, "before": part.before, "whole": part.whole}
        found["values"] = [_value(part.values.slice(place, place + 1)) for place in range(len(part.values))]
    return {**found, "parts": [_part_dict(one) for one in part.parts]}


# ---------------------------------------------------------------- why a row is there


def presence_text(found: Presence) -> str:
    """Return as text why a row is there, or what became of it."""
    told = [[f"changed: {words}" for words in found.changed]]
    if found.of != found.sheet:
        told[0].insert(0, f"{found.of}, row {found.row + 1:,}{_became(found)}")
    told += [
        [_reason_words(one), *(line for part in one.parts for line in _tree(part, found.timezone))]
        for one in found.reasons
    ]
    return "\n\n".join("\n".join(lines) for lines in told if lines)


def _became(found: Presence) -> str:
    if not found.rows:
        return f": not in {found.sheet}"
    rows = np.array(found.rows, np.int64)
    return f": in {found.sheet}, {'row' if len(rows) == 1 else f'{len(rows):,} rows:'} {numbers(rows)}"


def _reason_words(one: Reason) -> str:
    where = f"{one.sheet}, row {one.rows[0] + 1:,}" if one.rows else f"not in {one.sheet}"
    below = f"row {one.row + 1:,} of {one.of}" if one.row is not None else ""
    return f"{where}: {', '.join(filter(None, [below, one.words]))}{':' if one.parts else ''}"


def presence_dict(found: Presence) -> dict[str, Any]:
    """Return as JSON values why a row is there, or what became of it."""
    return {
        "sheet": found.sheet,
        "of": found.of,
        "row": found.row + 1,
        "rows": [row + 1 for row in found.rows],
        "changed": list(found.changed),
        "reasons": [
            {
                "sheet": one.sheet,
                "rows": [row + 1 for row in one.rows],
                "of": one.of or None,
                "row": None if one.row is None else one.row + 1,
                "words": one.words,
                "parts": [_part_dict(part) for part in one.parts],
            }
            for one in found.reasons
        ],
    }
