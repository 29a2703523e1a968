"""Which rows a look-up finds: for those that compare keys, the rows of the other sheet instead of the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sheetline.formulas.blocks import Workers
from sheetline.formulas.bound import BoundSheet, Node, Shape, Space, reachable
from sheetline.formulas.evaluate import Evaluation
from sheetline.functions.columns import Column, Constant, Table
from sheetline.functions.context import Environment
from sheetline.functions.declare import Form
from sheetline.functions.distinct import Distinct
from sheetline.functions.errors import Ints
from sheetline.functions.execute import Application
from sheetline.workbook.sheets.filter import FilterStep
from sheetline.workbook.sheets.formulas import FormulasStep
from sheetline.workbook.sheets.join import JoinStep
from sheetline.workbook.sheets.pivot import PivotStep
from sheetline.workbook.sheets.sort import SortStep
from sheetline.workbook.steps import Step

#: Functions that compare a key with the keys of a sheet, and whether all rows that are equal matter, or the first.
EXACT: Final[Mapping[str, bool]] = {"LOOKUP": False, "LOOKUPCOUNT": True, "EXISTS": True}
#: Keys by which a row's group is the same whatever rows of other groups there are.
BY_VALUE: Final = frozenset({"GROUPBY", "GROUPBYBIN", "GROUPBYCUSTOMBIN", "GROUPBYDATE"})
_HARMLESS: Final = frozenset({"timezone", "now"})


@dataclass(frozen=True, slots=True, eq=False)
class Formulas:
    """Formulas of a step, and what they stand over.

    Attributes:
        bound: the formulas.
        base: the sheet whose rows they are evaluated over.
        roots: those that matter to the columns that are asked for, and what makes the rows.
        giving: those of them that give the asked values.
        own: whether the rows of the bound sheet are those of the step.
    """

    bound: BoundSheet
    base: str
    roots: tuple[Node, ...]
    giving: tuple[Node, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """A look-up that names its rows: its node, the sheet that it looks at, and over which formulas' rows it stands."""

    node: Node
    sheet: str
    formulas: Formulas
    gives: bool

    @property
    def function(self) -> str:
        """Its name."""
        assert self.node.app is not None
        return self.node.app.function.name

    @property
    def reads(self) -> set[str]:
        """The columns that its values are made of."""
        inside = reachable(_arguments(self.node, ("values",)))
        return {one.name for one in inside if one.op == "input"}


# ---------------------------------------------------------------- which look-ups there are


def formulas_of(step: Step, columns: Sequence[str], gives: Sequence[str] = ()) -> Iterator[Formulas]:
    """Yield the formulas of a sheet that matter to some columns; ``gives``: those whose values are asked for."""
    if isinstance(step, FormulasStep):
        giving = tuple(step.bound.columns[name] for name in gives)
        roots = (*(step.bound.columns[name] for name in columns), *step.bound.row_makers())
        yield Formulas(step.bound, step.base, roots, giving, own=True)
    elif isinstance(step, FilterStep):
        yield Formulas(step.bound, step.base, tuple(step.bound.columns.values()))
    elif isinstance(step, SortStep):
        if step.limit is None and not step.offset:  # else where all rows stand matters
            for one in step.keys:
                if one.bound is not None:
                    yield Formulas(one.bound, step.base, tuple(one.bound.columns.values()))
    elif isinstance(step, JoinStep):
        for pair in step.keys:
            for key in (pair.left, pair.right):
                if key.bound is not None:
                    yield Formulas(key.bound, key.sheet, tuple(key.bound.columns.values()))
    elif isinstance(step, PivotStep) and not step.open_schema:
        inside = [step.bound.columns[step.made[name].value] for name in columns if name in step.made]
        giving = tuple(step.bound.columns[step.made[name].value] for name in gives if name in step.made)
        yield Formulas(step.bound, step.base, (*inside, *step.bound.keys), giving)


def lookups_of(step: Step, columns: Sequence[str], gives: Sequence[str] = ()) -> list[Lookup]:
    """Return the look-ups that matter to some columns of a sheet and can name the rows that they find."""
    return [one for formulas in formulas_of(step, columns, gives) for one in lookups_in(formulas)]


def lookups_in(formulas: Formulas) -> Iterator[Lookup]:
    """Yield the look-ups among some formulas that can name the rows that they find."""
    nodes = reachable(formulas.roots)
    given = {node.id for node in reachable(formulas.giving)}
    whole = _looked_at_whole(nodes, formulas.bound)
    for node in nodes:
        sheet = _looked_at(node, formulas)
        if sheet and node.id not in whole:
            assert node.app is not None
            yield Lookup(node, sheet, formulas, node.app.function.name == "LOOKUP" and node.id in given)


