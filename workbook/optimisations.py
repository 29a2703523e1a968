"""What a run does only to be quicker: which of it there is, and the plan as it is run.

Results never depend on any of it, so each can be turned off to find a fault. A plan as it is run differs from the plan
in its steps alone; lineage, records, keys of the cache, trace and explain go by the plan itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from sheetline.workbook.planning import Plan

Optimisation = Literal["fuse", "projection", "pushdown", "share", "free", "packed_keys"]
"""Its name:

- "fuse": sheets that can be are made together, part by part (see ``regions``);
- "projection": only columns that somebody needs are read and made;
- "pushdown": of Parquet files, row groups in which no row can fulfil a filter's condition are not read
  (see ``pushdown``);
- "share": what a sheet underneath holds as a column is not computed again (see ``sharing``);
- "free": a sheet, and inside a sheet a column, is let go as soon as nobody needs it any more;
- "packed_keys": sorts and series sort their keys, packed into one number with the row's, instead of one key after the
  other.
"""

OPTIMISATIONS: Final[tuple[Optimisation, ...]] = get_args(Optimisation)


def checked(names: Iterable[str]) -> frozenset[Optimisation]:
    """Return the names of optimisations as a set.

    Raises:
        ValueError: one is none.

    >>> sorted(checked(["fuse", "share"]))
    ['fuse', 'share']
    """
    found = frozenset(names)
    for name in sorted(found.difference(OPTIMISATIONS)):
        raise ValueError(f"there is no optimisation '{name}': there are {', '.join(OPTIMISATIONS)}")
    return frozenset(one for one in OPTIMISATIONS if one in found)


def ruled_out(
    without: Collection[Optimisation], *, cached: bool = False, observed: bool = False
) -> frozenset[Optimisation]:
    """Return the optimisations that a run does without: those turned off, and those that don't go with what it does.

    With a cache each column is made from what the plan says, or taken; an observer, such as a record, sees every row of
    every sheet.
    """
    off = frozenset(without)
    if cached:
        off |= {"share", "pushdown"}
    return off | {"pushdown"} if observed else off


def as_run(
    plan: Plan,
    needed: Mapping[str, Sequence[str]],
    wanted: Collection[str],
    off: Collection[Optimisation],
) -> Plan:
    """Return a plan as it is run.

    Args:
        plan: the plan.
        needed: by sheet, the columns that the run makes.
        wanted: the sheets that the run is for.
        off: the optimisations that the run does without (see :func:`ruled_out`).
    """
    from sheetline.workbook.pushdown import reading_less
    from sheetline.workbook.sharing import sharing

    steps = dict(plan.steps)
    if "pushdown" not in off:
        steps.update(reading_less(plan, needed, wanted))
    if "share" not in off:
        steps.update(sharing(plan.steps, needed))
    return replace(plan, steps=steps, env=replace(plan.env, packed_keys="packed_keys" not in off))
