# Every target sets up .venv by itself; a machine needs Python 3.11 or newer and make, nothing else.

.DEFAULT_GOAL := test
.PHONY: venv test soak lint format demo bench clean

# The first interpreter on the PATH that is new enough; `make PYTHON=/path/to/python test` picks another.
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$each" && break; done)

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Tests start hundreds of processes, and pytest rewrites 300 modules: what is compiled once is kept, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=

venv: $(INSTALLED)

# The stamp is newer than pyproject.toml once everything in it is installed.
$(INSTALLED): pyproject.toml
	@test -n "$(PYTHON)" || { echo "rivers needs Python 3.11 or newer: none found on the PATH" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(INSTALLED)

# pytest comes last, so that its summary is the last line. A process for each core, up to eight: most tests compute.
test: lint
	@$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal

# The same tests with many more seeds, repetitions and examples, drawn anew.
soak: $(INSTALLED)
	@RIVERS_SOAK=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

demo: $(INSTALLED)
	@$(BIN)/python scripts/demo.py

# One subject: `.venv/bin/python -m bench NAME`.
bench: $(INSTALLED)
	@$(BIN)/python -m bench

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist build
