"""Running row expressions in cache-sized blocks, over threads.

All expressions of one space are computed together, block by block: a block's intermediate values stay in
the processor's cache, and full-length arrays exist only for what somebody asked for. The size of the blocks and the
number of threads are never part of a result.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import Any, Self, TypeVar

import numpy as np

from sheetline.formulas.bound import Node
from sheetline.formulas.proofs import Proofs
from sheetline.functions import errors as err
from sheetline.functions.arrow_parts import in_parts
from sheetline.functions.choosing import in_turn
from sheetline.functions.columns import Array, Column, Constant, numpy_dtype
from sheetline.functions.context import Environment
from sheetline.functions.errors import Errors, Mask
from sheetline.functions.execute import Application, armed, call, cast_constant
from sheetline.functions.execute_groups import Fit
from sheetline.functions.extras import MissingExtraError
from sheetline.functions.helpers import side_by_side
from sheetline.functions.memory import empty
from sheetline.functions.types import Kind
from sheetline.functions.unread import UnreadFloats

#: Rows of a block: so many that threads seldom wait for the interpreter, so few that a block stays in the cache.
BLOCK_ROWS = 131_072
#: Blocks of so few steps are so many times as large: short steps make threads wait for one another more than they work.
_LARGER = ((2, 4), (8, 2))
#: Blocks of so many rows begin where processors like arrays to begin.
_ALIGNED, _ALIGNMENT = 4096, 64
#: A block of text is cut down to about this many bytes.
BLOCK_BYTES = 16 << 20

_NOWHERE: Mapping[int, Array] = {}

T = TypeVar("T")
R = TypeVar("R")


@cache
def _cores() -> int:
    """Return the number of threads to begin with; to ask the system takes as long as a small formula."""
    return min(os.cpu_count() or 1, 16)


class InternalError(RuntimeError):
    """A bug in a kernel: not the caller's mistake. Names the function, and sheet and column where known."""


class Workers:
    """A number of threads, the caller's among them; with one thread everything runs in the caller's."""

    def __init__(self, threads: int | None = None, block_rows: int = BLOCK_ROWS) -> None:
        if threads is not None and threads < 1:
            raise ValueError("the number of threads is at least 1")
        self.threads = threads or _cores()
        self.block_rows = block_rows
        self._pool: ThreadPoolExecutor | None = None

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Return ``work`` of every item, in order. The caller works too, and helpers as soon as they have time."""
        return side_by_side(work, items, self.threads)

    def stream(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield ``work`` of every item, in order, with no more results at hand than there are threads."""
        if self.threads == 1:
            yield from map(work, items)
            return
        pool, ahead = self._started(), deque[Future[R]]()
        try:
            for item in items:
                ahead.append(pool.submit(work, item))
                if len(ahead) > self.threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for one in ahead:
                one.cancel()

    def _started(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="sheetline")
        return self._pool

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def apply_kernel(
    app: Application,
    args: Sequence[Column | Constant],
    env: Environment,
    rows: int,
    first_row: int,
    facts: Any = (),
    place: Array | None = None,
) -> Column:
    """Call an element kernel; what it raises is a bug and is reported as one, with the function's name."""
    try:
        return call(app, args, env, rows, first_row, facts, place)
    except (InternalError, MissingExtraError, MemoryError):
        raise
    except Exception as bug:
        sheet = f" in sheet '{env.sheet}'" if env.sheet else ""
        raise InternalError(f"{app.function.name} failed{sheet}: {type(bug).__name__}: {bug}") from bug


def fitted_part(node: Node) -> tuple[Application, tuple[Node, ...]]:
    """Return a whole-column function's row-by-row half: the application and arguments of ``apply_on``."""
    app = node.app
    assert app is not None
    chosen = [place for place, name in enumerate(app.names) if name in app.function.apply_on]
    part = Application(
        app.function,
        app.kernel,
        tuple(app.types[place] for place in chosen),
        app.type,
        {new: app.prepared[old] for new, old in enumerate(chosen) if old in app.prepared},
        tuple(app.names[place] for place in chosen),
    )
    return part, tuple(node.args[place] for place in chosen)


