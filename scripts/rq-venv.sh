#!/bin/sh
# Installs Python's rq, the reference that our job queue is tested against, in two versions, each with rq-dashboard:
# the newest 3.x into .build/rq-venv, and 2.12 into .build/rq-venv-2.12. Quick when they are there. The tests look for
# them there, or where HOLDFAST_RQ_VENV points to (the second one beside it, with -2.12 at the end of its name).
set -eu
cd "$(dirname "$0")/.."
venv="${HOLDFAST_RQ_VENV:-.build/rq-venv}"

is_there() { "$1/bin/python" -c 'import rq, rq_dashboard, six' 2>/dev/null && [ -x "$1/bin/rq" ]; }

install() { # directory, what rq
    is_there "$1" && return 0
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        echo "rq needs Python's venv: sudo apt-get install -y python3 python3-venv python3-pip" >&2
        exit 1
    fi
    rm -rf "$1"
    mkdir -p "$(dirname "$1")"
    python3 -m venv "$1"
    # rq-dashboard imports six without asking for it.
    "$1/bin/pip" --quiet --disable-pip-version-check install "$2" 'rq-dashboard==0.9.0' six
    "$1/bin/python" -c 'import rq; print("rq", rq.VERSION, "is installed")'
}

install "$venv" 'rq>=3.0,<4'
install "$venv-2.12" 'rq==2.12.0'
