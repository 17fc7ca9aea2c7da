#!/usr/bin/env bash
# sipp drives a system of ours over UDP and TCP with the scenarios of this folder.
source "$(dirname "$0")/../judge.sh"
need sipp openssl
python3 "$here/sipp.py"
