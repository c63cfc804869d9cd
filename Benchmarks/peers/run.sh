#!/usr/bin/env bash
# Other lock libraries on the same nodes, for `make bench-locks`. Each in the version that is pinned here, in an
# environment of its own under .build, because they want different clients.
#
#   run.sh setup                  make the environments; quick when they are there
#   run.sh list                   who can run here: name, clients and arguments of `run`, separated by tabs
#   run.sh run ENVIRONMENT SCRIPT --ports P,P,… --clients N --seconds S
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
build="${HOLDFAST_PEERS:-$here/../../.build}"

sync_packages=(redis==8.1.0 redlock-py==1.0.8 pottery==3.0.1 mmh3==5.3.1)
aio_packages=(aioredlock==0.7.3 aioredis==1.3.1 async-timeout==5.0.1 attrs==26.1.0 hiredis==3.5.0)

python() { echo "$build/peers-$1/bin/python"; }

make_environment() { # name, module that shows that it is there, packages
    local name="$1" module="$2"
    shift 2
    "$(python "$name")" -c "import $module" 2>/dev/null && return 0
    rm -rf "$build/peers-$name"
    mkdir -p "$build"
    python3 -m venv "$build/peers-$name"
    if ! "$build/peers-$name/bin/pip" --quiet --disable-pip-version-check install "$@" ||
        ! "$(python "$name")" -c "import $module"; then
        echo "peers: $* cannot be installed for $(python3 --version); left out" >&2
        rm -rf "$build/peers-$name"
    fi
}

case "${1:-}" in
setup)
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        echo "peers need Python's venv: sudo apt-get install -y python3 python3-venv python3-pip" >&2
        exit 1
    fi
    make_environment sync pottery "${sync_packages[@]}"
    make_environment aio aioredlock "${aio_packages[@]}"
    ;;
list)
    row() { if [[ -x "$(python "$3")" ]]; then printf '%s\t%s\t%s %s\n' "$1" "$2" "$3" "$4"; fi; }
    row "redlock-py 1.0.8" 1 sync redlock_py.py
    row "redlock-py 1.0.8, threads" 16 sync redlock_py.py
    row "pottery 3.0.1" 1 sync pottery_redlock.py
    row "aioredlock 0.7.3" 1 aio aio_redlock.py
    row "aioredlock 0.7.3, tasks" 16 aio aio_redlock.py
    row "redis-py 8.1.0, one node" 1 sync redis_py.py
    row "redis-py 8.1.0, one node" 16 sync redis_py.py
    ;;
run)
    shift
    environment="$1" script="$2"
    shift 2
    exec "$(python "$environment")" "$here/$script" "$@"
    ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
