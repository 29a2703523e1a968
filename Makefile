# Needs only git, make and Python >= 3.11 with venv and pip. `make help` lists the targets.
# VENV=path uses another environment, JOBS=n another number of test processes, PYTHON=… another interpreter.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
JOBS ?= 2
EVENTS ?= 50000

bin := $(VENV)/bin
pip := $(bin)/python -m pip --disable-pip-version-check --no-input

# The first interpreter that really starts, is new enough and can make environments: a name on the
# PATH proves nothing (version managers put stand-ins there for versions that are switched off).
candidates := $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3 python)
probe := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

.PHONY: help demo test lint format types bench docs build clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.installed ## simulate GPS events and turn them into trip features under out/demo
	$(bin)/python examples/telematics/simulate.py --events $(EVENTS) --seed 7 --out examples/telematics/data/events.parquet
	$(bin)/sheetline run examples/telematics/trips.json --out out/demo

test: $(VENV)/.dev ## run every test, the examples in docstrings included
	$(bin)/python -m pytest -n $(JOBS) --doctest-modules tests src/sheetline

lint: $(VENV)/.dev ## ruff (rules and format) and the import contract between the folders
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/lint-imports

format: $(VENV)/.dev ## let ruff fix and format the code
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

types: $(VENV)/.bench ## mypy (strict) and pyright
	$(bin)/mypy
	$(bin)/mypy --follow-imports=silent -p benchmarks
	$(bin)/pyright

bench: $(VENV)/.bench ## compare with pandas, polars, duckdb … (BENCH="--quick" for small sizes, "--guard")
	$(bin)/python -m benchmarks $(BENCH)

docs: $(VENV)/.dev ## run every snippet of README.md and docs/
	$(bin)/python -m pytest tests/docs

build: $(VENV)/.dev ## build the sdist, and the wheel from it, into dist/
	$(bin)/python -m build

clean: ## remove what the other targets made, the environment included
	rm -rf "$(VENV)" out dist build .benchmarks examples/telematics/data
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# The environment, in three layers, each with a stamp: the project, its development tools, the
# competitors of the benchmarks. A change of pyproject.toml installs them again.
$(VENV)/.installed: pyproject.toml
	@test -L src/sheetline/functions || { \
	  echo "src/sheetline/functions is not a symbolic link: clone again with 'git config --global core.symlinks true'" >&2; exit 1; }
	@found=; for python in $(candidates); do \
	  if "$$python" -c "$(probe)" >/dev/null 2>&1; then found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then \
	  echo "sheetline needs Python >= 3.11 with venv and pip; none of these is: $(candidates)" >&2; \
	  echo "name one with 'make PYTHON=/path/to/python3 …' (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; fi; \
	if [ ! -x "$(bin)/python" ]; then echo "environment $(VENV) from $$found ($$("$$found" --version))"; "$$found" -m venv "$(VENV)"; fi
	$(pip) install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(pip) install --quiet --editable '.[dev]'
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(pip) install --quiet --editable '.[bench]'
	@touch $@
