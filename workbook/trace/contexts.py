"""What a row of a sheet depends on: which of the rows underneath, and which whole sheets.

The maps of a step say where its rows are from; here stands which of them matter to the columns that are asked for, and
what no set of rows can tell: values that depend on all rows of a sheet, or on where a row stands among them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sheetline.formulas.bound import ROWS, BoundSheet, Node, Shape, Space, reachable
from sheetline.functions.declare import Form
from sheetline.functions.errors import Ints
from sheetline.workbook.rowmaps import RowMap
from sheetline.workbook.sheets.filter import FilterStep
from sheetline.workbook.sheets.formulas import FormulasStep
from sheetline.workbook.sheets.join import JoinStep
from sheetline.workbook.sheets.pivot import PivotStep
from sheetline.workbook.sheets.sample import SampleStep
from sheetline.workbook.sheets.sort import SortStep
from sheetline.workbook.steps import Step
from sheetline.workbook.trace.lookups import BY_VALUE, Formulas, is_alone, lookups_in

GROUP = "rows of its group"
MATCH = "the row that it matches"
ROW = "rows of its row"


@dataclass(frozen=True, slots=True)
class Whole:
    """A sheet that matters as a whole.

    Attributes:
        sheet: the sheet whose rows depend on it.
        of: the sheet that matters.
        columns: the columns of it that are looked at; none where only the rows' number and places count.
        why: in which way.
        decides: whether it decides about values and rows, or about which columns there are.
    """

    sheet: str
    of: str
    columns: tuple[str, ...]
    why: str
    decides: Literal["values", "columns"] = "values"


# ---------------------------------------------------------------- which of the rows underneath


def followed(
    step: Step, maps: Sequence[RowMap], rows: Ints, columns: Sequence[str], gives: Sequence[str] = ()
) -> Iterator[tuple[RowMap, Ints, str]]:
    """Yield the maps that matter to ``columns``, with the rows to follow, and why (empty for those that give values).

    Args:
        step: the sheet.
        maps: its maps.
        rows: some of its rows.
        columns: the columns asked for.
        gives: those of them that give values; the others decide about rows. All of them without it.
    """
    if isinstance(step, JoinStep):
        yield from _sides(step, maps, rows, gives or columns)
    elif isinstance(step, PivotStep):
        yield from _cells(step, maps, rows, gives or columns)
    elif isinstance(step, FormulasStep) and len(maps) == 2:
        own, group = maps
        yield own, rows, ""
        looks = _in_groups(step.bound, columns)
        some = rows if looks else rows[own.rows[rows] < 0]  # rows that were added have nothing but their group
        if len(some):
            yield group, some, GROUP
    else:
        yield from ((one, rows, one.context) for one in maps)


def _sides(
    step: JoinStep, maps: Sequence[RowMap], rows: Ints, columns: Sequence[str]
) -> Iterator[tuple[RowMap, Ints, str]]:
    left, right = maps
    sides = {step.outputs[name].side for name in columns}
    yield left, rows, "" if sides & {"left", "either"} or not sides else MATCH
    yield right, rows, right.context or ("" if sides & {"right", "either"} else MATCH)


def _cells(
    step: PivotStep, maps: Sequence[RowMap], rows: Ints, columns: Sequence[str]
) -> Iterator[tuple[RowMap, Ints, str]]:
    whole, *closer = maps
    asked = set(columns)
    cells = [one for one in closer if one.columns is not None and one.columns & asked]
    if not cells:
        yield whole, rows, ""
        return
    yield from ((one, rows, "") for one in cells)
    yield whole, rows, ROW


def giving(step: Step, columns: Iterable[str]) -> dict[str, set[str]]:
    """Return the columns of the sheets underneath that give values to some columns, by sheet."""
    found: dict[str, set[str]] = {}
    for column in columns:
        read = step.bound.references(column) if isinstance(step, FormulasStep) else step.references(column)
        for one in read:
            if one.role == "value" and one.column != ROWS:
                found.setdefault(one.sheet, set()).add(one.column)
    return found


def _in_groups(bound: BoundSheet, columns: Sequence[str]) -> bool:
    """Whether any of the columns, or which rows there are, depends on other rows of the group."""
    if bound.changes:
        return True
    for node in reachable([bound.columns[name] for name in columns]):
        if node.op == "series" and (node.app is None or not node.app.function.name.startswith("GROUP_SORT_")):
            return True
        if node.op == "key" and (node.app is None or node.app.function.name not in BY_VALUE):
            return True
    return False


# ---------------------------------------------------------------- whole sheets


def wholes(step: Step, columns: Sequence[str], named: Container[Node] = ()) -> list[Whole]:
    """Return the sheets that matter as a whole to ``columns`` of a sheet, each once for each reason.

    ``named``: look-ups whose rows are named.
    """
    return list(dict.fromkeys(_wholes(step, columns, named)))


def _wholes(step: Step, columns: Sequence[str], named: Container[Node]) -> Iterator[Whole]:
    if isinstance(step, FormulasStep):
        yield from _of_bound(step.name, step.bound, columns, named)
    elif isinstance(step, FilterStep):
        yield from _of_bound(step.name, step.bound, list(step.bound.columns), named)
    elif isinstance(step, SortStep):
        yield from _of_sort(step, named)
    elif isinstance(step, SampleStep):
        yield Whole(step.name, step.base, step.by, "which rows a sample takes depends on where all of them stand")
    elif isinstance(step, JoinStep):
        for pair in step.keys:
            for key in (pair.left, pair.right):
                if key.bound is not None:
                    yield from _of_bound(step.name, key.bound, list(key.bound.columns), named)
    elif isinstance(step, PivotStep):
        inside = [step.made[name].value for name in columns if name in step.made]
        yield from _of_bound(step.name, step.bound, list(step.bound.columns) if step.open_schema else inside, named)
        if step.open_schema:
            words = "which columns a pivot has depends on all values"
            yield Whole(step.name, step.base, (step.column,), words, "columns")


def _of_sort(step: SortStep, named: Container[Node]) -> Iterator[Whole]:
    for key in step.keys:
        if key.bound is not None:
            yield from _of_bound(step.name, key.bound, list(key.bound.columns), named)
    if step.limit is not None or step.offset:
        looked = [one for key in step.keys for one in sorted(key.inputs(step.base).get(step.base, ()))]
        cut = "the rest" if step.limit is None else "one row" if step.limit == 1 else f"{step.limit:,} rows"
        behind = f" behind the first {step.offset:,}" if step.offset else " from the first on"
        yield Whole(step.name, step.base, tuple(dict.fromkeys(looked)), f"it holds {cut} of all in order,{behind}")


def _of_bound(sheet: str, bound: BoundSheet, columns: Iterable[str], named: Container[Node] = ()) -> Iterator[Whole]:
    """Yield what the formulas of some columns, and what makes the rows, look at as a whole."""
    for node in reachable([*(bound.columns[name] for name in columns), *bound.row_makers()]):
        if node.app is None or node in named:
            continue
        function = node.app.function
        if node.op == "fitted":
            yield from _of_fitted(sheet, bound.base, node)
        elif "position" in function.volatile:
            yield Whole(sheet, bound.base, (), f"{function.name} depends on where the row stands")
        elif function.form is Form.KEY and not is_alone(node, bound):
            yield Whole(sheet, bound.base, _named(node.args, bound.base), _key_words(function.name))
    yield from ()


def _of_fitted(sheet: str, base: str, node: Node) -> Iterator[Whole]:
    assert node.app is not None
    function = node.app.function
    looked = [arg for arg, name in zip(node.args, node.app.names, strict=True) if name in function.fit_on]
    others = reachable(arg for arg in looked if arg.space is Space.OTHER)
    elsewhere = dict.fromkeys(one.sheet for one in others if one.op == "input")
    words = f"{function.name} looks at the whole column"
    for other in elsewhere:
        yield Whole(sheet, other, _named(looked, other), words)
    both = [arg for arg, name in zip(node.args, node.app.names, strict=True) if name in function.apply_on]
    here = [arg for arg in looked if arg.space not in (Space.CONST, Space.OTHER)]
    if here and (not elsewhere or any(arg not in both for arg in here)):
        yield Whole(sheet, base, _named(here, base), words)
    elif not elsewhere:
        yield Whole(sheet, base, (), f"{function.name} depends on how many rows there are, and where the row stands")


def _key_words(name: str) -> str:
    if name == "GROUPBYGAP":
        return f"{name} makes runs of rows that further keys divide"
    return f"{name} gives a number among all rows"


def _named(nodes: Iterable[Node], sheet: str) -> tuple[str, ...]:
    """Return the columns of a sheet that are read under some nodes."""
    return tuple(dict.fromkeys(one.name for one in reachable(nodes) if one.op == "input" and one.sheet == sheet))


def single_row(bound: BoundSheet) -> bool:
    """Whether each row of a sheet is made of one row underneath, and no other row of that has to be computed."""
    if bound.shape is not Shape.ROW:
        return False
    found = lookups_in(Formulas(bound, bound.base, (*bound.columns.values(), *bound.row_makers())))
    elsewhere = {one.node for one in found if one.sheet != bound.base}
    return not any(True for _ in _of_bound("", bound, bound.columns, elsewhere))


def no_rows() -> Ints:
    """Return no row numbers."""
    return np.zeros(0, np.int64)
