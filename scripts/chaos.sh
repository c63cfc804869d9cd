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

# Runs a command in a network of its own, where the kernel can be told to drop packets and nobody else has any. Without
# the right to make one, the faults that need it are skipped with that reason.
alone() {
    if command -v nft >/dev/null && unshare --net ip link set lo up 2>/dev/null; then
        unshare --net -- sh -c 'ip link set lo up && exec "$@"' sh "$@"
    else
        "$@"
    fi
}

case "$battery" in
    smoke)
        # Locks and jobs, briefly, and those of their mutants that are found almost at once.
        "$holdfast" chaos run chaos/counter.yml chaos/jobs.yml --seconds 8 \
            --hunt fence-off --hunt key-off --hunt two-step-claim --report "$report" "$@"
        ;;
    full) alone "$holdfast" chaos run chaos/*.yml --seeds 2 --mutants --report "$report" "$@" ;;
    long) alone "$holdfast" chaos run chaos/*.yml --seeds 40 --seconds 60 --mutants --report "$report" "$@" ;;
    *)
        echo "chaos.sh: smoke, full or long, not $battery" >&2
        exit 2
        ;;
esac
