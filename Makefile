# `make help` lists the targets. Needs only python3 (3.11 or newer), make and a network.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help install run test check lint types layers slow faults bench bench-pages screenshots real lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.runtime: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Name another with make PYTHON=/path/to/python3 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@touch $@

install: $(VENV)/.dev ## Install everything into .venv

run: $(VENV)/.runtime ## Start the portal on embedded defaults: sandbox cluster, web, worker, beat
	@exec $(BIN)/python -m portal.run

test: $(VENV)/.dev ## Run all tests, lane by lane
	@$(BIN)/python -m tests.lanes

lint: $(VENV)/.dev ## Check style and templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html' 'templates/**/*.html')

# Not incremental: with a stale cache the Django plug-in reports errors that are none.
types: $(VENV)/.dev ## Check types
	$(BIN)/mypy --no-incremental egress portal tests/lanes.py clients/kubectl-egress/src

layers: $(VENV)/.dev ## Check that imports flow one way
	$(BIN)/lint-imports

check: lint layers ## Everything that must hold before a change lands
	@$(MAKE) --no-print-directory --jobs 2 types test

slow: $(VENV)/.dev ## The long runs of the test suites, for before a release
	@$(BIN)/python -m tests.lanes --slow

faults: $(VENV)/.dev ## Break everything on purpose and print what held; goes on where it stopped
	@$(BIN)/python -m tests.faults --jobs $$(($$(nproc) + 1))

bench: $(VENV)/.dev ## Measure speed, against kubectl and at size
	@$(BIN)/python -m tests.benchmarks

bench-pages: $(VENV)/.dev ## Measure the pages with 100,000 grants and 1,000,000 audit events
	@$(BIN)/python -m tests.benchmarks.pages

screenshots: $(VENV)/.dev ## Take the pictures of the pages in docs/screenshots anew (needs chromium)
	@$(BIN)/python -m tests.screenshots

real: $(VENV)/.dev ## Test against a real API server, built with Go where there is none
	@$(BIN)/python -m tests.real.assets
	@$(BIN)/python -m pytest -q tests/real tests/contract -k real

lock: $(VENV)/.dev ## Resolve the dependencies anew (needs uv)
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-find-links --no-emit-index-url --upgrade pyproject.toml --output-file requirements.lock
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-find-links --no-emit-index-url --upgrade --group dev pyproject.toml --output-file requirements-dev.lock

clean: ## Forget the embedded data (database, queue, sandbox cluster)
	rm -rf var
