# Two commands matter: `make run` and `make test`. `make` alone says what else there is.
# Written for GNU make 3.81, which is the one that macOS has.

PYTHON  ?=
WORKERS ?= 2
ARGS    ?=
UV      ?= pipx run uv

VENV := .venv
BIN  := $(VENV)/bin
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
PIP  := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test thorough prove e2e check format browser bench lock clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/.run ## Start the shop; Ctrl-C stops it
	@exec $(BIN)/shopctl up $(ARGS)

test: $(VENV)/.dev ## Run the tests (some of them: make test ARGS="-k stock")
	@exec $(PYTEST) -m "not thorough" $(ARGS)

thorough: $(VENV)/.dev ## Run the tests that make test leaves out for their time
	@exec $(PYTEST) -m thorough $(ARGS)

prove: $(VENV)/.dev ## Prove with whole loads that no crash and no race loses or doubles anything
	@exec $(BIN)/python -m tests.proving -n $(WORKERS) --dist loadfile -q $(ARGS)

e2e: $(VENV)/.dev ## Run the shop in real containers (needs a Docker Engine)
	@exec $(BIN)/python -m pytest -m containers tests/containers -n 2 --dist loadfile $(ARGS) # they mostly wait

check: $(VENV)/.dev ## Look at the source without running it: format, lint, types, imports
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the source and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

browser: $(VENV)/.dev ## Fetch a Chromium for the browser tests, where the system has none
	@$(BIN)/playwright install chromium

bench: $(VENV)/.dev ## Measure, and print each figure beside its goal
	@exec $(BIN)/python -m bench $(ARGS)

# The pins stay as they are where they still fit; ARGS=--upgrade takes the newest.
lock: ## Pin the dependencies of pyproject.toml anew (needs uv)
	$(PINNED) --group build $(ARGS) --output-file requirements/run.txt
	$(PINNED) --group build --group test --group check --constraint requirements/run.txt $(ARGS) \
	  --output-file requirements/dev.txt

PINNED = UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet pyproject.toml --universal \
  --python-version 3.11 --generate-hashes

clean: ## Remove the virtual environment and what the tools left; shop.db stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# Each file says that its requirements are installed, so that the next start has nothing to do.
$(VENV)/.run: requirements/run.txt pyproject.toml $(BIN)/python
	@echo "Installing what the shop needs ..."
	@$(PIP) install --require-hashes --requirement requirements/run.txt
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml $(BIN)/python
	@echo "Installing what the tests need ..."
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  found=$$python; "$$python" -c 'import ensurepip, sqlite3, venv' 2>/dev/null || continue; \
	  echo "Making $(VENV) with $$("$$python" --version) ..."; \
	  exec "$$python" -m venv --clear $(VENV); \
	done; \
	if [ "$$found" ]; then \
	  echo "$$found lacks venv: install it first (Debian and Ubuntu: apt install python3-venv)." >&2; \
	else \
	  echo "No Python 3.11 or newer was found. Install one, or name it: PYTHON=/path/to/python3 make run" >&2; \
	fi; exit 1
