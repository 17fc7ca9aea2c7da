#!/usr/bin/env bash
# A nation of USERS users and GROUPS groups (100,000 and 20,000 by default): imported, started, logged in to, registered
# with and changed. Loopback only; ends every process it started; about five minutes at full size.
source "$(dirname "$0")/../../Trials/peers/judge.sh"
need openssl
export FIGURES=${FIGURES:-$here/.build/figures.json}
mkdir -p "$(dirname "$FIGURES")"
PYTHONPATH="$here:$PYTHONPATH" timeout "${LIMIT:-1200}" python3 "$here/size.py"
