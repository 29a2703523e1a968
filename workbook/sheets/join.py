"""Join sheets: the rows of two sheets side by side where keys are equal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sheetline.workbook.model.base import Formula, Listed, Model, Name, SheetBase, fail
from sheetline.workbook.problems import Problem, problem, quoted

How = Literal["inner", "left", "right", "outer", "semi", "anti", "cross"]
Expectation = Literal["one-to-one", "one-to-many", "many-to-one", "many-to-many"]

_REFERENCE = re.compile(r"#?(?:\[((?:[^\]]|\]\])*)\]|([^!\[\]]+))!(?:\[((?:[^\]]|\]\])*)\]|([^\[\]!][^!]*))")


class JoinKey(Model):
    """A pair of keys that must be equal: columns, or formulas over one side."""

    left: Formula = Field(description="A column of the left sheet, or a formula over it.")
    right: Formula = Field(description="A column of the right sheet, or a formula over it.")

    def written(self) -> dict[str, object]:
        """Both sides."""
        return {"left": self.left, "right": self.right}


def split_reference(text: str) -> tuple[str, str] | None:
    """Split ``Sheet!Column`` into its names, with or without brackets, or return None.

    >>> split_reference("Trips!Miles"), split_reference("[My sheet]![a!b]"), split_reference("Miles")
    (('Trips', 'Miles'), ('My sheet', 'a!b'), None)
    """
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    sheet, plain_sheet, column, plain_column = match.groups()
    return (
        plain_sheet if sheet is None else sheet.replace("]]", "]"),
        plain_column if column is None else column.replace("]]", "]"),
    )


def _reference(value: str) -> str:
    if split_reference(value) is None:
        raise fail("W116", got=quoted(value))
    return value


class SelectedColumn(Model):
    """A column of the result, and the column of one side that it is."""

    name: Name = Field(description="The column's name in the result.")
    from_: Annotated[str, BeforeValidator(lambda value: _reference(value) if isinstance(value, str) else value)] = (
        Field(alias="from", description='The column it is: "Sheet!Column".')
    )

    @property
    def reference(self) -> tuple[str, str]:
        """The sheet and the column that it is."""
        found = split_reference(self.from_)
        assert found is not None, "checked when it was read"
        return found


def _on(value: object) -> object:
    """Read the short form ["Key"] as the pairs that it stands for."""
    if not isinstance(value, list | tuple):
        return value
    return tuple({"left": key, "right": key} if isinstance(key, str) else key for key in value)


class JoinSheet(SheetBase):
    """The rows of two sheets, matched."""

    kind: Literal["join"] = Field(description="Two sheets side by side where keys are equal.")
    left: Name = Field(description="The left sheet.")
    right: Name = Field(description="The right sheet.")
    how: How = Field(default="inner", description="Which rows are kept.")
    on: Annotated[
        tuple[JoinKey, ...],
        BeforeValidator(_on, json_schema_input_type=tuple[JoinKey | str, ...]),
    ] = Field(default=(), description="The keys: objects with left and right, or names that both sides have.")
    select: Annotated[tuple[SelectedColumn, ...], Listed] | None = Field(
        default=None, description="The columns of the result; all without it."
    )
    expect: Expectation | None = Field(
        default=None, description="How often keys may repeat; else the data is in error."
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        """The left and the right sheet."""
        return (self.left, self.right)

    def input_paths(self) -> tuple[tuple[str | int, ...], ...]:
        """The keys ``left`` and ``right``."""
        return (("left",), ("right",))

    def check(self) -> Iterator[Problem]:
        """Two sheets, keys unless every row meets every row, a selection of the two sheets' columns."""
        if self.left == self.right:
            yield problem(("right",), "W212", name=quoted(self.left))
        if self.how == "cross" and self.on:
            advice = 'remove "on", or use "how": "inner"'
            yield problem(("on",), "W209", on_key=True, key="'on'", other='"how": "cross"', advice=advice)
        if self.how == "cross" and self.expect:
            advice = "a cross join matches every row with every row"
            yield problem(("expect",), "W209", on_key=True, key="'expect'", other='"how": "cross"', advice=advice)
        if self.how != "cross" and not self.on:
            if "on" in self.model_fields_set:
                yield problem(("on",), "W106", key="'on'")
            else:
                advice = 'name the keys: "on": ["Key"]; or every row with every row: "how": "cross"'
                yield problem((), "W102", where="a join", key="'on'", advice=advice)
        yield from self._check_selection()

    def _check_selection(self) -> Iterator[Problem]:
        if self.select == ():
            yield problem(("select",), "W106", key="'select'")
        seen: set[str] = set()
        for index, column in enumerate(self.select or ()):
            if column.name in seen:
                advice = "rename one of them"
                yield problem(("select", index, "name"), "W202", name=quoted(column.name), advice=advice)
            seen.add(column.name)
            sheet, _ = column.reference
            place = ("select", index, "from")
            if sheet not in (self.left, self.right):
                left, right = quoted(self.left), quoted(self.right)
                yield problem(place, "W213", got=quoted(column.from_), left=left, right=right)
            elif self.how in ("semi", "anti") and sheet == self.right:
                advice = f"a {self.how} join gives columns of the left sheet only"
                yield problem(place, "W209", key=quoted(column.from_), other=f'"how": "{self.how}"', advice=advice)

    def written(self) -> dict[str, object]:
        """Write keys of equal name in the short form."""
        result = super().written()
        if self.on and all(key.left == key.right for key in self.on):
            result["on"] = [key.left for key in self.on]
        return result


# --- binding, schema, lineage, execution
