# Every command a contributor needs. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
SWIFT ?= swift
# Of make bench-locks.
SECONDS_EACH ?= 2
ROUNDS ?= 3
FORMATTED := Sources Tests Package.swift $(wildcard Benchmarks Examples)

.PHONY: help setup build demo test model format lint bench bench-locks soak clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the system packages that are missing (quick when none is)
	@scripts/setup.sh

build: setup ## build everything, for debugging
	$(SWIFT) build

demo: setup ## agents move credits while workers and nodes die; ends with an audit
	$(SWIFT) build --product holdfast
	@"$$($(SWIFT) build --show-bin-path)/holdfast" demo --seconds 20 --seed 1

test: setup ## build and run every test; says at the end how many ran
	@scripts/rq-venv.sh
	@scripts/test.sh

model: setup ## check the lock protocol in a model checker, with every rule and without each
	@docs/model/run.sh

format: ## format the sources in place
	$(SWIFT) format --in-place --recursive --parallel $(FORMATTED)

lint: ## fail on anything that `make format` would change
	$(SWIFT) format lint --strict --recursive --parallel $(FORMATTED)

bench: setup ## run the benchmarks, optimised
	$(SWIFT) run -c release holdfast-bench

bench-locks: setup ## locks beside a floor in C and other libraries, on the same nodes in one run
	Benchmarks/peers/run.sh setup
	$(SWIFT) build -c release --product holdfast-bench
	@"$$($(SWIFT) build -c release --show-bin-path)/holdfast-bench" --peers Benchmarks/peers/run.sh \
		--seconds $(SECONDS_EACH) --rounds $(ROUNDS) locks

soak: setup ## a million lock cycles, optimised, with failures among them; fails if anything leaks
	$(SWIFT) run -c release holdfast-bench soak --cycles 1000000

clean: ## remove build output and what the demo left
	$(SWIFT) package clean
	rm -rf .holdfast