def _looked_at(node: Node, formulas: Formulas) -> str:
    """Return the sheet that a node looks up exactly; empty where it is no such look-up."""
    if node.op != "fitted" or node.app is None or node.app.function.name not in EXACT:
        return ""
    inside = reachable(_arguments(node, node.app.function.fit_on))
    if any(one.op not in ("input", "const", "apply") or _by_place(one) for one in inside):
        return ""
    inputs = {(one.space, one.sheet) for one in inside if one.op == "input"}
    keys = _arguments(node, ("keys",))[0]
    if len(inputs) != 1 or keys.space is Space.CONST:
        return ""
    ((space, sheet),) = inputs
    alone = space is Space.OTHER or (space is Space.BASE and formulas.bound.shape is Shape.ROW)
    return sheet if alone and node.args[0].space is not Space.OTHER else ""


def _by_place(node: Node) -> bool:
    function = None if node.app is None else node.app.function
    return function is not None and (function.ordered or not set(function.volatile) <= _HARMLESS)


def _arguments(node: Node, names: Container[str]) -> list[Node]:
    assert node.app is not None
    return [arg for arg, name in zip(node.args, node.app.names, strict=True) if name in names]


def _looked_at_whole(nodes: Iterable[Node], bound: BoundSheet) -> set[int]:
    """Return the nodes that something needs for all rows: look-ups among them depend on all keys."""
    roots: list[Node] = []
    for node in nodes:
        if node.app is None:
            continue
        function = node.app.function
        if node.op == "fitted":
            roots += _arguments(node, function.fit_on)
        elif function.form is Form.KEY and not is_alone(node, bound):
            roots += node.args
    return {node.id for node in reachable(roots)}


def is_alone(key: Node, bound: BoundSheet) -> bool:
    """Whether the rows of a group tell its key; runs do so where no further key divides them."""
    assert key.app is not None
    name = key.app.function.name
    return name in BY_VALUE or (name == "GROUPBYGAP" and bound.keys[-1].id == key.id)


# ---------------------------------------------------------------- which rows they find


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """The rows of a sheet by the keys that a look-up compares."""

    known: Distinct
    places: Ints
    every: bool

    @classmethod
    def of(cls, app: Application, keys: Column) -> Matches:
        """Prepare the keys of a look-up, as its function does."""
        keys = keys.cast(app.types[app.names.index("keys")])
        known = Distinct.of(keys)
        every = EXACT[app.function.name]
        return cls(known, known.place(keys) if every else np.zeros(0, np.int64), every)

    def of_keys(self, key: Column, app: Application) -> Ints:
        """Return the rows that some keys find together, ascending."""
        place = np.unique(self.known.place(key.cast(app.types[0])))
        place = place[place >= 0]
        if self.every:
            return np.flatnonzero(np.isin(self.places, place))
        return np.unique(self.known.first[place])


def found_rows(
    lookups: Sequence[Lookup],
    table: Table,
    env: Environment,
    workers: Workers,
    others: Callable[[str, str], Column],
    under: Ints,
    rows: Ints,
) -> list[Ints]:
    """Return for each look-up the rows that it finds for some rows of its sheet.

    Args:
        lookups: of the same formulas.
        table: the sheet that the formulas stand over.
        env, workers, others: as for a run.
        under: the rows of ``table`` that the rows are made of.
        rows: the rows of the sheet itself, counted before those with errors were dropped.
    """
    formulas = lookups[0].formulas
    work = Evaluation(formulas.bound, table, env, workers, others, consume=False)
    try:
        work.run([])
        found = []
        for one in lookups:
            app = one.node.app
            assert app is not None
            key, keys = work.values_of([one.node.args[0], _arguments(one.node, ("keys",))[0]])
            assert isinstance(keys, Column)
            if isinstance(key, Constant):
                some = key.column(1)
            else:
                some = key.take(_places(one.node.args[0].space, work, formulas, under, rows))
            found.append(Matches.of(app, keys).of_keys(some, app))
        return found
    finally:
        if work.groups is not None:
            work.groups.forget()


def _places(space: Space, work: Evaluation, formulas: Formulas, under: Ints, rows: Ints) -> Ints:
    """Return where the values for some rows stand in a space."""
    if space is Space.BASE:
        return under
    if space is Space.GROUPS:
        assert work.groups is not None
        return np.unique(work.groups.codes[under])
    if space is Space.ROWS:
        assert work.order is not None
        return np.flatnonzero(np.isin(work.order.rows, under))
    assert formulas.own, "only formula sheets add, drop or repeat rows"
    if space is Space.FINAL and work.repeats is not None:
        return np.unique(np.repeat(np.arange(len(work.repeats)), work.repeats)[rows])
    return rows
