"""The trace of a row or a cell: which rows of which sheets stand behind it, down to the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sheetline.functions.columns import Table
from sheetline.functions.errors import Ints
from sheetline.workbook.steps import Step
from sheetline.workbook.trace.contexts import Whole
from sheetline.workbook.trace.lines import lines_of, place_of

if TYPE_CHECKING:
    import pandas as pd

HEAD = 5
"""How many rows of a sheet are shown without being asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """Rows that matter without giving a value: ``why`` they do, ``by`` which sheet, and their numbers from 0."""

    why: str
    by: str
    rows: Ints


@dataclass(frozen=True, slots=True, eq=False)
class TracedSheet:
    """The rows of one sheet behind what is traced.

    Attributes:
        name, kind: the sheet.
        rows: numbers, from 0, of the rows that give values.
        context: other rows that matter, by why they do.
        columns: the columns that were read of it.
        table: the sheet, with these columns.
        step: how it was made.
    """

    name: str
    kind: str
    rows: Ints
    context: tuple[Context, ...]
    columns: tuple[str, ...]
    table: Table
    step: Step

    @property
    def is_source(self) -> bool:
        """Whether nothing stands behind it."""
        return not self.step.needs(list(self.columns))

    @property
    def place(self) -> str:
        """The path that a source was read from, "a frame", or empty."""
        return place_of(self.step)

    def lines(self, rows: Sequence[int]) -> dict[int, int]:
        """Return the lines of the file, from 1, in which rows of a source begin, where these are known."""
        return lines_of(self.step, rows)

    def values(self, rows: Ints | None = None) -> Table:
        """Return some of its rows as a table, by default those that give values."""
        chosen = Table({name: self.table.columns[name] for name in self.columns}, self.table.rows)
        return chosen.take(self.rows if rows is None else rows)

    def shown(self, head: int) -> Ints:
        """Return the first rows that give values; of a sheet that has none of these the first of its context."""
        if len(self.rows) or not self.context:
            return self.rows[:head]
        return np.concatenate([one.rows for one in self.context])[:head]

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows that give values as a frame, whose index holds their numbers in the sheet."""
        import pandas as pd

        from sheetline.functions.interop import table_to_pandas

        return table_to_pandas(self.values()).set_index(pd.Index(self.rows, name="row"))


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Where a row or cell is from.

    Attributes:
        sheet, row, column: what was traced; ``row`` counts from 0, ``column`` is None for the whole row.
        sheets: the rows of every sheet on the way, by name: first the sheet itself, last the sources.
        whole: sheets that matter as a whole, beside the rows that are named.
        changed: what is other than it was when the run was made; empty where nothing is.
        timezone: the zone in which dates are shown.
    """

    sheet: str
    row: int
    column: str | None
    sheets: Mapping[str, TracedSheet]
    whole: tuple[Whole, ...]
    changed: tuple[str, ...] = ()
    timezone: str = "UTC"

    def __getitem__(self, sheet: str) -> TracedSheet:
        return self.sheets[sheet]

    @property
    def sources(self) -> dict[str, TracedSheet]:
        """The sources among the sheets."""
        return {name: one for name, one in self.sheets.items() if one.is_source}

    def to_text(self, head: int = HEAD) -> str:
        """Return the trace for people, with up to ``head`` rows of each sheet; rows count from 1 there."""
        from sheetline.workbook.trace.text import trace_text

        return trace_text(self, head)

    def to_dict(self, head: int = HEAD) -> dict[str, Any]:
        """Return the trace as JSON values: all row numbers, from 1, and the values of up to ``head`` rows."""
        from sheetline.workbook.trace.text import trace_dict

        return trace_dict(self, head)

    def __str__(self) -> str:
        return self.to_text()
