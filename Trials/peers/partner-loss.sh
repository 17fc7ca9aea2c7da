#!/usr/bin/env bash
# A partner's process is killed and started again: talk at home goes on, and its responders come back by themselves.
source "$(dirname "$0")/judge.sh"
need openssl
python3 "$here/partner_loss.py"
