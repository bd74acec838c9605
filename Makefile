# make run    builds .venv and starts `enchufe serve`
# make test   installs what the tests need and runs every rule and every test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/.done

.PHONY: run test check lint types rooms unit catalogue pictures simulate fuzz soak bench compiled clean help

help:  ## list what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(DONE)/run  ## build .venv and start `enchufe serve`
	$(BIN)/enchufe serve

test: $(DONE)/dev $(DONE)/system check unit  ## run every rule and every test

check: lint types rooms  ## run the rules: style, types, rooms

lint: $(DONE)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DONE)/dev
	$(BIN)/mypy

rooms: $(DONE)/dev
	$(BIN)/lint-imports

unit: $(DONE)/dev $(DONE)/system
	$(BIN)/python -m compileall -q src  # once, and not in each of the thousands of programs that run
	$(BIN)/pytest -n 3 --dist loadgroup

catalogue: $(DONE)/dev  ## bring the Spanish catalogue up to date with the source
	$(BIN)/python tools/catalogue.py

pictures: $(DONE)/dev $(DONE)/system  ## take the pictures of the README anew
	ENCHUFE_PICTURES=docs/pictures $(BIN)/pytest tests/browser -k pictures

SEEDS ?= 500
simulate: $(DONE)/dev  ## run the simulator over many seeds: make simulate SEEDS=5000
	$(BIN)/pytest tests/simulation --seeds $(SEEDS)

EXAMPLES ?= 3000
fuzz: $(DONE)/dev  ## feed decoders and services any bytes, cut anywhere: make fuzz EXAMPLES=20000
	$(BIN)/pytest tests/wire tests/fuzz tests/test_host.py --examples $(EXAMPLES) --timeout 0

SECONDS ?= 600
soak: $(DONE)/plot  ## set honest and hostile peers loose on one server: make soak SECONDS=60
	$(BIN)/python -m soak.run --seconds $(SECONDS)

bench: $(DONE)/bench  ## measure against the peers and the C limit
	$(BIN)/python bench/run.py

compiled: $(DONE)/compiled  ## build .venv-compiled, with the pure rooms compiled by mypyc

clean:  ## remove what was built
	rm -rf $(VENV) .venv-compiled build dist bench/build src/*.egg-info
	find src -name '*.mo' -delete -o -name '*.so' -delete

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "enchufe needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); tools/system-packages python3-venv && $(PYTHON) -m venv $(VENV); }
	$(BIN)/pip install --quiet --upgrade pip

$(DONE)/run: $(VENV)/bin/python pyproject.toml setup.py
	$(BIN)/pip install --quiet --editable .
	@mkdir -p $(DONE) && touch $@

$(DONE)/dev: $(DONE)/run $(wildcard src/enchufe/locale/*/LC_MESSAGES/*.po)
	$(BIN)/pip install --quiet --editable . --group dev
	@touch $@

$(DONE)/system: tools/system-packages tests/system-packages.txt
	tools/system-packages $$(grep -v '^#' tests/system-packages.txt)
	@mkdir -p $(DONE) && touch $@

$(DONE)/bench: $(DONE)/run tools/system-packages
	tools/system-packages gcc libc6-dev ncat socat ngircd nats-server
	$(BIN)/pip install --quiet --group bench
	@touch $@

$(DONE)/plot: $(DONE)/run
	$(BIN)/pip install --quiet --group bench
	@touch $@

$(DONE)/compiled: $(VENV)/bin/python pyproject.toml setup.py $(shell find src -name '*.py')
	tools/system-packages gcc libc6-dev
	$(PYTHON) -m venv .venv-compiled
	.venv-compiled/bin/pip install --quiet --upgrade pip
	.venv-compiled/bin/pip install --quiet --group compiled .
	rm -rf build  # what was compiled before would be packed again
	ENCHUFE_COMPILED=1 .venv-compiled/bin/pip install --quiet --no-build-isolation --no-deps --force-reinstall .
	@mkdir -p $(DONE) && touch $@
