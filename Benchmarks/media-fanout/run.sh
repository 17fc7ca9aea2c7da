#!/bin/bash
# Fan-out of one talker to 10, 100 and 1,000 listeners against a plain C loop in the same run, and floor grant latency.
# Loopback only; ends by itself within about two minutes.
set -euo pipefail
cd "$(dirname "$0")"
swift build -c release --product media-fanout >/dev/null
timeout 300 .build/release/media-fanout