class Program:
    """The row expressions of one space that are to be computed together.

    Args:
        targets: the nodes whose values are wanted.
        known: values already computed, by node id: the leaves.
        fits: whole-column functions fitted, by node id.
    """

    def __init__(
        self, targets: Sequence[Node], known: dict[int, Column | Constant], fits: dict[int, Fit], env: Environment
    ) -> None:
        self.targets = list(targets)
        self.env = env
        self.known = known
        self.fits = fits
        self.steps: list[Node] = []
        self.leaves: dict[int, Column | Constant] = {}
        self._collect()

    def _collect(self) -> None:
        seen: dict[int, Node] = {}
        stack = list(self.targets)
        while stack:
            node = stack.pop()
            if node.id in seen or node.id in self.leaves:
                continue
            if node.id in self.known:
                self.leaves[node.id] = self.known[node.id]
                continue
            if node.constant is not None:
                self.leaves[node.id] = node.constant
                continue
            assert node.op in ("apply", "fitted"), node
            seen[node.id] = node
            stack.extend(self._arguments(node))
        wanted = {target.id for target in self.targets}
        self.steps = [seen[place] for place in sorted(seen)]
        chains = self._chains(wanted)
        self.steps = [node for node in self.steps if chains.get(node.id) != ()]
        inputs = [chains.get(node.id) or self._arguments(node) for node in self.steps]
        last = {arg.id: place for place, args in enumerate(inputs) for arg in args}
        #: for each step the values that nobody needs behind it
        self.done: list[list[int]] = [[] for _ in self.steps]
        for id_, place in last.items():
            if id_ not in wanted:
                self.done[place].append(id_)
        #: what may go without a look, until results tell that there is something to see
        self.proofs: Proofs | None = Proofs(list(zip(self.steps, inputs, strict=True)), self.leaves, self.targets)
        if not self.proofs.leaves:
            self.proofs = None
        #: for each step the application and its arguments: ids of values, and constants as it wants them
        self.calls = [
            None if node.op == "fitted" else self._ready(node, args)
            for node, args in zip(self.steps, inputs, strict=True)
        ]

    def _chains(self, wanted: Container[int]) -> dict[int, tuple[Node, ...]]:
        """Return steps that are IF in IF, all of constants, which are one choice: conditions and values in turn.

        The inner ones, which are no steps of their own then, have no arguments.
        """
        uses = Counter(arg.id for node in self.steps for arg in self._arguments(node))
        found: dict[int, tuple[Node, ...]] = {}
        for node in self.steps:
            if node.app is None or node.app.function.name != "IF" or len(node.args) != 3:
                continue
            condition, value, other = node.args
            if value.constant is None or value.constant.errors is not None:
                continue
            if other.constant is not None and other.constant.errors is None:
                found[node.id] = node.args
            elif found.get(other.id) and uses[other.id] == 1 and other.id not in wanted and other.type == node.type:
                found[node.id] = (condition, value, *found[other.id])
                found[other.id] = ()
        return {place: args for place, args in found.items() if len(args) != 3}

    def _ready(self, node: Node, args: Sequence[Node]) -> tuple[Application, list[int | Constant]]:
        """Return a step's application and arguments; constants are widened here and not once a block."""
        app = node.app
        assert app is not None
        if len(args) > len(node.args):
            condition, *_, other = app.types
            types = (*(condition, other) * (len(args) // 2), other)
            app = replace(app, kernel=replace(app.kernel, run=in_turn, takes_ctx=True), types=types)
        out: list[int | Constant] = []
        for arg, type_ in zip(args, app.types, strict=True):
            leaf = self.leaves.get(arg.id)
            if not isinstance(leaf, Constant):
                out.append(arg.id)
            elif leaf.type.kind is Kind.FLOAT and type_.kind is Kind.INTEGER:  # the call cuts it off, or tells why not
                out.append(leaf)
            else:
                out.append(cast_constant(leaf, type_))
        return app, out

    @staticmethod
    def _arguments(node: Node) -> tuple[Node, ...]:
        return fitted_part(node)[1] if node.op == "fitted" else node.args

    def block(self, start: int, stop: int, places: Mapping[int, Array] = _NOWHERE) -> list[Column]:
        """Return the targets' values for rows ``start`` … ``stop``-1.

        ``places``: memory for these rows of targets, by node id, which their values may be written into.
        """
        proofs = self.proofs
        if proofs is None:
            return self._computed(start, stop, places, frozenset())
        out = self._computed(start, stop, places, proofs.leaves)
        if proofs.hold(out):
            return out
        self.proofs = None  # where there is one null or error, there are mostly more
        looked = [self._part(self.leaves[id_], start, stop) for id_ in proofs.leaves]
        return self._computed(start, stop, places, frozenset()) if proofs.fail(out, looked) else out

    def _part(self, leaf: Column | Constant, start: int, stop: int, *, look: bool = True) -> Column | Constant:
        """Return rows of a value at hand; floats that nobody has looked at are looked at, or all taken for numbers."""
        if isinstance(leaf, Constant):
            return leaf
        if isinstance(leaf, UnreadFloats):
            return leaf.slice(start, stop) if look else leaf.unlooked(start, stop)
        return leaf if start == 0 and stop == len(leaf) else leaf.slice(start, stop)

    def _computed(self, start: int, stop: int, places: Mapping[int, Array], unlooked: Container[int]) -> list[Column]:
        rows = stop - start
        values: dict[int, Column | Constant] = {
            id_: self._part(leaf, start, stop, look=id_ not in unlooked) for id_, leaf in self.leaves.items()
        }
        for node, made, done in zip(self.steps, self.calls, self.done, strict=True):
            if made is None:
                values[node.id] = self._fitted(node, values, rows, start)
            else:
                app, args = made
                given = [values[arg] if isinstance(arg, int) else arg for arg in args]
                values[node.id] = apply_kernel(app, given, self.env, rows, start, (), places.get(node.id))
            for id_ in done:
                del values[id_]
        out = []
        for target in self.targets:
            value = values[target.id]
            out.append(value.column(rows) if isinstance(value, Constant) else value)
        return out

    def _fitted(self, node: Node, values: Mapping[int, Column | Constant], rows: int, start: int) -> Column:
        found = self.fits[node.id]
        if found.errors is not None:
            return Column.nulls_of(node.type, rows, found.errors.take(np.zeros(rows, np.int64), 1))
        part, inner = fitted_part(node)
        return apply_kernel(part, [values[arg.id] for arg in inner], self.env, rows, start, (found.facts,))

    def run(self, rows: int, workers: Workers) -> list[Column]:
        """Return the targets' values for all rows."""
        size = self._block_rows(rows, workers)
        if rows <= size:
            with armed():
                return self.block(0, rows)
        starts = range(0, rows, size)
        outs = [_Output(target, rows) for target in self.targets]

        def work(start: int) -> None:
            stop = min(start + size, rows)
            places = {
                target.id: out.data[start:stop]
                for target, out in zip(self.targets, outs, strict=True)
                if out.data is not None
            }
            with armed():
                for out, column in zip(outs, self.block(start, stop, places), strict=True):
                    out.put(start, stop, column)

        workers.map(work, starts)
        return [out.column() for out in outs]

    def _block_rows(self, rows: int, workers: Workers) -> int:
        width = sum(
            leaf.data.nbytes for leaf in self.leaves.values() if isinstance(leaf, Column) and leaf.type.is_arrow
        )
        if width:
            return max(min(workers.block_rows, int(BLOCK_BYTES * rows / width)), 1)
        # few steps have few intermediate values, and each block has its price
        size = workers.block_rows * next((times for steps, times in _LARGER if len(self.steps) <= steps), 1)
        if rows <= workers.block_rows:
            return size
        parts = -(-rows // (size * workers.threads)) * workers.threads  # no thread has more of them than another
        even = -(-rows // parts)
        return even if even < _ALIGNED else -(-even // _ALIGNMENT) * _ALIGNMENT


class _Output:
    """Collects the blocks of one column."""

    def __init__(self, node: Node, rows: int) -> None:
        self.type = node.type
        self.rows = rows
        self.parts: dict[int, Column] = {}
        self.data: Any = None
        self.null: dict[int, Mask] = {}
        self.errors: dict[int, Errors] = {}
        if not node.type.is_arrow:
            self.data = empty(rows, numpy_dtype(node.type))

    def put(self, start: int, stop: int, column: Column) -> None:
        """Take one block; different threads put different rows."""
        if self.data is None:
            self.parts[start] = column
            if column.errors is not None:
                self.errors[start] = column.errors.shift(start)
            return
        part = self.data[start:stop]
        if column.data.__array_interface__["data"] != part.__array_interface__["data"]:  # else it was computed there
            part[:] = column.data
        if column.null is not None:
            self.null[start] = column.null
        if column.errors is not None:
            self.errors[start] = column.errors.shift(start)

    def column(self) -> Column:
        """Return the whole column."""
        if self.data is None:
            errors = err.chain(self.errors[start] for start in sorted(self.errors))
            return in_parts([self.parts[start].plain() for start in sorted(self.parts)], errors)
        null = None
        if self.null:
            null = np.zeros(self.rows, np.bool_)
            for start, part in self.null.items():
                null[start : start + len(part)] = part
        return Column(self.type, self.data, null, err.chain(self.errors[start] for start in sorted(self.errors)))
