"""The words of every diagnostic about a formula, in one place.

A wording's ``messages`` and ``hints`` are templates; of each the first one is taken whose words are all given.
A list given as a word is joined with commas and "or"; ``{near:q}`` puts each of its names in quotes, and
``{columns:qa}`` joins them with "and".
A message says what happened, a hint what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one code: a title for the reference, and templates, the fullest first."""

    title: str
    messages: tuple[str, ...]
    hints: tuple[str, ...] = ()
    severity: Severity = "error"


_MEAN = "did you mean {near}?"
_MEAN_NAME = "did you mean {near:q}?"
_WRITE = "write {write}"

SYNTAX: dict[str, Wording] = {
    "F001": Wording("unexpected character", ("{shown} has no meaning in a formula",), (_WRITE,)),
    "F002": Wording(
        "comma between arguments",
        ("arguments are separated by ';', not by ','",),
        (_WRITE, "write ';'"),
    ),
    "F003": Wording("decimal comma", ("a decimal point is '.', not ','",), (_WRITE, "write '.'")),
    "F004": Wording(
        "wrong quotes",
        ('text stands between two straight double quotes ("), not {shown}',),
        (_WRITE, 'write "…"'),
    ),
    "F005": Wording("sign of typesetting", ("'{sign}' is not a sign of formulas",), (_WRITE, "write {plain}")),
    "F006": Wording(
        "bracket not closed",
        (
            "'{closer}' is missing: the '{opener}' after {name} is never closed",
            "'{closer}' is missing: the '{opener}' at character {at} is never closed",
        ),
        (_WRITE, "add '{closer}'"),
    ),
    "F007": Wording("bracket not opened", ("this '{closer}' closes nothing",), ("remove it or open it before",)),
    "F008": Wording(
        "wrong closing bracket",
        ("'{closer}' can't close the '{opener}' at character {at}",),
        (_WRITE, "write '{right}'"),
    ),
    "F009": Wording(
        "text not closed",
        ("the text that starts here never ends",),
        ('close it with "; a quote inside a text is doubled: ""',),
    ),
    "F010": Wording(
        "name not closed",
        ("the name in brackets that starts here never ends",),
        ("close it with ']'; a ']' inside a name is doubled: ']]'",),
    ),
    "F011": Wording("comment not closed", ("the comment that starts here never ends",), ("close it with */",)),
    "F012": Wording(
        "unknown escape",
        ("'{escape}' is not an escape; \\\" \\n \\t \\\\ and \\uXXXX are",),
        (_WRITE, "a backslash itself is written '\\\\'"),
    ),
    "F013": Wording("& between conditions", ("'&' joins texts, it is not 'and'",), (_WRITE, "write '&&'")),
    "F014": Wording("single |", ("there is no operator '|'",), (_WRITE, "write '||' for 'or'")),
    "F015": Wording("operator misspelt", ("there is no operator '{operator}'",), (_WRITE, "write {right:q}")),
    "F016": Wording(
        "word for an operator",
        ("'{word}' is not an operator",),
        (_WRITE, "write {right:q}, or call the function {function}(…)"),
    ),
    "F017": Wording(
        "operator missing",
        ("an operator is missing between {left} and {right}", "an operator is missing before {right}"),
        (_WRITE,),
    ),
    "F018": Wording(
        "name needs brackets",
        ("a name with spaces or signs stands in brackets",),
        ("write {write} if '{name}' is the column",),
    ),
    "F019": Wording(
        "operand missing",
        ("nothing stands before '{before}'", "nothing follows '{after}'"),
        ("a value, a column or a call belongs there",),
    ),
    "F020": Wording("empty formula", ("the formula is empty",), ('write a value, such as #Column, 42 or "text"',)),
    "F021": Wording("formula too long", ("the formula is longer than {limit}",), ("split it into several columns",)),
    "F022": Wording(
        "nested too deeply",
        ("the formula is nested deeper than {limit} levels here",),
        ("put inner parts into columns of their own",),
    ),
    "F023": Wording("not a number", ("'{number}' is not a number",), (_WRITE, "numbers are written 42, 3.14 or 1e-3")),
    "F024": Wording(
        "not a duration",
        ("'{number}' is neither a number nor a duration",),
        ("write '{write}'", "durations are whole numbers of ms, s, m, h or d, such as 5m; for a product write '*'"),
    ),
    "F025": Wording(
        "argument missing",
        ("an argument is missing at this ';'",),
        ("remove the ';' or write null for a value that is left out",),
    ),
    "F026": Wording(
        "; outside a call",
        ("';' separates the arguments of a call or the items of a list, and here is neither",),
        (_WRITE, "a formula is one expression"),
    ),
    "F027": Wording("name missing", ("no name follows '{sign}'", "a name can't be empty"), ("write {example}",)),
    "F028": Wording("column of a sheet", ("a column of another sheet is written #Sheet!Column",), (_WRITE,)),
    "F029": Wording("empty parentheses", ("nothing stands between these parentheses",), ("write an expression",)),
    "F030": Wording("# before a function", ("names of functions have no '#'",), (_WRITE,)),
    "F099": Wording("unexpected sign", ("{shown} can't stand here",)),
}
"""Mistakes of spelling, found by the parser."""

