#!/usr/bin/env bash
# Runs the tests; arguments go to pytest, without any all tests run in two processes. All of their temporary files lie in one
# folder, which is removed at the end together with any PostgreSQL that a killed test run has left in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d "${TMPDIR:-/tmp}/lr.XXXXXX")
chmod 711 "$scratch" # root's private PostgreSQL runs under another account and must be able to enter

clean_up() {
    local file pid
    while IFS= read -r -d '' file; do
        pid=$(head -n 1 "$file" 2>/dev/null) || continue
        kill -INT "$pid" 2>/dev/null || continue
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null && sleep 0.1; done
    done < <(find "$scratch" -name postmaster.pid -print0 2>/dev/null)
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

unset PYTHONDONTWRITEBYTECODE # many tests start the command: each would compile all of it anew
if (($# == 0)); then set -- -n 2 --dist loadfile --no-loadscope-reorder; fi # slow files have few tests: not all of them last
TMPDIR=$scratch .venv/bin/python -m pytest "$@"
