# Every command a contributor needs. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
SWIFT ?= swift
# Of make bench-locks and make bench-jobs.
SECONDS_EACH ?= 2
ROUNDS ?= 3
FSYNC ?= never
FORMATTED := Sources Tests Package.swift $(wildcard Benchmarks Examples)

.PHONY: help setup build demo chaos-smoke chaos chaos-long test test-jobs-long compare-rq model format lint bench
.PHONY: bench-locks bench-jobs other-locks soak clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the system packages that are missing (quick when none is)
	@scripts/setup.sh

build: setup ## build everything, for debugging
	$(SWIFT) build

demo: setup ## agents move credits while workers and nodes die; ends with an audit
	$(SWIFT) build --product holdfast
	@"$$($(SWIFT) build --show-bin-path)/holdfast" demo --seconds 20 --seed 1

chaos-smoke: setup ## break things briefly, with a mutant, and judge what comes of it
	$(SWIFT) build --product holdfast
	@scripts/chaos.sh smoke

chaos: setup ## every scenario over several seeds, with all mutants (some 20 minutes)
	$(SWIFT) build --product holdfast
	@scripts/chaos.sh full

chaos-long: setup ## the same over many seeds, for hours
	$(SWIFT) build --product holdfast
	@scripts/chaos.sh long

test: setup ## build and run every test; says at the end how many ran
	@scripts/rq-venv.sh
	@scripts/test.sh

test-jobs-long: setup ## the batteries on jobs at full length: 50 rounds of kills, every moment, a million jobs
	@scripts/rq-venv.sh
	@HOLDFAST_LONG=1 scripts/test.sh --filter HoldfastJobsTests

compare-rq: setup ## the same kills and freezes to workers of Python's rq and to ours, in one table
	@scripts/rq-venv.sh
	$(SWIFT) build --product job-worker
	@.build/rq-venv/bin/python Benchmarks/peers/compare_rq.py \
		"$$($(SWIFT) build --show-bin-path)/job-worker" .build/rq-venv .build/rq-venv-2.12

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
		--seconds $(SECONDS_EACH) --rounds $(ROUNDS) --fsync $(FSYNC) locks

bench-jobs: setup ## jobs beside the limit of the scripts and other job queues, on the same Redis in one run
	Benchmarks/peers/jobs.sh setup
	$(SWIFT) build -c release --product holdfast-bench
	@"$$($(SWIFT) build -c release --show-bin-path)/holdfast-bench" --job-peers Benchmarks/peers/jobs.sh \
		--seconds $(SECONDS_EACH) --rounds $(ROUNDS) jobs

other-locks: setup ## judge lock libraries from pip beside ours, with faults (some 15 minutes)
	$(SWIFT) build --product holdfast
	@scripts/other-locks.sh 4 20

soak: setup ## a million lock cycles, optimised, with failures among them; fails if anything leaks
	$(SWIFT) run -c release holdfast-bench soak --cycles 1000000

clean: ## remove build output and what the demo left
	$(SWIFT) package clean
	rm -rf .holdfast
