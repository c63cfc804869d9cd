#!/usr/bin/env bash
# Other job queues for `make bench-jobs`:
#   jobs.sh setup      installs them: Python's into .build, sidekiq from Debian if apt-get may be used
#   jobs.sh list       who can be run here: name, about how many jobs a second, arguments (separated by tabs)
#   jobs.sh run ENVIRONMENT SCRIPT …
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
build="$here/../../.build"
jobs_packages=(rq==3.0.0 'celery[redis]==5.7.0' 'dramatiq[redis]==2.2.1' 'saq[redis]==0.26.4' bullmq==3.4.4 redis==7.4.1)
# It wants an older redis-py than the others.
arq_packages=(arq==0.28.0 redis==5.3.1)

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
    make_environment jobs bullmq "${jobs_packages[@]}"
    make_environment arq arq "${arq_packages[@]}"
    if ! command -v sidekiq >/dev/null; then
        as_root=()
        ((EUID == 0)) || as_root=(sudo -n)
        if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install --yes \
            --no-install-recommends ruby-sidekiq >&2; then
            echo "sidekiq is left out unless it is installed: sudo apt-get install -y ruby-sidekiq" >&2
        fi
    fi
    ;;
list)
    row() { if [[ -x "$(python "$3")" ]]; then printf '%s\t%s\t%s %s\n' "$1" "$2" "$3" "$4"; fi; }
    row "rq 3.0.0, no fork" 200 jobs rq_jobs.py
    row "celery 5.7.0, threads" 800 jobs celery_jobs.py
    row "dramatiq 2.2.1, threads" 1500 jobs dramatiq_jobs.py
    row "saq 0.26.4" 1000 jobs saq_jobs.py
    row "bullmq (Python) 3.4.4" 1500 jobs bullmq_jobs.py
    row "arq 0.28.0" 1000 arq arq_jobs.py
    if command -v sidekiq >/dev/null; then row "sidekiq 6.4.1, threads" 8000 jobs sidekiq_jobs.py; fi
    ;;
run)
    shift
    environment="$1" script="$2"
    shift 2
    exec "$(python "$environment")" "$here/jobs/$script" "$@"
    ;;
*)
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
