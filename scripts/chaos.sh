#!/usr/bin/env bash
# Runs a battery of chaos scenarios with the program that is built. The exit status is that of `holdfast chaos run`.
# Arguments: smoke, full or long; what follows is passed on. Reports go to .holdfast/chaos-report.
# The smoke battery is a part of `make test`: it also fails where it takes longer than CHAOS_SMOKE_LIMIT seconds, 90
# unless given, on a machine that had time for it.
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

# Clock ticks for which the processors were busy, and of those the ones that this script's ended children used.
busy() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat; }
own() { awk '{ print $16 + $17 }' "/proc/$$/stat"; }

# Runs a command that must not take too long. A loaded machine is not its fault: where others used more than a quarter
# of the processors meanwhile, that is said, and nothing fails.
guarded() {
    local limit="${CHAOS_SMOKE_LIMIT:-90}" status=0 start=$SECONDS all mine others
    all=$(busy) mine=$(own)
    # One that hangs is ended, on any machine.
    timeout --foreground --kill-after=30 600 "$@" || status=$?
    if ((status == 124 || status == 137)); then
        echo "chaos.sh: the battery had not ended after 600 s, and was ended" >&2
        exit 1
    fi
    local took=$((SECONDS - start))
    if ((status != 0 || took <= limit)); then exit "$status"; fi
    others=$((100 * ($(busy) - all - ($(own) - mine)) / (took * $(getconf CLK_TCK) * $(nproc))))
    if ((others > 25)); then
        echo "chaos.sh: the battery took $took s, more than $limit s, while others used $others % of the processors:" \
            "that it is slow is not counted" >&2
        exit 0
    fi
    echo "chaos.sh: the battery took $took s, more than the $limit s that it may take, and others used only" \
        "$others % of the processors meanwhile: shorten it, or find what became slow" >&2
    exit 1
}

case "$battery" in
    smoke)
        # Locks and jobs, briefly, and those of their mutants that are found almost at once.
        guarded "$holdfast" chaos run chaos/counter.yml chaos/jobs.yml --seconds 8 \
            --hunt fence-off --hunt key-off --hunt two-step-claim --report "$report" "$@"
        ;;
    full) alone "$holdfast" chaos run chaos/*.yml --seeds 2 --mutants --report "$report" "$@" ;;
    long) alone "$holdfast" chaos run chaos/*.yml --seeds 40 --seconds 60 --mutants --report "$report" "$@" ;;
    *)
        echo "chaos.sh: smoke, full or long, not $battery" >&2
        exit 2
        ;;
esac
