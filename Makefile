# `make demo` and `make test` are the two commands. Each first builds its own $(VENV), once, with the versions that
# constraints.txt pins; it is brought up to date when that file or pyproject.toml changes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Another Python, beside the first: make test PYTHON=python3.13 VENV=.venv-3.13
PYTHON ?= python3 python3.13 python3.12 python3.11
VENV ?= .venv
PYTEST ?=

# make bench RECORD=1 keeps the figures as an observation, not committed.
RECORD ?=

KEPT = $(if $(RECORD),--record 'make $@')
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# By environment, since only so do the pins reach what pip builds from source, too (the second name since pip 25.3).
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := $(PIP_CONSTRAINT)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint bench bench-million bench-peers performance fix setup test-pandas22 test-mlflow clean

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name told; do \
	  printf '  make %-14s %s\n' "$$name" "$$told"; done

demo: $(READY) ## the main job, on real data, in a new folder
	@$(BIN)/python examples/demo.py

test: lint ## style, types, architecture and every test (PYTEST='-k ref' adds options)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST)

lint: $(READY) ## style and types alone
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(READY) ## the figures that the project promises
	@$(BIN)/python benchmarks/bench.py $(KEPT)

bench-million: $(READY) ## how each step grows from a thousand runs to a million: half an hour, 3 GB of disk
	@$(BIN)/python benchmarks/million.py $(KEPT)

bench-peers: $(READY) .venv-peers/.ready .venv-live/.ready ## the figures against MLflow and DVCLive, in environments of their own
	@$(BIN)/python benchmarks/bench.py --only mlflow $(KEPT)
	@$(BIN)/python benchmarks/bench.py --only writing $(KEPT)

performance: $(READY) .venv-peers/.ready ## docs/performance.md and its plots, of what was recorded
	@$(BIN)/python benchmarks/page.py
	@$(BIN)/python benchmarks/page.py --figures | .venv-peers/bin/python benchmarks/plots.py docs

fix: $(READY) ## mend what ruff can mend, and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

setup: $(READY) ## the environment, and nothing else

test-pandas22: ## every test on the oldest pandas that is supported, in an environment of its own
	@grep -v '^pandas==' constraints.txt > .constraints-pandas22
	@echo 'pandas==2.2.3' >> .constraints-pandas22
	@$(MAKE) --no-print-directory setup VENV=.venv-pandas22 PIP_CONSTRAINT=.constraints-pandas22
	@.venv-pandas22/bin/python -m pytest -n auto --dist worksteal $(PYTEST)

# From the oldest that is supported on; each environment holds what its MLflow asks for, older ones pandas below 3.
MLFLOWS ?= 3.5 3.8 3.11 3.14 newest

test-mlflow: $(MLFLOWS:%=.venv-mlflow-%/.ready) ## what MLflow's clients do with a store, on its versions from 3.5 to the newest, in environments of their own
	@for version in $(MLFLOWS); do \
	  .venv-mlflow-$$version/bin/python -c 'import mlflow, pandas; print("mlflow", mlflow.__version__, "pandas", pandas.__version__)' && \
	  .venv-mlflow-$$version/bin/python -m pytest -n 2 --dist worksteal tests/interop/test_mlflow_*.py $(PYTEST) || exit 1; \
	done

clean: ## remove all that was built
	rm -rf .venv .venv-* .constraints-* build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +

# The first Python of the right age that can make an environment; a name in PATH may be a shim for nothing, so each is run.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

$(READY): pyproject.toml constraints.txt
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { \
	  fits=; \
	  for python in $(PYTHON); do \
	    "$$python" -c '$(FITS)' 2> /dev/null || continue; \
	    fits=$$python; \
	    "$$python" -c 'import ensurepip, venv' 2> /dev/null || continue; \
	    echo "building $(VENV) with $$("$$python" --version), once; this takes a minute or two" >&2; \
	    exec "$$python" -m venv --clear $(VENV); \
	  done; \
	  if [ -n "$$fits" ]; then \
	    echo "$$fits cannot make environments: it lacks ensurepip; on Debian and Ubuntu: apt install python3-venv" >&2; \
	  else \
	    echo "gitml needs Python 3.11, 3.12 or 3.13, and found none as: $(PYTHON); say which: make PYTHON=/path/to/python3.13" >&2; \
	  fi; \
	  exit 1; }
	@$(BIN)/python -m pip install -qq -e '.[dev]'
	@touch $@

# What the benchmark is measured against; the second file pins what only that needs.
PEERS := constraints.txt benchmarks/constraints.txt

.venv-peers/.ready: $(PEERS) | $(READY)
	@echo "building .venv-peers, once" >&2
	@$(BIN)/python -m venv --clear .venv-peers
	@PIP_CONSTRAINT='$(PEERS)' PIP_BUILD_CONSTRAINT='$(PEERS)' .venv-peers/bin/python -m pip install -qq \
	  mlflow-skinny sqlalchemy alembic pandas matplotlib
	@touch $@

.venv-live/.ready: $(PEERS) | $(READY)
	@echo "building .venv-live, once" >&2
	@$(BIN)/python -m venv --clear .venv-live
	@PIP_CONSTRAINT='$(PEERS)' PIP_BUILD_CONSTRAINT='$(PEERS)' .venv-live/bin/python -m pip install -qq dvclive
	@touch $@

.venv-mlflow-%/.ready: pyproject.toml | $(READY)
	@echo "building .venv-mlflow-$*, once" >&2
	@$(BIN)/uv venv -q --clear -p $(BIN)/python .venv-mlflow-$*
	@$(BIN)/uv pip install -q -p .venv-mlflow-$*/bin/python -e . 'mlflow$(if $(filter newest,$*),,==$*.*)' $(if $(filter newest,$*),,'sqlalchemy<2.1') \
	  scikit-learn matplotlib xgboost-cpu hypothesis packaging pytest pytest-timeout pytest-xdist
	@touch $@
