#!/usr/bin/env bash
# Every benchmark, one after the other: ratios against a peer in the same run. Wants a quiet machine.
set -euo pipefail
cd "$(dirname "$0")"
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)"
for benchmark in sip-parse media-fanout; do
    echo "== $benchmark"
    "$benchmark/run.sh"
done
