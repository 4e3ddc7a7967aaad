# `make demo` and `make test` each do everything on a fresh clone; the environment is .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install demo test lint types imports tests docs bench-quick figures lock clean

BIN := .venv/bin
STAMP := .venv/installed
BENCHMARKS := startup gepa_parity gepa_engine gepa_search gepa_resume gepa_gate gepa_overhead sandbox embedded workbench faults
export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:  ## Say what there is to do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(STAMP)  ## Make .venv, or bring it up to date

# The path is part of the stamp, since an environment that was moved or copied does not work.
$(STAMP): requirements.lock pyproject.toml setup.py
	@python="$$(.dev/find-python)"; \
	if [ "$$(cat .venv/made-for 2>/dev/null)" != "$(CURDIR)" ] || ! $(BIN)/python -c '' 2>/dev/null; then \
		echo "Making .venv with $$python; the first time this fetches about 1 GB and takes some minutes."; \
		"$$python" -m venv --clear .venv; \
		echo "$(CURDIR)" > .venv/made-for; \
	fi
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	@# setuptools warns at every editable install that folders may hide packages; nothing here imports the bare names.
	PYTHONWARNINGS='ignore:Editable installation' $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: install  ## Improve a prompt for real bank messages with the model in the package
	$(BIN)/toishi demo

test: install lint types imports tests  ## All checks: ruff, mypy, import rules, tests with coverage

lint: install  ## Style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install  ## Types, strict
	$(BIN)/mypy

imports: install  ## Which part may import which
	$(BIN)/lint-imports --no-logo

tests: install  ## The tests, with coverage printed
	@mkdir -p build/coverage
	$(BIN)/pytest --numprocesses auto --cov --cov-report=term --durations=10

docs: install  ## The pages of docs that are made from the code
	$(BIN)/python .dev/docs.py

bench-quick: install  ## The benchmarks in their short form
	@for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python -m "benchmarks.$$name" --quick; done

figures: install  ## All benchmarks and both demos in full, and the README's table from them
	@mkdir -p build/figures && rm -rf build/figures/folder*
	@for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python -m "benchmarks.$$name" --json > "build/figures/$$name.json"; done
	$(BIN)/toishi demo --json --folder build/figures/folder > build/figures/demo.json
	$(BIN)/toishi demo --json --intents all --folder build/figures/folder_all > build/figures/demo_all.json
	$(BIN)/python .dev/figures.py

lock: install  ## Resolve requirements.lock anew (with Python 3.11)
	$(BIN)/python .dev/lock.py

clean:  ## Remove what was built; .toishi and its runs stay
	rm -rf .venv build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache *.egg-info
