#!/usr/bin/env bash
# schemathesis (PyPI, nobody here wrote it) asks the interface for administration whatever its description allows and
# much that it does not, and compares every answer with the description.
#   run.sh BASE_URL TOKEN     BASE_URL such as http://127.0.0.1:8080; the token of a national administrator's session
# It makes, changes and deletes records, and ends the session: never against a nation that serves anybody.
# EXAMPLES: cases an operation (100); SEED: to repeat a run; VENV: where schemathesis is or goes.
# TRUST: the authority that certifies the server. `judge.sh` makes a nation, serves it, and runs this.
set -euo pipefail
cd "$(dirname "$0")"
if [ $# -ne 2 ]; then
    echo "openapi: expected BASE_URL and TOKEN" >&2
    exit 2
fi
base=${1%/} token=$2
venv=${VENV:-../../.venv/openapi}
if [ ! -x "$venv/bin/schemathesis" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet "schemathesis==4.32.5"
fi
# Whom the installation trusts is another matter.
[ -n "${TRUST:-}" ] && export REQUESTS_CA_BUNDLE=$TRUST
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp schemathesis.toml "$work/"
cd - >/dev/null
schemathesis=$(cd "$(dirname "$0")" && realpath "$venv/bin/schemathesis")
cd "$work"
ask() {
    # The token comes in by the environment: arguments are for everybody to see.
    EUCCS_TOKEN=$token "$schemathesis" run "$base/admin/v1/openapi.json" --url "$base" \
        --max-examples "${EXAMPLES:-100}" --continue-on-failure ${SEED:+--seed "$SEED"} "$@"
}
# What ends the session would make every answer after it a 401, so that comes last.
ask --exclude-operation-id logOut --exclude-operation-id setAdministratorPassword
ask --include-operation-id setAdministratorPassword
ask --include-operation-id logOut
