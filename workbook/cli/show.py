"""Tables on stdout: wide ones are cut into pieces on a terminal, and never cut where the output is piped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from sheetline.workbook.cli import cells

if TYPE_CHECKING:
    from sheetline.functions.columns import Table

#: As wide as any table may get where nobody counts columns.
UNLIMITED = 1_000_000
GAP = 2


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table to print: its heading, its cells, and on which side they stand."""

    name: str
    cells: Sequence[str]
    right: bool = False
    style: str = ""

    @property
    def width(self) -> int:
        """How many columns of a terminal it needs."""
        return max(cell_len(self.name), *(cell_len(cell) for cell in self.cells), 1)


def console() -> Console:
    """Return the console of stdout: colours on a terminal only, and no line is broken elsewhere."""
    wide = None if sys.stdout.isatty() else UNLIMITED
    return Console(file=sys.stdout, width=wide, highlight=False, markup=False, emoji=False, soft_wrap=wide is not None)


def print_line(out: Console, words: str = "", style: str = "") -> None:
    """Print one line of text as it is."""
    if out.is_terminal or out.record:
        out.print(Text(words, style=style))
    else:
        out.file.write(words.rstrip() + "\n")


def print_fields(out: Console, fields: Sequence[Field], *, indent: int = 0) -> None:
    """Print a table; on a terminal that is too narrow piece by piece, each with the first column."""
    for number, part in enumerate(_pieces(fields, out.width - indent)):
        if number:
            print_line(out)
        _print_piece(out, part, indent)


def _pieces(fields: Sequence[Field], width: int) -> list[list[Field]]:
    """Cut a table so that each piece fits: the first column stands in all of them."""
    if sum(field.width + GAP for field in fields) - GAP <= width or len(fields) < 3:
        return [list(fields)]
    first, *rest = fields
    pieces: list[list[Field]] = []
    used = UNLIMITED
    for field in rest:
        if used + GAP + field.width > width:
            pieces.append([first])
            used = first.width
        pieces[-1].append(field)
        used += GAP + field.width
    return pieces


def _print_piece(out: Console, fields: Sequence[Field], indent: int) -> None:
    if out.is_terminal or out.record:
        table = RichTable(
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            show_edge=False,
            pad_edge=False,
            header_style="bold",
            expand=False,
        )
        for field in fields:
            table.add_column(Text(field.name), justify="right" if field.right else "left", style=field.style)
        for row in zip(*(field.cells for field in fields), strict=True):
            table.add_row(*map(Text, row))
        from rich.padding import Padding

        out.print(Padding(table, (0, 0, 0, indent)) if indent else table)
        return
    # Plain text, without spaces at the ends of lines: what is piped is compared, searched and pasted.
    widths = [field.width for field in fields]
    rule = "─" if str(out.encoding).lower().startswith("utf") else "-"
    lines = [[field.name for field in fields], [rule * width for width in widths]]
    lines += [list(row) for row in zip(*(field.cells for field in fields), strict=True)]
    for line in lines:
        padded = [_padded(word, size, field.right) for word, size, field in zip(line, widths, fields, strict=True)]
        print_line(out, " " * indent + (" " * GAP).join(padded))


def _padded(word: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(word))
    return space + word if right else word + space


def table_fields(table: Table, timezone: str) -> list[Field]:
    """Return the columns of a sheet as columns to print."""
    return [
        Field(name, cells.texts(column, timezone), cells.is_right(column.type))
        for name, column in table.columns.items()
    ]


def print_head(out: Console, table: Table, rows: int, timezone: str, *, title: str = "") -> None:
    """Print the first rows of a sheet, and how many there are."""
    head = table.slice(0, min(rows, table.rows))
    if title:
        print_line(out, title, "bold")
    if head.columns and head.rows:
        print_fields(out, table_fields(head, timezone))
    elif head.columns:
        print_line(out, "columns: " + ", ".join(head.columns))
    if head.rows < table.rows or not head.rows:
        more = f"the first {head.rows:,} of " if 0 < head.rows < table.rows else ""
        print_line(out, f"{more}{counted(table.rows, 'row')}", "dim")


def head_json(table: Table, rows: int) -> dict[str, Any]:
    """Return the first rows of a sheet as JSON values; errors are null there and listed beside."""
    head = table.slice(0, min(rows, table.rows))
    values = {name: cells.plain_values(column) for name, column in head.columns.items()}
    errors = [
        {"row": int(found.rows[i]) + 1, "column": name, "code": found.code(i), "message": found.message(i)}
        for name, column in head.columns.items()
        if (found := column.errors) is not None
        for i in range(len(found))
    ]
    return {
        "rows": table.rows,
        "columns": [{"name": name, "type": str(column.type)} for name, column in table.columns.items()],
        "head": [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)],
        "errors": errors,
    }


def counted(number: int, word: str) -> str:
    """Return a number with its noun: "1 row", "2,000 rows"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def shortened(names: Sequence[str], width: int = 64) -> str:
    """Return the names that fit into ``width``, at least one, and how many more there are.

    >>> shortened(["Latitude", "Longitude", "Timestamp"], 20)
    'Latitude, Longitude and 1 more'
    """
    shown = list(names)
    while len(shown) > 1 and len(", ".join(shown)) > width:
        shown.pop()
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
