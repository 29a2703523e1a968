"""Running row expressions in cache-sized blocks, over threads.

All expressions of one space are computed together, block by block: a block's intermediate values stay in
the processor's cache, and full-length arrays exist only for what somebody asked for. The size of the blocks and the
number of threads are never part of a result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self, TypeVar

import numpy as np

from sheetline.formulas.bound import Node
from sheetline.functions import errors as err
from sheetline.functions.columns import Column, Constant, concat, numpy_dtype
from sheetline.functions.context import Environment
from sheetline.functions.errors import Errors, Mask
from sheetline.functions.execute import Application, armed, call
from sheetline.functions.execute_groups import Fit
from sheetline.functions.extras import MissingExtraError
from sheetline.functions.memory import empty

#: Rows of a block: so many that threads seldom wait for the interpreter, so few that a block stays in the cache.
BLOCK_ROWS = 131_072
#: A block of text is cut down to about this many bytes.
BLOCK_BYTES = 16 << 20

T = TypeVar("T")
R = TypeVar("R")


class InternalError(RuntimeError):
    """A bug in a kernel: not the caller's mistake. Names the function, and sheet and column where known."""


class Workers:
    """A small pool of threads; with one thread everything runs in the caller's."""

    def __init__(self, threads: int | None = None, block_rows: int = BLOCK_ROWS) -> None:
        import os

        if threads is not None and threads < 1:
            raise ValueError("the number of threads is at least 1")
        self.threads = threads or min(os.cpu_count() or 1, 16)
        self.block_rows = block_rows
        self._pool: ThreadPoolExecutor | None = None

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Return ``work`` of every item, in order. Must not be called from inside such work."""
        listed = list(items)
        if self.threads == 1 or len(listed) < 2:
            return [work(item) for item in listed]
        return list(self._started().map(work, listed))

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
    app: Application, args: Sequence[Column | Constant], env: Environment, rows: int, first_row: int, facts: Any = ()
) -> Column:
    """Call an element kernel; what it raises is a bug and is reported as one, with the function's name."""
    try:
        return call(app, args, env, rows, first_row, facts)
    except (InternalError, MissingExtraError, MemoryError):
        raise
    except Exception as bug:
        place = f" in sheet '{env.sheet}'" if env.sheet else ""
        raise InternalError(f"{app.function.name} failed{place}: {type(bug).__name__}: {bug}") from bug


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
        self.steps = [seen[place] for place in sorted(seen)]
        wanted = {target.id for target in self.targets}
        last = {arg.id: place for place, node in enumerate(self.steps) for arg in self._arguments(node)}
        #: for each step the values that nobody needs behind it
        self.done: list[list[int]] = [[] for _ in self.steps]
        for id_, place in last.items():
            if id_ not in wanted:
                self.done[place].append(id_)

    @staticmethod
    def _arguments(node: Node) -> tuple[Node, ...]:
        return fitted_part(node)[1] if node.op == "fitted" else node.args

    def block(self, start: int, stop: int) -> list[Column]:
        """Return the targets' values for rows ``start`` … ``stop``-1."""
        rows = stop - start
        values: dict[int, Column | Constant] = {}
        for place, leaf in self.leaves.items():
            whole = isinstance(leaf, Constant) or (start == 0 and stop == len(leaf))
            values[place] = leaf if whole or isinstance(leaf, Constant) else leaf.slice(start, stop)
        for node, done in zip(self.steps, self.done, strict=True):
            values[node.id] = self._step(node, values, rows, start)
            for id_ in done:
                del values[id_]
        out = []
        for target in self.targets:
            value = values[target.id]
            out.append(value.column(rows) if isinstance(value, Constant) else value)
        return out

    def _step(self, node: Node, values: dict[int, Column | Constant], rows: int, start: int) -> Column:
        if node.op == "fitted":
            found = self.fits[node.id]
            if found.errors is not None:
                return Column.nulls_of(node.type, rows, found.errors.take(np.zeros(rows, np.int64), 1))
            part, inner = fitted_part(node)
            return apply_kernel(part, [values[arg.id] for arg in inner], self.env, rows, start, (found.facts,))
        assert node.app is not None
        return apply_kernel(node.app, [values[arg.id] for arg in node.args], self.env, rows, start)

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
            with armed():
                for out, column in zip(outs, self.block(start, stop), strict=True):
                    out.put(start, stop, column)

        workers.map(work, starts)
        return [out.column() for out in outs]

    def _block_rows(self, rows: int, workers: Workers) -> int:
        width = sum(
            leaf.data.nbytes for leaf in self.leaves.values() if isinstance(leaf, Column) and leaf.type.is_arrow
        )
        per_row = width / rows if rows else 0
        return max(min(workers.block_rows, int(BLOCK_BYTES / per_row) if per_row else workers.block_rows), 1)


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
            return
        self.data[start:stop] = column.data
        if column.null is not None:
            self.null[start] = column.null
        if column.errors is not None:
            self.errors[start] = column.errors.shift(start)

    def column(self) -> Column:
        """Return the whole column."""
        if self.data is None:
            return concat([self.parts[start].plain() for start in sorted(self.parts)])
        null = None
        if self.null:
            null = np.zeros(self.rows, np.bool_)
            for start, part in self.null.items():
                null[start : start + len(part)] = part
        return Column(self.type, self.data, null, err.chain(self.errors[start] for start in sorted(self.errors)))
