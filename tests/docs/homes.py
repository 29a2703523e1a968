"""The text of functions/homes.py: which module declares which functions. ``tests/docs/reference.py`` writes it."""

from __future__ import annotations

import textwrap
from pathlib import Path

from sheetline.functions.registry import MODULES, REGISTRY

FILE = Path(__file__).parents[2] / "functions" / "homes.py"
MADE = '''"""Which module declares which functions, so that one of them is found without loading all.

Made by tests/docs/reference.py. A function that is missing here is found all the same, by loading all modules.
"""

from typing import Final

# fmt: off
HOMES: Final = {
'''


def homes() -> dict[str, list[str]]:
    """Return the names and aliases of all functions by module."""
    found: dict[str, list[str]] = {module: [] for module in MODULES}
    for function in REGISTRY:
        module = function.kernels[0].run.__module__.rpartition(".")[2]
        if function.category != "user" and module in found:
            found[module] += [function.name, *function.aliases]
    return found


def homes_text() -> str:
    """Return the module that lists them."""
    lines = []
    for module, names in homes().items():
        wrapped = textwrap.wrap(" ".join(sorted(names)), 108)
        if len(wrapped) == 1 and len(module) + len(wrapped[0]) < 106:
            lines.append(f'    "{module}": "{wrapped[0]}",\n')
        else:
            inside = "".join(f'        "{line} "\n' for line in wrapped[:-1]) + f'        "{wrapped[-1]}"\n'
            lines.append(f'    "{module}": (\n{inside}    ),\n')
    return MADE + "".join(lines) + "}\n"
