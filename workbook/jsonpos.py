"""Reading JSON so that every value and every key knows its line and column.

The standard library's reader gives no positions, stops at the first mistake and recurses. This one keeps
the offset of every key and value, goes on after mistakes that leave no doubt about what was meant (a
trailing comma, a comment, single quotes), and works with its own stack. A text without mistakes is read by
the standard library all the same; its positions are found when somebody asks for one.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from sheetline.formulas.diagnostics import Diagnostic
from sheetline.workbook.jsonplain import MAX_DEPTH, MAX_DIGITS, read_plain
from sheetline.workbook.problems import Path, diagnostic, quoted

MAX_PROBLEMS = 100

# The marks of a container: for each key or index, the offsets of its key and its value, and the marks of
# the value where it is a container itself. Plain tuples: a large file has a million of them.
ObjectMarks = dict[str, tuple[int, int, "Marks | None"]]
ListMarks = list[tuple[int, int, "Marks | None"]]
Marks = ObjectMarks | ListMarks

_BLANK = re.compile(r"[ \t\n\r]*")
_SOLID = frozenset('",:{}[]')  # what stands where white space may, nearly always
_PLAIN = {q: re.compile(rf"[^{q}\\\x00-\x1f]*") for q in ('"', "'", "”")}
# A text without any mistake; the standard library's C code then reads its escapes.
_HEX = r"[0-9a-fA-F]"
_GOOD_TEXT = re.compile(
    r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]'
    rf"|u(?![dD][89a-fA-F]){_HEX}{{4}}"
    rf'|u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}))*+"'
)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NUMBERISH = re.compile(r"[-+.0-9][-+.0-9a-zA-Z_]*")
_WORD = re.compile(r"[^\W\d][\w$.-]*")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None}
_ODD_WORDS: dict[str, object] = {"none": None, "undefined": None, "nil": None, "yes": True, "no": False}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_CLOSER = {"{": "}", "[": "]"}
_NOUN = {"{": "object", "[": "list"}
_QUOTES = {'"': '"', "'": "'", "“": "”", "”": "”"}


class Positions:
    """Where the keys and values of a JSON text stand; ``marks`` may be what finds it when it is first asked for."""

    __slots__ = ("_later", "_marks", "_starts", "text")

    def __init__(self, text: str, marks: Marks | Callable[[], Marks | None] | None = None) -> None:
        self.text = text
        self._later = marks if callable(marks) else None
        self._marks = None if callable(marks) else marks
        self._starts: list[int] = []

    def line_col(self, offset: int) -> tuple[int, int]:
        """Return line and column (both from 1, in characters) of an offset into the text."""
        if not self._starts:
            self._starts = [0, *(match.end() for match in _NEWLINE.finditer(self.text))]
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def root(self) -> Marks | None:
        """Return the marks of the list of one item that holds the text's value."""
        later = self._later
        if later is not None:
            self._marks = later()
            self._later = None
        return self._marks

    def offset(self, path: Path, *, key: bool = False) -> int:
        """Return the offset of the value at ``path`` (or of its key), else of the nearest value around it."""
        marks, found = self.root(), 0
        if isinstance(marks, list) and marks:  # the root is held as the one item of a list
            _, found, marks = marks[0]
        for depth, step in enumerate(path, start=1):
            mark = _mark(marks, step)
            if mark is None:
                break
            key_offset, found, marks = mark
            if key and depth == len(path) and key_offset >= 0:
                return key_offset
        return found

    def find(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Return line and column of the value at ``path``, or of the nearest value around it."""
        return self.line_col(self.offset(path, key=key))

    def find_inside(self, path: Path, index: int) -> tuple[int, int]:
        """Return line and column of character ``index`` of the text at ``path``, counting escapes."""
        at = self.offset(path)
        if not self.text.startswith('"', at):
            return self.line_col(at)
        at += 1
        for _ in range(index):
            if at >= len(self.text) or self.text[at] == '"':
                break
            at += _written_length(self.text, at)
        return self.line_col(at)

    def alias(self, path: Path, marks: ListMarks) -> None:
        """Give the value at ``path`` the marks of the list it stands for (a mapping read as a list)."""
        parent = self._inside()
        for step in path[:-1]:
            mark = _mark(parent, step)
            parent = mark[2] if mark else None
        mark = _mark(parent, path[-1])
        if mark is None or parent is None:
            return
        # Both readings stay known: indexes of the list, and the keys as they were written.
        written = mark[2] if isinstance(mark[2], dict) else {}
        both: ObjectMarks = {**written, **{f"\0{index}": item for index, item in enumerate(marks)}}
        parent[path[-1]] = (mark[0], mark[1], both)  # type: ignore[index]

    def marks(self, path: Path) -> Marks | None:
        """Return the marks of the container at ``path``."""
        marks = self._inside()
        for step in path:
            mark = _mark(marks, step)
            marks = mark[2] if mark else None
        return marks

    def _inside(self) -> Marks | None:
        root = self.root()
        return root[0][2] if isinstance(root, list) and root else None


def _mark(marks: Marks | None, step: str | int) -> tuple[int, int, Marks | None] | None:
    if isinstance(marks, dict):
        return marks.get(step if isinstance(step, str) else f"\0{step}")
    if isinstance(marks, list) and isinstance(step, int) and -len(marks) <= step < len(marks):
        return marks[step]
    return None


def _written_length(text: str, at: int) -> int:
    """Return how many characters the one character at ``at`` takes inside a JSON text."""
    if text[at] != "\\":
        return 1
    if text[at + 1 : at + 2] != "u":
        return 2
    high = re.match(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}", text[at : at + 12])
    return 12 if high else 6


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON text that was read: its value, where everything stands, and what was wrong.

    ``complete`` is False when reading had to stop; the value then holds what came before.
    """

    value: object
    positions: Positions
    problems: tuple[Diagnostic, ...]
    complete: bool


def read_json(text: str, *, known: Callable[[object, Positions], None] | None = None) -> Document:
    """Read a JSON text with positions; mistakes are collected, never raised.

    >>> document = read_json('{"a": [1, 2,]}')
    >>> document.value, document.problems[0].code, document.positions.find(("a", 1))
    ({'a': [1, 2]}, 'W004', (1, 11))

    Args:
        text: the text.
        known: called with the value and its positions before the first is asked for, to add what else is known
            of them; not for a text of which reading had to stop.
    """
    plain = read_plain(text)
    if plain is None:
        return _read(text, known)
    later = Positions(text, lambda: _read(text, known).positions.root())
    return Document(plain[0], later, (), complete=True)


def _read(text: str, known: Callable[[object, Positions], None] | None) -> Document:
    reader = _Reader(text)
    complete = reader.read()
    positions = Positions(text, reader.root.marks)
    value = reader.root.items[0] if reader.root.items else None
    if known is not None and complete:
        known(value, positions)
    return Document(value, positions, tuple(reader.problems), complete)


class _Stop(Exception):  # noqa: N818 - ends the reading, is never seen outside
    """Reading can't go on."""


@dataclass(slots=True)
class _Frame:
    """A container that is being read."""

    opener: str
    offset: int
    items: list[object] = field(default_factory=list)
    members: dict[str, object] = field(default_factory=dict)
    marks: Marks = field(default_factory=list)
    key: str = ""
    key_offset: int = -1
    fresh: bool = True

    def add(self, value: object, offset: int, marks: Marks | None) -> None:
        """Put a value in its place, with where it stands."""
        if isinstance(self.marks, dict):
            self.members[self.key] = value
            self.marks[self.key] = (self.key_offset, offset, marks)
        else:
            self.items.append(value)
            self.marks.append((-1, offset, marks))


class _Reader:
    """One pass over the text with an explicit stack of open containers."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.problems: list[Diagnostic] = []
        self.root = _Frame("", 0)
        self.places = Positions(text)

    def read(self) -> bool:
        """Read everything; False when it had to stop before the end."""
        try:
            if self.text.startswith("\ufeff"):
                self.report("W018", 0)
                self.at = 1
            self.values()
            self.blank()
            if self.at < len(self.text):
                self.report("W015", self.at)
        except _Stop:
            return False
        return True

    def report(self, code: str, offset: int, **details: str | int) -> None:
        line, col = self.places.line_col(offset)
        if len(self.problems) >= MAX_PROBLEMS:
            self.problems.append(diagnostic("W019", {"limit": MAX_PROBLEMS}, line=line, col=col))
            raise _Stop
        self.problems.append(diagnostic(code, details, line=line, col=col))

    def unexpected(self, expected: str) -> _Stop:
        self.report("W002", self.at, what=self.what(), expected=expected)
        return _Stop()

    def what(self) -> str:
        """Name the character at hand, invisible ones by their Unicode name."""
        if self.at >= len(self.text):
            return "the end of the file"
        char = self.text[self.at]
        return char if char.isprintable() and char != " " else f"a {unicodedata.name(char, repr(char)).lower()}"

    def values(self) -> None:
        """Read one value with everything in it."""
        stack = [self.root]
        while stack:
            frame = stack[-1]
            self.blank()
            offset = self.at
            char = self.text[offset : offset + 1]
            if char in ("{", "["):
                if len(stack) > MAX_DEPTH:
                    self.report("W014", offset, limit=MAX_DEPTH)
                    raise _Stop
                inner = _Frame(char, offset, marks={} if char == "{" else [])
                frame.add(inner.members if char == "{" else inner.items, offset, inner.marks)
                stack.append(inner)
                self.at += 1
            else:
                frame.add(self.scalar(char), offset, None)
            while stack and not self.another(stack[-1]):
                stack.pop()

    def another(self, frame: _Frame) -> bool:
        """Go to the next value of a container (past comma, key and colon); False when it is closed."""
        if frame is self.root:
            return False
        closer = _CLOSER[frame.opener]
        self.blank()
        comma = -1
        if not frame.fresh and self.peek() not in closer:
            if self.peek() == ",":
                comma = self.at
                self.at += 1
                self.blank()
            elif self.peek() and (self.peek() in "\"'{[-“" or self.peek().isalnum()):
                self.report("W005", self.at)
            else:
                self.must_close(frame, f"a comma or {closer} must come next")
        if self.peek() == closer:
            if comma >= 0:
                self.report("W004", comma, closer=closer)
            self.at += 1
            return False
        if not self.peek() or self.peek() in "]}":
            self.must_close(frame, f"this closes the {_NOUN[frame.opener]} with the wrong bracket")
        frame.fresh = False
        if frame.opener == "{":
            self.key(frame)
        return True

    def must_close(self, frame: _Frame, expected: str) -> None:
        """Complain that a container goes on wrongly: at the end of the text, that it was never closed."""
        if self.peek() and self.peek() not in "]}":
            raise self.unexpected(expected)
        line, col = self.places.line_col(frame.offset)
        self.report("W003", self.at, what=_NOUN[frame.opener], at_line=line, at_col=col, closer=_CLOSER[frame.opener])
        raise _Stop

    def key(self, frame: _Frame) -> None:
        offset = self.at
        char = self.peek()
        word = _WORD.match(self.text, offset)
        if char in _QUOTES:
            name = self.string(char)
        elif word:
            name = word.group()
            self.at = word.end()
            self.report("W008", offset, key=name)
        else:
            raise self.unexpected("a key in double quotes must come next")
        if name in frame.members and isinstance(frame.marks, dict):
            line, col = self.places.line_col(frame.marks[name][0])
            self.report("W009", offset, key=quoted(name), at_line=line, at_col=col)
        frame.key, frame.key_offset = name, offset
        self.blank()
        if self.peek() != ":":
            raise self.unexpected("a colon must come after the key")
        self.at += 1

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def blank(self) -> None:
        """Skip white space, and comments with a complaint."""
        if self.text[self.at : self.at + 1] in _SOLID:
            return
        while True:
            match = _BLANK.match(self.text, self.at)
            self.at = match.end() if match else self.at
            if self.text[self.at : self.at + 1] not in ("/", "#"):
                return
            pair = self.text[self.at : self.at + 2]
            if pair == "/*":
                self.report("W007", self.at)
                end = self.text.find("*/", self.at + 2)
                self.at = end + 2 if end >= 0 else len(self.text)
            elif pair == "//" or pair[:1] == "#":
                self.report("W007", self.at)
                newline = _NEWLINE.search(self.text, self.at)
                self.at = newline.end() if newline else len(self.text)
            else:
                return

    def scalar(self, char: str) -> object:
        if char in _QUOTES:
            return self.string(char)
        if char and char in "-+.0123456789":
            return self.number()
        word = _WORD.match(self.text, self.at)
        if word is None:
            raise self.unexpected("a value must come next")
        return self.word(word.group())

    def word(self, word: str) -> object:
        offset = self.at
        self.at += len(word)
        if word in _WORDS:
            return _WORDS[word]
        lower = word.lower()
        if lower in _WORDS or lower in _ODD_WORDS:
            meant = {**_WORDS, **_ODD_WORDS}[lower]
            self.report("W012", offset, word=word, advice=f"write {quoted(meant)}")
            return meant
        if lower in ("nan", "infinity", "inf"):
            self.report("W012", offset, word=word, advice="JSON has no such number: write null or a number")
            return None
        self.report("W012", offset, word=word, advice=f'text needs double quotes: "{word}"')
        return word

    def number(self) -> object:
        offset = self.at
        found = _NUMBERISH.match(self.text, offset)
        written = found.group() if found else self.peek()
        self.at += len(written)
        match = _NUMBER.fullmatch(written)
        if match is None:
            return self.bad_number(written, offset)
        if match.group(1) is None and match.group(2) is None:
            if len(written) <= MAX_DIGITS:
                return int(written)
            self.report("W013", offset, number=quoted(written), advice=f"at most {MAX_DIGITS} digits are read")
            return 0
        value = float(written)
        if value in (float("inf"), float("-inf")):
            self.report("W013", offset, number=quoted(written), advice="it is too large for a float")
            return 0.0
        return value

    def bad_number(self, written: str, offset: int) -> object:
        if written.lower().strip("-+") in ("inf", "infinity", "nan"):
            self.report("W012", offset, word=written, advice="JSON has no such number: write null or a number")
            return None
        advice = "numbers look like 42, -1.5 or 1e-3"
        if re.fullmatch(r"[-+]?0[0-9]+", written):
            advice = "remove the leading zeros, or put it in quotes if it is text"
        elif written.startswith("+"):
            advice = "remove the +"
        elif written.startswith((".", "-.")) or written.endswith("."):
            advice = "a digit must stand on both sides of the point"
        self.report("W013", offset, number=quoted(written), advice=advice)
        return 0

    def string(self, opener: str) -> str:
        """Read a text; other quotes than straight double ones are read too, with a complaint."""
        start = self.at
        good = _GOOD_TEXT.match(self.text, start)
        if good:
            self.at = good.end()
            written = good.group()
            text: str = json.loads(written) if "\\" in written else written[1:-1]
            return text
        quote = _QUOTES[opener]
        if opener != '"':
            self.report("W006", start, what="single quotes" if opener == "'" else "curly quotes")
        plain = _PLAIN[quote]
        parts: list[str] = []
        self.at += 1
        while True:
            match = plain.match(self.text, self.at)
            if match:
                parts.append(match.group())
                self.at = match.end()
            char = self.peek()
            if char == quote:
                self.at += 1
                return "".join(parts)
            if char == "\\":
                parts.append(self.escape())
            elif char in ("", "\n", "\r"):
                self.report("W017", start, quote=quote)
                raise _Stop
            else:
                name = "tab" if char == "\t" else f"control character U+{ord(char):04X}"
                escape = "\\t" if char == "\t" else f"\\u{ord(char):04x}"
                self.report("W011", self.at, what=name, escape=escape)
                parts.append(char)
                self.at += 1

    def escape(self) -> str:
        offset = self.at
        char = self.text[offset + 1 : offset + 2]
        if char in _ESCAPES and char:
            self.at += 2
            return _ESCAPES[char]
        if char == "u":
            return self.unicode_escape(offset)
        self.at += 2 if char not in ("", "\n", "\r") else 1
        self.report(
            "W010", offset, escape="\\" + char, advice="write \\\\ for a backslash (in paths, / works everywhere)"
        )
        return char if char not in ("\n", "\r") else ""

    def unicode_escape(self, offset: int) -> str:
        code = self.hex4(offset)
        if code is None:
            self.report(
                "W010", offset, escape=self.text[offset : offset + 6], advice="\\u takes four hex digits: \\u00e9"
            )
            self.at = offset + 2
            return ""
        self.at = offset + 6
        if 0xD800 <= code < 0xDC00:
            low = self.hex4(offset + 6)
            if low is not None and 0xDC00 <= low < 0xE000:
                self.at = offset + 12
                return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
        if 0xD800 <= code < 0xE000:
            escape = self.text[offset : offset + 6]
            self.report("W010", offset, escape=escape, advice="half of a surrogate pair: write the character itself")
            return "\ufffd"
        return chr(code)

    def hex4(self, offset: int) -> int | None:
        match = re.compile(r"\\u([0-9a-fA-F]{4})").match(self.text, offset)
        return int(match.group(1), 16) if match else None
