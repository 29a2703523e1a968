"""Join sheets: the rows of two sheets side by side where keys are equal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from sheetline.formulas import ast
from sheetline.formulas.bound import ROWS, BoundSheet, Reference
from sheetline.formulas.complain import CONVERTERS
from sheetline.formulas.evaluate import evaluate
from sheetline.functions.columns import Column, Table
from sheetline.functions.errors import Ints
from sheetline.functions.types import STRING, Type, widen
from sheetline.workbook.matching import Matching, dead_keys
from sheetline.workbook.model.base import Formula, Listed, Model, Name, SheetBase, fail
from sheetline.workbook.problems import Path, Problem, problem, quoted
from sheetline.workbook.relational import EXAMPLES, below, check_rows, examples, gather, refuse_open
from sheetline.workbook.rowmaps import RowMap, grouped
from sheetline.workbook.steps import (
    BindContext,
    Notice,
    Rows,
    RunContext,
    Schema,
    Step,
    StepResult,
    merged,
    with_role,
    with_rows,
)

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

    def rules(self) -> Iterator[Problem]:
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

    def formula_texts(self) -> Iterator[tuple[Path, str]]:
        """The keys that refer to columns as formulas do; others may be just the name of a column."""
        for index, key in enumerate(self.on):
            for side, text in (("left", key.left), ("right", key.right)):
                if "#" in text:
                    yield ("on", index, side), text

    def bind(self, ctx: BindContext) -> Step | None:
        """Bind the keys, and name the columns of the result."""
        before = len(ctx.found)
        refuse_open(ctx, ("left",), self.left)
        refuse_open(ctx, ("right",), self.right)
        pairs = [self._pair(ctx, index, key) for index, key in enumerate(self.on)]
        keys = [pair for pair in pairs if pair is not None]
        outputs = self._selected(ctx) if self.select else self._all(ctx, keys)
        if len(ctx.found) > before or len(keys) < len(self.on):
            return None
        schema = {name: self._type(ctx, output) for name, output in outputs.items()}
        return JoinStep(self.name, schema, self.left, self.right, self.how, tuple(keys), outputs, self.expect)

    def _pair(self, ctx: BindContext, index: int, key: JoinKey) -> KeyPair | None:
        """Bind the two sides of a key; types that can't be equal are reported."""
        short = key.left == key.right  # written as one name
        left = self._side(ctx, ("on", index) if short else ("on", index, "left"), key.left, self.left)
        right = self._side(ctx, ("on", index) if short else ("on", index, "right"), key.right, self.right)
        if left is None or right is None:
            return None
        if widen(left.type, right.type) is None:
            to = right.type if left.type == STRING else left.type
            advice = f"convert one of them with {CONVERTERS[str(to)]}" if str(to) in CONVERTERS else ""
            ctx.complain(
                ("on", index),
                "W233",
                one=f"key {quoted(key.left)} of {quoted(self.left)}",
                one_type=left.type,
                other=f"key {quoted(key.right)} of {quoted(self.right)}",
                other_type=right.type,
                why="they are never equal",
                advice=advice,
            )
            return None
        return KeyPair(left, right)

    def _side(self, ctx: BindContext, path: Path, text: str, sheet: str) -> Key | None:
        """Bind one side: the name of a column, or else a formula; a formula of a column alone is that column."""
        schema = ctx.schemas[sheet]
        if text in schema or ast.is_bare_name(text):
            type_ = ctx.column(path, text, sheet)
            return None if type_ is None else Key(sheet, type_, text, None)
        bound = ctx.formula(path, text, sheet, "the key of a join")
        if bound is None:
            return None
        node = bound.columns["Result"]
        return Key(sheet, node.type, node.name, None) if node.op == "input" else Key(sheet, node.type, None, bound)

    def _selected(self, ctx: BindContext) -> dict[str, Output]:
        """Return the columns that are selected: each is exactly the column of the sheet that it names."""
        found: dict[str, Output] = {}
        for index, column in enumerate(self.select or ()):
            sheet, name = column.reference
            if ctx.column(("select", index, "from"), name, sheet) is not None:
                found[column.name] = Output("left" if sheet == self.left else "right", name)
        return found

    def _all(self, ctx: BindContext, keys: Sequence[KeyPair]) -> dict[str, Output]:
        """Return all columns: left ones, then right ones; keys of equal name once, other equal names with sheet."""
        left, right = ctx.schemas[self.left], ctx.schemas[self.right]
        if self.how in ("semi", "anti"):
            return {name: Output("left", name) for name in left}
        merged_keys = {pair.left.column for pair in keys if pair.left.column == pair.right.column} - {None}
        key_side: Side = {"right": "right", "outer": "either"}.get(self.how, "left")  # type: ignore[assignment]
        columns: list[tuple[str, Output]] = []
        for name in left:
            if name in merged_keys:
                columns.append((name, Output(key_side, name)))
            else:
                columns.append((f"{self.left}.{name}" if name in right else name, Output("left", name)))
        columns += [
            (f"{self.right}.{name}" if name in left else name, Output("right", name))
            for name in right
            if name not in merged_keys
        ]
        found: dict[str, Output] = {}
        for name, output in columns:
            if name in found:
                why = "columns that both sheets have are named with their sheet"
                ctx.complain((), "W234", name=quoted(name), why=why, advice="name the columns under 'select'")
            found[name] = output
        return found

    def _type(self, ctx: BindContext, output: Output) -> Type:
        left, right = ctx.schemas[self.left], ctx.schemas[self.right]
        if output.side == "either":
            type_ = widen(left[output.column], right[output.column])
            assert type_ is not None, "checked when the key was bound"
            return type_
        return (left if output.side == "left" else right)[output.column]


