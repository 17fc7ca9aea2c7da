#!/usr/bin/env bash
# Installs what building, running and testing need. Quiet and idempotent; fails with a clear message.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh

command -v swift >/dev/null || fail "no Swift toolchain on this machine: install Swift 6.2 or later (swift.org) and run again"
install_debian \
    pkg-config openssl libxml2-dev libxml2-utils libssl-dev libsqlite3-dev libopus-dev libopencore-amrwb-dev \
    libvo-amrwbenc-dev \
    asterisk-core-sounds-it-wav asterisk-core-sounds-fr-wav asterisk-core-sounds-es-wav asterisk-core-sounds-en-wav
