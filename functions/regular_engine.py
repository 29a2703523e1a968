"""Regular expressions: one meaning, two engines.

The meaning is that of Python's ``re`` with ``re.ASCII``, with ``$`` as the end of the text (outside multi-line
mode) and ``\\B`` true in an empty text. A pattern is read by Python's own parser and written anew for an
engine, with every class, case folding and anchor spelt out, so that nothing rests on what an engine takes
``\\w`` or ``(?i)`` for:

* RE2, inside Arrow, where the pattern has only what means the same there; its time is linear.
* the ``regex`` package for look-around, back-references and the like, one text at a time, under a time limit.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from re import _constants as _op
from re import _parser
from typing import Any

from sheetline.functions.buffers import text_array
from sheetline.functions.text_support import MAX_CELL, CellError, kernels, whole

#: Seconds that one text may take (more by the character: a long one with many matches takes its time on a slow
#: machine, too), and what is left to each once several have taken too long.
TIME_LIMIT = 1.0
TIME_OF_CHARACTER = 1e-5
SHORT_LIMIT = 0.02
PATIENCE = 5

#: What a pattern may be at the most: the engines take long for more, or go as deep as Python does not.
MAX_LENGTH = 10_000
MAX_DEPTH = 50

_LAST = 0x10FFFF
_DIGIT = [(48, 57)]
_SPACE = [(9, 13), (32, 32)]
_WORD = [(48, 57), (65, 90), (95, 95), (97, 122)]
_CLASSES = {
    _op.CATEGORY_DIGIT: (_DIGIT, False),
    _op.CATEGORY_NOT_DIGIT: (_DIGIT, True),
    _op.CATEGORY_SPACE: (_SPACE, False),
    _op.CATEGORY_NOT_SPACE: (_SPACE, True),
    _op.CATEGORY_WORD: (_WORD, False),
    _op.CATEGORY_NOT_WORD: (_WORD, True),
}
_REPEATS = {_op.MAX_REPEAT: "", _op.MIN_REPEAT: "?", _op.POSSESSIVE_REPEAT: "+"}

Ranges = list[tuple[int, int]]


class Unsupported(Exception):  # noqa: N818 - it chooses the other engine, nobody sees it
    """The pattern has something that RE2 lacks or takes differently."""


class Clock:
    """The time that the texts of one call may take: generous at first, short after several have used it up."""

    def __init__(self) -> None:
        self.exceeded = 0

    def limit(self, text: str) -> float:
        """Return the seconds that the next text may take."""
        return TIME_LIMIT + len(text) * TIME_OF_CHARACTER if self.exceeded < PATIENCE else SHORT_LIMIT

    def stop(self) -> CellError:
        """Count a text that took too long and return its error."""
        self.exceeded += 1
        return CellError("TIMEOUT", "the regular expression takes too long on {0}")


@dataclass(slots=True)
class Writer:
    """Writes a parsed pattern for one engine.

    Attributes:
        re2: for RE2, else for the ``regex`` package.
        capture: the groups that are captured; None for all.
        named: captured groups get names (Arrow's ``extract_regex`` needs them).
    """

    re2: bool
    capture: frozenset[int] | None = None
    named: bool = False

    def sequence(self, parsed: Any, flags: int) -> str:
        """Return the text of a sequence of parsed items."""
        return "".join(self._item(op, value, flags) for op, value in parsed)

    def _item(self, op: Any, value: Any, flags: int) -> str:
        if op is _op.LITERAL:
            return self._set([(value, value)], flags)
        if op is _op.NOT_LITERAL:
            return self._set([(value, value)], flags, negated=True)
        if op is _op.ANY:
            return self._set([(0, _LAST)] if flags & re.DOTALL else [(0, 9), (11, _LAST)], 0)
        if op is _op.IN:
            return self._class(value, flags)
        if op is _op.BRANCH:
            return "(?:" + "|".join(self.sequence(part, flags) for part in value[1]) + ")"
        if op in _REPEATS:
            return self._repeat(op, value, flags)
        if op is _op.SUBPATTERN:
            return self._group(value, flags)
        if op is _op.AT:
            return self._anchor(value, flags)
        return self._backtracking(op, value, flags)

    def _char(self, code: int) -> str:
        if code < 128 and chr(code).isalnum():
            return chr(code)
        return f"\\x{{{code:x}}}" if self.re2 else f"\\U{code:08x}"

    def _set(self, ranges: Ranges, flags: int, *, negated: bool = False) -> str:
        if flags & re.IGNORECASE:
            ranges = _both_cases(ranges)
        if len(ranges) == 1 and ranges[0][0] == ranges[0][1] and not negated:
            return self._char(ranges[0][0])
        if self.re2 and not negated and {chr(a) for pair in ranges for a in pair} in _FOLDED:
            letter = chr(max(ranges)[0])
            return f"(?:{letter}|{letter.swapcase()})"
        inside = "".join(self._char(a) if a == b else f"{self._char(a)}-{self._char(b)}" for a, b in ranges)
        return f"[{'^' if negated else ''}{inside}]"

    def _class(self, items: Any, flags: int) -> str:
        ranges, negated = _members(items)
        return self._set(ranges, flags, negated=negated)

    def _repeat(self, op: Any, value: Any, flags: int) -> str:
        low, high, body = value
        if self.re2 and (op is _op.POSSESSIVE_REPEAT or (high > 1 and body.getwidth()[0] == 0)):
            raise Unsupported  # what a repeated empty match does differs between engines
        until = "" if high == _op.MAXREPEAT else str(high)
        return f"(?:{self.sequence(body, flags)}){{{low},{until}}}{_REPEATS[op]}"

    def _group(self, value: Any, flags: int) -> str:
        number, added, removed, body = value
        inside = self.sequence(body, (flags | added) & ~removed)
        if number is None or (self.capture is not None and number not in self.capture):
            return f"(?:{inside})"
        return f"(?P<g{number}>{inside})" if self.named else f"({inside})"

    def _anchor(self, value: Any, flags: int) -> str:
        if flags & re.MULTILINE and value in (_op.AT_BEGINNING, _op.AT_END):
            return "(?m:^)" if value is _op.AT_BEGINNING else "(?m:$)"
        if value in (_op.AT_BEGINNING, _op.AT_BEGINNING_STRING):
            return r"\A"
        if value in (_op.AT_END, _op.AT_END_STRING):
            return r"\z" if self.re2 else r"\Z"
        return r"\b" if value is _op.AT_BOUNDARY else r"\B"

    def _backtracking(self, op: Any, value: Any, flags: int) -> str:
        if self.re2:
            raise Unsupported
        if op in (_op.ASSERT, _op.ASSERT_NOT):
            sign = ("<" if value[0] < 0 else "") + ("=" if op is _op.ASSERT else "!")
            return f"(?{sign}{self.sequence(value[1], flags)})"
        if op is _op.GROUPREF:
            return f"(?i:\\{value})" if flags & re.IGNORECASE else f"(?:\\{value})"
        if op is _op.GROUPREF_EXISTS:
            number, yes, no = value
            return f"(?({number}){self.sequence(yes, flags)}|{self.sequence(no, flags) if no else ''})"
        if op is _op.ATOMIC_GROUP:
            return f"(?>{self.sequence(value, flags)})"
        if op is _op.FAILURE:
            return "(?!)"
        raise ValueError(f"the regular expression has a part that is not known: {op}")


def _members(items: Any) -> tuple[Ranges, bool]:
    """Return the ranges of a class as it is written, and whether it is negated."""
    ranges: Ranges = []
    negated = False
    for op, value in items:
        if op is _op.NEGATE:
            negated = True
        elif op is _op.LITERAL:
            ranges.append((value, value))
        elif op is _op.RANGE:
            ranges.append(value)
        else:
            known, other = _CLASSES[value]
            ranges.extend(_complement(known) if other else known)
    return ranges, negated


def class_ranges(op: Any, value: Any, flags: int) -> Ranges:
    """Return the code points that a parsed class, character or dot matches, as ascending ranges."""
    if op is _op.ANY:
        return [(0, _LAST)] if flags & re.DOTALL else [(0, 9), (11, _LAST)]
    ranges, negated = _members(value) if op is _op.IN else ([(value, value)], op is _op.NOT_LITERAL)
    if flags & re.IGNORECASE:
        ranges = _both_cases(ranges)
    merged: Ranges = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    if not negated:
        return merged
    return [(low, high) for low, high in _complement(merged) if low <= high]


#: RE2 reads a class of exactly these two letters as one letter in any case, beside an alternative even of
#: Unicode: [Kk] then matches the Kelvin sign. As alternatives they stay what they are.
_FOLDED = ({"K", "k"}, {"S", "s"})


def _complement(ranges: Ranges) -> Ranges:
    out: Ranges = []
    start = 0
    for low, high in ranges:
        if start < low:
            out.append((start, low - 1))
        start = high + 1
    return [*out, (start, _LAST)]


def _both_cases(ranges: Ranges) -> Ranges:
    """Return ranges with the ASCII letters of the other case, as ``re.ASCII | re.IGNORECASE`` has it."""
    out = list(ranges)
    for low, high in ranges:
        for first, last, shift in ((65, 90, 32), (97, 122, -32)):
            a, b = max(low, first), min(high, last)
            if a <= b:
                out.append((a + shift, b + shift))
    return out


def _walk(parsed: Any, repeated: bool = False, optional: bool = False) -> Iterator[tuple[Any, Any, bool, bool]]:
    """Yield every item with whether it stands in a repetition, and in a part that need not take part."""
    for op, value in parsed:
        yield op, value, repeated, optional
        if op is _op.BRANCH:
            for part in value[1]:
                yield from _walk(part, repeated, True)
        elif op in _REPEATS:
            yield from _walk(value[2], repeated or value[:2] != (1, 1), optional)
        elif op is _op.SUBPATTERN:
            yield from _walk(value[3], repeated, optional)
        elif op in (_op.ASSERT, _op.ASSERT_NOT):
            yield from _walk(value[1], repeated, True)
        elif op is _op.ATOMIC_GROUP:
            yield from _walk(value, repeated, optional)
        elif op is _op.GROUPREF_EXISTS:
            for part in value[1:]:
                yield from _walk(part or (), repeated, True)


@dataclass(slots=True)
class Regex:
    """A compiled pattern: what each operation gives to RE2, or None where the ``regex`` package does it."""

    source: str
    groups: int
    names: dict[str, int]
    parsed: Any
    flags: int
    never_empty: bool
    anchored: bool  #: looks back: RE2's counting and splitting lose what stands before a match
    repeated: frozenset[int]  #: groups inside a repetition
    optional: frozenset[int]  #: groups that need not take part in a match
    known: dict[Any, str | None] = field(default_factory=dict)
    slow: Any = None

    def re2(
        self,
        capture: frozenset[int] | None = frozenset(),
        named: bool = False,
        frame: str = "{}",
        cut: tuple[bool, bool] = (False, False),
    ) -> str | None:
        """Return the pattern for RE2, capturing these groups (None: all), or None.

        ``cut`` leaves out the first and the last part of the pattern.
        """
        key = (capture, named, frame, cut)
        if key not in self.known:
            self.known[key] = self._written(capture, named, frame, cut)
        return self.known[key]

    def _written(self, capture: frozenset[int] | None, named: bool, frame: str, cut: tuple[bool, bool]) -> str | None:
        wanted = frozenset(range(1, self.groups + 1)) if capture is None else capture
        if wanted & self.repeated:
            return None
        try:
            parts = list(self.parsed)[cut[0] : len(self.parsed) - cut[1]]
            inside = Writer(True, capture, named).sequence(parts, self.flags)
        except Unsupported:
            return None
        text = frame.replace("{}", f"(?:{inside})")
        import pyarrow as pa

        try:  # counts and sizes beyond RE2's limits show here
            kernels().match_substring_regex(text_array([""]), pattern=text)
        except pa.ArrowInvalid:
            return None
        return text

    def re2_each(self) -> str | None:
        """Return the pattern for RE2's operations on all matches without context (count, split), or None."""
        return self.re2() if self.never_empty and not self.anchored else None

    def re2_extract(self, group: int) -> str | None:
        """Return the pattern by which Arrow extracts one group, or None."""
        if group == 0:
            return self.re2(frame="(?P<g0>{})")
        return None if group in self.optional else self.re2(frozenset((group,)), named=True)

    def _compiled(self) -> Any:
        if self.slow is None:
            import regex  # type: ignore[import-untyped]

            text = Writer(False).sequence(self.parsed, self.flags)
            self.slow = regex.compile(text, regex.ASCII | regex.VERSION0)
        return self.slow

    def search(self, text: str, clock: Clock) -> Any:
        """Return the first match in a text, or None."""
        try:
            return self._compiled().search(text, timeout=clock.limit(text))
        except TimeoutError:
            raise clock.stop() from None

    def matches(self, text: str, clock: Clock) -> bool:
        """Whether the whole text matches."""
        try:
            return self._compiled().fullmatch(text, timeout=clock.limit(text)) is not None
        except TimeoutError:
            raise clock.stop() from None

    def each(self, text: str, clock: Clock) -> Iterator[Any]:
        """Yield all matches in a text, as ``re.finditer`` has them."""
        try:
            yield from self._compiled().finditer(text, timeout=clock.limit(text))
        except TimeoutError:
            raise clock.stop() from None

    def extract(self, text: str, group: int, clock: Clock) -> str | None:
        """Return a group of the first match, or None."""
        match = self.search(text, clock)
        return None if match is None else match[group]

    def replace(self, text: str, template: list[str | int], clock: Clock) -> str:
        """Return the text with all matches replaced."""
        out: list[str] = []
        done = size = 0
        for match in self.each(text, clock):
            out.append(text[done : match.start()])
            made = [part if isinstance(part, str) else match[part] or "" for part in template]
            out.extend(made)
            size += sum(map(len, made))
            if size > MAX_CELL:
                raise CellError("LIMIT", f"the text would be longer than {MAX_CELL:,} characters")
            done = match.end()
        return "".join([*out, text[done:]])

    def split(self, text: str, clock: Clock) -> list[str]:
        """Return what lies between the matches."""
        matches = list(self.each(text, clock))
        starts = [0, *(match.end() for match in matches)]
        stops = [*(match.start() for match in matches), len(text)]
        return [text[a:b] for a, b in zip(starts, stops, strict=True)]

    def template(self, replacement: str) -> list[str | int]:
        """Read a replacement: ``$1`` or ``\\1`` a group, ``$0`` the match, ``${name}``, ``$$`` a dollar.

        Raises:
            ValueError: it names a group that the pattern does not have.
        """
        parts: list[str | int] = []
        done = 0
        for found in _REFERENCE.finditer(replacement):
            parts.append(replacement[done : found.start()])
            done = found.end()
            if found[0] in ("$$", "\\\\"):
                parts.append(found[0][0])
                continue
            parts.append(self._number(found[1] or found[2] or found[3]))
        return [part for part in [*parts, replacement[done:]] if part != ""]

    def _number(self, name: str) -> int:
        number = int(name) if name.isdigit() else self.names.get(name, -1)
        if not 0 <= number <= self.groups:
            raise ValueError(f"the regular expression has no group {name}")
        return number


_REFERENCE = re.compile(r"\$\$|\\\\|[$\\](\d{1,2})|\$\{(\w+)\}|\\g<(\w+)>", re.ASCII)


def _depth(source: str) -> int:
    """Return how deep parentheses stand in one another, without those in classes and escaped ones."""
    depth = deepest = 0
    for sign in _PARENTHESIS.findall(source):
        depth += 1 if sign == "(" else -1 if sign == ")" else 0
        deepest = max(deepest, depth)
    return deepest


_PARENTHESIS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]", re.DOTALL)


