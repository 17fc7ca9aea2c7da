# Sourced by the scripts that install packages.

fail() {
    echo "deps: $*" >&2
    exit 1
}

# install_debian NAME...: those that are missing, in one go.
install_debian() {
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    command -v apt-get >/dev/null || fail "these Debian packages are missing and there is no apt-get: ${missing[*]}"
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "these Debian packages are missing; run as root: apt-get install ${missing[*]}"
        sudo=(sudo)
    fi
    echo "deps: installing ${missing[*]}"
    local log
    log=$(mktemp)
    if ! { "${sudo[@]}" apt-get update -qq \
        && DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -20 "$log" >&2
        fail "apt-get could not install: ${missing[*]}"
    fi
    rm -f "$log"
}

# python_tools NAME...: PyPI packages in .venv of this checkout.
python_tools() {
    command -v python3 >/dev/null || fail "python3 is missing"
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        rm -rf .venv
        python3 -m venv .venv || fail "python3 -m venv failed (Debian: python3-venv)"
    fi
    .venv/bin/pip install -q --disable-pip-version-check "$@" || fail "pip could not install: $*"
}
