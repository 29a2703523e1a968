"""Check that the wheel and the sdist hold every file of the package: python check_dist.py DIST.

A broken build is silent: it exits with 0 and leaves a folder out. So the files of the checkout are
counted against the archives, and those that only some code paths need are asked for by name.
"""

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("workbook", "formulas", "functions")
FACADE = ("__init__.py", "__main__.py", "py.typed")
DATA = ("grammar.lark", "tables.json", "schema.json", "py.typed")


def package_files() -> set[str]:
    """Return the files that belong in the package, as paths under ``sheetline/``."""
    found = {f"sheetline/{name}" for name in FACADE}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found.add(f"sheetline/{path.relative_to(ROOT).as_posix()}")
    return found


def only(dist: Path, pattern: str) -> Path:
    """Return the one file of that pattern."""
    (path,) = dist.glob(pattern)
    return path


def problems_of_wheel(names: set[str]) -> list[str]:
    """Return what is missing in or foreign to the wheel."""
    expected = package_files()
    inside = {name for name in names if name.startswith("sheetline/") and not name.endswith("/")}
    problems = [f"wheel lacks {name}" for name in sorted(expected - inside)]
    problems += [f"wheel has a stray {name}" for name in sorted(inside - expected)]
    problems += [f"wheel has no {name}" for name in DATA if not any(n.endswith(f"/{name}") for n in inside)]
    for folder in FOLDERS:
        modules = [n for n in inside if n.startswith(f"sheetline/{folder}/") and n.endswith(".py")]
        if len(modules) < 2:
            problems.append(f"wheel has {len(modules)} modules of {folder}/")
    if not any(name.endswith("/licenses/LICENSE") for name in names):
        problems.append("wheel has no LICENSE")
    return problems


def problems_of_sdist(names: set[str]) -> list[str]:
    """Return what is missing in the sdist."""
    inside = {name.partition("/")[2] for name in names}
    expected = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "pyproject.toml"}
    expected |= {name.removeprefix("sheetline/") for name in package_files() if name.count("/") > 1}
    expected |= {f"src/sheetline/{name}" for name in FACADE}
    return [f"sdist lacks {name}" for name in sorted(expected - inside)]


def main(dist: Path) -> int:
    """Print the wheel's files and every problem; return 1 if there is one."""
    with zipfile.ZipFile(only(dist, "*.whl")) as wheel:
        names = set(wheel.namelist())
        for info in sorted(wheel.infolist(), key=lambda entry: entry.filename):
            print(f"{info.file_size:>9} {info.filename}")
    with tarfile.open(only(dist, "*.tar.gz")) as sdist:
        problems = problems_of_wheel(names) + problems_of_sdist(set(sdist.getnames()))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
