# Everything runs in a virtual environment of the project's own, made at the first call.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo crawl test browse bench bench-full screenshots lint

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: install Python 3.11 or newer, or name one with PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another with PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install its venv package (Debian: python3-venv)" >&2; exit 1; }
	@echo "installing into $(VENV) (once; takes a minute or two)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## harvest the bundled sample province and show what was found
	@$(BIN)/scrapy demo $(ARGS)

crawl: $(STAMP) ## crawl Heilongjiang (ARGS="-a portal=mudanjiang -a limit=5" to try it out)
	@$(BIN)/scrapy crawl heilongjiang $(ARGS)

browse: $(STAMP) ## look at the database (ARGS="-s DATABASE=…" for another one)
	@$(BIN)/scrapy browse $(ARGS)

test: $(STAMP) ## run the tests, on every core (ARGS="-n0 -x tests/storage" for some of them in one process)
	@$(BIN)/python -m pytest -q -n auto --dist loadscope $(ARGS)

bench: $(STAMP) ## measure the whole against the bare tools, ten minutes (ARGS="--only formats" for each format alone)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-full: $(STAMP) ## measure site and findings over 85,000 invented reports, and 8,500 (ARGS="--database FILE" for another)
	@$(BIN)/python -m benchmarks.full $(ARGS)

screenshots: $(STAMP) ## make the pictures of the README from the sample province (needs a Chromium)
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)

lint: $(STAMP) ## check style and types
	@$(BIN)/ruff check .
	@$(BIN)/mypy
