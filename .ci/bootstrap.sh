#!/usr/bin/env bash
# Installs what the service needs and this machine lacks: Python, PostgreSQL with PostGIS, the locked Python packages.
# With --test also what only the tests need. As root by apt; as an ordinary user by unpacking Debian's packages into the
# user's own folder. Quick when nothing is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for_tests=no
[ "${1:-}" = --test ] && for_tests=yes

data_home=${XDG_DATA_HOME:-${HOME:-/root}/.local/share}/landreserve
unpacked=$data_home/packages
lock=requirements-dev.lock

say() { printf '==> %s\n' "$*"; }
give_up() { printf 'ERROR: %s\n' "$*" >&2; exit 2; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# ---- What is there ---------------------------------------------------------------------------------------------------

find_python() {
    local name
    for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# A folder that was moved or copied has a .venv whose programs still name the old place.
has_venv() { .venv/bin/python -c '' 2>/dev/null && grep -qF "$(pwd -P)/.venv" .venv/bin/activate; }

has_pip_for_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

pip_wheel() { find "$unpacked/usr/share/python-wheels" -name 'pip-*.whl' 2>/dev/null | head -n 1; }

has_postgis() {
    local root control major
    for root in '' "$unpacked"; do
        for control in "$root"/usr/share/postgresql/*/extension/postgis.control; do
            major=$(basename "$(dirname "$(dirname "$control")")")
            [ -e "$control" ] && [ -x "$root/usr/lib/postgresql/$major/bin/postgres" ] && return 0
        done
    done
    return 1
}

has_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }

# ---- What apt offers -------------------------------------------------------------------------------------------------

# Newest postgresql-NN-postgis-3, but one that fits a server that is installed already goes before.
postgis_package() {
    local offered major
    offered=$("$@" search --names-only '^postgresql-[0-9]+-postgis-3$' | cut -d' ' -f1 | sort -V)
    for major in $(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -Vr); do
        if [ -x "/usr/lib/postgresql/$major/bin/postgres" ] && grep -qx "postgresql-$major-postgis-3" <<<"$offered"; then
            echo "postgresql-$major-postgis-3"
            return
        fi
    done
    tail -n 1 <<<"$offered"
}

# The tests make PostgreSQLs of their own, whatever the service itself is told to use.
needs_postgis() { [ "$for_tests" = yes ] || [ -z "${LANDRESERVE_DATABASE_URL:-}" ]; }

missing_packages() { # arguments: the apt-cache command to ask
    local python
    if python=$(find_python); then
        has_venv || has_pip_for_venv "$python" || [ -n "$(pip_wheel)" ] || echo python3-venv
    else
        echo python3 python3-venv
    fi
    if needs_postgis && ! has_postgis; then
        postgis_package "$@" | grep . || echo postgresql-postgis
    fi
    if [ "$for_tests" = yes ] && is_root && ! has_chromium; then echo chromium; fi
}

something_missing() { [ -n "$(missing_packages true)" ]; }

# ---- As root: apt ----------------------------------------------------------------------------------------------------

apt_install() { # silent, but for its last lines when it fails
    local log
    log=$(mktemp)
    if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        return 1
    fi
    rm -f "$log"
}

# Debian makes and starts a cluster "main" beside a new server. Nobody asked for it: keep it from doing so this once.
apt_install_postgis() {
    local conf=/etc/postgresql-common/createcluster.conf
    if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
        apt_install "$@"
        return
    fi
    apt_install postgresql-common || return 1
    cp -p "$conf" "$conf.landreserve"
    trap 'mv -f /etc/postgresql-common/createcluster.conf{.landreserve,}' EXIT
    echo 'create_main_cluster = false' >>"$conf"
    apt_install "$@" || return 1
    mv -f "$conf.landreserve" "$conf"
    trap - EXIT
}

install_as_root() {
    local wanted
    say 'Reading the package lists (apt-get update).'
    apt-get update -qq
    # shellcheck disable=SC2207
    wanted=($(missing_packages apt-cache))
    say "Installing with apt, since it is missing: ${wanted[*]}"
    apt_install_postgis "${wanted[@]}" ||
        give_up "apt could not install it. Try: apt-get update && apt-get install --no-install-recommends ${wanted[*]}"
}

# ---- As an ordinary user: Debian's packages, unpacked ----------------------------------------------------------------

own_apt() {
    local tool=$1 state=$data_home/apt
    shift
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    "$tool" -o Debug::NoLocking=1 -o Dir::State::status=/var/lib/dpkg/status -o Dir::State::Lists="$state/lists" \
        -o Dir::Cache="$state/cache" -o APT::Sandbox::User= "$@"
}

unpack_as_user() {
    local wanted fresh=$unpacked.new deb
    local line='sudo apt-get update && sudo apt-get install --no-install-recommends'
    for deb in apt-get apt-cache dpkg; do
        command -v "$deb" >/dev/null || give_up "No $deb here: install Python >= 3.11 with venv, PostgreSQL, PostGIS yourself."
    done
    find_python >/dev/null || give_up "Python >= 3.11 is missing. An administrator types: $line python3 python3-venv"
    say "You are not root: Debian's packages are unpacked into $unpacked."
    say 'Reading the package lists into your own folder.'
    own_apt apt-get update -qq || give_up "apt-get update failed. An administrator types: $line postgresql-postgis python3-venv"
    # shellcheck disable=SC2207
    wanted=($(missing_packages own_apt apt-cache | sed 's/^python3-venv$/python3-pip-whl/'))
    say "Downloading, since it is missing: ${wanted[*]} and what belongs to it."
    own_apt apt-get install -y -qq --download-only --no-install-recommends "${wanted[@]}" >/dev/null ||
        give_up "The download failed. An administrator types: $line ${wanted[*]}"
    rm -rf "$fresh"
    mkdir -p "$fresh"
    [ -d "$unpacked" ] && cp -a "$unpacked/." "$fresh/"
    for deb in "$data_home"/apt/cache/archives/*.deb; do dpkg -x "$deb" "$fresh"; done
    link_alternatives "$fresh"
    rm -rf "$unpacked" "$data_home/apt"
    mv "$fresh" "$unpacked"
}

# Debian names the PostGIS version in use by a link that its install script makes; unpacking makes none.
link_alternatives() {
    local control
    for control in "$1"/usr/share/postgresql/*/extension/postgis-[0-9].control; do
        [ -e "$control" ] && ln -sf "$(basename "$control")" "$(dirname "$control")/postgis.control"
    done
    return 0
}

# ---- Python packages -------------------------------------------------------------------------------------------------

stamp() { { cat "$lock" pyproject.toml; pwd; "$1" -V; } | sha256sum | cut -d' ' -f1; }

# Into .venv, from Python's own copy or from the package that was unpacked.
add_pip() {
    local wheel
    if has_pip_for_venv .venv/bin/python; then
        .venv/bin/python -m ensurepip >/dev/null
        return
    fi
    wheel=$(pip_wheel)
    [ -n "$wheel" ] || give_up 'Python has no pip here: install the package python3-venv.'
    .venv/bin/python "$wheel/pip" install --quiet --no-index --no-deps "$wheel"
}

pip_install() {
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check "$@" ||
        give_up 'pip could not install the Python packages (reason above). Is the package index reachable from here?'
}

install_python_packages() {
    local python wanted
    python=$(find_python) || give_up 'Python >= 3.11 is missing: install the packages python3 and python3-venv.'
    wanted=$(stamp "$python")
    [ "$(cat .venv/.installed 2>/dev/null)" = "$wanted" ] && return
    if ! has_venv; then
        say "Making the virtual environment .venv with $("$python" -V)."
        "$python" -m venv --clear --without-pip .venv
    fi
    .venv/bin/python -c 'import pip' 2>/dev/null || add_pip
    say "Installing the locked Python packages ($(grep -c '^[a-z]' "$lock"), each checked by its hash)."
    pip_install --require-hashes -r "$lock"
    pip_install --no-deps -e .
    echo "$wanted" >.venv/.installed
}

# ----------------------------------------------------------------------------------------------------------------------

if something_missing; then
    if is_root; then install_as_root; else unpack_as_user; fi
fi
install_python_packages
say 'Everything needed is installed.'
