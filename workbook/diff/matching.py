"""Which sheet of the old workbook is which sheet of the new one: by name, by definition, or nearly by that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from sheetline.formulas import ast
from sheetline.formulas.diagnostics import FormulaError
from sheetline.formulas.names import in_order
from sheetline.formulas.parser import parse
from sheetline.workbook.diff.keys import ORDER, SILENT, told_keys
from sheetline.workbook.diff.renames import made_here, passed_on
from sheetline.workbook.diff.spelling import Renames, Speller, Told

if TYPE_CHECKING:
    from sheetline.workbook.diff.sides import Side
    from sheetline.workbook.model.base import SheetBase
    from sheetline.workbook.model.workbook import Workbook

#: Sheets of definitions that are less alike than this are told as one removed and one added.
LEAST: Final = 0.6


@dataclass(slots=True)
class Matches:
    """What belongs together.

    Attributes:
        pairs: old name → new name of every sheet that is in both, in the order of dependencies.
        sure: old name → how alike a renamed sheet is to what it was.
        names: sheets and columns that are called otherwise.
        made: old name → columns that the sheet makes itself and that are called otherwise.
    """

    pairs: dict[str, str] = field(default_factory=dict)
    sure: dict[str, float] = field(default_factory=dict)
    names: Renames = field(default_factory=Renames)
    made: dict[str, dict[str, str]] = field(default_factory=dict)


def match(a: Side, b: Side) -> Matches:
    """Return which sheets and columns of two workbooks are the same."""
    return _Matcher(a, b).run()


class _Matcher:
    def __init__(self, a: Side, b: Side) -> None:
        self.a, self.b = a, b
        self.old: dict[str, SheetBase] = {sheet.name: sheet for sheet in a.book.sheets}
        self.new: dict[str, SheetBase] = {sheet.name: sheet for sheet in b.book.sheets}
        self.order = dependencies(a.book)
        self.speller = Speller(Renames(), b.columns_of)
        self.target: dict[str, dict[str, Any]] = {}
        self.renamed: dict[str, str] = {}
        self.sure: dict[str, float] = {}

    def run(self) -> Matches:
        """Look for renamed sheets: exact ones first, since each makes others exact; then the one most alike."""
        found = self._matches()
        while True:
            scores = sorted(self._scores(found), key=lambda one: -one[0])
            if not scores or scores[0][0] < LEAST:
                return found
            for score, old, new in scores:
                if score < scores[0][0] or old in self.renamed or new in self.renamed.values():
                    continue
                self.renamed[old], self.sure[old] = new, score
            found = self._matches()

    def _matches(self) -> Matches:
        """Return what follows from the sheets that are known to be the same."""
        found = Matches(sure=dict(self.sure))
        found.names.sheets.update(self.renamed)
        for name in self.order:
            other = self.renamed.get(name, name)
            if other in self.new:
                found.pairs[name] = other
                found.made[name] = made_here(self.old[name], self.new[other], found.names, self.a, self.b)
                passed_on(self.old[name], found.names)
        return found

    def _scores(self, found: Matches) -> Iterator[tuple[float, str, str]]:
        taken = set(found.pairs.values())
        gone = [name for name in self.order if name not in found.pairs]
        came = [name for name in self.new if name not in taken]
        for old in gone:
            for new in came:
                if self.old[old].kind == self.new[new].kind:
                    yield self._likeness(old, new, found), old, new

    def _likeness(self, old: str, new: str, found: Matches) -> float:
        """Return how alike two sheets are, 1 for the same definition."""
        names = Renames({**found.names.sheets, old: new}, dict(found.names.columns), found.names.prefixes)
        made_here(self.old[old], self.new[new], names, self.a, self.b)
        if new not in self.target:
            self.target[new] = told_keys(self.new[new], self.speller)
        return likeness(told_keys(self.old[old], Speller(names, self.a.columns_of)), self.target[new])


def likeness(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Return which part of two definitions is the same, 1 for all; what is silent does not count.

    >>> likeness({"kind": "filter", "of": "E", "where": "#x > 0"}, {"kind": "filter", "of": "E", "where": "#x > 1"})
    0.9583333333333334
    """
    left, right = dict(_leaves(one)), dict(_leaves(other))
    if left == right:
        return 1.0
    total = 0.0
    for path in left.keys() & right.keys():
        a, b = left[path], right[path]
        if a == b:
            total += 1
        elif isinstance(a, str) and isinstance(b, str):
            total += 0.5 + SequenceMatcher(None, a, b, autojunk=False).ratio() / 2 if _formula(a, b) else 0
    return min(0.99, 2 * total / max(len(left) + len(right), 1))


def _formula(a: str, b: str) -> bool:
    """Whether two texts are formulas that are at all alike."""
    spelled = isinstance(a, Told) or "#" in a
    return spelled and SequenceMatcher(None, a, b, autojunk=False).ratio() > 0.5


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in SILENT and key not in (ORDER, "kind"):
                yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, str(number)))
    else:
        yield path, value


def dependencies(book: Workbook) -> list[str]:
    """Return the names of sheets, each behind those that it takes or names; circles last, in the file's order."""
    known = [sheet.name for sheet in book.sheets]
    uses = {sheet.name: _uses(sheet, set(known)) for sheet in book.sheets}
    order, _ = in_order(known, uses)
    return [*order, *(name for name in known if name not in order)]


def _uses(sheet: SheetBase, known: set[str]) -> list[str]:
    found = dict.fromkeys(name for name in sheet.inputs if name in known)
    for _, text in sheet.formula_texts():
        try:
            nodes = list(ast.walk(parse(text)))
        except FormulaError:
            continue
        named = (node.sheet for node in nodes if isinstance(node, ast.ColumnRef))
        found.update((name, None) for name in named if name is not None and name in known and name != sheet.name)
    return list(found)
