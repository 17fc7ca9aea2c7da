#!/usr/bin/env bash
# The demonstration is captured, and tshark tells the story of the floor: it must be that of our report.
source "$(dirname "$0")/judge.sh"
need tshark dumpcap
dumpcap -q -i lo -a duration:1 -w "$work/try.pcapng" >/dev/null 2>&1 || skip "capturing on loopback is not allowed here"
python3 "$here/dissector.py"
