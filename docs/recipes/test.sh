#!/usr/bin/env bash
# Tries the recipes on real servers, which it starts on this machine in a temporary directory and stops again.
# A server that is not installed is skipped, and said: apt-get install postgresql mariadb-server etcd-server etcd-client
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d)"
chmod 755 "$work"
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

failures=0
skipped=0
passed=0
is() { # is WHAT EXPECTED FOUND
    if [[ "$2" == "$3" ]]; then
        passed=$((passed + 1))
    else
        failures=$((failures + 1))
        echo "FAILED $database: $1: expected '$2', found '$3'" >&2
    fi
}
until_ready() { # until_ready COMMAND …: for at most a minute
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        "$@" >/dev/null 2>&1 && return
        kill -0 "${pids[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    echo "$database did not start:" >&2
    cat "$work/$database.log" >&2
    exit 1
}
as_postgres=() # servers refuse to run as root
if ((EUID == 0)); then as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups); fi

# What every recipe must do; `raise`, `read_`, `apply` and `forget` are the database's.
cases() {
    is "a blank resource" "ok " "$(raise page 3)"
    is "a write" "written 3 1" "$(apply page one 3 a)"
    is "its repeat" "replayed 3 1" "$(apply page one 3 a)"
    is "another value" "key reused" "$(apply page two 3 a)"
    is "raising" "ok one" "$(raise page 5)"
    is "a stale raise" "stale 5" "$(raise page 4)"
    is "a stale read" "stale 5" "$(read_ page 4)"
    is "a stale write" "stale 5" "$(apply page late 3 b)"
    is "a repeat by a stale holder" "replayed 3 1" "$(apply page one 3 a)"
    is "a refused write takes neither key nor number" "written 5 2" "$(apply page two 5 b)"
    is "an equal token reads" "ok two" "$(read_ page 5)"
    is "reading does not raise" "ok two" "$(read_ page 9)"
    is "a later token writes" "written 7 3" "$(apply page three 7 c)"
    is "and is the fence" "stale 7" "$(apply page late 6 d)"
    is "another resource has its own fence" "written 1 1" "$(apply other x 1 a)"
    forget page a
    is "a forgotten key is new" "written 7 4" "$(apply page four 7 a)"

    # Many at once, in no order: the accepted ones have rising tokens, in the order of their numbers.
    local token
    for token in 11 19 3 27 35 14 22 30 8 16 24 32 5 13 21 29; do
        apply crowd "value $token" "$token" "key $token" >"$work/$database.$token" &
        crowd+=("$!")
    done
    wait "${crowd[@]}"
    crowd=()
    local order
    order="$(cat "$work/$database".[0-9]* | sed -n 's/^written //p' | sort -k 2 -n)"
    is "every one was answered" 16 "$(cat "$work/$database".[0-9]* | grep -cE '^(written|stale)')"
    is "numbers without gaps" "$(seq "$(wc -l <<<"$order")")" "$(cut -d ' ' -f 2 <<<"$order")"
    is "tokens in order" "$(cut -d ' ' -f 1 <<<"$order" | sort -n)" "$(cut -d ' ' -f 1 <<<"$order")"
    is "the last token won" "ok value 35" "$(read_ crowd 35)"

    # One key, many times at once: it is written once.
    for token in 1 2 3 4 5 6 7 8; do
        apply once same 40 key >"$work/$database.once.$token" &
        crowd+=("$!")
    done
    wait "${crowd[@]}"
    is "written once" 1 "$(cat "$work/$database".once.* | grep -c '^written 40 1')"
    is "repeated otherwise" 7 "$(cat "$work/$database".once.* | grep -c '^replayed 40 1')"
}
crowd=()

skip() {
    skipped=$((skipped + 1))
    echo "skipped $1: $2 is not installed"
}

database=postgresql
bin="$(find /usr/lib/postgresql -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1 || true)"
if [[ -z "$bin" ]]; then
    skip postgresql postgresql
