#!/usr/bin/env bash
# Power cuts: `kill -9` at random moments of administrative changes (KILLS of them, 200 by default; SEED replays the
# moments as far as a machine can). Nothing that was acknowledged may be missing, nothing half done. A tenth of them hits
# a system that serves, amid changes over HTTPS of several at once (each of those starts it anew); the rest hits imports.
source "$(dirname "$0")/../peers/judge.sh"
need
all=${KILLS:-200}
serving=$(((all + 9) / 10))
mkdir -p "$WORK/imports" "$WORK/serving"
if [ "$all" -gt "$serving" ]; then
    WORK=$WORK/imports KILLS=$((all - serving)) python3 "$(dirname "$0")/kill.py"
fi
WORK=$WORK/serving KILLS=$serving python3 "$(dirname "$0")/kill_serve.py"
