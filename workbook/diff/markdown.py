"""Differences as Markdown for a pull request: a table of changes a sheet, and folded details.

Everything that comes from a workbook or from data stands in code, so nothing of it is read as Markdown, HTML, a
mention or a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from sheetline.workbook.diff.wording import (
    SIGNS,
    counts,
    example,
    facts,
    grouped,
    rest,
    rows_summary,
    side,
    summary,
    title,
)

if TYPE_CHECKING:
    from sheetline.workbook.diff.model import Change, Diff, SheetData

#: Changes reach at most so many columns that their names stand in the table.
_FEW: Final = 3


def markdown(diff: Diff) -> str:
    """Return the differences as Markdown, with a line end."""
    return "\n".join(_lines(diff)) + "\n"


def _lines(diff: Diff) -> Iterator[str]:
    yield f"### {code(title(diff))}"
    yield ""
    yield f"**{escape(summary(diff), quote=False)}**"
    groups = grouped(diff)
    for sheet, changes in groups.items():
        yield ""
        yield "#### Workbook" if sheet is None else f"#### {code(sheet)}"
        yield ""
        yield from _table(changes)
    reaching = [one for one in diff.changes if one.reach is not None and len(one.reach.columns) > _FEW]
    if reaching:
        yield ""
        yield from folded("What the changes reach", _reaching(reaching))
    if diff.data:
        yield ""
        yield "#### Data"
        yield ""
        yield from _data(diff.data)
    for note in diff.notes:
        yield ""
        yield f"> {text(note)}"


def _table(changes: Sequence[Change]) -> Iterator[str]:
    yield "| | Change | Old | New | Reaches |"
    yield "|---|---|---|---|---|"
    for change in changes:
        old, new = side(change, "old"), side(change, "new")
        parts = [
            f"`{SIGNS[change.kind]}`",
            text(change.words),
            "" if old is None else code(old, cell=True),
            "" if new is None else code(new, cell=True),
            _reach(change),
        ]
        yield f"| {' | '.join(parts)} |"


def _reach(change: Change) -> str:
    reach = change.reach
    if reach is None:
        return ""
    told = str(reach).removeprefix("reaches ")
    if 0 < len(reach.columns) <= _FEW:
        told += f": {', '.join(code(one, cell=True) for one in reach.columns)}"
    return told


def _reaching(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        assert change.reach is not None
        yield f"- {text(change.words)}: {', '.join(map(code, [*change.reach.columns, *change.reach.outputs]))}"


def _data(data: Sequence[SheetData]) -> Iterator[str]:
    yield "| Sheet | Rows before | Rows now | Columns that differ | |"
    yield "|---|---:|---:|---|---|"
    for one in data:
        differ = [column.name for column in one.columns if column.status in ("differs", "retyped")]
        names = ", ".join(code(name, cell=True) for name in differ)
        rows = ["not computed" if many is None else f"{many:,}" for many in (one.rows_old, one.rows_new)]
        alone = one.rows_old is None or one.rows_new is None
        state = "" if alone else "**differs**" if one.differs else "identical"
        yield f"| {code(one.sheet, cell=True)} | {rows[0]} | {rows[1]} | {names} | {state} |"
    for one in data:
        if one.differs:
            yield ""
            yield from folded(f"Data of {one.sheet}", _sheet(one))


def _sheet(one: SheetData) -> Iterator[str]:
    for fact in facts(one):
        yield f"- {text(fact)}"
    rows = one.rows
    if rows is None:
        return
    yield f"- {text(rows_summary(rows))}"
    if rows.examples:
        shown = [f"{SIGNS[row.kind]} {' '.join(example(row).splitlines())}" for row in rows.examples]
        fence = "`" * max(3, 1 + max(_longest(line) for line in shown))
        yield ""
        yield f"{fence}diff"
        yield from (line.replace("~ ", "! ", 1) if line.startswith("~") else line for line in shown)
        yield fence
    more = rest(counts(rows), rows.examples)
    if more:
        yield ""
        yield f"and {more}"


def folded(heading: str, inside: Iterator[str]) -> Iterator[str]:
    """Yield lines that are folded under a heading."""
    yield f"<details><summary>{escape(heading)}</summary>"
    yield ""
    yield from inside
    yield ""
    yield "</details>"


def code(given: str, *, cell: bool = False) -> str:
    """Return a text as code; ``cell``: in a table, where a bar would end the cell.

    >>> code("#a | `b`", cell=True)
    '``#a \\\\| `b` ``'
    """
    line = " ".join(given.split())
    fence = "`" * (_longest(line) + 1)
    gap = " " if line.startswith("`") else ""
    end = " " if line.endswith("`") else ""
    made = f"{fence}{gap}{line}{end}{fence}" if line else ""
    return made.replace("|", "\\|") if cell else made


def text(given: str) -> str:
    """Return a sentence of which nothing is read as Markdown, HTML, a mention or a link.

    >>> text("column a_b of <X> | @me #1")
    'column a\\\\_b of &lt;X&gt; \\\\| &#64;me &#35;1'
    """
    line = escape(" ".join(given.split()), quote=False)
    line = re.sub(r"[#@](?!\d+;)", lambda found: f"&#{ord(found[0])};", line)
    line = re.sub(r"([\\`*_\[\]|~!])", r"\\\1", line)
    return re.sub(r"\b(https?):", r"\1&#58;", line)


def _longest(line: str) -> int:
    """Return the length of the longest run of backticks."""
    return max((len(run) for run in re.findall(r"`+", line)), default=0)
