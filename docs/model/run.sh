#!/usr/bin/env bash
# Checks the model of the lock protocol in every variant, and prints what came out.
#
#   docs/model/run.sh              all variants: some minutes, up to 2 GB of memory
#   docs/model/run.sh --short      those that together need less than half a minute
#   docs/model/run.sh --show NAME  the shortest counterexample of one variant, step by step
#
# Fails when a variant does not end as expected: a property that must hold is violated, one that must be violated is
# not, or a search ended before it had seen every state.
set -euo pipefail
cd "$(dirname "$0")"
jobs="${JOBS:-2}"

# name | short or long | what must come out: "holds", or the property that must be violated | definitions
# Variants whose names begin with "names" or "readers" are of names.pml or readers.pml, the others of holdfast.pml.
variants="
readers-3            | long  | holds      | -DA=3 -DOPERATIONS
protocol             | short | holds      | -DA=2 -DWRITES -DORDER
protocol-3           | long  | holds      | -DA=3
extend-forget        | long  | holds      | -DA=2 -DEXTENDS=1 -DFORGETS=1
protocol-5-nodes     | long  | holds      | -DN=5 -DA=2 -DWRITES -DORDER
strict-no-holder     | long  | holds      | -DA=2 -DNO_HOLDER -DSTRICT
strict-order         | short | ordered    | -DA=2 -DNO_HOLDER -DSTRICT -DORDER
timely               | long  | holds      | -DA=2 -DTIMELY
timely-3             | long  | holds      | -DA=3 -DTIMELY
no-confirm           | short | unique     | -DA=2 -DNO_CONFIRM
no-confirm-order     | long  | monotone   | -DA=3 -DNO_CONFIRM -DONLY_M
no-holder            | short | unique     | -DA=2 -DNO_HOLDER
no-fence             | short | notStale   | -DA=2 -DWRITES -DNO_FENCE
untimely-exclusion   | long  | exclusive  | -DA=2 -DUNTIMELY
forget-at-once       | long  | unique     | -DA=2 -DFORGETS=1 -DADMISSION=AT_ONCE
forget-wait-only     | long  | unique     | -DA=2 -DFORGETS=1 -DADMISSION=WAIT
forget-wait-order    | long  | monotone   | -DA=2 -DFORGETS=1 -DADMISSION=WAIT -DONLY_M
forget-wait-resource | long  | ownFence   | -DA=2 -DFORGETS=1 -DADMISSION=WAIT -DWRITES -DONLY_S
forget-copy-only     | long  | unique     | -DA=2 -DFORGETS=1 -DADMISSION=COPY
forget-copy-first    | short | unique     | -DA=2 -DFORGETS=1 -DADMISSION=COPY_THEN_WAIT
forget               | short | holds      | -DA=2 -DFORGETS=1
forget-writes        | long  | holds      | -DA=2 -DFORGETS=1 -DWRITES
forget-twice         | long  | holds      | -DA=2 -DFORGETS=2
keep                 | long  | holds      | -DA=2 -DKEEPS=1
extend               | long  | holds      | -DA=2 -DEXTENDS=1
extend-writes        | long  | holds      | -DA=2 -DEXTENDS=1 -DWRITES
extend-timely        | short | holds      | -DA=2 -DEXTENDS=1 -DTIMELY
extend-timely-twice  | long  | holds      | -DA=2 -DEXTENDS=2 -DTIMELY
extend-forget-timely | long  | holds      | -DA=2 -DEXTENDS=1 -DFORGETS=1 -DTIMELY
renew-any            | long  | continuous | -DA=2 -DEXTENDS=1 -DONLY_E -DRENEW_ANY
renew-any-timely     | long  | holds      | -DA=2 -DEXTENDS=1 -DTIMELY -DRENEW_ANY
count-repaired       | long  | holds      | -DA=2 -DEXTENDS=1 -DONLY_E -DCOUNT_REPAIRED
count-re-created     | short | continuous | -DA=2 -DEXTENDS=1 -DONLY_E -DCOUNT_REPAIRED -DREPAIR_ABOVE
repair-above-token   | long  | unique     | -DA=3 -DEXTENDS=1 -DONLY_U -DREPAIR_ABOVE -DNO_LATE
forget-ahead         | long  | holds      | -DA=2 -DFORGETS=1 -DAHEAD -DDROPS=1 -DWRITES
drop                 | short | holds      | -DA=2 -DDROPS=1 -DWRITES -DORDER
drop-extend          | long  | holds      | -DA=2 -DDROPS=1 -DEXTENDS=1
drop-only            | long  | unique     | -DA=2 -DDROPS=1 -DDROP_ONLY
drop-held            | long  | continuous | -DA=2 -DDROPS=1 -DDROP_HELD -DEXTENDS=1
names                | short | holds      | -DA=2 -DORDER
names-3              | long  | holds      | -DA=3 -DONE_EACH
names-5-nodes        | long  | holds      | -DN=5 -DA=2
names-drop           | long  | holds      | -DA=2 -DDROPS=1 -DORDER
names-maximum-of-one | short | unique     | -DA=2 -DMAXIMUM_OF_ONE
names-confirm-one    | short | unique     | -DA=2 -DCONFIRM_ONE
names-holder-of-one  | long  | unique     | -DA=2 -DHOLDER_OF_ONE
readers              | short | holds      | -DA=2 -DOPERATIONS -DORDER
readers-5-nodes      | long  | holds      | -DN=5 -DA=2 -DOPERATIONS
readers-forget       | long  | holds      | -DA=2 -DOPERATIONS -DFORGETS=1
readers-shared       | short | steady     | -DA=2 -DOPERATIONS -DSHARED
readers-as-built     | short | holds      | -DA=2 -DOPERATIONS -DORDER -DSHARED -DKEEP_FENCE -DUNSTEADY
readers-as-built-3   | long  | holds      | -DA=3 -DOPERATIONS -DSHARED -DKEEP_FENCE -DUNSTEADY
readers-no-raise     | long  | steady     | -DA=2 -DOPERATIONS -DKEEP_FENCE
readers-no-fence     | long  | notStale   | -DA=2 -DOPERATIONS -DNO_FENCE
readers-no-confirm   | long  | monotone   | -DA=3 -DREAD_UNCONFIRMED -DONLY_M
readers-no-holder    | long  | ordered    | -DA=2 -DORDER -DREAD_STALE
readers-late         | long  | ordered    | -DA=2 -DORDER -DREAD_LATE
readers-ignored      | long  | ordered    | -DA=2 -DORDER -DIGNORE_READERS
"

