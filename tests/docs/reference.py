"""The reference of functions in docs/functions/, made from the declarations and the catalogue's list of names.

``python tests/docs/reference.py`` writes the pages, and functions/homes.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homes import FILE as HOMES
from homes import homes_text

from sheetline.functions.columns import Column
from sheetline.functions.declare import Example, Failure, Function
from sheetline.functions.registry import REGISTRY
from sheetline.workbook.cli import cells
from sheetline.workbook.cli.command_functions import _computed

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "functions"
CATALOGUE = Path(__file__).parents[1] / "spec" / "catalogue.txt"
DIFFERENCES = DOCS / "differences.md"
MADE = "<!-- Made from the declarations by tests/docs/reference.py: change those, not this page. -->\n\n"


def slug(category: str) -> str:
    """Return the file name of a category's page."""
    return re.sub(r"[^a-z]+", "-", category.lower()).strip("-")


def anchor(name: str) -> str:
    """Return the anchor of a function on its page."""
    return name.lower()


def link(function: Function, shown: str | None = None, folder: str = "") -> str:
    """Return a link to a function."""
    return f"[{shown or function.name}]({folder}{slug(function.category)}.md#{anchor(function.name)})"


def pages() -> dict[str, str]:
    """Return all pages by file name."""
    functions = [function for function in REGISTRY if function.category != "user"]
    categories = sorted({function.category for function in functions}, key=str.casefold)
    made = {
        f"{slug(category)}.md": category_page(category, [f for f in functions if f.category == category])
        for category in categories
    }
    made["README.md"] = index_page(functions, categories)
    made["coverage.md"] = coverage_page()
    return made


def category_page(category: str, functions: list[Function]) -> str:
    """Return the page of one category."""
    lines = [MADE + f"# {category[0].upper()}{category[1:]}", "", "[All functions](README.md)", ""]
    lines += [f"- {link(function)}: {plain(function.summary)}" for function in functions]
    for function in functions:
        lines += ["", f"## {function.name}", "", *entry(function)]
    return "\n".join(lines) + "\n"


def entry(function: Function) -> Iterator[str]:
    """Yield the lines of one function."""
    facts = function.to_dict()
    yield "```text"
    yield from facts["signature"]
    yield "```"
    yield ""
    yield plain(function.summary)
    if function.notes:
        yield ""
        yield plain(function.notes)
    yield ""
    if function.aliases:
        yield f"- Also called: {', '.join(function.aliases)}"
    yield f"- Kind: {function.form.value}"
    yield f"- Nulls: {plain(facts['nulls'])}"
    yield f"- Errors: {plain(facts['errors'])}"
    if function.source:
        yield f"- Source: {plain(function.source)}"
    yield ""
    yield "```text"
    for example in function.examples:
        yield from shown(example)
    yield "```"


def shown(example: Example) -> Iterator[str]:
    """Yield an example and its result as the declaration gives it; errors with the message that they have now."""
    if example.rows is None:
        yield f"{example.formula}  →  {_values(example)}"
        return
    yield example.formula
    for name, formula in (example.formulas or {}).items():
        yield f"    with {name} = {formula}"
    for name, values in example.rows.items():
        column = Column.of(list(values))
        yield f"    of   {name}: {'; '.join(cells.text(v, column.type, example.timezone) for v in column.to_list())}"
    yield f"    →    {_values(example)}"


def _values(example: Example) -> str:
    listed = example.result if isinstance(example.result, list) and example.rows is not None else [example.result]
    _, made = _computed(example)
    errors = {} if made.errors is None else dict(zip(made.errors.rows.tolist(), range(len(made.errors)), strict=True))
    texts = [cells.text(value, made.type, example.timezone) for value in made.to_list()]
    out = []
    for row, value in enumerate(listed):
        if isinstance(value, Failure):
            assert made.errors is not None, example.formula
            out.append(f"error {value.code}: {made.errors.message(errors[row])}")
        elif isinstance(value, float) and example.digits is not None:
            out.append(f"{value:g}…" if row in errors else f"{value!r}…")
        else:
            out.append(_declared(value, texts[row]))
    return "; ".join(out)


def _declared(value: Any, computed: str) -> str:
    """Return a float as the declaration writes it: its last digit may be another on another processor."""
    return repr(value) if isinstance(value, float) and not value.is_integer() else computed


