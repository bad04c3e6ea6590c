# Everything from a fresh clone needs only python3 (3.11 or newer) and make.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
JOBS   ?= 2
BIN    := .venv/bin
READY  := .venv/ready
CODE   := src sims theory figures tests
SOURCES := $(shell find src sims theory figures -name '*.py' -o -name '*.toml')
QUICK  ?=

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Fetched with uv where it is on PATH, else with pip. The lock pins every package by hash.
$(READY): requirements.lock setup.cfg pyproject.toml
	@echo "setting up .venv (once, about a minute)" >&2
	@$(PYTHON) -m venv .venv
	@if command -v uv >/dev/null; then \
	    uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
	    uv pip install --quiet --python $(BIN)/python --no-deps --editable .; \
	else \
	    $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock && \
	    $(BIN)/python -m pip install --quiet --no-deps --editable .; \
	fi
	@touch $@

.PHONY: setup
setup: $(READY) ## create .venv from the lock

.PHONY: figures
figures: build/figures$(QUICK).stamp ## compute what is missing and draw every figure (QUICK=1: coarse)

# What a figure needs: a drawing and, unless its points are an ordinary sweep, what computes them. So
# that a deleted script is missed, also if all of a figure but its committed drawing is gone.
POINTS := $(wildcard figures/*/points.toml)
DRAWINGS := $(wildcard figures/output/*.pdf)
SCRIPTS := $(sort $(POINTS:points.toml=figure.py) $(DRAWINGS:figures/output/%.pdf=figures/%/figure.py) \
    $(patsubst %.toml,%.py,$(shell grep -l '^experiment' $(POINTS) /dev/null)))
$(SCRIPTS):
	@echo "make figures: $@ is missing" >&2; exit 1

# The full figures are committed; a quick look goes to build/ and leaves them alone.
build/figures.stamp: $(READY) $(SOURCES) $(SCRIPTS)
	$(BIN)/treesmc figures --jobs $(JOBS)
	@mkdir -p build && touch $@

build/figures1.stamp: $(READY) $(SOURCES) $(SCRIPTS)
	$(BIN)/treesmc figures --quick --results build/quick --out build/quick --jobs $(JOBS)
	@mkdir -p build && touch $@

.PHONY: test
test: $(READY) ## run the tests
	$(BIN)/python -m pytest -q -n $(JOBS)

# Peers want other versions than ours (particles: numpy<2), so each has an environment of its own.
build/peers/%/ready: tests/benchmarks/peers/%.txt
	@echo "setting up $(@D)"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet -r $< >$(@D)/pip.log 2>&1
	@touch $@

# For just this processor, but with our roundings: the results are compared bit for bit.
CXXFLAGS := -std=c++17 -O3 -march=native -ffp-contract=off -fno-trapping-math -shared -fPIC
build/peers/cpp/samplers.so: tests/benchmarks/peers/samplers.cpp
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -o $@.$$$$ $< && mv $@.$$$$ $@

.PHONY: cpp no-compiler
cpp: $(if $(shell command -v $(CXX)),build/peers/cpp/samplers.so,no-compiler)
no-compiler:
	@echo "make peers: $(CXX) is missing, the C++ peer is left out" >&2

.PHONY: peers
peers: cpp build/peers/particles/ready build/peers/jax/ready

BENCH := $(BIN)/python -m pytest -q tests/benchmarks/test_speed.py --benchmark-only \
    --benchmark-timer=time.process_time --benchmark-columns=min,median,rounds
SLOWER ?= 25%

.PHONY: bench
bench: $(READY) ## time every kernel, race the peers, fail if a goal of speed is missed
	@$(MAKE) --silent --keep-going peers 2>/dev/null || true  # the race says who is missing
	@mkdir -p build/bench
	$(BENCH) --benchmark-autosave --benchmark-json=build/bench/own.json
	$(BIN)/python tests/benchmarks/bench.py

.PHONY: bench-compare
bench-compare: $(READY) ## time every kernel and compare with the last stored run
	@test -n "$(wildcard .benchmarks/*/*.json)" || \
	    { echo "make bench-compare: no stored run; make bench stores one" >&2; exit 1; }
	@mkdir -p build/bench
	$(BENCH) --benchmark-compare --benchmark-compare-fail=min:$(SLOWER) 2>build/bench/compare.log; \
	    status=$$?; sed '/^Traceback/,$$d' build/bench/compare.log >&2; exit $$status

