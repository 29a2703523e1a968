"""The wordings of everything that can be wrong with a workbook file, in one catalogue.

Codes: ``W0xx`` the file is not JSON, ``W1xx`` a value of the file is wrong by itself, ``W2xx`` values of
the file don't go together. A code never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sheetline.formulas.diagnostics import Diagnostic

Path = tuple[str | int, ...]
"""Where a value stands in the JSON file: keys and indexes from the top."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a diagnostic says, and what it advises; ``{names}`` are filled in."""

    message: str
    hint: str = ""


CATALOGUE: Final[dict[str, Wording]] = {
    # --- the file is not JSON
    "W001": Wording("the workbook file can't be read: {reason}", "{advice}"),
    "W002": Wording("{what} is not expected here: {expected}"),
    "W003": Wording("the {what} opened in line {at_line}, column {at_col} is never closed", "add the missing {closer}"),
    "W004": Wording("a comma before the closing {closer}", "remove the comma: JSON has none after the last item"),
    "W005": Wording("a comma is missing between two items", "add a comma after the item before"),
    "W006": Wording("text in {what}", 'JSON writes text in straight double quotes: "…"'),
    "W007": Wording("JSON has no comments", "use the key \"description\" instead"),
    "W008": Wording("the key {key} has no quotes", 'write "{key}"'),
    "W009": Wording(
        "the key {key} stands twice in one object, first in line {at_line}, column {at_col}",
        "remove one of the two: only one of them can count",
    ),
    "W010": Wording("{escape} is no escape that JSON knows", "{advice}"),
    "W011": Wording("a bare {what} inside text", "write {escape} instead"),
    "W012": Wording("{word} is no JSON value", "{advice}"),
    "W013": Wording("{number} is no JSON number", "{advice}"),
    "W014": Wording("nested too deep: more than {limit} levels"),
    "W015": Wording("text after the end of the workbook", "the file holds one object, nothing before or after it"),
    "W017": Wording("the text that begins here has no closing quote in its line", "add the closing {quote}"),
    "W018": Wording("the file begins with a byte order mark", "save it as UTF-8 without BOM"),
    "W019": Wording("more than {limit} problems of this sort: the rest of the file was not read"),
    # --- a value is wrong by itself
    "W101": Wording("{where} has no key {key}", "{advice}"),
    "W102": Wording("{where} needs the key {key}", "{advice}"),
    "W103": Wording("{key} must be {expected}, not {got}", "{advice}"),
    "W104": Wording("{key} can't be {got}", "{advice}"),
    "W105": Wording(
        "sheets of kind {kind} are reserved for a later version", "kinds of this version: {kinds}"
    ),
    "W106": Wording("{key} must not be empty"),
    "W107": Wording("{key} must be {expected}, not {got}"),
    "W108": Wording("{key} must be a single character, not {got}", "{advice}"),
    "W109": Wording("the encoding {got} is unknown", "{advice}"),
    "W110": Wording("the time zone {got} is unknown", "{advice}"),
    "W111": Wording("this file is in format {got}; this version reads {known}", "{advice}"),
    "W112": Wording(
        "the date pattern {got} is wrong: {reason}",
        'patterns are Joda letters ("yyyy-MM-dd HH:mm:ss"), "epoch-s" or "epoch-ms"',
    ),
    "W113": Wording("{got} is no column type", "{advice}"),
    "W114": Wording(
        "{got} is no name for a parameter", "letters, digits and _ make a name; no digit comes first"
    ),
    "W116": Wording(
        "{got} names no column", 'write "Sheet!Column", with brackets around unusual names: "[My sheet]![My column]"'
    ),
    # --- values don't go together
    "W201": Wording("two sheets are called {name}; {first}", "each sheet needs its own name"),
    "W202": Wording("the column {name} is listed twice", "{advice}"),
    "W203": Wording("there is no sheet {name}", "{advice}"),
    "W204": Wording(
        "sheets feed each other in a circle: {cycle}", "a sheet can't take rows from itself, not even through others"
    ),
    "W205": Wording("{where} needs exactly one of {keys}, and has {given}"),
    "W206": Wording("{key} and {other} can't be the same character"),
    "W207": Wording("the operator {op} {expected}"),
    "W208": Wording("{key} has no effect without {other}", "{advice}"),
    "W209": Wording("{key} doesn't go with {other}", "{advice}"),
    "W210": Wording("two outputs write the same file {path}", "give each output its own path"),
    "W211": Wording("the output would overwrite the file {path} that sheet {name} reads", "write to another path"),
    "W212": Wording(
        "a join takes two different sheets, not {name} twice",
        'add a formulas sheet with "copy": true as the second one',
    ),
    "W213": Wording(
        "{got} is neither a column of {left} nor of {right}", 'write "Sheet!Column" with one of the two sheets'
    ),
    "W214": Wording("{name} stands twice in {key}"),
    "W216": Wording("sheet {sheet} has no column {name}", "{advice}"),
    "W219": Wording("the source can't be read: {fault}"),
    "W218": Wording("the workbook has no parameter {name}", "{advice}"),
    "W215": Wording("a file type can't be told from the path {path}", "say type=\"csv\", \"jsonl\" or \"parquet\""),
    "W230": Wording("the condition of a filter must be true or false, and {what} is {got}", "{advice}"),
    "W231": Wording("column {name} is {type}, and {got} is not", "{advice}"),
    "W232": Wording("the operator {op} works on {wanted}, and column {name} is {type}", "{advice}"),
    "W233": Wording("{one} is {one_type} and {other} is {other_type}: {why}", "{advice}"),
    "W234": Wording("two columns of the result would be called {name}: {why}", "{advice}"),
    "W235": Wording(
        "the value {name} of a pivot must be an aggregate, and its formula gives {got}",
        "use a function that makes one value of many rows, such as GROUPSUM or GROUPCOUNT",
    ),
    "W236": Wording(
        "the columns of {name} are known only after a run, since it is, or stands on, a pivot without 'expected'",
        "list the values that become columns under 'expected' of the pivot",
    ),
    # --- checks
    "W240": Wording("nothing lies between {low} and {high}", "'min' must be below 'max'"),
    "W241": Wording(
        "a relation compares {here} of its columns with {there} of another sheet", "name as many there as here"
    ),
    "W242": Wording("a relation looks into one other sheet, not into {sheets}", "make a check for each"),
    "W243": Wording("the formula of a check must be true or false, and this one is {got}", "{advice}"),
    "W244": Wording("a check '{kind}' can't look at column {name}, which is {type}", "{advice}"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem found by a model's own check: where it is (below the model) and what it is."""

    path: Path
    code: str
    details: tuple[tuple[str, str], ...] = ()
    on_key: bool = False


def problem(path: Path, code: str, /, *, on_key: bool = False, **details: object) -> Problem:
    """Describe a problem of the value at ``path`` (``on_key``: of the key that leads to it)."""
    return Problem(path, code, tuple((name, str(value)) for name, value in details.items()), on_key)


def diagnostic(
    code: str,
    words: Mapping[str, object],
    *,
    line: int | None = None,
    col: int | None = None,
    file: str | None = None,
    sheet: str | None = None,
    column: str | None = None,
) -> Diagnostic:
    """Build the diagnostic of a code of the catalogue, at a line and column (from 1) of the file.

    ``words`` fill the wording; an ``advice`` may be missing.
    """
    wording = CATALOGUE[code]
    given = {"advice": "", **words}
    hint = wording.hint.format_map(given)
    return Diagnostic(
        code=code,
        message=wording.message.format_map(given),
        hint=hint or None,
        sheet=sheet,
        column=column,
        file=file,
        line=line,
        col=col,
    )


def quoted(value: object) -> str:
    """Show a value of the file in a message: text in single quotes, everything as JSON, cut when long.

    >>> quoted("Trips"), quoted(True), quoted(None), quoted([1])
    ("'Trips'", 'true', 'null', '[1]')
    """
    if isinstance(value, str):
        shown = "'" + "".join(sign if sign.isprintable() else _escape(sign) for sign in value[:80]) + "'"
    elif value is None or isinstance(value, bool):
        shown = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, list | tuple):
        shown = "[" + ", ".join(quoted(item) for item in value[:4]) + (", …]" if len(value) > 4 else "]")
    elif isinstance(value, dict):
        shown = "an object"
    elif isinstance(value, int) and abs(value) >= 10**40:
        shown = "a very large number"  # Python itself refuses to write out the largest ones
    else:
        shown = repr(value)
    return shown if len(shown) <= 80 else shown[:78] + "…" + ("'" if shown[0] == "'" else "")


def _escape(sign: str) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(sign) or f"\\u{ord(sign):04x}"


def listed(words: object, last: str = "and") -> str:
    """Join words as a sentence does.

    >>> listed(["a", "b", "c"], "or")
    'a, b or c'
    """
    items = [str(word) for word in words] if isinstance(words, list | tuple) else [str(words)]
    return f"{', '.join(items[:-1])} {last} {items[-1]}" if len(items) > 1 else "".join(items)