def compile_pattern(source: str) -> Regex:
    """Compile a pattern.

    Raises:
        ValueError: a sentence on what is wrong with it.
    """
    whole(source)
    if len(source) > MAX_LENGTH:
        raise ValueError(f"a regular expression has at most {MAX_LENGTH:,} characters, not {len(source):,}")
    if _depth(source) > MAX_DEPTH:
        raise ValueError(f"a regular expression has groups at most {MAX_DEPTH} deep")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's notes on what a later version may read otherwise
            re.compile(source, re.ASCII)  # checks what its parser does not, such as look-behind
            parsed = _parser.parse(source, re.ASCII)
    except (re.error, OverflowError, RecursionError) as problem:
        raise ValueError(f'"{source}" is no regular expression: {problem}') from None
    items = list(_walk(parsed))
    groups = [(value, rep, opt) for op, value, rep, opt in items if op is _op.SUBPATTERN and value[0] is not None]
    if any(op is _op.SUBPATTERN and value[1] & re.UNICODE for op, value, _, _ in items):
        raise ValueError(f'"{source}" has the flag u, but classes are always ASCII')
    behind = (_op.AT_END, _op.AT_END_STRING)
    return Regex(
        source,
        parsed.state.groups - 1,
        dict(parsed.state.groupdict),
        parsed,
        parsed.state.flags,
        parsed.getwidth()[0] > 0,
        any(op is _op.AT and value not in behind for op, value, _, _ in items),
        frozenset(value[0] for value, repeated, _ in groups if repeated),
        frozenset(value[0] for value, _, optional in groups if optional),
    )
