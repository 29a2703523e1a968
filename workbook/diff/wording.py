"""Words that the text and the Markdown form share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sheetline.workbook.diff.model import Change, ColumnData, Diff, RowExample, RowsDiff, SheetData

#: How many names a line tells.
MOST: Final = 8
#: Characters of a value that a line shows.
WIDEST: Final = 120
SIGNS: Final = {"added": "+", "removed": "-", "renamed": "~", "changed": "~", "moved": "~"}
_FORMULAS: Final = ("formula", "column")


def counted(number: int, word: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def some(names: Sequence[str], most: int = MOST) -> str:
    """Return the first names, and how many more there are.

    >>> some(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def value(given: Any) -> str:
    """Return a value as JSON on one line; a number's digits are all there.

    >>> value("a b"), value(None), value("error DIV0")
    ('"a b"', 'null', 'error DIV0')
    """
    if isinstance(given, str) and given.startswith("error ") and given[6:].isupper():
        return given
    return cut(json.dumps(given, ensure_ascii=False))


def cut(text: str) -> str:
    """Return a text of at most :data:`WIDEST` characters."""
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def side(change: Change, which: str) -> str | None:
    """Return the old or new value as a line shows it, whole where it is a formula; None: it is not there."""
    given = getattr(change, which)
    if given is None:
        return None
    formula = change.what == "formula" or (change.what == "column" and change.kind in ("added", "removed"))
    if change.name in ("where",) or change.what in ("description", "name", "timezone"):
        formula = True
    if isinstance(given, str) and (formula or "#" in given):
        return " ".join(given.split())
    if isinstance(given, Mapping) and set(given) == {"path", "size", "hash"}:
        size = "" if given["size"] is None else f", {given['size']:,} bytes"
        mark = "" if given["hash"] is None else f", hash {given['hash'][:12]}…"
        return f"{given['path'] or 'a frame'}{size}{mark}"
    if isinstance(given, Mapping) and set(given) == {"rows", "errors", "size", "hash"}:
        return f"{counted(given['rows'], 'row')}, {given['size']:,} bytes, hash {given['hash'][:12]}…"
    if change.kind == "renamed":
        return str(given)
    if change.what == "sheet":
        return sheet_text(given)
    return value(given)


def sheet_text(keys: Mapping[str, Any]) -> str:
    """Return the keys of a sheet on one line, its columns by their names."""
    parts = [str(keys.get("kind", ""))]
    for key, item in keys.items():
        if key in ("kind", "description", "kept"):
            continue
        if key in ("columns", "values", "select") and isinstance(item, Mapping):
            parts.append(f"{key} {some(list(item))}")
        else:
            parts.append(f"{key} {item if isinstance(item, str) else value(item)}")
    return cut("; ".join(parts))


def grouped(diff: Diff) -> dict[str | None, list[Change]]:
    """Return the changes by sheet, in the order in which they are told; those of the workbook under None."""
    found: dict[str | None, list[Change]] = {None: [one for one in diff.changes if one.sheet is None]}
    for change in diff.changes:
        if change.sheet is not None:
            found.setdefault(change.sheet, []).append(change)
    return {sheet: changes for sheet, changes in found.items() if changes}


def title(diff: Diff) -> str:
    """Return what is compared."""
    old, new = diff.old, diff.new
    return f"{_called(old)} → {_called(new)}"


def _called(one: Any) -> str:
    if one.kind == "record":
        told = f"record {one.id[:12]}"
        return told if one.id.startswith(one.label) else f"{one.label} ({told})"
    return str(one.label)


def summary(diff: Diff) -> str:
    """Return how much differs."""
    if diff.same:
        what = f", {counted(len(diff.data), 'sheet')} identical" if diff.data else ""
        return f"nothing differs{what}"
    parts = [counted(len(diff.changes), "change")]
    if diff.data:
        differ = sum(one.differs for one in diff.data)
        parts.append(f"the data of {differ:,} of {counted(len(diff.data), 'sheet')} differs")
    return ", ".join(parts)


def reached(change: Change) -> str:
    """Return what a change reaches, with the first names."""
    reach = change.reach
    if reach is None:
        return ""
    names = [*reach.columns, *reach.outputs]
    return f"{reach}{': ' + some(names) if names else ''}"


def facts(one: SheetData) -> list[str]:
    """Return what differs in the data of a sheet, but for its rows, as sentences."""
    if one.rows_old is None or one.rows_new is None:
        which = "old" if one.rows_new is None else "new"
        return [f"computed in the {which} run only"]
    found = []
    if one.rows_old != one.rows_new:
        found.append(f"{counted(one.rows_old, 'row')} → {one.rows_new:,}")
    if one.removed_old != one.removed_new:
        found.append(f"rows removed for an error: {one.removed_old:,} → {one.removed_new:,}")
    both = [column for column in one.columns if column.status in ("differs", "retyped")]
    retyped = [column for column in both if column.status == "retyped"]
    found += [f"type of {column.name}: {column.type_old} → {column.type_new}" for column in retyped]
    counts_ = [column for column in both if column.errors_old != column.errors_new]
    found += [f"errors in {column.name}: {column.errors_old:,} → {column.errors_new:,}" for column in counts_]
    if one.moved:
        found.append("columns stand in another order")
    for status, words in (
        ("added", "columns added"),
        ("removed", "columns removed"),
        ("differs", "other values in"),
        ("identical", "identical"),
        ("not computed", "computed in one of the runs only"),
    ):
        names = [_column(column) for column in one.columns if column.status == status]
        if names:
            found.append(f"{words}: {some(names)}")
    return found


def _column(one: ColumnData) -> str:
    return one.name if one.name == one.old_name else f"{one.name} ({one.old_name} before)"


def rows_summary(rows: RowsDiff) -> str:
    """Return how many rows differ, and by what they were matched."""
    by = f"by {', '.join(rows.keys)} ({rows.found})" if rows.keys else f"by {rows.found}"
    parts = [f"{rows.added:,} added", f"{rows.removed:,} removed", f"{rows.changed:,} changed", f"{rows.same:,} same"]
    told = f"rows {by}: {', '.join(parts)}"
    if rows.repeated:
        told += f"; {counted(rows.repeated, 'row')} with a key that repeats, matched in order"
    if rows.reordered:
        told += "; rows in another order"
    return told


def example(one: RowExample) -> str:
    """Return a row that differs on one line.

    >>> from sheetline.workbook.diff.model import Cell, RowExample
    >>> example(RowExample("changed", {"user": "ann"}, (Cell("n", 1, 2),)))
    'user "ann": n 1 → 2'
    """
    key = ", ".join(f"{name} {value(item)}" for name, item in one.key.items())
    return f"{key}: {_cells(one)}" if one.cells else key


def _cells(one: RowExample) -> str:
    made = []
    for cell in one.cells:
        if one.kind == "changed":
            made.append(f"{cell.column} {value(cell.old)} → {value(cell.new)}")
        else:
            made.append(f"{cell.column} {value(cell.new if one.kind == 'added' else cell.old)}")
    return some(made)


def rest(counts: Mapping[str, int], told: Iterable[RowExample]) -> str:
    """Return how many rows more there are than examples; nothing where all are told."""
    shown: dict[str, int] = {}
    for one in told:
        shown[one.kind] = shown.get(one.kind, 0) + 1
    more = {kind: many - shown.get(kind, 0) for kind, many in counts.items()}
    return ", ".join(f"{many:,} more {kind}" for kind, many in more.items() if many)


def counts(rows: RowsDiff) -> dict[str, int]:
    """Return the numbers of rows by kind."""
    return {"changed": rows.changed, "added": rows.added, "removed": rows.removed}
