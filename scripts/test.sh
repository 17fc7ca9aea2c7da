#!/usr/bin/env bash
# The tests of the release build, in three parts, so that what runs in real time has the machine to itself: speech between
# processes, then sockets, a few at once, since what computes would otherwise keep the threads from what waits for an
# answer. Simulated time takes what these leave of the processors. Fails where one of the three does, after all of them.
set -uo pipefail
cd "$(dirname "$0")/.."

# The program that `swift test` would start: two of those at once keep each other from the database of the build. It ends
# with an error where a filter finds no test.
tests=(.build/release/euccsPackageTests.xctest --testing-library swift-testing)

idle=(chrt --idle 0)
"${idle[@]}" true 2>/dev/null || idle=(nice -n 19)
log=$(mktemp "${TMPDIR:-/tmp}/euccs-simulation.XXXXXX")
"${idle[@]}" "${tests[@]}" --filter SimulationTests >"$log" 2>&1 &
simulation=$!
# Whoever is interrupted leaves nothing behind that computes.
trap 'kill "$simulation" 2>/dev/null; rm -f "$log"' EXIT
trap 'exit 130' INT TERM
failed=0
"${tests[@]}" --filter ProgramTests || failed=1
SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6 "${tests[@]}" --skip 'ProgramTests|SimulationTests' || failed=1
echo "simulation goes on"
wait "$simulation" || failed=1
cat "$log"
exit $failed
