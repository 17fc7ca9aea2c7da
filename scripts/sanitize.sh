#!/usr/bin/env bash
# The tests of Core under the address sanitizer, and under the undefined-behaviour traps of a debug build.
set -euo pipefail
cd "$(dirname "$0")/../Core"
swift test --sanitize=address --scratch-path ../.build-asan --skip Simulation
