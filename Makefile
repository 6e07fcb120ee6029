# Everything a newcomer needs: `make demo` and `make test` on a fresh clone do all their own set-up.
# Needs Debian or Ubuntu, Python 3.11+ and access to package registries. Nothing is installed outside this folder and the cache
# (CTI_CACHE_DIR, default ~/.cache/cti), except Chromium through apt where we are root and it is missing.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
STATIC := cti/api/static/index.html

.PHONY: demo test coverage chaos voice check audit bench build lock clean help browser
.DEFAULT_GOAL := help

help:            ## what there is
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  *##' $(MAKEFILE_LIST) | sed -E 's/:.*##/ -/' | sort

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; found " + sys.version)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing pinned dependencies into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(STATIC): $(STAMP) $(shell find web -path web/node_modules -prune -o -type f -print 2>/dev/null)
	@$(BIN)/python web/build.py

build: $(STATIC) ## the browser application, and Python's bytecode: a service that may not write here would compile at each start
	@$(BIN)/python -m compileall -q cti

browser: $(STAMP)
	@$(BIN)/python web/chromium.py

demo: $(STATIC)  ## a whole SAS on this machine: PBX, callers, agents, live board (DEMO="--duration 120 --rate 60 --seed 1")
	@$(BIN)/cti demo $(DEMO)

# Tests wait for phones more than they compute: so many run side by side, each file in one process. A test that measures time
# against a person's patience has slack enough for that; milliseconds are bench's business.
SIDE_BY_SIDE ?= 3

test: $(STATIC) browser ## all tests, on a real PBX (TESTS="tests/unit -k fold" for some, SIDE_BY_SIDE=0 for one after the other)
	@$(BIN)/python -m pytest -n $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder $(TESTS)

# What tells the pure rooms apart; the properties of the scenarios are left out for their length, they cover nothing of
# their own; one test of milliseconds is, because counting lines costs some.
ROOMS := access agents ami api archive bootstrap callback dossier exporting journey listening live qos recording routing
PURE := $(ROOMS:%=tests/unit/%) tests/scenarios/test_scenarios.py tests/scenarios/test_complaints.py \
	tests/scenarios/test_covered_intervals.py tests/scenarios/test_joined_callers.py tests/scenarios/test_cel_with_rows_missing.py \
	tests/house/test_state_diagram.py tests/integration/test_ami_answers.py \
	--deselect tests/unit/bootstrap/test_bootstrap_daybook.py::test_a_refresh_costs_what_changed_and_not_what_the_day_holds

coverage: $(STATIC) ## every branch of the pure rooms is tested; the table, and what is missing
	@$(BIN)/python -m coverage run -m pytest -q $(PURE)
	@$(BIN)/python -m coverage report

chaos: $(STATIC) ## every bad day in turn on a real PBX, the table in docs/chaos.md (CHAOS="--seed 7 pbx_killed")
	@$(BIN)/python -m tests.chaos $(CHAOS)

voice: $(STATIC) ## the proof that the voice is kept: 1,000 calls of every kind, then kill -9 fifty times; docs/voice.md (VOICE="--callers 200 --kills 10")
	@$(BIN)/python -m tests.voice $(VOICE)

check: $(STAMP) $(STATIC) audit ## lint, types, import contracts, known faults of dependencies
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check cti
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

audit: $(STAMP)  ## known faults of what we depend on (pip-audit, npm audit); said when it cannot be asked
	@$(BIN)/python -m tests.house.audit

bench: $(STATIC) browser ## figures against rivals, in one run
	@$(BIN)/python -m bench

lock:            ## pin every dependency again (requirements.lock)
	@rm -rf build/lock && $(PYTHON) -m venv build/lock
	@build/lock/bin/pip install --quiet --disable-pip-version-check ".[dev]" "setuptools>=77" wheel
	@{ echo "# Every dependency, pinned. Made by: make lock. No index address: pip uses the machine's own."; \
	   build/lock/bin/pip freeze --all --exclude cti | grep -v '^pip=='; } > requirements.lock
	@rm -rf build/lock

clean:           ## remove what was built here (not the cache)
	rm -rf $(VENV) build cti.egg-info cti/api/static web/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
