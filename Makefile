# Every target sets up what it needs; what is set up already is not done again (stamps in .venv).
# PYTHON=/path/to/python chooses the interpreter that .venv is made with.

VENV ?= .venv
BIN := $(abspath $(VENV))/bin
INSTALLED := $(VENV)/.installed
JAVASCRIPT := $(VENV)/.javascript
PACKAGES := $(VENV)/.packages
BROWSER := $(VENV)/.browser
DEMO := build/demo
# Whole files of tests are shared out to processes.
WORKERS ?= --numprocesses auto --maxprocesses 4 --dist loadfile
SHELL := /bin/sh
export PATH := $(BIN):$(PATH)
# Without it every kernel of every test would compile our modules anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint wire lab frontend bench faults many faithfulness docs screenshots lock clean

help: ## say what there is (this)
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## run the quickstart tracked, replay every run, show history and verdicts
	@rm -rf $(DEMO) && mkdir -p $(DEMO) && cp notebooks/quickstart.ipynb $(DEMO)
	cd $(DEMO) && MM_STORE="$$PWD/.mm" mm run quickstart.ipynb
	cd $(DEMO) && MM_STORE="$$PWD/.mm" mm replay --all
	cd $(DEMO) && MM_STORE="$$PWD/.mm" mm runs

test: lint $(BROWSER) ## lint, type check and run the tests (TESTS=tests/store chooses, PYTEST=... adds options)
	cd js && npm test
	$(BIN)/python -m pytest $(WORKERS) $(PYTEST) $(TESTS)

lint: $(INSTALLED) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mm_jupyter.wire.typescript | cmp - js/src/wire.ts

wire: $(PACKAGES) ## write js/src/wire.ts from the shapes in mm_jupyter/wire
	$(BIN)/python -m mm_jupyter.wire.typescript >js/src/wire.ts

lab: $(INSTALLED) ## JupyterLab, opened on the tour (LAB=... adds options)
	cd notebooks && PYTHONHASHSEED=$${PYTHONHASHSEED:-0} $(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB) quickstart.ipynb

frontend: $(INSTALLED) $(BROWSER) ## measure what the sidebar costs, with 100,000 runs
	$(BIN)/python benchmarks/frontend.py --write

bench: $(INSTALLED) ## measure what tracking costs, by itself and beside the floor and the peers
	$(BIN)/python benchmarks/cost.py --write
	$(BIN)/python benchmarks/peers.py --write
	$(BIN)/python benchmarks/tracked_cell.py --write

faults: $(INSTALLED) ## break stores in every way that we know of, and fuzz what reads strangers' words
	$(BIN)/python benchmarks/faults.py --write
	$(BIN)/python benchmarks/fuzz.py --write

many: $(INSTALLED) ## replay 1,000 runs on a cluster whose workers are killed
	$(BIN)/python benchmarks/many_replays.py --write

faithfulness: $(INSTALLED) ## measure how often recipes reproduce disturbed sessions (most of an hour)
	$(BIN)/python benchmarks/faithfulness.py --write

docs: $(INSTALLED) ## write docs/commands.md from the commands
	$(BIN)/python docs/make_commands.py

screenshots: $(INSTALLED) $(BROWSER) ## write docs/screenshots from a real JupyterLab
	SCREENSHOTS=docs/screenshots $(BIN)/python -m pytest tests/browser

lock: $(PACKAGES) ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --generate-hashes --no-header --quiet \
		$(LOCK) --output-file requirements.lock

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build dist js/node_modules js/lib mm_jupyter/labextension mm_jupyter/static .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The checkout itself, editable, with the built extension of JupyterLab beside it.
$(INSTALLED): pyproject.toml $(JAVASCRIPT)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(JAVASCRIPT): $(PACKAGES) .ci/javascript $(wildcard js/package*.json js/tsconfig.json js/*.mjs) $(shell find js/src js/style js/schema -type f)
	.ci/javascript $(VENV)
	@touch $@

$(PACKAGES): requirements.lock .ci/install $(BIN)/python
	.ci/install $(VENV)
	@touch $@

$(BIN)/python:
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		echo "$$python -m venv $(VENV)"; \
		exec "$$python" -m venv $(VENV); \
	done; \
	echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; \
	exit 1

# The browser tests need a Chromium: the machine's, else Debian's where we may install it. Without one they are skipped.
$(BROWSER): $(PACKAGES)
	@command -v chromium chromium-browser google-chrome >/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
		echo "No Chromium here: the browser tests will be skipped." >&2
	@touch $@
