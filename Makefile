# simgate: every target sets itself up first. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
MINUTES ?= 10
WORKERS ?= 2
QUICK := tests --ignore=tests/soak --ignore=tests/bench --ignore=tests/gpu
SOURCES := tasks plugins dags tests examples images compose
TYPED := tasks/simgate plugins/simgate_airflow dags tests examples/demo/terminal examples/demo/scenes/author docs/pictures images compose

# uv does not read pip's setting; a machine that offers local wheels serves them to both.
export UV_FIND_LINKS := $(if $(UV_FIND_LINKS),$(UV_FIND_LINKS),$(PIP_FIND_LINKS))
# Compiled kernels of the simulator: 30 s to make, kept between runs and checkouts.
export WARP_CACHE_PATH ?= $(HOME)/.cache/simgate/warp

# A change of either file installs again; uv makes that a matter of seconds.
STAMP := $(VENV)/.ready-$(shell cat pyproject.toml constraints.txt 2>/dev/null | sha256sum | cut -c1-16)

# Runs a command with its words in a log: every few seconds the newest of them, and all of them where it fails.
LOG := $(VENV)/install.log
EVERY_S ?= 10
QUIETLY = quietly() { \
		(said=; while sleep $(EVERY_S) >/dev/null 2>&1; do \
			last="$$(tail -n 1 $(LOG) | cut -c1-100)"; \
			test "$$last" = "$$said" || { said="$$last"; echo "   … $$last"; }; \
		done) & \
		trap "kill $$! 2>/dev/null || true" EXIT; \
		"$$@" >$(LOG) 2>&1 || { code=$$?; cat $(LOG) >&2; echo "== failed with $$code; the lines above are $(LOG)" >&2; exit $$code; }; \
		echo "   done: $$(grep -cE '^ [+-] ' $(LOG) || true) packages changed; the log is $(LOG)"; \
	}; quietly

.PHONY: help setup browser servers images images-pin demo demo-stop test soak gpu check bench closures format lock clean distclean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/  make \1\t\2/' | expand -t 20
	@echo "  SOAK: make soak MINUTES=10 SEED=1    DEMO: make demo APPROVE=yes (or no: answers the gate itself)"

setup: $(STAMP) ## the virtual environment in .venv, from constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "simgate needs Python 3.11 or 3.12 on PATH"; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' \
		|| { echo "simgate needs Python 3.11 or 3.12, $(PYTHON) is $$("$(PYTHON)" -V 2>&1); set PYTHON=…"; exit 2; }
	@if ! test -x $(BIN)/python; then \
		echo "== set-up 1/3: virtual environment in $(VENV)"; \
		"$(PYTHON)" -m venv --without-pip $(VENV); \
	fi
	@if ! test -x $(BIN)/uv; then \
		echo "== set-up 2/3: fetching uv (the installer, 20 MB)"; \
		"$(PYTHON)" -m pip --python $(BIN)/python install --quiet uv \
			|| { $(BIN)/python -m ensurepip && $(BIN)/python -m pip install --quiet uv; }; \
	fi
	@echo "== set-up 3/3: installing what constraints.txt pins: Airflow, Newton, PyTorch, Great Expectations, MLflow, ONNX Runtime"
	@echo "   (some 320 packages; 7.5 GB in .venv with PyTorch for CUDA, as PyPI has it: minutes on the first run, seconds later)"
	@$(QUIETLY) $(BIN)/uv pip install --python $(BIN)/python -c constraints.txt -e '.[light,sim,torch,agent,airflow]' --group dev
	@rm -f $(VENV)/.ready-*
	@touch $@

browser: # Chromium for tests/browser, by apt where that is allowed; without it those tests are skipped
	@if ! command -v chromium chromium-browser google-chrome >/dev/null; then \
		if command -v apt-get >/dev/null && test "$$(id -u)" = 0; then \
			echo "== fetching chromium by apt (for tests/browser)"; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null \
				|| echo "== no chromium; the browser tests are skipped"; \
		else echo "== no chromium; the browser tests are skipped"; fi; \
	fi

