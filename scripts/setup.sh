#!/usr/bin/env bash
# Installs the Debian packages that Holdfast builds and tests with. Instant when nothing is missing.
set -euo pipefail

say() { echo "setup: $*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

if ! has swift; then
    say "Swift is not installed. Holdfast needs Swift 6.2 or later: https://www.swift.org/install/"
    exit 1
fi
version="$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)"
major="${version%%.*}"
minor="${version#*.}"
if [[ -z "$version" ]] || ((major < 6 || (major == 6 && minor < 2))); then
    say "this is Swift ${version:-of an unknown version}. Holdfast needs 6.2 or later: https://www.swift.org/install/"
    exit 1
fi

include() { # whether a C header is where the compiler looks
    local header="$1" directory
    for directory in /usr/include /usr/local/include /usr/include/*-linux-gnu; do
        [[ -e "$directory/$header" ]] && return 0
    done
    return 1
}

missing=()
include hiredis/hiredis.h || missing+=(libhiredis-dev)
include curl/curl.h || missing+=(libcurl4-openssl-dev)
include zlib.h || missing+=(zlib1g-dev)
include sqlite3.h || missing+=(libsqlite3-dev)
include openssl/evp.h || missing+=(libssl-dev)
has redis-server || has valkey-server || [[ -n "${HOLDFAST_REDIS_SERVER:-}" ]] || missing+=(redis-server)
# The tests run Python's rq beside ours, see scripts/rq-venv.sh.
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3 python3-venv python3-pip); fi
has openssl || missing+=(openssl) # makes the certificates of the TLS tests

# Both check the model of the lock protocol, see docs/model.
has spin || missing+=(spin)
has gcc || missing+=(gcc)

if ((${#missing[@]} == 0)); then
    exit 0
fi

as_root=()
if ((EUID != 0)); then
    as_root=(sudo -n)
fi
by_hand="sudo apt-get update && sudo apt-get install --yes --no-install-recommends ${missing[*]}"
if ! has apt-get; then
    say "missing: ${missing[*]} (Debian's names). There is no apt-get here: install their equivalents, then try again."
    exit 1
fi
if ((EUID != 0)) && { ! has sudo || ! sudo -n true 2>/dev/null; }; then
    say "missing: ${missing[*]}. Install them with:"
    echo "    $by_hand" >&2
    exit 1
fi

# Debian starts a redis service on port 6379 as soon as redis-server is installed. Holdfast starts its own nodes and
# must leave none behind, so services are told not to start while we install; a service that was there stays.
policy=/usr/sbin/policy-rc.d
wrote_policy=no
remove_policy() {
    if [[ "$wrote_policy" == yes ]]; then
        "${as_root[@]}" rm -f "$policy"
    fi
}
trap remove_policy EXIT
if [[ " ${missing[*]} " == *" redis-server "* && ! -e "$policy" ]]; then
    wrote_policy=yes
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi

say "installing ${missing[*]}"
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -o Dpkg::Use-Pty=0 "$@" >&2; }
if ! { apt install --yes --no-install-recommends "${missing[@]}" ||
    { apt update && apt install --yes --no-install-recommends "${missing[@]}"; }; }; then
    say "apt could not install them. Try by hand:"
    echo "    $by_hand" >&2
    exit 1
fi
if [[ "$wrote_policy" == yes ]] && has systemctl; then
    # Not started now; not at the next boot either.
    "${as_root[@]}" systemctl disable --quiet redis-server >/dev/null 2>&1 || true
fi
