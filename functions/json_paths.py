"""JSON documents and paths into them: reading strictly, finding what a path names, writing compactly.

Python's own reader and writer of JSON go down by recursion, so documents nested deeper than :data:`MAX_DEPTH`
are refused, wherever the call comes from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from sheetline.functions.context import Call
from sheetline.functions.text_support import CellError, Give, map_rows

#: Arrays and objects may stand inside one another so deep.
MAX_DEPTH = 500

#: A step that stands for every element of an array, or value of an object.
EVERY: Final = None

Step = str | int | None
Path = tuple[Step, ...]

_STEP = re.compile(
    r"(?:^|\.)(?:(\*)|([^.\[\]\"'*]+))"  # .* or .name
    r"|\[\s*(?:(\*)|(-?[0-9]{1,18})|'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")\s*\]",  # [*], [0] or ['name']
    re.DOTALL,
)
_PLACE = re.compile(r"[0-9]{1,18}")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def parse_path(path: Any) -> Path:
    """Return the steps of ``$.a[0]['b c']`` (the ``$.`` may be left out): names and places from 0.

    >>> parse_path("$.a[-1]['b.c']")
    ('a', -1, 'b.c')

    Raises:
        ValueError: the path can't be read, or holds ``*``, which stands for several values.
    """
    steps = parse_wild_path(path)
    if EVERY in steps:
        raise ValueError(f'* stands for several values in "{path}"; JSON_ELEMENTS takes such a path')
    return steps


def parse_wild_path(path: Any) -> Path:
    """Return the steps of a path that may hold ``*`` for every element.

    Raises:
        ValueError: the path can't be read.
    """
    text = str(path).strip()
    if text.startswith("$") and text[1:2] in ("", ".", "["):
        text = text[1:]
        if text.startswith("."):
            text = text[1:]
            if not text or text.startswith((".", "[")):
                raise ValueError(_no_path(path))
    steps: list[Step] = []
    place = 0
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None:
            raise ValueError(_no_path(path))
        star, name, any_place, number, single, double = match.groups()
        if star or any_place:
            steps.append(EVERY)
        elif number is not None:
            steps.append(int(number))
        elif name is not None:
            steps.append(name)
        else:
            steps.append(re.sub(r"\\(.)", r"\1", single if single is not None else double, flags=re.DOTALL))
        place = match.end()
    return tuple(steps)


def _no_path(path: Any) -> str:
    return f'"{path}" is no path such as $.a[0].b'


@lru_cache(maxsize=1024)
def _read(path: str, wild: bool) -> Path | None:
    try:
        return parse_wild_path(path) if wild else parse_path(path)
    except ValueError:
        return None


def steps_of(path: Path | str, ctx: Call, *, place: int = 1, wild: bool = False) -> Path:
    """Return the steps of a path from a row, or of one that was prepared before the run.

    Raises:
        CellError: the path can't be read.
    """
    if isinstance(path, tuple):
        return path
    steps = _read(path, wild)
    if steps is None:
        raise CellError("PARSE", f"{ctx.function}: {{{place}}} is no path such as $.a[0].b")
    return steps


class _NotJsonError(ValueError):
    """NaN or Infinity, which are no JSON."""


def _refuse(name: str) -> Any:
    raise _NotJsonError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _too_deep(text: str) -> bool:
    """Whether arrays and objects stand deeper inside one another than is allowed."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    signs = np.frombuffer(_STRING.sub("", text).encode("ascii", "replace"), np.uint8)
    opened = (signs == ord("[")) | (signs == ord("{"))
    closed = (signs == ord("]")) | (signs == ord("}"))
    return int(np.cumsum(opened.astype(np.int64) - closed).max(initial=0)) > MAX_DEPTH


