# The two commands of the README are `make run` and `make test`; the rest serves whoever changes the code.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
WAREHOUSE ?= data/warehouse
HOST ?= 127.0.0.1
PORT ?= 8050

.PHONY: run test check unit browser bench method lock screenshots soak outage sbom wheelhouse clean
.DEFAULT_GOAL := run

run: $(VENV)/.run                                   ## load the demo county if there is no data, then serve
	$(PY) app.py --warehouse $(WAREHOUSE) --host $(HOST) --port $(PORT) --demo-if-empty

.venv: $(VENV)/.run                                 ## only prepare the environment

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 或更高版本 (Python >= 3.11 is needed)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "无法创建虚拟环境：请先安装 python3-venv（apt-get install python3-venv）"; rm -rf $(VENV); exit 1; }

$(VENV)/.run: requirements.lock | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.run

test: $(VENV)/.dev                                  ## everything CI runs: contracts, lint, types, unit, property, golden, browser
	@sh .ci/system-packages
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m pytest tests

unit: $(VENV)/.dev                                  ## the tests that need no browser
	$(PY) -m pytest tests -m "not e2e"

bench: $(VENV)/.dev                                 ## figures for 60,000 and 1,000,000 cases and for a 2,000-grid map; reports, never a timed test
	$(PY) -m bench
	$(PY) -m bench.recolour

soak: $(VENV)/.dev                                  ## a wall fills its pages 20,000 times (about forty minutes); result in docs/soak.json
	$(PY) -m bench.soak $(FIRST) $(SECOND)

outage: $(VENV)/.dev                                ## server killed for 3 min, frozen and out of reach for 1 min each; result in docs/outage.json
	$(PY) -m bench.outage $(WAREHOUSE)

method: $(VENV)/.dev                                ## does the risk map find what is there, the detector the right system? 20 and 50 counties
	$(PY) -m bench.risk
	$(PY) -m bench.coordinates

screenshots: $(VENV)/.dev                           ## redraw docs/screenshots from the demo county
	$(PY) -m tests.e2e.screenshots

lock: $(VENV)/.dev                                  ## pin again after changing pyproject.toml (needs `uv`)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header -o requirements.lock
	uv pip compile pyproject.toml --extra science --group dev -c requirements.lock --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header -o requirements-dev.lock

sbom: $(VENV)/.dev                                  ## what the product is made of: docs/sbom.json (CycloneDX), from the lock
	$(PY) -m docs.make_sbom

wheelhouse: $(VENV)/bin/python                      ## every package of the lock as a file, to carry to a machine without internet
	$(PY) -m pip download --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements.lock -d build/wheelhouse
	sh .ci/offline-install build/wheelhouse

clean:
	rm -rf $(VENV) data/demo data/warehouse .mypy_cache .ruff_cache .hypothesis build
