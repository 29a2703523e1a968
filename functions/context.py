"""What a kernel may know beside its arguments: the run's zone, clock and seed, and the call it serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sheetline.functions import errors as err
from sheetline.functions.errors import Errors, Mask, Origin

if TYPE_CHECKING:
    from sheetline.functions.groups import Groups, Order
    from sheetline.functions.types import Type


@dataclass(frozen=True, slots=True)
class Environment:
    """What is fixed for one run. Nothing of it is global.

    Attributes:
        timezone: IANA name; wall-clock parts of dates and text without a zone are read in it.
        now: the run's clock, microseconds since the epoch (UTC).
        seed: the run's seed, for random functions without one of their own.
        sheet: the sheet that is being computed; part of nothing but messages.
        packed_keys: whether rows are put in order by keys packed into one number with the row's, where they fit; the
            order is the same without.
    """

    timezone: str = "UTC"
    now: int = 0
    seed: int = 0
    sheet: str = ""
    packed_keys: bool = True


@dataclass(slots=True)
class Call:
    """One call of a kernel on some rows: what it can ask for and what it reports.

    Attributes:
        rows: number of rows of this call.
        first_row: number of the call's first row in the sheet, from 0.
        env: the run's environment.
        checked: False in the first, optimistic attempt; True when a floating-point flag, a bound or a domain
            says that some row failed and the kernel shall say which.
        order: for series kernels, the rows' order and group offsets.
        groups: for aggregates with ``nulls="own"`` and for keys, the groups (of the keys so far).
        threads: for keys, how many threads may work on the groups.
        out: for element kernels, memory that the result may be written into (an array of its dtype, one value a
            row, not set), or None. Nobody needs to; what is written there need not be copied there.
    """

    function: str
    args: Sequence[Any]
    types: Sequence[Type]
    rows: int
    env: Environment
    first_row: int = 0
    checked: bool = False
    order: Order | None = None
    groups: Groups | None = None
    failures: list[Errors] = field(default_factory=list)
    null: Mask | None = None
    out: npt.NDArray[Any] | None = None
    threads: int = 1

    def fail(self, mask: npt.NDArray[Any], code: str, note: str = "") -> None:
        """Report rows that fail: ``mask`` over this call's rows; null rows are dropped by the caller.

        The first report of a row counts. ``note`` may quote arguments as ``{0}``, ``{1}`` ….
        """
        if mask.any():  # mostly nothing fails
            rows = np.flatnonzero(np.broadcast_to(mask, (self.rows,)))
            origin = Origin(self.function, note, tuple(_gather(arg, rows) for arg in self.args))
            made = err.make(rows, code, origin)
            assert made is not None
            self.failures.append(made)

    def nullify(self, mask: npt.NDArray[Any]) -> None:
        """Make these rows of the result null, beside those null by their arguments."""
        mask = np.broadcast_to(np.asarray(mask, np.bool_), (self.rows,))
        self.null = mask if self.null is None else self.null | mask


def _gather(arg: Any, rows: npt.NDArray[Any]) -> Any:
    """Return an argument's values at the failing rows; constants stay one value."""
    from sheetline.functions.columns import Column, Constant

    if isinstance(arg, Constant):
        return arg.value
    if isinstance(arg, Column):
        taken = arg.take(rows)
        if taken.is_coded:
            return taken.plain().data
        null = taken.nulls()
        if isinstance(taken.data, np.ndarray) and null is not None and taken.null is not None:
            values = taken.data.astype(object)
            values[null] = None
            return values
        return _dates(taken)
    return arg


def _dates(column: Any) -> Any:
    """Return values for messages: dates as numpy datetimes, so that they are shown as dates."""
    from sheetline.functions.types import Kind

    return column.data.view("datetime64[us]") if column.type.kind is Kind.DATE else column.data
