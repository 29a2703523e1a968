"""Evaluating a bound sheet over a table: keys and groups first, then every column, level by level.

Row expressions are fused and run in blocks; what needs whole columns (gathers, aggregates, series, fits, expansions)
stands between them and runs side by side on the threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest

import numpy as np

from sheetline.formulas.blocks import InternalError, Program, Workers
from sheetline.formulas.bound import BoundSheet, Node, Shape, Space, reachable
from sheetline.formulas.schedule import argument_ids, longest_first
from sheetline.formulas.uses import KEPT_IN_RUNS, Uses
from sheetline.functions import memory
from sheetline.functions.columns import Column, Constant, Table
from sheetline.functions.context import Environment
from sheetline.functions.errors import Ints, Mask
from sheetline.functions.execute_groups import (
    Expansion,
    Fit,
    Rows,
    call_aggregate,
    call_expand,
    call_key,
    call_series,
    fit,
)
from sheetline.functions.extras import MissingExtraError
from sheetline.functions.groups import Groups, GroupValues, Order, on_rows, values_of_groups
from sheetline.functions.ordering import sort_key
from sheetline.functions.unread import UnreadFloats

#: Gives a column of another sheet, for whole-column arguments.
Other = Callable[[str, str], Column]


@dataclass(frozen=True, slots=True, eq=False)
class Origins:
    """Where the rows of a sheet are from: a row of the sheet underneath (-1: none), or a group, or both."""

    own: Ints | None
    group: Ints | None


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """What a sheet's formulas gave.

    Attributes:
        table: the sheet's columns.
        groups: the groups, where the sheet has any.
        origins: where the rows are from, if that was asked for.
    """

    table: Table
    groups: Groups | None = None
    origins: Origins | None = None


def evaluate(
    sheet: BoundSheet,
    base: Table,
    env: Environment,
    workers: Workers,
    *,
    others: Other | None = None,
    columns: Sequence[str] | None = None,
    consume: bool = False,
    origins: bool = False,
    known: Mapping[str, Column] | None = None,
) -> Evaluated:
    """Evaluate a bound sheet.

    Args:
        sheet: the bound formulas, without mistakes.
        base: the sheet underneath; must hold the columns of ``sheet.inputs(columns)``.
        env: zone, clock and seed.
        workers: the threads.
        others: gives whole columns of other sheets.
        columns: the columns wanted; default all.
        consume: whether ``base`` is given away: its columns leave the table as soon as they were used.
        origins: whether to tell where each row is from.
        known: columns of this sheet whose values are at hand, such as from an earlier run.
    """
    evaluation = Evaluation(sheet, base, env, workers, others, consume=consume)
    try:
        done = evaluation.run(columns, known)
        return replace(done, origins=evaluation.origins()) if origins else done
    finally:
        if evaluation.groups is not None:
            evaluation.groups.forget()  # its orderings refer to it: without this they would wait for the collector


class Evaluation:
    """One evaluation of a bound sheet: what it has computed so far."""

    def __init__(
        self,
        sheet: BoundSheet,
        base: Table,
        env: Environment,
        workers: Workers,
        others: Other | None,
        *,
        consume: bool,
    ) -> None:
        self.sheet = sheet
        self.consume = consume
        self.uses: Uses | None = None
        self.base = base
        self.env = env
        self.workers = workers
        self.others = others
        self.values: dict[int, Column | Constant] = {}
        self.fits: dict[int, Fit] = {}
        self.rows: dict[Space, int] = {Space.BASE: base.rows}
        self.groups: Groups | None = None
        self.order: Order | None = None
        self.key_rows: dict[int, Column | GroupValues] = {}
        self.final: Ints | None = None
        self.extra: Mask | None = None
        self.repeats: Ints | None = None
        self.expanded: dict[int, Expansion] = {}

    def run(self, columns: Sequence[str] | None, known: Mapping[str, Column] | None = None) -> Evaluated:
        """Evaluate some columns, default all; ``known`` ones are not computed."""
        names = list(self.sheet.columns) if columns is None else list(columns)
        if self.sheet.shape is not Shape.ROW:
            self.make_groups()
        if self.sheet.shape is Shape.SERIES:
            self.make_order()
            if self.sheet.space is Space.ROWS:
                self._place_keys()
        for name, column in (known or {}).items():
            if (node := self.sheet.columns[name]).op != "const":  # others take it as a constant, on rows of their own
                self.values[node.id] = column
        return Evaluated(self.finish(names), self.groups)

    def finish(self, names: Sequence[str]) -> Table:
        """Return columns of the sheet, whose groups and order are known."""
        roots = [self.sheet.columns[name] for name in names]
        if self.sheet.changes:
            self._change_rows()
        if self.sheet.expansions:
            self._expand()
        if self.consume:
            self.uses = Uses(roots, self.values, self.base)
        self._compute(roots)
        rows = self.rows[self.sheet.space]
        return Table({name: self._column(node, rows) for name, node in zip(names, roots, strict=True)}, rows)

    def values_of(self, nodes: Sequence[Node]) -> list[Column | Constant]:
        """Return the values of further nodes, after :meth:`run`; nothing was given away then."""
        self._compute(nodes)
        return [self.values[node.id] for node in nodes]

    def origins(self) -> Origins:
        """Return where each row of the sheet is from."""
        own: Ints | None = None
        group: Ints | None = None
        if self.sheet.shape is Shape.ROW:
            own = np.arange(self.base.rows)
        elif self.sheet.shape is Shape.AGGREGATE:
            group = np.arange(self.rows[Space.GROUPS])
        else:
            assert self.order is not None
            assert self.groups is not None
            own = self.order.rows if self.final is None else self.order.rows[self.final]
            group = self.groups.codes[own] if len(own) else own
            if self.extra is not None:
                own = np.where(self.extra, -1, own)
        if self.repeats is not None:
            own = None if own is None else np.repeat(own, self.repeats)
            group = None if group is None else np.repeat(group, self.repeats)
        return Origins(own, group)

    def _column(self, node: Node, rows: int) -> Column:
        value = self.values[node.id]
        return value.column(rows) if isinstance(value, Constant) else value

    # --- what makes the rows -----------------------------------------------------------------------------

    def make_groups(self) -> None:
        """Compute the keys and the groups that they make."""
        groups: Groups | None = None
        self._compute([arg for key in self.sheet.keys for arg in key.args])
        for key in self.sheet.keys:
            assert key.app is not None
            args = [self.values[arg.id] for arg in key.args]
            groups, values = call_key(key.app, args, groups, self.base.rows, self.env, self.workers.threads)
            self.key_rows[key.id] = values
        self.groups = Groups.single(self.base.rows) if groups is None else groups
        self.groups.threads = self.workers.threads
        self.rows[Space.GROUPS] = self.groups.count
        if self.sheet.shape is Shape.AGGREGATE:
            for key in self.sheet.keys:
                self.values[key.id] = values_of_groups(self.key_rows[key.id], self.groups)

    def make_order(self) -> None:
        """Put the rows of a series sheet in order."""
        assert self.groups is not None
        self._compute([node for node, _ in self.sheet.sorts])
        keys = []
        for node, descending in self.sheet.sorts:
            keys.append(sort_key(self._column(node, self.base.rows), descending=descending))
        self.order = self.groups.ordered_by(keys, packed=self.env.packed_keys)
        self.rows[Space.ROWS] = self.base.rows

    def _place_keys(self) -> None:
        """Give every record its keys, in the rows of the sheet."""
        assert self.order is not None
        if self.final is None and self.order.identity:
            for key in self.sheet.keys:
                self.values[key.id] = on_rows(self.key_rows.pop(key.id))
            return
        source = self.order.rows if self.final is None else self.order.rows[self.final]
        for key in self.sheet.keys:
            self.values[key.id] = on_rows(self.key_rows.pop(key.id)).take(source)

    def _change_rows(self) -> None:
        """Run the series that add or drop rows, and make the sheet's last rows of what they say."""
        assert self.order is not None
        changes = self.sheet.changes
        self._compute([arg for node in changes for arg in node.args])
        made: list[tuple[Node, Rows]] = []
        for node in changes:
            assert node.app is not None
            result = call_series(node.app, [self.values[arg.id] for arg in node.args], self.order, self.env)
            assert isinstance(result, Rows), f"{node.app.function.name} is declared to change rows"
            made.append((node, result))
        expanding = [r for n, r in made if n.app is not None and n.app.function.rows == "expand"]
        if expanding:
            source, self.extra = expanding[0].source, expanding[0].extra
        else:
            source = np.arange(len(self.order.rows))
        keep = np.ones(len(self.order.rows), np.bool_)
        for node, result in made:
            if node.app is not None and node.app.function.rows == "subset":
                mine = np.zeros(len(keep), np.bool_)
                mine[result.source] = True
                keep &= mine
        kept = keep[source]
        self.final = source[kept]
        if self.extra is not None:
            self.extra = self.extra[kept]
        self.rows[Space.FINAL] = len(self.final)
        for node, result in made:
            self.values[node.id] = self._aligned(node, result, source, kept)
        self._place_keys()

    def _aligned(self, node: Node, result: Rows, source: Ints, kept: Mask) -> Column:
        """Return the values of a series that changes rows, on the rows that the sheet has in the end."""
        assert node.app is not None
        assert self.order is not None
        assert self.final is not None
        if node.app.function.rows == "subset":
            place = np.full(len(self.order.rows), -1, np.int64)
            place[result.source] = np.arange(len(result.source))
            return result.column.take(place[self.final], missing=True)
        if len(result.source) == len(source) and np.array_equal(result.source, source):
            return result.column.take(np.flatnonzero(kept))
        return _side_by_side(result, source, self.order).take(np.flatnonzero(kept))

    def _expand(self) -> None:
        """Run expansions: they advance together, the shorter ones are filled with nulls."""
        space = {Shape.ROW: Space.BASE, Shape.AGGREGATE: Space.GROUPS, Shape.SERIES: Space.ROWS}[self.sheet.shape]
        if self.sheet.changes:
            space = Space.FINAL
        rows = self.rows[space]
        if self.sheet.shape is Shape.SERIES and not self.sheet.changes:  # else they stand on the last rows
            self._place_keys()
        self._compute([arg for node in self.sheet.expansions for arg in node.args])
        made: list[Expansion] = []
        for node in self.sheet.expansions:
            assert node.app is not None
            made.append(call_expand(node.app, [self.values[arg.id] for arg in node.args], rows, self.env))
        counts = made[0].counts
        for one in made[1:]:
            counts = np.maximum(counts, one.counts)
        self.repeats = counts
        self.rows[Space.EXPANDED] = int(counts.sum())
        starts = np.cumsum(counts) - counts
        for node, one in zip(self.sheet.expansions, made, strict=True):
            place = np.full(self.rows[Space.EXPANDED], -1, np.int64)
            own_start = np.cumsum(one.counts) - one.counts
            within = np.arange(len(one.column)) - np.repeat(own_start, one.counts)
            place[np.repeat(starts, one.counts) + within] = np.arange(len(one.column))
            self.values[node.id] = one.column.take(place, missing=True)

    # --- level by level ----------------------------------------------------------------------------------

    def _compute(self, roots: Iterable[Node]) -> None:
        """Compute the values of the roots and of everything they need."""
        wanted = list(roots)
        nodes = reachable(wanted, self.values)
        self._read_inputs(wanted, nodes)
        level: dict[int, int] = {}
        need = {node.id for node in wanted}
        for node in nodes:
            below = max((level.get(arg.id, 0) for arg in node.args), default=0)
            barrier = node.op not in ("apply", "const")
            level[node.id] = below + 1 if barrier else below
            if barrier:
                need.update(arg.id for arg in node.args)
        for now in range(max(level.values(), default=0) + 1):
            here = [node for node in nodes if level[node.id] == now]
            self._barriers([node for node in here if node.op not in ("apply", "const")])
            for node in here:
                if node.op == "const":
                    assert node.constant is not None
                    self.values[node.id] = node.constant
            targets = [n for n in here if n.op in ("apply", "fitted") and n.id in need and n.id not in self.values]
            for space in sorted({node.space for node in targets}):
                self._blocks([node for node in targets if node.space is space], space)

    def _read_inputs(self, wanted: Sequence[Node], nodes: Sequence[Node]) -> None:
        """Look at the floats underneath that more than row expressions need; those do it block by block."""
        whole = {node.id: node for node in wanted}
        whole.update({arg.id: arg for node in nodes if node.op != "apply" for arg in node.args})
        unread: dict[int, UnreadFloats] = {}
        for place, node in whole.items():
            if node.op == "input" and node.space is Space.BASE:
                column = self.values[place] if place in self.values else self.base.columns[node.name]
                if isinstance(column, UnreadFloats):
                    unread[place] = column
        self.values.update(zip(unread, self.workers.map(UnreadFloats.read, unread.values()), strict=True))

    def _made(self, nodes: Iterable[Node]) -> None:
        """Let go of what was only needed for these, and of free memory that runs do not need at once."""
        if self.uses is not None:
            self.uses.made(nodes)
        memory.trim(KEPT_IN_RUNS // 2 if self.workers.threads == 1 else KEPT_IN_RUNS)

    def _blocks(self, targets: Sequence[Node], space: Space) -> None:
        rows = self.rows[space]
        columns = Program(targets, self.values, self.fits, self.env).run(rows, self.workers)
        for node, column in zip(targets, columns, strict=True):
            self.values[node.id] = column
        self._made(targets)

    def _barriers(self, nodes: Sequence[Node]) -> None:
        """Compute nodes that need whole columns; they are independent of one another."""
        at_hand = [node for node in nodes if node.op == "input"]
        for node in at_hand:  # nothing to compute, and no work for a thread
            if node.id not in self.values:
                self.values[node.id] = self._input(node)
        if self.uses is not None and at_hand:
            self.uses.made(at_hand)
        for some in self._batches([node for node in nodes if node.op != "input"] if at_hand else nodes):
            for node, value in zip(some, self.workers.map(self._barrier, some), strict=True):
                if isinstance(value, Fit):
                    self.fits[node.id] = value
                else:
                    self.values[node.id] = value
            self._made(node for node in some if node.op != "fitted")
            if self.groups is not None and some[0].op == "reduce":
                self.groups.forget()  # the orderings of these arguments are of no use to the others

    def _batches(self, nodes: Sequence[Node]) -> Iterator[Sequence[Node]]:
        """Yield nodes that run side by side: all aggregates of one argument together, else one a thread."""
        reduces = sorted((node for node in nodes if node.op == "reduce"), key=argument_ids)
        arguments = [list(batch) for _, batch in groupby(reduces, key=argument_ids)]
        if len(arguments) > 1 and not argument_ids(arguments[0][0]):  # a count of rows takes no thread
            counts = arguments.pop(0)
            arguments[0] += counts
        for start in range(0, len(arguments), self.workers.threads):  # one argument a thread, not all at once
            some = arguments[start : start + self.workers.threads]
            together = [node for nodes in zip_longest(*some) for node in nodes if node is not None]
            yield longest_first(together)
        others = [node for node in nodes if node.op != "reduce"]
        step = self.workers.threads if self.consume else max(len(others), 1)
        for start in range(0, len(others), step):
            yield others[start : start + step]

    def _barrier(self, node: Node) -> Column | Constant | Fit:
        try:
            return self._whole(node)
        except (InternalError, MissingExtraError, MemoryError):
            raise
        except Exception as bug:
            name = node.app.function.name if node.app else node.op
            raise InternalError(f"{name} failed in sheet '{self.env.sheet}': {type(bug).__name__}: {bug}") from bug

    def _whole(self, node: Node) -> Column | Constant | Fit:
        if node.op == "input":
            return self._input(node)
        if node.op == "move":
            return self._move(node)
        assert node.app is not None
        args = [self.values[arg.id] for arg in node.args]
        if node.op == "fitted":
            return fit(node.app, args, self.env)
        if node.op == "reduce":
            assert self.groups is not None
            return call_aggregate(node.app, args, self.groups, self.env)
        assert node.op == "series", node
        assert self.order is not None
        result = call_series(node.app, args, self.order, self.env)
        assert isinstance(result, Column)
        return result

    def _input(self, node: Node) -> Column:
        if node.space is Space.BASE:
            return self.base.columns[node.name]
        assert self.others is not None, f"no other sheets are at hand for {node.sheet}!{node.name}"
        return self.others(node.sheet, node.name)

    def _move(self, node: Node) -> Column:
        """Return values of an earlier space on the rows of a later one."""
        inner = node.args[0]
        value = self.values[inner.id]
        if isinstance(value, Constant):
            return value.column(self.rows[node.space])
        if node.space is Space.EXPANDED:
            return self._repeat(inner, value)
        assert self.order is not None
        if inner.space is Space.BASE:
            if node.space is not Space.ROWS:
                return self._record_values(value)
            return value if self.order.identity else value.take(self.order.rows)
        return self._to_final(inner, value)

    def _record_values(self, value: Column) -> Column:
        """Return base values on the sheet's last rows; a row without a record has none."""
        assert self.order is not None
        rows = self.order.rows[self._final()]
        if self.extra is None or not self.extra.any():
            return value.take(rows)
        return value.take(np.where(self.extra, -1, rows), missing=True)

    def _final(self) -> Ints:
        assert self.final is not None
        return self.final

    def _to_final(self, inner: Node, value: Column) -> Column:
        """Move a series onto the last rows; on added rows it stands as its declaration says."""
        extra = self.extra
        if extra is None or not extra.any():
            return value.take(self._final())
        policy = inner.app.function.extra if inner.app is not None and inner.op == "series" else "null"
        if policy == "repeat":
            return value.take(self._final())
        if policy == "null":
            return value.take(np.where(extra, -1, self._final()), missing=True)
        return self._continued(inner, extra)

    def _continued(self, inner: Node, extra: Mask) -> Column:
        """Run a series again with the added rows behind each group's records, as records without values."""
        assert self.order is not None
        final, order = self._final(), self.order
        added = np.bincount(order.group[final[extra]], minlength=order.count)
        offsets = np.concatenate(([0], np.cumsum(order.sizes + added)))
        shift = offsets[:-1] - order.offsets[:-1]
        index = np.full(int(offsets[-1]), -1, np.int64)
        index[np.arange(len(order.rows)) + shift[order.group]] = np.arange(len(order.rows))
        args: list[Column | Constant] = []
        for arg in inner.args:
            value = self.values[arg.id]
            args.append(value if isinstance(value, Constant) else value.take(index, missing=True))
        assert inner.app is not None
        result = call_series(inner.app, args, Order(np.arange(len(index)), offsets), self.env)
        assert isinstance(result, Column)
        place = final + shift[order.group[final]]
        place[extra] = np.flatnonzero(index < 0)
        return result.take(place)

    def _repeat(self, inner: Node, value: Column) -> Column:
        assert self.repeats is not None
        if inner.space is Space.BASE and self.order is not None:
            value = value.take(self.order.rows) if self.final is None else self._record_values(value)
        elif inner.space is Space.ROWS and self.final is not None:
            value = self._to_final(inner, value)
        return value.take(np.repeat(np.arange(len(value)), self.repeats))


def _side_by_side(result: Rows, source: Ints, order: Order) -> Column:
    """Align a series that made other rows than the sheet's: row by row inside each group, null where it has none."""
    group = order.group[source] if len(source) else source
    starts = np.searchsorted(group, np.arange(order.count))
    within = np.arange(len(source)) - starts[group]
    sizes = np.diff(result.offsets)
    place = np.where(within < sizes[group], result.offsets[:-1][group] + within, -1)
    return result.column.take(place, missing=True)
