#!/usr/bin/env bash
# Runs a battery of chaos scenarios with the program that is built. The exit status is that of `holdfast chaos run`.
# Arguments: smoke, full or long; what follows is passed on. Reports go to .holdfast/chaos-report.
set -euo pipefail
cd "$(dirname "$0")/.."
swift="${SWIFT:-swift}"
holdfast="$("$swift" build --show-bin-path)/holdfast"
battery="${1:-smoke}"
shift || true
report=.holdfast/chaos-report
rm -rf "$report"

case "$battery" in
    smoke)
        # One run with a mutant that must be found, and one of jobs; what must happen sometimes is for the others.
        "$holdfast" chaos run chaos/counter.yml chaos/jobs.yml --seconds 6 --mutants --report "$report" "$@"
        ;;
    full) "$holdfast" chaos run chaos/*.yml --seeds 3 --mutants --report "$report" "$@" ;;
    long) "$holdfast" chaos run chaos/*.yml --seeds 40 --seconds 60 --mutants --report "$report" "$@" ;;
    *)
        echo "chaos.sh: smoke, full or long, not $battery" >&2
        exit 2
        ;;
esac