def index_page(functions: list[Function], categories: list[str]) -> str:
    """Return the index: categories, and every name and alias from A to Z."""
    lines = [MADE + "# Functions", ""]
    lines += [
        (
            f"{len(functions)} functions, {sum(len(f.aliases) for f in functions)} further names for them. "
            "`sheetline functions NAME` shows the same in a terminal, `sheetline functions --search WORDS` looks for "
            "one. How arguments, nulls and errors work in general stands in [the language](../language.md); where a "
            "function knowingly differs from others of its name, in [differences](../differences.md); what is there "
            "and what is not, in [coverage](coverage.md)."
        ),
        "",
        (
            "In a signature `[name:type=default]` may be left out, `name:type...` may stand several times, and `const` "
            "wants a constant. `num` is any number, `whole` an integer that may be given as a float, whose fraction is "
            "cut off; `int` is an integer and nothing else. `T` is the type of the arguments marked so."
        ),
        "",
        "| category | functions |",
        "| --- | --- |",
    ]
    for category in categories:
        count = sum(function.category == category for function in functions)
        lines.append(f"| [{category}]({slug(category)}.md) | {count} |")
    names = sorted((name, function) for function in functions for name in (function.name, *function.aliases))
    letter = ""
    for name, function in names:
        if name[0] != letter:
            letter = name[0]
            lines += ["", f"## {letter}", ""]
        also = "" if name == function.name else f" (the same as {function.name})"
        lines.append(f"- {link(function, name)}{also}: {plain(function.summary)}")
    return "\n".join(lines) + "\n"


def sections() -> dict[str, list[str]]:
    """Return the catalogue's names by section."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in CATALOGUE.read_text("utf-8").splitlines():
        if line.startswith("#"):
            section = line.removeprefix("#").strip()
            found.setdefault(section, [])
        elif line.strip():
            found[section].append(line.strip())
    return found


def differing() -> set[str]:
    """Return the names of the functions that the page of differences has a row for."""
    if not DIFFERENCES.exists():
        return set()
    rows = re.findall(r"^\| `?([A-Z][A-Z0-9_, `]*)`? \|", DIFFERENCES.read_text("utf-8"), flags=re.MULTILINE)
    return {name for row in rows for name in re.findall(r"[A-Z][A-Z0-9_]*", row)}


def coverage_page() -> str:
    """Return what of the catalogue is there, and what differs from the documentation it follows."""
    known, known_differences = sections(), differing()
    names = [name for listed in known.values() for name in listed]
    there = [name for name in names if REGISTRY.get(name) is not None]
    lines = [
        MADE + "# Coverage",
        "",
        (
            f"{len(there)} of the {len(names)} names of the catalogue are there. A star marks a function that "
            "knowingly differs from the documentation of its name: [differences](../differences.md) says how and why."
        ),
        "",
        "| section | names | there | missing |",
        "| --- | --- | --- | --- |",
    ]
    for section, listed in known.items():
        missing = [name for name in listed if REGISTRY.get(name) is None]
        lines.append(f"| {section} | {len(listed)} | {len(listed) - len(missing)} | {', '.join(missing) or '–'} |")
    for section, listed in known.items():
        lines += ["", f"## {section[0].upper()}{section[1:]}", ""]
        lines.append(", ".join(_covered(name, known_differences) for name in listed))
    extra = sorted(function.name for function in REGISTRY if not {function.name, *function.aliases}.intersection(names))
    lines += ["", "## Beyond the catalogue", "", ", ".join(_covered(name, known_differences) for name in extra)]
    return "\n".join(lines) + "\n"


def _covered(name: str, differences: set[str]) -> str:
    function = REGISTRY.get(name)
    if function is None:
        return f"{name} (missing)"
    return link(function, name) + ("\\*" if function.name in differences or name in differences else "")


def plain(text: str) -> str:
    """Return a sentence with what Markdown would read as its own signs escaped."""
    return re.sub(r"([*<|\[\]]|(?<=\w)_(?=\w)|`)", r"\\\1", text)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    written = pages()
    for old in FOLDER.glob("*.md"):
        if old.name not in written:
            old.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    HOMES.write_text(homes_text(), encoding="utf-8")
