"""Random workbooks with random data: 4 to 10 sheets of all kinds, with formulas of all kinds, always valid.

``random_workbook(rng)`` gives a workbook and the frames of its sources; ``perturbed`` gives other data for one column.
The same state of the generator gives the same workbook. Nothing in them depends on the clock or on chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

import sheetline as sl
from sheetline.formulas import ast
from sheetline.formulas.diagnostics import WorkbookError
from sheetline.formulas.printer import print_formula
from sheetline.workbook.planning import Plan

Frames = dict[str, pa.Table]
KINDS = ("formulas", "filter", "sort", "join", "union", "distinct", "pivot", "unpivot", "sample")
MOST_ROWS = 1_500
WORDS = ("a", "b", "c", "a b", "b c d", "")
TYPES = {
    "id": pa.int64(),
    "n": pa.int64(),
    "x": pa.float64(),
    "y": pa.float64(),
    "k": pa.large_string(),
    "s": pa.large_string(),
    "t": pa.timestamp("us"),
    "b": pa.bool_(),
    "l": pa.large_list(pa.int64()),
}


def random_workbook(
    rng: np.random.Generator, *, kind: str | None = None, errors: str | None = None
) -> tuple[sl.Workbook, Frames]:
    """Return a workbook with the frames of its sources.

    Args:
        rng: what chooses.
        kind: one of its sheets is of that kind.
        errors: its ``errors.mode``; keep or drop at random without it.
    """
    return _Maker(rng).make(kind, errors)


def perturbed(rng: np.random.Generator, frames: Mapping[str, pa.Table], sheet: str, column: str) -> Frames:
    """Return the frames with other values or nulls in one column; its type stays."""
    table = frames[sheet]
    old = table[column].combine_chunks()
    values = old.to_pylist()
    how = int(rng.integers(4))
    if how == 0:
        values = [values[place] for place in rng.permutation(len(values))]
    elif how == 1:
        values = [None if rng.random() < 0.5 else value for value in values]
    elif how == 2:
        values = random_values(rng, column, len(values)).to_pylist()
    else:  # one row only
        values[int(rng.integers(len(values)))] = random_values(rng, column, 1).to_pylist()[0]
    place = table.column_names.index(column)
    return {**frames, sheet: table.set_column(place, column, pa.array(values, old.type))}


def random_values(rng: np.random.Generator, name: str, rows: int) -> pa.Array:
    """Return values for a column of a source; a fifth of them null."""
    made: list[Any]
    if name == "id":
        made = list(range(rows)) if rng.random() < 0.5 else rng.integers(0, rows, rows).tolist()
    elif name == "n":
        made = rng.integers(-1, 4, rows).tolist()
    elif name in ("x", "y"):
        made = (rng.integers(-6, 12, rows) / 4).tolist()
    elif name in ("k", "s"):
        made = [WORDS[place] for place in rng.integers(0, 3 if name == "k" else len(WORDS), rows)]
    elif name == "t":
        made = [int(day) * 43_200_000_000 for day in rng.integers(0, 20, rows)]
    elif name == "b":
        made = (rng.random(rows) < 0.5).tolist()
    else:
        made = [rng.integers(0, 5, int(size)).tolist() for size in rng.integers(0, 4, rows)]
    shown = rng.random(rows) < 0.2
    return pa.array([None if null else one for null, one in zip(shown, made, strict=True)], TYPES[name])


@dataclass
class _Maker:
    rng: np.random.Generator
    book: Any = None
    frames: Frames = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    plan: Plan | None = None
    number: int = 0

    def make(self, kind: str | None, mode: str | None) -> tuple[sl.Workbook, Frames]:
        rng = self.rng
        mode = mode or ("drop" if rng.random() < 0.3 else "keep")
        self.book = sl.Workbook("Random", errors=mode, parameters={"p": 2})
        for name in ("One", "Two")[: 1 if rng.random() < 0.2 else 2]:
            rows = int(rng.integers(5, 14))
            columns = [c for c in TYPES if rng.random() < 0.8] or ["x"]
            self.frames[name] = pa.table({c: random_values(rng, c, rows) for c in columns})
            self.book = self.book.source(name, type="frame")
            self.sizes[name] = rows
        self._planned()
        wanted = int(rng.integers(3, 9))
        must = [kind] if kind else []
        tries = 0
        while len(self.book.sheets) < len(self.frames) + wanted and tries < 200:
            tries += 1
            self._add(must[0] if must and tries < 150 else str(rng.choice(KINDS, p=_CHANCES)))
            if must and self.book.sheets[-1].kind == kind:
                must = []
        for sheet in self.book.sheets[-2:]:
            if rng.random() < 0.5:
                self.book = self.book.output(sheet.name, f"{sheet.name}.csv")
        return self.book, self.frames

    # --- small choices

    def _pick(self, some: Sequence[Any]) -> Any:
        return some[int(self.rng.integers(len(some)))]

    def _some(self, some: Sequence[Any], least: int = 1, most: int = 3) -> list[Any]:
        many = min(len(some), int(self.rng.integers(least, most + 1)))
        return [some[place] for place in sorted(self.rng.permutation(len(some))[:many])]

    def _planned(self) -> None:
        self.plan = self.book.plan(sources=self.frames)

    def _columns(self, sheet: str, *types: str) -> list[str]:
        assert self.plan is not None
        schema = self.plan.steps[sheet].schema
        return [name for name, type_ in schema.items() if not types or str(type_) in types]

    def _ref(self, sheet: str, *types: str) -> str:
        """A reference to a column of a type; a constant where there is none."""
        names = self._columns(sheet, *types)
        if not names:
            return {"string": '"a"', "boolean": "true", "date": 'ASDATE("2024-01-01")'}.get((types or ("",))[0], "2")
        return print_formula(ast.ColumnRef(self._pick(names), sheet))

    # --- sheets

    def _add(self, kind: str) -> None:
        self.number += 1
        name = f"S{self.number}"
        base = self._pick(list(self.sizes))
        before, size = self.book, self.sizes[base]
        try:
            made = getattr(self, f"_{kind}")(name, base, size)
            if made is None:
                return
            self.book, self.sizes[name] = made
            if self.sizes[name] > MOST_ROWS:
                raise _TooLargeError
            self._planned()
        except (WorkbookError, _TooLargeError):
            self.book = before
            self.sizes.pop(name, None)

    def _formulas(self, name: str, base: str, size: int) -> tuple[Any, int]:
        shape = self._pick(["row", "row", "aggregate", "series"])
        formulas, factor = getattr(self, f"_{shape}_formulas")(base)
        copy: Any = shape != "aggregate" and self._pick([False, True, self._some(self._columns(base))])
        return self.book.formulas(name, of=base, columns=formulas, copy=copy), size * factor

    def _row_formulas(self, base: str) -> tuple[dict[str, str], int]:
        formulas: dict[str, str] = {}
        for number in range(int(self.rng.integers(1, 5))):
            formulas[f"c{number}"] = self._row_formula(base, formulas)
        if self.rng.random() < 0.2:
            formulas["e"] = self._expansion(base)
            return formulas, 4
        return formulas, 1

    def _expansion(self, base: str) -> str:
        makers = [
            f"EXPAND({self._ref(base, 'list<integer>')})" if self._columns(base, "list<integer>") else "EXPAND([1;2])",
            f'EXPAND_SPLIT({self._ref(base, "string")};" ")',
            f"EXPAND_RANGE(1;MIN(3;{self._ref(base, 'integer')}))",
        ]
        return str(self._pick(makers))

    def _row_formula(self, base: str, own: Mapping[str, str]) -> str:
        def number() -> str:
            return self._ref(base, "float", "integer")

        def text() -> str:
            return self._ref(base, "string")

        makers: list[Callable[[], str]] = [
            lambda: f"{number()} + {number()}",
            lambda: f"{number()} / {self._ref(base, 'integer')}",
            lambda: f"IFERROR({number()} / {number()};-1)",
            lambda: f"IF({self._ref(base, 'boolean')};{number()};{number()})",
            lambda: f'COALESCE({text()};"none")',
            lambda: f"UPPER({text()}) & {text()}",
            lambda: f"{number()} > $p",
            lambda: f"{self._ref(base, 'date')} + 1d",
            lambda: f"ISNULL({self._ref(base)})",
            lambda: f"INT({text()})",
            lambda: f"10 / {self._ref(base, 'integer')}",
            lambda: f"SQRT({number()})",
            lambda: "7",
            lambda: "ROWNUMBER()",
            lambda: f"COLRANK({number()})",
            lambda: f"{number()} - COLAVERAGE({number()})",
            lambda: f"COLPREVIOUS({self._ref(base)})",
            lambda: f"COLFREQUENCY({self._ref(base)})",
            lambda: f"COLCOUNT({self._ref(base)})",
            lambda: self._lookup(base),
            lambda: self._lookup(base),
            lambda: f"COALESCE(#{self._pick(list(own))};null)" if own else f"ABS({number()})",
            lambda: f"[#{self._pick(list(own))};#{self._pick(list(own))}]" if own else f"[{number()}]",
        ]
        return self._pick(makers)()  # type: ignore[no-any-return]

    def _lookup(self, base: str) -> str:
        other = self._pick(list(self.sizes))
        type_ = self._pick(["string", "integer", "date"])
        key, keys = self._ref(base, type_), self._ref(other, type_)
        return str(
            self._pick(
                [
                    f"LOOKUP({key};{keys};{self._ref(other)})",
                    f"LOOKUPCOUNT({key};{keys})",
                    f"EXISTS({key};{keys})",
                    f"COLMAX({self._ref(other, 'float', 'integer')})",
                ]
            )
        )

    def _keys(self, base: str) -> dict[str, str]:
        makers = [
            f"GROUPBY({self._ref(base, 'string', 'integer', 'boolean')})",
            f"GROUPBY({self._ref(base, 'string', 'date')})",
            f"GROUPBYBIN({self._ref(base, 'float', 'integer')};2)",
            f"GROUPBYGAP({self._ref(base, 'date', 'integer')};{self._pick([1, 86_400_000])})",
            f"GROUPBY({self._ref(base, 'float', 'integer')} > 1)",
        ]
        return {f"k{number}": str(key) for number, key in enumerate(self._some(makers, 1, 2))}

    def _aggregate_formulas(self, base: str) -> tuple[dict[str, str], int]:
        formulas = self._keys(base) if self.rng.random() < 0.85 else {}
        number = self._ref(base, "float", "integer")
        for place in range(int(self.rng.integers(1, 4))):
            makers = [
                f"GROUPSUM({number})",
                f"GROUPAVERAGE({self._ref(base, 'float', 'integer')} + 1)",
                "GROUPCOUNT()",
                f"GROUPCOUNTIF({number} > {self._ref(base, 'float', 'integer')})",
                f"GROUPFIRST({self._ref(base)};{self._ref(base, 'integer', 'float', 'date')})",
                f"GROUPMAX({self._ref(base, 'string', 'date')})",
                f"GROUPCONCAT({self._ref(base, 'string')})",
                f"GROUPPERCENTILE({number};50)",
                f"GROUPANY({self._ref(base)})",
            ]
            formulas[f"a{place}"] = str(self._pick(makers))
        if self.rng.random() < 0.4:
            formulas["r"] = self._pick(["COALESCE(#a0;null)", "ISNULL(#a0)"])
        if self.rng.random() < 0.3:
            formulas["w"] = self._pick(["COLCOUNT(#a0)", "COLFREQUENCY(#a0)", "ROWNUMBER()", "5"])
        if self.rng.random() < 0.1:
            formulas["e"] = "EXPAND([#a0;#a0])"
        return formulas, 2

    def _series_formulas(self, base: str) -> tuple[dict[str, str], int]:
        formulas = self._keys(base)
        if self.rng.random() < 0.5:
            sort = self._pick(["GROUP_SORT_ASC", "GROUP_SORT_DESC"])
            formulas["o"] = f"{sort}({self._ref(base, 'integer', 'float', 'date', 'string')})"
        for place in range(int(self.rng.integers(1, 4))):
            makers = [
                f"GROUP_PREVIOUS({self._ref(base)})",
                f"GROUP_CUMSUM({self._ref(base, 'float', 'integer')})",
                "GROUPROWNUMBER()",
                f"GROUP_RANK({self._ref(base, 'float', 'integer')})",
                f"GROUP_DIFF({self._ref(base, 'float', 'integer')})",
                f"GROUP_SHARE({self._ref(base, 'float', 'integer')})",
                self._ref(base),
                f"COALESCE({self._ref(base)};null)",
            ]
            formulas[f"s{place}"] = str(self._pick(makers))
        chance = self.rng.random()
        if chance < 0.15:
            formulas["top"] = f"GROUPTOPN({self._ref(base, 'float', 'integer')};2)"
        elif chance < 0.3:
            formulas["path"] = f"GROUP_PATH({self._ref(base, 'string')})"
        elif chance < 0.4:
            formulas["e"] = self._expansion(base)
        return formulas, 4 if chance < 0.4 else 1

    def _filter(self, name: str, base: str, size: int) -> tuple[Any, int]:
        where = [
            f"{self._ref(base, 'float', 'integer')} > 0",
            f"ISNOTNULL({self._ref(base)})",
            f"{self._ref(base, 'boolean')} || {self._ref(base, 'integer')} / {self._ref(base, 'integer')} > 1",
            "ROWNUMBER() <= 6",
            f"COLRANK({self._ref(base, 'float', 'integer')}) < 5",
            self._lookup(base),
        ]
        if self.rng.random() < 0.3:
            conditions = [{"column": self._pick(self._columns(base)), "op": self._pick(["isNull", "isNotNull"])}]
            return self.book.filter(name, of=base, conditions=conditions), size
        return self.book.filter(name, of=base, where=str(self._pick(where))), size

    def _sort(self, name: str, base: str, size: int) -> tuple[Any, int]:
        by: list[dict[str, Any]] = []
        for _ in range(int(self.rng.integers(1, 3))):
            key: dict[str, Any] = {"column": self._pick(self._columns(base))}
            if self.rng.random() < 0.3:
                key = {"formula": self._row_formula(base, {})}
            by.append({**key, "order": self._pick(["asc", "desc"])})
        cut: dict[str, Any] = {"limit": 5, "offset": 1} if self.rng.random() < 0.4 else {}
        return self.book.sort(name, of=base, by=by, **cut), size

    def _join(self, name: str, base: str, size: int) -> tuple[Any, int] | None:
        other = self._pick([sheet for sheet in self.sizes if sheet != base] or [""])
        if not other:
            return None
        how = self._pick(["inner", "left", "right", "outer", "semi", "anti", "cross"])
        rows = size * self.sizes[other] + size + self.sizes[other]
        if how == "cross":
            return self.book.join(name, left=base, right=other, how=how), rows
        on: list[Any] = []
        for _ in range(int(self.rng.integers(1, 3))):
            type_ = self._pick(["string", "integer", "date", "boolean"])
            left, right = self._columns(base, type_), self._columns(other, type_)
            if not left or not right:
                continue
            shared = [column for column in left if column in right]
            if shared and self.rng.random() < 0.5:
                on.append(self._pick(shared))
            elif type_ == "integer":
                on.append({"left": f"{self._ref(base, type_)} + 1", "right": self._pick(right)})
            else:
                on.append({"left": self._pick(left), "right": self._pick(right)})
        if not on:
            return None
        select = None
        if self.rng.random() < 0.4:
            sides = [base] if how in ("semi", "anti") else [base, other]
            chosen = [(sheet, column) for sheet in sides for column in self._some(self._columns(sheet))]
            select = {
                f"j{place}": print_formula(ast.ColumnRef(column, sheet)) for place, (sheet, column) in enumerate(chosen)
            }
        return self.book.join(name, left=base, right=other, how=how, on=on, select=select), rows

    def _union(self, name: str, base: str, size: int) -> tuple[Any, int]:
        others = self._some(list(self.sizes), 1, 2)
        origin = "origin" if self.rng.random() < 0.5 else None
        made = self.book.union(
            name, of=[base, *others], match=self._pick(["name", "name", "position"]),
            distinct=bool(self.rng.random() < 0.3), origin=origin,
        )  # fmt: skip
        return made, size + sum(self.sizes[other] for other in others)

    def _distinct(self, name: str, base: str, size: int) -> tuple[Any, int]:
        columns = None if self.rng.random() < 0.4 else self._some(self._columns(base))
        return self.book.distinct(name, of=base, columns=columns, keep=self._pick(["first", "last"])), size

    def _pivot(self, name: str, base: str, size: int) -> tuple[Any, int]:
        column = self._pick(self._columns(base, "string", "integer", "boolean") or self._columns(base))
        rows = [one for one in self._some(self._columns(base)) if one != column]
        values = {"v": f"GROUPSUM({self._ref(base, 'float', 'integer')})"}
        if self.rng.random() < 0.5:
            values["w"] = "GROUPCOUNT()"
        expected = None
        if self.rng.random() < 0.6:
            expected = {True: ["a", "b"], False: [1, 2, 3]}[column in self._columns(base, "string")]
        return self.book.pivot(name, of=base, rows=rows, column=column, values=values, expected=expected), size

    def _unpivot(self, name: str, base: str, size: int) -> tuple[Any, int]:
        type_ = self._pick([("float", "integer"), ("string",), ("date",)])
        columns = self._some(self._columns(base, *type_) or self._columns(base))
        keep = self._some([one for one in self._columns(base) if one not in columns] or [""])
        made = self.book.unpivot(
            name, of=base, columns=columns, keep=[one for one in keep if one], drop_nulls=bool(self.rng.random() < 0.5)
        )
        return made, size * len(columns)

    def _sample(self, name: str, base: str, size: int) -> tuple[Any, int]:
        by = self._some(self._columns(base), 1, 1) if self.rng.random() < 0.5 else None
        how: dict[str, Any] = {"rows": 4} if self.rng.random() < 0.5 else {"fraction": 0.5}
        return self.book.sample(name, of=base, by=by, seed=int(self.rng.integers(5)), **how), size


_WEIGHTS = [5, 2, 2, 2, 2, 1, 1.5, 1.5, 1]
_CHANCES = [weight / sum(_WEIGHTS) for weight in _WEIGHTS]


class _TooLargeError(Exception):
    """The sheet could have too many rows for a quick test."""
