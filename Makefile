# Every task of the project; `make` alone prints them.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test check docs demo bench bench-check soak mutate clean

help: ## Say what can be done here
	@awk 'BEGIN {FS = ":.*## "; print "ByPost: Markdown lessons in, an email course out.\n"} \
	  /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.run ## Make .venv with all that running needs (done by the others as needed)

run: .venv/.run ## Send the five welcomes into a local mailbox and open it on one page
	@$(BIN)/bypost serve --local $(if $(PORT),--port $(PORT))

demo: .venv/.run ## Rehearse the whole course across a clock change, in seconds
	@$(BIN)/bypost rehearse --start 2027-03-20

# What of the tests runs a second time on a real PostgreSQL; tests/postgres/ always does.
ON_POSTGRESQL := $(addprefix tests/,delivery/test_crash_points.py delivery/test_machine.py \
  delivery/test_roll_up.py delivery/test_housekeeping.py people/test_import_undo.py \
  store/test_audience.py store/test_sums.py store/test_course_figures.py \
  web/desk/test_every_page.py web/test_every_link.py)

# With byte code kept: the tests start hundreds of processes, and an environment may forbid it.
test: .venv/.test ## Run all tests
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q -n auto --dist loadgroup
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q -n auto --database postgresql --some $(ON_POSTGRESQL)

check: .venv/.test ## Format, lint, types, import contracts, content
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/bypost check

docs: .venv/.run ## Write the pages of the check rules and the table of providers into docs
	@$(BIN)/python -m bypost.check.rule_pages docs/rules
	@$(BIN)/python -m bypost.providers.table docs/providers

bench: .venv/.test ## Measure everything and write docs/benchmarks.md (hours); BENCH="--only bodies"
	@$(BIN)/python -m tests.bench $(BENCH)

bench-check: .venv/.test ## Measure what is quick; fail where a ratio is worse than in docs/benchmarks.md
	@$(BIN)/python -m tests.bench.compare $(BENCH)

soak: .venv/.test ## Send through a failing provider while processes are killed; SOAK="--minutes 30"
	@$(BIN)/python -m tests.soak $(SOAK)

mutate: .venv/.test ## Take away each safeguard and see which tests notice; MUTATE="fence quiet"
	@$(BIN)/python -m tests.mutation $(MUTATE)

clean: ## Remove .venv and caches; var/ with the database and the mails stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "ByPost needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; }
	@echo "setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv

.venv/.run: .venv/bin/python pyproject.toml constraints.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/.test: .venv/.run pyproject.toml constraints.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@
