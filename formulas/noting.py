"""Binding that notes which node each part of a formula became: for explaining a value part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sheetline.formulas import ast
from sheetline.formulas.bind import _Binder
from sheetline.formulas.bound import BoundSheet, Node, Scope
from sheetline.formulas.places import Place
from sheetline.functions.context import Environment


@dataclass(frozen=True, slots=True, eq=False)
class Noted:
    """A part of a formula: what was parsed, what it became, and where it stands."""

    part: ast.Node
    node: Node
    place: Place


class NotingBinder(_Binder):
    """Binds a sheet as :func:`~sheetline.formulas.bind.bind_sheet` does; ``noted`` holds its parts by their identity.

    The parts of a formula are held by ``asts``, so that no identity is used twice.
    """

    def __init__(
        self,
        scope: Scope,
        env: Environment,
        formulas: Mapping[str, str],
        copied: Sequence[str] = (),
        *,
        anonymous: bool = False,
    ) -> None:
        super().__init__(scope, env, formulas, frozenset(copied), anonymous=anonymous)
        self.noted: dict[int, Noted] = {}

    def bound(self) -> BoundSheet:
        """Bind formulas that were bound before without mistakes, and return the sheet."""
        found, problems = self.sheet()
        assert not any(one.severity == "error" for one in problems), problems
        return found

    def expression(self, node: ast.Node, place: Place) -> Node:
        """Bind one expression and note it."""
        found = super().expression(node, place)
        self.noted[id(node)] = Noted(node, found, place)
        return found
