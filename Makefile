# The README's commands. Each does all set-up on a fresh machine: virtual environment, install, run.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TESTS ?=

.PHONY: demo test test-all lint

demo: $(VENV)/.gan  ## Trains a GAN on scikit-learn's digits; about two minutes on two cores.
	$(BIN)/minmax-jax train --preset digits --out runs/demo

test: $(VENV)/.dev  ## The tests, one process a core.
	$(BIN)/pytest -q -n auto -m "not slow" $(TESTS)

test-all: $(VENV)/.dev  ## Also long convergence, killed runs, and further rows of an algorithm: an hour on two cores.
	$(BIN)/pytest -q -n auto

lint: $(VENV)/.dev  ## Format, lint and types.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

$(VENV)/.gan $(VENV)/.dev: $(VENV)/.%: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	touch $@
