#!/usr/bin/env bash
# The tests of Core under the address sanitizer with the traps of a debug build, and those of the drivers, where threads
# meet, under the thread sanitizer.
set -euo pipefail
cd "$(dirname "$0")/.."
export LSAN_OPTIONS="suppressions=$PWD/scripts/leaks.txt:print_suppressions=0"
(cd Core && swift test --sanitize=address --scratch-path ../.build-asan --skip SimulationTests)
export TSAN_OPTIONS="suppressions=$PWD/scripts/races.txt"
# One after the other: some look at idle times, and the sanitizer makes everything slow.
swift test --no-parallel --sanitize=thread --scratch-path .build-tsan --filter '^(SignallingDriverTests|MediaDriverTests)\.'