.PHONY: audit-benchmark
audit-benchmark: $(READY) ## audit logs of trees known exactly, renew the table of docs/audit.md
	$(BIN)/python tests/audit/benchmark.py docs/audit.md

# The same cases for the same SEED. Those that fail are kept, and each with the command to replay it.
CASES ?= 100000
SEED  ?= 0

.PHONY: fuzz
fuzz: $(READY) ## feed CASES=100000 spoiled inputs to every command, keep what breaks in build/fuzz
	$(BIN)/python tests/fuzz/campaign.py --cases $(CASES) --seed $(SEED)

.PHONY: check-bytes
check-bytes: $(READY) ## make figures and laws as on other processors, compare bytes (FULL=1: not quick)
	$(BIN)/python tests/bytes/check.py $(if $(FULL),--full)

.PHONY: verify
verify: $(READY) ## check every claim: proof steps, exact instances, measurements
	$(BIN)/treesmc verify

.PHONY: lint
lint: $(READY) build/typing ## ruff (rules and format) and mypy
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	MYPYPATH=build/typing $(BIN)/mypy -p treesmc

# mypy cannot follow an editable install whose folders lie apart: give it the package as one tree.
build/typing: $(READY)
	@mkdir -p $@/treesmc
	@ln -sfn ../../../sims ../../../theory ../../../figures $@/treesmc/
	@for entry in src/treesmc/*; do ln -sfn ../../../$$entry $@/treesmc/; done

.PHONY: lock
lock: $(READY) ## renew requirements.lock (needs uv)
	uv pip compile setup.cfg --extra dev --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-emit-index-url --no-emit-find-links --upgrade -o requirements.lock

.PHONY: clean
clean: ## remove what was built, keep .venv and results
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks

# The article. Its numbers come from paper/generate.py, its figures from `make figures`.
PAPER := build/paper
GENERATE := $(BIN)/python paper/generate.py
LATEXMK := SOURCE_DATE_EPOCH=0 latexmk -pdf -Werror -halt-on-error -interaction=nonstopmode -silent

.PHONY: paper
paper: $(PAPER)/main.pdf ## build the article, numbers and all, into build/paper/main.pdf

.PHONY: arxiv
arxiv: $(PAPER)/arxiv.tar.gz ## the article's sources as arXiv wants them

.PHONY: check-paper
check-paper: $(READY) ## recompute every number of the article, fail if a committed one moved
	$(GENERATE) --check

.PHONY: latexmk
latexmk:
	@command -v latexmk >/dev/null || { \
	    echo "make paper: latexmk is missing; on Debian: apt-get install --no-install-recommends" \
	        "texlive-latex-extra texlive-fonts-recommended lmodern latexmk (about 370 MB)" >&2; \
	    exit 1; }

$(PAPER)/generated.stamp: paper/generate.py paper/compare.py $(SOURCES) $(DRAWINGS) $(wildcard results/*.csv) | latexmk $(READY)
	$(GENERATE)
	@mkdir -p $(@D) && touch $@

$(PAPER)/main.pdf: $(PAPER)/generated.stamp paper/main.tex paper/references.bib $(wildcard paper/floats/*.tex)
	cd paper && $(LATEXMK) -outdir=../$(@D) main.tex
	@touch $@

# Flat but for generated/ and figures/; same bytes whenever the sources are the same.
$(PAPER)/arxiv.tar.gz: $(PAPER)/main.pdf
	@rm -rf $(PAPER)/arxiv && mkdir -p $(PAPER)/arxiv/figures
	cp -R paper/main.tex paper/references.bib paper/floats paper/generated $(PAPER)/main.bbl $(PAPER)/arxiv
	sed -n 's|^INPUT ../\(figures/output/.*\.pdf\)$$|\1|p' $(PAPER)/main.fls | sort -u | \
	    xargs -I '{}' cp '{}' $(PAPER)/arxiv/figures
	tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=a=rX,u+w \
	    -C $(PAPER)/arxiv -cf - . | gzip -n > $@
