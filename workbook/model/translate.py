"""From pydantic's errors to problems in our own words, at the place in the file where they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError

from sheetline.formulas.suggest import closest
from sheetline.workbook.model.base import Model, SheetBase
from sheetline.workbook.problems import Path, Problem, listed, problem, quoted

M = TypeVar("M", bound=Model)

_EXPECTED: Final = {
    "string_type": "text",
    "string_unicode": "valid Unicode text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "an object",
    "mapping_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "finite_number": "a finite number",
}
_BOUNDS: Final = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "below"),
}
_ARTICLES: Final = {"a": "an", "e": "an", "i": "an", "o": "an", "u": "a"}


def validate(model: type[M], raw: object, base: Path) -> tuple[M | None, list[Problem]]:
    """Read the plain JSON value at ``base`` as a model: the model, or all that is wrong with it."""
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        return None, translate(error, model, raw, base)


def translate(error: ValidationError, model: type[Model], raw: object, base: Path) -> list[Problem]:
    """Put each error of pydantic into our words, with its path from the top of the file."""
    problems: list[Problem] = []
    for item in error.errors(include_url=False):
        path = _written_path(raw, item["loc"], missing=item["type"] == "missing")
        problems += _one(item["type"], path, item.get("ctx", {}), item.get("input"), model, raw)
    # "no key 'wher': did you mean 'where'?" makes "needs the key 'where'" superfluous.
    meant = {(p.path[:-1], dict(p.details).get("meant")) for p in problems if p.code == "W101"}
    kept = [p for p in problems if p.code != "W102" or (p.path, dict(p.details).get("key")) not in meant]
    return [Problem(base + p.path, p.code, p.details, p.on_key) for p in kept]


def _one(
    kind: str, path: Path, ctx: Mapping[str, Any], value: object, model: type[Model], raw: object
) -> Iterator[Problem]:
    key = name_of(path)
    if kind == "sheetline_rules":
        for found in ctx["problems"]:
            details = {"key": name_of(path + found.path), **dict(found.details)}
            yield problem(path + found.path, found.code, on_key=found.on_key, **details)
    elif kind == "missing":
        yield problem(path[:-1], "W102", where=_where(model, raw, path[:-1]), key=quoted(path[-1]), advice="")
    elif kind == "union_tag_not_found":
        yield problem(path, "W102", where=key, key=ctx["discriminator"], advice="")
    elif kind == "extra_forbidden":
        yield _unknown_key(path, model, raw)
    elif kind == "literal_error":
        yield choice(path, value, re.findall(r"'([^']*)'", ctx["expected"]))
    elif kind == "union_tag_invalid":
        tag = ctx["discriminator"].strip("'")
        given = value.get(tag) if isinstance(value, Mapping) else value
        yield choice((*path, tag), given, re.findall(r"'([^']*)'", ctx["expected_tags"]))
    elif kind == "string_too_short":
        yield problem(path, "W106", key=key)
    elif kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        yield problem(path, "W107", key=key, expected=f"{words} {ctx[bound]:g}", got=quoted(value))
    else:
        expected = _EXPECTED.get(kind, "of another form")
        yield problem(path, "W103", key=key, expected=expected, got=quoted(value), advice="")


def choice(path: Path, value: object, choices: list[str]) -> Problem:
    """Describe a value that is none of the known ones."""
    advice = f"it can be {listed([quoted(word) for word in choices], 'or')}"
    near = closest(value, choices) if isinstance(value, str) else []
    if near:
        advice = f"did you mean {quoted(near[0])}?"
    return problem(path, "W104", key=name_of(path), got=quoted(value), advice=advice)


def _unknown_key(path: Path, model: type[Model], raw: object) -> Problem:
    owner = _model_at(model, raw, path[:-1])
    known = [info.alias or name for name, info in owner.model_fields.items()] if owner else []
    near = closest(str(path[-1]), known)
    advice = f"did you mean {quoted(near[0])}?" if near else f"it has {listed([quoted(key) for key in known])}"
    where = _where(model, raw, path[:-1])
    meant = quoted(near[0]) if near else ""
    return problem(path, "W101", on_key=True, where=where, key=quoted(path[-1]), advice=advice, meant=meant)


def name_of(path: Path) -> str:
    """Name the value at a path in a sentence."""
    if not path:
        return "the value"
    last = path[-1]
    if isinstance(last, str):
        return f"parameter {quoted(last)}" if path[:-1] == ("parameters",) else quoted(last)
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    return f"an item of {quoted(key)}" if key else "an item"


def _where(model: type[Model], raw: object, path: Path) -> str:
    """Name the object at a path in a sentence."""
    if path:
        return name_of(path)
    if issubclass(model, SheetBase):
        kind = str(get_args(model.model_fields["kind"].annotation)[0])
        return f"{_ARTICLES.get(kind[0], 'a')} {kind} sheet"
    return {"Output": "an output", "Parameter": "a parameter"}.get(model.__name__, "the workbook")


def _child(raw: object, step: str | int) -> object:
    """Return the value below a key or index; an index into a mapping counts its items (the short form)."""
    if isinstance(raw, Mapping):
        if isinstance(step, str):
            return raw.get(step)
        items = list(raw.items())
        return dict(zip(("name", "formula"), items[step], strict=True)) if step < len(items) else None
    if isinstance(raw, list | tuple) and isinstance(step, int) and step < len(raw):
        return raw[step]
    return None


def _written_path(raw: object, loc: tuple[int | str, ...], *, missing: bool) -> Path:
    """Drop the tags that pydantic puts into a path where it went through a union."""
    path: list[str | int] = []
    for index, step in enumerate(loc):
        names_missing_key = missing and index == len(loc) - 1
        if isinstance(raw, Mapping) and isinstance(step, str) and step not in raw and not names_missing_key:
            continue
        path.append(step)
        raw = _child(raw, step)
    return tuple(path)


def _model_at(model: type[Model], raw: object, path: Path) -> type[Model] | None:
    """Return the model that the object at a path is read as."""
    found: list[type[Model]] = [model]
    for step in path:
        raw = _child(raw, step)
        if not isinstance(step, str):
            continue
        fields = [info for m in found for n, info in m.model_fields.items() if (info.alias or n) == step]
        found = [inner for info in fields for inner in _models_in(info.annotation)] or found
    kind = raw.get("type", raw.get("kind")) if isinstance(raw, Mapping) else None
    fitting = [m for m in found if kind in _tags(m)]
    return (fitting or found)[0] if found else None


def _models_in(annotation: object) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _tags(model: type[Model]) -> tuple[object, ...]:
    info = model.model_fields.get("type") or model.model_fields.get("kind")
    return get_args(info.annotation) if info else ()
