"""What all models of the workbook file are made of: strictness, names of keys, rules between keys, values.

Models are frozen and strict (``"1"`` is no integer), refuse unknown keys, and are written in the file
with camelCase keys. A rule that one value alone can break is a validator of its type; a rule between
several keys is found by :meth:`Model.rules`, which reports all that it finds.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from sheetline.workbook.problems import Path, Problem, problem, quoted

FORMAT: Final = "sheetline/1"
COLUMN_TYPES: Final = ("integer", "float", "biginteger", "bigdecimal", "date", "string", "boolean")
JODA_LETTERS: Final = "GCYxwyeEDMdaKhHkmsSzZ"


class Model(BaseModel):
    """A strict, frozen part of the workbook file."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, allow_inf_nan=False, defer_build=True
    )

    def rules(self) -> Iterator[Problem]:
        """Yield every problem between this part's own keys (each key alone has been checked)."""
        yield from ()

    @model_validator(mode="after")
    def _checked(self) -> Self:
        problems = () if type(self).rules is Model.rules else tuple(self.rules())
        if problems:
            raise PydanticCustomError("sheetline_rules", "rules are broken", {"problems": problems})
        return self

    def __eq__(self, other: object) -> bool:
        # Private attributes (where it was read from, how it was written) are no part of the meaning.
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *map(repr, self.__dict__.values())))

    def written(self) -> dict[str, object]:
        """Return this part as the JSON object of the canonical form, in the model's order of keys.

        What equals its default is left out. Overridden where one meaning has a shorter form.
        """
        fields = type(self).model_fields
        result: dict[str, object] = {}
        for name, info in fields.items():
            value = getattr(self, name)
            if info.is_required() or value != info.get_default(call_default_factory=True):
                result[info.alias or name] = plain(value)
        return result


def plain(value: object) -> object:
    """Return a model's value as plain JSON values."""
    if isinstance(value, Model):
        return value.written()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def fail(code: str, *, path: Path = (), **details: object) -> PydanticCustomError:
    """Return the error that a validator of one value raises to report a code of the catalogue."""
    found = (Problem(path, code, tuple((word, str(value)) for word, value in details.items())),)
    return PydanticCustomError("sheetline_rules", "a rule is broken", {"problems": found})


# --- lists: JSON has lists, the frozen model has tuples; anything else (a set, text) stays an error


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else _as_tuple(value)


Listed = BeforeValidator(_as_tuple)


# --- values of one key


def _not_blank(value: str) -> str:
    if not value.strip():
        raise fail("W106")
    return value


def _character(value: str) -> str:
    if len(value) != 1:
        advice = 'a tab is written "\\t"' if value.lower() in ("tab", "\\t") else ""
        raise fail("W108", got=quoted(value), advice=advice)
    return value


def _encoding(value: str) -> str:
    try:
        codecs.lookup(value).name.encode("ascii")
    except (LookupError, ValueError):
        raise fail("W109", got=quoted(value), advice='usual ones are "utf-8", "utf-16", "windows-1252"') from None
    return value


def pattern_fault(pattern: str) -> str | None:
    """Say what is wrong with a date pattern, or return None."""
    if pattern in ("epoch-s", "epoch-ms"):
        return None
    if pattern.count("'") % 2:
        return "a quote ' is not closed"
    bare = re.sub(r"'[^']*'", "", pattern)
    for letter in re.findall(r"[A-Za-z]", bare):
        if letter not in JODA_LETTERS:
            return f"{letter} is no pattern letter (literal letters stand between quotes ')"
    return None if re.search(r"[A-Za-z]", bare) else "it has no pattern letter"


def _pattern(value: str) -> str:
    fault = pattern_fault(value)
    if fault:
        raise fail("W112", got=quoted(value), reason=fault)
    return value


def _column_type(value: str) -> str:
    base = value
    while base.startswith("list<") and base.endswith(">"):
        base = base[5:-1]
    if base not in COLUMN_TYPES:
        raise fail("W113", got=quoted(value), advice=f"types are {', '.join(COLUMN_TYPES)}, list<…>")
    return value


def scalar(value: object, path: Path = ()) -> Any:
    """Return a plain value of JSON unchanged, or raise the problem of the value at ``path``."""
    if value is None or isinstance(value, str | int | float | bool):
        if isinstance(value, float) and not math.isfinite(value):
            raise fail("W107", path=path, expected="a finite number", got=repr(value))
        return value
    expected = "text, a number, true, false or null"
    raise fail("W103", path=path, expected=expected, got=quoted(value), advice="")


Name = Annotated[str, AfterValidator(_not_blank), Field(min_length=1)]
Text = str
Formula = Annotated[str, AfterValidator(_not_blank), Field(min_length=1)]
Character = Annotated[str, AfterValidator(_character), Field(json_schema_extra={"minLength": 1, "maxLength": 1})]
Encoding = Annotated[str, AfterValidator(_encoding)]
Pattern = Annotated[str, AfterValidator(_pattern)]
ColumnType = Annotated[
    str,
    AfterValidator(_column_type),
    Field(json_schema_extra={"pattern": rf"^(list<)*({'|'.join(COLUMN_TYPES)})>*$"}),
]
Scalar = Annotated[
    str | int | float | bool | None,
    BeforeValidator(lambda value: scalar(value), json_schema_input_type=str | int | float | bool | None),
]
Names = Annotated[tuple[Name, ...], Listed]
NamesOrOne = Annotated[tuple[Name, ...], BeforeValidator(_one_or_more, json_schema_input_type=str | tuple[str, ...])]
Count = Annotated[int, Field(ge=0)]


def checked_names(values: Iterable[object], *path: str | int) -> tuple[str, ...]:
    """Return names of columns unchanged, or raise the problem of the first that is none."""
    names: list[str] = []
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise fail("W103", path=(*path, index), expected="text", got=quoted(value), advice="")
        if not value.strip():
            raise fail("W106", path=(*path, index))
        names.append(value)
    return tuple(names)


def repeated(names: Iterable[str], *path: str) -> Iterator[Problem]:
    """Yield a problem for every name of the list at ``path`` that stands there a second time."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield problem((*path, index), "W214", name=quoted(name), key=quoted(path[-1]))
        seen.add(name)