def load(text: str, ctx: Call, place: int = 0) -> Any:
    """Return a JSON document: whole numbers exactly, others as floats; of equal keys the last wins.

    Raises:
        CellError: PARSE where the text is no JSON; LIMIT where it nests too deeply, or a number is too long.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise _deep(ctx) from None
    except json.JSONDecodeError as error:
        if _too_deep(text[: error.pos]):  # what is wrong lies deeper than is looked
            raise _deep(ctx) from None
        raise CellError("PARSE", f"{ctx.function}: {{{place}}} is not JSON") from None
    except _NotJsonError:
        raise CellError("PARSE", f"{ctx.function}: {{{place}}} is not JSON") from None
    except ValueError:  # Python reads whole numbers of some thousand digits only
        raise CellError("LIMIT", f"{ctx.function}: a number of {{{place}}} has too many digits") from None
    if _too_deep(text):
        raise _deep(ctx)
    return value


#: Documents are read so many at once, and as long ones as this in characters.
_TOGETHER = 64
_SHORT = 2_000
#: Stands between documents that are read at once; no text holds it, for it is looked for first.
_BETWEEN = "\x7f between documents \x7f"
_ESCAPED_MARK = r"\u007"


def load_each(texts: Sequence[str | None], ctx: Call, place: int = 0) -> Iterator[Any]:
    """Yield for each text the tuple of its document, None for null, or the :class:`CellError` that it is.

    Short documents are read many at once, as elements of one array with a mark between each two. The array's
    elements at even places are the documents only if those at odd places are the marks, and nothing else is in
    it; otherwise, and where anything is wrong, each is read by itself.
    """
    together = _TOGETHER
    for start in range(0, len(texts), _TOGETHER):
        part = texts[start : start + _TOGETHER]
        for low in range(0, len(part), together):
            some = part[low : low + together]
            found = _at_once(some) if together > 1 else None
            if found is None:
                together = max(together // 2, 1)
                yield from (_one(text, ctx, place) for text in some)
            else:
                yield from found
        together = min(together * 2, _TOGETHER)


def map_documents(ctx: Call, function: Callable[..., Any], json: Any, *more: Any, give: Give = "str") -> Any:
    """Do what ``map_rows`` does for a function of a document, which it must not change, and further values."""

    def each(found: Any, *rest: Any) -> Any:
        if isinstance(found, CellError):
            raise found
        return function(found[0], *rest)

    return map_rows(ctx, each, json, *more, give=give, read=lambda texts: load_each(texts, ctx))


def _one(text: str | None, ctx: Call, place: int) -> Any:
    try:
        return None if text is None else (load(text, ctx, place),)
    except CellError as error:
        return error


def _at_once(texts: Sequence[str | None]) -> list[Any] | None:
    given = [text for text in texts if text is not None]
    if max(map(len, given), default=0) > _SHORT:
        return None
    joined = f',"{_BETWEEN}",'.join(given)
    if not given or joined.count(_BETWEEN) != len(given) - 1 or _ESCAPED_MARK in joined:
        return None
    if joined.count("[") + joined.count("{") > MAX_DEPTH and any(map(_too_deep, given)):
        return None
    try:
        values = _DECODER.decode(f"[{joined}]")
    except (ValueError, RecursionError):
        return None
    if len(values) != 2 * len(given) - 1 or any(mark != _BETWEEN for mark in values[1::2]):
        return None
    documents = iter(values[::2])
    return [None if text is None else (next(documents),) for text in texts]


def _deep(ctx: Call) -> CellError:
    return CellError("LIMIT", f"{ctx.function}: JSON nested more than {MAX_DEPTH} deep is not read")


def _child(document: Any, step: str | int) -> tuple[bool, Any]:
    if isinstance(document, list):
        if isinstance(step, str):
            if _PLACE.fullmatch(step) is None:
                return False, None
            step = int(step)
        if -len(document) <= step < len(document):
            return True, document[step]
    elif isinstance(document, dict) and isinstance(step, str) and step in document:
        return True, document[step]
    return False, None


def find(document: Any, steps: Path) -> tuple[bool, Any]:
    """Return whether there is something at a path without ``*``, and what."""
    for step in steps:
        assert step is not None
        there, document = _child(document, step)
        if not there:
            return False, None
    return True, document


def find_all(document: Any, steps: Path) -> list[Any]:
    """Return everything that a path names, in the order of the document."""
    found = [document]
    for step in steps:
        if step is None:
            found = [child for node in found for child in children(node)]
        else:
            found = [child for there, child in (_child(node, step) for node in found) if there]
    return found


def children(value: Any) -> list[Any]:
    """Return the elements of an array, the values of an object; of anything else nothing."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def dump(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON: compact, or with so many blanks a level.

    Raises:
        CellError: OVERFLOW where a number lies beyond the range of floats; LIMIT where it nests too deeply.
    """
    between = (",", ":") if indent is None else (",", ": ")
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=between)
        if text.isascii():
            return text
        try:
            text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, from an escape: it stays an escape
            return json.dumps(value, allow_nan=False, indent=indent, separators=between)
    except ValueError:
        raise CellError("OVERFLOW", "a number of the document lies beyond the range of floats") from None
    except RecursionError:
        raise CellError("LIMIT", "the document is nested too deeply") from None
    return text


def shown(value: Any) -> str | None:
    """Return a JSON value as text: strings as they are, null as null, the rest as compact JSON."""
    if value is None:
        return None
    if not isinstance(value, str):
        return dump(value)
    if value.isascii():
        return value
    return value.encode("utf-8", "replace").decode()  # half a surrogate pair, from an escape, is no text
