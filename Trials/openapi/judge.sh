#!/usr/bin/env bash
# schemathesis against the administration interface of a system that serves, over HTTPS.
source "$(dirname "$0")/../peers/judge.sh"
need
python3 "$here/judge.py"
