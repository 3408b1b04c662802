# Everything lives in .venv. Stamps in it remember what is installed, so a second run starts at once.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup demo test lint format texts pictures lock clean

# The first of these that is 3.11 or newer makes the environment; `make PYTHON=… setup` names another.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
VENV := .venv
PY := $(VENV)/bin/python
# The locks are whole, so nothing is left to resolve; bytecode is compiled when a module is first imported.
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-compile
# A process for each core; they share nothing but the machine.
WORKERS := --numprocesses=logical --maxprocesses=4
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url

# Compiled once: many tests start processes of their own, and images for containers like to forbid this.
unexport PYTHONDONTWRITEBYTECODE

# Some tools insist on a writable HOME: where there is none, the checkout lends one.
ifeq ($(shell test -d "$$HOME" && test -w "$$HOME" && echo writable),)
export HOME := $(CURDIR)/.cache/home
$(shell mkdir -p "$(CURDIR)/.cache/home")
endif

help:
	@echo 'make demo     the whole product, offline, in your browser (ARGS=--check walks through it alone)'
	@echo 'make test     every check that CI runs (ARGS=… goes to pytest)'
	@echo 'make lint     the checks without the tests'
	@echo 'make format   mend what the formatter and linter can mend'
	@echo 'make texts    bring the catalogues of translations in line with the code'
	@echo 'make pictures take the pictures of README and guides anew, from the demo'
	@echo 'make setup    the environment for development, in .venv'
	@echo 'make lock     bring requirements/*.lock in line with pyproject.toml (ARGS=--upgrade for newer releases)'
	@echo 'make clean    remove .venv and all caches'

setup: $(VENV)/.dev $(VENV)/.self

demo: $(VENV)/.demo $(VENV)/.self
	@$(VENV)/bin/seatkeeper demo $(ARGS)

# Measuring makes greenlets slow, so only what a threshold binds is measured: rules and use cases, by their own tests,
# and on SQLite where these run on both databases (tests/conftest.py).
MEASURED := tests/rules tests/usecases tests/races
test: setup lint
	$(PY) -m pytest $(WORKERS) --cov --cov-report= $(MEASURED) $(ARGS)
	$(PY) -m coverage report --fail-under=95
	$(PY) -m pytest $(WORKERS) $(MEASURED:%=--ignore=%) $(ARGS)

lint: setup
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m deptry .

format: setup
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

texts: setup
	$(PY) -m tools.texts

pictures: setup
	$(PY) -m tools.pictures

# The development lock comes first and the others follow it: one release of a package wherever it is used.
lock: $(VENV)/.made
	$(INSTALL) 'uv>=0.9,<1'
	$(COMPILE) $(ARGS) --extra demo --extra redis --group build --group dev -o requirements/dev.lock pyproject.toml
	$(COMPILE) $(ARGS) --extra demo --group build -c requirements/dev.lock -o requirements/demo.lock pyproject.toml
	$(COMPILE) $(ARGS) --extra redis -c requirements/dev.lock -o requirements/runtime.lock pyproject.toml
	@! grep -nE '://|^-' requirements/*.lock || { echo 'A lock file names an address: it must not be committed.' >&2; exit 1; }

clean:
	rm -rf $(VENV) .cache .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A link to the interpreter, made last: it is missing after a half-made environment, and dangles when Python has gone.
$(VENV)/.made:
	@if $(PY) -m pip --version >/dev/null 2>&1; then ln -sf bin/python $@; exit; fi; \
	for python in $(PYTHON); do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; \
	  python=; \
	done; \
	if [ -z "$$python" ]; then \
	  echo 'Seatkeeper needs Python 3.11 or newer, and none of these is: $(PYTHON).' >&2; \
	  echo 'Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python …' >&2; \
	  exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	  echo "$$python cannot make virtual environments: venv or ensurepip is missing." >&2; \
	  echo 'Install it (Debian, Ubuntu: apt-get install python3-venv) and try again.' >&2; \
	  exit 1; \
	fi; \
	$$python -m venv --clear $(VENV) && ln -sf bin/python $@

$(VENV)/.demo: requirements/demo.lock $(VENV)/.made
	@echo 'Installing the demo (about a minute, the first time only) …'
	@$(INSTALL) --require-hashes -r $<
	@touch $@

# What the tests need holds what the demo needs.
$(VENV)/.dev: requirements/dev.lock $(VENV)/.made
	@echo 'Installing the development environment (about a minute, the first time only) …'
	@$(INSTALL) --require-hashes -r $<
	@touch $@ $(VENV)/.demo

# Editable: gives the command `seatkeeper`, whose code stays here.
$(VENV)/.self: pyproject.toml $(VENV)/.demo
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@