BINDING: dict[str, Wording] = {
    "F101": Wording(
        "unknown function",
        ("unknown function '{name}'",),
        (_MEAN, "write #{column} if the column is meant", "'sheetline functions --search WORDS' looks for one"),
    ),
    "F102": Wording(
        "unknown column",
        (
            "'{own}' underneath has no column '{name}', and that is what #{name} means in its own formula{itself}",
            "neither '{own}' nor '{base}' underneath has a column '{name}'",
            "'{own}' has no column '{name}'",
            "there is no column '{name}'",
        ),
        (_MEAN_NAME, "{others:q} has a column of that name", "the columns are {columns:qa}"),
    ),
    "F103": Wording("unknown sheet", ("there is no sheet '{name}'",), (_MEAN_NAME, "the sheets are {sheets:qa}")),
    "F104": Wording(
        "sheet not taken",
        (
            "'{own}' does not take the sheet '{name}', so it can't use its columns",
            "the sheet '{name}' is not among those that this one takes",
        ),
        (
            "it takes {taken:q}; join '{name}', or look values up with LOOKUP",
            "join the sheets first, or look values up with LOOKUP",
        ),
    ),
    "F105": Wording(
        "unknown parameter",
        ("there is no parameter '{name}'",),
        ("did you mean ${near}?", "the parameters are {parameters:qa}", "declare it under 'parameters'"),
    ),
    "F110": Wording(
        "wrong number of arguments",
        ("{function} takes {expected}, not {got}",),
        ("{signature}",),
    ),
    "F111": Wording(
        "wrong type of argument",
        (
            "argument {position} ('{argument}') of {function} must be {expected}, not {got}",
            "argument {position} of {function} must be {expected}, not {got}",
        ),
        ("convert it with {convert}", "{signature}"),
    ),
    "F112": Wording(
        "argument must be constant",
        (
            "argument '{argument}' of {function} must be a constant, not {got}",
            "argument '{argument}' of {function} must be a constant",
        ),
        ("write a value or a parameter of the workbook ($name)",),
    ),
    "F113": Wording(
        "constant not possible",
        ("{value} can't be the {role} of {function}: {why}", "{value} is no {role}: {why}"),
        (_MEAN_NAME, "possible are {allowed}"),
    ),
    "F114": Wording(
        "operator does not fit types",
        ("'{operator}' can't be used on {left} and {right}", "'{operator}' can't be used on {operand}"),
        ("convert one side with {convert}", "write '{right_operator}'"),
    ),
    "F120": Wording(
        "aggregate beside series",
        ("{function} gives one row a group and {other} several: they can't stand in one sheet",),
        ("put one of them into a sheet of its own and join the two",),
    ),
    "F121": Wording(
        "base column outside an aggregate",
        ("'{name}' has many values a group and stands outside an aggregate",),
        (
            "take one of them, such as {example}, or group by it with GROUPBY({ref})",
            "put it into an aggregate such as GROUPSUM or GROUPFIRST, or group by it",
        ),
    ),
    "F122": Wording(
        "key inside a formula",
        ("{function} makes a key of the sheet and must be the whole formula of its column",),
        ("put it into a column of its own and use that column here",),
    ),
    "F123": Wording(
        "aggregate inside an aggregate",
        ("{inner} stands inside {function}: aggregates don't nest",),
        ("compute {inner} in a sheet underneath",),
    ),
    "F124": Wording(
        "series without a key",
        ("{function} needs groups, and the sheet has no key",),
        ("add a column such as GROUPBY(#Column); GROUPBY(1) makes one group of all rows",),
    ),
    "F125": Wording(
        "columns in a circle",
        ("the column is computed from itself: {path}",),
        ("break the circle",),
    ),
    "F126": Wording(
        "copy in an aggregate sheet",
        (
            "'copy' takes every row underneath, but '{own}' gives one row a group",
            "'copy' takes every row underneath, but this sheet gives one row a group",
        ),
        ("remove 'copy' and name the columns with a key or an aggregate each",),
    ),
    "F127": Wording(
        "group function out of place",
        ("{function} works on groups and can't stand in {place}",),
        ("compute it in a formula sheet first",),
    ),
    "F128": Wording(
        "type assertion failed",
        ("the column is declared {expected}, but its formula gives {got}",),
        ("convert it with {convert}, or change 'type'", "change 'type' or the formula"),
    ),
    "F129": Wording(
        "lookup not possible",
        ("{function}: {why}",),
        (
            "write {function}(key; #Sheet!key; #Sheet!value), with the columns of one sheet",
            "the columns must be written #Sheet!Column and stand in one sheet",
        ),
    ),
    "F130": Wording(
        "rows changed already",
        ("{function} needs the sheet's records, and its argument stands on other rows already",),
        ("put the inner part into a sheet underneath",),
    ),
    "F132": Wording(
        "frame of another schema",
        ("the frame's column '{name}' is {got}, but the formula was compiled for {expected}",),
        ("convert the column, or compile the formula for this frame",),
    ),
    "F133": Wording(
        "constant of another type",
        ("the {type} {value} is taken as the {wanted} {other}",),
        ("write {other}",),
        severity="warning",
    ),
    "F131": Wording(
        "finished column inside an aggregate",
        ("'{name}' is a finished column of this sheet: {function} takes columns of the sheet underneath",),
        ("write {write}", "aggregate it in a sheet on top of this one"),
    ),
}
"""Mistakes of meaning, found when a formula is bound to its sheet."""

CATALOGUE: dict[str, Wording] = {**SYNTAX, **BINDING}
"""All codes."""
