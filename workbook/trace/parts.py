"""The parts of a formula, each with its value for one row of the sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sheetline.formulas import ast
from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import Node, Shape, Space
from sheetline.formulas.evaluate import Evaluation
from sheetline.formulas.names import Own
from sheetline.formulas.noting import Noted, NotingBinder
from sheetline.formulas.printer import print_formula
from sheetline.functions.columns import Column, Constant, Table
from sheetline.functions.context import Environment
from sheetline.functions.declare import Form
from sheetline.functions.errors import Ints
from sheetline.workbook.trace.contexts import no_rows, single_row
from sheetline.workbook.trace.lookups import EXACT, Matches

#: How many rows of a group or a whole column are shown.
ROWS_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a formula.

    Attributes:
        text: how it is written.
        kind: "column", "constant", "parameter", "function", "operator" or "list".
        values: its value for the row, a column of one; of a part that is looked at over several rows their first ones.
        count: None for a value of the row itself, else over how many rows the part is looked at.
        before: how many of these stand before those shown: of a series the rows around the row itself are shown.
        rows: numbers, from 0, of the rows that ``values`` stands in, in ``sheet``; None where they are in no sheet.
        sheet: the sheet whose column it is, or whose rows they are; empty for other parts.
        whole: whether all rows are looked at, not those of the row's group alone.
        parts: what it is made of.
    """

    text: str
    kind: str
    values: Column
    count: int | None = None
    rows: tuple[int, ...] | None = None
    sheet: str = ""
    whole: bool = False
    parts: tuple[Part, ...] = ()
    before: int = 0

    @property
    def value(self) -> object:
        """The value for the row, or the list of those shown; null and errors are None, dates microseconds."""
        found = self.values.to_list()
        return found[0] if self.count is None else found

    @property
    def error(self) -> tuple[str, str] | None:
        """Code and message, where the value for the row is an error."""
        found = self.values.errors
        if self.count is not None or found is None or not len(found):
            return None
        return found.code(0), found.message(0)

    @property
    def arises(self) -> bool:
        """Whether the value is an error that no part of it has: here it came up."""
        return self.error is not None and not any(part.error for part in self.parts)


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """The rows of a group: their numbers in the sheet underneath, in row order and in the sheet's own order."""

    rows: Ints
    ordered: Ints
    places: Ints


