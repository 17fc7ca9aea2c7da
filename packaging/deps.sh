#!/usr/bin/env bash
# Installs what building and checking the Debian package need.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh
install_debian dpkg-dev patchelf binutils lintian
