# Everything a newcomer needs: `make run` shows it, `make test` proves it.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.stamp

PIP := $(BIN)/pip --quiet --disable-pip-version-check install
LOCKS := requirements/charts.lock requirements/cluster.lock requirements/data.lock requirements/indicators.lock requirements/options.lock requirements/projectx.lock requirements/risk.lock requirements/test.lock requirements/web.lock
PYTHON_PROJECTX ?= python3.12
PIP_PROJECTX := .venv-projectx/bin/pip --quiet --disable-pip-version-check install
WORKERS ?= 4 # on two cores: tests of processes wait more than they compute
PARALLEL = -n $(WORKERS) # tests/conftest.py has which tests run in one worker
LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" build/lock/bin/uv pip compile --quiet $(UPGRADE:%=--upgrade)
LOCK_EXTRA = $(LOCK) pyproject.toml -c requirements/base.lock --extra $$extra -o requirements/$$extra.lock
AGREEING = -c requirements/test.lock -c requirements/bench.lock # a release that all of them can have

.PHONY: docs picture picture-web setup run test test-cluster test-paper test-web soak check bench lock node projectx ray clean

setup: $(STAMP)

$(STAMP): requirements/build.lock $(LOCKS) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) -V 2>&1), expected Python 3.11 or newer;" \
	    "name one with: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(PIP) --require-hashes -r requirements/build.lock
	$(PIP) --require-hashes --no-build-isolation $(LOCKS:%=-r %)
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

run: setup
	$(BIN)/tapewire run

test: setup # about thirteen minutes on two cores; WORKERS=8 where there are more
	$(BIN)/python -m pytest $(PARALLEL)

test-web: setup # the web console in a Chromium of the system's, which has to be installed; one minute
	$(PIP) --require-hashes -r requirements/browser.lock
	$(BIN)/python -m pytest -q -m browser tests/browser

# Its hosts come and go in a network of its own: a browser reloads its pages when the machine's changes.
test-cluster: setup # three hosts as network namespaces, for which it needs root; a minute and a half
	own=$$(unshare --net true 2>/dev/null && echo unshare --net); \
	  $$own sh -c 'ip link set lo up 2>/dev/null; exec $(BIN)/python -m pytest -q -m cluster tests/cluster'

soak: setup # the long tests, which `make test` leaves out
	$(BIN)/python -m pytest $(PARALLEL) -m soak

test-paper: setup # one order in a real paper account, there and back: TAPEWIRE_PAPER=1 make test-paper
	$(BIN)/python -m pytest -q -s -m paper tests/paper

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

node: # what the tests of Node programs need; without it, they are skipped
	cd tests/node && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error

projectx: # an environment of Python 3.12 or newer for ProjectX's client; without it, its tests are skipped
	@$(PYTHON_PROJECTX) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || { \
	  echo "project-x-py needs Python 3.12 or newer;" \
	    "name one with: make projectx PYTHON_PROJECTX=python3.12" >&2; exit 1; }
	$(PYTHON_PROJECTX) -m venv --clear .venv-projectx
	$(PIP_PROJECTX) --require-hashes -r requirements/build.lock
	$(PIP_PROJECTX) --require-hashes --no-build-isolation -r requirements/projectx.lock

ray: setup # what `tapewire sweep --ray` needs, some 300 MB; without it, its tests are skipped
	$(PIP) --require-hashes -r requirements/ray.lock

bench: setup # about five minutes; figures and pictures are left in bench/
	$(BIN)/python -m tapewire.benchmarks all --plot bench

lock: # exact versions and hashes for the ranges in pyproject.toml; UPGRADE=1 takes the newest of each
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --disable-pip-version-check 'uv>=0.13,<0.14'
	$(PYTHON) -c 'import tomllib; t = tomllib.load(open("pyproject.toml", "rb")); \
	  print(*t["build-system"]["requires"], sep="\n")' | $(LOCK) - -o requirements/build.lock
	$(LOCK) pyproject.toml -o requirements/base.lock
	for extra in bench; do $(LOCK_EXTRA) || exit; done
	for extra in test; do $(LOCK_EXTRA) -c requirements/bench.lock || exit; done
	for extra in browser charts cluster data docs indicators options projectx ray risk web; do $(LOCK_EXTRA) $(AGREEING) || exit; done

docs: setup # renew what the documents repeat of the code, and build their site; a broken link ends it
	$(BIN)/python docs/generate.py
	$(PIP) --require-hashes -r requirements/docs.lock
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -c docs/site . build/site
	@echo "build/site/index.html"

picture: setup # take the pictures of the live view and of the tutorial's pages again; about two minutes
	$(BIN)/python docs/picture.py
	$(BIN)/python docs/pages.py

picture-web: setup # take the picture of the web console again; two minutes, with a Chromium of the system's
	$(PIP) --require-hashes -r requirements/browser.lock
	$(BIN)/python docs/picture_web.py

clean:
	rm -rf .venv .venv-projectx tests/node/node_modules build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