for tool in spin gcc; do
    if ! command -v "$tool" >/dev/null; then
        echo "model: $tool is missing. Install it with: sudo apt-get install --yes --no-install-recommends spin gcc" >&2
        exit 1
    fi
done

work="$(mktemp -d)"
cleanup() {
    local running
    running="$(jobs -p)"
    # shellcheck disable=SC2086
    [[ -z "$running" ]] || kill $running 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

trim() { sed -E 's/^ +//; s/ +$//' <<<"$1"; }

model() { # name of a variant
    case "$1" in
    names*) echo names.pml ;;
    readers*) echo readers.pml ;;
    *) echo holdfast.pml ;;
    esac
}

# Builds the verifier of some definitions in a directory of its own. It keeps every state whole: no hash stands for it.
build() { # directory, definitions, further flags of the compiler, model
    local optimise=-O1 # small searches end sooner than a better optimised verifier is compiled
    [[ ! "$2" =~ A=3|N=5|FORGETS=2|AHEAD|(EXTENDS|DROPS)=1\ -D(FORGETS|EXTENDS) ]] || optimise=-O2
    mkdir -p "$1"
    cp common.pml "$4" "$1"
    # shellcheck disable=SC2086
    (cd "$1" && spin -a $2 "$4" && gcc $optimise -w -DSAFETY -DNOFAIR -DMEMLIM=6000 $3 -o pan pan.c) \
        >"$1/build" 2>&1
}

