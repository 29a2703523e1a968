"""Every function is found in the module that is said to declare it."""

from __future__ import annotations

import subprocess
import sys

from homes import FILE, homes_text

ALONE = """
import sys
from sheetline.functions.homes import HOMES
from sheetline.functions.registry import REGISTRY
for module, names in HOMES.items():
    for name in names.split():
        assert REGISTRY.get(name.lower()) is not None, name
    assert not REGISTRY._loaded, module
assert len(REGISTRY) > 600
"""


def test_they_are_those_of_the_declarations() -> None:
    assert FILE.read_text("utf-8") == homes_text(), "run python tests/docs/reference.py"


def test_no_function_needs_all_modules() -> None:
    run = subprocess.run([sys.executable, "-c", ALONE], check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


def test_one_function_loads_few_modules() -> None:
    code = (
        "import sys, sheetline as sl\nassert sl.evaluate('ABS(-3)') == 3\nmodules = set(sys.modules)\n"
        "assert 'sheetline.functions.finance' not in modules and 'importlib.metadata' not in modules\n"
        "assert sl.evaluate('NPV(0;[1.0;2.0])') == 3\nassert 'sheetline.functions.finance' in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
