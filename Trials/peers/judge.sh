# Sourced by every judge. A judge ends with 0 (passed), 77 (skipped; its last line says why) or anything else (failed).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
peers=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$peers/../.." && pwd)
export PYTHONPATH="$peers" PYTHONDONTWRITEBYTECODE=1
EUCCS=$(realpath -m "${EUCCS:-$root/.build/release/euccs}")
export EUCCS
# The recogniser lives in the checkout's own environment; the other judges need the standard library only.
PYTHON=python3
[ -x "$root/.venv/bin/python" ] && PYTHON="$root/.venv/bin/python"

skip() {
    echo "$*"
    exit 77
}

# need PROGRAM...: skips where one is missing.
need() {
    [ -x "$EUCCS" ] || skip "$EUCCS is not there: make build"
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "$program is missing: make deps-check"
    done
}

# need_namespaces: network namespaces want root.
need_namespaces() {
    need ip
    ip netns add "euccs-try-$$" 2>/dev/null || skip "network namespaces are not allowed here"
    ip netns delete "euccs-try-$$"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/euccs-peers.XXXXXX")
export WORK=$work
trap 'if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi' EXIT
