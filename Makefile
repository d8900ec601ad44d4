# Every target sets up what it needs: Python 3.11+, make and git are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PACKAGES := packages/yunqiao packages/yunsim packages/kubesim
TESTS ?=
BENCH ?=
DOCKER ?= docker
IMAGE ?= yunqiao

.PHONY: help setup demo sandbox test check soak format lint types imports docs bench image lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

setup: $(STAMP)  ## put yunqiao, cloud-controller-manager, yunsim and kubesim into .venv/bin

$(STAMP): requirements/dev.txt $(addsuffix /pyproject.toml,$(PACKAGES))
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": name another with make PYTHON=...") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (once; about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(addprefix -e ,$(PACKAGES))
	@touch $@

# NET=loopback (as it is), private (every address and port true, in a network namespace), auto, or kernel (every
# instance a network namespace, packets between nodes go where the route table says; needs Linux and iproute2).
demo: setup  ## the walkthrough on this machine: cloud, cluster and controller, real requests, then a clean end
	@$(BIN)/yunqiao demo

sandbox: setup  ## the same, left running for you to play with (Ctrl-C ends it)
	@$(BIN)/yunqiao sandbox $(if $(PODS),--pods $(PODS))

test: setup  ## all tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not soak" $(TESTS)

check: lint types imports test  ## formatting, lint, types, import rules, tests

soak: setup  ## a long random run of crashes and faults (SOAK_MINUTES, default 10)
	@$(BIN)/python -m pytest -m soak --timeout 0 tests/crash tests/loss

format: setup  ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix-only --quiet .

lint: setup
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: setup
	@$(BIN)/mypy packages/yunqiao/src packages/yunsim/src packages/kubesim/src

imports: setup
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

docs: setup  ## make the reference pages and the picture of the demo anew
	@$(BIN)/python docs/generate.py
	@$(BIN)/yunsim coverage > docs/reference/yunsim-coverage.md
	@$(BIN)/python docs/picture.py

bench: setup  ## measure
	@$(BIN)/python bench/run.py $(BENCH)
	@$(BIN)/python bench/kube_layer.py
	@$(BIN)/python bench/large_cluster.py

image:  ## the image of the controller, by docker (or DOCKER=podman), named IMAGE
	@$(DOCKER) build --file deploy/Dockerfile --tag $(IMAGE) $(if $(BASE),--build-arg BASE=$(BASE)) .

lock: setup  ## pin the requirements anew, with hashes
	@cd requirements && for f in runtime dev controller controller-build; do ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" $$f.in -o $$f.txt; done

clean:  ## remove what setup made
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .sandbox
