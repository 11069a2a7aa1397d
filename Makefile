# Everything a newcomer needs: `make run` shows it, `make test` proves it.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.stamp

.PHONY: setup run test check bench node clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) -V 2>&1), expected Python 3.11 or newer;" \
	    "name one with: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: setup
	$(BIN)/tapewire run

test: setup
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

node: # what the test of the Node subscriber in docs/wire.md needs; without it, it is skipped
	cd tests/node && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error

bench: setup # about five minutes; figures and pictures are left in bench/
	$(BIN)/python -m tapewire.benchmarks all --plot bench

clean:
	rm -rf .venv tests/node/node_modules build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
