# Everything runs inside .venv, which `make setup` makes from constraints.txt; nothing else is touched.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export HF_HUB_OFFLINE ?= 1
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
INSTALLED := .venv/.installed
# The longest first. Two at a time, a file on one process; threads that wait must not spin.
TESTS ?= tests/pipeline tests/steps tests/contract tests/unit
PYTEST := OMP_WAIT_POLICY=PASSIVE python -m pytest --numprocesses 2 --dist loadfile

.PHONY: help setup repro test test-long check format serve report experiments sample-models profile bench verify clean-work

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-22s %s\n", $$1, $$2}'

setup: $(INSTALLED) ## make the environment (.venv, about two minutes, 2.5 GB)

# Exact versions, no resolver: a pinned file is installed as it is and then checked for consistency.
$(INSTALLED): constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "twinband needs Python 3.11: no python3 on the path"; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "twinband needs Python 3.11 or later; try: make setup PYTHON=/path/to/python3.11"; exit 2; }
	@test -x .venv/bin/python || "$(PYTHON)" -m venv .venv
	@echo "installing the pinned packages into .venv (once, about two minutes)"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r constraints.txt 2> >(grep -v '^WARNING: Location' >&2)
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2> >(grep -v '^WARNING: Location' >&2)
	@.venv/bin/python -m pip check --disable-pip-version-check
	@touch $@

repro: $(INSTALLED) ## rebuild everything whose inputs changed, then say where the report is
	@python -m twinband.ready params.yaml
	@dvc repro
	@echo "report: $(CURDIR)/reports/index.html"

test: $(INSTALLED) ## run the whole test suite (TESTS=path for a part)
	@command -v chromium >/dev/null || echo "no Chromium: browser tests will be skipped; install it with: apt-get install chromium"
	@$(PYTEST) -m "not long" $(TESTS)

test-long: $(INSTALLED) ## what takes long and rarely tells: stages killed at many moments
	@$(PYTEST) -m long $(TESTS)

check: $(INSTALLED) ## format, lint and types
	@ruff format --check .
	@ruff check .
	@mypy

format: $(INSTALLED) ## apply the formatter and the safe lint fixes
	@ruff check --fix --quiet . ; ruff format .

sample-models: $(INSTALLED) ## train the small annotators again, and score them (the stage is frozen)
	@for model in sam dpt mask2former; do \
	  python -m pipeline_steps.sample_models --item $$model --out models/sample/$$model \
	    --metrics metrics/sample_models/$$model.json --facts facts/sample_models/$$model.json && dvc commit --force sample_models@$$model || exit 1; \
	done

serve: $(INSTALLED) ## Prefect server on this machine with the nightly rebuild; Ctrl-C stops it
	@python -m flows.serve

report: $(INSTALLED) ## the report again, with timings of this machine's runs beside the results
	@$$(python -c 'import yaml; print(yaml.safe_load(open("dvc.yaml"))["stages"]["report"]["cmd"])') \
	  --runs .work/runs --out .work/report-with-runs
	@echo "report: $(CURDIR)/.work/report-with-runs/index.html"

experiments: $(INSTALLED) ## table of experiments: what differs, without the columns of dependencies
	@dvc exp show --md --only-changed --hide-workspace \
	  --drop '^((src|pipeline_steps|data|facts|models|plots|experiments)(/|$$)|metrics$$|Created$$)'

profile: $(INSTALLED) ## switch the parameters: make profile NAME=sample|test|real
	@twinband profile "$$NAME"

bench: $(INSTALLED) ## speed benchmarks; each prints one JSON line
	@for script in benches/bench_*.py; do python -m "benches.$$(basename "$$script" .py)" || exit 1; done

verify: $(INSTALLED) ## read every product back: counts, keys, checksums
	@twinband verify

clean-work: $(INSTALLED) ## remove unfinished work and caches older than seven days
	@twinband clean-work --older-than-days 7
