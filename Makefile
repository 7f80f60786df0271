# The commands of the README. Each one creates the virtual environment and installs what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TESTS ?=

.PHONY: demo test test-all lint

demo: $(VENV)/.gan  ## Trains a GAN on scikit-learn's digits: about two minutes on two CPU cores.
	$(BIN)/minmax-jax train --preset digits --out runs/demo

test: $(VENV)/.dev  ## Runs the fast tests, with one process per core.
	$(BIN)/pytest -q -n auto -m "not slow" $(TESTS)

test-all: $(VENV)/.dev  ## Runs all tests, also those marked `slow`: about an hour on two CPU cores.
	$(BIN)/pytest -q -n auto

lint: $(VENV)/.dev  ## Checks format, lint, types and wording.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python tests/prose.py

$(VENV)/.gan $(VENV)/.dev: $(VENV)/.%: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	touch $@
