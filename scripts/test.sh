#!/usr/bin/env bash
# Builds and runs the tests. The last line says how many ran; the exit status is that of the tests.
# Arguments choose among the tests as those of `swift test` do, for example: scripts/test.sh --filter TidyTests
set -euo pipefail
cd "$(dirname "$0")/.."
swift="${SWIFT:-swift}"

# The protocol before the code. Not when a part of the tests is asked for.
if (($# == 0)); then
    docs/model/run.sh --short
fi

"$swift" build --build-tests

# The battery before the tests, whose summary is the last that is said.
if (($# == 0)); then
    scripts/chaos.sh smoke --quiet
fi

output="$(mktemp -d)"
trap 'rm -rf "$output"' EXIT

# Runs tests one after the other: they start servers and workers by the dozen, and starving each other is not what they
# test. The program is called by itself, as `swift test` would, of which only one at a time may use a build directory.
tests="$("$swift" build --show-bin-path)/holdfastPackageTests.xctest"
lane() {
    local name="$1" status=0
    shift
    "$tests" --testing-library swift-testing --no-parallel "$@" 2>&1 | tee "$output/$name" || status=$?
    return "$status"
}

# Most tests wait for servers, leases and timers: two at a time need little longer than one. What the first lane takes,
# the second leaves out, so that none is forgotten; they are about equally long.
first='^(HoldfastCommandsTests|HoldfastLocksTests)\.'
status=0
if (($# == 0)); then
    # As a job of its own: what a shell without job control sends to the background ignores interrupts for ever, and so
    # would the programs that tests interrupt.
    set -m
    lane 1 --filter "$first" &
    set +m
    trap 'kill -- "-$!" 2>/dev/null || true; rm -rf "$output"' EXIT
    lane 2 --skip "$first" || status=$?
    wait $! || status=$?
else
    lane 1 "$@" || status=$?
fi

# "Test run with 12 tests in 3 suites passed after 4.5 seconds": one line of all lanes' numbers.
awk -v status="$status" '
    match($0, /Test run with [0-9]+ tests?( in [0-9]+ suites?)? (passed|failed) after [0-9.]+ seconds.*/) {
        split(substr($0, RSTART, RLENGTH), words, " ")
        for (i in words) {
            if (words[i] ~ /^tests?$/) tests += words[i - 1]
            if (words[i] ~ /^suites?$/) suites += words[i - 1]
            if (words[i] == "after" && words[i + 1] + 0 > seconds) seconds = words[i + 1] + 0
            if (words[i] ~ /^issues?\.?$/) issues += words[i - 1]
        }
        lanes++
    }
    END {
        print ""
        if (lanes < ARGC - 1) {
            print "make test: a test process died before its summary (status " status ")." > "/dev/stderr"
            exit status == 0 ? 1 : status
        }
        if (tests == 0) {
            print "make test: no test matched." > "/dev/stderr"
            exit 1
        }
        printf "Test run with %d tests in %d suites %s after %.3f seconds", tests, suites,
            status == 0 ? "passed" : "failed", seconds
        print issues ? " with " issues " issues." : "."
        exit status
    }' "$output"/*
