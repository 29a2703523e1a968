"""Lines of web servers' logs: Apache's common and combined formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sheetline.functions.buffers import arrow_array, text_scalar
from sheetline.functions.context import Call
from sheetline.functions.dates.parse import parse_dates
from sheetline.functions.declare import Example, Failure, function
from sheetline.functions.text_support import kernels, numbers
from sheetline.functions.types import DATE, INTEGER, STRING, Type

CATEGORY = "web and network"

_QUOTED = r'(?:[^"\\]|\\.)*'
#: The fields of a line in order: name, what stands before it, and its pattern.
_FIELDS = (
    ("host", "", r"\S+"),
    ("ident", " ", r"\S+"),
    ("user", " ", r"\S+"),
    ("time", r" \[", r"[^\]]*"),
    ("request", r'\] "', _QUOTED),
    ("status", '" ', r"[0-9]{3}|-"),
    ("bytes", " ", r"[0-9]{1,18}|-"),
)
_COMBINED = (("referer", ' "', _QUOTED), ("agent", '" "', _QUOTED))
_MORE = tuple(name for name, _, _ in _COMBINED)
#: Fields that are parts of the request: how it is read.
_REQUEST = {
    "method": r"\A(?P<x>\S+) .",
    "path": r"(?s)\A\S+ (?P<x>.*?)(?: HTTP/[0-9.]+)?\z",
    "protocol": r"(?s)\A\S+ .* (?P<x>HTTP/[0-9.]+)\z",
}
_TYPES = {"time": DATE, "status": INTEGER, "bytes": INTEGER}
_ALIASES = {"ip": "host", "url": "path", "size": "bytes", "useragent": "agent", "referrer": "referer"}
NAMES = (*(name for name, _, _ in _FIELDS), *_MORE, *_REQUEST)


def _pattern(wanted: str, *, names_with_blanks: bool = False) -> str:
    """Return the pattern of a line in which one field is captured: few captures are quick."""

    def field(name: str, pattern: str) -> str:
        if name == "user" and names_with_blanks:
            pattern = r"\S.*?"
        return f"(?P<{name}>{pattern})" if name == wanted else f"(?:{pattern})"

    fields = (*_FIELDS, *_COMBINED) if wanted in _MORE else _FIELDS
    line = "".join(before + field(name, pattern) for name, before, pattern in fields)
    return rf"(?s)\A{line}" + (r'"(?:\s|\z)' if wanted in _MORE else r"(?:\s|\z)")


def _field(name: str) -> str:
    """Check the name of a field before the run."""
    found = _ALIASES.get(name.lower(), name.lower())
    if found not in NAMES:
        raise ValueError(f'"{name}" is no field of a log: write one of ' + ", ".join(f'"{n}"' for n in sorted(NAMES)))
    return found


def _type_of(types: Sequence[Type], constants: Sequence[Any]) -> Type:
    name = constants[1]
    return STRING if name is None else _TYPES.get(_field(name), STRING)


_LINE = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \\"GET /a.gif?x=1 HTTP/1.0\\" 200 2326'


@function(
    "LOGFIELD(line:str; field:str const) -> any",
    category=CATEGORY,
    summary="One field of a line of a web server's log in Apache's common or combined format.",
    examples=[
        Example(f'LOGFIELD("{_LINE}";"host")', "127.0.0.1"),
        Example(f'LOGFIELD("{_LINE}";"path")', "/a.gif?x=1"),
        Example(f'LOGFIELD("{_LINE}";"status")', 200),
        Example(f'LOGFIELD("{_LINE}";"time")', "2000-10-10T20:55:36", date=True),
        Example(f'LOGFIELD("{_LINE}";"ident")', None),
        Example('LOGFIELD("GET /";"status")', Failure("PARSE")),
        Example('LOGFIELD(null;"host")', None),
    ],
    returns=_type_of,
    prepare={"field": _field},
    notes="Fields: host, ident, user, time, request (and its parts method, path, protocol), status, bytes, and in the "
    "combined format referer and agent. The time is a date, status and bytes are integers, the others text.",
    null_note="Null also where the line has a hyphen for the field, or no such field.",
    error_note="A line of another format, or an impossible time, is an error PARSE. An unknown field is refused before "
    "the run.",
    source="Apache HTTP Server documentation, mod_log_config (common and combined formats)",
)
def log_field(line: Any, field: Any, ctx: Call) -> Any:
    pc = kernels()
    wanted = "request" if field in _REQUEST else field
    value = _extracted(line, wanted)
    matched = np.asarray(value.is_valid())
    if field in _MORE and not matched.all():  # lines of the common format have no such fields, and are no errors
        matched = matched | np.asarray(_extracted(line, "status").is_valid())
    ctx.fail(~matched, "PARSE", "LOGFIELD: {0} is no line of the common or combined log format")
    value = pc.if_else(pc.equal(value, "-"), text_scalar(None), value)
    if field in _REQUEST:
        value = pc.struct_field(pc.extract_regex(value, pattern=_REQUEST[field]), [0])
    if field in _TYPES:
        return _typed(value, field, ctx)
    return pc.replace_substring_regex(value, pattern=r'\\(["\\])', replacement=r"\1")


def _extracted(line: Any, wanted: str) -> Any:
    """Return a field as text, null where a line has not the format; users' names with blanks are tried last."""
    pc = kernels()
    value = pc.struct_field(pc.extract_regex(line, pattern=_pattern(wanted)), [0])
    rest = np.asarray(value.is_null()) & np.asarray(line.is_valid())
    if rest.any():
        again = pc.extract_regex(line.filter(arrow_array(rest)), pattern=_pattern(wanted, names_with_blanks=True))
        value = pc.replace_with_mask(value, arrow_array(rest), pc.struct_field(again, [0]))
    return value


def _typed(value: Any, field: str, ctx: Call) -> Any:
    ctx.nullify(np.asarray(value.is_null()))
    if field != "time":
        return numbers(value.cast(pa.int64()))
    read = parse_dates(value, "dd/MMM/yyyy:HH:mm:ss Z", "UTC")
    ctx.fail(read.bad, "PARSE", "LOGFIELD: the time in {0} is none")
    return np.where(read.bad | np.asarray(value.is_null()), 0, read.us)
