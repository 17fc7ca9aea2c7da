#!/usr/bin/env bash
# The demonstration is captured, and tshark tells the story of the floor: it must be that of our report.
source "$(dirname "$0")/judge.sh"
need tshark dumpcap
python3 "$here/dissector.py"
