"""What users import and start: versions agree, names are public and documented, the start is quick."""

import importlib.metadata
import importlib.resources
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sheetline

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("workbook", "formulas", "functions")


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter outside the checkout, so that no module is found by accident."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", timeout=120)


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after the code."""
    ran = python("-c", f"{code}\nimport sys\nprint('loaded:', *sorted(sys.modules))")
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.partition("loaded:")[2].split())


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert sheetline.__version__ == project["version"] == importlib.metadata.version("sheetline")


def test_the_changelog_has_this_version() -> None:
    headings = re.findall(r"^## \[?([^]\s]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert sheetline.__version__ in headings


@pytest.mark.parametrize("heavy", ["pandas", "scipy", "lark", "polars", "duckdb"])
def test_import_leaves_heavy_packages_alone(heavy: str) -> None:
    assert heavy not in modules_after("import sheetline")


@pytest.mark.parametrize("heavy", ["pandas", "scipy"])
def test_a_scalar_formula_needs_neither_pandas_nor_scipy(heavy: str) -> None:
    code = "import sheetline as sl\nassert sl.evaluate('ABS(-3)') == 3"
    assert heavy not in modules_after(code)


def test_eval_starts_without_pandas_and_scipy() -> None:
    ran = python("-X", "importtime", "-m", "sheetline", "eval", "ABS(-3)")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["3"]
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if "|" in line}
    assert "sheetline.workbook.cli" in imported
    assert imported.isdisjoint({"pandas", "scipy", "scipy.stats"})


def test_public_names_are_listed_once() -> None:
    assert len(set(sheetline.__all__)) == len(sheetline.__all__)
    assert {"evaluate", "evaluate_sheet", "function", "functions", "Workbook"} <= set(sheetline.__all__)


@pytest.mark.parametrize("name", getattr(sheetline, "__all__", ()))
def test_public_name_exists_and_is_documented(name: str) -> None:
    thing = getattr(sheetline, name)
    if inspect.isroutine(thing) or inspect.isclass(thing):
        documentation = inspect.getdoc(thing)
        assert documentation, f"sheetline.{name} has no docstring"
        assert documentation != inspect.getdoc(object)


def test_star_import_gives_the_public_names() -> None:
    ran = python("-c", "from sheetline import *; import sheetline; [globals()[n] for n in sheetline.__all__]")
    assert ran.returncode == 0, ran.stderr


def test_module_and_command_are_the_same_program() -> None:
    script = Path(sys.executable).parent / "sheetline"
    by_script = subprocess.run([script, "--help"], capture_output=True, text=True, check=False, timeout=120)
    by_module = python("-m", "sheetline", "--help")
    assert by_script.returncode == by_module.returncode == 0, by_module.stderr
    for command in ("run", "check", "fmt", "schema", "eval", "show", "functions"):
        assert re.search(rf"\b{command}\b", by_script.stdout)
        assert re.search(rf"\b{command}\b", by_module.stdout)


def test_type_information_and_data_files_are_found_as_resources() -> None:
    package = importlib.resources.files("sheetline")
    assert package.joinpath("py.typed").is_file()
    assert package.joinpath("formulas", "grammar.lark").is_file()


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_folder_is_imported_once(folder: str) -> None:
    """The links in src/ and the folders are the same files, and nobody imports the bare name."""
    package = importlib.import_module(f"sheetline.{folder}")
    assert Path(str(package.__file__)).resolve().parent == ROOT / folder
    assert folder not in sys.modules


def test_folders_hold_no_name_that_is_not_packaged() -> None:
    """Every folder of the package is named in the build, and nothing else is."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["force-include"] == {name: f"sheetline/{name}" for name in FOLDERS}
    assert set(FOLDERS) <= set(build["sdist"]["only-include"])


def test_the_function_shown_to_contributors_is_real(tmp_path: Path) -> None:
    """Its two blocks of code (the declaration, then the imports) make a function that formulas can call."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    declaration, imports = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(declaration.splitlines()) <= 10
    use = "import sheetline as sl\nprint(sl.evaluate('DECIBEL(1000)'), sl.evaluate('decibel(1e-2)'))\n"
    script = tmp_path / "decibel.py"
    script.write_text(f"{imports}\n\n{declaration}\n\n{use}", "utf-8")
    ran = python(str(script))
    assert ran.returncode == 0, ran.stderr
    assert [float(word) for word in ran.stdout.split()] == [30.0, -20.0]