check() { # name, expectation, definitions: prints its row of the table; fails if the expectation is not met
    local directory="$work/$1" result states began violated
    began="$EPOCHREALTIME"
    if ! build "$directory" "$3" "" "$(model "$1")"; then
        result="does not build: $(head -n 1 "$directory/build")"
    else
        (cd "$directory" && exec timeout 1800 ./pan -m200000 -n >out 2>&1) || true
        violated="$(sed -nE 's/.*assertion violated +\(?([A-Za-z]+).*/\1/p' "$directory/out" | head -n 1)"
        if [[ -n "$violated" ]]; then
            result="$violated"
        elif grep -q 'errors: 0' "$directory/out" &&
            ! grep -qiE 'search not completed|search depth too small|out of memory|memory limit' "$directory/out"; then
            result=holds
        else
            result="not exhaustive: $(grep -iE 'error|warning|memory|depth' "$directory/out" | head -n 1)"
        fi
    fi
    states="$(sed -nE 's/ *([0-9.e+]+) states, stored.*/\1/p' "$directory/out" 2>/dev/null || true)"
    awk -v a="$1" -v b="$2" -v c="$result" -v d="${states:--}" -v s="$began" -v e="$EPOCHREALTIME" \
        'BEGIN { printf "%-21s| %-11s| %-11s| %10s | %7.1f%s\n", a, b, c, d, e - s, b == c ? "" : "   <- NOT AS EXPECTED" }'
    rm -rf "$directory"
    [[ "$result" == "$2" ]]
}

which=all
case "${1:-}" in
"") ;;
--short) which=short ;;
--show)
    while IFS='|' read -r name _ expected definitions; do
        [[ "$(trim "$name")" == "${2:-}" ]] || continue
        echo "${2}: must end with: $(trim "$expected")"
        case "$(trim "$expected")" in # only this one, or the shortest violation may be another's
        unique) definitions+=" -DONLY_U" ;;
        monotone) definitions+=" -DONLY_M" ;;
        notStale | ownFence) definitions+=" -DONLY_S" ;;
        continuous) definitions+=" -DONLY_E" ;;
        ordered) definitions+=" -DONLY_O" ;;
        steady) definitions+=" -DONLY_R" ;;
        esac
        definitions+=" -DNAMED"
        build "$work/show" "$definitions" -DREACH "$(model "$2")"
        cd "$work/show"
        ./pan -m200000 -i >out 2>&1 || true
        if ! compgen -G '*.trail' >/dev/null; then
            echo "no counterexample: the properties hold"
            exit 0
        fi
        # shellcheck disable=SC2086
        spin -t $definitions "$(model "$2")" 2>&1 | sed -nE 's/^ *MSC: //p'
        sed -nE 's/.*assertion violated +\(?([A-Za-z]+).*/=> not \1/p' out | tail -n 1
        exit 0
    done <<<"$variants"
    echo "model: no variant is called '${2:-}'. They are listed in docs/model/run.sh" >&2
    exit 2
    ;;
*)
    sed -nE '2,6s/^# ?//p' run.sh >&2
    exit 2
    ;;
esac

printf '%-21s| %-11s| %-11s| %10s | %7s\n' variant expectation result states seconds
printf '%s\n' "---------------------|------------|------------|------------|--------"
failed="$work/failed"
while IFS='|' read -r name length expected definitions; do
    name="$(trim "$name")"
    [[ -n "$name" ]] || continue
    [[ "$which" == all || "$(trim "$length")" == short ]] || continue
    while (($(jobs -rp | wc -l) >= jobs)); do wait -n || true; done
    { check "$name" "$(trim "$expected")" "$(trim "$definitions")" || echo "$name" >>"$failed"; } &
done <<<"$variants"
wait
if [[ -e "$failed" ]]; then
    echo "model: not as expected: $(paste -sd ' ' "$failed")" >&2
    exit 1
fi
echo "model: every variant ended as expected, every search that holds was exhaustive"
