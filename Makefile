# make run   trains the embedded default and shows it (without a terminal: headless)        make test   everything that CI checks
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt

# A first start need not wait for it; and where Python is told to write no bytecode, no start ever does.
COMPILE := $(BIN)/python -m compileall -q nntui

.PHONY: run test lint types layers tests format benchmarks clean

run: $(VENV)/.installed
	@$(BIN)/nntui train $(ARGS)

test: lint types layers tests

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports

tests: $(VENV)/.installed-dev
	@$(COMPILE)
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "nntui needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing nntui and PyTorch into $(VENV) (once; some minutes and some GB)"
	$(PIP) --editable .
	@$(COMPILE)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing nntui, PyTorch and the tools of its tests into $(VENV) (once; some minutes and some GB)"
	$(PIP) --editable '.[dev]'
	@$(COMPILE)
	@touch $@ $(VENV)/.installed
