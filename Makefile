# The commands of the README. Each one creates the virtual environment and installs what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TESTS ?=
# The lower bounds of `dependencies` in pyproject.toml.
LOWEST := $(shell sed -n 's/^dependencies = .*jax>=\([0-9.]*\)", "optax>=\([0-9.]*\)".*/jax==\1 optax==\2/p' pyproject.toml)

# Containers often set this variable. Every process would then compile all modules that it imports.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test test-all lint docs docs-check lowest package

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

docs: $(VENV)/.docs  ## Builds the documentation site in docs/_build/html; the notebooks run once.
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs docs/_build/html

docs-check: $(VENV)/.dev  ## Checks pages, links and docstrings, without running notebooks.
	$(BIN)/python -m sphinx -W --keep-going -n -q -b dummy -D nb_execution_mode=off \
	    docs docs/_build/check

lowest:  ## Runs tests of the core with the lowest supported versions.
	test -x .venv-lowest/bin/python || $(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --upgrade pip
	.venv-lowest/bin/python -m pip install --quiet $(LOWEST) pytest hypothesis chex --editable .
	.venv-lowest/bin/pytest -q -m "not slow" tests/test_field.py tests/test_solve.py \
	    tests/test_players.py tests/constraints

package: $(VENV)/.dev  ## Builds the wheel and the source distribution, and checks both.
	$(BIN)/python -m pip install --quiet build twine
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

# Python compiles the modules that are imported, a small part of all that is installed.
$(VENV)/.gan $(VENV)/.dev $(VENV)/.docs: $(VENV)/.%: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --editable ".[$*]"
	touch $@
