# Everything sets itself up: python3 (3.11 or later) and make are all that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SITE ?= https://engineering.fb.com
TARGET ?= default

.PHONY: help demo browse demo-fleet test test-fast test-claims docs pictures crawl deploy bench bench-memory bench-clicks \
	bench-nightly bench-fleet bench-fuzz bench-peers bench-peers-large bench-profile bench-export clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

demo: $(VENV)/tests  ## crawl the bundled blog, all of it, and show the result
	@$(BIN)/python -m tests.blog.demo

browse: $(VENV)/browse  ## show the demo's archive as pages on this machine, to search and to read
	@test -e output/demo/archive.db || { echo "There is no demo archive yet: make demo crawls it now."; $(MAKE) demo; }
	@ENGCRAWL_OUTPUT=output/demo $(BIN)/scrapy browse

demo-fleet: $(VENV)/tests  ## thirty bundled blogs, a PostgreSQL, two workers, one of them killed on the way
	@$(BIN)/python -m tests.blog.demo_fleet

# A test waits about as long as it works: two workers for each of two cores. Tests of a group share what is dear to make.
test: $(VENV)/chromium  ## lint, spelling, types, every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy engcrawl tests
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -n 4 --dist loadgroup

test-fast: $(VENV)/tests  ## unit tests alone, under a minute
	$(BIN)/python -m pytest tests/unit

pictures: $(VENV)/chromium  ## the pictures of the docs, from real runs
	@$(BIN)/python -m tests.support.pictures

docs: $(VENV)/tests  ## write docs/reference/, the record's schema and the README's arguments from the code
	@$(BIN)/python -m tests.support.reference

crawl: $(VENV)/crawl  ## the real thing, politely: make crawl [SITE=https://engineering.fb.com]
	$(BIN)/scrapy crawl archive -a site=$(SITE)

# Each deployment has a version of its own, so that it never replaces the egg of a job that runs, and the newest comes
# last among Scrapyd's versions, which it sorts as text. scrapyd-deploy exits 0 also where Scrapyd answers with an error.
deploy: $(VENV)/deploy  ## put the project on Scrapyd: make deploy [TARGET=default], a target of scrapy.cfg
	@version=$$($(BIN)/python -c 'import engcrawl; print(engcrawl.__version__)') && \
	answer=$$($(BIN)/scrapyd-deploy $(TARGET) --version "$$(date +%s)-$$version") && printf '%s\n' "$$answer" && \
	case $$answer in *'"status": "ok"'*) ;; *) exit 1 ;; esac

test-claims: $(VENV)/tests  ## hold verdicts to what is so, on 300 random blogs (half an hour at most)
	$(BIN)/python -m tests.bench.claims

bench: $(VENV)/tests  ## what a page costs, against a bare Scrapy spider
	$(BIN)/python -m tests.bench speed

bench-peers: $(VENV)/tests $(VENV)/peers/installed  ## against what a user would write instead: Scrapy, crawlee
	$(BIN)/python -m tests.bench peers

bench-peers-large: $(VENV)/tests $(VENV)/peers/installed  ## the same at 10,000 posts, and 100,000 against 1,000 (an hour)
	$(BIN)/python -m tests.bench peers --large

bench-profile: $(VENV)/tests  ## where a first run's time goes, by sampling
	$(BIN)/python -m tests.bench profile

bench-memory: $(VENV)/tests  ## peak memory at 500 and at 20,000 posts
	$(BIN)/python -m tests.bench memory

bench-clicks: $(VENV)/chromium  ## what clicks cost, and peak memory at 10 and at 300
	$(BIN)/python -m tests.bench clicks

bench-nightly: $(VENV)/tests  ## requests, time and memory of a first run, and of the runs after it
	$(BIN)/python -m tests.bench nightly

bench-export: $(VENV)/tests  ## time, memory and size of exports, the report and the pages of browse
	$(BIN)/python -m tests.bench.export

bench-fleet: $(VENV)/tests  ## what 1,000 blogs cost: by --jobs, on a quiet night, with one worker and two (two hours)
	$(BIN)/python -m tests.bench.fleet

bench-fuzz: $(VENV)/tests  ## mutate pages: the parsers read them, or say that they aren't the page
	$(BIN)/python -m tests.bench.fuzz

clean:  ## take the virtual environment and caches away; output/ stays
	rm -rf $(VENV) build engcrawl.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# A virtual environment is whole when the stamp of what was installed last is there.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "engcrawl needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/crawl: requirements.txt $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/browse: requirements-browse.txt requirements.txt $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-browse.txt
	@touch $@

$(VENV)/deploy: deploy/requirements.txt requirements.txt $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r deploy/requirements.txt
	@touch $@

$(VENV)/tests: tests/requirements.txt requirements-export.txt requirements-browse.txt deploy/requirements.txt requirements.txt $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

# What the peers need must not disturb what a crawl needs: an environment inside the environment.
$(VENV)/peers/installed: tests/bench/peers/requirements.txt $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/peers
	$(VENV)/peers/bin/python -m pip install --quiet --disable-pip-version-check -r tests/bench/peers/requirements.txt
	@touch $@

$(VENV)/chromium: tests/support/get_chromium.py $(VENV)/tests
	$(BIN)/python -m tests.support.get_chromium
	@touch $@