class Parts:
    """Explains the columns of one bound sheet for one row.

    Args:
        binder: the sheet's formulas, to be bound.
        name, base: the names of the sheet and of the one underneath.
        table: the rows of the sheet underneath.
        env: zone, clock and seed.
        others: gives columns of other sheets.
    """

    def __init__(
        self,
        binder: NotingBinder,
        name: str,
        base: str,
        table: Table,
        env: Environment,
        others: Callable[[str, str], Column],
    ) -> None:
        self.binder, self.name, self.base = binder, name, base
        self.table, self.env, self.others = table, env, others
        self.bound = binder.bound()
        self.first = 0  #: the number of the first row of ``table`` in the sheet underneath
        self.row: int | None = None  #: the number of the row in the sheet itself
        self._group: _Group | None = None
        self._own: int | None = None

    def of(self, column: str, row: int | Callable[[Evaluation], int], workers: Workers) -> Part:
        """Return the formula of a column with all its parts; ``row`` may be found when the groups are known."""
        if isinstance(row, int) and single_row(self.bound) and not self.bound.expansions:
            self.table, self.first, row = self.table.slice(row, row + 1), row, 0
        work = Evaluation(self.bound, self.table, self.env, workers, self.others, consume=False)
        try:
            work.run([column])
            place = row if isinstance(row, int) else row(work)
            self._find(work, place)
            root = self.binder.asts[column]
            noted = self._noted(root)
            looked = [self._node(one) for one in noted]
            found = dict(zip(map(id, noted), work.values_of(looked), strict=True))
            top = work.values_of([self.bound.columns[column]])[0]
            return self._part(root, found, place, top)
        finally:
            if work.groups is not None:
                work.groups.forget()

    def _find(self, work: Evaluation, place: int) -> None:
        """Find the record and the group of the row."""
        origins = work.origins()
        if origins.own is not None:
            self._own = int(origins.own[place])
        if origins.group is None or work.groups is None:
            return
        group = int(origins.group[place])
        rows = np.flatnonzero(work.groups.codes == group)
        ordered = places = no_rows()
        if work.order is not None:
            places = np.arange(work.order.offsets[group], work.order.offsets[group + 1])
            ordered = work.order.rows[places]
        self._group = _Group(rows, ordered, places)

    def _noted(self, root: ast.Node) -> list[Noted]:
        """Return the parts of a formula that became nodes, in the order of the text."""
        return [self.binder.noted[id(part)] for part in ast.walk(root) if id(part) in self.binder.noted]

    # --- where a part is looked at

    def _form(self, noted: Noted) -> Form | None:
        function = self.binder.names.function(noted.place.inside) if noted.place.inside else None
        return None if function is None else function.form

    def _over_group(self, noted: Noted) -> bool:
        form = self._form(noted)
        return form in (Form.REDUCE, Form.SERIES) or (form is Form.KEY and self.bound.shape is Shape.AGGREGATE)

    def _node(self, noted: Noted) -> Node:
        """Return the node of a part in the rows in which it is looked at."""
        node = noted.node
        if noted.place.fitted or node.space in (Space.CONST, Space.OTHER):
            return node
        if self._over_group(noted):
            if self._form(noted) is not Form.SERIES:
                return node
            unmoved = node.args[0] if node.op == "move" and node.space is Space.FINAL else node
            return self.binder.move(unmoved, Space.ROWS)
        return self.binder.move(node, self.bound.space)

    # --- the parts

    def _part(
        self,
        part: ast.Node,
        found: dict[int, Column | Constant],
        place: int,
        top: Column | Constant,
        at: Ints | None = None,
    ) -> Part:
        """Return a part with what it is made of; nesting is bounded by the parser.

        ``at``: the rows that a look-up finds, where the part is one of the columns that it looks at.
        """
        noted = self.binder.noted[id(part)]
        value = top if part is self.binder.asts[noted.place.column or ""] else found[id(noted)]
        finds = self._finds(part, noted, found, place)
        inside = [
            self._part(one, found, place, top, at if number == 0 or finds is None else finds)
            for number, one in enumerate(ast.children(part))
            if id(one) in self.binder.noted
        ]
        text, kind = self._text(part, noted), _kind(part, inside)
        sheet = self._sheet(part, noted) if kind == "column" else ""
        if isinstance(value, Constant):
            return Part(text, kind, value.column(1), sheet=sheet, parts=tuple(inside))
        if noted.place.fitted:
            where = sheet or (noted.node.sheet if noted.node.space is Space.OTHER else self.base)
            if at is not None:
                shown = tuple(at[:ROWS_SHOWN].tolist()) if noted.node.op == "input" else None
                return Part(text, kind, value.take(at[:ROWS_SHOWN]), len(at), shown, where, False, tuple(inside))
            values = value.slice(0, min(ROWS_SHOWN, len(value)))
            rows = tuple(range(len(values))) if noted.node.op == "input" else None
            return Part(text, kind, values, len(value), rows, where, True, tuple(inside))
        if self._over_group(noted) and self._group is not None:
            series = self._form(noted) is Form.SERIES
            rows_of = self._group.ordered if series else self._group.rows
            start = self._start(rows_of) if series else 0
            window = slice(start, start + ROWS_SHOWN)
            values = value.take((self._group.places if series else self._group.rows)[window])
            shown = tuple((rows_of[window] + self.first).tolist())
            return Part(text, kind, values, len(rows_of), shown, self.base, False, tuple(inside), start)
        values = value.take(np.array([place], np.int64))
        return Part(text, kind, values, None, self._row_in(sheet), sheet, False, tuple(inside))

    def _finds(self, part: ast.Node, noted: Noted, found: dict[int, Column | Constant], place: int) -> Ints | None:
        """Return the rows that a look-up finds for the row; None for other parts, and inside of groups."""
        app = noted.node.args[0].app if noted.node.op == "move" else noted.node.app
        if app is None or app.function.name not in EXACT or noted.place.fitted or self._over_group(noted):
            return None
        key, keys = (found.get(id(self.binder.noted.get(id(one)))) for one in ast.children(part)[:2])
        if key is None or not isinstance(keys, Column):
            return None
        one = key.column(1) if isinstance(key, Constant) else key.take(np.array([place], np.int64))
        return Matches.of(app, keys).of_keys(one, app)

    def _start(self, rows: Ints) -> int:
        """Return where the rows around the row itself start; those of an added row are the last."""
        own = np.flatnonzero(rows == self._own)
        middle = int(own[0]) if len(own) else len(rows)
        return max(0, min(middle - ROWS_SHOWN // 2, len(rows) - ROWS_SHOWN))

    def _row_in(self, sheet: str) -> tuple[int, ...] | None:
        """Return the row of a sheet in which the value of a column stands, if it is one."""
        if sheet == self.name and self.row is not None:
            return (self.row,)
        if sheet == self.base and self._own is not None and self._own >= 0:
            return (self._own + self.first,)
        return None

    def _text(self, part: ast.Node, noted: Noted) -> str:
        """Return a part as the formula has it; on one line."""
        text = noted.place.text[slice(*part.span)] if part.span.start >= 0 else ""
        return text if text and text.isprintable() else print_formula(part)

    def _sheet(self, part: ast.Node, noted: Noted) -> str:
        """Return the sheet of a column that a formula names."""
        names, column = self.binder.names, noted.place.column
        ref = names.called_column(part, column) if isinstance(part, ast.Call) else part
        if not isinstance(ref, ast.ColumnRef):
            return ""
        target = names.column(ref, column)
        if target is None:
            return ""
        return self.name if isinstance(target, Own) else target.sheet


def _kind(part: ast.Node, inside: Sequence[Part]) -> str:
    if isinstance(part, ast.ColumnRef):
        return "column"
    if isinstance(part, ast.Call):  # Speed(mph) may be the name of a column
        return "function" if inside or not part.args else "column"
    if isinstance(part, ast.Literal | ast.Duration):
        return "constant"
    if isinstance(part, ast.Parameter):
        return "parameter"
    return "list" if isinstance(part, ast.ListLiteral) else "operator"
