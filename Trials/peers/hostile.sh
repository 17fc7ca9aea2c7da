#!/usr/bin/env bash
# Hostile peers on every port of a running system, while a call goes on: it goes on, counts, and says so once.
source "$(dirname "$0")/judge.sh"
need openssl
python3 "$here/hostile.py"
