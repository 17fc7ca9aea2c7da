#!/usr/bin/env bash
# Every benchmark, one after the other: ratios against a peer in the same run. Wants a quiet machine.
# USERS and GROUPS: the size of the nation (100,000 and 20,000 by default).
set -euo pipefail
# To bash GROUPS is a list of its own; what the caller said stands in what this process was started with.
if [ -z "${NATION_GROUPS+set}" ]; then
    NATION_GROUPS=$(tr '\0' '\n' <"/proc/$$/environ" | sed -n 's/^GROUPS=//p')
fi
export NATION_GROUPS
cd "$(dirname "$0")"
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)"
for benchmark in sip-parse media-fanout nation; do
    echo "== $benchmark"
    "$benchmark/run.sh"
done