servers: $(STAMP) # MinIO and Kubernetes from source, PostgreSQL from Debian: built once, kept in ~/.cache/simgate
	@$(BIN)/python -m tests.servers.minio prepare
	@$(BIN)/python -m tests.servers.kubernetes prepare
	@$(BIN)/python -m tests.servers.postgres prepare

images: $(STAMP) ## container images with their SBOMs, by docker or buildah; IMAGES="worker minio" for some
	$(BIN)/python -m images.build $(IMAGES)

images-pin: $(STAMP) ## look up what the tags of all bases name today, and pin that; needs skopeo, or docker with buildx
	$(BIN)/python -m images.bases

demo: $(STAMP) ## a scene edit becomes a released model, in this terminal
	@umask 077; exec $(BIN)/python -m examples.demo.terminal start

demo-stop: ## stop what a demo left running
	@if test -x $(BIN)/simgate; then $(BIN)/python -m examples.demo.terminal stop; fi

test: $(STAMP) browser servers ## every test but soak, bench and gpu
	@first=0; second=0; \
	$(BIN)/python -m pytest $(QUICK) -n $(WORKERS) --no-loadscope-reorder -m "not alone" $(ARGS) || first=$$?; \
	echo "== what keeps time, with nothing beside it"; \
	$(BIN)/python -m pytest $(QUICK) -m alone $(ARGS) || second=$$?; \
	for half in "$$first what runs side by side" "$$second what keeps time"; do \
		case "$$half" in 0\ *|5\ *) ;; *) echo "== failed: $${half#* } (pytest said $${half%% *})" >&2;; esac; \
	done; \
	test $$first = 0 -o $$first = 5 && test $$second = 0 -o $$second = 5

soak: $(STAMP) servers ## kills, races and random work for MINUTES (default 10); prints its seed, take it up with SEED=
	@seed="$${SEED:-$$RANDOM$$RANDOM}"; echo "== soak: $(MINUTES) minutes, SEED=$$seed"; \
		SIMGATE_SOAK_MINUTES=$(MINUTES) SIMGATE_SOAK_SEED="$$seed" \
		$(BIN)/python -m pytest tests/soak -v -n $(WORKERS) --no-loadscope-reorder --timeout=$$(( ($(MINUTES) + 10) * 60 )) $(ARGS)

gpu: $(STAMP) ## tests that need an NVIDIA GPU; skipped with a reason where there is none
	$(BIN)/python -m pytest tests/gpu $(ARGS)

check: $(STAMP) ## format, lint, types, layers, Containerfile; under a minute
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports
	$(BIN)/hadolint images/Containerfile

bench: $(STAMP) ## measure; prints a table and writes bench/*.json
	@mkdir -p bench
	$(BIN)/python -m pytest tests/bench -s --timeout=3600 $(ARGS)

closures: $(STAMP) ## write tests/golden/closures anew: the code that is in each stage's key, file by file
	$(BIN)/python -m tests.closures

format: $(STAMP) ## format and fix what can be fixed
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

COMPILE = UV_FIND_LINKS= $(BIN)/uv pip compile pyproject.toml --python-version 3.11 --no-header --no-annotate --quiet
lock: $(STAMP) ## pin again: constraints.txt, then each extra's slice of it in locks/
	$(COMPILE) --extra light --extra sim --extra torch --extra agent --extra airflow --group dev -o constraints.txt
	@mkdir -p locks
	@for extra in light sim torch agent airflow gpu; do \
		echo "== locks/$$extra.txt"; \
		$(COMPILE) --extra $$extra -c constraints.txt -o locks/$$extra.txt; \
	done

clean: demo-stop ## remove .simgate (stores, Airflow, MLflow of the demo) and caches; keeps .venv
	rm -rf .simgate .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis bench

distclean: clean ## clean, and remove .venv
	rm -rf $(VENV)
