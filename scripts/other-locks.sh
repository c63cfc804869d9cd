#!/usr/bin/env bash
# Judges other lock libraries, and ours, with `holdfast verify --adapter`, on three servers of this machine, each with
# several seeds, once with all faults and once without pauses. Prints a table; docs/other-locks.md explains it.
#
#   scripts/other-locks.sh [SEEDS] [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seeds="${1:-3}" seconds="${2:-20}"
holdfast="${HOLDFAST:-$(swift build --show-bin-path)/holdfast}"
Benchmarks/peers/run.sh setup
python="$PWD/.build/peers-sync/bin/python"

work="$(mktemp -d)"
trap '"$holdfast" cluster down --dir "$work/cluster" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
nodes="$("$holdfast" cluster up --nodes 3 --store 0 --dir "$work/cluster" --json |
    "$python" scripts/other_locks.py urls)"
"$holdfast" cluster init --nodes "$nodes" --quiet

judge() { # faults, nodes, adapter
    local seed
    for ((seed = 1; seed <= seeds; seed++)); do
        "$holdfast" verify --adapter "$3" --nodes "$2" --seconds "$seconds" --seed "$seed" --faults "$1" \
            --json --history "$work/history.jsonl" >"$work/result.json" 2>"$work/errors" || true
        "$python" scripts/other_locks.py add "$work/table" "$1" "$work/result.json" "$work/history.jsonl" ||
            cat "$work/errors" >&2
    done
}

cuts=kill,drop-requests,drop-replies,late-requests,delay,reset
for faults in "pause,$cuts" "$cuts"; do
    for adapter in redlock_py pottery_redlock redsync_style; do
        judge "$faults" "$nodes" "$python chaos/adapters/$adapter.py"
    done
    # It knows one node only.
    judge "$faults" "${nodes%%,*}" "$python chaos/adapters/redis_py.py"
    judge "$faults" "$nodes" "'$holdfast' chaos adapter"
done
"$python" scripts/other_locks.py show "$work/table"
