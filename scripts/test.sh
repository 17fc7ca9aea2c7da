#!/usr/bin/env bash
# The tests of the release build, in three parts, so that what runs in real time has the machine to itself: speech between
# processes, then sockets, a few at once, since what computes would otherwise keep the threads from what waits for an
# answer. Simulated time takes what these leave of the processors. Fails where one of the three does, after all of them.
set -uo pipefail
cd "$(dirname "$0")/.."

part() { "${with[@]}" swift test -c release --skip-build --ignore-lock "$@"; }

log=$(mktemp "${TMPDIR:-/tmp}/euccs-simulation.XXXXXX")
trap 'rm -f "$log"' EXIT
with=(chrt --idle 0)
"${with[@]}" true 2>/dev/null || with=(nice -n 19)
part --filter SimulationTests >"$log" 2>&1 &
simulation=$!
with=()
failed=0
part --filter ProgramTests || failed=1
SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6 part --skip 'ProgramTests|SimulationTests' || failed=1
echo "simulation goes on"
wait "$simulation" || failed=1
cat "$log"
exit $failed
