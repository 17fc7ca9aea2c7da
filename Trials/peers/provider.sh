#!/usr/bin/env bash
# A nation's own OpenID provider (Authlib's, with RSA keys) authenticates the users; a foreign client (Authlib's too) logs in.
source "$(dirname "$0")/judge.sh"
need openssl
"$PYTHON" -c 'import authlib, httpx, joserfc' 2>/dev/null || skip "Authlib and httpx are missing: make deps-check"
"$PYTHON" -W ignore "$here/provider.py"
