"""Everything that is measured, family by family."""

from collections.abc import Sequence

from benchmarks import (
    again,
    arranging,
    cells,
    conditions,
    dates,
    elements,
    functions,
    groups,
    joins,
    latency,
    reading,
    series,
    texts,
    trips,
    workbooks,
)
from benchmarks.harness import Case, Probe

Work = Case | Probe | functions.Suite

WORK: tuple[Work, ...] = (
    *trips.CASES,
    *trips.PROBES,
    *elements.CASES,
    *conditions.CASES,
    *texts.CASES,
    *dates.CASES,
    *groups.CASES,
    *series.CASES,
    *joins.CASES,
    *arranging.CASES,
    *reading.CASES,
    *workbooks.CASES,
    *workbooks.PROBES,
    *cells.CASES,
    *again.PROBES,
    *latency.PROBES,
    functions.SUITE,
)


def chosen(only: Sequence[str] | None, *, large: bool = False) -> list[Work]:
    """Return what the texts of ``only`` mean: parts of names, or whole names of families; without any, all.

    What is large is left out unless a text names it in full or ``large`` asks for it.
    """
    texts_ = [text.lower() for text in only or ()]
    found: list[Work] = []
    for work in WORK:
        if isinstance(work, functions.Suite):
            if work.chosen(only):
                found.append(work)
            continue
        name, family = work.name.lower(), work.family.lower()
        if texts_ and not any(text == family or text in name for text in texts_):
            continue
        if work.large and not large and name not in texts_:
            continue
        found.append(work)
    return found
