"""What a formula means: its tree with every name resolved and renamed, whatever its spelling."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Self

from sheetline.formulas import ast
from sheetline.formulas.diagnostics import FormulaError
from sheetline.formulas.parser import parse
from sheetline.formulas.printer import print_formula
from sheetline.functions.registry import REGISTRY


class Told(str):
    """A formula: equal to another one that means the same; ``shown`` is its canonical spelling."""

    __slots__ = ("shown",)
    shown: str

    def __new__(cls, meaning: str, shown: str) -> Self:
        """Return the formula of a meaning and a spelling."""
        made = super().__new__(cls, meaning)
        made.shown = shown
        return made


@dataclass(slots=True)
class Renames:
    """Names of the old workbook and the new ones of the same thing; what is not there kept its name."""

    sheets: dict[str, str] = field(default_factory=dict)
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    #: sheets over a join → the sheets whose names its columns begin with, as in ``Sheet.Column``
    prefixes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def sheet(self, name: str) -> str:
        """Return the new name of a sheet."""
        return self.sheets.get(name, name)

    def column(self, sheet: str, name: str) -> str:
        """Return the new name of a column; ``sheet`` is the old name of its sheet."""
        if (sheet, name) in self.columns:
            return self.columns[sheet, name]
        for side in self.prefixes.get(sheet, ()):
            if name.startswith(f"{side}."):
                return f"{self.sheet(side)}.{self.column(side, name[len(side) + 1 :])}"
        return name

    def of(self, sheet: str) -> Mapping[str, str]:
        """Return the renamed columns of a sheet, by its old name."""
        return {old: new for (one, old), new in self.columns.items() if one == sheet}


@dataclass(frozen=True, slots=True)
class Speller:
    """Reads formulas of one workbook.

    Attributes:
        names: how its names are to be written.
        columns_of: the columns of a sheet, as far as they are known.
    """

    names: Renames
    columns_of: Callable[[str], Collection[str]]

    def told(
        self, text: str, base: str, *, sheet: str = "", own: Collection[str] = (), inside: str | None = None
    ) -> Told:
        """Return a formula; one that can't be parsed means its text.

        Args:
            text: the formula.
            base: the sheet underneath.
            sheet: the sheet that it stands in.
            own: columns of that sheet that it may name.
            inside: the column that it computes.
        """
        try:
            node = parse(text)
        except FormulaError:
            return Told(text, text)

        def reference(ref: ast.ColumnRef) -> ast.Node:
            here = ref.name in own and ref.name != inside
            if (ref.sheet is None and here) or (ref.sheet == sheet != base and sheet):
                return ast.ColumnRef(self.names.column(sheet, ref.name))
            place = base if ref.sheet is None else ref.sheet
            return ast.ColumnRef(self.names.column(place, ref.name), self.names.sheet(place))

        def call(node: ast.Call, args: tuple[ast.Node, ...]) -> ast.Node:
            function = REGISTRY.get(node.name)
            if function is not None:
                return ast.Call(function.name, args)
            for name in (node.source.strip(), "".join(node.source.split())):  # a column such as Speed(mph)?
                if name and (name in own or name in self.columns_of(base)):
                    return reference(ast.ColumnRef(name))
            return ast.Call(node.name, args)

        return Told(print_formula(_rebuilt(node, reference, call)), print_formula(node))


def _rebuilt(
    root: ast.Node,
    reference: Callable[[ast.ColumnRef], ast.Node],
    call: Callable[[ast.Call, tuple[ast.Node, ...]], ast.Node],
) -> ast.Node:
    """Return a tree with other references and calls; does not recurse, so it takes trees of any depth."""
    made: dict[int, ast.Node] = {}
    for node in reversed(list(ast.walk(root))):  # children stand behind their parents there
        inner = tuple(made[id(child)] for child in ast.children(node))
        new: ast.Node = node
        if isinstance(node, ast.ColumnRef):
            new = reference(node)
        elif isinstance(node, ast.Call):
            new = call(node, inner)
        elif isinstance(node, ast.Chain):
            new = ast.Chain(node.operators, inner)
        elif isinstance(node, ast.ListLiteral):
            new = ast.ListLiteral(inner)
        elif isinstance(node, ast.Unary):
            new = ast.Unary(node.op, inner[0])
        made[id(node)] = new
    return made[id(root)]
