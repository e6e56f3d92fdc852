# Everything happens in .venv/, which the first target that needs it makes.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help run test check format bench lock clean
help:            ## Show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/runtime ## Bring the platform up and do the main job (ARGS=--once: then stop)
	@$(BIN)/neurocortex up $(ARGS)

test: .venv/dev  ## Run the whole test suite on real services (ARGS="-k name" for a part)
	@$(BIN)/python -m pytest $(ARGS)

check: .venv/dev ## Format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: .venv/dev ## Format and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: .venv/dev ## Run the benchmarks (ARGS="ingest --json" for one)
	@$(BIN)/python -m benchmarks $(ARGS)

lock: .venv/dev  ## Pin every dependency with hashes for Python 3.11 to 3.13
	@$(BIN)/uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --upgrade --quiet --output-file requirements/runtime.txt
	@$(BIN)/uv pip compile pyproject.toml --group build --group dev --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --constraint requirements/runtime.txt --quiet --output-file requirements/dev.txt

clean:           ## Remove the environment, the caches and the platform's data
	@if [ -x $(BIN)/neurocortex ]; then $(BIN)/neurocortex down; fi
	rm -rf .venv .neurocortex .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit(f"NeuroCortex needs Python 3.11 to 3.13; {sys.executable} is {sys.version.split()[0]}. Try: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv .venv

.venv/runtime: .venv/bin/python requirements/runtime.txt pyproject.toml
	@echo "Installing the pinned dependencies into .venv (a minute or two, once)"
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements/runtime.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/runtime requirements/dev.txt
	@echo "Installing the pinned development tools into .venv"
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements/dev.txt
	@touch $@
