"""Runs the compiled grammar: one regular expression that finds the tokens, and the LALR tables.

The tables are lark's, turned once into rows of plain dictionaries. A formula of everyday size goes through a
hundred of their entries, and lark's own loop makes a token object with line and column, and looks a rule up by
comparing its symbols, for each of them; that was most of the time between a keystroke and its answer. Which rules end
where depends on the kinds of the tokens alone, so formulas that differ in names and numbers walk the tables once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

END = "$END"
_SIGN = "SIGN_"

Piece: TypeAlias = tuple[str, int, int]
"""A token as the machine sees it: its kind (a terminal of the grammar), where it starts, where it ends."""

Build: TypeAlias = Callable[[list[Any], str], Any]
"""Makes the value of a reduced rule from the values (or pieces) that stand in it and the formula's text."""


class Terminal(NamedTuple):
    """A terminal of the grammar; ``sign`` is its text where that is fixed, else "" """

    kind: str
    priority: int
    pattern: str
    sign: str


class Lexer:
    """Cuts a text into tokens."""

    def __init__(self, terminals: Iterable[Terminal], ignored: Collection[str], space: str) -> None:
        known = sorted(terminals, key=lambda terminal: (-terminal.priority, terminal.sign != "", terminal.kind))
        signs = [terminal for terminal in known if terminal.sign]
        if any(sign.priority for sign in signs):
            raise ValueError("a sign has the usual priority")
        # All signs are one alternative of the pattern: trying each of them in turn would take the longest.
        groups = [(terminal.priority, terminal.kind, terminal.pattern) for terminal in known if not terminal.sign]
        longest_first = sorted((sign.sign for sign in signs), key=len, reverse=True)
        groups.append((0, _SIGN, "|".join(map(re.escape, longest_first))))
        groups.sort(key=lambda group: -group[0])  # stable: signs stay behind the patterns of their priority
        alternatives = "|".join(f"(?P<{kind}>{pattern})" for _, kind, pattern in groups)
        gap = next(terminal.pattern for terminal in known if terminal.kind == space)
        self._pattern = re.compile(f"(?:{alternatives})(?:{gap})?")
        if self._pattern.groups != len(groups):
            raise ValueError("a terminal's own groups must not capture")
        self._kinds = ["", *("" if kind == _SIGN else kind for _, kind, _ in groups)]  # by the number of the group
        self._signs = {sign.sign: sign.kind for sign in signs}
        self._ignored = frozenset(ignored)

    def pieces(self, text: str) -> list[Piece]:
        """Return the tokens of the text, in order; what the grammar ignores is left out."""
        kinds, signs, ignored = self._kinds, self._signs, self._ignored
        found: list[Piece] = []
        for match in self._pattern.finditer(text):
            group = match.lastindex or 0
            start, end = match.span(group)
            kind = kinds[group] or signs[text[start:end]]
            if kind not in ignored:
                found.append((kind, start, end))
        return found


Reduction: TypeAlias = tuple[int, str, Build | None]
"""How many values a rule takes, the rule's name, and what makes its value (None: the only one stays as it is)."""
Row: TypeAlias = "dict[str, Row | Reduction]"
"""A state: the next state behind a token or a rule, or the rule that ends before a token."""
Step: TypeAlias = tuple[int, int, Build]
"""How many tokens are taken, how many of the last values are then made into one, and what makes it."""

KEPT = 1_024
"""Sequences of kinds whose steps are remembered; formulas of one workbook are mostly alike."""
KEPT_LENGTH = 200


class Machine:
    """The LALR tables of a grammar."""

    def __init__(self, states: Mapping[int, Mapping[str, int | Reduction]], start: int, end: int) -> None:
        rows: dict[int, Row] = {state: {} for state in states}
        for state, actions in states.items():
            rows[state].update({name: rows[to] if isinstance(to, int) else to for name, to in actions.items()})
        rows[end][END] = {}
        self._start = rows[start]
        self._kept = lru_cache(maxsize=KEPT)(self._steps)

    def run(self, pieces: list[Piece], text: str) -> Any:
        """Return the formula's value, or where the token starts that could not follow.

        The end of the text counts as a token. What a ``Build`` raises comes through.
        """
        kinds = tuple([piece[0] for piece in pieces])
        steps, stop = (self._kept if len(kinds) <= KEPT_LENGTH else self._steps)(kinds)
        values: list[Any] = []
        at = 0
        for take, size, build in steps:
            if take == 1:
                values.append(pieces[at])
            elif take:
                values += pieces[at : at + take]
            at += take
            if size == 1:
                values[-1] = build([values[-1]], text)
            else:
                made = build(values[-size:], text)
                del values[1 - size :]
                values[-1] = made
        if stop is None:
            return values[0]
        return pieces[stop][1] if stop < len(pieces) else len(text)

    def _steps(self, kinds: tuple[str, ...]) -> tuple[list[Step], int | None]:
        """Return what is to be done with tokens of these kinds, and the place of the first that can't follow.

        What the tokens say has no part in it.
        """
        row: Any = self._start
        rows: list[Any] = [row]
        steps: list[Step] = []
        taken = 0
        for place, kind in enumerate((*kinds, END)):
            action = row.get(kind)
            while action.__class__ is tuple:
                size, name, build = action
                if build is not None:
                    steps.append((place - taken, size, build))
                    taken = place
                del rows[-size:]
                row = rows[-1][name]
                rows.append(row)
                action = row.get(kind)
            if action is None:
                return steps, place
            row = action
            rows.append(row)
        return steps, None
