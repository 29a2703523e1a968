"""Finds the words for a text that is not a formula.

Works on the tokens of the whole text and the place where the parser gave up. First come slips inside tokens,
then brackets and the two tokens that can't stand beside each other. A correction is offered only when the
corrected text is a formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from sheetline.formulas.ast import DURATION_MS, KEYWORDS, Span
from sheetline.formulas.diagnostics import Diagnostic, shorten
from sheetline.formulas.literals import write_name
from sheetline.formulas.token_slips import Token, TokenSlips

OPERANDS = frozenset({"NUMBER", "TEXT", "NAME", "COLUMN", "PARAMETER"})
OPENERS = {"OPEN": "(", "OPEN_LIST": "["}
CLOSERS = {"CLOSE": ")", "CLOSE_LIST": "]"}
CLOSER_OF = {"(": ")", "[": "]"}
COMPARISONS = frozenset({"EQUAL", "ASSIGN", "UNEQUAL", "LESS", "AT_MOST", "MORE", "AT_LEAST"})
BINARY = COMPARISONS | {"OR", "AND", "AMPERSAND", "PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "CARET"}
PREFIX = frozenset({"PLUS", "MINUS", "BANG"})
ENDS = OPERANDS | CLOSERS.keys()
STARTS = OPERANDS | OPENERS.keys()
WORDS = {"and": ("&&", "AND"), "or": ("||", "OR"), "not": ("!", "NOT")}
QUERY_WORDS = {"is": "ISNULL(…) or ==", "like": "CONTAINS(…) or REGEXMATCH(…)", "in": "IN(value; one; other)",
               "between": "BETWEEN(value; low; high)"}  # fmt: skip
MISSPELT = {"=>": ">=", "=<": "<=", "><": "<>", "=!": "!=", "===": "==", "!==": "!=", "**": "^", "&&&": "&&",
            "|||": "||", "==>": ">=", "==<": "<=", "<=>": "==", "<<": "<", ">>": ">"}  # fmt: skip
_SIGNS = re.compile(r"[=<>!*&|]+")


def too_deep(tokens: Sequence[Token], limit: int) -> Span | None:
    """Give the place of the first bracket, call or prefix operator that stands inside ``limit`` others."""
    waiting: list[int] = []  # prefix operators before each open bracket
    prefixes = depth = 0
    before = ""
    for token in tokens:
        kind = token.kind
        if kind in OPENERS or (kind in PREFIX and before not in ENDS):
            depth += 1
            if depth > limit:
                return token.span
            if kind in OPENERS:
                waiting.append(prefixes)
                prefixes = 0
            else:
                prefixes += 1
        elif kind in ENDS:
            if kind in CLOSERS and waiting:
                depth -= prefixes + 1
                prefixes = waiting.pop()
            depth -= prefixes  # an operand ends the prefixes before it
            prefixes = 0
        before = kind
    return None


def find_slips(text: str, tokens: Sequence[Token], failed_at: int, parses: Callable[[str], bool]) -> list[Diagnostic]:
    """Tell what is wrong with ``text``.

    ``failed_at`` is the offset of the token that the parser could not take, the text's length for its end.
    ``parses`` tells whether a corrected text is a formula.
    """
    search = _PairSlips(text, tokens, parses)
    found = search.inside_tokens()
    if found:
        return sorted(found, key=lambda one: one.span or Span(0, 0))
    index = next((i for i, token in enumerate(tokens) if token.start >= failed_at), len(tokens))
    return search.between_tokens(index)


def single_ampersands(text: str, tokens: Sequence[Token], parses: Callable[[str], bool]) -> list[Diagnostic]:
    """Find each ``&`` in a formula that parses which has a comparison on both sides, where "and" was meant."""
    return _PairSlips(text, tokens, parses).single_ampersands()


class _PairSlips(TokenSlips):
    """The slips that show in two tokens beside each other, or in brackets."""

    def single_ampersands(self) -> list[Diagnostic]:
        """Each '&' with a comparison on both sides, where 'and' was meant."""
        found: list[Token] = []
        levels: list[tuple[bool, list[Token]]] = [(False, [])]  # per bracket: a comparison seen; '&' after it
        for token in self.tokens:
            kind = token.kind
            if kind in OPENERS:
                levels.append((False, []))
            elif kind in CLOSERS and len(levels) > 1:
                levels.pop()
            elif kind in ("AND", "OR", "_SEMICOLON"):
                levels[-1] = (False, [])
            elif kind in COMPARISONS and token is not self.tokens[0]:
                found += levels[-1][1]
                levels[-1] = (True, [])
            elif kind == "AMPERSAND" and levels[-1][0]:
                levels[-1][1].append(token)
        write = self.corrected(*((token.start, token.end, "&&") for token in found)) if found else None
        return self.once(["F013"] * len(found), [token.span for token in found], write)

    # --- two tokens that can't stand beside each other ---------------------------------------------------------

    def between_tokens(self, index: int) -> list[Diagnostic]:
        opened = self.open_brackets(index)
        if index == len(self.tokens):
            return [self.at_end(opened)]
        found = [self.at_token(index, opened)]
        if (
            self.tokens[index].kind not in CLOSERS and found[0].code != "F010"
        ):  # brackets left open are a slip of their own
            left = self.open_brackets(len(self.tokens))
            found += [self.not_closed(left)] if left else []
        return found

    def open_brackets(self, index: int) -> list[int]:
        """The indices of the brackets that are open before token ``index``."""
        opened: list[int] = []
        for at, token in enumerate(self.tokens[:index]):
            if token.kind in OPENERS:
                opened.append(at)
            elif token.kind in CLOSERS and opened:
                opened.pop()
        return opened

    def at_end(self, opened: list[int]) -> Diagnostic:
        end = Span(len(self.text), len(self.text))
        if not self.tokens or (len(self.tokens) == 1 and self.tokens[0].kind == "ASSIGN"):
            return self.make("F020", end)
        last = self.tokens[-1]
        if last.kind in BINARY or last.kind in PREFIX:
            if last.kind == "BANG" and self.kind(len(self.tokens) - 2) in ("NAME", "COLUMN"):
                return self.make("F028", last.span)
            return self.make("F019", end, after=last.text)
        if opened:
            return self.not_closed(opened)
        return self.make("F019", end, after=last.text)

    def not_closed(self, opened: list[int]) -> Diagnostic:
        end = Span(len(self.text), len(self.text))
        at = opened[-1]
        opener = self.tokens[at]
        closers = "".join(CLOSER_OF[self.tokens[index].text] for index in reversed(opened))
        called = opener.kind == "OPEN" and self.kind(at - 1) == "NAME"
        return self.make(
            "F006",
            end,
            opener=opener.text,
            closer=CLOSER_OF[opener.text],
            name=self.tokens[at - 1].text if called else None,
            at=None if called else opener.start + 1,
            write=self.corrected((end.start, end.end, closers)),
        )

    def at_token(self, index: int, opened: list[int]) -> Diagnostic:
        token, before = self.tokens[index], self.kind(index - 1)
        if (misspelt := self.misspelt_operator(index)) is not None:
            return misspelt
        if token.kind in CLOSERS:
            return self.at_closer(index, opened)
        if token.kind == "_SEMICOLON":
            return self.at_semicolon(index, opened)
        if token.kind == "BANG" and before in ENDS:
            return self.at_bang(index)
        if token.kind in STARTS and before in ENDS:
            return self.missing_operator(index)
        if token.kind in BINARY:
            if before in BINARY or before in PREFIX:
                return self.nothing_after(index - 1)
            return self.make("F019", token.span, before=token.text, hint=self.as_name(token.start))
        if before == "BANG" and token.kind in ("LONE_HASH", "COLUMN"):
            return self.at_bang(index - 1)
        return self.make("F099", token.span, shown=f"'{shorten(token.text)}'")

    def nothing_after(self, index: int) -> Diagnostic:
        operator = self.tokens[index]
        return self.make("F019", operator.span, after=operator.text, hint=self.as_name(operator.start))

    def misspelt_operator(self, index: int) -> Diagnostic | None:
        """A run of operator signs that is none of the operators, such as '=>'."""
        for match in _SIGNS.finditer(self.text, max(self.tokens[index].start - 3, 0)):
            if match.start() <= self.tokens[index].start < match.end() and match[0] in MISSPELT:
                right = MISSPELT[match[0]]
                write = self.corrected((match.start(), match.end(), right))
                return self.make("F015", Span(*match.span()), operator=match[0], right=right, write=write)
        return None

    def at_closer(self, index: int, opened: list[int]) -> Diagnostic:
        token = self.tokens[index]
        if not opened:
            return self.make("F007", token.span, closer=token.text)
        opener = self.tokens[opened[-1]]
        right = CLOSER_OF[opener.text]
        if token.text != right:
            write = self.corrected((token.start, token.end, right))
            at = opener.start + 1
            return self.make("F008", token.span, closer=token.text, opener=opener.text, at=at, right=right, write=write)
        before = self.tokens[index - 1]
        if before.kind == "_SEMICOLON":
            return self.make("F025", before.span)
        if before is opener:
            return self.make("F029", Span(opener.start, token.end))
        return self.nothing_after(index - 1)

    def at_semicolon(self, index: int, opened: list[int]) -> Diagnostic:
        token, before = self.tokens[index], self.kind(index - 1)
        if before in BINARY or before in PREFIX:
            return self.nothing_after(index - 1)
        if opened and (before == "_SEMICOLON" or before in OPENERS):
            return self.make("F025", token.span)
        write = None
        if opened and self.kind(opened[-1]) == "OPEN":
            write = self.as_list(opened[-1])
        elif not opened and index == len(self.tokens) - 1:
            write = self.corrected((token.start, token.end, ""))
        return self.make("F026", token.span, write=write)

    def as_list(self, opener: int) -> str | None:
        """The correction that makes a list of a pair of parentheses with a ';' in it."""
        depth = 0
        for token in self.tokens[opener:]:
            depth += (token.kind in OPENERS) - (token.kind in CLOSERS)
            if depth == 0:
                start = self.tokens[opener]
                return self.corrected((start.start, start.end, "["), (token.start, token.end, "]"))
        return None

    def at_bang(self, index: int) -> Diagnostic:
        """Behind a name: 'Sheet!Column' without '#', '#Sheet!#Column', or a name in brackets that never ends."""
        sheet, after = self.tokens[index - 1], self.kind(index + 1)
        bang = self.tokens[index]
        if after == "ASSIGN":
            typed = self.text[bang.start : self.tokens[index + 1].end]
            write = self.corrected((bang.start, self.tokens[index + 1].end, "!="))
            return self.make(
                "F015", Span(bang.start, self.tokens[index + 1].end), operator=typed, right="!=", write=write
            )
        if sheet.kind in ("NAME", "COLUMN") and not after:
            return self.make("F028", Span(sheet.start, bang.end))
        if sheet.kind not in ("NAME", "COLUMN") or (after not in ("NAME", "COLUMN", "OPEN_LIST", "LONE_HASH")):
            return self.missing_operator(index)
        following = self.tokens[index + 1]
        if after == "OPEN_LIST" and "]" not in self.text[following.start :]:
            return self.make("F010", Span(following.start, len(self.text)))
        edits = [(sheet.start, sheet.start, "#")] if sheet.kind == "NAME" else []
        if following.text.startswith("#"):
            edits.append((following.start, following.start + 1, ""))
        end = following.end if after in ("NAME", "COLUMN") else bang.end
        return self.make("F028", Span(sheet.start, end), write=self.corrected(*edits) if edits else None)

    def missing_operator(self, index: int) -> Diagnostic:
        left, right = self.tokens[index - 1], self.tokens[index]
        for word in (left, right):
            if word.kind == "NAME" and word.text.lower() in WORDS:
                return self.word_operator(word)
        if left.kind == "COLUMN" and right.kind == "OPEN" and "!" not in left.text:
            if left.end < right.start:
                return self.spaced_name(index)
            write = self.corrected((left.start, left.start + 1, ""))
            return self.make("F030", left.span, write=write)
        names = [token.text.lower() for token in (left, right)]
        for word in (left, right):
            if word.kind == "NAME" and word.text.lower() in QUERY_WORDS:
                hint = f"write {QUERY_WORDS[word.text.lower()]}"
                return self.make("F016", word.span, hint=hint, word=word.text)
        if left.kind in ("NAME", "COLUMN") and right.kind in ("NAME", "NUMBER") and not KEYWORDS & {*names}:
            return self.spaced_name(index)
        if left.text.isdigit() and right.text in DURATION_MS:
            write = self.corrected((left.end, right.start, ""))
        elif left.kind in ("NUMBER", "CLOSE") and right.kind in ("OPEN", "NAME", "COLUMN"):
            write = self.corrected((left.end, right.start, " * "))
        elif left.kind == "TEXT" or right.kind == "TEXT":
            write = self.corrected((left.end, right.start, " & "))
        else:
            write = None
        return self.make(
            "F017", right.span, left=f"'{shorten(left.text)}'", right=f"'{shorten(right.text)}'", write=write
        )

    def word_operator(self, word: Token) -> Diagnostic:
        right, function = WORDS[word.text.lower()]
        edits = [
            (token.start, following.start if token.text.lower() == "not" else token.end, WORDS[token.text.lower()][0])
            for token, following in pairwise(self.tokens)
            if token.kind == "NAME" and token.text.lower() in WORDS
        ]
        return self.make(
            "F016", word.span, word=word.text, right=right, function=function, write=self.corrected(*edits)
        )

    def spaced_name(self, index: int) -> Diagnostic:
        """Names beside each other: 'Trip length', '#Trip length (km)'."""
        first = last = index - 1
        while self.kind(first - 1) in ("NAME", "COLUMN") and self.kind(first) == "NAME":
            first -= 1
        while self.kind(last + 1) in ("NAME", "NUMBER"):
            last += 1
        end = self.tokens[last].end
        unit = re.compile(r"\s*\([^()\[\];#!\"\r\n]+\)").match(self.text, end)
        called = self.kind(last) == "NAME" and self.kind(last + 1) == "OPEN" and last > index - 1
        if unit is not None and (not called or " " in unit[0]):
            end = unit.end()
        start = self.tokens[first].start
        name = self.text[start:end].lstrip("#")
        sheet, bang, column = name.partition("!")
        written = f"#{write_name(sheet)}!{write_name(column)}" if bang else f"#{write_name(name)}"
        return self.make("F018", Span(start, end), name=name, write=written)
