#!/usr/bin/env bash
# What is acknowledged stays, and calls go on or come back: kills, a power cut, a full disk. What cannot be tried on this
# machine is told; fails where one of them does.
set -uo pipefail
cd "$(dirname "$0")/../Trials/durability"
failed=0
for trial in run restart full-disk; do
    ./$trial.sh
    case $? in
    0 | 77) ;;
    *)
        echo "$trial FAILED"
        failed=1
        ;;
    esac
done
exit $failed
