# A fenced resource in etcd (3.4 or later), as functions around `etcdctl txn`: source it.
#
# Keys of the resource R: R/fence (the token, 16 digits, so that comparing texts compares numbers), R/value, and
# R/once/K (digest, token and number of the write with the key K), which a lease deletes after the retention.
# A txn is one atomic step: no other write comes between its comparisons and its puts. Values here are one line
# of text without quotes.

fenced_number() { printf '%016d' "$((10#$1))"; }

# The value in an answer of `-w fields`.
fenced_value() { sed -n 's/^"Value" : "\(.*\)"$/\1/p' <<<"$1"; }

fenced_succeeded() { grep -q '^"Succeeded" : true' <<<"$1"; }

# txn COMPARISONS PUTS-AND-GETS OTHERWISE, each one request a line
fenced_txn() { printf '%s\n\n%s\n\n%s\n\n' "$1" "$2" "$3" | etcdctl txn -w fields; }

# A comparison of values fails where there is no key: so there must be one.
fenced_create() { fenced_txn "create(\"$1/fence\") = \"0\"" "put $1/fence $(fenced_number 0)" "" >/dev/null; }

# fenced_raise R TOKEN prints "ok VALUE" or "stale FENCE".
fenced_raise() {
    local answer
    fenced_create "$1"
    answer="$(
        fenced_txn "value(\"$1/fence\") < \"$(fenced_number $(($2 + 1)))\"" \
            "put $1/fence $(fenced_number "$2")"$'\n'"get $1/value" "get $1/fence"
    )"
    if fenced_succeeded "$answer"; then
        echo "ok $(fenced_value "$answer")"
    else
        echo "stale $((10#$(fenced_value "$answer")))"
    fi
}

# fenced_read R TOKEN prints the same, and raises nothing.
fenced_read() {
    local answer
    fenced_create "$1"
    answer="$(
        fenced_txn "value(\"$1/fence\") < \"$(fenced_number $(($2 + 1)))\"" "get $1/value" "get $1/fence"
    )"
    if fenced_succeeded "$answer"; then
        echo "ok $(fenced_value "$answer")"
    else
        echo "stale $((10#$(fenced_value "$answer")))"
    fi
}

# fenced_apply R VALUE TOKEN KEY RETENTION prints "written TOKEN NUMBER", "replayed TOKEN NUMBER", "key reused" or
# "stale FENCE".
fenced_apply() {
    local digest first number lease answer fence
    digest="$(printf %s "$2" | sha256sum | cut -d ' ' -f 1)"
    fenced_create "$1"
    while true; do
        first="$(etcdctl get --print-value-only "$1/once/$4")"
        if [[ -n "$first" ]]; then
            if [[ "${first%% *}" == "$digest" ]]; then echo "replayed ${first#* }"; else echo "key reused"; fi
            return
        fi
        # etcd counts the puts of a key: that is the number of the write.
        number="$(etcdctl get -w fields "$1/value" | sed -n 's/^"Version" : //p')"
        number="${number:-0}"
        lease="$(etcdctl lease grant "$5" | cut -d ' ' -f 2)"
        answer="$(
            fenced_txn "value(\"$1/fence\") < \"$(fenced_number $(($3 + 1)))\"
version(\"$1/value\") = \"$number\"
version(\"$1/once/$4\") = \"0\"" "put $1/fence $(fenced_number "$3")
put $1/value \"$2\"
put $1/once/$4 \"$digest $3 $((number + 1))\" --lease=$lease" "get $1/fence"
        )"
        if fenced_succeeded "$answer"; then
            echo "written $3 $((number + 1))"
            return
        fi
        etcdctl lease revoke "$lease" >/dev/null
        fence="$(fenced_value "$answer")"
        # The key first: a repeat is answered whatever its token.
        if ((10#$fence > $3)) && [[ -z "$(etcdctl get --print-value-only "$1/once/$4")" ]]; then
            echo "stale $((10#$fence))"
            return
        fi
        # Another write came between: look again.
    done
}