else
    mkdir "$work/pg"
    if ((EUID == 0)); then chown postgres: "$work/pg"; fi
    "${as_postgres[@]}" "$bin/initdb" -D "$work/pg/data" -A trust >"$work/postgresql.log" 2>&1
    "${as_postgres[@]}" "$bin/postgres" -D "$work/pg/data" -k "$work/pg" -c listen_addresses= \
        >>"$work/postgresql.log" 2>&1 &
    pids+=("$!")
    sql() { "${as_postgres[@]}" psql -h "$work/pg" -d postgres -qtA -F ' ' -v ON_ERROR_STOP=1 "$@"; }
    until_ready sql -c 'SELECT 1'
    # From standard input: the server's user may not read this directory.
    sql <"$here/postgresql.sql"
    show() { sed -E 's/^(stale) ([0-9]+) .*$/\1 \2/; s/^(ok) [0-9]* /\1 /'; }
    raise() { sql -c "SELECT status, fence, convert_from(value, 'UTF8') FROM fenced_raise('$1', $2)" | show; }
    read_() { sql -c "SELECT status, fence, convert_from(value, 'UTF8') FROM fenced_read('$1', $2)" | show; }
    apply() {
        sql -c "SELECT CASE status WHEN 'stale' THEN 'stale ' || fence WHEN 'key reused' THEN status
            ELSE status || ' ' || token || ' ' || sequence END
            FROM fenced_apply('$1', convert_to('$2', 'UTF8'), $3, '$4', interval '7 days')"
    }
    forget() { sql -c "UPDATE fenced_once SET expires = now() WHERE name = '$1' AND key = '$2'"; }
    cases
fi

database=mariadb
if ! command -v mariadbd >/dev/null || ! command -v mariadb-install-db >/dev/null; then
    skip mysql mariadb-server
else
    mkdir "$work/maria"
    owner="$(id -un)"
    if ((EUID == 0)); then
        owner=mysql
        chown mysql: "$work/maria"
    fi
    mariadb-install-db --no-defaults --user="$owner" --datadir="$work/maria/data" --auth-root-authentication-method=normal \
        --skip-test-db >"$work/mariadb.log" 2>&1
    mariadbd --no-defaults --user="$owner" --datadir="$work/maria/data" --socket="$work/maria/s" --skip-networking \
        --pid-file="$work/maria/pid" >>"$work/mariadb.log" 2>&1 &
    pids+=("$!")
    sql() { mariadb --no-defaults -uroot -S "$work/maria/s" -N -B "$@"; }
    until_ready sql -e 'SELECT 1'
    sql -e 'CREATE DATABASE recipe'
    sql recipe <"$here/mysql.sql"
    show() { sed -E 's/\t/ /g; s/^(stale) ([0-9]+) .*$/\1 \2/; s/^ok (NULL|[0-9]+) /ok /; s/^ok NULL$/ok /'; }
    raise() { sql recipe -e "CALL fenced_raise('$1', $2)" | show; }
    read_() { sql recipe -e "CALL fenced_read('$1', $2)" | show; }
    apply() {
        sql recipe -e "CALL fenced_apply('$1', '$2', $3, '$4', 604800)" |
            sed -E 's/\t/ /g; s/^(key reused) .*$/\1/; s/^stale NULL NULL /stale /; s/^((written|replayed) [0-9]+ [0-9]+) .*$/\1/'
    }
    forget() { sql recipe -e "UPDATE fenced_once SET expires = 0 WHERE name = '$1' AND idempotency_key = '$2'"; }
    cases
fi

database=etcd
if ! command -v etcd >/dev/null || ! command -v etcdctl >/dev/null; then
    skip etcd "etcd-server or etcd-client"
else
    free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
    export ETCDCTL_API=3 ETCDCTL_ENDPOINTS
    ETCDCTL_ENDPOINTS="http://127.0.0.1:$(free_port)"
    peer="http://127.0.0.1:$(free_port)"
    etcd --data-dir "$work/etcd" --listen-client-urls "$ETCDCTL_ENDPOINTS" \
        --advertise-client-urls "$ETCDCTL_ENDPOINTS" --listen-peer-urls "$peer" \
        --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" >"$work/etcd.log" 2>&1 &
    pids+=("$!")
    until_ready etcdctl endpoint health
    # shellcheck source=etcd.sh
    source "$here/etcd.sh"
    raise() { fenced_raise "$@"; }
    read_() { fenced_read "$@"; }
    apply() { fenced_apply "$@" 604800; }
    forget() { etcdctl del "$1/once/$2" >/dev/null; }
    cases
fi

echo "recipes: $passed passed, $failures failed, $skipped of 3 databases skipped"
((failures == 0))
