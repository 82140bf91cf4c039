# The README's two commands are `make up` and `make test`; both install what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
SOURCES := agents api benchmarks cli contracts devstack domain examples feeds metrics models operations proof runtime sinks tests
PURE := domain/*,metrics/*,models/*
# Of the rest, 90 percent has to be reached by the tests that run two at a time, in the processes that
# they start too. Those that run alone care for time, and what SIGKILL ends tells nothing of what it ran.
MEASURED_REST := $(patsubst %,--cov=%,agents api cli contracts devstack feeds operations proof runtime sinks) --cov-branch --cov-fail-under=90 --cov-report=term:skip-covered
ALONE := tests/acceptance tests/attack tests/faults

# Where an environment says that Python is to keep no bytecode, each of the hundreds of processes that
# the tests start would compile all that it imports: a start of four seconds would take eleven.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup up test check format lint types imports unit coverage bench cases faults faults-slice faults-table mutants mutation mutation-slice attack soak lock vendor page-types pictures clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## install into .venv, by the hashes in requirements/

$(STAMP): requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "learnstream needs Python 3.11 or newer; seen: $$($(PYTHON) --version 2>&1). Say which one with PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "This Python has no venv module (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt requirements/bootstrap.txt
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-build-isolation --no-deps -e .
	@touch $@

up: setup ## start everything with the demo's learners; flags: make up ARGS="--clock stream"
	@$(BIN)/learnstream up $(ARGS)

test: setup ## every test, on real servers: whole stacks, attacks and faults one after another, then the rest, two files at a time; MEASURED=1: with a floor for all but the pure packages
	@$(BIN)/python -m pytest $(ALONE) $(ARGS)
	@EXAMPLES=$(or $(EXAMPLES),5) $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ALONE:%=--ignore=%) $(if $(MEASURED),$(MEASURED_REST)) $(ARGS)

check: setup format lint types imports unit ## format, lint, strict types, import rules, the unit and behaviour tests but the long ones; under a minute

format:
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ."; exit 1; }
lint:
	@$(BIN)/ruff check --quiet .
types:
	@$(BIN)/mypy
imports:
	@$(BIN)/lint-imports
unit:
	@$(BIN)/python -m pytest --quiet --numprocesses 2 --dist worksteal -m 'not long' tests/unit tests/behaviour

coverage: setup ## unit and behaviour tests, measured: every branch of domain, metrics and models
	@$(BIN)/python -m tests.mutation --record
	@$(BIN)/coverage combine --quiet --keep --data-file=build/mutation/.coverage build/mutation
	@$(BIN)/coverage report --data-file=build/mutation/.coverage --include='$(PURE)' --fail-under=100 --skip-covered --show-missing

bench: setup ## the figures of the README, side by side on this machine
	@$(BIN)/python -m benchmarks $(ARGS)

cases: setup ## small inputs with the output they must give, on real stacks: DIR=folder (tests/cases)
	@$(BIN)/python -m tests.cases $(or $(DIR),tests/cases) $(ARGS)

faults: setup ## nothing lost, nothing twice: SEEDS=n runs of ten faults or more, FIRST=k the first seed, SEED=k one again
	@$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1) --first $(or $(FIRST),1))

faults-slice: setup ## the part of it that CI runs, as tests: FAULT_SEEDS=n (1), FAULT_MUTANTS=n (4) in turn, a soak of SOAK_MINUTES=n (2)
	@FAULT_SEEDS=$(or $(FAULT_SEEDS),1) FAULT_MUTANTS=$(or $(FAULT_MUTANTS),4) FAULT_TURN=$$(git rev-list --count HEAD) \
	  SOAK_MINUTES=$(or $(SOAK_MINUTES),2) $(BIN)/python -m pytest tests/faults $(ARGS)

faults-table: setup ## sum up the kept verdicts in docs/operations.md, and print that
	@$(BIN)/python -m tests.faults --table

mutants: setup ## deliberate defects, each under the faults aimed at it: every one must be caught
	@$(BIN)/python -m tests.faults.mutant_runs $(ARGS)

mutation: setup ## does a test notice if one token is another one? N=300 mutants, SEED=1, SINCE=revision, ONLY=files
	@$(BIN)/python -m tests.mutation --count $(or $(N),300) --seed $(or $(SEED),1) \
	  $(if $(SINCE),--since $(SINCE)) $(if $(ONLY),--only '$(ONLY)')

mutation-slice: setup ## the part of it that CI runs: N=40 mutants of what the last SLICE=25 commits touched, four in five noticed
	@$(BIN)/python -m tests.mutation --count $(or $(N),40) --least 0.8 \
	  --since $$(git rev-list --max-count=$(or $(SLICE),25) HEAD | tail -n 1)

attack: setup ## what an attacker can send, all of it, against a stack of its own: labels, connections, tokens, parameters
	@$(BIN)/python -m tests.attack

soak: setup ## MINUTES=n (30) of steady load with a fault a minute: memory, files, connections, lag
	@$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),30)

lock: setup ## compile requirements/ again from pyproject.toml
	@$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url pyproject.toml -o requirements/run.txt
	@$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url pyproject.toml --extra embedded --group dev -c requirements/run.txt -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-emit-index-url --group bench -c requirements/dev.txt -o requirements/bench.txt
	@echo "uv==$$($(BIN)/uv --version | cut -d' ' -f2)" | $(BIN)/uv pip compile --quiet --generate-hashes --universal --no-emit-index-url --no-header - -o requirements/bootstrap.txt

vendor: setup ## fetch the page's libraries as web/vendor/vendor.lock names them, and compare; needs npm
	@$(BIN)/python -m tests.vendored

page-types: setup ## check the page's scripts against the types of the API's document; needs Node and npm
	@$(BIN)/python -m tests.page_types

pictures: setup ## take the README's pictures of the page anew, in docs/pictures; needs a browser
	@$(BIN)/python -m tests.pictures

clean: ## remove what was installed and built
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
