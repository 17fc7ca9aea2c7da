#!/usr/bin/env bash
# Breaks each named decision of scripts/mutations.txt, one at a time, in a copy of Core: a test must turn red.
# A mutation that no test notices, or that no longer finds its place, fails this script.
set -uo pipefail
cd "$(dirname "$0")/.."
exec python3 scripts/mutate.py "$@"
