"""Slips of spelling that show in a single token: quotes, commas, signs of typesetting, numbers, escapes.

All of them in a text are told at once. A correction is offered only when the corrected text is a formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sheetline.formulas.ast import Span
from sheetline.formulas.diagnostics import LONGEST_WRITE, Diagnostic, make
from sheetline.formulas.literals import COLUMN, UNIT_CALL, BadNumber, plain_name, read_number, unescape, write_name


class Token(NamedTuple):
    """A token: its kind (a terminal of the grammar), place and text."""

    kind: str
    start: int
    end: int
    text: str

    @property
    def span(self) -> Span:
        """Its place in the formula."""
        return Span(self.start, self.end)


Edit = tuple[int, int, str]

MOST = 100
"""Slips of one kind that are told; a text of a hundred commas needs no more."""

TYPESET = {"≠": "!=", "≤": "<=", "≥": ">=", "×": "*", "÷": "/", "−": "-", "–": "-", "—": "-", "＝": "=",
           "＋": "+", "－": "-", "＊": "*", "／": "/", "＜": "<", "＞": ">", "（": "(", "）": ")", "；": ";",
           "，": ";", "∧": "&&", "∨": "||", "¬": "!", "·": "*"}  # fmt: skip

_CLOSING = "“”„‟«»‘’‚‛´`'"


class TokenSlips:
    """The slips that show in single tokens, and what every search needs."""

    def __init__(self, text: str, tokens: Sequence[Token], parses: Callable[[str], bool]) -> None:
        self.text = text
        self.tokens = tokens
        self.parses = parses

    # --- helpers -------------------------------------------------------------------------------------------

    def make(self, code: str, span: Span, hint: str | None = None, **words: str | int | None) -> Diagnostic:
        """Make a diagnostic about this text."""
        return make(code, span, self.text, hint, **words)

    def corrected(self, *edits: Edit) -> str | None:
        """The text with the edits, where that is a formula and short enough to show."""
        if len(self.text) > LONGEST_WRITE:
            return None
        parts: list[str] = []
        at = 0
        for start, end, new in sorted(edits):
            parts += (self.text[at:start], new)
            at = end
        new_text = "".join([*parts, self.text[at:]])
        return new_text if len(new_text) <= LONGEST_WRITE and self.parses(new_text) else None

    def kind(self, index: int) -> str:
        """The kind of a token, "" beyond either end."""
        return self.tokens[index].kind if 0 <= index < len(self.tokens) else ""

    def beside(self, index: int) -> bool:
        """Whether token ``index`` follows the one before it without a gap."""
        return 0 < index < len(self.tokens) and self.tokens[index - 1].end == self.tokens[index].start

    # --- slips inside tokens --------------------------------------------------------------------------------

    def inside_tokens(self) -> list[Diagnostic]:
        """All slips that show in single tokens."""
        by_kind: dict[str, list[int]] = {}
        for index, token in enumerate(self.tokens):
            by_kind.setdefault(token.kind, []).append(index)
        found: list[Diagnostic] = []
        for kind, look in (
            ("COMMA", self.commas),
            ("QUOTED", self.quotes),
            ("FOREIGN", self.typeset),
            ("BAR", self.bars),
            ("NUMBER", self.numbers),
            ("TEXT", self.escapes),
            ("COLUMN", self.empty_names),
            ("PARAMETER", self.empty_names),
            ("STRANGE", self.strange),
            ("UNCLOSED_TEXT", self.unclosed),
            ("UNCLOSED_NAME", self.unclosed),
            ("UNCLOSED_COMMENT", self.unclosed),
            ("LONE_HASH", self.lone_signs),
            ("LONE_DOLLAR", self.lone_signs),
        ):
            if kind in by_kind:
                found += look(by_kind[kind][:MOST])
        return found

    def commas(self, indices: list[int]) -> list[Diagnostic]:
        """Commas between digits are decimal ones in a formula that has semicolons as well."""
        separated = any(token.kind == "_SEMICOLON" for token in self.tokens)
        depth = self.depths()
        edits: list[Edit] = []
        codes: list[str] = []
        for index in indices:
            comma = self.tokens[index]
            digits = all(
                self.kind(near) == "NUMBER" and self.tokens[near].text.isdigit() for near in (index - 1, index + 1)
            )
            beside = self.beside(index) and self.beside(index + 1)
            decimal = digits and beside and (separated or depth[index] == 0)
            codes.append("F003" if decimal else "F002")
            edits.append((comma.start, comma.end, "." if decimal else ";"))
        write = self.corrected(*edits)
        return self.once(codes, [self.tokens[index].span for index in indices], write)

    def depths(self) -> list[int]:
        """How many brackets are open before each token."""
        found, depth = [], 0
        for token in self.tokens:
            found.append(depth)
            depth = max(depth + (token.kind in ("OPEN", "OPEN_LIST")) - (token.kind in ("CLOSE", "CLOSE_LIST")), 0)
        return found

    def once(self, codes: list[str], spans: list[Span], write: str | None) -> list[Diagnostic]:
        """The same slip in several places: the correction of all of them is shown with the last one."""
        last = len(codes) - 1
        made = [self.make(code, span, write=write if at == last else None) for at, (code, span) in
                enumerate(zip(codes, spans, strict=True))]  # fmt: skip
        if write is None:
            return made
        return [*(Diagnostic(one.code, one.message, one.span, one.text) for one in made[:-1]), made[-1]]

    def quotes(self, indices: list[int]) -> list[Diagnostic]:
        """Text in typographic or single quotes."""
        quoted = [self.tokens[index] for index in indices if not self.behind_hash(index)]
        edits: list[Edit] = []
        for token in quoted:
            inside = token.text[1:] if len(token.text) == 1 or token.text[-1] not in _CLOSING else token.text[1:-1]
            edits.append((token.start, token.end, f'"{inside}"'))
        write = self.corrected(*edits)
        return [
            self.make("F004", token.span, shown=token.text[0], write=write if token is quoted[-1] else None)
            for token in quoted
        ]

    def behind_hash(self, index: int) -> bool:
        """Whether token ``index`` follows a ``#`` that has no name."""
        return self.kind(index - 1) == "LONE_HASH" and self.beside(index)

    def typeset(self, indices: list[int]) -> list[Diagnostic]:
        """Signs such as '≤' that word processors and keyboards put for operators."""
        signs = [self.tokens[index] for index in indices]
        write = self.corrected(*((sign.start, sign.end, TYPESET[sign.text]) for sign in signs))
        return [
            self.make("F005", s.span, sign=s.text, plain=TYPESET[s.text], write=write if s is signs[-1] else None)
            for s in signs
        ]

    def bars(self, indices: list[int]) -> list[Diagnostic]:
        """A single '|', or a third one."""
        bars = [self.tokens[index] for index in indices]
        third = [self.kind(index - 1) == "OR" and self.beside(index) for index in indices]
        write = self.corrected(
            *((bar.start, bar.end, "" if more else "||") for bar, more in zip(bars, third, strict=True))
        )
        return [self.make("F014", bar.span, write=write if bar is bars[-1] else None) for bar in bars]

    def numbers(self, indices: list[int]) -> list[Diagnostic]:
        """Tokens that start like a number and are none."""
        numbers = (self.tokens[index] for index in indices)
        read = ((token, read_number(token.text)) for token in numbers)
        return [self.make(bad.code, token.span, **bad.words) for token, bad in read if isinstance(bad, BadNumber)]

    def escapes(self, indices: list[int]) -> list[Diagnostic]:
        """Backslashes in texts that start no escape."""
        texts = [self.tokens[index] for index in indices]
        bad = [(token.start + 1, escape) for token in texts for escape in unescape(token.text[1:-1])[1]]
        halves = any(escape.typed.startswith("\\u") and len(escape.typed) > 2 for _, escape in bad)
        edits = [(at + escape.start, at + escape.start, "\\") for at, escape in bad]
        write = self.corrected(*edits) if bad and not halves else None
        return [
            self.make("F012", Span(at + escape.start, at + escape.end), escape=escape.typed,
                      hint="half of a surrogate pair is no character" if halves else None,
                      write=write if (at, escape) == bad[-1] else None)
            for at, escape in bad
        ]  # fmt: skip

    def empty_names(self, indices: list[int]) -> list[Diagnostic]:
        """'#[]' and the like."""
        found = []
        for token in (self.tokens[index] for index in indices):
            match = COLUMN.fullmatch(token.text)
            parts = match.groups() if match else (token.text[1:],)
            if "" in [plain_name(part) for part in parts if part is not None]:
                found.append(self.make("F027", token.span, example=token.text[0] + "Name"))
        return found

    def strange(self, indices: list[int]) -> list[Diagnostic]:
        """Signs without a meaning; neighbours are one slip, and beside a name it may be part of that name."""
        signs = [self.tokens[index] for index in indices]
        edits = [(sign.start, sign.end, {"{": "[", "}": "]"}.get(sign.text, "")) for sign in signs]
        if all(new or not sign.text.isprintable() for sign, (_, _, new) in zip(signs, edits, strict=True)):
            write = self.corrected(*edits)  # braces for lists, and what came along invisibly
        else:
            write = None
        found: list[Diagnostic] = []
        at = 0
        while at < len(signs):
            stop = at + 1
            while stop < len(signs) and signs[stop].start == signs[stop - 1].end:
                stop += 1
            first, last, at = signs[at], signs[stop - 1], stop
            typed = self.text[first.start : last.end]
            shown = f"'{typed}'" if typed.isprintable() else f"the invisible sign U+{ord(typed[0]):04X}"
            hint = None if write or typed.isascii() else self.as_name(first.start)
            span = Span(first.start, last.end)
            shown_write = write if last is signs[-1] else None
            found.append(self.make("F001", span, shown=shown, hint=hint, write=shown_write))
        return found

    def as_name(self, at: int) -> str | None:
        """How to write the name that the text around ``at`` may be meant for."""
        for match in UNIT_CALL.finditer(self.text):
            inside = match[0].partition("(")[2]
            if match.start() < at < match.end() and (not self.text[at].isascii() or not re.search(r"\w", inside)):
                return f"write #{match[0]} if that is the column"
        if self.text[at].isascii() or not self.text[at].isprintable():
            return None
        around = re.compile(r'#?([^\s()\[\];#!"+*/%^&<>=|,]+)')
        for match in around.finditer(self.text):
            if match.start() <= at < match.end() and re.search(r"\w", match[1]):
                return f"write #{write_name(match[1])} if that is the column"
        return None

    def unclosed(self, indices: list[int]) -> list[Diagnostic]:
        """Texts, names and comments that never end."""
        codes = {"UNCLOSED_TEXT": "F009", "UNCLOSED_NAME": "F010", "UNCLOSED_COMMENT": "F011"}
        return [self.make(codes[token.kind], token.span) for token in map(self.tokens.__getitem__, indices)]

    def lone_signs(self, indices: list[int]) -> list[Diagnostic]:
        """'#' and '$' without a name."""
        found = []
        for index in indices:
            sign = self.tokens[index]
            if self.kind(index - 1) == "BANG" and self.kind(index - 2) in ("COLUMN", "NAME"):
                continue  # '#Sheet!#' is told below, with '#Sheet!#Column'
            example = "#Column or #[Any name]" if sign.text == "#" else "$parameter"
            if self.behind_hash(index + 1) and self.kind(index + 1) in ("TEXT", "QUOTED"):
                example = "#" + write_name(self.tokens[index + 1].text[1:-1] or "Name")
            found.append(self.make("F027", sign.span, sign=sign.text, example=example))
        return found