Side = Literal["left", "right", "either"]


@dataclass(frozen=True, slots=True)
class Output:
    """A column of the result: the column of one side, or of the side that has the row ("either")."""

    side: Side
    column: str


@dataclass(frozen=True, slots=True)
class Key:
    """One side of a key: a column, or a bound formula over the sheet."""

    sheet: str
    type: Type
    column: str | None
    bound: BoundSheet | None

    def inputs(self) -> dict[str, set[str]]:
        """What the key reads."""
        if self.bound is None:
            return {self.sheet: {self.column or ""}}
        return self.bound.inputs()

    def references(self) -> list[Reference]:
        """What the key reads, as what decides about rows."""
        if self.bound is None:
            return [Reference(self.sheet, self.column or "", "join")]
        return with_role(self.bound, "join")

    def values(self, tables: Mapping[str, Table], ctx: RunContext) -> Column:
        """The key of every row."""
        table = tables[self.sheet]
        if self.bound is None:
            return table.columns[self.column or ""]
        done = evaluate(self.bound, table, ctx.env, ctx.workers, others=ctx.others)
        return done.table.columns["Result"]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Two keys that must be equal."""

    left: Key
    right: Key


@dataclass(frozen=True, slots=True)
class JoinStep(Step):
    """A join, bound: the keys, and where each column of the result is from."""

    name: str
    schema: Schema
    left: str
    right: str
    how: How
    keys: tuple[KeyPair, ...]
    outputs: Mapping[str, Output]
    expect: Expectation | None

    def needs(self, columns: Sequence[str]) -> dict[str, set[str]]:
        """The columns of the sides that they have them from, and what the keys read."""
        found: dict[str, set[str]] = {self.left: set(), self.right: set()}
        for name in columns:
            output = self.outputs[name]
            for side, sheet in (("left", self.left), ("right", self.right)):
                if output.side in (side, "either"):
                    found[sheet].add(output.column)
        return merged(found, *(key.inputs() for pair in self.keys for key in (pair.left, pair.right)))

    def references(self, column: str) -> list[Reference]:
        """The column of the side, or of both; the keys of both sides, or all their rows, decide about every row."""
        own: list[Reference] = []
        if column != ROWS:
            output = self.outputs[column]
            sides = {"left": [self.left], "right": [self.right], "either": [self.left, self.right]}[output.side]
            own = [Reference(sheet, output.column, "value") for sheet in sides]
        deciding = [ref for pair in self.keys for key in (pair.left, pair.right) for ref in key.references()]
        return with_rows([*own, *deciding], [self.left, self.right], "join")

    def rows_from(self, inputs: Mapping[str, Rows]) -> Rows:
        """Those of the left side where each matches one row at most; a product; else a guess."""
        left, right = inputs[self.left], inputs[self.right]
        if self.how == "cross":
            return Rows(left.number * right.number, left.sure and right.sure)
        single = self.expect in ("one-to-one", "many-to-one")
        if self.how == "left" and single:
            return left
        return Rows(left.number if single else max(left.number, right.number), sure=False)

    def run(self, tables: Mapping[str, Table], columns: Sequence[str], ctx: RunContext) -> StepResult:
        """Match the rows and put their columns side by side."""
        left, right = tables[self.left], tables[self.right]
        if self.how == "cross":
            product = self._product(left.rows, right.rows, columns, ctx)
            return StepResult(self._side_by_side(tables, columns, *product, ctx), maps=self._maps(*product, ctx))
        keys_left = [pair.left.values(tables, ctx) for pair in self.keys]
        keys_right = [pair.right.values(tables, ctx) for pair in self.keys]
        once_left = self.expect in ("one-to-one", "one-to-many")  # then keys that match nothing are told apart too
        matching = Matching.of(keys_left, keys_right, ctx.workers, lonely_left=once_left)
        notices = [
            *dead_keys(self.left, keys_left),
            *dead_keys(self.right, keys_right),
            *self._expectation(matching, keys_left, keys_right, ctx),
        ]
        if self.how in ("semi", "anti"):
            rows = np.flatnonzero((matching.hits > 0) == (self.how == "semi"))
            names = [self.outputs[name].column for name in columns]
            taken = gather(left, names, rows, ctx.workers)
            table = Table({name: taken[self.outputs[name].column] for name in columns}, len(rows))
            return StepResult(table, tuple(notices), maps=self._half_maps(matching, rows, ctx))
        rows_left, rows_right, lonely = self._rows(matching, left.rows, right.rows, columns, ctx)
        notices += self._fan_out(matching, keys_left, ctx)
        if lonely is not None and len(lonely):
            rows_left = np.arange(left.rows) if rows_left is None else rows_left
            rows_left = np.concatenate((rows_left, np.full(len(lonely), -1, np.int64)))
            rows_right = np.concatenate((rows_right, lonely))
        table = self._side_by_side(tables, columns, rows_left, rows_right, ctx)
        return StepResult(table, tuple(notices), maps=self._maps(rows_left, rows_right, ctx))

    def _maps(self, left: Ints | None, right: Ints, ctx: RunContext) -> tuple[RowMap, ...]:
        if not ctx.trace:
            return ()
        return RowMap(self.left, np.arange(len(right)) if left is None else left), RowMap(self.right, right)

    def _half_maps(self, matching: Matching, rows: Ints, ctx: RunContext) -> tuple[RowMap, ...]:
        """Return the maps of a semi or anti join: the row itself, and the rows that it matches."""
        if not ctx.trace:
            return ()
        codes = np.where(matching.right < 0, matching.count, matching.right)  # those match nothing
        matches = grouped(self.right, codes, matching.count + 1, matching.left[rows], "matching rows")
        return RowMap(self.left, rows), matches

    def _product(self, left: int, right: int, columns: Sequence[str], ctx: RunContext) -> tuple[Ints, Ints]:
        """Return every row with every row, after checking how many these are."""
        sizes = {self.left: left, self.right: right}
        why = "every row of one meets every row of the other,"
        check_rows(self.name, left * right, sizes, why=why, advice='Give keys under "on", or filter first.')
        self._expect(left * right, columns, ctx)
        return np.repeat(np.arange(left), right), np.tile(np.arange(right), left)

    def _rows(
        self, matching: Matching, left: int, right: int, columns: Sequence[str], ctx: RunContext
    ) -> tuple[Ints | None, Ints, Ints | None]:
        """Return the matching rows, with -1 for the missing side, and the unmatched right rows that stand last.

        The left rows are None where they are all in order.
        """
        keep_left = self.how in ("left", "outer")
        lonely = matching.lonely_right() if self.how in ("right", "outer") else None
        last = 0 if lonely is None else len(lonely)
        if matching.single:  # no more rows than those that go in
            found = matching.partners(keep_left=keep_left)
            self._expect(len(found[1]) + last, columns, ctx)
            return *found, lonely
        total = matching.total(keep_left=keep_left) + last
        why = "keys repeat on both sides of"
        advice = "Make the keys of one side unique, with a distinct or an aggregate sheet, or join on more columns."
        check_rows(self.name, total, {self.left: left, self.right: right}, why=why, advice=advice)
        self._expect(total, columns, ctx)
        return *matching.partners(keep_left=keep_left), lonely

    def _expect(self, rows: int, columns: Sequence[str], ctx: RunContext) -> None:
        if ctx.guard is not None:
            ctx.guard.expect(self.name, rows, [self.schema[name] for name in columns])

    def _side_by_side(
        self, tables: Mapping[str, Table], columns: Sequence[str], left: Ints | None, right: Ints, ctx: RunContext
    ) -> Table:
        """Return the columns of both sides at their rows; row -1 gives nulls, None stands for all rows in order."""
        sides: tuple[tuple[Side, str, Ints | None], ...] = (("left", self.left, left), ("right", self.right, right))
        made: dict[str, Column] = {}
        for side, sheet, rows in sides:
            names = [name for name in columns if self.outputs[name].side == side]
            needed = dict.fromkeys(self.outputs[name].column for name in names)
            if needed:
                taken = gather(tables[sheet], needed, rows, ctx.workers, missing=True)
                made.update({name: taken[self.outputs[name].column] for name in names})
        shared = [name for name in columns if self.outputs[name].side == "either"]
        if shared:
            own = np.arange(len(right)) if left is None else left
            either = np.where(own >= 0, own, right + tables[self.left].rows)
            for name in shared:
                one, two = (tables[sheet].columns[self.outputs[name].column] for sheet in (self.left, self.right))
                made[name] = below(one, two).take(either)
        return Table({name: made[name] for name in columns}, len(right))

    # --- what is reported

    def _expectation(
        self, matching: Matching, left: Sequence[Column], right: Sequence[Column], ctx: RunContext
    ) -> Iterator[Notice]:
        """Report keys that repeat on a side where they are expected once; those that match nothing count too."""
        sides = {
            "left": (self.left, matching.left, left),
            "right": (self.right, matching.right, right),
        }
        single = {"one-to-one": ("left", "right"), "one-to-many": ("left",), "many-to-one": ("right",)}
        for side in single.get(self.expect or "", ()):
            sheet, codes, columns = sides[side]
            sizes = matching.left_sizes if side == "left" else matching.right_sizes
            if sizes.max() > 1:
                rows = matching.repeated(codes, sizes)
                words = f"the join is expected to be {self.expect}, but keys repeat in {quoted(sheet)}"
                yield Notice("broken", words, len(rows), examples(columns, rows, ctx.env))

    def _fan_out(self, matching: Matching, left: Sequence[Column], ctx: RunContext) -> Iterator[Notice]:
        """Report left rows that stand several times; a warning where keys repeat on both sides, unless expected."""
        if matching.single:
            return
        rows, count, few = matching.fan_out(EXAMPLES)
        if rows == 0:
            return
        both = matching.repeats_on_both()
        words = (
            f"{rows:,} rows of {quoted(self.left)} match several rows of {quoted(self.right)} each, "
            f"and give {count:,} rows" + ("; the same keys repeat in both sheets" if both else "")
        )
        severity = "warning" if both and self.expect != "many-to-many" else "info"
        yield Notice(severity, words, rows, examples(left, few, ctx.env))
