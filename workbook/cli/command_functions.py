"""``sheetline functions``: the list of functions, or all about one, with its examples computed now."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sheetline.workbook.cli.faults import print_json, session_of
from sheetline.workbook.cli.options import AsFormat, Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from sheetline.functions.columns import Column, Table
    from sheetline.functions.declare import Example, Function


def functions(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One function: all about it.")] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="WORDS", help="Those whose name or description has all words.")
    ] = None,
    category: Annotated[str | None, typer.Option("--category", metavar="C", help="Those of one category.")] = None,
    format_: AsFormat = Format.TEXT,
) -> None:
    """List the functions, or show one of them.

    The examples of one function are computed as you look."""
    as_json = format_ is Format.JSON
    session_of(ctx, json=as_json)
    from sheetline.functions.registry import REGISTRY

    if name is not None:
        if search is not None or category is not None:
            raise typer.BadParameter("a NAME goes with neither --search nor --category", param_hint="NAME")
        _print_one(_named(name), as_json)
        return
    chosen = _chosen(list(REGISTRY), search, category)
    if as_json:
        print_json([function.to_dict() for function in chosen])
    else:
        _print_list(chosen)


def _named(name: str) -> Function:
    from sheetline.formulas.suggest import closest
    from sheetline.functions.registry import REGISTRY

    found = REGISTRY.get(name)
    if found is None:
        near = closest(name.upper(), REGISTRY.names())
        advice = f"did you mean {' or '.join(near)}?" if near else "--search WORDS looks into descriptions"
        raise typer.BadParameter(f"there is no function '{name}': {advice}", param_hint="NAME")
    return found


def _chosen(every: Sequence[Function], search: str | None, category: str | None) -> list[Function]:
    known = list(dict.fromkeys(function.category for function in every))
    if category is not None:
        fitting = [one for one in known if one.casefold().startswith(category.casefold())]
        if not fitting:
            said = f"there is no category '{category}': the categories are {', '.join(sorted(known))}"
            raise typer.BadParameter(said, param_hint="--category")
        every = [function for function in every if function.category in fitting]
    words = (search or "").casefold().split()
    return [function for function in every if all(word in _searched(function) for word in words)]


def _searched(function: Function) -> str:
    return " ".join([function.name, *function.aliases, function.category, function.summary]).casefold()


def _print_list(chosen: Sequence[Function]) -> None:
    from sheetline.workbook.cli import show

    out = show.console()
    groups: dict[str, list[Function]] = {}
    for function in chosen:
        groups.setdefault(function.category, []).append(function)
    width = max((len(function.name) for function in chosen), default=0)
    for category in sorted(groups):
        show.print_line(out, category, "bold")
        for function in groups[category]:
            _wrapped(out, f"  {function.name:<{width}}  ", function.summary)
        show.print_line(out)
    show.print_line(out, show.counted(len(chosen), "function"), "dim")


def _wrapped(out: Console, before: str, words: str) -> None:
    """Print words behind a beginning, on a terminal in as many lines as they need."""
    from sheetline.workbook.cli import show

    if not out.is_terminal:
        show.print_line(out, before + words)
        return
    wide = max(out.width - 1, len(before) + 20)
    for line in textwrap.wrap(words, wide, initial_indent=before, subsequent_indent=" " * len(before)) or [before]:
        show.print_line(out, line)


# --- one function


def _print_one(function: Function, as_json: bool) -> None:
    facts = function.to_dict()
    if as_json:
        computed = [_example_json(example) for example in function.examples]
        print_json({**facts, "examples": [{**o, **c} for o, c in zip(facts["examples"], computed, strict=True)]})
        return
    from sheetline.workbook.cli import show

    out = show.console()
    for line in facts["signature"]:
        show.print_line(out, line, "bold")
    show.print_line(out)
    _wrapped(out, "", function.summary)
    if function.notes:
        _wrapped(out, "", function.notes)
    show.print_line(out)
    rows = [("category", function.category), ("kind", function.form.value), ("nulls", facts["nulls"])]
    rows += [("errors", facts["errors"])]
    rows += [("also", ", ".join(function.aliases))] * bool(function.aliases)
    rows += [("source", function.source)] * bool(function.source)
    for word, said in rows:
        _wrapped(out, f"{word:<10}", said)
    for example in function.examples:
        show.print_line(out)
        _print_example(out, example)


def _print_example(out: Console, example: Example) -> None:
    from sheetline.workbook.cli import cells, show

    table, result = _computed(example)
    if example.rows is None:
        shown = [cells.text(value, result.type, example.timezone) for value in result.to_list()]
        if result.errors is not None:
            for place, row in enumerate(result.errors.rows.tolist()):
                shown[row] = f"error {result.errors.code(place)}: {result.errors.message(place)}"
        show.print_line(out, f"{example.formula}  →  {', '.join(shown)}")
        return
    show.print_line(out, example.formula)
    for name, text in (example.formulas or {}).items():
        show.print_line(out, f"  with {name} = {text}")
    show.print_line(out, "  of the rows", "dim")
    from sheetline.functions.columns import Column
    from sheetline.functions.columns import Table as Columns

    given = Columns.of({name: Column.of(list(values)) for name, values in example.rows.items()})
    show.print_fields(out, show.table_fields(given, example.timezone), indent=4)
    show.print_line(out, "  gives", "dim")
    show.print_fields(out, show.table_fields(table, example.timezone), indent=4)


def _computed(example: Example) -> tuple[Table, Column]:
    """Evaluate an example now; return the formula sheet and its column Result."""
    from sheetline.formulas.api import environment
    from sheetline.formulas.bind import bind_sheet, require
    from sheetline.formulas.blocks import Workers
    from sheetline.formulas.bound import Scope
    from sheetline.formulas.evaluate import evaluate
    from sheetline.functions.columns import Column, Table

    columns = {name: Column.of(list(values)) for name, values in (example.rows or {}).items()}
    table = Table.of(columns) if columns else Table({}, 1)
    scope = Scope("Result", "Sheet", {"Sheet": table.types}, {}, {})
    env = environment(example.timezone, example.now or "1970-01-01T00:00:00Z", seed=7)
    bound = require(bind_sheet({**(example.formulas or {}), "Result": example.formula}, scope, env))
    with Workers(1) as workers:
        made = evaluate(bound, table, env, workers).table
    return made, made.columns["Result"]


def _example_json(example: Example) -> dict[str, Any]:
    from sheetline.workbook.cli.show import head_json

    table, _ = _computed(example)
    found = head_json(table, table.rows)
    return {"computed": [row["Result"] for row in found["head"]], "errors": found["errors"]}
