"""Which floats of a frame need not be looked at, because a look at the result tells as much.

Infinity is an error value and NaN a null, so row formulas look at the floats that they read. But what ``+`` gives is
not finite where an argument is not, and IF hands on the value that it takes: where the result of such a formula is
finite, so is all that it was made of, and one look at the result saves the looks at the columns underneath.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sheetline.formulas.bound import Node
from sheetline.functions.columns import Column, Constant
from sheetline.functions.types import FLOAT
from sheetline.functions.unread import UnreadFloats

#: Functions whose result is never finite where one of these arguments is neither finite nor of no effect.
_SHOWN: Mapping[str, slice] = {
    "ADD": slice(None),
    "SUBTRACT": slice(None),
    "MULTIPLY": slice(None),
    "DIVIDE": slice(1),  # what is divided by infinity is 0
    "NEGATE": slice(None),
    "ABS": slice(None),
    "SQRT": slice(None),
    "IF": slice(1, None),
}


class Proofs:
    """What a program need not look at.

    Args:
        steps: the program's steps, arguments before what is made of them, each with its arguments.
        leaves: the values at hand.
        targets: the nodes whose values are wanted.

    Attributes:
        leaves: ids of float columns that nobody has looked at, of which a finite result tells enough.
        targets: places of the results that tell it.
    """

    def __init__(
        self,
        steps: Sequence[tuple[Node, Sequence[Node]]],
        leaves: Mapping[int, Column | Constant],
        targets: Sequence[Node],
    ) -> None:
        self.leaves: frozenset[int] = frozenset()
        self.targets: list[int] = []
        unread = {place for place, leaf in leaves.items() if isinstance(leaf, UnreadFloats)}
        if len(unread) < 2 or all(target.type is not FLOAT for target in targets):
            return
        unread -= _hidden(steps, targets)
        reached = set(unread)
        for node, args in steps:
            if any(arg.id in reached for arg in args):
                reached.add(node.id)
        places = [place for place, target in enumerate(targets) if target.id in reached]
        if len(places) < len(unread):
            self.leaves, self.targets = frozenset(unread), places

    def hold(self, columns: Sequence[Column]) -> bool:
        """Whether the results tell that all was finite."""
        return all(
            columns[place].errors is None and bool(np.isfinite(columns[place].data).all()) for place in self.targets
        )

    def fail(self, columns: Sequence[Column], leaves: Sequence[Column | Constant]) -> bool:
        """Whether results that tell nothing are wrong: there are infinities among the leaves, now looked at, or errors.

        Nulls alone are no fault: NaN was taken for a number, and gave NaN.
        """
        return any(columns[place].errors is not None for place in self.targets) or any(
            leaf.errors is not None for leaf in leaves
        )


def _hidden(steps: Sequence[tuple[Node, Sequence[Node]]], targets: Sequence[Node]) -> set[int]:
    """Return the ids of values of which the results do not tell everywhere whether they are finite."""
    hidden = {target.id for target in targets if target.type != FLOAT}
    for node, args in reversed(steps):
        shown = slice(0)
        is_chain = len(args) != len(node.args)  # IF in IF
        if node.app is not None and node.type == FLOAT and node.id not in hidden and not is_chain:
            shown = _SHOWN.get(node.app.function.name, shown)
        places = range(*shown.indices(len(args)))
        hidden.update(arg.id for place, arg in enumerate(args) if place not in places)
    return hidden
