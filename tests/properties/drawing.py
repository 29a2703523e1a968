"""Random columns with nulls and errors, for sheets that are compared with plain loops over their rows."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from sheetline.functions import errors as err
from sheetline.functions.columns import Column
from sheetline.functions.declare import Failure
from sheetline.functions.errors import Origin
from sheetline.functions.types import Type

CODES = ("NUM", "PARSE")


def is_error(value: Any) -> bool:
    return isinstance(value, Failure)


def column(listed: list[Any], type_: Type) -> Column:
    """A column of Python values, :class:`Failure` for error values."""
    made = Column.of([None if is_error(v) else v for v in listed], type_)
    found = []
    for code in CODES:
        rows = [row for row, v in enumerate(listed) if v == Failure(code)]
        found.append(err.make(np.array(rows, np.int64), code, Origin("TEST", "made")))
    return made.with_errors(err.first(found))


def drawn(
    random: Random, rows: int, value: Callable[[], Any], *, errors: float = 0.06, nulls: float = 0.12
) -> list[Any]:
    def one() -> Any:
        chance = random.random()
        return Failure(random.choice(CODES)) if chance < errors else None if chance < errors + nulls else value()

    return [one() for _ in range(rows)]
