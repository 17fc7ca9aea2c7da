#!/usr/bin/env bash
# A foreign OpenID Connect client (Authlib) logs a user in and refreshes; what is forged, replayed or late is refused.
source "$(dirname "$0")/judge.sh"
need
"$PYTHON" -c 'import authlib, httpx' 2>/dev/null || skip "Authlib and httpx are missing: make deps-check"
"$PYTHON" -W ignore "$here/login.py"
