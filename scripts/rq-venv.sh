#!/bin/sh
# Installs Python's rq, the reference that our job queue is tested against, into .build/rq-venv. Quick when it is there.
# The tests look for it there, or where HOLDFAST_RQ_VENV points to.
set -eu
cd "$(dirname "$0")/.."
venv="${HOLDFAST_RQ_VENV:-.build/rq-venv}"
if "$venv/bin/python" -c 'import rq' 2>/dev/null && [ -x "$venv/bin/rq" ]; then exit 0; fi
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    echo "rq needs Python's venv: sudo apt-get install -y python3 python3-venv python3-pip" >&2
    exit 1
fi
rm -rf "$venv"
mkdir -p "$(dirname "$venv")"
python3 -m venv "$venv"
"$venv/bin/pip" --quiet --disable-pip-version-check install 'rq>=3.0,<4'
"$venv/bin/python" -c 'import rq; print("rq", rq.VERSION, "is installed")'
