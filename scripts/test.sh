#!/usr/bin/env bash
# Builds and runs the tests. The last line says how many ran; the exit status is that of the tests.
# Arguments are passed on to `swift test`, for example: scripts/test.sh --filter TidyTests
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

output="$(mktemp)"
trap 'rm -f "$output"' EXIT
# One after the other: they start servers and workers by the dozen, and starving each other is not what they test.
# XCTest is switched off: all tests are Swift Testing's, and its empty "Executed 0 tests" would only confuse.
status=0
"$swift" test --skip-build --disable-xctest --no-parallel "$@" 2>&1 | tee "$output" || status=$?

summary="$(grep -aoE 'Test run with [0-9]+ tests?.*' "$output" | tail -n 1 || true)"
echo
if [[ -z "$summary" ]]; then
    echo "make test: no test ran, or the test process died before its summary (status $status)." >&2
    exit $((status == 0 ? 1 : status))
fi
if [[ "$summary" =~ ^Test\ run\ with\ 0\ tests ]]; then
    echo "make test: no test matched." >&2
    exit 1
fi
echo "$summary"
exit "$status"
