#!/usr/bin/env bash
# Power cuts: `kill -9` at random moments of administrative changes (KILLS of them, 200 by default; SEED replays the
# moments as far as a machine can). Nothing that was acknowledged may be missing, nothing half done.
source "$(dirname "$0")/../peers/judge.sh"
need
python3 "$(dirname "$0")/kill.py"
