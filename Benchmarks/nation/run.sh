#!/usr/bin/env bash
# A nation of USERS users and GROUPS groups (100,000 and 20,000 by default): imported, started, logged in to, registered
# with and changed. Loopback only; ends every process it started. Prints a table and writes it to the file FIGURES.
if [ -z "${NATION_GROUPS+set}" ]; then
    NATION_GROUPS=$(tr '\0' '\n' <"/proc/$$/environ" | sed -n 's/^GROUPS=//p')
fi
export NATION_GROUPS
source "$(dirname "$0")/../../Trials/peers/judge.sh"
need openssl python3
export FIGURES=${FIGURES:-$here/.build/figures.json}
mkdir -p "$(dirname "$FIGURES")"
PYTHONPATH="$here:$PYTHONPATH" timeout "${LIMIT:-1200}" python3 "$here/size.py"
